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
	for right in in out; do
		ssh-keygen -q -t ed25519 -N '' -C '' -f "key-$right"
		printf 'Host noc-%s\nIdentityFile %s/key-%s\n' "$right" "$tmp" \
		    "$right"
	done >ssh_config
	cat >>ssh_config <<-EOF
	Host *
	HostName 127.0.0.1
	Port $at
	User $me
	UserKnownHostsFile $sshd_dir/known_hosts
	IdentitiesOnly yes
	EOF
	{
		echo "restrict,command=\"rrsync -wo $tmp/noc/spool/alps/staging\"" \
		    "$(cat key-in.pub)"
		echo "restrict,command=\"rrsync -ro $tmp/noc/spool/alps/outbox\"" \
		    "$(cat key-out.pub)"
	} >"$sshd_dir/authorized_keys"
	configure "rsync { put = \"noc-in:\" get = \"noc-out:\"
	    rsh = {\"ssh\", \"-F\", \"$tmp/ssh_config\"} }" ""
	start_hubd
	exchanges "over ssh"
	stop "$hubd" KILL
else
	skip "over ssh" "no rrsync or no sshd"
fi
done_testing
