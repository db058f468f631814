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
echo alps:sesame >secrets
echo sesame >password
chmod 600 secrets password
