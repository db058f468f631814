#!/bin/sh
# keep = yes where files are exchanged: there is nothing to keep open, and the
# daemons deliver by a real rsync, and by a directory, as soon as something waits.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"

# begin: the spoke's daemon.
begin() {
	start daemon spoke -v -c spoke.conf daemon
	spoke_daemon=$pid
	wait_for 20 grep -q 'spoke daemon begins' daemon.err
}
anew() {
	rm -rf gw noc share
	mkdir -m 700 gw noc share
}
# delivers WHAT: what was there before the daemons, and what comes later.
delivers() {
	ok "$1: what waits is delivered" wait_for 20 received 2
	collect 3 4
	ok "$1: and what comes" wait_for 20 received 3
	ok "$1: byte for byte" same
	stop "$spoke_daemon"
	is "$1: the spoke's daemon ends well" $? 0
	stop "$hubd"
	is "$1: and hubd" $? 0
	# an exchange that the stop cut short is no trouble
	lacks "$1: no trouble at the spoke" daemon.err 'trouble|in time'
	lacks "$1: nor at the hub" hubd.err 'trouble|in time'
}

daemon noc || skip_all "no rsync daemon"
both="transport = rsync keep = yes pull-interval = 1h"
configure "$(modules)" ""
ok "the spoke takes keep with rsync" sp check-config
ok "and the hub" hub check-config
collect 1 2
start_hubd
begin
delivers "rsync push"
stop "$daemon"

anew
both="transport = rsync mode = pull keep = yes pull-interval = 1s"
configure "" ""
collect 1 2
daemon gw
configure "" "$(modules)"
begin
start_hubd
delivers "rsync pull"
stop "$daemon"

keys_of() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	echo "dir { path = \"$tmp/share\" }"
}
for mode in push pull; do
	anew
	both="transport = dir mode = $mode keep = yes pull-interval = 1s"
	configure "$(keys_of gw noc)" "$(keys_of noc gw)"
	test -e gw.sign || sign_keys || {
		skip "by a directory" "this build has no libsodium"
		break
	}
	collect 1 2
	start_hubd
	begin
	delivers "dir $mode"
done
done_testing
