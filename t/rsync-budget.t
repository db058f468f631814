#!/bin/sh
# What transport rsync has on the wire: what it moved counts, for the budget, too,
# and what is only made ready to be moved does not.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"
. "$top_srcdir/t/budget-lib.sh"

daemon noc || skip_all "no rsync daemon"
both="transport = rsync compression = none"
configure "$(modules)" ""
start_hubd

used() {
	spoke_has wire_bytes_month
}
last_delivery() {
	sp status --json | sed 's/.*"last_delivery":\([^,]*\),.*/\1/'
}
# moved: what the daemon says it sent and received, with what rsync does not
# tell of a connection.
moved() {
	awk '/ sent [0-9]+ bytes .*received [0-9]+ bytes/ {
		for (i = 1; i < NF; i++)
			if ($i == "sent" || $i == "received")
				n += $(i + 1)
		n += 480
	}
	END { print n + 0 }' noc.rsyncd.log
}
# counted: status has what the daemon says, within a twentieth, and 200 bytes.
counted() {
	said=$(moved)
	off=$(($(used) - said))
	test $((${off#-} * 20)) -le $((said + 4000))
}

collect 1 2
is "what is ready was not delivered" "$(last_delivery)" null
is "nor was it on the wire" "$(used)" 0
ok "a push" sp push
test "$(last_delivery)" -gt 1700000000
is "delivers" $? 0
ok "and counts what it moved" wait_for 10 counted
before=$(used)
collect 3 4
collect 5 6
is "what is made ready counts nothing" "$(used)" "$before"
ok "until it is pushed" sp push
awk 'BEGIN { srand(7); for (l = 0; l < 1500; l++)
	printf "leaf%d:%d\n", l, rand() * 999999999 }' >v
echo "cat $tmp/v" >values.sh
sp collect --now
ok "much of it" sp push
ok "is no more than it is" wait_for 10 counted
diag "status $(used), the daemon $(moved)"
there=$(hub_has wire_bytes_month)
test "$there" -gt 30000 && test "$there" -lt "$(moved)"
is "the hub counts what was brought to it" $? 0

# The budget is used up, and cycles go on, each looking for what was brought.
configure "$(modules) budget = 64K budget-interval = 4s" ""
exhaust() {
	sp collect --now
	sp push --always
	test "$(used)" -ge 65536
}
ok "the budget is used up" wait_for 60 exhaust
n=$(connections)
collect 7 8
ok "then push" sp push
is "does nothing" "$(connections)" "$n"
goes_on() {
	collect 9 9
	sp push
	test "$(connections)" -gt "$n"
}
begun=$(date +%s)
ok "but after the interval, whatever is written meanwhile" wait_for 30 goes_on
n=$(connections)
ok "once" sp push
is "in each" "$(connections)" "$n"
ok "and again" wait_for 30 goes_on
test $(($(date +%s) - begun)) -ge 4
is "an interval later" $? 0

# 80 % and 100 %, and the oldest go, in both modes.
stop "$hubd" TERM 30
rm -rf gw noc
mkdir -m 700 gw noc
both="transport = rsync compression = none"
allow() {
	configure "$(modules) $1" "$(modules) $1"
}
keeps=push
allow 'budget = 64K'
start_hubd
spends push 40
slows push
drops push
stop "$hubd" TERM 30
stop "$daemon"

rm -rf gw noc
mkdir -m 700 gw noc
both="transport = rsync compression = none mode = pull"
daemon gw
keeps=pull
# What the hub has put is read when the spoke looks.
settles() {
	go --always 2>>told
	sp collect
	none_waits
}
allow 'budget = 64K'
sp collect
spends pull 40
slows pull
counts_as_much pull # that of the files
drops pull
done_testing
