#!/bin/sh
# How programs take what an operator may do to them: streams that are closed or
# full, an empty environment, a hub that hangs, files in the place of
# directories.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

echo 'echo v:1; echo w:2' >a.sh
node "$(association alps)" "$(collector a)"
mkdir -m 700 hub
cat >hub.conf <<EOF
node "noc" { state = "$tmp/hub/state" spool = "$tmp/hub/spool"
	run = "$tmp/hub/run" }
association "alps" { hub = "noc" spoke = "gw" hub-subtree = "/Sites/Alps" }
store "rrd" { type = rrd directory = "$tmp/hub/rrd" }
EOF
chmod 600 hub.conf
hub() {
	hubctl -c "$tmp/hub.conf" "$@"
}
sp collect
sp collect --now
# files: names and contents of all that matters.
files() {
	find state/tokens spool hub/spool -type f -exec cksum {} + | sort
}

# --- Streams ----------------------------------------------------------------------

hub receive alps </dev/null >/dev/null
sp messages alps >/dev/null
files >before
sp write <&- 2>err
is "nothing to read from" "$?" 74
has "is told" err 'standard input: .*Bad file descriptor'
sp status >&- 2>err
is "nothing to write to is no success" "$?" 74
has "and is told" err 'standard output: Bad file descriptor'
sp messages alps >&- 2>err
is "for messages, too" "$?" 74
sp check-config -v >&- 2>err
is "and the configuration" "$?" 74
hub receive alps <&- >out 2>err
is "a session without input ends at once" "$?" 0
hub receive alps </dev/null >&- 2>err
is "one without output is no success" "$?" 74
has "and is told" err 'write to the far end: Bad file descriptor'
hub receive alps <&- >&- 2>&-
is "nor one with nothing at all" "$?" 74
hub receive alps </dev/null >/dev/full 2>err
is "nor one with a full disk behind it" "$?" 75
has "and is told" err 'write to the far end: No space left'
{ wait_for 5 test -e left; hub receive alps </dev/null 2>err; echo $? >status; } |
    touch left
is "nor one whose far end has left" "$(cat status)" 75
has "and is told" err 'write to the far end: Broken pipe'
sp status <&- >&- 2>&-
is "nor has status anything to say then" "$?" 74
files >after
ok "no file of ours got a stream's number" cmp before after
sp collect --now <&- >&- 2>&-
is "a cycle needs no streams" "$?" 0
is "and is spooled" "$(last)" 4

for verb in "status" "status --json" "messages alps" "check-config -v" \
    "--help" "--version"; do
	# shellcheck disable=SC2086 # words
	sp $verb >/dev/full 2>err
	is "a full disk behind $verb" "$?" 75
	has "is told" err '^spoke: .*No space left'
done
hub status >/dev/full 2>err
is "and behind hubctl status" "$?" 75

echo 'awk "BEGIN { for (i = 0; i < 20000; i++) print \"leaf\" i \":1\" }"' >a.sh
sp collect --now
{ sp messages alps 2>err; echo $? >status; } | head -n 1 >first
is "a reader that leaves" "$(cat first)" "MsgID:1"
case $(cat status) in
0 | 141) pass "is no news" ;;
*) fail "is no news" "$(cat status)" ;;
esac
is "nor a word" "$(cat err)" ""
echo 'echo v:1; echo w:2' >a.sh

# --- The environment -----------------------------------------------------------------

program=$(command -v spoke)
exits "an empty environment" 0 env -i ASAN_OPTIONS="$ASAN_OPTIONS" "$program" \
    -c spoke.conf collect --now
is "is enough" "$(cat out err)" ""
mkdir gone
(
	cd gone && rmdir ../gone && exec spoke -c "$tmp/spoke.conf" status
) >out 2>err
is "a directory that is gone" "$?" 0
(
	umask 0
	sp collect --now
)
is "any umask" "$(find state spool -perm /077 | wc -l)" 0
for most in 4 5 6 8 10 12 16; do
	(
		ulimit -n $most
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
		exec spoke -c "$tmp/spoke.conf" collect --now
	) >out 2>err
	status=$?
	case $status in
	74 | 75 | 127) pass "$most descriptors, status $status" ;;
	*) fail "$most descriptors" "$status: $(cat out err)" ;;
	esac
done
has "in words" err 'only 16 descriptors are allowed: raise ulimit -n to 64'
(
	ulimit -S -n 16
	exec spoke -c "$tmp/spoke.conf" collect --now
) >out 2>err
is "where more are allowed they are taken" "$?" 0

# --- Files and directories ---------------------------------------------------------------

mv run elsewhere
: >run
exits "a file in the place of a directory" 78 sp collect --now
has "is named" err "$tmp/run: is not a directory"
rm run
mv elsewhere run
mkfifo spool/alps/outbox/fifo
ok "a FIFO in the spool stops nothing" sp collect --now
has "and is told" err 'not ours .*count=1'
rm spool/alps/outbox/fifo
sed 's/$/\r/' spoke.conf >crlf.conf
echo 'include("loop.conf")' >loop.conf
{
	cat spoke.conf
	echo 'node "x" { }'
} >two.conf
head -c 2000000 /dev/zero | tr '\0' x >huge.conf
chmod 600 crlf.conf loop.conf two.conf huge.conf
for row in "crlf.conf:1: a carriage return" \
    "loop.conf:1: .* is included already" "two.conf:[0-9]+: .*a file is of one" \
    "huge.conf: is larger than"; do
	exits "the configuration ${row%%:*}" 78 spoke -c "${row%%:*}" status
	has "in words" err "$row"
done
exits "a directory for a configuration" 78 spoke -c "$tmp" status

# --- Words -----------------------------------------------------------------------------------

exits "-c without a file" 64 spoke -c
has "is told" err '^spoke: -c needs a FILE; see spoke --help$'
exits "hubd has no such option" 64 hubd --nothing
has "which it says" err '^hubd: unknown option --nothing; see hubd --help$'
exits "hubd -c without a file" 64 hubd -c
has "is told" err '^hubd: -c needs a FILE'
for range in 5-4 0 1- -1 99999999999999999999 1-99999999999999999999 a; do
	exits "messages $range" 64 sp messages alps -- "$range"
done

# --- A hub that hangs ---------------------------------------------------------------------------

start hubd hubd -c hub.conf
hubd=$pid
wait_for 10 test -S hub/run/hubd.sock
exits "a hub runs" 1 hub check
kill -STOP "$hubd"
exits "check does not wait for one that hangs" 2 timeout 20 hubctl \
    -c hub.conf check
has "and says so" out 'hubd: does not run or answer'
ok "nor does status" timeout 20 hubctl -c hub.conf status
has "which says that it runs" out '^alps .* busy '
kill -CONT "$hubd"
exits "it goes on" 1 hub check
stop "$hubd"
is "and ends in order" "$?" 0
ok "none runs" hub status
has "which is another word" out '^alps .* down '
rm -f hub/run/hubd.sock
start hubd sh -c 'exec hubd -c hub.conf <&- >&- 2>&-'
wait_for 10 test -S hub/run/hubd.sock
exits "hubd needs no streams" 1 hub check
stop "$pid"
is "to its end" "$?" 0

# --- A port that is looked at ---------------------------------------------------

exits "somebody who speaks something else" 76 sh -c "echo Hello |
    hubctl -c '$tmp/hub.conf' receive alps"
has "is told" err 'what=delivery'
ok "one who says nothing" hub receive alps </dev/null
lacks "ends nothing" err 'over '
hub check >out
has "which a monitor sees" out 'CRITICAL.*alps: .*delivery'
lacks "and no delivery is counted" hub/state/wire/alps '^[1-9][0-9]* [0-9]{6} '
done_testing
