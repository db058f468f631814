# Helpers for tests of the whole path: a spoke "gw" and a hub "noc" in $tmp,
# joined by a real sshd; spoke.conf and hub.conf.

need ssh-keygen
case $(getent passwd "$(id -un)") in
*/nologin | */false) skip_all "this account has no shell for sshd to use" ;;
esac
start_sshd || skip_all "no sshd"
hubctl=$(command -v hubctl)

# configure [KEYS]: both ends, with those keys in the association's block.
# $ssh_host, $ssh_port, $identity and $known_hosts are those of its ssh block.
configure() {
	{
		path_node gw
		path_association "$@"
		echo 'collector "a" { type = exec subtree = "/a" period = 1d'
		echo "command = {\"/bin/sh\", \"$tmp/values.sh\"} }"
	} >spoke.conf
	{
		path_node noc
		path_association "$@"
		echo 'hub { settle = 0 settle-max = 1s }'
		echo "store \"rrd\" { type = rrd directory = \"$tmp/noc/rrd\" }"
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
path_node() {
	echo "node \"$1\" { state = \"$tmp/$1/state\""
	echo "spool = \"$tmp/$1/spool\" run = \"$tmp/$1/run\" }"
}
path_association() {
	cat <<-EOF
	association "alps" {
		hub = "noc" spoke = "gw" compression = gzip
		hub-subtree = "/Sites/Alps" ${1-}
		ssh {
			host = "${ssh_host-127.0.0.1}"
			port = ${ssh_port-$sshd_port} user = "$(id -un)"
			identity = "${identity-alps.key}"
			known-hosts = "${known_hosts-sshd/known_hosts}"
		}
	}
	EOF
}
# authorize [COMMAND]: what the key alps.key may do: deliver, or that.
authorize() {
	path_command=${1-ASAN_OPTIONS=${ASAN_OPTIONS-} $hubctl -c $tmp/hub.conf receive alps}
	echo "restrict,command=\"$path_command\" $(cat alps.key.pub)" \
	    >"$sshd_dir/authorized_keys"
}
sp() {
	spoke -c "$tmp/spoke.conf" "$@"
}
hub() {
	hubctl -c "$tmp/hub.conf" "$@"
}
# spoke_has KEY, hub_has KEY: of the status.
spoke_has() {
	sp status --json | sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
hub_has() {
	hub status --json | sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
connections() {
	grep -c '^Accepted publickey' "$sshd_dir/log"
}

mkdir -m 700 gw noc
ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
authorize
configure
echo 'echo v:1; echo w:2' >values.sh
