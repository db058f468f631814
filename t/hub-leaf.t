#!/bin/sh
# A leaf that cannot be stored fails alone: it is told, with its association,
# and no other value, mark, compilation or end of hubd waits for it.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"

{
	echo 'hub { settle = 0 }'
	store
} | nodes pull
# A link to nowhere: a file below it cannot be made.
mkdir -p hub/rrd/main/Sites/Alps
ln -s "$tmp/nowhere" hub/rrd/main/Sites/Alps/sub
told() {
	grep -c 'trouble association=alps what=leaf' hubd.err
}

start_hubd
config /good /sub/bad | deliver
ok "its tree goes live" wait_for 10 live /Sites/Alps/sub/bad
{ data 1 T1:1 T2:1; data 2 T1:2 T2:2; } | deliver
ok "DATA is ingested" wait_for 10 inbox_is_empty
ok "values of another leaf are shown" hub values /Sites/Alps/good
has "as they came" out '	2$'
config /good /sub/bad /more | deliver
ok "another tree goes live" wait_for 10 live /Sites/Alps/more
has "it was told, naming leaf and association" hubd.err \
    'trouble association=alps what=leaf: values of /Sites/Alps/sub/bad are not stored.*next: .*hubctl.* tree --params /Sites/Alps/sub/bad'
lacks "the store is not in trouble" hubd.err 'what=store'
data 3 T1:3 T2:3 T3:3 | deliver
ok "more DATA is ingested" wait_for 10 inbox_is_empty
kill -USR1 "$pid"
ok "its values are counted" wait_for 10 \
    grep -q 'state store values=.* refused=[1-9]' hubd.err
stop "$pid"
is "SIGTERM ends it in order" "$?" 0
for i in 1 2 3; do
	is "the others are stored: $i" "$(stored good $i)" $i
done
is "hubctl status shows it" \
    "$(hub --json status alps | grep -o '"state":"[a-z]*"')" \
    '"state":"leaf"'
mark=$(sed -n 's/^at [0-9a-f]* \([0-9]*\) .*/\1/p' hub/state/lowwater/alps)
is "the mark has moved over all" "$mark" 5

# The next start applies nothing again, and does not tell again.
told=$(told)
start_hubd
data 4 T1:4 T2:4 T3:4 | deliver
ok "the next start takes more" wait_for 10 inbox_is_empty
lacks "and nothing again" hubd.err 'applied again'
is "its state says which" "$(hub --json status alps |
    grep -o '"state":"[a-z]*"')" '"state":"leaf"'
stop "$pid"
is "it is not told again" "$(told)" 0

# Mended.
rm hub/rrd/main/Sites/Alps/sub
start_hubd
data 5 T1:5 T2:5 T3:5 | deliver
ok "mended, it takes more" wait_for 10 inbox_is_empty
stop "$pid"
is "the leaf is stored" "$(stored sub/bad 5)" 5
has "and that is told" hubd.err 'over association=alps what=leaf'

# The file of a leaf that is gone is in the way of another's directory.
start_hubd
config /good /sub/bad /more /x | deliver
ok "one more leaf" wait_for 10 live /Sites/Alps/x
data 6 T1:6 T2:6 T3:6 T4:6 | deliver
ok "with a value" wait_for 10 inbox_is_empty
ok "that is stored" hub values /Sites/Alps/x
config /good /sub/bad /more /x.rrd/s/y | deliver
ok "a tree that it is in the way of goes live" wait_for 10 \
    live /Sites/Alps/x.rrd/s/y
data 7 T1:7 T2:7 T3:7 T4:7 | deliver
ok "values come" wait_for 10 inbox_is_empty
ok "the leaf has none" hub values /Sites/Alps/x.rrd/s/y
is "at all" "$(cat out)" ""
is "but in the archive" \
    "$(hub values --raw /Sites/Alps/x.rrd/s/y | cut -f 2)" 7
stop "$pid"
is "the end is in order" "$?" 0
is "the others are stored" "$(stored good 7)" 7
has "and it is told" hubd.err \
    'what=leaf: values of /Sites/Alps/x.rrd/s/y are not stored.*has the name'

# The other way: its directory has the name of a file.
mv hub/rrd/main/Sites/Alps/good.rrd kept
mkdir hub/rrd/main/Sites/Alps/good.rrd
exits "no values of a directory" 65 hub values /Sites/Alps/good
has "in words" err 'is no file, .*--raw'
exits "nor a graph" 65 hub graph /Sites/Alps/good -o good.png
rmdir hub/rrd/main/Sites/Alps/good.rrd
mv kept hub/rrd/main/Sites/Alps/good.rrd
config /a /a.rrd/b >bad
exits "both at once are refused" 65 spoke -c spoke.conf write <bad
has "with both names" err '/a and /a.rrd/b collide'

# One file is removed by hand: it begins anew, and the archive fills it, as
# operations.md says.
start_hubd
rm hub/rrd/main/Sites/Alps/good.rrd
data 8 T1:8 | deliver
ok "without its file DATA is ingested" wait_for 10 inbox_is_empty
ok "and shown" hub values /Sites/Alps/good
stop "$pid"
is "the file begins anew" "$(stored good 7) $(stored good 8)" "-nan 8"
lacks "that is no trouble" hubd.err 'trouble .*what=(leaf|store)'
sed -n '/One RRD file is gone/,/^\*\*The hub lost/p' \
    "$top_srcdir/doc/operations.md" | sed -n 's/^    //p' |
    sed "s|/Sites/Alps/v|/Sites/Alps/good|; s|^hubctl|& -c $tmp/hub.conf|" >refill
is "its recipe has its lines" "$(grep -vc '^#' refill)" 4
cd hub/rrd/main/Sites/Alps || exit 1
mv good.rrd v.rrd
(. "$tmp/refill") >"$tmp/out" 2>"$tmp/err"
is "and works" "$? $(cat "$tmp/err")" "0 "
mv v.rrd good.rrd
cd "$tmp" || exit 1
for i in 1 2 3 4 5 6 7 8; do
	is "it has the value again: $i" "$(stored good $i)" $i
done
start_hubd
data 9 T1:9 | deliver
ok "and goes on" wait_for 10 inbox_is_empty
stop "$pid"
is "with what comes" "$(stored good 9)" 9

# Bounds that make no file are refused where they are written.
{
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\n' "$now"
	printf 'level2-path:/a\nrrd-create-min:10\nrrd-create-max:1\n.\n'
} >bad
exits "a minimum above its maximum is refused" 65 \
    spoke -c spoke.conf write <bad
has "in words" err \
    'token T1: rrd-create-min 10 is not below rrd-create-max 1'
done_testing
