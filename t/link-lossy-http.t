#!/bin/sh
# The same line as in t/link-lossy-ssh.t, 600 ms and 1 % lost: a day's backlog over
# https, PUSH to hubd and PULL from spoke daemon.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/lossy-lib.sh"

vouched hub good 10 hub "subjectAltName=IP:$far_address"
web_address=$far_address
url=https://$far_address:$port/
# shellcheck disable=SC2034 # for http-lib.sh
compression=columnar

# listens PROGRAM ARG...: at the far end.
listens() {
	start answer $far "$@"
	listener=$pid
	wait_for 20 grep -q 'listening address' answer.err ||
	    diag "$(cat answer.err)"
}
keys="mode = push"
hub_conf "$tls"
spoke_conf "$url"
backlog_of_fleet
listens hubd -c "$tmp/hub.conf"
carried "https PUSH" up 8 1 spoke -c "$tmp/spoke.conf" push alps
stop "$listener"

keys=
pull_confs
backlog_of_fleet
listens spoke -c "$tmp/spoke.conf" daemon
carried "https PULL" down 8 1 hubctl -c "$tmp/hub.conf" pull alps
stop "$listener"
done_testing
