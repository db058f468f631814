#!/bin/sh
# spoke daemon: collects on the grid, keeps its session over a real sshd, finds
# its way back, rereads its configuration, ends in order; cron beside it does no
# harm.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

need perl
ssh_pair
# What systemd would hear.
start notified perl -MIO::Socket::UNIX -e '
	$s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
	$| = 1;
	print "$m\n" while defined $s->recv($m, 4096)' "$tmp/notify"
wait_for 10 test -S notify
cat >a.sh <<EOT
n=\$(cat $tmp/n 2>/dev/null || echo 0)
echo \$((n + 1)) >$tmp/n
echo v:\$n
EOT
every() {
	collector "$1" | sed "s/period = 1d/period = $2/"
}
configure 'keep = yes' "$(every a 1s)"

arrived() {
	cat noc/spool/alps/inbox/*.msgs 2>/dev/null |
	    sed -n 's/^MsgID://p' | tail -n 1
}
more() { # more N: N messages more than $from are sealed at the hub
	test "$(arrived)" -ge $((from + $1))
}
beats() {
	from=$(arrived)
	from=${from:-0}
	wait_for "$1" more 3
}
begin() {
	start daemon env NOTIFY_SOCKET="$tmp/notify" WATCHDOG_USEC=1000000 \
	    spoke -c "$tmp/spoke.conf" daemon "$@"
	daemon=$pid
}

begin
from=0
ok "cycles are measured and delivered" wait_for 60 more 5
is "over one connection" "$(connections)" 1
few_wait() {
	test "$(status_of waiting_messages)" -le 1
}
ok "that is kept" wait_for 20 few_wait
cat noc/spool/alps/inbox/*.msgs | sed -n 's/^Timestamp://p' | sort -u |
    awk 'NR > 2 && $1 - last > 1 { gaps++ } { last = $1 } END { print gaps + 0 }' >gaps
test "$(cat gaps)" -le 2
is "a cycle each second" $? 0
test "$(hub status --json | sed 's/.*"wire_bytes_month":\([0-9]*\).*/\1/')" -ge 0
is "the hub can be asked" $? 0

# Others beside it.
exits "a second one" 75 sp daemon
has "says why it does not begin" err 'another spoke daemon'
ok "collect beside it" sp collect
ok "push beside it" sp push
is "are harmless" "$(connections) $(cat out err)" "1 "

# What it says.
soon_has "it is ready" notified.out '^READY=1'
heard() {
	test "$(grep -c "$1" notified.out)" -ge "$2"
}
ok "alive" wait_for 10 heard '^WATCHDOG=1' 3
ok "and how it is" wait_for 10 heard '^STATUS=1 sessions, ' 1
kill -USR1 "$daemon"
said() {
	grep -q "$1" daemon.err
}
ok "SIGUSR1" wait_for 10 said 'state sessions=1'
soon_has "tells of cycles" daemon.err 'state period_s=1 offset_s=0'
soon_has "and associations" daemon.err 'state association=alps last=[1-9]'

# Another configuration.
cp spoke.conf good.conf
echo nonsense >>spoke.conf
kill -HUP "$daemon"
ok "a broken file" wait_for 10 said 'what=config'
ok "changes nothing" beats 20
echo 'echo w:7' >b.sh
configure 'keep = yes' "$(every a 1s; every b 2s)"
kill -HUP "$daemon"
ok "a good one" wait_for 10 said 'configuration is read anew'
soon_has "systemd is told" notified.out '^RELOADING=1'
soon_has "ends the trouble" daemon.err 'over .*what=config'
both_there() {
	cat noc/spool/alps/inbox/*.msgs | grep -q '^level2-path:/b/w'
}
ok "is taken" wait_for 60 both_there
ok "and goes on" beats 60

# The hub's side dies: sshd with all its children.
cut_off() {
	for p in $(lib_tree "$sshd_pid"); do
		kill -KILL "$p"
	done
	wait "$sshd_pid" 2>/dev/null
}
before=$(connections)
cut_off
waiting() {
	test "$(status_of waiting_messages)" -gt 2
}
ok "without its hub" wait_for 20 waiting
ok "it tells" wait_for 20 said 'association=alps what=delivery'
start_again
ok "and comes back" beats 60
ok "it is over" wait_for 20 said 'over association=alps what=delivery'
test "$(connections)" -gt "$before"
is "by another connection" $? 0

# Nothing grows.
descriptors() {
	ls "/proc/$daemon/fd" | wc -l
}
resident() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon/status"
}
fds=$(descriptors) kib=$(resident)
no_more() { # while a cycle is measured there are some
	test "$(descriptors)" -le "$fds"
}
from=$(arrived)
wait_for 60 more 15
ok "descriptors" wait_for 20 no_more
test "$(resident)" -le $((kib + 2048))
is "and memory stay" $? 0
no_zombies() {
	! ps -o stat= --ppid "$daemon" | grep -q Z
}
ok "children are reaped" wait_for 5 no_zombies
child=$(ps -o pid=,comm= --ppid "$daemon" | sed -n 's/ *\([0-9]*\) mailer$/\1/p')
kill -KILL "$child"
ok "a mailer that dies" wait_for 20 said 'another is started'

# The end.
begun=$(lib_now)
stop "$daemon" TERM 60
is "SIGTERM ends it" $? 0
test $(($(lib_now) - begun)) -le 40
is "in time" $? 0
none_runs() {
	! ps -e -o args= | grep -q "$tmp/[s]poke.conf daemon"
}
ok "all of it" wait_for 10 none_runs
has "and it says so" daemon.err 'spoke daemon ends'
soon_has "to systemd too" notified.out '^STOPPING=1'
closed() {
	! ls noc/spool/alps/inbox/*.open
}
ok "what came is sealed" wait_for 10 closed
is "what was acknowledged is known" "$(status_of acked_msgid)" "$(arrived)"
soon_has "the hub saw it leave in order" "$sshd_dir/log" 'Received disconnect'
lacks "and no child died" daemon.err 'died work=(collect|carried)'

# Killed, and begun again.
begin
ok "again" beats 60
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
begin
ok "after a kill" beats 90
stop "$daemon"
is "it ends" $? 0
stream=$(cat noc/spool/alps/inbox/*.msgs | sed -n 's/^MsgID://p')
is "every number came once" "$(echo "$stream" | sort -n | uniq -d)" ""
is "and none is missing" "$(echo "$stream" | awk '$1 != NR' | head -n 1)" ""

# A new stream takes the place of the old one while a session is kept: because the
# hub lost what it had, and by hand.
current() {
	sp status --json | sed 's/.*"stream":"\([0-9a-f]*\)".*/\1/'
}
begin
ok "once more" beats 60
old=$(current)
cut_off
mv noc/spool/alps lost
start_again
is_new() {
	test "$(current)" != "$old"
}
ok "to a hub that lost its disk a new stream goes" wait_for 60 is_new
arrives() {
	cat noc/spool/alps/inbox/*.msgs | grep -q "^Stream:$(current)"
}
ok "and arrives" wait_for 60 arrives
ok "as does what is written then" beats 60
old=$(current)
ok "renew by hand" sp renew alps
is_new
is "begins another" $? 0
ok "which arrives" wait_for 60 arrives
from=0
ok "as does what is written then" wait_for 60 more 3
stop "$daemon"

# A push of cron in its place.
sp collect --now
ok "push delivers" timeout 60 spoke -c spoke.conf push
is "and does not stay" "$(cat out err)" ""

# Without keep: when the outbox grew.
configure '' "$(every a 3s)"
before=$(connections)
begin
ok "without keep" beats 90
test "$(connections)" -ge $((before + 2))
is "each cycle is pushed" $? 0
stop "$daemon"
configure 'pull-interval = 1s' ''
sp push
before=$(connections)
begin
said_again() {
	kill -USR1 "$daemon" && test "$(grep -c 'state sessions=0' daemon.err)" -ge 5
}
slowly() {
	sleep 1 # the interval must pass, and pass again
	said_again
}
wait_for 20 slowly
is "where nothing waits nothing is opened" "$(connections)" "$before"
stop "$daemon"

# A budget that is used up closes what is kept open; a kill costs little of the
# count.
configure 'keep = yes budget = 400K budget-interval = 1h' "$(every a 1s)"
head -c 60000 /dev/urandom | od -An -tu4 -w4 |
    awk '{ printf "echo x%d:$((%d + n))\n", NR, $1 }' >values
{
	echo "n=\$(date +%s%N | tail -c 9)"
	cat values
} >a.sh
used=$(status_of wire_bytes_month)
begin
counted() {
	test "$(status_of wire_bytes_month)" -gt $((used + $1))
}
ok "a kept session is counted while it runs" wait_for 90 counted 150000
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
ok "and after a kill" counted 150000
begin
is_spent() {
	test "$(status_of state)" = budget-spent
}
ok "the budget is used up" wait_for 120 is_spent
no_session() {
	kill -USR1 "$daemon"
	tail -n 20 daemon.err | grep -q 'state sessions=0'
}
ok "and the session closed" wait_for 60 no_session
before=$(connections)
from=$(last)
waits_longer() {
	test "$(last)" -gt $((from + 3))
}
wait_for 30 waits_longer
is "for long" "$(connections)" "$before"
is "in order" "$(grep -c 'stopped before' daemon.err)" 0
stop "$daemon"
echo 'echo v:1' >a.sh
configure '' "$(every a 3s)"

# In the background.
ok "-d" sp daemon -d
exits "a second one says why it does not begin" 75 sp daemon -d
is "in a line" "$(grep -c 'another spoke daemon' err)" 1
pids() {
	ps -e -o pid=,ppid=,args= | awk -v c="$tmp/spoke.conf daemon -d" '
	    index($0, c) && !/awk/ { print $1 }'
}
ok "goes on behind us" beats 60
first=$(pids | head -n 1)
kill -TERM "$first"
none_left() {
	test -z "$(pids)"
}
ok "and ends" wait_for 30 none_left
# A shell that reads what it prints is not kept waiting.
read_all() {
	sp daemon -d 2>&1 | cat >printed
	: >read
}
read_all &
reader=$!
ok "nobody waits for its output" wait_for 20 test -e read
is "which is none" "$(cat printed)" ""
kill -TERM "$(pids | head -n 1)"
ok "it ends, too" wait_for 30 none_left
wait "$reader"
done_testing
