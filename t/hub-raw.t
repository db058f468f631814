#!/bin/sh
# hubctl values --raw: what was collected, over all streams that the hub has
# had, and without reading what is older.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

now=$(date +%s)
# data DAYS-AGO VALUE, config LABEL
data() {
	printf 'Type:DATA\nTimestamp:%d\n\nT1:%s\n.\n' \
	    $((now - $1 * 86400)) "$2"
}
config() {
	printf 'Type:CONFIG\nTimestamp:%d\n\nlevel2-token:T1\n' "$now"
	printf 'level2-path:/R/in\nvertical-label:%s\n.\n' "$1"
}
level() {
	test "$(hub_has waiting_messages)" = 0 &&
	    test "$(hub_has last_msgid)" = "$(spoke_has last_msgid)"
}
deliver() {
	sp push && wait_for 20 level
}
values() {
	hub values /Sites/alps/R/in --raw "$@"
}
texts() {
	values "$@" | cut -f 2 | tr '\n' ' '
}
wanted() {
	for v; do
		printf '%d\t%s\n' $((now - ${v%=*} * 86400)) "${v#*=}"
	done
}

start hubd hubd -c hub.conf
wait_for 10 test -S noc/run/hubd.sock
{ config a; data 9 1; data 8 2; } | sp write
deliver
{ config b; data 7 3; } | sp write
deliver
{ config c; data 1 4; } | sp write
deliver
live() {
	hub tree | grep -q /Sites/alps/R/in
}
wait_for 10 live
ok "all values" values --from 0
is "are those of all segments" "$(cat out)" "$(wanted 9=1 8=2 7=3 1=4)"

# A new stream, which repeats what the spoke still had.
old=$(spoke_has stream)
sp renew alps
data 0 5 | sp write
deliver
test "$(hub_has stream)" != "$old"
is "a new stream" "$?" 0
ok "the old one is kept" test -d "noc/spool/alps/archive/$old"
is "what both have is printed once" "$(texts --from 0)" "1 2 3 4 5 "
rm -rf gw/spool/alps gw/state/tokens/alps
{ config d; data 0 5; data 0 6; } | sp write
deliver
is "a spoke that lost its disk" "$(ls noc/spool/alps/archive |
    grep -Ec '^[0-9a-f]{32}$')" 2
values --from 0 >out
is "loses nothing at the hub" "$(cut -f 2 out | tr '\n' ' ')" \
    "1 2 3 4 5 6 "
is "the last ones" "$(texts --tail 2)" "5 6 "
is "those of a window" "$(texts --from -200h --to -6d)" "2 3 "

# What is older is not read: damage there is not even seen.
first=$(find noc/spool/alps/archive -name '00000000000000000001-*.msgs' \
    -path "*$old*")
test -n "$first"
is "the first segment is there" "$?" 0
printf 'X' | dd of="$first" bs=1 seek=20 conv=notrunc 2>/dev/null
ok "all values, one segment damaged" values --from 0
has "which is told" err 'archive is damaged'
ok "the newest values" values --from -2d
is "are there" "$(cut -f 2 out | tr '\n' ' ')" "4 5 6 "
is "and what is older is not read for them" "$(cat err)" ""
is "nor for the last of them" "$(texts --tail 2) $(cat err)" "5 6  "
stop "$pid"

# The CONFIG is lost with the archive, and comes again after DATA of it.
rm -rf noc gw
mkdir -m 700 noc gw
start hubd hubd -c hub.conf
wait_for 10 test -S noc/run/hubd.sock
{ config a; data 3 1; } | sp write
deliver
ok "a leaf" wait_for 20 live
stop "$pid"
rm -rf noc/state/trees
find noc/spool/alps/archive -type f -delete
start hubd hubd -c hub.conf
wait_for 10 test -S noc/run/hubd.sock
data 2 2 | sp write
deliver
data 1 3 | sp write
deliver
is "an archive without a CONFIG has DATA" \
    "$(hub messages alps | grep -c '^Type:DATA')" 2
comes_again() {
	sp push --always && hub messages alps | grep -q '^Type:CONFIG'
}
ok "the CONFIG comes again" wait_for 40 comes_again
data 0 4 | sp write
deliver
ok "and the leaf" wait_for 20 live
is "all values that the archive has are there, in order" \
    "$(texts --from 0)" "2 3 4 "
is "those of a window" "$(texts --from -60h --to -36h)" "2 "
is "and the last" "$(texts --tail 2)" "3 4 "
stop "$pid"
done_testing
