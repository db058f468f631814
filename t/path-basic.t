#!/bin/sh
# The whole path over a real sshd: what is collected is drawn at the hub, and
# what happens to either end meanwhile.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

need rrdtool

# values LEAF: as collected, without their times.
values() {
	hub values "/Sites/alps/$1" --raw --from -1d | cut -f 2
}
live() {
	hub tree | grep -qx "$1"
}

start_hubd
sp collect
ok "what was collected is pushed" sp push
is "silently" "$(cat out err)" ""
ok "and ingested" wait_for 20 level
ok "the tree has its leaves" wait_for 10 live /Sites/alps/a/w
is "and its values" "$(values a/v) $(values a/w)" "1 2"
# What fontconfig and librrd do not free is not ours.
draw() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 hub graph "$@"
}
ok "a graph is drawn" draw /Sites/alps/a/v -o graph.png
is "as PNG" "$(head -c 4 graph.png | tail -c 3)" PNG
sp messages alps >sent
hub messages alps >there
ok "messages are the same, byte for byte" cmp sent there

before=$(connections)
ok "nothing to send" sp push
is "no connection, no word" "$(connections)$(cat out err)" "$before"
ok "--always connects" sp push --always
is "once" "$(connections)" $((before + 1))

# A new leaf, while the old ones keep their tokens.
sp messages alps 1-1 | grep -A 1 '^level2-token' >tokens.old
echo 'echo u:0; echo v:3; echo w:4' >values.sh
sp collect --now
ok "another configuration" sp push
ok "goes live" wait_for 20 live /Sites/alps/a/u
sp messages alps 3-3 | grep -A 1 '^level2-token' >tokens.new
is "the old leaves keep their tokens" "$(grep -cxFf tokens.old tokens.new)" \
    "$(wc -l <tokens.new | awk '{ print $1 - 2 }')"
is "values go on" "$(values a/v | tr '\n' ' ')" "1 3 "
ok "announce" sp announce
ok "is pushed" sp push
ok "and ingested" wait_for 20 level
is "and changes nothing" "$(hub tree | wc -l) $(values a/v | tr '\n' ' ')" \
    "3 1 3 "

kill -HUP "$hubd"
ok "the hub rereads its configuration" wait_for 10 \
    grep -q 'configuration is read anew' hubd.err
sp collect --now
sp push
ok "and goes on" wait_for 20 level

# Two at once, and a hub that is slow to answer.
authorize "sleep 100"
sp collect --now
start twin spoke -c spoke.conf push
twin=$pid
wait_for 20 holder gw/spool/alps/session.lock
ok "a push that runs already is enough" sp push
is "silently" "$(cat out err)" ""
stop "$twin"
authorize
ok "the next one delivers" sp push
ok "all" wait_for 20 level

# A backup of the spoke is restored: it does not know what it has sent since.
cp -a gw gw.old
cp -a gw gw.again
echo 'echo u:5; echo v:5; echo w:5' >values.sh
sp collect --now
sp push
wait_for 20 level
rm -rf gw
mv gw.old gw
echo 'echo u:6; echo v:6; echo w:6' >values.sh
sp collect --now
sp push >told 2>&1
sp push >>told 2>&1
has "a restored spoke begins a new stream" told \
    'the hub has other messages of our stream .*an old copy.*: a new one began'
ok "which is ingested" wait_for 20 level
is "and no value is doubled" "$(values a/v | sort | uniq -d | grep -c '[56]')" 0
is "nor lost" "$(values a/v | grep -c '^6$')" 1

# The same backup once more: its stream was replaced.
rm -rf gw
mv gw.again gw
echo 'echo u:7; echo v:7; echo w:7' >values.sh
sp collect --now
exits "a stream that was replaced does not come back" 65 sp push
has "the spoke is told what lets it go" err \
    'fork: stream .* was replaced.*; next: spoke -c [^ ]*spoke.conf renew alps$'
exits "as who asks is" 65 sp -v push
has "each time" err '; next: spoke -c [^ ]*spoke.conf renew alps$'
has "and the hub" noc/state/notices 'at the spoke: spoke renew alps'
ok "status" hub status
has "calls it a fork" out ' fork-to-hub '
exits "check" 2 hub check
has "tells why" out 'trouble with fork-to-hub: fork: stream .* was replaced'
ok "status of the spoke" sp status
has "calls it so, too" out ' fork-to-hub '
exits "and its check" 2 sp check
has "tells why" out 'fork-to-hub: .*fork: stream .* was replaced'
lacks "nothing else is wrong" gw/state/notices '	delivery	'
ok "which the hub cannot accept" hub accept alps
has "but shows" out 'next: at the spoke: spoke renew alps$'
ok "renew" sp renew alps
ok "push" sp push
ok "it goes on" wait_for 20 level
ok "status after it" hub status
lacks "and is no fork" out 'fork'
lacks "nor told of" noc/state/notices '	fork[a-z-]*	'
lacks "at the spoke neither" gw/state/notices '	fork[a-z-]*	'

# The hub's own stream, of what it asks, from a backup, twice.
asks() {
	"$top_builddir/t/put_resync" noc/spool/alps 0 && sp push --always
}
held() { # held SOURCE TARGET
	rm -rf "$2/outbox" "$2/sent"
	mkdir -p "$2"
	cp -a "$1/outbox" "$1/sent" "$2"
}
ok "the hub asks" asks
held noc/spool/alps noc.backup
ok "and asks again" asks
held noc.backup noc/spool/alps
ok "of a hub that was restored" sp push --always
has "a new stream is taken" err 'the hub began a new stream'
held noc.backup noc/spool/alps
exits "the second time it is a fork" 65 sp push --always
has "what lets it go is told" err \
    'what=fork-to-spoke: .*fork: stream .*; next: at the hub: hubctl renew alps'
has "at the hub, too" noc/state/notices \
    'fork-to-spoke	.*fork: stream .*	hubctl .*renew alps'
ok "status of the hub" hub status
has "calls it so" out ' fork-to-spoke '
ok "renew" hub renew alps
ok "it goes on" sp push --always
lacks "and is over" noc/state/notices '	fork[a-z-]*	'
lacks "at the spoke, too" gw/state/notices '	fork[a-z-]*	'
ok "all is ingested" wait_for 20 level

# The hub loses its disk.
stop "$hubd"
rm -rf noc/spool noc/state noc/rrd
start_hubd
sp collect --now
ok "a hub without a memory" sp push
has "is told" err 'the hub knew no stream of ours: a new one began'
ok "is filled again" wait_for 20 level
ok "with the tree" wait_for 10 live /Sites/alps/a/u
is "and what the spoke still had" "$(values a/w | head -n 1)" 2
ok "the next delivery" sp push --always
is "does not tell it again" "$(cat out err)" ""
done_testing
