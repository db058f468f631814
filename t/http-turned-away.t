#!/bin/sh
# A listener that has too many connections closes some before any answer: who pushes
# or pulls comes again a few times, after a while, and then leaves it to the next run.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

link_port=$(free_port)
link "$link_port" "$port"

# dial ARG...: who dials does.
dial() {
	case $mode in
	push) set -- spoke -v -c spoke.conf push "$@" alps ;;
	pull) set -- hubctl -v -c hub.conf pull "$@" alps ;;
	esac
	exec "$@"
}
# turned_away WHAT: both ends are configured, to meet through the proxy.
turned_away() {
	ok "$1: something to say" sp collect --now
	echo "up $2" >rules
	rm -f rules.log
	start dial dial
	soon_has "$1: closed after $2 bytes it comes again" dial.err \
	    'again in [0-9]+ ms association=alps: '
	test "$(grep -c cut rules.log)" -eq 3
	is "$1: though it was turned away thrice" $? 0
	: >rules
	wait "$pid"
	is "$1: and gets through" $? 0 || diag "$(cat dial.err)"
	ok "$1: with all" wait_for 20 same

	echo "up $2" >rules
	rm -f rules.log
	more
	exits "$1: closed for ever, it gives up" 75 dial_here --tries 2
	is "$1: after as many tries as it may" \
	    "$(grep -c 'again in' err) $(grep -c cut rules.log)" "1 6"
	: >rules
	ok "$1: and is well the next time" dial_here
	ok "$1: with all of that, too" wait_for 20 same
}
dial_here() {
	(dial "$@")
}
more() {
	ok "more to say" sp collect --now
}

mode=push
hub_conf "$tls"
spoke_conf "https://localhost:$link_port/"
hub_listens
turned_away "https push, in the handshake" 1
turned_away "https push, in a request" 1000
stop "$hubd"
hub_conf ""
spoke_conf "http://localhost:$link_port/" "token = alps.token"
hub_listens
turned_away "http push" 1
stop "$hubd"

fresh
mode=pull
# shellcheck disable=SC2034 # for http-lib.sh
url=https://localhost:$link_port/
pull_confs
spoke_listens
turned_away "https pull" 1
stop "$daemon"
done_testing
