#!/bin/sh
# Ends that take their time: kept sessions that are only held, sessions that never
# come to an end, answers that nobody reads.  Each ends by itself, or for the next
# session of its association, and others deliver meanwhile.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

dialer=$top_builddir/t/ssh_dial
hub_port=$(free_port)
daemon_port=$(free_port)
silent_port=$(free_port)
drip_port=$(free_port)
for name in uri zug; do
	openssl rand -hex 32 >$name.token
done

# --- Both ends ------------------------------------------------------------------

# over_pipes NAME WORD...: the far side of that association.
over_pipes() {
	over_name=$1
	shift
	association "$over_name" "transport = exec keep = yes compression = none
	    exec { command = {$(argv "$@")}
	    env = {\"ASAN_OPTIONS=$ASAN_OPTIONS\"} }"
}
# over_http NAME MODE PORT TOKEN
over_http() {
	association "$1" "transport = http mode = $2 keep = yes
	    compression = none http { token = $4.token
	    url = \"http://127.0.0.1:$3/\" }"
}
push_all() {
	over_pipes alps "$hubctl" -c "$tmp/hub.conf" receive alps
	over_pipes davos /bin/sh "$tmp/far.sh"
	over_http chur push "$hub_port" alps
	over_http sils push "$hub_port" wrong
}
pull_all() {
	over_http bern pull "$daemon_port" andes
}
# A daemon has those in which it is called: it dials all others by itself.
{
	side gw
	pull_all
	echo "web { listen = \"127.0.0.1:$daemon_port\" }"
} >daemon.conf
{
	cat daemon.conf
	push_all
	over_http uri push "$silent_port" uri
	over_http zug push "$drip_port" zug
	http_collector
} >spoke.conf
{
	side noc
	push_all
	echo "web { listen = \"127.0.0.1:$hub_port\" }"
	http_hub
} >hubd.conf
{
	cat hubd.conf
	pull_all
} >hub.conf
# Much: it fills every pipe.
{
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/m\n.\n' \
	    "$(date +%s)"
	awk -v t="$(date +%s)" 'BEGIN { for (m = 0; m < 8000; m++)
		printf "Type:DATA\nTimestamp:%d\n\nT1:%d\n.\n", t, m }'
} >much
data 1
for a in bern davos; do
	spoke -c spoke.conf write $a <much
done
# all_there NAME: what the hub has is what the spoke wrote.
all_there() {
	is "all of $1 is there, once" "$(hub messages "$1" | cksum)" \
	    "$(sp messages "$1" | cksum)"
}
start hubd "$peak" "$tmp/peaks" hubd -c hubd.conf
hubd=$pid
start daemon "$peak" "$tmp/peaks" spoke -c daemon.conf daemon
daemon=$pid
wait_for 20 grep -q 'listening address' hubd.err
wait_for 20 grep -q 'listening address' daemon.err
begun=$(lib_now)

# --- Those that last, beside each other --------------------------------------------

# It says that it is there, and never reads.
echo "exec $peer hub push davos deaf" >far.sh
start deaf "$peak" "$tmp/peaks" spoke -c spoke.conf push davos
deaf=$pid

# A kept session in which nothing is ever said.
start kept timeout 150 "$peer" spoke push chur kept-hello \
    "$dialer" spoke.conf chur 140
kept=$pid

# It asks for the same megabyte again and again, and reads none.
"$peer" hub pull bern hello </dev/null >hello
start unread perl -MIO::Socket::INET -e '
	local $/; $SIG{PIPE} = "IGNORE";
	my ($port, $token) = @ARGV;
	my $s = IO::Socket::INET->new(Proto => "tcp") or die;
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack "i", 4096;
	connect $s, pack_sockaddr_in($port, inet_aton "127.0.0.1") or die;
	open my $f, "<", "hello" or die;
	my ($at, $body) = (0, <$f>);
	for (1 .. 60) {
		syswrite $s, sprintf "POST /axletree/1 HTTP/1.1\r\nHost: h\r\n" .
		    "Authorization: Bearer %s\r\nAxletree-Session: %s %d 0 wait\r\n" .
		    "Content-Length: %d\r\n\r\n%s", $token, "7" x 32, $at,
		    length $body, $body;
		$at += length $body; $body = "";
		select undef, undef, undef, 0.1 }
	sleep 200' "$daemon_port" "$(cat andes.token)"
# unread_cut: its connection is none of the daemon's any more.
unread_cut() {
	! awk -v p="$(printf ':%04X' "$daemon_port")" '
		$4 != "0A" && $10 != 0 && substr($2, length($2) - 4) == p {
			found = 1 }
		END { exit !found }' /proc/net/tcp
}
unread_there() {
	! unread_cut
}
ok "who will not read is there" wait_for 10 unread_there

# Servers that answer nothing, or a head of which a byte comes every ten seconds.
# answers PORT SAYS: to its first client.
answers() {
	start "server.$1" perl -MIO::Socket::INET -e '
		$SIG{PIPE} = "IGNORE";
		my ($port, $say) = @ARGV;
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
		    Listen => 10, ReuseAddr => 1) or die;
		$| = 1; print "there\n";
		my $c = $s->accept;
		for (split //, $say) {
			syswrite $c, $_;
			select undef, undef, undef, 10 }
		sleep 200' "$1" "$2"
	wait_for 10 test -s "server.$1.out"
}
answers "$silent_port" ''
answers "$drip_port" 'HTTP/1.1 200 OK, and so on'
for a in uri zug; do
	start push.$a timeout 150 "$peak" "$tmp/peaks" \
	    spoke -c spoke.conf push $a
	eval "$a=$pid"
done

# --- A newer session of the same association ------------------------------------------

# hold: a kept session of alps, whose far end is there and does nothing.
hold() {
	start held timeout 100 "$peer" spoke push alps kept \
	    "$hubctl" -c hub.conf receive alps
	held=$pid
	wait_for 20 holder alps
}
hold
ok "a kept session that is held ends for the next" \
    spoke -c spoke.conf push --deadline 60s alps
ok "and is over" wait_for 10 ended "$held"
all_there alps

data 1
hold
kill -STOP "$(holder alps)"
took=$(lib_now)
ok "one that does not listen is killed for it" \
    spoke -c spoke.conf push --deadline 60s alps
took=$(($(lib_now) - took))
ok "after 5 s, and those of a busy machine" test "$took" -ge 4 -a "$took" -le 40
ok "and is over" wait_for 10 ended "$held"
all_there alps

start held timeout 100 "$peer" spoke push sils kept "$dialer" spoke.conf sils 90
held=$pid
in_session() {
	find noc/spool/sils/session.lock
}
wait_for 20 in_session
ok "the same over http" spoke -c spoke.conf push --deadline 60s sils
ok "and is over" wait_for 10 ended "$held"
all_there sils

# --- What became of the others -----------------------------------------------------------

wait "$deaf"
is "one that does not read: who tells it ends" $? 75
has "and says why" deaf.err 'the far end does not read'
test $(($(lib_now) - begun)) -le 110
is "in its 75 s, and those of a busy machine" $? 0
is "nothing is deleted" "$(spoke_has acked_msgid davos)" null

echo "exec $peer hub push davos ping" >far.sh
begun=$(lib_now)
exits "one that says for ever that it is there: the deadline ends it" 75 \
    spoke -c spoke.conf push --deadline 5s davos
test $(($(lib_now) - begun)) -le 30
is "in time" $? 0

# shellcheck disable=SC2154 # eval sets them
for a in "$uri uri" "$zug zug"; do
	wait "${a% *}"
	is "a server that takes its time: who pushes ends" $? 75
	has "and says why" "push.${a#* }.err" \
	    'the far end was silent for 30 s'
	is "nothing is deleted" "$(spoke_has acked_msgid "${a#* }")" null
done

wait "$kept"
has "a kept session without a word ends" hubd.err \
    'session association=chur: the far end was silent for 75 s'

ok "who does not read its answers is cut" wait_for 60 unread_cut
has "its session ends" daemon.err \
    'session association=bern: the far end (was silent|does not read)'
is "nothing is deleted" "$(spoke_has acked_msgid bern)" null
ok "the next one is served" hub pull bern
all_there bern

stop "$hubd" TERM 30
is "hubd ends well" $? 0
stop "$daemon" TERM 30
is "so does spoke daemon" $? 0
stayed_small "all of them"
done_testing
