#!/bin/sh
# The rate of a session is kept, whatever carries it and whoever began it: so many bytes
# of the wire take at least so long.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

rate=32768
keys="compression = none rate = $rate"
# takes WHAT END COMMAND...: a delivery of some 90 KB, begun by that end (spoke, hub).  What
# the first second allows goes at once, and what an sshd adds counts at one end alone.
takes() {
	takes_what=$1 takes_end=$2
	shift 2
	describe
	"$@" || fail "$takes_what: the first" "$(cat err)"
	say 560
	takes_before=$("${takes_end}_has" wire_bytes_month)
	takes_begun=$(date +%s%3N)
	ok "$takes_what" "$@"
	takes_ms=$(($(date +%s%3N) - takes_begun))
	takes_bytes=$(($("${takes_end}_has" wire_bytes_month) - takes_before))
	diag "$takes_bytes bytes in $takes_ms ms"
	test "$takes_bytes" -ge 80000
	is "$takes_what: there is something to hold" $? 0
	test $(((takes_ms + 1500) * rate)) -ge $((takes_bytes * 1000))
	is "$takes_what: the rate is kept" $? 0
}
# --- exec --------------------------------------------------------------------

for mode in push pull; do
	fresh
	# shellcheck disable=SC2046 # words
	over_exec "$mode" $(far_side "$mode")
	case $mode in
	push) takes "exec push" spoke sp push ;;
	pull) takes "exec pull" hub hub pull ;;
	esac
done

# --- ssh ---------------------------------------------------------------------

if has_ssh; then
	for mode in push pull; do
		fresh
		: >"$sshd_dir/authorized_keys"
		key_for alps "ASAN_OPTIONS=$ASAN_OPTIONS $(far_side "$mode")"
		both "mode = $mode $keys $(over_ssh alps)"
		case $mode in
		push) takes "ssh push" spoke sp push ;;
		pull) takes "ssh pull" hub hub pull ;;
		esac
	done
else
	skip "ssh" "no sshd"
fi

# --- http --------------------------------------------------------------------

# serves PROGRAM...: it listens.
serves() {
	start serves "$@"
	wait_for 20 grep -q 'listening address' serves.err
}
if has_http; then
	port=$(free_port)
	web="web { listen = \"127.0.0.1:$port\" }"
	fresh
	both "mode = push $keys $(over_http alps "$port")"
	echo "$web" >>hub.conf
	serves hubd -c hub.conf
	takes "http push" spoke sp push
	stop "$pid" TERM 30
	fresh
	both "mode = pull $keys $(over_http alps "$port")"
	echo "$web" >>spoke.conf
	serves spoke -c spoke.conf daemon
	takes "http pull" hub hub pull
	stop "$pid" TERM 30
else
	skip "http" "no libcurl or libmicrohttpd"
fi

# --- rsync -------------------------------------------------------------------

command -v rsync >/dev/null || {
	skip "rsync" "it is not installed"
	done_testing
}
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"

# by_rsync WHAT MODULES: both modes; the modules are those of $far.
by_rsync() {
	fresh
	case $far in
	noc)
		both="transport = rsync $keys"
		configure "$2" ""
		start_hubd
		takes "$1 push" spoke sp push
		stop "$hubd" TERM 30
		;;
	gw)
		both="transport = rsync $keys mode = pull"
		configure "" "$2"
		takes "$1 pull" hub hub pull
		;;
	esac
}
for far in noc gw; do
	if daemon "$far"; then
		by_rsync "rsync to a daemon," "$(modules)"
		stop "$daemon"
	else
		skip "rsync to a daemon" "it does not start"
	fi
	if command -v rrsync >/dev/null && has_ssh; then
		by_rsync "rsync over ssh," "$(over_rrsync "$far")"
	else
		skip "rsync over ssh" "no rrsync or no sshd"
	fi
done
done_testing
