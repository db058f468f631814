#!/bin/sh
# ssh in mode pull: hubctl pull over a real sshd to `spoke serve` as the forced
# command of the hub's key.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

need ssh-keygen
start_sshd || skip_all "no sshd, or no shell for it"

# over_ssh MODE [KEYS]
over_ssh() {
	both "transport = ssh mode = $1 ${2-} ssh {
	    host = \"127.0.0.1\" port = $sshd_port user = \"$(id -un)\"
	    identity = \"alps.key\" known-hosts = \"sshd/known_hosts\" }"
}
# authorize SIDE: what the key may do.
authorize() {
	echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $1\" $(
		cat alps.key.pub)" >"$sshd_dir/authorized_keys"
}
connections() {
	grep -c '^Accepted publickey' "$sshd_dir/log"
}
ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key

# --- Delivered ---------------------------------------------------------------

over_ssh pull
authorize "$spoke_side"
ok "spoke authorize prints the line of the hub's key" \
    sp authorize alps alps.key.pub
has "for spoke serve alone" out \
    '^restrict,command="[^"]*/spoke -c [^" ]*/spoke.conf serve alps" ssh-ed25519 '
exits "hubctl authorizes nobody here" 78 hub authorize alps alps.key.pub
has "and says where" err 'this node connects: authorize its key on gw'

data 2
ok "a pull" hub pull alps
is "silent" "$(cat out err)" ""
is "byte for byte" "$(arrived)" "$(written)"
is "acknowledged" "$(spoke_has waiting_messages)" 0
test "$(hub_has last_delivery)" -gt 1700000000 &&
    test "$(hub_has wire_bytes_month)" -gt 500
is "counted" $? 0
ok "again, with nothing to fetch" hub pull
is "asks all the same: only the spoke knows" "$(connections)" 2

resync
ok "a RESYNC goes along" hub pull
is "and is answered in the spool" "$(spoke_has last_msgid)" 4
ok "the next pull" hub pull
is "brings the answer" "$(arrived)" "$(written)"
sp collect --now
resync
ok "both ways at once" hub pull
ok "and the answer to that" hub pull
is "all is there, once" "$(arrived)" "$(written)"

# --- Directions --------------------------------------------------------------

exits "a spoke does not push what is pulled" 78 sp push alps
has "and says why" err 'mode pull: the hub opens its sessions'
ok "nor does a push of all" sp push
is "connect" "$(connections)" 6
cp hub.conf hub.pull
cp spoke.conf spoke.pull
sp collect --now
over_ssh push
cp hub.conf hub.push
cp spoke.pull spoke.conf
authorize "$hub_side"
# the spoke was told push, the hub pull
cp hub.pull hub.conf
over_ssh push
cp hub.pull hub.conf
chmod 600 hub.conf spoke.conf
exits "a push to a hub that pulls" 78 sp push
has "is refused with the reason" err 'alps is of mode pull: its hub opens'
cp spoke.conf spoke.push
authorize "$spoke_side"
exits "a pull from a spoke that pushes" 78 hub pull
has "is refused with the reason" err 'alps is of mode push: its spoke opens'
cp spoke.pull spoke.conf
cp hub.pull hub.conf
chmod 600 spoke.conf hub.conf
authorize "$hub_side"
exits "a key with the wrong program" 78 hub pull
authorize "$spoke_side"
ok "after all that" hub pull
is "nothing is lost" "$(arrived)" "$(written)"

# --- Busy, locked, killed ----------------------------------------------------

# A session of ours that hangs: stopped at the far end.
sp collect --now
cat >slow.sh <<EOT
echo \$\$ >"$tmp/slow.pid"
while test -e "$tmp/slow"; do sleep 0.05; done
exec $spoke_side
EOT
touch slow
authorize "/bin/sh $tmp/slow.sh"
start pull hubctl -c "$tmp/hub.conf" pull
pull=$pid
ok "a pull that is slow" wait_for 20 test -s slow.pid
ok "another, meanwhile, is content" hub pull
is "and quiet" "$(cat out err)" ""
rm slow
wait "$pull"
is "the first one ends well" $? 0
is "with all" "$(arrived)" "$(written)"

# Killed in the middle, at either end, whatever was under way.
killed() {
	sp collect --now
	touch slow
	rm -f slow.pid
	start pull hubctl -c "$tmp/hub.conf" pull
	wait_for 20 test -s slow.pid || return 1
	if test "$1" = hub; then
		kill -KILL "$pid"
		rm slow
	else
		kill -KILL "$(cat slow.pid)"
		rm slow
		wait "$pid"
		test $? -eq 75 || return 1
	fi
	wait_for 20 ended "$pid"
}
authorize "/bin/sh $tmp/slow.sh"
ok "a hub that is killed" killed hub
ok "a spoke that is killed" killed spoke
authorize "$spoke_side"
ok "the next pull" hub pull --deadline 30s
is "has all, once" "$(arrived)" "$(written)"

# The newer session of one association ends the older at the far end.
sp collect --now
rm -f gw/spool/alps/session.lock
mkfifo hold
start stuck sh -c "exec $spoke_side <>$tmp/hold"
stuck=$pid
ok "an older session that hangs at the spoke" \
    wait_for 10 holder gw/spool/alps/session.lock
ok "a newer one takes its place" hub pull --deadline 60s
is "and has all" "$(arrived)" "$(written)"
ok "the older one has ended" wait_for 10 ended "$stuck"

# --- The spoke is away -------------------------------------------------------

stop "$sshd_pid"
exits "a spoke that is down" 75 hub pull
has "is told of" err 'association=alps what=delivery.*127.0.0.1'
exits "still down" 75 hub pull
is "it is not told again" "$(cat out err)" ""
hub status --json >status
has "status shows it" status '"state":"(delivery|down)"'

done_testing
