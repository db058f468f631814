#!/bin/sh
# The month's budget in mode pull, where the hub has it: 80 % and 100 % are told, a pull
# does nothing then but once each interval, nor does hubd, and what is too much is
# dropped at the spoke.  Over exec all of it, over ssh and http what is told and held.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
. "$top_srcdir/t/budget-lib.sh"

keeps=pull
# $carried: the keys of what carries it; $web: a line of the spoke's.
web=
allow() {
	both "mode = pull compression = none $carried $1"
	echo "$web" >>spoke.conf
}

# --- exec --------------------------------------------------------------------

# shellcheck disable=SC2086 # words
carried="transport = exec exec { command = {$(argv $spoke_side)}
    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} } pull-interval = 1s"
allow 'budget = 64K'
spends exec 40
slows exec

# By itself.
start hubd hubd -v -c hub.conf
hubd=$pid
soon_has "hubd, whose time has come," hubd.err \
    'nothing is delivered association=alps.*in [0-9]+ s'
exits "holds what waits" 1 has_come
allow 'budget = 64K budget-interval = 2s'
kill -HUP "$hubd"
ok "until the interval has passed" wait_for 60 none_waits
stop "$hubd" TERM 30

# The spoke has counted the same bytes.
ok "the spoke has counted as much" test "$(spoke_has wire_bytes_month)" -ge 65536
is "and gave nothing up so far" "$(spoke_has gaps)" 0
drops exec
has "the hub tells of it" told 'association=alps what=lost'
say 3
ok "--always" hub pull --always
is "changes nothing at the spoke" "$(spoke_has gaps)" 9
ok "but what is left goes" none_waits
allow ''
ok "without a budget" hub pull
has "the trouble is over" err 'over association=alps what=budget-spent'
say 3
ok "and a pull" hub pull
is "drops nothing" "$(spoke_has gaps)" 9
ok "and has all" none_waits

# --- ssh and http ------------------------------------------------------------

if has_ssh; then
	fresh
	key_for alps "ASAN_OPTIONS=$ASAN_OPTIONS $spoke_side"
	carried=$(over_ssh alps)
	allow 'budget = 64K'
	spends ssh 15
	slows ssh
else
	skip "ssh" "no sshd"
fi
if has_http; then
	fresh
	port=$(free_port)
	carried=$(over_http alps "$port")
	web="web { listen = \"127.0.0.1:$port\" }"
	allow 'budget = 64K'
	start daemon spoke -c spoke.conf daemon
	daemon=$pid
	wait_for 20 grep -q 'listening address' daemon.err
	spends http 40
	slows http
	stop "$daemon" TERM 30
else
	skip "http" "no libcurl or libmicrohttpd"
fi
done_testing
