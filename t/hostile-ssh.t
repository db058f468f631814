#!/bin/sh
# As t/hostile-peer.t, over a real sshd: its forced command is hostile to who dials,
# or OpenSSH's client brings a hostile end to ours.
. "$top_srcdir/t/lib.sh"
need ssh ssh-keygen
start_sshd || skip_all "no sshd"
case $(getent passwd "$(id -un)") in
*/nologin | */false) skip_all "this account has no shell for sshd to use" ;;
esac
. "$top_srcdir/t/hostile-lib.sh"

for key in alps andes; do
	ssh-keygen -q -t ed25519 -N '' -C '' -f $key.key
done
# keys MODE: of associations over ssh in that mode.
over_ssh() {
	echo "transport = ssh mode = $2 ssh { host = \"127.0.0.1\""
	echo "port = $sshd_port user = \"$(id -un)\" identity = \"$1.key\""
	echo 'known-hosts = "sshd/known_hosts" }'
}
# answers MODE NAME: the far side that is ours.
answers() {
	echo "ASAN_OPTIONS=${ASAN_OPTIONS-}"
	echo "$peak $tmp/peaks"
	test "$1" = push && echo "$hubctl -c $tmp/hub.conf receive $2" ||
	    echo "$spoke -c $tmp/spoke.conf serve $2"
}
# authorize NAME WORD...: what that key may do, and andes may deliver.
authorize() {
	authorize_key=$1.key.pub
	shift
	{
		echo "restrict,command=\"$*\" $(cat "$authorize_key")"
		echo "restrict,command=\"$(answers "$ssh_mode" andes |
		    tr '\n' ' ')\" $(cat andes.key.pub)"
	} >"$sshd_dir/authorized_keys"
}
carried() {
	ssh_mode=$1
	shift
	both "$(over_ssh alps "$ssh_mode")"
	for carried_file in spoke.conf hub.conf; do
		association andes "$(over_ssh andes "$ssh_mode")" >>$carried_file
	done
	authorize alps "$*"
}
calls() {
	# shellcheck disable=SC2046 # words
	authorize alps $(answers "$1" alps)
	shift
	dials "$@" ssh -q -T -F none -o BatchMode=yes -o IdentitiesOnly=yes \
	    -i alps.key -o "UserKnownHostsFile=$sshd_dir/known_hosts" \
	    -p "$sshd_port" "$(id -un)@127.0.0.1" axletree
}

fresh
carried push true
waiting

all_acts

carried push true
ok "another association goes on" spoke -c spoke.conf push andes
is "with all it has" "$(hub messages andes)" "$(sp messages andes)"
stayed_small "all of them"
done_testing
