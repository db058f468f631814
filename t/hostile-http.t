#!/bin/sh
# As t/hostile-peer.t, over http: a real listener whose sessions are hostile to who
# dials it, and real requests that bring a hostile end to the listeners of hubd and
# of spoke daemon.  Then ends that do not speak HTTP.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

dialer=$top_builddir/t/ssh_dial
answerer=$top_builddir/t/http_answer

# --- Both ends, and a hostile one for each -------------------------------------

# conf NODE MODE PORT: a configuration that dials there; listens PORT: one that is
# called.  others: two that are kept, one pushed and one pulled.
conf() {
	side "$1"
	association alps "mode = $2 $(over_http alps "$3")"
}
listens() {
	echo "web { listen = \"127.0.0.1:$1\" }"
}
others() {
	association bern "mode = push keep = yes $(over_http bern "$hub_port")"
	association chur "mode = pull keep = yes $(over_http chur "$daemon_port")"
}
hub_port=$(free_port)
daemon_port=$(free_port)
far_port=$(free_port)
{
	conf noc push "$hub_port"
	listens "$hub_port"
	others
	stores
} >hubd.conf
conf gw push "$hub_port" >to_push.conf
{
	conf gw pull "$daemon_port"
	listens "$daemon_port"
	others
} >daemon.conf
conf noc pull "$daemon_port" >to_pull.conf
{
	conf gw push "$far_port"
	listens "$daemon_port"
	others
	collects
} >spoke.conf
{
	conf noc pull "$far_port"
	listens "$hub_port"
	others
	stores
} >hub.conf
# A far end that is hostile: what it runs is in far.sh.
conf noc push 1 >far_push.conf
listens "$far_port" >>far_push.conf
conf gw pull 1 >far_pull.conf
listens "$far_port" >>far_pull.conf

# carried MODE ARGV...: the far end's listener is one at a time.
far_mode= far=
carried() {
	if test "$1" != "$far_mode"; then
		test -z "$far" || stop "$far"
		far_mode=$1
		test "$1" = push && far_role=hub || far_role=spoke
		start far "$answerer" "far_$1.conf" $far_role run sh far.sh
		far=$pid
		wait_for 10 grep -q listening far.out
	fi
	shift
	echo "exec $*" >far.sh
}
# said DAEMON: what it logged since it was asked last; said_why: how a session ended.
said() {
	tail -n "+$(($(cat "$1.read") + 1))" "$1.err"
}
said_why() {
	said "$1" | grep -Eq "$whys"
}
calls() {
	calls_mode=$1
	shift
	test "$calls_mode" = push && calls_daemon=hubd || calls_daemon=others
	wc -l <$calls_daemon.err >$calls_daemon.read
	timeout 100 "$@" "$dialer" to_$calls_mode.conf alps 90 >out 2>told \
	    </dev/null
	echo $? >status
	wait_for 10 said_why $calls_daemon
	said $calls_daemon >err
	grep -q '^refused ' told &&
	    sed -n 's/^refused \([0-9]*\) .*/\1/p' told >status
	# who does not speak our protocol is not answered in it
	grep -q 'noise before hello' err && echo unseen >status
}
# listen: hubd, and the spoke's daemon.  -v: each session's end is told, not one a
# minute.
listen() {
	start hubd "$peak" "$tmp/hubd.peak" hubd -v -c hubd.conf
	hubd=$pid
	wait_for 20 grep -q 'listening address' hubd.err
	others_begin daemon.conf bern chur
	grep -q 'listening address' others.err || fail "the spoke's daemon listens"
}
hang_up() {
	others_end
	stop "$hubd" TERM 30
	is "hubd ends well" $? 0
}
other_push=bern other_pull=chur

whys='trouble association=alps what=refused' # the last thing done
listen
poisoned push 1
poisoned pull 2
hang_up
whys='session association=alps: '
fresh
waiting
listen

# --- Strangers ------------------------------------------------------------------

# on_socket listen|connect PORT COMMAND...: it has the connection, each of them if it
# listens, for standard input and output.
on_socket() {
	exec perl -MIO::Socket::INET -e '
		my ($how, $port) = splice @ARGV, 0, 2;
		my $take = sub {
			open STDIN, "<&", $_[0] or die;
			open STDOUT, ">&", $_[0] or die;
			exec @ARGV };
		if ($how eq "connect") {
			$take->(IO::Socket::INET->new(
			    PeerAddr => "127.0.0.1:$port") or die) }
		$SIG{CHLD} = "IGNORE";
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
		    Listen => 10, ReuseAddr => 1) or die;
		$| = 1; print "there\n";
		while (my $c = $s->accept) {
			open LOG, ">>", "raw.seen"; print LOG "x"; close LOG;
			next if fork; $take->($c) }' "$@"
}
# To the listeners, all at once, while the others go on: those that are slow have
# 20 s, and some more where the machine is busy.
strangers=
# the first one is told at once
on_socket connect "$hub_port" timeout 45 "$peer" spoke push alps noise \
    >out 2>err </dev/null &
wait $!
ok "a stranger's noise is counted, and told" \
    wait_for 10 grep -q 'requests refused count=1 last_status=400' hubd.err
for port in $hub_port $daemon_port; do
	for what in noise banner endless-line http tls version length drip silence; do
		start "$what.$port" on_socket connect "$port" \
		    timeout 45 "$peer" spoke push alps $what
		strangers="$strangers $pid"
	done
done
ok "strangers are there: another association is pushed" other_delivers bern
ok "or pulled" other_delivers chur

# --- The list -------------------------------------------------------------------

all_acts
coded push
coded pull

hub status --json >json
has "and it is shown" json '"quarantined":[1-9]'

# --- What is no HTTP ----------------------------------------------------------------

# raw WHAT STATUS ERE: a server that does so, to who pushes and pulls.
raw() {
	for raw_role in hub spoke; do
		rm -f raw.out
		start raw on_socket listen "$far_port" \
		    "$peer" $raw_role push alps "$1"
		raw_pid=$pid
		wait_for 10 test -s raw.out
		if test $raw_role = hub; then
			victim=spoke
			meanwhile bern dials spoke -c spoke.conf push alps
			met "a server of $1, to who pushes" "$2" "$3"
		else
			victim=hub
			meanwhile chur dials hubctl -c hub.conf pull alps
			met "a server of $1, to who pulls" "$2" "$3"
		fi
		stop "$raw_pid" KILL
	done
}
stop "$far"
for what in noise banner endless-line http version; do
	raw $what 76 'is it an Axletree listener'
done

# A redirect to itself, without end.
redirect() {
	rm -f raw.out raw.seen
	start raw on_socket listen "$far_port" sh -c '
		sed "/^.\{0,1\}\$/q" >/dev/null
		printf "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:%s/\r\n" "$0"
		printf "Content-Length: 0\r\n\r\n"' "$far_port"
	raw_pid=$pid
	wait_for 10 test -s raw.out
}
redirect
victim=spoke
meanwhile bern dials spoke -c spoke.conf push alps
met "a redirect to itself" 76 'redirects \(307\), which is not followed'
is "it was asked once" "$(cat raw.seen)" x
stop "$raw_pid" KILL

for pid in $strangers; do
	wait "$pid"
	is "a stranger is cut in time" $? 0
done
ok "nothing is stored or deleted" untouched
has "they are told" others.err 'requests refused count='

# --- Requests ---------------------------------------------------------------------------

# Requests that an association may not make count for it alone, a stranger's for
# nobody; when the daemon ends at the latest.
# asks TOKEN SESSION...: the status.
asks() {
	asks_token=$(cat "$1.token")
	shift
	curl -s -o out -w '%{http_code}' -H "Authorization: Bearer $asks_token" \
	    -H "Axletree-Session: $*" --data-binary x \
	    "http://127.0.0.1:$hub_port/axletree/1"
}
before=$(hub_has refused)
is "a session's number that is none" "$(asks alps ../../etc 0 0)" 400
is "a session in its middle" \
    "$(asks alps 77777777777777777777777777777777 5 0 wait)" 410
is "again one that is none" "$(asks alps)" 400
is "a token of nobody" "$(asks wrong ../../etc 0 0)" 401
hang_up
is "what an association may not ask for is counted" "$(hub_has refused)" \
    $((before + 2))
cat hubd.peak >>peaks
stayed_small "all of them, listeners too"
done_testing
