#!/bin/sh
# A line of 600 ms from end to end and back that loses 1 % of the packets, under real
# TCP: a day's backlog over ssh goes as TCP alone would take it, PUSH and PULL, and
# not at a batch a round trip.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"
. "$top_srcdir/t/lossy-lib.sh"

sshd_in=$far
start_sshd "ListenAddress $far_address" || skip_all "no sshd, or no shell for it"
ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
sed "s/127.0.0.1/$far_address/" sshd/known_hosts >known_hosts

# over_ssh MODE FAR-SIDE
over_ssh() {
	both "transport = ssh mode = $1 compression = columnar ssh {
	    host = \"$far_address\" port = $sshd_port user = \"$(id -un)\"
	    identity = \"alps.key\" known-hosts = \"known_hosts\" }"
	echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $2\" $(
		cat alps.key.pub)" >"$sshd_dir/authorized_keys"
	backlog_of_fleet
}
over_ssh push "$hub_side"
carried "ssh PUSH" up 3 1 spoke -c "$tmp/spoke.conf" push alps
over_ssh pull "$spoke_side"
carried "ssh PULL" down 3 1 hubctl -c "$tmp/hub.conf" pull alps
done_testing
