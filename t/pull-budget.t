#!/bin/sh
# The month's budget in mode pull, where the hub has it: 80 % and 100 % are told, a pull
# does nothing then but once each interval, nor does hubd, and what is too much is
# dropped at the spoke. Over exec all of it, over ssh and http what is told and held.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

# say N: that many DATA in one write, about 170 bytes each.
said=0
say() {
	awk -v n="$1" -v from="$said" -v now="$(date +%s)" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "Type:DATA\nTimestamp:%d\n\nT1:%d\n.\n", now, from + i
	}' | sp write alps
	said=$((said + $1))
}
describe() {
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/v\n.\n' \
	    "$(date +%s)" | sp write alps
}
used() {
	hub_has wire_bytes_month
}
waiting() {
	spoke_has waiting_messages
}
# allow KEYS: what both say of the budget.  $carried: the keys of what carries it.
allow() {
	both "mode = pull compression = none $carried $1"
}
# until_told KEY N: pulls of N messages, until that is told.
until_told() {
	for until_try in $(seq 40); do
		say "$2" && hub pull --always 2>>told || return
		! grep -q "what=$1:" told || return 0
	done
	return 1
}
pulled() {
	hub pull && test "$(waiting)" -eq 0
}
# spends WHAT N: the month's budget, N messages at a time.
spends() {
	: >told
	describe
	ok "$1: 80 % are told" until_told budget "$2"
	has "$1: as how many bytes" told \
	    'association=alps what=budget: [0-9]+ of the 65536 bytes'
	spends_used=$(used)
	ok "$1: at 80 %" test "$spends_used" -ge 52428 -a "$spends_used" -lt 65536
	lacks "$1: that is all" told 'what=budget-spent'
	ok "$1: 100 % are told" until_told budget-spent "$2"
	has "$1: and what follows" told \
	    'what=budget-spent: .* deliveries go only every budget-interval'
	is "$1: each once" "$(grep -c 'what=budget' told)" 2
	ok "$1: at 100 %" test "$(used)" -ge 65536
	is "$1: status has it" "$(hub_has state)" budget-spent
	say 1
	spends_used=$(used)
	ok "$1: then a pull" hub pull
	is "$1: is silent" "$(cat out err)" ""
	is "$1: and does nothing" "$(used) $(waiting)" "$spends_used 1"
	ok "$1: nor is it an error" hub -v pull
	has "$1: it says so, to who asks" err \
	    'nothing is delivered association=alps.*in 2[0-9]+ s'
	ok "$1: --always" hub pull --always
	is "$1: delivers all the same" "$(waiting)" 0
}

# --- exec --------------------------------------------------------------------

# shellcheck disable=SC2086 # words
carried="transport = exec exec { command = {$(argv $spoke_side)}
    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} } pull-interval = 1s"
allow 'budget = 64K'
spends exec 40
say 1
allow 'budget = 64K budget-interval = 2s'
ok "after the interval a pull delivers" wait_for 30 pulled
allow 'budget = 64K'
say 1
ok "the next" hub pull
is "waits for the next interval" "$(waiting)" 1

# By itself.
start hubd hubd -v -c hub.conf
hubd=$pid
soon_has "hubd, whose time has come," hubd.err \
    'nothing is delivered association=alps.*in [0-9]+ s'
is "holds what waits" "$(waiting)" 1
allow 'budget = 64K budget-interval = 2s'
kill -HUP "$hubd"
none_waits() {
	test "$(waiting)" -eq 0
}
ok "until the interval has passed" wait_for 60 none_waits
stop "$hubd" TERM 30

# The oldest go, at the spoke, which has counted the same bytes.
ok "the spoke has counted as much" test "$(spoke_has wire_bytes_month)" -ge 65536
is "and gave nothing up so far" "$(spoke_has gaps)" 0
allow 'budget = 64K budget-interval = 2s budget-full = drop-oldest'
say 3
sp write alps <<EOT
Type:CONFIG
Timestamp:$(date +%s)

level2-token:T1
level2-path:/w
.
EOT
say 5
newest=$(spoke_has last_msgid)
: >told
dropping() {
	hub pull 2>>told
	none_waits
}
ok "budget-full = drop-oldest, after the interval" wait_for 30 dropping
is "the newest arrives, and the last CONFIG" "$(hub messages alps |
    sed -n 's/^MsgID://p' | awk -v after=$((newest - 9)) '$1 > after' |
    tr '\n' ' ')" "$((newest - 5)) $newest "
is "the others are given up" "$(spoke_has gaps)" 7
has "the hub knows what was lost" noc/spool/alps/ledger lost
has "and tells of it" told 'association=alps what=lost'
say 3
ok "--always" hub pull --always
is "changes nothing at the spoke" "$(spoke_has gaps) $(waiting)" "9 0"
allow ''
ok "without a budget" hub pull
has "the trouble is over" err 'over association=alps what=budget-spent'
say 3
ok "and a pull" hub pull
is "has all" "$(spoke_has gaps) $(waiting)" "9 0"

# --- ssh and http ------------------------------------------------------------

if has_ssh; then
	fresh
	key_for alps "ASAN_OPTIONS=$ASAN_OPTIONS $spoke_side"
	carried=$(over_ssh alps)
	allow 'budget = 64K'
	spends ssh 15
else
	skip "ssh" "no sshd"
fi
if has_http; then
	fresh
	port=$(free_port)
	carried=$(over_http alps "$port")
	allow 'budget = 64K'
	echo "web { listen = \"127.0.0.1:$port\" }" >>spoke.conf
	start daemon spoke -c spoke.conf daemon
	daemon=$pid
	wait_for 20 grep -q 'listening address' daemon.err
	spends http 40
	stop "$daemon" TERM 30
else
	skip "http" "no libcurl or libmicrohttpd"
fi
done_testing
