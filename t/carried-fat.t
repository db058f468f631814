#!/bin/sh
# Transport dir on a FAT: a stick between two machines.  It knows no accounts,
# permissions and links, times of two seconds, and names in whatever case the
# last system wrote them; it gets full, and it is pulled out.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

PATH=$PATH:/usr/sbin:/sbin
need fusefat mkfs.vfat fsck.vfat

both="transport = dir compression = gzip"
# keys_of NODE THE-OTHER [KEYS]
keys_of() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	echo "dir { path = \"$tmp/stick\" } ${3-}"
}
# format: an empty stick, of 512 KiB.
format() {
	rm -f img
	truncate -s 512K img
	mkfs.vfat -n AXLETREE img >/dev/null
}
# plug [OPTIONS [WORDS]]: it is mounted, all of it open to all and of a stranger
# unless these say otherwise; its server is run behind those words.
plug() {
	mkdir -p stick
	# shellcheck disable=SC2086 # words
	start fat ${2-} fusefat -f -s -o "rw+,entry_timeout=0,attr_timeout=0" \
	    -o "${1-uid=4242,gid=4242,umask=0}" img stick
	stick_server=$pid
	wait_for 10 is_plugged
}
is_plugged() {
	grep -q " $tmp/stick fuse" /proc/self/mounts
}
unplug() {
	mkdir -p stick
	umount stick || fusermount -u stick
	wait_for 10 ended "$stick_server" || stop "$stick_server"
	rmdir stick
} 2>/dev/null
# pull_out: without a word to anybody, whatever is being written.
pull_out() {
	stop "$stick_server" KILL 2>/dev/null
	lib_unmount
	rmdir stick
}
# begin MODE [COMPRESSION]: two nodes, and a stick without anything on it, plugged in.
begin() {
	mode=$1
	both="transport = dir mode = $1 compression = ${2-none}"
	configure "$(keys_of gw noc)" "$(keys_of noc gw)"
	is_plugged && unplug
	fresh
	format
	plug
}
# shout DIRECTORY: another system was here, and wrote the names in capitals.
shout() {
	for name in "$1"/*; do
		base=$(basename "$name" | tr a-z A-Z)
		cp "$name" copy && rm "$name" && cp copy "$1/$base"
	done
}
# noise MESSAGES: as many, of 4 KiB each.
noise() {
	awk -v n="$1" -v seed="$$" 'BEGIN {
		srand(seed)
		for (i = 1; i <= n; i++) {
			print "Type:RESULT\nTimestamp:1785528690\n"
			for (k = 0; k < 4; k++) {
				line = "noise:"
				while (length(line) < 1000)
					line = line sprintf("%08x",
					    rand() * 4294967295)
				print line
			}
			print "."
		}
	}'
}
listing() {
	ls -lR --time-style=full-iso stick
}
# at_spoke: what moves the spoke's messages in this mode.
at_spoke() {
	if test $mode = push; then
		sp push
	else
		sp collect
	fi
}
# walk: there and back; walk_on: as often as it takes.
walk() {
	at_spoke
	hub pull
	at_spoke
}
walk_on() {
	walks=0
	until same >/dev/null 2>&1 && acked "$(spoke_has last_msgid)" ||
	    test $walks -eq 8; do
		walk
		walks=$((walks + 1))
	done
}
# both_settled WHAT: the hub has all, once and in order; the spoke knows, and
# nothing is left to carry.
both_settled() {
	ok "$1: all is there, once, in order" same
	is "$1: and acknowledged" "$(spoke_has acked_msgid)" \
	    "$(spoke_has last_msgid)"
	is "$1: nothing is left on the stick" \
	    "$(files stick/alps/to-hub) $(files stick/alps/to-spoke)" "0 0"
}

format
plug || skip_all "no FAT can be mounted here: $(tail -n 1 fat.err)"

# What kind of thing this is.
echo x >stick/Probe
is "names are folded" "$(cat stick/PROBE)" x
is "all is open, and a stranger's" "$(stat -c '%a %u' stick/Probe)" "777 4242"
touch -d '2020-01-01 00:00:01' stick/Probe
is "times are of two seconds" "$(stat -c %Y stick/Probe)" 1577836800
ln stick/Probe stick/other 2>/dev/null && fail "links" || pass "no links"
unplug

configure "$(keys_of gw noc)" "$(keys_of noc gw)"
sign_keys || skip_all "this build has no libsodium"

# --- There and back ------------------------------------------------------------

for mode in push pull; do
	begin $mode gzip
	collect 1 2
	ok "$mode: at the spoke" at_spoke
	before=$(listing)
	ok "$mode: nothing new" at_spoke
	is "$mode: nothing is written again" "$(listing)" "$before"
	# Behind the walk the stick shows other owners.
	unplug
	plug uid=77,gid=77,umask=077
	ok "$mode: at the hub" hub -v pull
	lacks "$mode: nothing is strange" err 'not ours|refused|trouble'
	before=$(listing)
	ok "$mode: nothing new there" hub pull
	is "$mode: nor is it written again" "$(listing)" "$before"
	resync
	ok "$mode: it asks for the configuration" hub pull
	unplug
	plug
	at_spoke
	ok "$mode: back at the spoke" acked 2
	collect 3 4
	at_spoke
	ok "$mode: which answers" hub pull
	at_spoke
	both_settled "$mode: there and back"
	has "$mode: with what was asked for" got.txt '^Generation:1$'
	is "$mode: once more" "$(grep -c '^Type:CONFIG$' got.txt)" 2

	# A system of capitals was here before, and writes the names anew.
	unplug
	format
	plug
	mkdir stick/ALPS stick/ALPS/TO-HUB stick/ALPS/TO-SPOKE
	walk
	collect 5 6
	at_spoke
	last=$(spoke_has last_msgid)
	shout stick/ALPS/TO-HUB
	ok "$mode: names in capitals" test -e "stick/ALPS/TO-HUB/ACK"
	echo x >stick/ALPS/TO-HUB/README.TXT
	before=$(ls stick/ALPS/TO-HUB)
	ok "$mode: the writer knows them for its own" at_spoke
	is "$mode: and writes none again" "$(ls stick/ALPS/TO-HUB)" "$before"
	resync
	ok "$mode: the hub, too" hub -v pull
	has "$mode: what is not ours is told" err 'not ours .*count=1$'
	ok "$mode: the others are taken" received "$last"
	is "$mode: and removed" "$(files stick/ALPS/TO-HUB '*.MSGS*')" 0
	shout stick/ALPS/TO-SPOKE
	at_spoke
	ok "$mode: acknowledgements are read" acked "$last"
	is "$mode: and what came with them removed" \
	    "$(files stick/ALPS/TO-SPOKE '*.MSGS*')" 0
	collect 7 8
	at_spoke
	shout stick/ALPS/TO-HUB
	ok "$mode: what the hub has by other ways" hub pull
	at_spoke
	both_settled "$mode: in capitals"
done

# A stranger's directory, open to all, is not where a node lives.
is_plugged || plug
cp noc.sign stick/
sed "s|$tmp/noc.sign\"|$tmp/stick/noc.sign\"|" hub.conf >other.conf
chmod 600 other.conf
exits "a key that lies on the stick" 78 hubctl -c other.conf pull
has "in words" err 'stick/noc.sign: belongs to uid 4242'
sed "s|$tmp/gw/spool|$tmp/stick/spool|" spoke.conf >other.conf
exits "a spool" 78 spoke -c other.conf collect
has "in words" err "stick: belongs to uid 4242, not to the node's account"

# --- Full ------------------------------------------------------------------------

# fill: as large a file of somebody else as goes on it.
fill() {
	head -c 1000000 /dev/zero >stick/full 2>/dev/null
}
for mode in push pull; do
	begin $mode
	collect 1 2
	walk

	# At the spoke: push ends so, collect tells it and goes on.
	fill
	collect 3 4 2>err
	if test $mode = push; then
		exits "push: a stick that is full" 75 sp push
		has "push: is told" err 'what=delivery'
		exits "push: and again" 75 sp push
		is "push: once" "$(cat err)" ""
	else
		has "pull: a stick that is full is told" err 'what=delivery'
		ok "pull: collect goes on" collect 3 4
	fi
	is "$mode: nothing is taken for acknowledged" \
	    "$(spoke_has acked_msgid)" 2
	ok "$mode: nor away from the spoke" test "$(spoke_has waiting_messages)" -gt 0
	is "$mode: no half of a file has a name" "$(files stick/alps/to-hub)" 0
	rm stick/full
	ok "$mode: there is room" at_spoke
	ok "$mode: it goes on" hub pull
	ok "$mode: and back" at_spoke
	both_settled "$mode: full at the spoke"

	# More than it holds: what fits goes first, walk by walk.
	i=0
	while test $i -lt 4; do
		noise 50 >noise.txt
		sp write <noise.txt 2>/dev/null
		i=$((i + 1))
	done
	test $mode = pull || exits "push: more than the stick holds" 75 sp push
	ok "$mode: a part of it is there" test "$(files stick/alps/to-hub)" -gt 0
	ok "$mode: but not all" test "$(files stick/alps/to-hub)" -lt 4
	# Full to the last byte when it comes to the hub.
	fill
	ok "$mode: what the hub took makes room for its word" hub pull
	is "$mode: all of that is gone" "$(files stick/alps/to-hub)" 0
	at_spoke
	ok "$mode: which the spoke hears" test "$(spoke_has acked_msgid)" -gt 5
	rm stick/full
	walk_on
	both_settled "$mode: more than it holds"

	# At the hub, which has an answer and no room for it.
	collect 7 7
	at_spoke
	resync
	fill
	exits "$mode: full at the hub" 75 hub pull
	ok "$mode: but it has what was there" received "$(spoke_has last_msgid)"
	rm stick/full
	ok "$mode: the hub, with room" hub pull
	at_spoke
	walk_on
	both_settled "$mode: full at the hub"
done

# --- Pulled out --------------------------------------------------------------------

# save, restore: both nodes and the stick, which is not plugged in.
save() {
	unplug
	rm -rf saved
	mkdir saved
	cp -a gw noc img saved/
}
restore() {
	rm -rf gw noc img
	cp -a saved/gw saved/noc saved/img .
}
at_hub() {
	hub pull
}
writes="strace -D -f -qq -e signal=none -P $tmp/img -e trace=write"
# pulls WHO POINTS: runs at_spoke or at_hub from what was saved and pulls the
# stick out at some of the writes on it, each time anew (with $CAMPAIGN at all
# of them).  What was being written there is half, or not at all; then the walks
# go on.
pulls() {
	restore
	plug umask=077 "$writes -o trace"
	before=$(grep -c 'write(' trace)
	"at_$1" >/dev/null 2>&1
	unplug
	most=$(grep -c 'write(' trace)
	ok "$mode: the $1 writes on it" test "$most" -gt $((before + $2))
	step=$(((most - before) / $2))
	test -z "${CAMPAIGN-}" || step=1
	point=$((before + step / 2 + 1))
	bad=
	while test "$point" -le "$most"; do
		pull_at "$1" "$point" || bad="$bad $point:$wrong"
		point=$((point + step))
	done
	is "$mode: pulled out while the $1 writes" "$bad" ""
}
# pull_at WHO WRITE: sets $wrong where it returns 1.
pull_at() {
	restore
	wrong=status
	plug umask=077 "$writes -o /dev/null -e inject=write:signal=KILL:when=$2"
	"at_$1" >now 2>now.err
	case $?.$mode.$1 in
	75.* | 0.pull.spoke) ;; # collect goes on
	*) return 1 ;;
	esac
	running "$stick_server" && return 1
	pull_out
	# what collect says was told when there was no stick
	wrong=words
	grep -q 'what=delivery' now.err || test "$mode.$1" = pull.spoke ||
	    return 1
	wrong=kept
	"$1_has_all" || return 1
	fsck.vfat -a img >/dev/null
	plug umask=077
	walk_on 2>walk.err
	unplug
	wrong=settled
	same && acked "$(spoke_has last_msgid)"
}
# What waited is there yet: at the spoke, and what the hub had.
spoke_has_all() {
	test "$(sp messages alps | grep -c '^MsgID:')" -eq "$last" &&
	    test "$(spoke_has acked_msgid)" -eq 2
}
hub_has_all() {
	received 2
}
if strace -qq -o /dev/null true 2>/dev/null; then
	for mode in push pull; do
		begin $mode
		collect 1 2
		walk
		unplug
		for i in 1 2; do
			noise 5 >noise.txt
			sp write <noise.txt 2>/dev/null
		done
		last=12
		plug umask=077
		save
		pulls spoke 3
		plug umask=077
		at_spoke
		resync
		save
		pulls hub 2
	done
else
	skip "a stick that is pulled out" "strace may not trace here"
fi
done_testing
