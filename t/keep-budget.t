#!/bin/sh
# The month's budget of a session that is kept open: what goes is counted as it
# goes, 80 % is told before 100 %, and then the session ends.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

mkdir -m 700 gw noc
hubctl=$(command -v hubctl)
# side NODE: the same association on both.
side() {
	cat <<-EOT
	node "$1" {
		state = "$tmp/$1/state" spool = "$tmp/$1/spool"
		run = "$tmp/$1/run"
	}
	association "alps" {
		hub = "noc" spoke = "gw" transport = exec mode = push
		compression = none hub-subtree = "/Sites/Alps"
		keep = yes budget = 64K
		exec { command = {
			"$hubctl", "-c", "$tmp/hub.conf", "receive", "alps" } }
	}
	EOT
}
side gw >spoke.conf
side noc >hub.conf
chmod 600 spoke.conf hub.conf

# say N: that many DATA in one write, about 170 bytes each.
say() {
	awk -v n="$1" -v now="$(date +%s)" 'BEGIN { for (i = 0; i < n; i++)
		printf "Type:DATA\nTimestamp:%d\n\nT1:%d\n.\n", now, i }' |
	    sp write
}
# told WHAT: the daemon told of it.
told() {
	grep -q "what=$1:" daemon.err
}
described=$(printf '%s\n' Type:CONFIG "Timestamp:$(date +%s)" "" \
    level2-token:T1 level2-path:/m/v vertical-label:x collector-period:1 .)
ok "a configuration" sp write <<EOT
$described
EOT
start daemon spoke -c spoke.conf daemon
daemon=$pid
acked() {
	test "$(status_of waiting_messages)" -eq 0
}
ok "goes" wait_for 20 acked

# A step of 5 % needs no clock: looks come every 5 s, and less passes here.
n=0
while ! told budget-spent && test $n -lt 60; do
	n=$((n + 1))
	say 15 || break
	wait_for 10 acked || break
done
ok "what is used up is told" wait_for 10 told budget-spent ||
    diag "$(cat daemon.err)"
ok "and that it is near, before" told budget
used=$(sed -n 's/.*what=budget: *\([0-9]*\) of.*/\1/p' daemon.err | head -n 1)
test "${used:-0}" -ge 52428 && test "${used:-0}" -lt 60000
is "at 80 %" $? 0
used=$(status_of wire_bytes_month)
test "$used" -ge 65536 && test "$used" -lt 80000
is "at 100 % the session ends" $? 0 || diag "$used"
is "as is seen" "$(status_of state)" budget-spent
stop "$daemon" TERM 30
done_testing
