#!/bin/sh
# keep = yes and a far end that refuses: a daemon that would have its session
# always dials less and less often, whoever refuses and however, and is there again
# when it is let in.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

need perl ssh-keygen

MOST=4 # connections that are waited for: 7 to 14 s

# dialed N: so many connections were begun.
dialed() {
	test "$(wc -l <dialed)" -ge "$1"
}
# Each is as far from the one before as the delay at the least is: half of 2 s,
# doubled.  Nothing makes one earlier; a busy machine makes one later.
hasty() {
	awk 'NR > 1 && $1 - last < 2 ^ (NR - 2) - 0.02 {
		print "connection " NR " after " $1 - last " s" }
		{ last = $1 }' dialed
}
# backs_off WHAT: the daemon against it.
backs_off() {
	: >dialed
	start daemon spoke -c spoke.conf daemon
	daemon=$pid
	ok "$1: it is tried" wait_for 20 dialed 1
	ok "$1: and again" wait_for 120 dialed $MOST
	is "$1: each time later" "$(hasty)" ""
	has "$1: it is told" daemon.err 'association=alps what=delivery'
	is "$1: once" "$(grep -c 'trouble .*what=delivery' daemon.err)" 1
}

# Nobody speaks: the connection is accepted, and closed.
ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
ssh-keygen -q -t ed25519 -N '' -C '' -f host
start listener perl -MIO::Socket::INET -e '
	$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
	$| = 1;
	print $s->sockport, "\n";
	while ($c = $s->accept) {
		open $up, "<", "/proc/uptime" or die;
		open $to, ">>", $ARGV[0] or die;
		print {$to} <$up>;
		close $to;
		close $c;
	}' "$tmp/dialed"
wait_for 10 test -s listener.out
port=$(cat listener.out)
echo "[127.0.0.1]:$port $(cat host.pub)" >known_hosts
both "keep = yes ssh { host = \"127.0.0.1\" port = $port user = \"nobody\"
    identity = \"$tmp/alps.key\" known-hosts = \"$tmp/known_hosts\" }"
data 2
backs_off "who hangs up"
stop "$daemon"

# A hub that says no, in the protocol's words, and later yes.
fresh
cat >far.sh <<EOT
cat /proc/uptime >>"$tmp/dialed"
exec $hubctl -c "\$(cat "$tmp/which")" receive alps
EOT
keys="keep = yes" over_exec push /bin/sh "$tmp/far.sh"
sed 's/mode = push/mode = pull/' hub.conf >no.conf
chmod 600 no.conf
echo "$tmp/no.conf" >which
data 2
backs_off "who refuses"
has "who refuses: for what he says" daemon.err 'the far end refused: .*mode pull'
echo "$tmp/hub.conf" >which
delivered() {
	test "$(spoke_has waiting_messages)" = 0
}
ok "who lets us in again: all is delivered" wait_for 60 delivered
ok "which is told" wait_for 20 grep -q 'over .*what=delivery' daemon.err
stop "$daemon"
is "it ends in order" $? 0
done_testing
