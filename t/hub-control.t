#!/bin/sh
# hubctl: a spoke pushes over ssh to `hubctl receive`, and the hub's verbs do
# what they say, with hubd and without.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"
need ssh-keygen
start_sshd || skip_all "no sshd, or no shell for it"
chmod 755 "$tmp"

nodes push "transport = ssh ssh {
	host = \"127.0.0.1\" port = $sshd_port user = \"$(id -un)\"
	identity = \"alps.key\" known-hosts = \"sshd/known_hosts\"
}" <<EOF
hub { settle = 1s settle-max = 2s }
$(store)
association "south" {
	hub = "noc" spoke = "south-gw" transport = exec mode = pull
	exec { command = {"/bin/true"} }
	hub-tree = "main" hub-subtree = "/Sites/South" spoke-tree = "local"
}
EOF
push() {
	spoke -c spoke.conf write && spoke -c spoke.conf push
}

# --- Keys -------------------------------------------------------------------

exits "no key yet" 66 hub authorize alps alps.key.pub
ok "the spoke makes one" spoke -c spoke.conf keygen alps.key
ok "it is authorized" hub authorize alps alps.key.pub
has "for one thing alone" out \
    '^restrict,command="/[^"]*/hubctl -c /[^"]*/hub\.conf receive alps" ssh-ed25519 [A-Za-z0-9+/=]+.*$'
sed "s|command=\"[^ ]*hubctl|command=\"$top_builddir/hub/hubctl|" out \
    >sshd/authorized_keys
ssh-keygen -q -t rsa -N '' -f rsa
exits "an RSA key is refused" 77 hub authorize alps rsa.pub
echo rubbish >rubbish.pub
exits "what is no key is refused" 65 hub authorize alps rubbish.pub
cat alps.key.pub alps.key.pub >two.pub
exits "two keys are refused" 65 hub authorize alps two.pub
exits "one association dials itself" 78 hub authorize south alps.key.pub
exits "one is not there" 78 hub authorize north alps.key.pub
exits "hubctl makes keys too" 0 hub keygen hub.key
exits "but not over another" 73 hub keygen hub.key

# --- Receiving ----------------------------------------------------------------

exits "a client that is none is refused" 76 hub receive alps <spoke.conf
has "and told to the operator" err \
    'trouble association=alps what=delivery: noise before hello: node'
exits "so is another direction" 78 hub receive south </dev/null
start_hubd
{ config /load /users /disk; data 1 T1:1 T2:2 T3:3; } >first
ok "a spoke pushes" push <first
ok "hubd makes a tree of it" wait_for 10 live /Sites/Alps/load
ok "all is in the archive" wait_for 10 inbox_is_empty
is "values came" "$(hub values /Sites/Alps/users --raw --from -2h)" \
    "$((now - 3540))	2"

# --- Looking ------------------------------------------------------------------

ok "status" hub status
has "status has a line for each" out '^alps +ssh +push +ok +2 '
ok "status --json" hub status --json alps
has "with the keys of the manual, in order" out \
    '^\{"association":"alps","role":"hub","mode":"push","transport":"ssh","state":"ok","stream":"[0-9a-f]{32}","last_msgid":2,"acked_msgid":2,"waiting_messages":0,"waiting_bytes":0,"oldest_s":null,"lag_s":[0-9]+,"last_delivery":[0-9]+,"wire_bytes_month":[1-9][0-9]*,"gaps":0,"quarantined":0,"refused":1,"to_spoke_waiting":0,"mail_fails_since":null\}$'
exits "status of nobody" 78 hub status north
ok "a tree" hub tree
is "in path order" "$(cat out)" "/Sites/Alps/disk
/Sites/Alps/load
/Sites/Alps/users"
is "a subtree" "$(hub tree /Sites/Alps/load)" /Sites/Alps/load
is "with parameters" "$(hub tree /Sites/Alps/load --params)" \
    "/Sites/Alps/load
	collector-period: 60
	vertical-label: \"/load\""
is "and as JSON" "$(hub tree /Sites/Alps/load --params --json)" \
    '{"path":"/Sites/Alps/load","token":"T1","params":{"collector-period":"60","vertical-label":"\"/load\""}}'
exits "what is not in it" 66 hub tree /Sites/Nowhere
exits "a tree that is not there" 66 hub tree --tree other
hub messages alps >all
has "messages are text" all '^MsgID:2$'
is "all of them are what was archived" "$(cksum <all)" \
    "$(cat hub/spool/alps/archive/*.msgs | cksum)"
is "or some" "$(hub messages alps 2-2 | grep MsgID)" MsgID:2
exits "or none that make sense" 64 hub messages alps 2-1
exits "check" 1 hub check
has "names what is missing" out '^HUB WARNING - south: nothing came yet \|'
exits "check of one" 0 hub check alps
ok "check-config" hub check-config
ok "check-config prints what holds" hub check-config -v
has "all of it" out 'settle-max = 2s'

# --- What waits for a person ----------------------------------------------------

{ config /load; data 2 T1:2; } | push
ok "a configuration that drops most waits" wait_for 10 \
    sh -c 'hubctl -c hub.conf status alps | grep -q " config "'
live /Sites/Alps/disk && pass "the tree stays" || fail "the tree stays"
ok "nothing else waits: nothing to do" hub accept alps fork
is "silently" "$(cat out err)" ""
ok "who asks for more is told" hub -v accept alps fork
has "that" out '^nothing of alps waits for you$'
exits "no such thing can wait" 64 hub accept alps everything
ok "nor does anything of south" hub accept south
ok "it is accepted" hub accept alps
has "after it was shown" out 'config: .*drops 2 of 3 datasources'
ok "and goes live" wait_for 10 sh -c \
    'test "$(hubctl -c hub.conf tree)" = /Sites/Alps/load'
is "with the values that came under it" \
    "$(hub values /Sites/Alps/load --raw --tail 1)" "$((now - 3480))	2"
ok "compile, while hubd runs" hub compile
exits "a tree that is not there" 66 hub compile other
stop "$pid"
is "hubd ends in order" "$?" 0

# --- Without hubd -----------------------------------------------------------------

exits "check says that hubd is down" 2 hub check alps
ok "so does status" hub status alps
has "by its state" out ' down '
mkfifo hold
start verb flock hub/state/hub.lock sh -c 'echo held; cat hold'
wait_for 10 grep -q held verb.out
ok "while a verb works in its place" hub status alps
has "status says so" out ' busy '
exits "but check that no hubd answers" 2 hub check alps
echo >hold
wait "$pid"
{ config /load /users; data 3 T1:3 T2:3; } | push
ok "compile takes what lies there" hub compile
ok "and leaves nothing" inbox_is_empty
{ config /a /b /c; data 4 T1:4; } | push
ok "compile again" hub compile
ok "a verb accepts by itself" hub accept alps config
ok "and compiles" hub compile
ok "what was accepted is live" live /Sites/Alps/c
sed 's/settle = 1s settle-max = 2s/settle = 1h settle-max = 1h/' hub.conf \
    >late.conf
chmod 600 late.conf
{ config /a /b /c /d; data 5 T1:5; } | push
ok "compile does not wait for the settling delay" hubctl -c late.conf compile
ok "of what has just come" live /Sites/Alps/d
rm -f hub/state/trees/main/*
ok "status of a hub without trees" hub status
is "its tree is empty" "$(hub tree)" ""
done_testing
