#!/bin/sh
# hubd takes what a spoke brings by rsync, with the keys that its configuration
# names now, wherever they lie.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

need rsync
both="transport = rsync compression = gzip"
way="rsync { put = \"$tmp/noc/spool/alps/staging\"
	get = \"$tmp/noc/spool/alps/outbox\" }"
mkdir -m 700 first second
configure "$way" ""
{ sp keygen --sign first/gw && hub keygen --sign first/noc; } ||
    skip_all "this build has no libsodium"
sp keygen --sign second/gw
hub keygen --sign second/noc
keys() {
	configure "$way sign-key = \"$tmp/$1/gw\" verify-key = \"$tmp/$1/noc.pub\"" \
	    "sign-key = \"$tmp/$1/noc\" verify-key = \"$tmp/$1/gw.pub\""
}
settled() {
	sp push --always && acked "$(spoke_has last_msgid)"
}

keys first
start_hubd
collect 1 2
ok "signed files" wait_for 40 settled
ok "are taken" same
has "hubd is confined" hubd.err 'confinement="no-new-privs'

keys second
kill -HUP "$hubd"
ok "other keys, elsewhere" wait_for 20 \
    grep -q 'configuration is read anew' hubd.err
collect 3 4
sp push
ok "are read" wait_for 40 settled
ok "and what they signed is taken" same
lacks "and none is out of reach" hubd.err 'Permission denied|sanitizer'

rm second/gw.pub
collect 5 6
sp push
ok "one that is gone is told" wait_for 20 \
    grep -q 'what=delivery: .*second/gw.pub' hubd.err
keys first
kill -HUP "$hubd"
ok "until a reload names another" wait_for 40 settled
ok "and all is there" same

# Its children are gone with it.
sessions=$(pgrep -P "$hubd")
stop "$hubd"
gone() {
	for child in $sessions; do
		ended "$child" || return 1
	done
}
ok "nothing of it stays" wait_for 10 gone
done_testing
