#!/bin/sh
# Disks that are full, of bytes and of inodes, at each end: it is told once and
# with the right status, nothing that was promised is lost, and all goes on by
# itself when there is room again.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

test "$(id -u)" -eq 0 || skip_all "only root may mount"
mounted=
trap 'was=$?
	for m in $mounted; do umount -l "$m" 2>/dev/null; done
	(exit $was)
	lib_cleanup' EXIT
# small DIRECTORY [OPTIONS]: a file system of its own there.
small() {
	mkdir -p -m 700 "$1"
	mount -t tmpfs -o "${2-size=256k},mode=700" tmpfs "$1" || return 1
	mounted="$mounted $tmp/$1"
}
# fill DIRECTORY, empty DIRECTORY: no byte is left; all that was.
fill() {
	cat /dev/zero >"$1/filler" 2>/dev/null
}
empty() {
	rm -f "$1/filler"
}
fill_inodes() {
	n=0
	while true >"$1/filler.$n"; do
		n=$((n + 1))
	done 2>/dev/null
}
empty_inodes() {
	rm -f "$1"/filler.*
}
small gw/spool || skip_all "no file system can be mounted here"
small noc/spool
small noc/state size=2m
small gw/state
small noc/rrd size=1m
: >promised
# collect: what a success promised is noted.
collect() {
	value=$((${value-0} + 1))
	echo "echo v:$value" >values.sh
	sp collect --now || return
	echo $value >>promised
}
archived() {
	hub messages alps | sed -n 's/^T[0-9]*://p'
}

start_hubd
ok "there is room" collect
ok "all is delivered" sp push
ok "and ingested" wait_for 20 level

# --- The spoke's spool ------------------------------------------------------------

# told FILL EMPTY WHAT: collect and write, while the spool is full.
told() {
	sp push # so that no segment is open
	$1 gw/spool
	exits "$3: collect" 75 collect
	has "$3: it is told" err 'association=alps what=spool'
	exits "$3: once" 75 collect
	is "$3: and no word more" "$(cat out err)" ""
	printf 'Type:STATUS\nTimestamp:1700000000\n\nload:1\n.\n' >in
	exits "$3: write" 75 sp write <in
	ok "$3: what was promised can be sent" sp push
	ok "$3: and comes" wait_for 20 level
	exits "$3: check knows" 2 sp check
	$2 gw/spool
	ok "$3: there is room again" collect
	has "$3: which is told" err 'over association=alps what=spool'
}
ok "one more" collect
told fill empty "no bytes"
umount gw/spool
small gw/spool nr_inodes=40
: >promised
ok "a spool that begins anew" collect
told fill_inodes empty_inodes "no inodes"

fill gw/state
ok "the spoke's state is full, and nothing new to note in it" collect
echo 'echo v:1; echo new:2' >values.sh
exits "a new leaf has no room" 75 sp collect --now
empty gw/state
ok "until there is some" sp collect --now
ok "it is delivered" sp push
ok "and ingested" wait_for 20 level

# --- The hub's ----------------------------------------------------------------------

# refused FILL EMPTY WHAT: a push, while the hub's spool is full.
refused() {
	ok "$3: a value" collect
	waiting=$(spoke_has waiting_messages)
	$1 noc/spool
	exits "$3: the hub takes nothing" 75 sp push
	has "$3: which is told" err 'association=alps what=delivery'
	has "$3: at the hub, too" noc/state/notices '	alps	delivery	.*[fF]ull|No space'
	first=$(grep '	alps	delivery	' noc/state/notices)
	exits "$3: it still does not" 75 sp push
	is "$3: which is not told again" "$(cat out err)" ""
	is "$3: nor at the hub" \
	    "$(grep '	alps	delivery	' noc/state/notices)" "$first"
	exits "$3: a monitor of the hub sees it" 2 hub check
	is "$3: the spoke keeps it" "$(spoke_has waiting_messages)" "$waiting"
	running "$hubd"
	is "$3: hubd runs on" $? 0
	$2 noc/spool
	ok "$3: there is room again" sp push
	is "$3: nothing waits" "$(spoke_has waiting_messages)" 0
	lacks "$3: the hub tells no more of it" noc/state/notices \
	    '	alps	delivery	'
	ok "$3: it is ingested" wait_for 20 level
}
refused fill empty "the hub's bytes"

# What a session that died had stored is copied by the next one, and where none comes
# by hubd: there is no room for that.
# left_open: the spoke's last message, as such a session leaves it.
left_open() {
	left_n=$(spoke_has last_msgid)
	left=noc/spool/alps/inbox/$(printf '%020d' "$left_n").open
	sp messages alps | sed -n "/^MsgID:$left_n\$/,\$p" >left
	cp left "$left"
}
# no_copy FILL EMPTY WHAT
no_copy() {
	stop "$hubd"
	ok "a copy without $3: a value" collect
	left_open
	$1 noc/spool
	exits "a copy without $3: nothing is taken" 75 sp push
	is "a copy without $3: the spoke keeps it" \
	    "$(spoke_has waiting_messages)" 1
	exits "a copy without $3: at the hub" 75 hub receive alps </dev/null
	has "a copy without $3: it says why" err \
	    'inbox: .*: No space left on device'
	ok "a copy without $3: nothing is lost" cmp left "$left"
	start_hubd
	wait_for 20 grep -q what=leftover hubd.err
	has "a copy without $3: hubd tells, too" hubd.err \
	    'alps what=leftover: .*died left open waits: .*: No space left'
	ok "a copy without $3: and a monitor sees it" wait_for 10 monitor_sees
	ok "a copy without $3: nothing is lost" cmp left "$left"
	$2 noc/spool
	ok "a copy with $3: hubd has it, by itself" wait_for 20 has_left
	has "a copy with $3: which is told" hubd.err 'over .*alps what=leftover'
	ok "a copy with $3: the spoke hears of it" sp push
	is "a copy with $3: nothing waits" "$(spoke_has waiting_messages)" 0
	ok "a copy with $3: it is there once" wait_for 20 level
}
monitor_sees() {
	hub check | grep -q 'CRITICAL.*alps: .*leftover: .*No space left'
}
has_left() {
	test "$(hub_has last_msgid)" = "$left_n"
}
no_copy fill empty "the hub's bytes"
archived >earlier
stop "$hubd"
umount noc/spool
small noc/spool nr_inodes=60
start_hubd
ok "a hub that lost its spool, but not its cursor: a value" collect
ok "is delivered" sp push
ok "and ingested" wait_for 20 level
refused fill_inodes empty_inodes "the hub's inodes"
no_copy fill_inodes empty_inodes "the hub's inodes"

# hubd's own: what is received waits until it can be stored.
fill noc/rrd
fill noc/state
ok "the hub's store and state are full: a value" collect
ok "is received" sp push
running "$hubd"
is "hubd runs on" $? 0
stop "$hubd" KILL
start_hubd
ok "one that begins, too: a value" collect
ok "is received" sp push
wait_for 20 grep -q 'what=store' hubd.err
is "it is told" $? 0
kill -HUP "$hubd"
ok "it reads its configuration anew" wait_for 20 grep -q 'read anew' hubd.err
# It looks at its inboxes every five seconds.
begun=$(date +%s)
has_looked() {
	test $(($(date +%s) - begun)) -gt 6
}
wait_for 20 has_looked
running "$hubd"
is "and it runs on" $? 0
empty noc/rrd
empty noc/state
ok "there is room again" wait_for 60 level
stop "$hubd"
is "hubd ends in order" $? 0
archived | cat - earlier | sort -u >there
sort -u promised >wanted
is "all that was promised is there" "$(comm -13 there wanted | tr '\n' ' ')" ""

# --- A hub's disk that fails --------------------------------------------------------

if command -v strace >/dev/null; then
	for call in pwrite64 fdatasync; do
		ok "the hub's disk: a value" collect
		authorize "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o $tmp/trace -e trace=$call -e inject=$call:error=EIO $hub_side"
		exits "the hub's disk fails, at $call" 75 sp push
		has "the night shift is told, at $call" noc/state/notices \
		    '	alps	delivery	.*Input/output error'
		exits "and a monitor, at $call" 2 hub check
		authorize
		ok "it does not any more, at $call" sp push
		lacks "which is over, at $call" noc/state/notices \
		    '	alps	delivery	'
	done
else
	skip "a hub's disk that fails" "strace is not installed"
fi

# --- A limit of what a file may have -----------------------------------------------

ok "a limit of file sizes: a value" collect
exits "a limit of file sizes ends a push as a full disk does" 75 \
    sh -c 'ulimit -f 0 && exec "$@"' sh spoke -c spoke.conf push
ok "and none lets it go on" sp push
is "nothing waits" "$(spoke_has waiting_messages)" 0

# --- A quota -------------------------------------------------------------------------

if command -v strace >/dev/null; then
	before=$(spoke_has last_msgid)
	for call in pwrite64 fdatasync; do
		rm -f gw/state/notices
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 exits \
		    "a quota that is spent, at $call" 75 strace -f -o trace \
		    -e "trace=$call" -e "inject=$call:error=EDQUOT" \
		    spoke -c spoke.conf collect --now
		has "is told, at $call" err 'what=spool: .*quota'
	done
	is "nothing of it is spooled" "$(spoke_has last_msgid)" "$before"
	ok "there is quota again" collect
else
	skip "a quota that is spent" "strace is not installed"
fi
done_testing
