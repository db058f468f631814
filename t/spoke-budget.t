#!/bin/sh
# The month's budget, the rate, and what else cron asks of spoke push: counted
# bytes at both ends, --deadline, --splay, an end in order.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

ssh_pair
echo 'echo v:1; echo w:2' >a.sh
sp collect

used() {
	status_of wire_bytes_month
}
hub_used() {
	hub status --json | sed 's/.*"wire_bytes_month":\([0-9]*\).*/\1/'
}

# Counts.
ok "a delivery" sp push
test "$(used)" -gt 4000 && test "$(used)" -lt 20000
is "costs a handshake and some" $? 0
test "$(hub_used)" -gt 400 && test "$(hub_used)" -lt "$(used)"
is "of which the hub counts what the channel has" $? 0
before=$(used)
ok "another" sp push --always
test "$(used)" -gt $((before + 4000))
is "counts as well" $? 0

# 80 %.
configure 'budget = 64K'
wait_for 60 sh -c '
	spoke -c spoke.conf push --always 2>>told
	grep -q "what=budget:" told'
has "80 % are told" told 'association=alps what=budget: [0-9]+ of the 65536 bytes'
test "$(used)" -ge 52428 && test "$(used)" -lt 65536
is "at 80 %" $? 0
sp push --always 2>again
lacks "once" again 'what=budget:'
is "and no trouble" "$(status_of state)" idle

# All of it.
wait_for 60 sh -c '
	spoke -c spoke.conf push --always 2>>told
	grep -q "what=budget-spent" told'
has "the end is told" told 'association=alps what=budget-spent'
is "and seen" "$(status_of state)" budget-spent
sp collect --now
before=$(connections)
ok "then push" sp push
is "does nothing, silently" "$(cat out err)" ""
is "without a connection" "$(connections) $(status_of waiting_messages)" \
    "$before 1"
ok "but it says so" sp -v push
has "to who asks" err "nothing is delivered association=alps.*in [0-9]+ s"
configure 'budget = 64K budget-interval = 5s'
ok "after the interval" wait_for 90 sh -c '
	spoke -c spoke.conf push
	spoke -c spoke.conf status --json | grep -q "\"waiting_messages\":0"'
is "one delivery goes" "$(connections)" $((before + 1))
configure 'budget = 64K'
sp collect --now
ok "and no more" sp push
is "until the next" "$(connections) $(status_of waiting_messages)" \
    "$((before + 1)) 1"
ok "--always does" sp push --always
is "whatever was used" "$(status_of waiting_messages)" 0

# The oldest go.
configure 'budget = 64K budget-interval = 5s budget-full = drop-oldest'
for i in 1 2 3 4 5 6; do
	awk -v n=$i 'BEGIN { for (l = 0; l < 3000; l++)
		printf "leaf%d:%d%08d\n", l, n, (l * 7919 * n) % 99999989 }' >v
	echo "cat $tmp/v" >a.sh
	sp collect --now
done
config=$(sp messages alps | grep -B1 '^Type:CONFIG' | tail -n 2 |
    sed -n 's/^MsgID://p')
newest=$(last)
dropped() {
	spoke -c spoke.conf push 2>>dropped
	test "$(status_of waiting_messages)" -eq 0
}
ok "after the interval" wait_for 90 dropped
has "the oldest are dropped" dropped 'the oldest were dropped association=alps'
is "the newest arrives" "$(cat noc/spool/alps/inbox/*.msgs |
    sed -n 's/^MsgID://p' | tail -n 1)" "$newest"
is "and the last CONFIG" "$(cat noc/spool/alps/inbox/*.msgs |
    grep -c "^MsgID:$config\$")" 1
has "the hub knows what was lost" noc/spool/alps/ledger "lost"
test "$(cat noc/spool/alps/inbox/*.msgs | grep -c '^MsgID')" -lt "$newest"
is "and that is so" $? 0

# Many small ones, which lie in one segment: the limit is a few bytes, so but the
# newest goes.
echo 'echo v:1; echo w:2' >a.sh
sp collect --now
sp push --always
before=$(last)
for i in 1 2 3 4 5 6 7 8; do
	sp collect --now
done
newest=$(last)
: >dropped
ok "the interval passes again" wait_for 90 dropped
has "of one segment the oldest are dropped, too" dropped \
    "the oldest were dropped association=alps messages=$((newest - before - 1))"
is "and the newest arrives" "$(cat noc/spool/alps/inbox/*.msgs |
    sed -n 's/^MsgID://p' | tail -n 1)" "$newest"
is "alone" "$(cat noc/spool/alps/inbox/*.msgs | sed -n 's/^MsgID://p' |
    awk -v b="$before" '$1 > b' | wc -l)" 1
echo "cat $tmp/v" >a.sh

# A month that is over.
configure 'budget = 100M'
sp push --always 2>over
has "more budget ends the trouble" over 'over association=alps what=budget-spent'
is "of both kinds" "$(grep -c 'over association=alps what=budget' over)" 2

# None at all.
configure 'budget = 64K'
sp push --always
is "a budget that is spent again" "$(status_of state)" budget-spent
configure ''
ok "without one" sp push
has "is over" err 'over association=alps what=budget-spent'
is "for status, too" "$(status_of state)" idle

# The rate, on a real link.
configure 'rate = 20K'
sp collect --now
head -c 40000 /dev/urandom | od -An -tu2 -w2 | awk '{ printf "x%d:%d\n", NR, $1 }' >v
sp collect --now
bytes=$(used)
begun=$(date +%s%3N)
ok "with a rate" sp push
took=$(($(date +%s%3N) - begun))
bytes=$(($(used) - bytes))
diag "$bytes bytes in $took ms"
test $((bytes * 1000 / took)) -le 23000
is "it is kept" $? 0
test $((bytes * 1000 / took)) -ge 7000
is "and used" $? 0

# Stopped in the middle.
for i in 1 2 3 4; do
	sp collect --now
done
bytes=$(used)
start stopped spoke -c "$tmp/spoke.conf" push
pushed=$pid
sent() {
	test "$(stat -c %s noc/spool/alps/inbox/*.open 2>/dev/null || echo 0)" -gt 0
}
wait_for 30 sent
stop "$pushed" TERM
is "a push that is stopped" $? 143
none_runs() {
	! ps -e -o args= | grep -q "$tmp/[s]poke.conf push"
}
ok "leaves no session behind" wait_for 10 none_runs
test "$(used)" -gt $((bytes + 10000))
is "and counts what it used" $? 0
acked=$(status_of acked_msgid)
is "what was acknowledged is known" "$acked" "$(cat noc/spool/alps/inbox/*.msgs |
    sed -n 's/^MsgID://p' | tail -n 1)"
ok "the rest goes with the next" sp push
is "all of it" "$(status_of waiting_messages)" 0

# Times.
configure
exits "a deadline that is none" 64 sp push --deadline soon
sp collect --now
cp "$sshd_dir/authorized_keys" keys
sed 's/command="[^"]*"/command="sleep 100"/' keys >"$sshd_dir/authorized_keys"
begun=$(lib_now)
exits "a hub that says nothing, and a deadline" 75 sp push --deadline 2s
test $(($(lib_now) - begun)) -le 50
is "ends the push" $? 0
cp keys "$sshd_dir/authorized_keys"
ok "what waits goes" sp push
# splayed: milliseconds of a push that has nothing to do but to wait.
splayed() {
	splay_begun=$(date +%s%3N)
	sp push --splay 6s && echo $(($(date +%s%3N) - splay_begun))
}
splayers=
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	splayed >"splay.$i" 2>&1 &
	splayers="$splayers $!"
done
# shellcheck disable=SC2086 # numbers
wait $splayers
is "--splay is silent" "$(cat splay.* | grep -c '^[0-9]*$')" 12
# all of them below a second: once in 2,000,000,000 times
longest=$(sort -n splay.* | tail -n 1)
diag "at most $longest ms"
test "$longest" -gt 1000
is "and waits" $? 0
test "$longest" -lt 36000
is "no longer than it was told" $? 0
done_testing
