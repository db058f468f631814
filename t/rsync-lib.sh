# Helpers for tests of transport rsync, beside carried-lib.sh: a real rsync daemon.

need rsync
me=$(id -un)

# daemon END: an rsync daemon for that end's node, with two modules.
daemon() {
	for try in 1 2 3 4 5; do
		port=$(free_port)
		cat >"$1.rsyncd" <<-EOT
		use chroot = no
		port = $port
		address = 127.0.0.1
		uid = $me
		gid = $(id -gn)
		auth users = alps
		secrets file = $tmp/secrets
		log file = $tmp/$1.rsyncd.log
		lock file = $tmp/$1.rsyncd.lock
		[alps-in]
		path = $tmp/$1/spool/alps/staging
		read only = no
		write only = yes
		[alps-out]
		path = $tmp/$1/spool/alps/outbox
		read only = yes
		EOT
		: >"$1.rsyncd.log"
		start rsyncd rsync --daemon --no-detach --config="$1.rsyncd"
		daemon=$pid
		wait_for 10 settled "$1"
		listens "$1" && return 0
		stop "$daemon"
	done
	diag "rsync daemon (try $try): $(cat "$1.rsyncd.log" rsyncd.err)"
	return 1
}
listens() {
	running "$daemon" && grep -q "listening on port $port" "$1.rsyncd.log"
}
settled() {
	ended "$daemon" || listens "$1"
}
# connections [END]: how many the daemon was asked for.  What it says of an end comes
# when we may have gone on.
connections() {
	grep -c 'connect from' "${1-noc}.rsyncd.log"
}
modules() {
	echo "rsync { put = \"rsync://alps@127.0.0.1:$port/alps-in\""
	echo "get = \"rsync://alps@127.0.0.1:$port/alps-out/\""
	echo "password-file = \"$tmp/password\" }"
}
# over_rrsync END: the same over the sshd of start_sshd, with a key for each direction
# that may do no more than that.
over_rrsync() {
	for over_right in in out; do
		test -e "key-$over_right" ||
		    ssh-keygen -q -t ed25519 -N '' -C '' -f "key-$over_right"
		printf 'Host far-%s\nIdentityFile %s/key-%s\n' "$over_right" \
		    "$tmp" "$over_right"
	done >ssh_config
	cat >>ssh_config <<-EOF
	Host *
	HostName 127.0.0.1
	Port $sshd_port
	User $me
	UserKnownHostsFile $sshd_dir/known_hosts
	IdentitiesOnly yes
	EOF
	{
		echo "restrict,command=\"rrsync -wo $tmp/$1/spool/alps/staging\"" \
		    "$(cat key-in.pub)"
		echo "restrict,command=\"rrsync -ro $tmp/$1/spool/alps/outbox\"" \
		    "$(cat key-out.pub)"
	} >"$sshd_dir/authorized_keys"
	echo "rsync { put = \"far-in:\" get = \"far-out:\""
	echo "rsh = {\"ssh\", \"-F\", \"$tmp/ssh_config\"} }"
}
echo alps:sesame >secrets
echo sesame >password
chmod 600 secrets password
