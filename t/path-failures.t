#!/bin/sh
# What a person is told when the path is broken: one line that says what to
# do, the exit status of sysexits(3), and nothing twice.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

# refused WHAT STATUS WORDS COMMAND...: and one line says so.
refused() {
	what=$1 status=$2 words=$3
	shift 3
	exits "$what" "$status" "$@"
	has "$what: in words" err "$words"
	is "$what: in one line" "$(wc -l <err)" 1
}
# forget: trouble that was told is news again.
forget() {
	rm -f gw/state/notices
}

sp collect

# --- The way to the hub ---------------------------------------------------------

ssh_port=$(free_port)
configure
refused "the hub is down" 75 'connect.*Connection refused.*next: spoke -c .*/spoke.conf -v push alps' \
    sp push
exits "it is still down" 75 sp push
is "it is not told again" "$(cat out err)" ""
unset ssh_port

forget
ssh_host=no..such..host
configure
refused "a host name that is none" 69 'no such host' sp push
unset ssh_host

forget
sed "s|ssh-ed25519 .*|$(cut -d ' ' -f 1,2 alps.key.pub)|" sshd/known_hosts >wrong
known_hosts=wrong
configure
refused "another host key" 77 'not that of .*wrong line 1' sp push
unset known_hosts

forget
ssh-keygen -q -t ed25519 -N '' -f other.key
identity=other.key
configure
refused "a key that the hub does not know" 77 \
    'refuses .*: add what "hubctl authorize alps KEY.pub" prints' sp push

forget
ssh-keygen -q -t rsa -N '' -f rsa.key
identity=rsa.key
configure
refused "an RSA key" 77 'is an RSA key.* ssh-keygen -t ed25519' sp push

forget
identity=missing.key
configure
refused "a key that is not there" 66 'missing.key: No such file' sp push
unset identity
is "meanwhile nothing was lost" "$(spoke_has waiting_messages)" 2

forget
configure 'mode = pull'
refused "the wrong direction" 78 'spoke.conf:[0-9]+: alps is mode pull' \
    sp push alps
configure
sed 's/mode = pull//' hub.conf | sed 's/compression/mode = pull compression/' \
    >pull.conf
chmod 600 pull.conf
authorize "$hubctl -c $tmp/pull.conf receive alps"
exits "the hub says so too" 78 sp push
has "with its reason" err 'mode pull'
authorize
forget

# --- Configuration ----------------------------------------------------------------

refused "no such association" 78 'no association north' sp push north
exits "no such verb" 64 sp fly
exits "nor in hubctl" 64 hub fly
exits "no verb at all" 64 sp
exits "no configuration" 66 spoke -c nowhere.conf push
has "its name is told" err 'nowhere.conf: No such file'
sed 's/compression = gzip/compression = gsip/' spoke.conf >broken.conf
chmod 600 broken.conf
exits "a wrong value" 78 spoke -c broken.conf push
has "has file and line" err 'broken.conf:[0-9]+:.*compression'
sed 's/^collector/colector/' spoke.conf >broken.conf
exits "a word that there is not" 78 spoke -c broken.conf collect
has "has them too" err 'broken.conf:[0-9]+:.*colector'
chmod 666 spoke.conf
exits "a configuration that all may write" 78 sp push
chmod 600 spoke.conf
if test "$(id -u)" -eq 0; then
	skip "a configuration that cannot be read" "root reads all"
else
	chmod 0 spoke.conf
	exits "a configuration that cannot be read" 78 sp push
	chmod 600 spoke.conf
fi
mv gw/spool gw/elsewhere
ln -s elsewhere gw/spool
exits "a spool that is a symbolic link" 78 sp push
has "is named" err 'gw/spool'
rm gw/spool
mv gw/elsewhere gw/spool
chmod 777 gw/spool
exits "a spool that all may write" 78 sp push
chmod 700 gw/spool

# --- Input ------------------------------------------------------------------------

sp messages alps >before
for input in 'rubbish' 'Type:DATA' 'Type:DATA
Timestamp:x

T1:1
.' 'Type:DATA
Timestamp:1100000000

T9:1
.'; do
	echo "$input" >input
	exits "bad input: $(echo "$input" | tr '\n' ' ')" 65 sp write <input
	has "is told" err .
done
sp messages alps >after
ok "and nothing is spooled" cmp before after

# --- Full ------------------------------------------------------------------------

sp push
# small [KEYS]: a small spool, but room at the hub, where no hubd works now.
small() {
	configure "spool-size = 64K ${1-}"
	sed 's/spool-size = 64K//' hub.conf >hub.big
	cat hub.big >hub.conf
}
small
awk 'BEGIN { for (i = 0; i < 200; i++) printf "value%d:%d\n", i, i }' >many
echo "cat $tmp/many" >values.sh
i=0
while test $i -lt 30 && sp collect --now >out 2>err; do
	i=$((i + 1))
done
exits "a full spool" 75 sp collect --now
is "is told once" "$(cat out err)" ""
exits "check knows" 2 sp check
sp push 2>err
ok "after a delivery there is room" sp collect --now
has "which is told" err 'over association=alps what=spool'

small 'spool-full = drop-oldest'
i=0
while test $i -lt 30 && test "$(spoke_has gaps)" = 0; do
	sp collect --now 2>>err
	i=$((i + 1))
done
test "$(spoke_has gaps)" -gt 0
is "drop-oldest drops" $? 0
ok "and delivers what stayed" sp push
has "the hub knows what was lost" noc/spool/alps/ledger '^lost [0-9]+-[0-9]+$'
is "as much as the spoke has dropped" \
    "$(sed -n 's/^tombstone \([0-9-]*\).*/lost \1/p' gw/spool/alps/outbox/lost)" \
    "$(sed -n '/^lost/p' noc/spool/alps/ledger)"

# A disk that is full: a file system of its own, or no file may grow.
configure
full() {
	(
		ulimit -f 3
		sp collect --now
	)
}
before=$(spoke_has last_msgid)
forget
exits "a disk that takes no more" 75 full
has "is told" err 'association=alps what=spool'
is "nothing of it is spooled" "$(spoke_has last_msgid)" "$before"
ok "there is room again" sp collect --now
ok "it is delivered" sp push
hub messages alps | sed -n 's/^MsgID://p' | tail -n 1 >n
is "to the last" "$(cat n)" "$(spoke_has last_msgid)"
done_testing
