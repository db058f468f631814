#!/bin/sh
# An association whose directory is not right, or a kernel that has no more to
# watch directories with, holds up nobody else: hubd and spoke daemon begin, go on
# at SIGHUP, and move what the others have.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"

{
	echo 'hub { settle = 0 settle-max = 0 }'
	store
} | nodes pull # whose spoke seals what it writes
sed -i 's/mode = pull/mode = push/' hub.conf
cp hub.conf alone.conf
with_south() {
	sed '/^store/i\
association "south" { hub = "noc" spoke = "south-gw" mode = pull\
	transport = exec exec { command = {"/bin/true"} }\
	hub-tree = "main" hub-subtree = "/Sites/South" }' alone.conf >hub.conf
}
ingested() {
	inbox_is_empty && test "$(ls hub/spool/alps/archive | wc -l)" -eq "$1"
}
read_anew() {
	test "$(grep -c 'configuration is read anew' hubd.err)" -eq "$1"
}

# --- A directory --------------------------------------------------------------

start_hubd
config /load | deliver
ok "values are taken" wait_for 10 ingested 1
with_south
echo rubbish >hub/spool/south
kill -HUP "$pid"
ok "an association comes, and a file is in its place: hubd goes on" \
    wait_for 10 read_anew 1
has "and tells" hubd.err 'association=south what=ingest: .*not a directory'
data 1 T1:1 | deliver
ok "the others' values are taken" wait_for 10 ingested 2
stop "$pid"
start_hubd
data 2 T1:2 | deliver
ok "and by a hubd that begins" wait_for 10 ingested 3
soon_has "whose sessions go on" hubd.err 'looked for once a minute association=south'
lacks "without a new process" hubd.err 'no sessions'
rm hub/spool/south
ok "what was mended is watched by itself" wait_for 20 test -d hub/spool/south/inbox
stop "$pid"
is "it ends in order" $? 0

# --- inotify ------------------------------------------------------------------

cp alone.conf hub.conf
few=/proc/sys/user/max_inotify_instances
if unshare -U -r sh -c "echo 9 >$few" 2>unshared; then
	rm -f hub/run/hubd.sock
	start hubd unshare -U -r sh -c "echo 9 >$few; exec hubd -c hub.conf"
	ok "hubd begins" wait_for 10 test -S hub/run/hubd.sock
	nsenter -U --preserve-credentials -t "$pid" sh -c "echo 0 >$few"
	kill -HUP "$pid"
	ok "it goes on without inotify" wait_for 10 read_anew 1
	soon_has "and tells" hubd.err 'what=watch: .*fs.inotify.max_user_instances'
	data 3 T1:3 | deliver
	ok "values are taken, if later" wait_for 20 ingested 4
	nsenter -U --preserve-credentials -t "$pid" sh -c "echo 9 >$few"
	soon_has "it is over when there is one" hubd.err 'over what=watch'
	data 4 T1:4 | deliver
	ok "and goes on" wait_for 10 ingested 5
	stop "$pid"
	is "and ends in order" $? 0
else
	skip "without inotify" "$(cat unshared)"
fi

# --- The spoke's end ----------------------------------------------------------

rm -rf hub/spool/south
{
	hubctl=$top_builddir/hub/hubctl
	sed -e 's/mode = pull/mode = push/' \
	    -e "s|\"/bin/true\"|\"$hubctl\", \"-c\", \"$tmp/hub.conf\", \"receive\", \"alps\"|" \
	    spoke.conf
	echo 'association "south" { hub = "noc" spoke = "alps-gw" transport = exec
		exec { command = {"/bin/true"} }
		hub-tree = "main" hub-subtree = "/Sites/South" spoke-tree = "local" }'
} >two.conf
chmod 600 two.conf
echo rubbish >spoke/spool/south
start daemon spoke -c two.conf daemon
acked() {
	test "$(spoke -c two.conf --json status alps |
	    sed 's/.*"acked_msgid":\([0-9]*\).*/\1/')" -ge "$1"
}
ok "spoke daemon delivers" wait_for 20 acked 5
data 5 T1:5 | spoke -c two.conf write alps
ok "and what is written then" wait_for 20 acked 6
kill -HUP "$pid"
soon_has "it goes on" daemon.err 'configuration is read anew'
has "and says what is wrong" daemon.err 'association=south: .*not a directory'
stop "$pid"
is "until it is ended" $? 0
done_testing
