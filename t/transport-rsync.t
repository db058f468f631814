#!/bin/sh
# Transport rsync: to a real rsync daemon with a password, and over a real sshd,
# with the spoke dialing and with the hub.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"

# --- The spoke dials a daemon ---------------------------------------------------

daemon noc || skip_all "no rsync daemon"
both="transport = rsync compression = zstd"
configure "$(modules)" ""
start_hubd
collect 1 2
ok "what is to be carried is compressed" test -e \
    gw/spool/alps/outbox/00000000000000000001-00000000000000000002.msgs.zst
is "and counts as spool-size has it" "$(spoke_has waiting_bytes)" \
    "$(cat gw/spool/alps/outbox/*.msgs* | wc -c)"
ok "push to a daemon" sp push
is "is silent" "$(cat out err)" ""
ok "the hub has it" wait_for 20 received 2
ok "byte for byte" same
acked 2 && fail "an exit status is no acknowledgement" ||
    pass "an exit status is no acknowledgement"
ok "the next exchange" sp push
ok "brings the acknowledgement" acked 2
is "what was compressed for it is gone" "$(files gw/spool/alps/outbox)" 0
is "and is kept as it was" "$(files gw/spool/alps/sent)" 1
is "nothing is left to be taken" "$(files noc/spool/alps/staging)" 0
before=$(connections)
ok "nothing to send" sp push
is "no connection" "$(connections)" "$before"
exits "and it is not the hub's to pull" 78 hub pull alps
has "in words" err 'mode'
case $(spoke_has wire_bytes_month) in
[1-9]*) pass "the bytes on the wire are counted" ;;
*) fail "the bytes on the wire are counted" "$(sp status --json)" ;;
esac

# The return path.
collect 3 4
ok "the hub asks for the configuration" resync
ok "it is made ready to be fetched" wait_for 20 test -e \
    noc/spool/alps/outbox/00000000000000000001-00000000000000000001.msgs.zst
ok "push" sp push
ok "the spoke has acted on it: CONFIG again" sp messages alps 4-4
has "with the same number" out '^Generation:1$'
hub_acked() {
	test "$(files noc/spool/alps/outbox '*.zst')" = 0 &&
	    test "$(files noc/spool/alps/sent)" = 1
}
ok "its acknowledgement went with the same exchange" wait_for 20 hub_acked

# --- What goes wrong ------------------------------------------------------------

taken() {
	test "$(files noc/spool/alps/staging)" = 0
}
# quiet: no connection for two seconds, of which each exchange needs two.
quiet() {
	! wait_for 2 called
}
called() {
	test "$(connections gw)" -gt "$n"
}
# settle: exchange until the hub has acknowledged all that the spoke has.
settle() {
	wait_for 40 exchange_settled
}
exchange_settled() {
	sp push --always && acked "$(spoke_has last_msgid)"
}
ok "all is acknowledged" settle
cp -p noc/spool/alps/outbox/ack ack.now

# An acknowledgement that was carried before, carried again.
cp noc/spool/alps/outbox/ack ack.old
collect 5 6
ok "some more" settle
n=$(spoke_has acked_msgid)
cp ack.old gw/spool/alps/staging/ack
ok "an old acknowledgement comes again" sp collect
is "and moves nothing" "$(spoke_has acked_msgid)" "$n"
cp ack.old gw/spool/alps/staging/ack
printf 'none\nsend none\nacked 0\nheard none\n' >none
printf 'end crc32=%s\n' "$(gzip -c none | tail -c 8 | od -An -tx4 -N4 |
    tr -d ' ')" >>none
cp none gw/spool/alps/staging/ack
stream=$(sp messages alps "$n-$n" | sed -n 's/^Stream://p')
ok "nor does one that knows nothing, of before" sp collect
has "it is counted" err 'fit nothing were ignored'
is "no new stream begins" \
    "$(sp messages alps "$n-$n" | sed -n 's/^Stream://p')" "$stream"
sed 's/^\(.*\) crc32=.*/\1 crc32=0badcafe/;q' ack.now >forged
sed 1d ack.now | sed '$d' >>forged
printf 'end crc32=%s\n' "$(gzip -c forged | tail -c 8 | od -An -tx4 -N4 |
    tr -d ' ')" >>forged
collect 7 8
cp forged gw/spool/alps/staging/ack
ok "one with another digest" sp collect
is "moves nothing either" "$(spoke_has acked_msgid)" "$n"
ok "and the right one comes with the next exchange" settle

# Segments that are carried again.
collect 1 1
cp gw/spool/alps/outbox/*.zst .
ok "a delivery" settle
cp ./*.zst noc/spool/alps/staging/
ok "the same files again" wait_for 20 taken
ok "are duplicates" same
lacks "nobody is alarmed" hubd.err 'refused association|fork|quarantine'

# A daemon that has too many guests.
collect 2 2
cp noc.rsyncd free.rsyncd
{
	echo 'max connections = -1'
	cat free.rsyncd
} >noc.rsyncd
exits "a daemon without a place: the deadline ends it" 75 \
    sp push --deadline 5s
has "which is told" err 'the daemon is busy: .*max connections'
start push spoke -v -c spoke.conf push
push=$pid
ok "it is asked again" wait_for 20 grep -q 'again in .*association=alps' \
    push.err
cp free.rsyncd noc.rsyncd
ok "until there is one" wait_for 40 ended "$push"
wait "$push"
is "and all is well" $? 0
ok "there, too" settle

# Killed in the middle, at either end.
for i in 1 2 3 4 5 6; do
	collect "$i" "$i"
	start push spoke -c spoke.conf push
	sleep "0.0$((i * 3))"
	# shellcheck disable=SC2046 # a list of numbers
	kill -KILL $(lib_tree "$pid") 2>/dev/null
	wait "$pid"
done
ok "killed at any time, it is taken up again" settle
ok "and nothing is lost or doubled" same
stop "$hubd" KILL
collect 9 9
sp push
start_hubd
ok "a hub that was away takes what lies there" settle
ok "all of it" same

# The hub's backup is restored: it has less than it acknowledged.
stop "$hubd"
cp -a noc noc.old
start_hubd
collect 10 10
collect 11 11
settle
stop "$hubd"
rm -rf noc
mv noc.old noc
start_hubd
collect 12 12
ok "a hub that was restored" settle
ok "gets what it lacks from sent/" wait_for 20 same
lacks "in the same stream" out 'new one began'

# It loses everything.
stop "$hubd"
rm -rf noc
mkdir -m 700 noc
start_hubd
collect 13 13
ok "a hub without a memory" settle
ok "is filled again" wait_for 20 same

# refused WHAT STATUS WORDS
refused() {
	exits "$1" "$2" sp push --always
	has "$1, in words" err "$3"
	# told once: the next trouble is news again
	echo sesame >password
	chmod 600 password
	configure "$(modules)" ""
	sp push --always
}
configure "$(modules | sed 's/alps-out/nothing/')" ""
refused "a module that is none" 78 'no such module'
echo wrong >password
refused "a wrong password" 77 'user or the password'
configure "$(modules | sed 's/alps-in/alps-out/')" ""
refused "a module without the right" 77 'read only'
chmod 644 password
refused "a password that all may read" 78 'password: has mode 0644'
chmod 640 password
refused "a password that a group may read" 78 'password: has mode 0640'
rm password
refused "a password that is not there" 66 'password: No such file'
: >password
chmod 600 password
refused "a password that is empty" 78 'password: is empty'
configure "$(modules | sed 's/127.0.0.1/no-such-host.invalid/')" ""
refused "a host that is unknown" 69 'no such host'

# Signed, with keys that lie beside neither configuration.
mkdir -m 700 keys
if sp keygen --sign keys/gw && hub keygen --sign keys/noc; then
	stop "$hubd"
	configure "$(modules) sign-key = \"$tmp/keys/gw\"
	    verify-key = \"$tmp/keys/noc.pub\"" \
	    "sign-key = \"$tmp/keys/noc\" verify-key = \"$tmp/keys/gw.pub\""
	start_hubd
	collect 14 14
	ok "signed files" settle
	ok "are taken" wait_for 20 same
	mv keys/gw.pub keys/away
	collect 14 15
	sp push
	ok "a hub that cannot take them says so" wait_for 20 \
	    grep -q 'association=alps what=delivery: .*gw.pub' hubd.err
	mv keys/away keys/gw.pub
	ok "goes on by itself" wait_for 30 same
	ok "and says that, too" wait_for 20 \
	    grep -q 'over association=alps what=delivery' hubd.err
	configure "$(modules)" ""
	collect 15 15
	sp push
	ok "one without a signature waits" wait_for 20 test -n "$(ls noc/spool/alps/staging/*.msgs.zst)"
	is "and is not taken" "$(sp status --json |
	    sed 's/.*"waiting_messages":\([0-9]*\).*/\1/')" 1
	stop "$hubd"
	start_hubd
	ok "until nobody asks for one" settle
else
	skip "signed files" "this build has no libsodium"
fi

cat >hang <<EOT
#!/bin/sh
echo \$\$ >"$tmp/gw/spool/alps/staging/hang.pid"
exec sleep 600
EOT
chmod +x hang
configure "rsync { put = \"noc:in\" get = \"noc:out\" rsh = {\"$tmp/hang\"} }" ""
for signal in TERM INT; do
	rm -f gw/spool/alps/staging/hang.pid
	start push perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' \
	    spoke -c spoke.conf push --always
	ok "a link that hangs" wait_for 20 test -s gw/spool/alps/staging/hang.pid
	kill "-$signal" "$pid"
	ok "what is told to end by $signal does" wait_for 10 ended "$pid"
	ok "and leaves no process behind" wait_for 10 ended "$(cat gw/spool/alps/staging/hang.pid)"
	is "and is no trouble" "$(cat push.err)" ""
done
port=$(free_port)
configure "$(modules)" ""
exits "nobody there" 75 sp push --always
has "nobody there, in words" err 'nobody answers'
stop "$hubd"
stop "$daemon"

# --- The hub dials a daemon -----------------------------------------------------------

rm -rf gw noc
mkdir -m 700 gw noc
both="transport = rsync mode = pull compression = gzip"
configure "" ""
sp check-config
daemon gw
configure "" "$(modules)"
collect 1 2
is "the spoke makes its files ready" "$(files gw/spool/alps/outbox '*.gz')" 1
exits "and cannot push" 78 sp push alps
ok "pull from a daemon" hub pull
ok "the hub has it" wait_for 20 received 2
ok "byte for byte" same
acked 2 && fail "the spoke has not looked yet" ||
    pass "the spoke has not looked yet"
cp gw/spool/alps/staging/ack ack.pulled
is "what is had does not come again" "$(hub -v pull 2>&1 |
    sed -n 's/.* received=\([0-9]*\) .*/\1/p')" 0
ok "the next collect" sp collect
ok "takes the acknowledgement" acked 2
resync
ok "the hub asks for the configuration" hub pull
collect 3 4
ok "which the next collect answers" sp messages alps 3-3
has "with a CONFIG" out '^Type:CONFIG$'
ok "pull" hub pull
ok "and the hub has it" wait_for 20 same
sp collect
is "all is acknowledged" "$(spoke_has acked_msgid)" "$(spoke_has last_msgid)"
hub pull
is "in both directions" "$(files noc/spool/alps/outbox)" 0

# A spoke's stream begins anew: numbers that the hub had under another.
sp renew alps
ok "a new stream" hub pull
ok "is pulled though its numbers are known" wait_for 20 same
# A far end that does not compress.
both="transport = rsync mode = pull compression = none"
configure "" ""
collect 5 6
both="transport = rsync mode = pull compression = gzip"
configure "" "$(modules)"
ok "files that are not compressed" hub pull
ok "come, too" wait_for 20 same

# hubd does so by itself.
configure "" "$(modules) pull-interval = 1s"
start_hubd
collect 7 7
ok "hubd pulls at its interval" wait_for 20 same
looked() {
	sp collect && acked "$(spoke_has last_msgid)"
}
ok "and acknowledges" wait_for 20 looked
stop "$hubd"
configure "" "$(modules) pull-interval = 1h"
start_hubd
wait_for 20 grep -q delivered hubd.err
resync
brought() {
	test "$(files gw/spool/alps/staging '*.msgs.gz')" = 1
}
ok "and at once when it has something to send" wait_for 20 brought
n=$(connections gw)
ok "but does not call again and again until that is acknowledged" quiet
stop "$hubd"
stop "$daemon"

# --- Over ssh: two keys, two rights ----------------------------------------------------

if ! command -v rrsync >/dev/null || ! start_sshd; then
	skip "over ssh" "no rrsync or no sshd"
	done_testing
fi
rm -rf gw noc
mkdir -m 700 gw noc
for right in in out; do
	ssh-keygen -q -t ed25519 -N '' -C '' -f "key-$right"
done
cat >ssh_config <<EOT
Host noc-in noc-out
HostName 127.0.0.1
Port $sshd_port
User $me
UserKnownHostsFile $sshd_dir/known_hosts
IdentitiesOnly yes
Host noc-in
IdentityFile $tmp/key-in
Host noc-out
IdentityFile $tmp/key-out
EOT
{
	echo "restrict,command=\"rrsync -wo $tmp/noc/spool/alps/staging\"" \
	    "$(cat key-in.pub)"
	echo "restrict,command=\"rrsync -ro $tmp/noc/spool/alps/outbox\"" \
	    "$(cat key-out.pub)"
} >"$sshd_dir/authorized_keys"
both="transport = rsync compression = xz"
ssh_keys="rsync { put = \"noc-in:\" get = \"noc-out:\"
	rsh = {\"ssh\", \"-F\", \"$tmp/ssh_config\"} }"
configure "$ssh_keys" ""
start_hubd
collect 1 2
ok "push over ssh" sp push
test "$(spoke_has wire_bytes_month)" -gt 15000
is "two logins are counted" $? 0
ok "the hub has it" wait_for 20 received 2
ok "byte for byte" same
ok "and says so" settle
for i in 1 2 3 4; do
	collect "$i" 1
	collect "$i" 2
	sp push
done
ok "hubd looks at staging while rsync is at work, again and again" settle
is "and takes nothing of rsync's for a stranger's" "$(hub_has refused)" 0
mv key-out key-elsewhere
collect 3 4
exits "a key that is gone" 77 sp push
has "in words" err 'refuses the key'
mv key-elsewhere key-out
ok "it is over" settle
chmod 644 key-out
collect 4 4
exits "a key that others may read" 77 sp push
has "it says so, in ssh's own words" err \
    'rsync: ssh uses no key that others may read: chmod 600: .*: Permissions 0644 for .*key-out. are too open'
lacks "and nobody refused it" err 'refuses the key'
chmod 600 key-out
ok "it is over" settle
cat >quick <<'EOT'
#!/bin/sh
echo "@ WARNING: UNPROTECTED PRIVATE KEY FILE! @
Permissions 0644 for 'key-out' are too open.
root@127.0.0.1: Permission denied (publickey)." >&2
exit 1
EOT
chmod +x quick
configure "rsync { put = \"noc-in:\" get = \"noc-out:\" rsh = {\"$tmp/quick\"} }" ""
exits "also where rsync does not see ssh's status" 77 sp push --always
has "it says so" err \
    'ssh uses no key that others may read: chmod 600: exit 12: Permissions 0644'
configure "$ssh_keys" ""
ok "it is over" settle
cp "$sshd_dir/authorized_keys" rights
sed 's/rrsync -ro/rrsync -wo/' rights >"$sshd_dir/authorized_keys"
collect 4 4
exits "a get with a key that may only write" 77 sp push
has "in words" err 'the far end only lets write'
sed 's/rrsync -wo/rrsync -ro/' rights >"$sshd_dir/authorized_keys"
exits "a put with a key that may only read" 77 sp -v push
has "in words" err 'the far end only lets read'
sed 's,alps/outbox,alps/nowhere,' rights >"$sshd_dir/authorized_keys"
exits "a far directory that is missing" 78 sp push
has "in words" err 'a directory is missing there'
cp rights "$sshd_dir/authorized_keys"
ok "it is over" settle
cp "$sshd_dir/known_hosts" known
: >"$sshd_dir/known_hosts"
collect 5 6
exits "a host that is not known" 77 sp push
has "in words" err 'host key is unknown'
cp known "$sshd_dir/known_hosts"
ok "it is over" settle
configure "$(echo "$ssh_keys" | sed 's/noc-/nowhere.invalid:-/; s/noc-/nowhere.invalid:-/')" ""
exits "a host name that is none" 69 sp push --always
has "in words" err 'no such host'
stop "$hubd"

# The hub dials.
rm -rf gw noc
mkdir -m 700 gw noc
{
	echo "restrict,command=\"rrsync -wo $tmp/gw/spool/alps/staging\"" \
	    "$(cat key-in.pub)"
	echo "restrict,command=\"rrsync -ro $tmp/gw/spool/alps/outbox\"" \
	    "$(cat key-out.pub)"
} >"$sshd_dir/authorized_keys"
sed 's/noc-/gw-/g' ssh_config >ssh_config.gw
both="transport = rsync mode = pull compression = bzip2"
pull_keys="rsync { put = \"gw-in:\" get = \"gw-out:\"
	rsh = {\"ssh\", \"-F\", \"$tmp/ssh_config.gw\"} }"
configure "" "$pull_keys"
collect 1 2
ok "pull over ssh" hub pull
ok "the hub has it" wait_for 20 received 2
ok "byte for byte" same
ok "the spoke is told" sp collect
ok "what the hub has" acked 2
resync
ok "the hub asks for the configuration" hub pull
collect 3 4
ok "which comes with the next pull" hub pull
ok "all of it" wait_for 20 same
has "another CONFIG" got.txt '^Type:CONFIG$'
is "as was asked" "$(grep -c '^Type:CONFIG$' got.txt)" 2
mv key-out key-elsewhere
collect 5 6
exits "a key that is gone" 77 hub pull
has "in words" err 'refuses the key'
mv key-elsewhere key-out
ok "it is over" hub pull
ok "nothing is lost" wait_for 20 same
# At a rate: random digits, which no compression makes few.
configure "" "rate = 4K $pull_keys"
seq 1 2500 | awk 'BEGIN { srand(7) } { printf "v%d:%d\n", $1,
    int(rand() * 1e9) }' >values.txt
echo "cat $tmp/values.txt" >values.sh
sp collect --now
before=$(date +%s%3N)
ok "pull at a rate" hub pull
took=$(($(date +%s%3N) - before))
size=$(find gw/spool/alps/outbox -name '*.bz2' -exec cat {} + | wc -c)
test "$size" -gt 16000 && test "$took" -ge $((size * 1000 / 4096 * 7 / 10))
is "it takes as long as it must: $size bytes, $took ms" $? 0
ok "and all came" wait_for 20 same
done_testing
