#!/bin/sh
# hubd: what lies in the inbox becomes a tree and values, once, whatever ends
# hubd; and what it makes of its signals.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"

{
	echo 'hub { settle = 1s settle-max = 2s }'
	store
} | nodes pull
archive=hub/spool/alps/archive
# ingested N: so many segments lie in the archive and none in the inbox.
ingested() {
	inbox_is_empty && test "$(ls $archive | wc -l)" -eq "$1"
}

if start_hubd; then
	pass "hubd begins"
else
	fail "hubd begins" "$(cat hubd.err)"
fi
exits "there is one hubd a node" 75 hubd -c hub.conf
has "and it says so" err 'another process works on'

{ config /load /users; data 1 T1:1 T2:10; data 2 T1:2 T2:20; } | deliver
ok "an inbox is noticed without polling" wait_for 10 ingested 1
ok "the tree goes live after the settling delay" wait_for 10 \
    live /Sites/Alps/load
is "the tree has the leaves" "$(hub tree)" "/Sites/Alps/load
/Sites/Alps/users"
data 3 T1:3 T2:30 | deliver
ok "DATA is ingested" wait_for 10 ingested 2

kill -USR1 "$pid"
ok "SIGUSR1 logs the state" wait_for 10 \
    grep -q 'state association=alps tree=main stable cursor=4' hubd.err

stop "$pid"
is "SIGTERM ends it in order" "$?" 0
is "values are in the files: 2" "$(stored load 2)" 2
is "values are in the files: 3" "$(stored users 3)" 30

# Ended at any moment, with DATA that was not synced.
for i in 4 5 6 7 8; do
	start_hubd
	data $i T1:$i T2:$((i * 10)) | deliver
	test $i -eq 4 || test $i -eq 6 || wait_for 10 inbox_is_empty
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
done
start_hubd
ok "after KILLs all is ingested" wait_for 10 ingested 7
stop "$pid"
for i in 4 5 6 7 8; do
	is "and stored, once: $i" "$(stored load $i)" $i
done

# A configuration that is broken, then whole again.
start_hubd
cp hub.conf whole.conf
echo 'nonsense = 1' >>hub.conf
kill -HUP "$pid"
ok "a broken configuration is told" wait_for 10 \
    grep -q 'what=config.*hub.conf:' hubd.err
ok "and kept at once" wait_for 10 grep -q nonsense hub/state/notices
stop "$pid" KILL
cp whole.conf hub.conf
start_hubd
ok "a start with a right one ends that" wait_for 10 \
    sh -c '! grep -q nonsense hub/state/notices'
echo 'nonsense = 1' >>hub.conf
kill -HUP "$pid"
ok "broken again" wait_for 10 grep -q nonsense hub/state/notices
data 9 T1:9 T2:90 | deliver
ok "the old one stays" wait_for 10 ingested 8
sed 's|hub-subtree = "/Sites/Alps"|hub-subtree = "/Sites/Mont"|' whole.conf \
    >hub.conf
kill -HUP "$pid"
ok "another subtree moves the leaves" wait_for 10 live /Sites/Mont/load
data 10 T1:10 T2:100 | deliver
ok "values follow" wait_for 10 ingested 9
cp whole.conf hub.conf
kill -HUP "$pid"
ok "and back" wait_for 10 live /Sites/Alps/load

# Another tree is made from the CONFIGs in the archive.
sed 's/hub-tree = "main"/hub-tree = "second"/' whole.conf >hub.conf
kill -HUP "$pid"
second() {
	test "$(hub tree --tree second | wc -l)" -eq 2
}
ok "another hub-tree has the leaves" wait_for 10 second
data 11 T1:11 T2:110 | deliver
ok "values go on" wait_for 10 ingested 10
is "there" "$(hub values --tree second /Sites/Alps/load --tail 1 |
    cut -f 2)" 11
is "nothing was asked of the spoke" \
    "$(find hub/spool/alps/outbox -name '*.msgs')" ""
stop "$pid"
is "the end is in order" "$?" 0

# One whose compiled tree is lost, with and without hubd.
rm -rf hub/state/trees
ok "compile without hubd" hub compile
ok "makes it again" second
rm -rf hub/state/trees
start_hubd
ok "so does a start" wait_for 10 second
data 12 T1:12 T2:120 | deliver
ok "DATA waits for it" wait_for 10 ingested 11
last() {
	test "$(hub values --tree second /Sites/Alps/load --tail 1 |
	    cut -f 2)" = 12
}
ok "and is stored" wait_for 10 last
is "nothing was asked of the spoke" \
    "$(find hub/spool/alps/outbox -name '*.msgs')" ""

# With its archive lost as well it asks its spoke for the CONFIG.
stop "$pid"
rm -rf hub/state/trees
find $archive -type f -delete
start_hubd
data 13 T1:13 T2:130 | deliver
ok "without a tree DATA is archived" wait_for 10 ingested 1
ok "and a RESYNC is sent" wait_for 10 \
    sh -c 'grep -q Type:RESYNC hub/spool/alps/outbox/*.msgs'
stop "$pid"
done_testing
