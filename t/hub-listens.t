#!/bin/sh
# hubd's listener for transport http: values that come over it, reloads, a listener
# that dies, ends.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

listeners() {
	grep -c 'listening address' hubd.err
}
listens_again() {
	test "$(listeners)" -gt "$1"
}
# the_listener: its process, a grandchild of hubd.
the_listener() {
	for process in $(lib_tree "$hubd"); do
		test "$(cat "/proc/$process/comm")" = http-listener &&
		    echo "$process"
	done
}
live() {
	hub values /Alps/a/v --raw 2>/dev/null | grep -q '	1$'
}
config_came() {
	test "$(hub messages alps | grep -c '^Type:CONFIG')" -ge "$1"
}

# --- What it will not begin with ------------------------------------------------

hub_conf 'certificate = hub.pem key = good.key'
exits "a key that is not the certificate's" 78 hubd -c hub.conf
has "is told" err 'web { certificate key }'
vouched late good -1
hub_conf 'certificate = late.pem key = late.key'
exits "a certificate that has expired is told by check-config" 78 hub check-config
has "with the day" err 'web { certificate }: has expired on 20[0-9]*-[0-9]*-[0-9]*$'
hub_listens
ok "though hubd begins, for whom it does not concern" running "$hubd"
stop "$hubd"
cp andes.token twin.token
hub_conf "$tls" 'token = twin.token'
exits "two associations with one token" 78 hubd -c hub.conf
has "are told" err 'associations alps and andes have the same token'
hub_conf "$tls" 'token = missing'
exits "a token that is not there" 66 hubd -c hub.conf
is "is named once" "$(grep -o missing err | wc -l)" 1

# --- Values come -------------------------------------------------------------------

hub_conf "$tls"
hub_listens
ok "a spoke measures" sp collect --now
ok "and pushes" sp push
ok "the value is in the hub" wait_for 20 live
ok "hubd's RESYNC goes back" hub check-config
"$top_builddir/t/put_resync" noc/spool/alps 0
ok "and its answer comes" sh -c \
    'spoke -c spoke.conf push --always && spoke -c spoke.conf push'
ok "with the configuration" wait_for 20 config_came 2

# --- Reloads -------------------------------------------------------------------------

n=$(listeners)
kill -HUP "$hubd"
ok "a reload begins another listener" wait_for 20 listens_again "$n"
ok "over which a push goes" sp push --always
cp hub.pem was.pem
echo broken >hub.pem
kill -HUP "$hubd"
ok "a certificate that is broken is not taken" wait_for 20 \
    grep -q 'go on as before: web { certificate key }' hubd.err
soon_has "and told of" hubd.err 'trouble what=config: sessions'
ok "the old one goes on" sp push --always
cp was.pem hub.pem
n=$(listeners)
kill -HUP "$hubd"
wait_for 20 listens_again "$n"
soon_has "it is over" hubd.err 'over what=config'
openssl rand -hex 32 >alps.token
spoke_conf "$url"
exits "a new token, at the spoke alone" 77 sp push --always
n=$(listeners)
kill -HUP "$hubd"
wait_for 20 listens_again "$n"
ok "and at both" sp push --always

# --- A listener that dies ------------------------------------------------------------

n=$(listeners)
kill -KILL "$(the_listener)"
ok "is begun again" wait_for 20 listens_again "$n"
ok "and goes on" sp push --always
soon_has "it was told" hubd.err "what=listener: the listener.s process ended"
hub status >out
ok "hubd is well" running "$hubd"

# --- Kept sessions, and the end ----------------------------------------------------------

keys='keep = yes'
hub_conf "$tls"
spoke_conf "$url"
n=$(listeners)
kill -HUP "$hubd"
wait_for 20 listens_again "$n"
start kept spoke -c spoke.conf push --always --deadline 1h
kept=$pid
runs() {
	sp status --json | grep -q '"state":"idle"' && running "$kept"
}
sp collect --now
wait_for 20 runs
left=$(the_listener)
began=$(lib_now)
stop "$hubd" TERM 60
is "hubd ends well" $? 0
ok "soon, with a session over http that is open" \
    test $(($(lib_now) - began)) -lt 40
wait_for 10 ended "$kept" || stop "$kept"
ok "its listener is gone" wait_for 10 ended "$left"
hub_listens
keys=
spoke_conf "$url"
ok "and another one goes on" sp push --always

done_testing
