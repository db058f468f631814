#!/bin/sh
# A push and a pull that are told to end while a body is on a slow line, 8 KB a
# second, where a batch takes half a minute: they are gone within 10 s, say no
# trouble, and the next one delivers all.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

# on_its_way BYTES: so many went through the proxy, all that it did so far: what it
# did for one that ended counts too.
on_its_way() {
	for p in $(lib_tree "$pid") ${link_pid:+$(lib_tree "$link_pid")}; do
		! grep -qx cut_proxy "/proc/$p/comm" ||
		    sed -n 's/^wchar: //p' "/proc/$p/io"
	done | awk -v most="$1" '{ n += $1 } END { exit n < most }'
}
# stopped WHAT: both ends are configured, to meet through the proxy.
stopped() {
	ok "$1: a backlog" sp write <backlog
	echo "rate 8" >rules
	case $mode in
	push) start dial spoke -c spoke.conf push alps ;;
	pull) start dial hubctl -c hub.conf pull alps ;;
	esac
	ok "$1: it is on its way" wait_for 30 on_its_way 20000
	stopped_begun=$(lib_now)
	stop "$pid" TERM 60
	is "$1: it ends of the signal" $? 143
	stopped_s=$(($(lib_now) - stopped_begun))
	test "$stopped_s" -le 10
	is "$1: within 10 s" $? 0 || diag "$stopped_s"
	is "$1: and says no trouble" "$(cat dial.err)" ""
	: >rules
	ok "$1: the next one is well" deliver
	ok "$1: and delivers all" wait_for 20 same
}
backlog 20 >backlog

# shellcheck disable=SC2034 # for http-lib.sh
compression=none
link_port=$(free_port)
link "$link_port" "$port"
mode=push
hub_conf "$tls"
spoke_conf "https://localhost:$link_port/"
hub_listens
stopped "http push"
stop "$hubd"
stop "$link_pid"

fresh
mode=pull
link_port=$(free_port)
link "$link_port" "$port"
# shellcheck disable=SC2034 # for http-lib.sh
url=https://localhost:$link_port/
pull_confs
spoke_listens
stopped "http pull"
stop "$daemon"
stop "$link_pid"
link_pid=

for mode in push pull; do
	fresh
	# shellcheck disable=SC2046 # words
	keys="compression = none" over_exec $mode "$proxy" "$tmp/rules" \
	    $(far_side $mode)
	stopped "exec $mode"
done
done_testing
