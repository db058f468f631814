#!/bin/sh
# spoke daemon takes what is brought to it, also when there was no process for
# that at first.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

need rsync
both="transport = rsync mode = pull compression = gzip"
configure "" "rsync { put = \"$tmp/gw/spool/alps/staging\"
	get = \"$tmp/gw/spool/alps/outbox\" }"
collect 1 2
ok "the hub pulls" hub pull
ok "and its acknowledgement is taken" sp collect
ok "as is seen" acked 2

# begin: the daemon, which has looked once.
begin() {
	rm -f none
	start daemon env FORK_FAILS="$tmp/none" \
	    "$top_builddir/t/faulty_spoke" -v -c spoke.conf daemon
	daemon=$pid
	wait_for 20 grep -q 'spoke daemon begins' daemon.err
}
begin
collect 3 4
ok "the hub brings an acknowledgement" hub pull
ok "a daemon takes what is brought" wait_for 20 acked 3
cp -p gw/spool/alps/staging/ack ack.now
stop "$daemon"
collect 5 6
begin
wait_for 20 test -e gw/spool/alps/outbox/00000000000000000004-00000000000000000004.msgs.gz
: >none
ok "and another" hub pull
ok "there is no process" wait_for 20 grep -q 'no process for work=carried' \
    daemon.err
acked 4 && fail "it waits" || pass "it waits"
rm none
ok "it is tried again without another event" wait_for 20 acked 4
stop "$daemon"

# A shared directory, and nothing that is collected: nobody but the daemon looks.
rm -rf gw noc
mkdir -m 700 gw noc share
both="transport = dir mode = pull pull-interval = 1s"
keys_of() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	echo "dir { path = \"$tmp/share\" }"
}
configure "$(keys_of gw noc)" "$(keys_of noc gw)"
if sign_keys; then
	{
		side gw
		association alps "${both-} $(keys_of gw noc)"
	} >spoke.conf
	printf 'Type:CONFIG\nTimestamp:1085528682\n\n%s\n%s\n.\n' \
	    level2-token:T1 level2-path:/v >config
	ok "what is written" sh -c 'spoke -c spoke.conf write --tree local <config'
	ok "is carried" hub pull
	start daemon spoke -v -c spoke.conf daemon
	daemon=$pid
	ok "its acknowledgement is read without another write" \
	    wait_for 20 acked "$(spoke_has last_msgid)"
	resync
	ok "the hub asks for something" hub pull
	ok "and is answered, on the schedule" wait_for 20 \
	    test -e "share/alps/to-hub/00000000000000000002-00000000000000000002.msgs.zst"
	ok "which the hub finds" hub pull
	ok "and acknowledges" wait_for 20 acked 2
	stop "$daemon"
	is "it ends well" $? 0
else
	skip "a shared directory" "this build has no libsodium"
fi
done_testing
