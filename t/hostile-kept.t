#!/bin/sh
# Sessions that are only held, by a far end that says that it is there and does
# nothing: each ends for the next session of its association, over pipes, ssh and
# http, and is killed where it does not listen.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

dialer=$top_builddir/t/ssh_dial
far_side="env ASAN_OPTIONS=$ASAN_OPTIONS $hubctl -c $tmp/hub.conf receive"
hub_port=$(free_port)
carriers=pipes
over_pipes() {
	echo "transport = exec exec { command = {$(argv "$@")}
	    env = {\"ASAN_OPTIONS=$ASAN_OPTIONS\"} }"
}
{
	# shellcheck disable=SC2086 # words
	association pipes "keep = yes $(over_pipes $far_side pipes)"
	association pings "$(over_pipes "$peer" hub push pings ping)"
	if has_ssh; then
		carriers="$carriers ssh"
		key_for ssh "$far_side ssh"
		association ssh "keep = yes $(over_ssh ssh)"
	fi
} >associations
if has_http; then
	carriers="$carriers http"
	{
		association http "keep = yes $(over_http http "$hub_port")"
		echo "web { listen = \"127.0.0.1:$hub_port\" }"
	} >web
	{
		side noc
		cat web
		stores
	} >hubd.conf
	cat web >>associations
fi
{
	side gw
	cat associations
	collects
} >spoke.conf
{
	side noc
	cat associations
} >hub.conf
if test -e hubd.conf; then
	start hubd "$peak" "$tmp/peaks" hubd -c hubd.conf
	hubd=$pid
	wait_for 20 grep -q 'listening address' hubd.err
fi

# hold: a session, whose far end is there and does nothing.
hold() {
	# shellcheck disable=SC2046,SC2086 # words
	case $carrier in
	pipes) set -- $far_side pipes ;;
	ssh) set -- $(ssh_client ssh) ;;
	http) set -- "$dialer" spoke.conf http 90 ;;
	esac
	start held timeout 100 "$peer" spoke push "$carrier" kept "$@"
	held=$pid
	wait_for 20 holder "noc/spool/$carrier/session.lock"
}
# next WHAT: the association's next session delivers all, and the one before is over.
next() {
	next_began=$(lib_now)
	ok "$1" sp push --deadline 60s "$carrier"
	next_took=$(($(lib_now) - next_began))
	ok "and is over" wait_for 10 ended "$held"
	ok "all is there, once" wait_for 10 same "$carrier"
}
for carrier in $carriers; do
	data 1
	hold
	next "$carrier: a kept session that is held ends for the next"
	data 1
	hold
	kill -STOP "$(holder "noc/spool/$carrier/session.lock")"
	next "$carrier: one that does not listen is killed for it"
	ok "after 5 s, and those of a busy machine" \
	    test "$next_took" -ge 4 -a "$next_took" -le 40
done

begun=$(lib_now)
exits "one that says for ever that it is there: the deadline ends it" 75 \
    sp push --deadline 5s pings
ok "in time" test $(($(lib_now) - begun)) -le 30
is "nothing is deleted" "$(spoke_has acked_msgid pings)" null

if test -e hubd.conf; then
	stop "$hubd" TERM 30
	is "hubd ends well" $? 0
fi
done_testing
