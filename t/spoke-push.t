#!/bin/sh
# spoke push over a real sshd to `hubctl receive`: what is delivered, what is
# told, what comes back.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

ssh_pair
echo 'echo v:1; echo w:2' >a.sh

ok "nothing to send" sp push
is "makes no connection" "$(connections)" 0
sp collect
ok "what waits is delivered" sp push
is "silently" "$(cat out err)" ""
is "by one connection" "$(connections)" 1
is "all of it" "$(status_of waiting_messages) $(status_of acked_msgid)" "0 2"
test "$(status_of last_delivery)" -gt 1700000000 &&
    test "$(status_of wire_bytes_month)" -gt 500
is "when, and in how many bytes, is kept" $? 0
is "the hub has it byte for byte" "$(cat noc/spool/alps/inbox/*.msgs)" \
    "$(sp messages alps)"
ok "again" sp push
is "makes no connection" "$(connections)" 1
ok "--always" sp push --always
is "does" "$(connections)" 2

# An outage.
sp collect --now
stop "$sshd_pid"
exits "the hub is down" 75 sp push
has "it is told" err 'association=alps what=delivery'
has "with what to do next" err "next: spoke -c $tmp/spoke.conf -v push alps\$"
exits "it is still down" 75 sp push
is "it is not told again" "$(cat out err)" ""
exits "who asks with -v" 75 sp -v push
has "hears why" err "Connection refused; next: spoke -c $tmp/spoke.conf -v push alps\$"
sed 's/.*; next: //' err >again.sh
exits "which can be pasted" 75 sh again.sh
has "and is the same" err 'Connection refused; next: '
exits "check knows" 2 sp check
has "and why" out 'alps: trouble with delivery: .*Connection refused \|'
is "status too" "$(status_of state)" delivery
start_again
delivered() {
	sp push 2>told
}
ok "it is back" wait_for 20 delivered
has "and said to be over" told 'over association=alps'
is "nothing waits" "$(status_of waiting_messages) $(status_of state)" "0 idle"

# A twin of ours, whose hub says nothing.
sp collect --now
cp "$sshd_dir/authorized_keys" keys
sed 's/command="[^"]*"/command="sleep 100"/' keys >"$sshd_dir/authorized_keys"
start twin spoke -c spoke.conf push
twin=$pid
wait_for 20 holder gw/spool/alps/session.lock
ok "a push that runs already is enough" sp push
is "silently" "$(cat out err)" ""
is "and is left alone" "$(status_of waiting_messages)" 1
stop "$twin"
if command -v script >/dev/null; then
	script -qec "spoke -c spoke.conf push --deadline 3s" typed \
	    </dev/null >/dev/null
	has "who watches a long one sees how far it is" typed \
	    'spoke: alps \[\.+\] 0/1 messages  [0-9]+ KiB'
else
	skip "who watches a long one sees how far it is" "no script(1)"
fi
cp keys "$sshd_dir/authorized_keys"

# The return path.
before=$(last)
sp push
"$top_builddir/t/put_resync" noc/spool/alps 0
ok "the hub asks for the configuration" sp push --always
is "it is spooled again" "$(field Type $((before + 1))) $(
	field Generation $((before + 1))) $(last)" "CONFIG 1 $((before + 1))"
is "as it was" "$(body $((before + 1)))" "$(body 1)"
ok "with the next delivery" sp push
is "it is gone" "$(status_of waiting_messages)" 0
ok "once" sp push --always
is "for each time that it asks" "$(last)" $((before + 1))
is "what came is kept" "$(cat gw/spool/alps/archive/*.msgs | grep -c ^MsgID)" 1

# A hub that lost its disk.
stream=$(status_of stream)
rm -rf noc/spool noc/state
sp collect --now
ok "a hub that knows nothing of us" sp push
has "is told once" err 'a new one began'
test "$(status_of stream)" != "$stream"
is "a new stream has begun" $? 0
is "and it has all that is held" "$(cat noc/spool/alps/inbox/*.msgs |
    grep -c ^Type:DATA)" "$(sp messages alps | grep -c ^Type:DATA)"
ok "the next cycle" sp collect --now
is "goes on with the same tokens" "$(body "$(last)")" "T0001:1
T0002:2"
ok "in the new stream" sp push

# A host that is another.
sed "s| AAAA.*| $(cut -d ' ' -f 2 alps.key.pub)|" known_hosts >known
cp known_hosts good_hosts
cp known known_hosts
exits "another host key" 77 sp push --always
has "is refused" err 'somebody may stand between'
is "and counted" "$(status_of refused)" 1
exits "each time" 77 sp push --always
is "it is" "$(status_of refused)" 2
cp good_hosts known_hosts
ok "the right one" sp push --always
is "is not" "$(status_of refused)" 2

configure 'mode = pull'
exits "the wrong direction" 78 sp push alps
has "is named" err 'mode pull'
ok "and not dialled" sp push
mv alps.key elsewhere
configure
sp collect --now
exits "no key" 66 sp push
done_testing
