#!/bin/sh
# hubctl task: what is taken, what is refused, what stands in the spool then; the
# way to the spoke is t/return-lib.sh's.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

over_exec push /bin/true
sent() {
	hub messages alps --to-spoke
}
# body N: of message N.
body() {
	hub messages alps --to-spoke "$1-$1" | sed '1,/^$/d; /^\.$/d'
}
# task TEXT [WORD...]: of standard input.
task() {
	task_text=$1
	shift
	printf '%b' "$task_text" | hub task alps "$@"
}

# --- Taken ---------------------------------------------------------------------

ok "lines of standard input are a TASK" task 'job:poll\nhost:a:b c\n'
is "silently" "$(cat out err)" ""
is "with these lines" "$(body 1)" 'job:poll
host:a:b c'
has "of its type" noc/spool/alps/outbox/*.msgs '^Type:TASK$'
ok "so are words" hub task alps job:scan 'what:all of it' empty: </dev/null
is "each a line" "$(body 2)" 'job:scan
what:all of it
empty:'
ok "a last line without its end is one" task 'job:a\nlast:b'
is "like the others" "$(body 3)" 'job:a
last:b'
ok "names may come again" task 'a:1\na:2\n'
ok "with --json" task 'a:1\n' --json
is "its number is said" "$(cat out)" '{"association":"alps","msgid":5}'
hubctl -v -c hub.conf task alps a:1 2>err
has "with -v, too" err 'spooled association=alps msgid=6 type=TASK'
is "all are there, each once" "$(sent | sed -n 's/^MsgID://p' | tr '\n' ' ')" \
    "1 2 3 4 5 6 "
is "in one stream" "$(sent | grep '^Stream:' | sort -u | wc -l)" 1
is "sealed: others read them" "$(find noc/spool/alps/outbox -name '*.open')" ""

# --- Durable, with one sync -------------------------------------------------------

if command -v strace >/dev/null &&
    strace -o trace -f -e trace=fsync,fdatasync \
	env ASAN_OPTIONS=detect_leaks=0 "$hubctl" -c hub.conf task alps a:1; then
	is "the message is one sync" "$(grep -c '^[0-9]* *fdatasync' trace)" 1
else
	skip "the message is one sync" "strace is missing, or not allowed"
	hub task alps a:1
fi

# --- Several at once -----------------------------------------------------------------

at_once=
for n in 1 2 3 4 5 6 7 8; do
	start at_once_$n hubctl -c "$tmp/hub.conf" task alps "at-once:$n"
	at_once="$at_once $pid"
done
for pid in $at_once; do
	wait "$pid" || fail "one of several at once"
done
is "several at once: each is there, once" \
    "$(sent | sed -n 's/^at-once://p' | sort | tr '\n' ' ')" "1 2 3 4 5 6 7 8 "

# --- Refused ---------------------------------------------------------------------

before=$(sent | cksum)
# refused WHAT WORDS TEXT [WORD...]
refused() {
	refused_what=$1 refused_ere=$2
	shift 2
	exits "$refused_what" 65 task "$@"
	has "$refused_what: it is said" err \
	    "no TASK is sent: $refused_ere; a TASK is lines of NAME:VALUE\$"
	is "$refused_what: in one line" "$(wc -l <err)" 1
}
long=$(printf '%016384d' 0)
refused "nothing" "nothing on standard input" ''
refused "no colon" "line 2: a line without a colon" 'a:1\nb\n'
refused "no name" "line 1: not a name" ':1\n'
refused "a name that is none" "line 1: not a name" 'a b:1\n'
refused "an empty line" "line 2: a line without a colon" 'a:1\n\nb:1\n'
refused "a lone dot" "line 2: a lone dot" 'a:1\n.\n'
refused "a dot before a name" "line 1: a line that begins with a dot" '.a:1\n'
refused "a CR" "line 1: a control or invisible .*UTF-8" 'a:1\r\n'
refused "a NUL" "line 1: a control or invisible .*UTF-8" 'a:\0000\n'
refused "no UTF-8" "line 1: a control or invisible .*UTF-8" 'a:\0377\n'
refused "a value that is too long" \
    "line 3: a value of more than 16384 bytes" "a:1\nb:2\nc:${long}0\n"
refused "a word that is none" "line 1: a line without a colon" '' job
refused "a word of two lines" "a word with a line feed: .*" '' 'a:1
b:2'
yes "a:$long" | head -n 600 >big
exits "too much" 65 hub task alps <big
has "too much: it is said" err 'more than 8388608 bytes; a TASK is'
head -c 8388600 big >fits
exits "a body that its header makes too much" 65 hub task alps <fits
has "is told" err 'no TASK is sent: a message of .* at most 8388608'
head -c 8300000 big >fits
is "nothing of all that is spooled" "$(sent | cksum)" "$before"
ok "a value of the greatest length" task "c:$long\n"
ok "much, not too much" hub task alps <fits
exits "without an association" 64 hub task </dev/null
exits "an unknown association" 78 hub task nowhere a:1
has "which is named" err 'nowhere'
{
	side gw
	association alps 'transport = exec mode = push exec { command = {"/bin/true"} }'
} >spoke.conf
exits "a spoke sends none" 78 hubctl -c spoke.conf task alps a:1
has "which is said" err 'alps'
ok "closed standard input" sh -c "hubctl -c hub.conf task alps a:1 <&-"

# --- A spoke that never answers -----------------------------------------------------

fresh
over_exec push /bin/true
sed 's/mode = push/& spool-size = 64K/' hub.conf >full.conf
chmod 600 full.conf
fill() {
	fill_n=0
	while hubctl -c full.conf task alps "n:$fill_n" "x:$long"; do
		fill_n=$((fill_n + 1))
		test $fill_n -lt 100 || return 1
	done 2>full.err
}
for policy in refuse drop-oldest; do
	sed "s/spool-size/spool-full = $policy &/" full.conf >p.conf
	mv p.conf full.conf
	chmod 600 full.conf
	ok "$policy: TASKs until no more are taken" fill
	exits "$policy: that is to be tried again" 75 \
	    hubctl -c full.conf task alps "x:$long"
	has "$policy: and why" err 'no TASK is sent: the spool is full: '
	is "$policy: none is dropped" "$(body 1 | head -n 1)" "n:0"
	sed "s/spool-full = $policy//" full.conf >p.conf
	mv p.conf full.conf
	chmod 600 full.conf
done

done_testing
