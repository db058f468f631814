#!/bin/sh
# A session that is kept open over a command, whose far end goes: asked to, as by a
# restart or a newer session, or killed.  The first time that is no trouble, where the
# next call finds it there; the second time soon after it is, and so is one that is
# not there.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

echo 'echo v:1' >values.sh
keys='keep = yes'

# begin MODE: $dials, its log in dials.err.  The far side is there while gone is not.
begin() {
	rm -rf gw noc gone
	mkdir -m 700 gw noc
	over_exec "$1" /bin/sh -c "test ! -e $tmp/gone || { echo away >&2; exit 1; }; exec $(far_side "$1")"
	case $1 in
	push)
		far=noc
		start dials spoke -v -c spoke.conf daemon
		;;
	pull)
		far=gw
		start dials hubd -v -c hub.conf
		;;
	esac
	dials=$pid
	sp collect --now
	wait_for 30 same
}
# goes SIGNAL: the far end's session.
goes() {
	far_pid=$(holder "$far/spool/alps/session.lock") &&
	    kill "-$1" "$far_pid"
}
failures() {
	test "$(grep -c 'delivery failed association=alps' dials.err)" -ge "$1"
}
troubled() {
	sp check >>checks
	hub check >>checks
	"$@" >/dev/null 2>&1
}

for mode in push pull; do
	for signal in TERM KILL; do
		what="$mode, $signal"
		begin $mode
		is "$what: what waits is delivered" $? 0
		: >checks
		goes $signal
		ok "$what: the far end goes" wait_for 20 troubled failures 1
		sp collect --now
		ok "$what: it is called again, and delivers" \
		    wait_for 20 troubled same
		lacks "$what: no end was in trouble meanwhile" checks \
		    'trouble with delivery'
		lacks "$what: nor is it told" dials.err trouble
		goes $signal
		ok "$what: the second time it is" wait_for 20 \
		    grep -q 'trouble association=alps what=delivery' dials.err
		stop "$dials" TERM 30
	done
	begin $mode
	: >gone
	goes TERM
	ok "$mode: one that is not there again is trouble" wait_for 20 \
	    grep -q 'trouble association=alps what=delivery.*away' dials.err
	stop "$dials" TERM 30
done
done_testing
