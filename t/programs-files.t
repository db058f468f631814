#!/bin/sh
# Where the programs make files: below the node's three directories and nowhere
# else, by no name that others could have waiting in /tmp.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

need strace
# made NAME COMMAND...: runs it; the files that it, or a child, made, renamed
# or bound are in NAME.made.
made() {
	made=$1
	shift
	TMPDIR=$tmp/elsewhere ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -y -qq -o "$made.trace" -e trace=openat,open,creat,mkdir,\
mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,bind,mknod \
	    "$@" >"$made.out" 2>"$made.err"
	made_status=$?
	grep -E 'O_CREAT|^[0-9]+ +(creat|mkdir|rename|link|symlink|bind|mknod)' \
	    "$made.trace" | grep -v ' = -1 E' >"$made.made"
	return $made_status
}
# elsewhere NAME DIRECTORY: the lines of NAME.made about other places.
elsewhere() {
	grep -v -e "<$2/" -e "\"$2/" -e "<$2>" -e "=\"$2/" \
	    -e '"/dev/null"' "$1.made"
}

for node in gw noc; do
	mkdir -p -m 700 $node
done
ok "collect" made collect spoke -c spoke.conf collect
test -s collect.made
is "makes files" "$?" 0
is "all of them in its directories" "$(elsewhere collect "$tmp/gw")" ""
printf 'Type:STATUS\nTimestamp:1\n\na:1\n.\n' >in
ok "write" made write spoke -c spoke.conf write <in
is "there, too" "$(elsewhere write "$tmp/gw")" ""
ok "push" made push spoke -c spoke.conf push
is "there, too" "$(elsewhere push "$tmp/gw")" ""
start hubd strace -f -y -qq -o hubd.trace -e trace=openat,mkdirat,renameat,\
renameat2,bind,mknod env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" hubd \
    -c hub.conf
ingested() {
	test "$(hub_has waiting_messages)" = 0 &&
	    hub tree | grep -q /Sites/alps/a/v
}
ok "a hub ingests" wait_for 30 ingested
kill "$(cat "/proc/$pid/task/$pid/children")"
wait "$pid"
grep -E 'O_CREAT|^[0-9]+ +(mkdir|rename|bind|mknod)' hubd.trace |
    grep -v ' = -1 E' >hubd.made
test -s hubd.made
is "makes files" "$?" 0
is "all of them in its directories" "$(elsewhere hubd "$tmp/noc")" ""
test ! -e "$tmp/elsewhere"
is "TMPDIR is nobody's business" "$?" 0

is "nothing in them is for others to read" \
    "$(find gw/state gw/spool noc/state noc/spool -perm /077)" ""

# What lies about in a spool does not slow it down.
clutter() {
	awk 'BEGIN { for (i = 1; i <= 10000; i++)
		printf "%s%c", ".tmp-999999-" i, 0 }' |
	    (cd gw/spool/alps/outbox && xargs -0 touch)
	touch gw/spool/alps/outbox/core gw/spool/alps/outbox/x~ \
	    gw/spool/alps/outbox/.x.swp
	mkdir -p gw/spool/alps/outbox/dir
}
clutter
ok "a spool full of others' files" sp collect --now
has "which are counted" err 'not ours .*count=[0-9]+'
ls -a gw/spool/alps/outbox >left
has "left where they are" left '^core$'
is "what dead writers left is gone" "$(grep -c '^\.tmp-' left)" 0
ok "and the next cycle" sp collect --now
ok "is delivered" sp push
done_testing
