#!/bin/sh
# A backlog of three times the month's budget over a session that is kept open: when
# all of it is spent the session ends, and what was on its way then is little, by
# whatever it goes.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

budget=2097152
told() {
	grep -q 'what=budget-spent:' daemon.err
}
over() {
	test "$(spoke_has state)" = budget-spent &&
	    ! holder gw/spool/alps/session.lock
}
# overshot WHAT: both ends are configured.
overshot() {
	ok "$1: a backlog" sp write <backlog
	start daemon spoke -c spoke.conf daemon
	daemon=$pid
	ok "$1: all of the budget is spent" wait_for 60 told
	ok "$1: the session ends" wait_for 20 over
	stop "$daemon" TERM 30
	used=$(spoke_has wire_bytes_month)
	test "$used" -ge "$budget"
	is "$1: not before" $? 0
	test "$used" -le $((budget + budget / 5))
	is "$1: and soon after" $? 0 || diag "$used of $budget"
}
backlog 200 >backlog

# shellcheck disable=SC2046,SC2086 # words
keys="keep = yes budget = 2M compression = none" over_exec push $hub_side
overshot exec

fresh
# shellcheck disable=SC2034 # for http-lib.sh
compression=none keys="mode = push keep = yes budget = 2M"
hub_conf "$tls"
spoke_conf "$url"
hub_listens
overshot https
stop "$hubd"
done_testing
