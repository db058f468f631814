#!/bin/sh
# Real programs over a link that is cut, in either direction, and taken up again:
# everything is delivered once, in order, by push and pull, over exec and ssh.
# t/test_link_cut cuts at every byte, in one process an end; here, where a cut costs
# six programs, are samples of it: 64 over exec and 32 over ssh.  With $CAMPAIGN
# every byte over exec and 400 over ssh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

proxy=$top_builddir/t/cut_proxy
: >rules

deliver() {
	case $mode in
	push) sp push --always --deadline 60s alps ;;
	pull) hub pull --deadline 60s alps ;;
	esac
}
# Both spools as they were before any delivery.
begin_anew() {
	rm -rf gw noc
	cp -a gw.full gw
	cp -a noc.full noc
}
fill() {
	fresh
	data 2
	mkdir -p noc/spool/alps
	hub status >/dev/null 2>&1 # makes its directories
	resync 1
	rm -rf gw.full noc.full
	cp -a gw gw.full
	cp -a noc noc.full
}
# same FROM TO: what one end wrote is what the other has.
same() {
	cat "$1/spool/alps/sent/"*.msgs "$1/spool/alps/outbox/"*.msgs \
	    2>/dev/null >sent.all
	cat "$2/spool/alps/inbox/"*.msgs "$2/spool/alps/archive/"*.msgs \
	    2>/dev/null >got.all
	test -s sent.all && cmp sent.all got.all
}
all_same() {
	same gw noc && same noc gw
}
# What a spoke answers to a RESYNC comes by a session of its own.
taken_up() {
	deliver && { all_same || { deliver && all_same; }; }
}
# cut_at DIRECTION BYTE
cut_at() {
	begin_anew
	echo "$1 $2" >rules
	deliver 2>cut.err
	case $? in
	0 | 75) ;;
	*)
		diag "cut at $1 $2: $(cat cut.err)"
		return 1
		;;
	esac
	: >rules
	taken_up 2>again.err || {
		diag "after a cut at $1 $2: $(cat cut.err again.err)"
		return 1
	}
}
# cut_over WHAT SAMPLES: as many cuts in each direction, spread over a whole
# session's bytes; 0: at every one.
cut_over() {
	cut_what=$1 cut_samples=$2
	fill
	: >rules
	rm -f rules.log
	ok "$cut_what: without a cut" deliver
	begin_anew
	rm -f rules.log
	ok "$cut_what: again" deliver
	# shellcheck disable=SC2034 # words of a line
	read -r w1 cut_up w2 cut_down w3 <rules.log
	test "$cut_up" -gt 300 && test "$cut_down" -gt 300
	is "$cut_what: $cut_up bytes up, $cut_down down" $? 0
	cut_bad=0
	for cut_direction in up down; do
		test "$cut_direction" = up && cut_n=$cut_up || cut_n=$cut_down
		cut_step=1
		test "$cut_samples" -eq 0 ||
		    cut_step=$((cut_n / cut_samples + 1))
		cut_byte=$((cut_step / 2))
		while test "$cut_byte" -lt "$cut_n"; do
			cut_at "$cut_direction" "$cut_byte" ||
			    cut_bad=$((cut_bad + 1))
			cut_byte=$((cut_byte + cut_step))
		done
	done
	is "$cut_what: cut every $cut_step bytes, all is there once" \
	    "$cut_bad" 0
}

exec_samples=16 ssh_samples=8
test -z "${CAMPAIGN-}" || exec_samples=0 ssh_samples=100

for mode in push pull; do
	test "$mode" = push && far=$hub_side || far=$spoke_side
	# shellcheck disable=SC2086 # words
	keys="compression = none" over_exec "$mode" "$proxy" "$tmp/rules" $far
	cut_over "exec, $mode" "$exec_samples"
done

if start_sshd; then
	ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
	port=$(free_port)
	start proxy "$proxy" "$tmp/rules" -l "$port" "$sshd_port"
	sed "s/:$sshd_port/:$port/" sshd/known_hosts >known_hosts
	for mode in push pull; do
		test "$mode" = push && far=$hub_side || far=$spoke_side
		both "transport = ssh mode = $mode ssh {
		    host = \"127.0.0.1\" port = $port user = \"$(id -un)\"
		    identity = \"alps.key\" known-hosts = \"known_hosts\" }"
		echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $far\" $(
			cat alps.key.pub)" >"$sshd_dir/authorized_keys"
		cut_over "ssh, $mode" "$ssh_samples"
	done
else
	skip "over ssh" "no sshd"
fi
done_testing
