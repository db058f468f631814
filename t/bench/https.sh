# Where only https gets through: what a cycle costs over a session that is kept
# open, whoever calls.
. "$top_srcdir/t/bench/lib.sh"
. "$top_srcdir/t/http-lib.sh"

compression=none
# confs MODE
confs() {
	case $1 in
	push)
		keys="keep = yes"
		hub_conf "$tls"
		spoke_conf "$url"
		;;
	pull)
		keys="keep = yes pull-interval = 1s"
		pull_confs
		;;
	esac
}
acked() {
	test "$(spoke_has waiting_messages)" = 0
}
# beats MODE CYCLES: bytes of TCP that a session has in all, and those of the
# messages, which are sent as they stand.
beats() {
	rm -rf gw noc
	mkdir -m 700 gw noc
	start_hubd
	start daemon spoke -c "$tmp/spoke.conf" daemon
	daemon=$pid
	for n in $(seq "$2"); do
		sp collect --now && wait_for 20 acked || fail_bench "no $1"
	done
	case $1 in
	push) stop "$daemon" && who=spoke_has ;;
	pull) stop "$hubd" && who=hub_has ;;
	esac
	echo "$($who wire_bytes_month) $(sp messages alps | wc -c)"
	stop "$daemon"
	stop "$hubd"
}
for mode in push pull; do
	confs $mode
	beats $mode 5 >few
	beats $mode 25 >many
	awk -v mode=$mode '{ n[FILENAME] = $1 - $2 } END {
		v = (n["many"] - n["few"]) / 20
		printf "ROW\tone cycle by https %s, kept open, " \
		    "bytes of TCP above the payload\t%.0f B\t-\t-\t<= 600 B\t%.2f\n",
		    mode, v, 600 / v }' few many
done
