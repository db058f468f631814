#!/bin/sh
# As t/hostile-peer.t, over a real sshd: its forced command is hostile to who dials,
# or OpenSSH's client brings a hostile end to ours.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
has_ssh || skip_all "no ssh or sshd, or no shell for it"

# answers MODE NAME: the far side that is ours.
answers() {
	echo "ASAN_OPTIONS=${ASAN_OPTIONS-}"
	echo "$peak $tmp/peaks"
	test "$1" = push && echo "$hubctl -c $tmp/hub.conf receive $2" ||
	    echo "$spoke -c $tmp/spoke.conf serve $2"
}
# authorize WORD...: what alps may do; andes may deliver.
authorize() {
	: >"$sshd_dir/authorized_keys"
	key_for alps "$*"
	# shellcheck disable=SC2046 # words
	key_for andes $(answers "$ssh_mode" andes)
}
carried() {
	ssh_mode=$1
	shift
	authorize "$@"
	both "mode = $ssh_mode $(over_ssh alps)"
	for carried_file in spoke.conf hub.conf; do
		association andes "mode = $ssh_mode $(over_ssh andes)" \
		    >>$carried_file
	done
}
calls() {
	# shellcheck disable=SC2046 # words
	authorize $(answers "$1" alps)
	shift
	# shellcheck disable=SC2046 # words
	dials "$@" $(ssh_client alps)
}

fresh
carried push true
waiting

all_acts
# the others are t/hostile-http.t's, and all are t/hostile-peer.t's
coded push gzip xz columnar
coded pull bzip2 zstd columnar

poisoned push
poisoned pull

carried push true
ok "another association goes on" spoke -c spoke.conf push andes
is "with all it has" "$(hub messages andes)" "$(sp messages andes)"
stayed_small "all of them"
done_testing
