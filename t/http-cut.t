#!/bin/sh
# Transport http, whole deliveries: PUSH and PULL, both directions, kept sessions,
# and what is left when the link is cut, or either end killed, in the middle.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

# same: what both ends hold is the same, each message once and in order.
same() {
	cat gw/spool/alps/sent/*.msgs gw/spool/alps/outbox/*.msgs \
	    gw/spool/alps/outbox/*.open 2>/dev/null >sent.all
	cat noc/spool/alps/inbox/*.msgs noc/spool/alps/inbox/*.open \
	    2>/dev/null >came.all
	test -s sent.all && cmp sent.all came.all
}
# say N: so many messages more.
say() {
	awk -v n="$1" -v t="$(date +%s)" 'BEGIN { for (i = 0; i < n; i++) {
		printf "Type:DATA\nTimestamp:%d\n\n", t
		printf "T1:%d\n.\n", i } }' | sp write alps
}
describe() {
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/v\n.\n' \
	    "$(date +%s)" | sp write alps
}
resync() {
	"$top_builddir/t/put_resync" noc/spool/alps 0
}

# --- PULL ----------------------------------------------------------------------

(
	pull_confs
	listen spoke
	ok "a spoke measures" sp collect --now
	ok "the hub pulls" hub pull alps
	is "silently" "$(cat out err)" ""
	ok "the hub asks for the configuration" resync
	ok "and pulls again" hub pull alps
	ok "what came is what was sent" same
	is "the RESYNC came the other way" \
	    "$(cat gw/spool/alps/inbox/*.msgs | grep -c '^Type:RESYNC')" 1
	is "and is acknowledged" "$(ls noc/spool/alps/outbox)" mark
	exits "a push is refused" 78 sp push alps
	has "for the hub opens its sessions" err 'mode pull: the hub opens'
	stop "$listener"
	echo "$lib_count $lib_failed" >subshell
)
read -r lib_count lib_failed <subshell
mv gw gw.pull
mv noc noc.pull
mkdir -m 700 gw noc
hub_conf "$tls"
spoke_conf "$url"

# --- PUSH, and the other way ---------------------------------------------------------

listen hub
ok "a spoke measures" sp collect --now
ok "and pushes" sp push
resync
ok "the hub's RESYNC comes with the next push" sp push --always
is "is acted upon" "$(ls gw/spool/alps/inbox)" ""
ok "the configuration it asked for goes with the next" sp push
is "twice, then" "$(cat noc/spool/alps/inbox/*.msgs |
    grep -c '^Type:CONFIG')" 2
ok "what came is what was sent" same
stop "$listener"

# --- A kept session ----------------------------------------------------------------------

keys='keep = yes'
hub_conf "$tls"
spoke_conf "$url"
listen hub
start kept spoke -c spoke.conf daemon
kept=$pid
acked() {
	test "$(spoke_has waiting_messages)" -eq 0
}
ok "a configuration" describe
ok "and one message" say 1
ok "go over a kept session" wait_for 20 acked ||
    diag "$(cat kept.err answer.err)"
began=$(grep -c 'session association' answer.err)
n=0
while test $n -lt 5; do
	n=$((n + 1))
	say 1
	wait_for 20 acked || fail "message $n of a kept session"
done
ok "and five more" acked
resync
ok "a RESYNC comes by itself" wait_for 20 sh -c \
    'test "$(ls noc/spool/alps/outbox)" = mark'
is "all in one session" "$(grep -c 'session association' answer.err)" "$began"
stop "$kept" TERM 30
keys=
hub_conf "$tls"
spoke_conf "$url"
ok "its answer goes with the next push" sp push
ok "what came is what was sent" same
stop "$listener"

# --- Either end killed --------------------------------------------------------------------

# through PORT: pushes go there.
through() {
	spoke_conf "https://localhost:$1/"
}
# begun: a push, so slow that it is in the middle of it.
begun() {
	say 2000
	keys='rate = 3K'
	through "$port"
	start push spoke -c spoke.conf push
	push=$pid
	wait_for 20 sh -c 'test -s noc/spool/alps/inbox/*.open'
	keys=
	through "$port"
}
listen hub
child=$(ps -e -o pid= -o ppid= | awk -v p="$listener" '$2 == p { print $1; exit }')
begun
kill -KILL "$child"
ok "a listener that is killed is missed" wait_for 10 \
    grep -q "listener's process ended" answer.err
wait "$push"
is "a push over it is tried again later" $? 75
stop "$listener"
listen hub
ok "the next push goes on" sp push
ok "and what came is what was sent" same
begun
# shellcheck disable=SC2046 # a list of numbers
kill -KILL $(lib_tree "$push")
wait "$push"
ok "after a spoke that was killed as well" sp push
ok "nothing is there twice" same

# --- A link that is cut ---------------------------------------------------------------------

# A proxy that cuts the next connection after so many bytes of one direction: two
# words in the file "cut".
start proxy perl -MIO::Socket::INET -MIO::Select -e '
	$SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE"; $| = 1;
	$l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64)
	    or die;
	print $l->sockport, "\n";
	while ($c = $l->accept) {
		if (open $f, "<", "cut") {
			($way, $left) = split " ", <$f>;
			close $f; unlink "cut";
		} else { $way = "none" }
		if (fork) { close $c; next }
		$s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'")
		    or exit;
		$sel = IO::Select->new($c, $s);
		for (;;) {
			for $r ($sel->can_read) {
				sysread $r, $b, 65536 or exit;
				$is = $r == $c ? "up" : "down";
				if ($is eq $way && length $b >= $left) {
					$b = substr $b, 0, $left;
					$end = 1;
				} elsif ($is eq $way) { $left -= length $b }
				$t = $r == $c ? $s : $c;
				while (length $b) {
					$n = syswrite $t, $b;
					exit unless $n;
					substr($b, 0, $n) = "";
				}
				exit if $end;
			}
		}
	}'
wait_for 10 test -s proxy.out
through "$(cat proxy.out)"
say 1
ok "a push through a proxy" sp push
# Bytes of a push like it, and so where it may be cut.
sp -v push --always 2>once
size=$(sed -n 's/.*wire_bytes=//p' once)
samples=${CAMPAIGN:+200}
samples=${samples:-25}
n=0
overcome=0
while test $n -lt "$samples"; do
	n=$((n + 1))
	for way in up down; do
		echo "$way $((n * size / samples / 2 + 1))" >cut
		say 1
		sp push >out 2>err
		status=$?
		rm -f cut
		case $status in
		0) overcome=$((overcome + 1)) ;;
		75) ;;
		*) fail "cut $way at $n of $samples" "status $status: $(cat err)" ;;
		esac
		test $status -eq 0 || sp push --always ||
		    fail "the push behind cut $way at $n of $samples"
	done
done
ok "cut at $samples places, both ways: each message once and in order" same
diag "$overcome of $((2 * samples)) were overcome in the session itself"
if test "$overcome" -gt 0; then
	pass "some of them without another session"
else
	fail "some of them without another session"
fi

done_testing
