#!/bin/sh
# Transport http, whole deliveries: PUSH and PULL, both directions, kept sessions,
# and what is left when either end is killed in the middle.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

# say N: so many messages more.
say() {
	awk -v n="$1" -v t="$(date +%s)" 'BEGIN { for (i = 0; i < n; i++) {
		printf "Type:DATA\nTimestamp:%d\n\n", t
		printf "T1:%d\n.\n", i } }' | sp write alps
}
# count_in N TYPE DIRECTORY: in its sealed segments.
count_in() {
	test "$(cat "$3"/*.msgs | grep -c "^Type:$2\$")" -eq "$1"
}
# heard: all that the hub said is acknowledged, as it knows.
heard() {
	test "$(ls noc/spool/alps/outbox)" = mark
}
describe() {
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/v\n.\n' \
	    "$(date +%s)" | sp write alps
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
	ok "what came is what was sent" wait_for 10 same
	ok "the RESYNC came the other way" wait_for 10 count_in 1 RESYNC \
	    gw/spool/alps/inbox
	ok "and is acknowledged" heard
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

# --- By certificates alone ---------------------------------------------------------

vouched alps good 10 alps keyUsage=digitalSignature
certified='certificate = alps.pem key = alps.key ca = good.pem'
hub_conf "$tls client-ca = good.pem" ''
spoke_conf "$url" "$certified"
listen hub
ok "something to say" sp collect --now
ok "is pushed by who has the association's certificate" sp push
resync
ok "and what the hub says is fetched" sp push --always
ok "all of it" wait_for 10 heard
ok "its answer goes with the next" sp push
ok "what came is what was sent" wait_for 10 same
stop "$listener"
(
	pull_confs
	sed -i "s/token = alps.token ca = good.pem/$certified/" hub.conf
	sed -i -e 's/token = alps.token//' \
	    -e "s/^web {.*$tls/& client-ca = good.pem/" spoke.conf
	listen spoke
	ok "more to say" sp collect --now
	ok "is pulled by who has it" hub pull alps
	ok "what came is what was sent" wait_for 10 same
	stop "$listener"
	echo "$lib_count $lib_failed" >subshell
)
read -r lib_count lib_failed <subshell
fresh
hub_conf "$tls"
spoke_conf "$url"

# --- The wrong way round -----------------------------------------------------------

# dialed FILE MODE [HTTP-KEYS]: there, alps is of the mode in which that end dials.
dialed() {
	sed -i -e 's/^association "alps" {/& mode = '"$2"'/' \
	    -e '/^hub-subtree = "\/Alps"/s!http {.*!http { url = "https://localhost:1/" ca = good.pem '"${3-token = alps.token}"' } }!' "$1"
}
# refused_so WHAT MODE WHO COMMAND...: status 78, and why.
refused_so() {
	so_what=$1 so_words="far end refused: association alps is of mode $2: its $3 opens"
	shift 3
	exits "$so_what" 78 "$@"
	has "$so_what, in words" err "$so_words"
}
mark() {
	"$@" >/dev/null 2>&1 || diag "$* failed"
}
mark sp collect --now
dialed hub.conf pull
listen hub
refused_so "a push, where the hub pulls" pull hub sp -v push
soon_has "the hub's log tells" answer.err 'alps is of mode pull'
spoke_conf "$url" 'token = wrong.token ca = good.pem'
exits "a stranger learns nothing" 77 sp -v push
has "but what strangers do" err 'does not let us in \(401 '
spoke_conf "$url" 'certificate = alps.pem key = alps.key ca = good.pem'
exits "nor one whose certificate nobody there looks at" 77 sp -v push
stop "$listener"
hub_conf "$tls client-ca = good.pem" 'token = alps.token'
dialed hub.conf pull 'certificate = alps.pem key = alps.key'
listen hub
refused_so "by its certificate" pull hub sp -v push
spoke_conf "$url" \
    'certificate = alps.pem key = alps.key token = andes.token ca = good.pem'
exits "which is not in the way of another's token" 78 sp -v push
has "that is let in" err 'speaks for association andes'
stop "$listener"
spoke_conf "$url"
cp andes.token both.token
hub_conf "$tls" 'token = both.token'
dialed hub.conf pull 'token = both.token'
spoke_conf "$url" 'token = both.token ca = good.pem'
listen hub
exits "a token of two, of which one is answered" 78 sp -v push
lacks "is that one's" err 'mode pull'
stop "$listener"
hub_conf "$tls"
dialed hub.conf pull 'token = missing'
spoke_conf "$url"
listen hub
exits "a token that is not there" 77 sp -v push
stop "$listener"

(
	pull_confs
	dialed spoke.conf push
	sed -i 's/mode = pull//' spoke.conf
	{
		echo 'association "andes" { hub = "noc" spoke = "gw" mode = pull'
		echo 'transport = http hub-subtree = "/Andes"'
		echo 'http { token = andes.token } }'
	} >>spoke.conf
	listen spoke
	refused_so "a pull, where the spoke pushes" push spoke hub -v pull alps
	stop "$listener"
	echo "$lib_count $lib_failed" >subshell
)
read -r lib_count lib_failed <subshell
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
ok "twice, then" wait_for 10 count_in 2 CONFIG noc/spool/alps/inbox
ok "what came is what was sent" wait_for 10 same
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
ok "a RESYNC comes by itself" wait_for 20 heard
is "all in one session" "$(grep -c 'session association' answer.err)" "$began"
stop "$kept" TERM 30
keys=
hub_conf "$tls"
spoke_conf "$url"
ok "its answer goes with the next push" sp push
ok "what came is what was sent" wait_for 10 same
stop "$listener"

# --- Either end killed --------------------------------------------------------------------

# through PORT: pushes go there.
through() {
	spoke_conf "https://localhost:$1/"
}
# begun: a push, so slow that it is in the middle of it.
all_is_sealed() {
	! ls noc/spool/alps/inbox/*.open
}
begun() {
	wait_for 10 all_is_sealed # what is open next is of this one
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
ok "and what came is what was sent" wait_for 10 same
begun
# What dies holds its lock until it is dead, and a push would leave it to that one.
left=$(lib_tree "$push")
nothing_is_left() {
	for process in $left; do
		! running "$process" || return
	done
}
# shellcheck disable=SC2086 # a list of numbers
kill -KILL $left
wait "$push"
wait_for 10 nothing_is_left
ok "after a spoke that was killed as well" sp push
ok "nothing is there twice" wait_for 10 same

done_testing
