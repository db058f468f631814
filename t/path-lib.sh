# Helpers for tests of the whole path: a spoke "gw" and a hub "noc" in $tmp,
# joined by a real sshd; spoke.conf and hub.conf.
. "$top_srcdir/t/stream-lib.sh"

need ssh-keygen
start_sshd || skip_all "no sshd, or no shell for it"

# configure [KEYS]: both ends, with those keys in the association's block.
# $ssh_host, $ssh_port, $identity and $known_hosts are those of its ssh block.
configure() {
	both "compression = gzip ${1-} ssh {
	    host = \"${ssh_host-127.0.0.1}\" port = ${ssh_port-$sshd_port}
	    user = \"$(id -un)\" identity = \"${identity-alps.key}\"
	    known-hosts = \"${known_hosts-sshd/known_hosts}\" }"
}
# authorize [COMMAND]: what the key alps.key may do: deliver, or that.
authorize() {
	path_command=${1-ASAN_OPTIONS=${ASAN_OPTIONS-} $hub_side}
	echo "restrict,command=\"$path_command\" $(cat alps.key.pub)" \
	    >"$sshd_dir/authorized_keys"
}
# level: the hub has ingested all that the spoke has.
level() {
	test "$(hub_has waiting_messages)" = 0 &&
	    test "$(hub_has last_msgid)" = "$(spoke_has last_msgid)"
}
connections() {
	grep -c '^Accepted publickey' "$sshd_dir/log"
}

ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
authorize
configure
