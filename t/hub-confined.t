#!/bin/sh
# hubd is confined and its mail is not; it opens its store anew when a sync
# failed.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"

# The file that tee makes has the group that tee runs with.
{
	store
	cat <<-EOF
	hub { settle = 1s settle-max = 2s }
	operator { mail = {"noc@example.net"} gather = 0s
	sendmail = {"$tmp/tee", "$tmp/mail"} }
	EOF
} | nodes pull

# A group that is ours to give, and not the one we run with.
if test "$(id -u)" -eq 0; then
	group=$(($(id -g) + 1))
else
	group=$(id -G | tr ' ' '\n' | grep -vx "$(id -g)" | head -n 1)
fi
cp "$(command -v tee)" tee
test -z "$group" || chgrp "$group" tee
chmod 2755 tee

# status KEY PID: a line of proc(5).
status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status"
}
said() {
	grep -c "$1" hubd.err
}

SYNC_FAILS=$tmp/disk-is-broken
export SYNC_FAILS
start hubd "$top_builddir/t/faulty_hubd" -c hub.conf
wait_for 10 grep -q 'hubd begins' hubd.err || fail "hubd begins" "$(cat hubd.err)"
children=$(pgrep -P "$pid")

# --- Confinement --------------------------------------------------------------

ok "check says what confines" sh -c \
    'hubctl -c hub.conf check | grep "^confinement: no-new-privs"'
has "hubd says so too" hubd.err 'hubd begins .*confinement="no-new-privs'
is "no new privileges" "$(status NoNewPrivs "$pid")" 1
is "but for its mailer, and who dials" "$(for child in $children; do
    status NoNewPrivs "$child"
done | sort -u)" 0
if grep -q ' seccomp"' hubd.err; then
	is "no programs" "$(status Seccomp "$pid")" 2
else
	skip "no programs" "no seccomp here"
fi
is "no files for others" "$(status Umask "$pid")" 0077
has "no core files" "/proc/$pid/limits" '^Max core file size +0 +0 '

{ config /load; data 1 T1:1; } | deliver
ok "it works" wait_for 10 live /Sites/Alps/load
cp hub.conf whole.conf
echo 'nonsense = 1' >>hub.conf
kill -HUP "$pid"
ok "it mails" wait_for 20 grep -q 'nonsense' mail
if test -z "$group" || test "$(./tee mine </dev/null; stat -c %g mine)" != "$group"
then
	skip "by a setgid program" "no group to give, or no setgid here"
else
	is "by a setgid program" "$(stat -c %g mail)" "$group"
fi
cp whole.conf hub.conf
kill -HUP "$pid"
ok "the configuration can be read" wait_for 10 \
    grep -q 'configuration is read anew' hubd.err
for change in 's/noc@/ops@/' "s|/hub/rrd|/hub/rrd2|"; do
	before=$(said 'takes a restart')
	sed "$change" whole.conf >hub.conf
	kill -HUP "$pid"
	ok "it takes a restart: $change" wait_for 10 \
	    sh -c "test \$(grep -c 'takes a restart' hubd.err) -gt $before"
done
cp whole.conf hub.conf
kill -HUP "$pid"

# --- A sync that fails --------------------------------------------------------

: >"$SYNC_FAILS"
data 2 T1:2 | deliver
exits "a failed sync is told" 0 wait_for 100 grep -q 'what=store: ' hubd.err
exits "so are those who ask" 75 hubctl -c hub.conf compile
data 3 T1:3 | deliver
rm "$SYNC_FAILS"
ok "it is, when the disk is well" wait_for 30 \
    grep -q 'over what=store' hubd.err
is "it was told once" "$(said 'what=store: ')" 1
ok "what came meanwhile is ingested" wait_for 10 inbox_is_empty
stop "$pid"
is "hubd ends in order" "$?" 0
for minute in 1 2 3; do
	is "nothing is lost: $minute" "$(stored load $minute)" $minute
done
done_testing
