#!/bin/sh
# The bytes of transport rsync: rsync's totals and what is added for what they leave
# out, as status has them, against what a proxy saw go over the socket, to a daemon
# and over ssh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"
. "$top_srcdir/t/counted-lib.sh"

# end_of MODE: whose files are brought and fetched; set_up KEYS: who dials has them.
end_of() {
	case $1 in
	push) echo noc ;;
	pull) echo gw ;;
	esac
}
set_up() {
	rm -rf gw noc
	mkdir -m 700 gw noc
	both="transport = rsync compression = gzip mode = $mode"
	case $mode in
	push)
		configure "$1" ""
		start_hubd
		;;
	pull) configure "" "$1" ;; # a hubd would pull, too
	esac
}
tear_down() {
	test "$mode" = pull || stop "$hubd" KILL
}
for mode in push pull; do
	if daemon "$(end_of "$mode")"; then
		through "$port"
		port=$at
		set_up "$(modules)"
		exchanges "to a daemon, $mode"
		tear_down
		stop "$daemon"
	else
		skip "to a daemon, $mode" "it does not start"
	fi
done

if command -v rrsync >/dev/null && start_sshd; then
	through "$sshd_port"
	sed -i "s/:$sshd_port/:$at/" "$sshd_dir/known_hosts"
	sshd_port=$at
	for mode in push pull; do
		set_up "$(over_rrsync "$(end_of "$mode")")"
		exchanges "over ssh, $mode"
		tear_down
	done
else
	skip "over ssh" "no rrsync or no sshd"
fi
done_testing
