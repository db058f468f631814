# Helpers for tests of a link that is cut and taken up again: whatever byte of a
# session is the last, in either direction, everything is delivered once, in order.
# A cut costs three processes and more, so make check takes samples; make cuts, in a
# tree without sanitizers, takes every byte over exec and 200 over what has a
# handshake; a campaign takes every byte of all.  t/test_link_cut has every byte
# too, in one process an end.
#
# Over t/stream-lib.sh, with both ends configured to meet through the proxy, and
# $mode push or pull.

proxy=$top_builddir/t/cut_proxy
: >rules

# places FEW [MANY]: in each direction; 0 for every byte, which MANY is if not given.
places() {
	if test -n "${CAMPAIGN-}"; then
		echo 0
	elif test -n "${CUTS-}"; then
		echo "${2-0}"
	else
		echo "$1"
	fi
}
# link PORT TARGET-PORT: what is dialed at the one is cut on its way to the other.
link() {
	start proxy "$proxy" "$tmp/rules" -l "$1" "$2"
	link_pid=$pid
}
# Every connection has ended and is in the log.
link_is_free() {
	test -s rules.log &&
	    { test -z "${link_pid-}" || ! pgrep -P "$link_pid"; }
}
# deliver [COMMAND...]: by the end that dials; a command gets that one's words.
deliver() {
	case $mode in
	push) set -- "$@" "$spoke" -c "$tmp/spoke.conf" push --always ;;
	pull) set -- "$@" "$hubctl" -c "$tmp/hub.conf" pull ;;
	esac
	"$@" --deadline 60s alps
}
# cut_over WHAT PLACES [-b SCRIPT]: so many in each direction, spread over the bytes
# of a session; 0: all of them.  What both nodes have to say is there.
cut_over() {
	cut_what=$1 cut_places=$2
	shift 2
	test $# -gt 0 || keep_full
	: >rules
	rm -f rules.log
	ok "$cut_what: without a cut" deliver
	wait_for 10 link_is_free
	# libcurl may have opened a connection that it did not need.
	# shellcheck disable=SC2034 # words of a line
	read -r w1 cut_up w2 cut_down w3 <<-EOT
	$(sort -k 2nr rules.log)
	EOT
	test "$cut_up" -gt 300 && test "$cut_down" -gt 300
	is "$cut_what: $cut_up bytes up, $cut_down down" $? 0

	rm -f rules.log
	deliver "$top_builddir/t/cut_loop" "$@" \
	    rules "$cut_up" "$cut_down" "$cut_places" >cuts 2>&1
	grep -v '^places' cuts
	# shellcheck disable=SC2034 # words of a line
	read -r w1 cut_places w2 cut_bad w3 cut_overcome <<-EOT
	$(grep '^places' cuts)
	EOT
	is "$cut_what: cut at $cut_places places, all is there once" "$cut_bad" 0
	# A session's bytes vary a little, so the last places may be behind its end.
	cut_made=$(grep -c ' cut$' rules.log)
	test "$cut_made" -ge $((cut_places * 9 / 10))
	is "$cut_what: and $cut_made of them cut it" $? 0
}
# What is there is what cut_loop brings back.
keep_full() {
	rm -rf full
	mkdir -m 700 full
	cp -a gw noc full/
}

# --- What the two tests over streams share ------------------------------------------

# Something to say at both ends.
filled() {
	fresh
	data 2
	mkdir -p noc/spool/alps
	hub status >/dev/null 2>&1 # makes its directories
	resync 1
}
cut_exec() {
	# shellcheck disable=SC2086 # words
	keys="compression = none" over_exec "$mode" "$proxy" "$tmp/rules" $far
	filled
	cut_over "exec, $mode" "$(places 16)"
}
# link_ssh COMMAND: to an sshd that runs it for alps; both ends are configured, and
# $sshd_pid and $link_pid run.  1: there is no sshd.
link_ssh() {
	start_sshd || return
	test -e alps.key || ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
	ssh_port=$(free_port)
	link "$ssh_port" "$sshd_port"
	sed "s/:$sshd_port/:$ssh_port/" sshd/known_hosts >known_hosts
	both "transport = ssh mode = $mode ssh {
	    host = \"127.0.0.1\" port = $ssh_port user = \"$(id -un)\"
	    identity = \"alps.key\" known-hosts = \"known_hosts\" }"
	echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $1\" $(
		cat alps.key.pub)" >"$sshd_dir/authorized_keys"
}
cut_ssh() {
	link_ssh "$far" || {
		skip "ssh, $mode" "no sshd"
		return
	}
	filled
	cut_over "ssh, $mode" "$(places 8 100)"
}
