#!/bin/sh
# Transport http on a long link: 600 ms from end to end and back, PUSH and PULL.
# Requests and answers are of a limited size, but a day's backlog does not go at one
# of them a round trip: eight are under way, or answers get larger.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

# carried WHAT: the backlog over that link, and what it had to wait for: the
# connection that waited most often says it.
carried() {
	carried_what=$1
	backlog 540 | sp write >/dev/null
	echo 'delay 300' >rules
	rm -f rules.log
	ok "$carried_what: a day's backlog" deliver
	: >rules
	ok "$carried_what: all is there" wait_for 20 same
	wait_for 20 link_is_free
	diag "$(sort -k 2n rules.log)"
	most=$(awk '{ n += $2 + $4; if ($6 > most) most = $6 }
	    END { print int(n / 1048576), most + 0 }' rules.log)
	mib=${most% *} turns=${most#* }
	test "$mib" -ge 14
	is "$carried_what: it is $mib MiB" $? 0
	# two turns are one round trip
	test "$turns" -lt $((2 * mib))
	is "$carried_what: $((turns / 2)) round trips, to open and to close it too" \
	    $? 0
}

link_port=$(free_port)
link "$link_port" "$port"
mode=push compression=none
hub_conf "$tls"
spoke_conf "https://localhost:$link_port/"
listen hub
carried PUSH
stop "$listener"

fresh
mode=pull
url=https://localhost:$link_port/
pull_confs
listen spoke
carried PULL
stop "$listener"
done_testing
