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
andes() {
	association andes "keep = yes $(over_ssh andes)"
}
# authorize WORD...: what alps may do; andes may deliver.
authorize() {
	: >"$sshd_dir/authorized_keys"
	key_for alps "$*"
	# shellcheck disable=SC2046 # words
	key_for andes $(answers push andes)
}
carried() {
	carried_mode=$1
	shift
	authorize "$@"
	both "mode = $carried_mode $(over_ssh alps)"
	andes >>spoke.conf
	andes >>hub.conf
}
calls() {
	# shellcheck disable=SC2046 # words
	authorize $(answers "$1" alps)
	shift
	# shellcheck disable=SC2046 # words
	dials "$@" $(ssh_client alps)
}

acts_beside andes
coded push
coded pull
others_end
stayed_small "all of them"
done_testing
