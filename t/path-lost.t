#!/bin/sh
# A stream of which the beginning was lost at the spoke before the hub ever heard
# of it: what is left arrives, its CONFIG is asked for, its values are stored.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

raw() {
	hub values --raw --from 0 /Sites/alps/m/v 2>/dev/null | cut -f 2 |
	    tr '\n' ' '
}
has_raw() {
	test "$(raw)" = "$1"
}
# values FIRST LAST: DATA with these values.
values() {
	for lost_n in $(seq "$1" "$2"); do
		printf 'Type:DATA\nTimestamp:%s\n\nT1:%s\n.\n' \
		    $((1700000000 + lost_n)) "$lost_n"
	done
}
config() {
	printf 'Type:CONFIG\nTimestamp:1700000000\n\n'
	printf 'level2-token:T1\nlevel2-path:/m/v\ncollector-period:1\n.\n'
}
# damage NUMBER [SUFFIX]: that message, in the first file of the outbox.
damage() {
	lost_file=$(ls gw/spool/alps/outbox/0*."${2-msgs}" | head -n 1)
	lost_at=$(grep -abo "^MsgID:$1\$" "$lost_file" | cut -d : -f 1)
	printf X | dd of="$lost_file" bs=1 seek=$((lost_at + 40)) conv=notrunc \
	    2>/dev/null
}
# deliver MODE
deliver() {
	case $1 in
	push) sp push --always ;;
	pull) hub pull alps ;;
	esac
}
# begins MODE FROM: nothing was delivered yet; the first message is damaged.
begins() {
	over_exec "$1" false
	{
		config
		values "$2" $(($2 + 2))
	} | sp write
	deliver "$1" 2>err # which cannot be; the spool is sealed for it
	sp messages alps >all
	damage 1
	# shellcheck disable=SC2046 # words
	over_exec "$1" $(far_side "$1")
	values $(($2 + 3)) $(($2 + 3)) | sp write
}
# arrives MODE WHAT VALUES
arrives() {
	ok "$2: a delivery" deliver "$1"
	# hubd may be at it, too, when it pulls
	ok "$2: the hub has heard what is lost" wait_for 20 \
	    grep -q '^lost 1-1$' noc/spool/alps/ledger
	ok "$2: and asks for the CONFIG" wait_for 20 \
	    grep -q 'RESYNC association=alps generation=1' hubd.err
	ok "$2: what was not lost is stored" wait_for 30 brings "$1" "$3"
	ok "$2: the spoke's numbers are the hub's" wait_for 30 is_level "$1"
	is "$2: nothing is put away" "$(hub_has quarantined)" 0
	ok "$2: all is well" wait_for 20 is_well
}
is_well() {
	test "$(hub_has state)" = ok
}
# brings MODE VALUES
brings() {
	deliver "$1"
	has_raw "$2"
}
is_level() {
	deliver "$1"
	test "$(hub_has last_msgid) $(hub_has stream)" = \
	    "$(spoke_has last_msgid) $(spoke_has stream)"
}

for mode in push pull; do
	fresh
	begins $mode 1
	start_hubd
	arrives $mode "the first stream, $mode" '1 2 3 4 '
	rm -rf gw
	mkdir -m 700 gw
	begins $mode 11
	arrives $mode "one of a spoke installed anew, $mode" \
	    '1 2 3 4 11 12 13 14 '
	stop "$hubd"
done

# What a spool of 64K drops for what is newer, before the hub is ever reached.
full_config() {
	keys='spool-size = 64K spool-full = drop-oldest' over_exec push "$@"
}
fresh
full_config false
config | sp write
sp_all=0
for n in $(seq 0 30); do
	values $((n * 40 + 1)) $((n * 40 + 40)) | sp write 2>>told || sp_all=1
done
is "drop-oldest makes room for all of it" $sp_all 0
is "it is told once" "$(grep -c 'trouble .*alps what=dropped' told) $(
    wc -l <told)" "1 1"
is "and seen" "$(spoke_has state)" dropped
is "and counted" "$(spoke_has gaps)" "$(sp messages alps | awk -F : '
	/^MsgID:/ { n++; last = $2 }
	END { print last - n }')"
has "the oldest are given up" gw/spool/alps/outbox/lost '^tombstone 2-'
sp messages alps >all
is "but not the CONFIG that the rest needs" \
    "$(grep -c '^Type:CONFIG' all) $(sed -n 's/^MsgID://p' all | head -n 1)" \
    "1 1"
kept=$(sed -n 's/^T1://p' all | tr '\n' ' ')
cp gw/spool/alps/outbox/lost lost.before
values 1 500 >too_much
exits "one write that is larger than the spool is refused" 75 \
    sp write <too_much
has "and it is said what to do" err 'give less at a time, or set spool-size'
ok "nothing was dropped for it" cmp lost.before gw/spool/alps/outbox/lost
lost=$(spoke_has gaps)
# shellcheck disable=SC2086 # words
full_config $hub_side
start_hubd
ok "what stayed arrives" sp push
ok "and is stored at once" wait_for 20 has_raw "$kept"
lacks "nothing had to be asked for" hubd.err RESYNC
is "the hub counts what is lost" "$(hub_has gaps)" "$lost"
has "and tells it" noc/state/notices \
    "	alps	lost	the spoke lost messages before they came .$lost."
is "which a monitor sees" "$(hub_has state)" lost
is "the spoke has not forgotten it" "$(spoke_has gaps)" "$lost"
is "nothing is dropped any more" "$(spoke_has state)" idle
values 2001 2001 | sp write
ok "a delivery without" sp push
is "ends it at the hub" "$(hub_has state) $(hub_has gaps)" "ok $lost"
stop "$hubd"

# The first message of a file that is being written: there are good ones behind it.
fresh
# shellcheck disable=SC2086 # words
over_exec push $hub_side
start_hubd
{
	config
	values 1 3
} | sp write
damage 1 open
is "what is good behind damage waits" "$(spoke_has last_msgid)" 4
ok "it is delivered" sp push
has "what is lost is told" err 'trouble .*alps what=outbox: messages in outbox were damaged.*.1.:'
is "and counted, at both ends" "$(spoke_has gaps) $(hub_has gaps)" "1 1"
is "and seen" "$(spoke_has state)" outbox
ok "the CONFIG comes, too" wait_for 20 brings push '1 2 3 '
is "and it is over" "$(spoke_has state) $(hub_has state)" "idle ok"
stop "$hubd"
done_testing
