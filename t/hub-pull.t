#!/bin/sh
# hubd pulls by itself: many sites, one of them dead and one that says nothing;
# what is told, reloads, ends.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

# site NAME [KEYS]: a spoke of that name, pulled each second over exec.
site() {
	mkdir -p -m 700 "$1"
	{
		echo "node \"$1\" { state = \"$tmp/$1/state\""
		echo "spool = \"$tmp/$1/spool\" run = \"$tmp/$1/run\" }"
		site_association "$1" "${2-}"
		echo 'collector "a" { type = exec subtree = "/a" period = 1d'
		echo "command = {\"/bin/sh\", \"$tmp/values.sh\"} }"
	} >"$1.conf"
	chmod 600 "$1.conf"
}
site_association() {
	echo "association \"$1\" { hub = \"noc\" spoke = \"$1\""
	echo "hub-subtree = \"/Sites/$1\" mode = pull transport = exec"
	echo "pull-interval = 1s ${2-} exec {"
	case $1 in
	dead) echo 'command = {"/bin/sh", "-c", "echo no carrier >&2; exit 1"}' ;;
	stalled)
		echo "command = {\"/bin/sh\", \"-c\","
		echo "\"echo \$\$ >>$tmp/stalled.pids; exec sleep 1000\"}"
		;;
	*) echo "command = {\"$spoke\", \"-c\", \"$tmp/$1.conf\", \"serve\", \"$1\"}" ;;
	esac
	echo "env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} } }"
}
# hub_of NAME...: hub.conf with those sites.
hub_of() {
	{
		side noc
		for hub_site; do
			site_association "$hub_site" "${keys-}"
		done
		echo 'hub { settle = 0 settle-max = 1s }'
		echo "store \"rrd\" { type = rrd directory = \"$tmp/noc/rrd\" }"
	} >hub.new
	chmod 600 hub.new
	mv hub.new hub.conf
}
collect() {
	spoke -c "$tmp/$1.conf" collect --now
}
has_all() {
	test "$(spoke -c "$tmp/$1.conf" messages "$1")" = \
	    "$(hub messages "$1" 2>/dev/null)"
}
all_have_all() {
	for all_site; do
		has_all "$all_site" || return 1
	done
}
state() {
	hub status --json "$1" | sed 's/.*"state":"\([a-z]*\)".*/\1/'
}
state_is() {
	test "$(state "$1")" = "$2"
}
told() {
	grep -c "$1" hubd.err
}

# --- Values arrive -----------------------------------------------------------

for name in one two three dead stalled; do
	site "$name"
	collect "$name"
done
hub_of one two three dead stalled
start hubd hubd -c "$tmp/hub.conf"
hubd=$pid
ok "hubd pulls what waits at its spokes" \
    wait_for 30 all_have_all one two three
live() {
	hub values "/Sites/$1/a/v" --raw 2>/dev/null | grep -q '	1$'
}
for name in one two three; do
	ok "and stores the values of $name" wait_for 30 live "$name"
done
ok "a dead site shows" wait_for 30 state_is dead delivery
ok "one that says nothing is waited for" wait_for 30 test -s stalled.pids
for cycle in 1 2 3; do
	for name in one two three; do
		collect "$name"
	done
	ok "cycle $cycle goes on meanwhile" \
	    wait_for 30 all_have_all one two three
done
is "the dead one is told of once" \
    "$(told 'trouble association=dead what=delivery.*no carrier')" 1
has "with what to do next" hubd.err 'next: hubctl -c .*hub.*conf -v pull dead'
is "and nothing of the others" \
    "$(grep trouble hubd.err | grep -c 'association=\(one\|two\|three\)')" 0

# --- The return path ---------------------------------------------------------

last_of() {
	spoke -c "$tmp/$1.conf" status --json |
	    sed 's/.*"last_msgid":\([0-9]*\).*/\1/'
}
before=$(last_of one)
"$top_builddir/t/put_resync" noc/spool/one 0
answered() {
	test "$(last_of one)" -gt "$before"
}
ok "a RESYNC reaches a spoke" wait_for 30 answered
ok "and its answer comes back" wait_for 30 has_all one

# --- Reloading ---------------------------------------------------------------

site four
collect four
# the dead one is repaired, by another command; the stalled one is no more
revived() {
	{
		sed '/association "dead"/,$d' hub.conf
		sed '/^association/,$!d; /^collector/,$d' one.conf |
		    sed 's/one/dead/g'
		site_association four
		echo 'hub { settle = 0 settle-max = 1s }'
		echo "store \"rrd\" { type = rrd directory = \"$tmp/noc/rrd\" }"
	} >hub.new
	chmod 600 hub.new
	mv hub.new hub.conf
}
revived
kill -HUP "$hubd"
ok "a new site is pulled after a reload" wait_for 60 has_all four
stalled_over() {
	for stalled_pid in $(cat stalled.pids); do
		ended "$stalled_pid" || return 1
	done
}
ok "one that is no more is let go" wait_for 30 stalled_over
# a reload does not shorten its delay, which has grown with the time so far
ok "a dead one that lives is pulled" wait_for 150 has_all dead
over() {
	test "$(state dead)" != delivery
}
ok "and its trouble is over" wait_for 30 over
is "which is told once" "$(told 'over association=dead what=delivery')" 1

# --- Ends --------------------------------------------------------------------

offspring() {
	lib_tree "$hubd" | grep -v "^$hubd\$"
}
offspring >children
test "$(wc -l <children)" -ge 2
is "there are processes for mail and for sessions" $? 0
none_left() {
	for none_pid in $(cat children); do
		ended "$none_pid" || return 1
	done
}
keys='keep = yes'
hub_of one two three stalled
: >stalled.pids
for name in one two three stalled; do
	site "$name" "$keys"
done
kill -HUP "$hubd"
kept() {
	test -s stalled.pids && test "$(ps -e -o args= |
	    grep -c "^[^ ]*spoke -c $tmp/[a-z]*.conf serve")" -ge 3
}
ok "sessions are kept open where that is wanted" wait_for 60 kept
collect two
ok "what is new is there without another" wait_for 10 has_all two
offspring >children
kill -KILL "$hubd"
ok "a hubd that is killed takes its sessions along" wait_for 20 none_left
kept_none() {
	test "$(ps -e -o args= |
	    grep -c "^[^ ]*spoke -c $tmp/[a-z]*.conf serve")" -eq 0
}
ok "at the far ends too" wait_for 20 kept_none
ok "and the silent command" wait_for 20 stalled_over

start hubd hubd -c "$tmp/hub.conf"
hubd=$pid
: >stalled.pids
ok "the next one dials them again" wait_for 60 kept
offspring >children
stop "$hubd" TERM 40
is "a hubd that is stopped ends well" $? 0
ok "with all its sessions" wait_for 20 none_left
ok "also at the far ends" wait_for 20 kept_none
lacks "that it ended is no trouble of a site" hubd.err 'what=delivery.*asked to end'

start hubd hubd -c "$tmp/hub.conf"
hubd=$pid
pulls() {
	ps -o pid= -o comm= --ppid "$hubd" | sed -n 's/ sessions$//p'
}
sessions_up() {
	test -n "$(pulls)"
}
ok "sessions have a process" wait_for 20 sessions_up
keeper=$(pulls | tr -d ' ')
ok "which works in another" wait_for 20 pgrep -P "$keeper"
worker=$(pgrep -P "$keeper")
kill -KILL "$worker"
ok "that one is killed" wait_for 10 ended "$worker"
collect one
ok "and begun again: what is new is pulled" wait_for 40 has_all one
lacks "which is no trouble" hubd.err 'what=sessions'

# Nothing but another hubd can begin anew what begins the sessions anew.
for child in sessions mailer; do
	if test $child = mailer; then
		start hubd hubd -c "$tmp/hub.conf"
		hubd=$pid
		wait_for 20 sessions_up
		ok "another hubd: its sessions are there again" wait_for 20 \
		    grep -q 'over .*what=sessions' hubd.err
	fi
	keeper=$(ps -o pid= -o comm= --ppid "$hubd" | sed -n "s/ $child\$//p")
	offspring >children
	# shellcheck disable=SC2086 # a number and blanks
	kill -KILL $keeper
	ok "the keeper of the $child is killed: hubd ends" wait_for 20 \
	    ended "$hubd"
	wait "$hubd"
	is "and asks to be begun again" $? 75
	has "which is told" hubd.err "trouble.*what=$child"
	has "with why" hubd.err "hubd: the keeper of the $child was killed"
	ok "nothing of it is left" wait_for 20 none_left
done
done_testing
