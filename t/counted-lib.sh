# Helpers for tests of the bytes that status counts: a proxy that sees what goes over
# the socket, or from and to a command.  sp and the like are of stream-lib.sh.

# through PORT: a proxy to that port; sets $at, its own.
: >rules
: >rules.log
through() {
	for through_try in 1 2 3 4 5; do
		at=$(free_port)
		start proxy "$top_builddir/t/cut_proxy" rules -l "$at" "$1"
		proxy=$pid
		wait_for 5 is_open "$at"
		running "$proxy" && return
	done
	fail "a proxy (try $through_try)" "$(cat proxy.err)"
}
real() {
	awk '{ n += $2 + $4 } END { print n + 0 }' rules.log
}
# all_ended: every connection has, and is in the log.
proxy=
all_ended() {
	test "$(wc -l <rules.log)" -gt "$exchange_n" &&
	    { test -z "$proxy" || ! pgrep -P "$proxy"; }
}
# Who dials in $mode, and counts.
mode=push
dial() {
	case $mode in
	push) sp push --always ;;
	pull) hub pull --always ;;
	esac
}
counts() {
	case $mode in
	push) spoke_has wire_bytes_month ;;
	pull) hub_has wire_bytes_month ;;
	esac
}
# exchange WHAT LEAST: what is counted is what goes, within 5 %; at least so much.
# What goes last over one of two connections, or first over one that libcurl did not
# need, may be seen by one of the two counts alone: $unseen bytes.
unseen=0
exchange() {
	exchange_real=$(real)
	exchange_counted=$(counts)
	exchange_n=$(wc -l <rules.log)
	ok "$1" dial
	wait_for 10 all_ended
	exchange_real=$(($(real) - exchange_real))
	exchange_counted=$(($(counts) - exchange_counted))
	ok "$1: there is something to count" test "$exchange_real" -ge "$2" ||
	    return
	exchange_off=$((exchange_counted - exchange_real))
	ok "$1: $exchange_counted counted of $exchange_real" \
	    test $(((${exchange_off#-} - unseen) * 20)) -le "$exchange_real"
}
# little, much: values for the next exchange; much are random digits, which no
# compression makes few.
little() {
	echo 'echo v:1; echo w:2' >values.sh
	sp collect --now
}
much() {
	awk 'BEGIN { srand(7); for (i = 1; i <= 1500; i++)
		printf "echo v%d:%d\n", i, int(rand() * 1e9) }' >values.sh
	sp collect --now
}
# exchanges WHAT [LEAST]
exchanges() {
	exchanges_least=${2-500}
	little
	exchange "$1, the first" "$exchanges_least"
	exchange "$1, nothing to bring" "$exchanges_least"
	little
	exchange "$1, a cycle" "$exchanges_least"
	much
	exchange "$1, much" 10000
}
