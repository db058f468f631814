#!/bin/sh
# Real programs over a link that is cut and taken up again: transport http, PUSH to
# hubd and PULL from spoke daemon.  Both go on living, and so does what they hold.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

# A message more, each way.
cat >more <<EOF
"$spoke" -c "$tmp/spoke.conf" collect --now &&
	"$top_builddir/t/put_resync" "$tmp/noc/spool/alps" 0
EOF
# cut_http PROGRAM ARG...: who listens.
cut_http() {
	start answer "$@"
	wait_for 20 grep -q 'listening address' answer.err ||
	    diag "$(cat answer.err)"
	ok "http, $mode: something to say" sp collect --now
	ok "http, $mode: a first delivery" deliver
	ok "http, $mode: more to say" sh more
	cut_over "http, $mode" "$(places 10 100)" -b more
	test "$cut_overcome" -gt 0
	is "http, $mode: $cut_overcome overcome in the session itself" $? 0
	stop "$pid" TERM 30
	is "http, $mode: an end in order" $? 0
}

link_port=$(free_port)
link "$link_port" "$port"
mode=push
spoke_conf "https://localhost:$link_port/"
cut_http hubd -c hub.conf

fresh
mode=pull
url=https://localhost:$link_port/
pull_confs
cut_http spoke -c spoke.conf daemon
done_testing
