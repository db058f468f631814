#!/bin/sh
# hubd: what lies in the inbox becomes a tree and values, once, whatever ends
# hubd; and what it makes of its signals.
. "$top_srcdir/t/lib.sh"

need rrdtool

mkdir -m 700 hub hub/state hub/spool hub/run spoke spoke/state spoke/spool \
    spoke/run
cat >both.conf <<EOF
association "alps" {
	hub = "noc" spoke = "alps-gw" transport = exec mode = pull
	exec { command = {"/bin/true"} }
	hub-tree = "main" hub-subtree = "/Sites/Alps" spoke-tree = "local"
}
EOF
# node ID DIRECTORY
node() {
	echo "node \"$1\" { state = \"$tmp/$2/state\" spool = \"$tmp/$2/spool\""
	echo "run = \"$tmp/$2/run\" }"
	cat both.conf
}
node alps-gw spoke >spoke.conf
{
	node noc hub
	echo 'hub { settle = 1s settle-max = 2s }'
	echo "store \"rrd\" { type = rrd directory = \"$tmp/hub/rrd\" }"
} >hub.conf

now=$(($(date +%s) / 60 * 60))
inbox=hub/spool/alps/inbox
archive=hub/spool/alps/archive

# config TOKEN:PATH...
config() {
	printf 'Type:CONFIG\nTimestamp:%s\n\n' "$now"
	separator=
	for leaf; do
		printf '%slevel2-token:%s\nlevel2-path:%s\ncollector-period:60\n' \
		    "$separator" "${leaf%%:*}" "${leaf#*:}"
		separator=';
'
	done
	echo .
}
# data MINUTE TOKEN:VALUE...
data() {
	printf 'Type:DATA\nTimestamp:%s\n\n' $((now - 3600 + $1 * 60))
	shift
	printf '%s\n' "$@" .
}
spool() {
	spoke -c spoke.conf write
}
# What a session would do: sealed segments that are new go over.
: >delivered
deliver() {
	for f in spoke/spool/alps/outbox/*.msgs; do
		segment=${f##*/}
		grep -qx "$segment" delivered && continue
		cp "$f" $inbox/../staging/
		mv "$inbox/../staging/$segment" $inbox/
		echo "$segment" >>delivered
	done
}
start_hubd() {
	rm -f hub/run/hubd.sock
	start hubd hubd -c hub.conf
	wait_for 10 test -S hub/run/hubd.sock
}
empty() {
	test -z "$(ls $inbox)"
}
# ingested N: so many segments lie in the archive and none in the inbox.
ingested() {
	empty && test "$(ls $archive | wc -l)" -eq "$1"
}
live() {
	hubctl -c hub.conf tree | grep -qx "$1"
}
# stored LEAF MINUTE: the value of that minute in the file.
stored() {
	at=$((now - 3600 + $2 * 60))
	rrdtool fetch "hub/rrd/main/Sites/Alps/$1.rrd" AVERAGE -r 60 \
	    -s $((at - 60)) -e $((at - 60)) |
	    awk -v at="$at:" '$1 == at { printf "%g\n", $2 }'
}

if start_hubd; then
	pass "hubd begins"
else
	fail "hubd begins" "$(cat hubd.err)"
fi
exits "there is one hubd a node" 75 hubd -c hub.conf
has "and it says so" err 'another process works on'

{ config T1:/load T2:/users; data 1 T1:1 T2:10; data 2 T1:2 T2:20; } | spool
deliver
ok "an inbox is noticed without polling" wait_for 10 ingested 1
ok "the tree goes live after the settling delay" wait_for 10 \
    live /Sites/Alps/load
is "the tree has the leaves" "$(hubctl -c hub.conf tree)" "/Sites/Alps/load
/Sites/Alps/users"
data 3 T1:3 T2:30 | spool
deliver
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
	data $i T1:$i T2:$((i * 10)) | spool
	deliver
	test $i -eq 4 || test $i -eq 6 || wait_for 10 empty
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
data 9 T1:9 T2:90 | spool
deliver
ok "the old one stays" wait_for 10 ingested 8
sed 's|hub-subtree = "/Sites/Alps"|hub-subtree = "/Sites/Mont"|' whole.conf \
    >hub.conf
kill -HUP "$pid"
ok "another subtree moves the leaves" wait_for 10 live /Sites/Mont/load
data 10 T1:10 T2:100 | spool
deliver
ok "values follow" wait_for 10 ingested 9
cp whole.conf hub.conf
kill -HUP "$pid"
ok "and back" wait_for 10 live /Sites/Alps/load

# A hub whose compiled tree is gone asks its spoke for the CONFIG.
stop "$pid"
rm -rf hub/state/trees
start_hubd
data 11 T1:11 T2:110 | spool
deliver
ok "without a tree DATA is archived" wait_for 10 ingested 10
ok "and a RESYNC is sent" wait_for 10 \
    sh -c 'grep -q Type:RESYNC hub/spool/alps/outbox/*.msgs'
stop "$pid"
done_testing
