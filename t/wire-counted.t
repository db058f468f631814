#!/bin/sh
# The bytes of exec, ssh and http, with TLS and without, as who dials has them in its
# status, against what a proxy saw go over the socket: handshakes are part of it.  Over
# http who is called sees them as well.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
. "$top_srcdir/t/counted-lib.sh"

# nobody_there WHAT KEYS: what never connects costs nothing.
nobody_there() {
	for mode in push pull; do
		fresh
		both "mode = $mode $2"
		test $mode = pull || little
		exits "$1, $mode, to where nobody listens" 75 dial
		is "$1, $mode: nothing went over the wire" "$(counts)" 0
	done
}
for mode in push pull; do
	fresh
	# shellcheck disable=SC2046 # words
	over_exec "$mode" "$top_builddir/t/cut_proxy" "$tmp/rules" \
	    $(far_side "$mode")
	exchanges "exec, $mode" 200
done

if has_ssh; then
	through "$sshd_port"
	sed -i "s/:$sshd_port/:$at/" "$sshd_dir/known_hosts"
	sshd_port=$at
	for mode in push pull; do
		fresh
		: >"$sshd_dir/authorized_keys"
		key_for alps "ASAN_OPTIONS=$ASAN_OPTIONS $(far_side "$mode")"
		both "mode = $mode $(over_ssh alps)"
		exchanges "ssh, $mode"
	done
	sshd_port=$(free_port)
	nobody_there ssh "$(over_ssh alps)"
else
	skip "ssh" "no sshd"
fi

# over_web WHAT WEB URL-SCHEME KEYS: in $mode.
over_web() {
	fresh
	web_port=$(free_port)
	through "$web_port"
	both "mode = $mode $(over_http alps "$at" |
	    sed "s/http:/$3:/; s/token =/$4 &/")"
	case $mode in
	push) set -- "$1" "$2" hub.conf hubd -c hub.conf ;;
	pull) set -- "$1" "$2" spoke.conf spoke -c spoke.conf daemon ;;
	esac
	echo "web { listen = \"127.0.0.1:$web_port\" $2 }" >>"$3"
	over_what=$1
	shift 3
	start called "$@"
	called=$pid
	over_real=$(real)
	wait_for 20 grep -q 'listening address' called.err
	exchanges "$over_what, $mode"
	stop "$called"
	over_real=$(($(real) - over_real))
	over_counted=$(called_counts)
	over_off=$((over_counted - over_real))
	ok "$over_what, $mode: $over_counted counted of $over_real by who is called" \
	    test $(((${over_off#-} - unseen) * 20)) -le "$over_real"
}
called_counts() {
	case $mode in
	push) hub_has wire_bytes_month ;;
	pull) spoke_has wire_bytes_month ;;
	esac
}
if has_http; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout web.key -out web.pem -days 2 -subj /CN=noc \
	    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	for mode in push pull; do
		unseen=300
		over_web http "" http ""
		unseen=1000
		over_web https "certificate = web.pem key = web.key" https \
		    "ca = web.pem"
	done
	nobody_there http "$(over_http alps "$(free_port)")"
else
	skip "http" "no libcurl or libmicrohttpd"
fi
done_testing
