#!/bin/sh
# A session that is kept where the account has no inotify instance left: what is
# written meanwhile goes all the same, and what comes is acted upon.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

nothing_waits() {
	test "$(spoke_has waiting_messages)" = 0
}
# shellcheck disable=SC2086 # words
keys="keep = yes" over_exec push $hub_side
acked_past() {
	test "$(spoke_has acked_msgid)" -gt "$1"
}
describe | sp write alps
start daemon env INOTIFY_FAILS="$tmp/none" "$top_builddir/t/faulty_spoke" -v \
    -c spoke.conf daemon
ok "a session that is watched" wait_for 20 acked_past 0
# The next one is not.
: >none
pkill -f "receive.*$tmp/hub.conf|$tmp/hub.conf.*receive"
ok "the next finds no instance, and says so" wait_for 60 grep -q \
    'looks each second for what is written association=alps: too few inotify instances: raise fs.inotify.max_user_instances' \
    daemon.err
for which in first second; do
	ok "what was there has gone" wait_for 20 nothing_waits
	last=$(spoke_has last_msgid)
	say 1
	ok "the $which message goes" wait_for 20 acked_past "$last"
done
config_came() {
	test "$(hub messages alps | grep -c '^Type:CONFIG')" -gt "$1"
}
configs=$(hub messages alps | grep -c '^Type:CONFIG')
resync
ok "and a RESYNC is answered" wait_for 30 config_came "$configs"
ok "what is told of that has gone" wait_for 20 nothing_waits
ok "all is there, once" same
done_testing
