#!/bin/sh
# The bytes of transport rsync: rsync's totals and what is added for what they leave
# out, as status has them, against what a proxy saw go over the socket, to a daemon
# and over ssh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"
. "$top_srcdir/t/counted-lib.sh"

both="transport = rsync compression = gzip"
if daemon noc; then
	through "$port"
	port=$at
	configure "$(modules)" ""
	start_hubd
	exchanges "to a daemon"
	stop "$hubd" KILL
	stop "$daemon"
else
	skip "to a daemon" "it does not start"
fi

if command -v rrsync >/dev/null && start_sshd; then
	rm -rf gw noc
	mkdir -m 700 gw noc
	through "$sshd_port"
	sed -i "s/:$sshd_port/:$at/" "$sshd_dir/known_hosts"
	sshd_port=$at
	configure "$(over_rrsync noc)" ""
	start_hubd
	exchanges "over ssh"
	stop "$hubd" KILL
else
	skip "over ssh" "no rrsync or no sshd"
fi
done_testing
