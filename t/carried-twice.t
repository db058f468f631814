#!/bin/sh
# Two looks at what was carried, at once, by real processes: at each end that looks, by
# rsync and dir.  The one in the middle of it is not disturbed, and the other gives way
# without a word; where the first dies the other takes all.  Nothing is taken twice.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

need rsync strace
strace -qq -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"
# The leak sanitizer cannot work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

# begin TRANSPORT MODE: two nodes that know each other.
begin() {
	transport=$1 mode=$2
	rm -rf gw noc share
	mkdir -m 700 gw noc share
	both="transport = $1 mode = $2 compression = gzip"
	case $1-$2 in
	rsync-push) configure "$(finds noc)" "" ;;
	rsync-pull) configure "" "$(finds gw)" ;;
	dir-*) configure "$(shares gw noc)" "$(shares noc gw)" ;;
	esac
	test "$transport" = rsync || test -e gw.sign || sign_keys || return
	hub status >/dev/null # makes its directories
	sp collect --now
	resync
	settles "$1 $2: both ends know each other"
}
finds() {
	echo "rsync { put = \"$tmp/$1/spool/alps/staging\""
	echo "get = \"$tmp/$1/spool/alps/outbox\" }"
}
shares() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	echo "dir { path = \"$tmp/share\" }"
}

# --- What goes on --------------------------------------------------------------------

# exchange: all that there is to say, both ways.
exchange() {
	case $transport-$mode in
	rsync-push) hubd_looks && sp push --always && hubd_looks ;;
	rsync-pull) hub pull && sp collect && hub pull ;;
	dir-push) sp push --always && hub pull && sp push --always ;;
	dir-pull) sp collect && hub pull && sp collect ;;
	esac
}
settled() {
	exchange && test "$(spoke_has waiting_messages)" = 0 &&
	    test "$(hub_has to_spoke_waiting)" = 0
}
settles() {
	ok "$1" wait_for 60 settled
}
hubd_looks() {
	start_hubd
	wait_for 20 hubd_looked
	hubd_looks_status=$?
	stop "$hubd"
	return $hubd_looks_status
}
# What came is taken, and what is asked is made ready.
hubd_looked() {
	test -d noc/spool/alps/outbox &&
	    test "$(files noc/spool/alps/staging)" = 0 &&
	    test "$(files noc/spool/alps/outbox '*.msgs')" = \
	    "$(files noc/spool/alps/outbox '*.msgs.gz')"
}
# bring END: something is on its way to it, or lies there.
bring() {
	case $transport-$mode-$1 in
	*-noc) sp collect --now ;;
	*) resync ;;
	esac
	case $transport-$mode-$1 in
	rsync-push-noc) sp push ;;
	rsync-push-gw) hubd_looks ;;
	rsync-pull-gw) hub pull ;;
	dir-push-noc) sp push ;;
	dir-*-gw) hub pull ;;
	esac
}
# What lies there, of what is to be taken and of what was.
lies() {
	case $transport-$1 in
	rsync-*) lies_in=$1/spool/alps/staging ;;
	dir-noc) lies_in=share/alps/to-hub ;;
	dir-gw) lies_in=share/alps/to-spoke ;;
	esac
	ls -l --time-style=full-iso $lies_in "$1/spool/alps/inbox" \
	    "$1/spool/alps/ledger"
}
# asked: what the hub said, as the spoke has taken it.
asked() {
	find gw/spool/alps/inbox gw/spool/alps/archive -name '*.msgs' \
	    -exec cat {} + | sed -n 's/^MsgID://p' | sort -n
}

# --- One that stops in its middle ------------------------------------------------------

# holder END: who looks there.
holder() {
	awk -v i=":$(stat -c %i "$1/spool/alps/session.lock")" '
		$2 == "POSIX" && substr($6, length($6) - length(i) + 1) == i {
			print $5; found = 1 }
		END { exit !found }' /proc/locks
}
# stopped END: in the middle of it.
stopped() {
	stopped_pid=$(holder "$1") &&
	    grep -q "^$stopped_pid  *--- stopped by SIGSTOP" "$trace"
}
# stopping END CALL:K: sets $stops, words to put before a command, each process of which
# stops on its way out of the K-th such call in the inbox.
trace_n=0
stopping() {
	trace_n=$((trace_n + 1))
	trace=$tmp/trace.$trace_n
	: >"$trace"
	stops="strace -D -f -qq -o $trace -P $tmp/$1/spool/alps/inbox
	    -e trace=${2%:*} -e inject=${2%:*}:signal=STOP:when=${2#*:}"
}
# in_its_middle NAME: what was started so, and writes NAME.err, looks at that end.
in_its_middle() {
	ok "$what: a look is in its middle" wait_for 60 stopped $end ||
	    diag "holder: $(holder $end)" "$(tail -n 20 "$trace" "$1.err")"
}
# beside WHAT COMMAND...: it gives way.
beside() {
	beside_what=$1
	shift
	before=$(lies $end)
	exits "$what: $beside_what beside it ends well" 0 "$@"
	has "$what: $beside_what says so, where it is asked to say all" err \
	    'another (delivery is running|is at it) association=alps'
	lacks "$what: $beside_what is no trouble" err 'trouble|refused'
	is "$what: $beside_what touches nothing" "$(lies $end)" "$before"
}
# all_once: what was brought, and nothing went wrong on the way.
all_once() {
	settles "$what: all is acknowledged"
	ok "$what: all is there, once" same
	is "$what: what was asked, too" "$(asked)" \
	    "$(seq "$(asked | tail -n 1)")"
	is "$what: nothing is refused" "$(hub_has refused) $(spoke_has refused) $(
		find ./*/spool/alps/quarantine -type f | wc -l)" "0 0 0"
}
# first POINT COMMAND...: a look that stops there.
first() {
	what="$transport $mode, at $end, $1"
	bring $end
	stopping $end "$1"
	shift
	# shellcheck disable=SC2086 # words
	start first $stops "$@"
	first=$pid
	in_its_middle first
}
# lets PID COMMAND...: it holds, once all processes of that one may go on.
lets() {
	# shellcheck disable=SC2046 # a list of numbers
	kill -CONT $(lib_tree "$1")
	shift
	"$@"
}
goes_on() {
	ok "$what: it ends when it may" wait_for 30 lets "$first" ended "$first"
	wait "$first"
	is "$what: it goes on" $? 0
	is "$what: and says nothing" "$(cat first.err)" ""
	all_once
}
# dies COMMAND...: the one that looks; that command waits for it, or is the next.
dies() {
	start second "$@"
	second=$pid
	kill -KILL "$(holder $end)"
	wait_for 20 lets "$first" ended "$first"
	wait "$first"
	is "$what: it dies, and its parent says so" $? "$dies_status"
	has "$what: in words" first.err 'was killed .signal 9.'
	wait "$second"
	is "$what: the other ends well" $? 0
	all_once
	rm -f gw/state/notices noc/state/notices
}
# race COMMAND COMMAND: both at once, a few times.
race() {
	what="$transport $mode, at $end, at once"
	race_bad=0
	for race_n in 1 2 3 4 5; do
		bring $end
		start first sh -c "$1"
		first=$pid
		start second sh -c "$2"
		wait "$first" || race_bad=$((race_bad + 1))
		wait "$pid" || race_bad=$((race_bad + 1))
		cat first.err second.err >>race.err
	done
	is "$what: each ends well" $race_bad 0
	is "$what: and says nothing" "$(cat race.err)" ""
	rm -f race.err
	all_once
}
# spoke_looks POINT LOOK BESIDE...: by verbs of its own, the first of which stops there.
spoke_looks() {
	end=gw
	# shellcheck disable=SC2086 # words
	first "$1" spoke -c spoke.conf $2
	shift 2
	for verb; do
		# shellcheck disable=SC2086 # words
		beside "spoke $verb" sp -v $verb
	done
	goes_on
}
# hub_looks: by its own command.
hub_looks() {
	end=noc dies_status=75
	first fsync:2 hubctl -c hub.conf pull
	beside "another pull" hub -v pull
	goes_on
	first renameat2:1 hubctl -c hub.conf pull
	dies hubctl -c hub.conf pull
	race "hubctl -c hub.conf pull" "hubctl -c hub.conf pull"
}

# --- Each end --------------------------------------------------------------------------

# A spoke that dials, and a collector that looks.  Whose parent dies of a look's end is
# told to who dials.
begin rsync push
spoke_looks fsync:2 "push --always" "push --always" collect
dies_status=75
first fsync:2 spoke -c spoke.conf push --always
dies spoke -c spoke.conf collect
race "spoke -c spoke.conf push --always" "spoke -c spoke.conf collect"

# hubd, whose process of looks was killed and is begun anew while one goes on.
end=noc
what="rsync push, at noc, a killed hubd's"
bring noc
stopping noc fsync:2
# shellcheck disable=SC2086 # words
start hubd $stops hubd -v -c hub.conf
hubd=$pid
in_its_middle hubd
before=$(lies noc)
first=$(holder noc)
looks=$(awk '/^PPid:/ { print $2 }' "/proc/$first/status")
kill -KILL "$looks"
ok "$what: another process looks, too" wait_for 20 grep -q 'sessions: killed by signal 9, begins again' hubd.err
is "$what: it touches nothing" "$(lies noc)" "$before"
kill -CONT "$first"
ok "$what: the first one dies" wait_for 10 ended "$first"
ok "$what: the other takes all" wait_for 30 lets "$hubd" hubd_looked
stop "$hubd"
lacks "$what: that is no trouble of the association" hubd.err \
    'trouble association='
all_once

begin rsync pull
hub_looks
spoke_looks fsync:1 collect "announce alps"
dies_status=0
first fsync:2 spoke -c spoke.conf collect
dies spoke -c spoke.conf push --always
race "spoke -c spoke.conf collect" "spoke -c spoke.conf announce alps"

if begin dir push; then
	hub_looks
	spoke_looks fsync:2 "push --always" "push --always"
	race "spoke -c spoke.conf push --always" \
	    "spoke -c spoke.conf push --always"
	begin dir pull
	hub_looks
	spoke_looks fsync:2 collect "announce alps"
else
	skip "a shared directory" "this build has no libsodium"
fi
done_testing
