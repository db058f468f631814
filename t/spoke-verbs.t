#!/bin/sh
# spoke: how it is called, and the verbs that only report or make keys.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

echo 'echo v:1' >a.sh
node "$(association alps)" "$(association pulled | sed s/push/pull/)" \
    "$(collector a)"

exits "no command" 64 sp
exits "an unknown command" 64 sp nothing
exits "an unknown option" 64 sp collect --later
exits "a word too many" 64 sp collect soon
exits "no such file" 66 spoke -c nowhere.conf status
has "which is named" err nowhere.conf
ok "--help" spoke --help
for verb in collect write push announce renew messages status check \
    check-config authorize keygen; do
	has "help has $verb" out "^  $verb"
	grep -q "^\.Ss $verb" "$top_srcdir/doc/spoke.1"
	is "the manual page, too" $? 0
done

echo 'node "gw" { colour = red }' >bad.conf
chmod 600 bad.conf
exits "a wrong one" 78 spoke -c bad.conf check-config
has "is told with file and line" err 'bad.conf:1: '

ok "status of a fresh node" sp status --json
is "an object each" "$(wc -l <out)" 2
has "with all its keys" out '^\{"association":"alps","role":"spoke","mode":"push","transport":"ssh","state":"idle","stream":[^,]*,"last_msgid":null,"acked_msgid":null,"waiting_messages":0,"waiting_bytes":0,"oldest_s":null,"lag_s":0,"last_delivery":null,"wire_bytes_month":0,"gaps":0,"quarantined":0,"refused":0,"to_spoke_waiting":null,"mail_fails_since":null\}$'
sp collect
ok "status for people" sp status alps
has "says what waits" out '^alps +ssh +push +waiting +0 +2 '
ok "check" sp check
has "is a Nagios plug-in" out "^SPOKE OK - .* \\| .*'alps_waiting'=[0-9]+B"
has "with what was refused, a counter" out " 'alps_refused'=0c"
has "that says what confines" out '^confinement: '
exits "check of nothing" 3 sp check nowhere

ok "an association of mode pull is sealed after each cycle" \
    ls spool/pulled/outbox/00000000000000000001-00000000000000000002.msgs
sp messages alps 2-2 >one
ok "messages" sp messages alps 1-2
is "are a range" "$(grep -c ^MsgID out)$(grep -c ^MsgID one)" 21
exits "a range that is none" 64 sp messages alps 2-1
exits "nor is 0" 64 sp messages alps 0

if command -v ssh-keygen >/dev/null; then
	for name in alps pulled; do
		sp keygen "$name.key" >/dev/null
	done
	echo "localhost $(cat alps.key.pub)" >known_hosts
	ok "check-config" sp check-config
	is "is silent" "$(cat out err)" ""
	ok "check-config -v" sp check-config -v
	has "prints what is in force" out 'config-interval = 1d'
	cp out effective.conf
	chmod 600 effective.conf
	ok "in the file's own syntax" spoke -c effective.conf check-config
	ok "keygen" sp keygen key
	is "is silent" "$(cat out err)" ""
	is "the private half is ours alone, the other one for all" \
	    "$(stat -c %a key key.pub | tr '\n' ' ')" "600 644 "
	has "Ed25519, of this node" key.pub '^ssh-ed25519 [^ ]+ axletree@gw$'
	exits "it overwrites nothing" 73 sp keygen key
	exits "nor takes an option for a name" 64 sp keygen -- -tdsa
	ok "authorize" sp authorize pulled key.pub
	has "lets it do one thing" out \
	    '^restrict,command="[^"]*/spoke -c [^"]* serve pulled" ssh-ed25519 '
	exits "where the hub does not come" 78 sp authorize alps key.pub
else
	skip "check-config, keygen and authorize" "ssh-keygen is not installed"
fi
done_testing
