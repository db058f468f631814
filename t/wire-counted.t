#!/bin/sh
# The bytes of ssh and http, with TLS and without, as status has them, against what a
# proxy saw go over the socket: handshakes are part of it.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
. "$top_srcdir/t/counted-lib.sh"

if has_ssh; then
	through "$sshd_port"
	sed -i "s/:$sshd_port/:$at/" "$sshd_dir/known_hosts"
	sshd_port=$at
	key_for alps "ASAN_OPTIONS=$ASAN_OPTIONS $hub_side"
	both "$(over_ssh alps)"
	exchanges "over ssh"
else
	skip "over ssh" "no sshd"
fi

# over_web WHAT WEB URL-SCHEME KEYS
over_web() {
	fresh
	hub_port=$(free_port)
	through "$hub_port"
	both "$(over_http alps "$at" | sed "s/http:/$3:/; s/token =/$4 &/")"
	echo "web { listen = \"127.0.0.1:$hub_port\" $2 }" >>hub.conf
	start hubd hubd -c hub.conf
	hubd=$pid
	wait_for 20 grep -q 'listening address' hubd.err
	exchanges "$1"
	stop "$hubd" KILL
}
if has_http; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout hub.key -out hub.pem -days 2 -subj /CN=noc \
	    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	unseen=300
	over_web "over http" "" http ""
	unseen=1000
	over_web "over https" "certificate = hub.pem key = hub.key" https \
	    "ca = hub.pem"
else
	skip "over http" "no libcurl or libmicrohttpd"
fi
done_testing
