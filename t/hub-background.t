#!/bin/sh
# hubd in the background: whom it was started by goes on at once, and holds nothing
# of it; its processes have a session of their own, work as in the foreground, and
# end with it.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

hub_conf ''
spoke_conf "http://127.0.0.1:$port/" 'token = alps.token'
ok "a spoke measures" sp collect --now

# of CONF: hubd's processes, its first.
of() {
	ps -e -o pid=,args= | awk -v c="hubd -c $tmp/$1 -d" '
	    substr($0, length($0) - length(c) + 1) == c { print $1 }'
}
lib_background() {
	for left in $(of hub.conf); do
		kill -KILL "$left" 2>/dev/null
	done
	lib_cleanup
}
trap lib_background EXIT

# Who reads what it says waits until all have closed it.
start began sh -c 'hubd -c "$0/hub.conf" -d 2>&1 | cat >said; echo done' "$tmp"
began=$pid
ok "it leaves whoever started it" wait_for 30 ended "$began"
has "also who reads what it says" began.out done
is "which is nothing" "$(cat said)" ""
first=$(of hub.conf | head -n 1)
ok "it is there" test -n "$first"
ok "and its process of sessions" test "$(of hub.conf | wc -l)" -ge 2
is "in a session of its own" "$(ps -o sid= -p "$first" | tr -d ' ')" "$first"
ours=
for process in $(lib_tree "$first"); do
	for fd in 0 1 2; do
		case $(readlink "/proc/$process/fd/$fd") in
		/dev/null | socket:* | "") ;;
		*) ours="$ours $process:$fd" ;;
		esac
	done
done
is "none of them has what we have open" "$ours" ""

exits "another one is refused" 75 hubd -c "$tmp/hub.conf" -d
has "and says why, to who started it" err 'hubd'
sed 's/^association "alps" {/& nonsense = 1/' hub.conf >bad.conf
exits "a wrong configuration" 78 hubd -c "$tmp/bad.conf" -d
has "is told to who started it" err 'bad.conf:[0-9]+: .*nonsense'

ok "it listens" wait_for 20 is_open "$port"
ok "a spoke pushes to it" sp push
ingested() {
	hub status --json | grep -q '"last_msgid":2,'
}
ok "and it takes what came" wait_for 20 ingested
kill -HUP "$first"
ok "a reload" sp push --always

processes=$(lib_tree "$first")
kill -TERM "$first"
all_ended() {
	for process in $processes; do
		ended "$process" || return 1
	done
}
ok "it ends, and all that it started" wait_for 40 all_ended

# Without -d it stays, and says there what it does.
start front hubd -c "$tmp/hub.conf" -v
front=$pid
ok "in the foreground it says what it does" \
    wait_for 20 grep -q 'listening address' front.err
ok "and stays" running "$front"
stop "$front" TERM 40
is "until it is ended" $? 0
done_testing
