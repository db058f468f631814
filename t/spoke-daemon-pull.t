#!/bin/sh
# spoke daemon for hubs that come: its listener for transport http, and staging/
# into which rsync puts.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

begin() {
	start daemon spoke -c "$tmp/spoke.conf" daemon
	daemon=$pid
}
said() {
	grep -q "$1" daemon.err
}

# --- http -----------------------------------------------------------------

pull_confs
sed -i 's/period = 1d/period = 1s/' spoke.conf
begin
pulls() {
	hub pull alps
}
waiting() {
	test "$(spoke_has waiting_messages)" -gt 0
}
ok "it measures" wait_for 20 waiting
ok "a hub pulls from it" wait_for 20 pulls
has "what was measured" noc/spool/alps/inbox/*.msgs '^Type:DATA'
"$top_builddir/t/put_resync" noc/spool/alps 0
ok "the hub asks" pulls
answered() {
	test "$(ls gw/spool/alps/inbox/*.msgs 2>/dev/null | wc -l)" -eq 0 &&
	    ls gw/spool/alps/archive/*.msgs
}
ok "and it acts upon it" wait_for 10 answered
cp spoke.conf good.conf
sed -i 's/key = hub.key/key = nothing.key/' spoke.conf
kill -HUP "$daemon"
ok "a key that is not there" wait_for 10 said 'what=config'
ok "changes nothing" pulls
cp good.conf spoke.conf
kill -HUP "$daemon"
ok "what is right is taken" wait_for 10 said 'is read anew'
ok "and goes on" wait_for 10 pulls
kill -TERM "$daemon"
wait "$daemon"
is "it ends" $? 0
no_port() {
	! curl -sk "$url" >/dev/null
}
ok "and its listener with it" wait_for 10 no_port
sed -i 's/key = hub.key/key = nothing.key/' spoke.conf
sp daemon 2>err
test $? -ne 0
is "it does not begin without its key" $? 0
has "which is named" err 'nothing.key'

# --- rsync ----------------------------------------------------------------

need rsync
rm -rf gw noc
mkdir -m 700 gw noc
{
	side gw
	echo 'association "alps" { hub = "noc" spoke = "gw" transport = rsync'
	echo 'mode = pull hub-subtree = "/Alps" compression = gzip }'
	collects
} >spoke.conf
{
	side noc
	echo 'association "alps" { hub = "noc" spoke = "gw" transport = rsync'
	echo 'mode = pull hub-subtree = "/Alps" compression = gzip'
	echo "rsync { put = \"$tmp/gw/spool/alps/staging/\""
	echo "get = \"$tmp/gw/spool/alps/outbox/\" } }"
	stores
} >hub.conf
begin
ok "it measures" wait_for 20 waiting
ok "a hub takes it" hub pull alps
"$top_builddir/t/put_resync" noc/spool/alps 0
ok "and asks for more" hub pull alps
acked() {
	test "$(spoke_has acked_msgid)" -gt 0
}
ok "what was placed is taken at once: acknowledgements" wait_for 10 acked
ok "and messages" wait_for 10 answered
stop "$daemon"
is "it ends" $? 0
done_testing
