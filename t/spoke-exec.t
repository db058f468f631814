#!/bin/sh
# The collector "exec" in a real cycle: bad lines, bad ends, the operator.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

node "$(association alps)" "$(collector a)" \
    'operator { mail = {"noc@example.net"}' \
    "sendmail = {\"/bin/sh\", \"$tmp/sendmail\"} gather = 0 }"
echo "cat >>$tmp/mail" >sendmail

echo 'echo x:1; echo /y/z:2' >a.sh
ok "a cycle" sp collect
is "its values" "$(body 2)" "T0001:1
T0002:2"

printf '%s\n' 'echo x:1e9; echo y/z:3; echo junk; echo "../up:1"' \
    'printf "bad\033[2J:1\\n"; echo secret-free >&2' >a.sh
ok "bad lines" sp collect --now
is "cost their leaf a U and nothing else" "$(body 3)" "T0001:U
T0002:3"
is "and one line of the log each" "$(grep -c 'collector=a line=' err)" 4
has "which is escaped" err 'line="bad.x1b\[2J:1"'
has "stderr goes to the log" err 'collector=a stderr="secret-free"'
has "the operator is told" err 'what=remarks-a: collector a: '
exits "check warns" 1 sp check
has "and why" out 'WARNING - remarks-a: collector a: '
ok "the same again" sp collect --now
is "is no news for cron" "$(cat err)" ""
ok "but where it is asked for" sp -v collect --now
has "all of it is there" err 'collector=a stderr="secret-free"'

echo 'echo x:5; echo broken pipe >&2; exit 3' >a.sh
ok "a bad end" sp collect --now
is "makes all its leaves U" "$(body 6)" "T0001:U
T0002:U"
has "the operator is told" err 'what=collector-a: collector a: exit 3'
exits "check knows" 2 sp check
has "and why" out 'CRITICAL - .*collector-a: collector a: exit 3'
ok "once" sp collect --now
lacks "and not again" err 'what=collector-a'
is "one mail" "$(grep -c '^began: .*exit 3' mail)" 1
echo 'echo x:6; echo y/z:7' >a.sh
ok "it works again" sp collect --now
has "which is told" err 'over.*collector-a'
has "and that it says no more" err 'over.*remarks-a'
is "the values are back" "$(body 8)" "T0001:6
T0002:7"

# The environment, and no shell in between.
echo 'echo "home:${HOME+1}${HOME-0}"; echo path:${PATH:+1}' >a.sh
export SECRET=1
ok "its environment is spelled out" sp collect --now
is "by us" "$(body 10)" "T0001:U
T0002:U
T0003:0
T0004:1"
node "$(association alps)" 'collector "a" { type = exec tree = "local"' \
    'subtree = "/a" period = 1d command = {"/bin/echo", "x:1; $(id) `id`"} }'
ok "the command's words are its own" sp collect --now
has "no shell reads them" err 'line="x:1; \$\(id\) `id`"'

# Nothing that we, or our caller, have open is the command's.
node "$(association alps)" "$(collector a)"
echo 'echo x:1' >a.sh
ok "a right line" sp collect --now
cat >a.sh <<'EOT'
for fd in /proc/$$/fd/*; do
	case $(readlink "$fd") in
	*/a.sh | pipe:* | socket:* | /dev/null) ;;
	*) echo "open: ${fd##*/} $(readlink "$fd")" >&2 ;;
	esac
	case ${fd##*/} in 9) echo "open: 9" >&2 ;; esac
done
echo looked >&2
EOT
: >given
ok "with a descriptor of its caller" sp collect --now 9<given
lacks "it sees none, and none of ours" err 'open:'
has "though it looked" err looked

# The deadline is half the period.
cat >a.sh <<EOT
echo x:1
trap "" TERM
sleep 1000 &
echo \$! >$tmp/child
wait
EOT
node "$(association alps)" "$(collector a | sed 's/period = 1d/period = 2s/')"
ok "one that does not end" sp collect --now
has "is ended" err 'collector a: did not end in time'
ok "with all that it began" wait_for 10 ended "$(cat child)"
done_testing
