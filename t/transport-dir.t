#!/bin/sh
# Transport dir: a shared directory, and a stick that is walked between two
# machines which never meet.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

both="transport = dir compression = gzip"
keys_of() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	echo "dir { path = \"${path-$tmp/share}\" }"
}
signed() {
	configure "$(keys_of gw noc)" "$(keys_of noc gw)"
}
# fresh: two nodes and a directory without anything in them.
fresh() {
	rm -rf gw noc share
	mkdir -m 700 gw noc share
	signed
}

fresh
sign_keys || skip_all "this build has no libsodium"
is "a secret key is a secret, the other one is not" \
    "$(stat -c %a gw.sign gw.sign.pub | tr '\n' ' ')" "600 644 "
has "the public one is a line of text" gw.sign.pub \
    '^axletree-sign-public [A-Za-z0-9+/]{43}=$'
exits "a key is never written over" 73 sp keygen --sign gw.sign

# --- The spoke pushes ------------------------------------------------------------

collect 1 2
is "collect alone writes nothing there" "$(ls share)" ""
ok "push" sp push
is "is silent" "$(cat out err)" ""
segment=00000000000000000001-00000000000000000002.msgs.gz
is "a segment, its signature, and what is acknowledged" \
    "$(find share -type f | LC_ALL=C sort | tr '\n' ' ')" \
    "share/alps/to-hub/$segment share/alps/to-hub/$segment.sig share/alps/to-hub/ack "
ok "which anybody can read" gzip -dc "share/alps/to-hub/$segment"
has "as text" out '^Type:DATA$'
acked 2 && fail "that is no acknowledgement" ||
    pass "that is no acknowledgement"
ok "the hub looks" hub pull alps
ok "and has it" received 2
ok "byte for byte" same
is "it leaves an acknowledgement alone" "$(files share/alps/to-hub)" 0
ok "which the next push reads" sp push
ok "and believes" acked 2
before=$(ls -l --time-style=full-iso share/alps/*)
ok "nothing to do" sp push
is "nothing is touched" "$(ls -l --time-style=full-iso share/alps/*)" "$before"

# The return path.
collect 3 4
resync
ok "the hub asks for the configuration" hub pull
ok "push" sp push
ok "the hub looks" hub pull
has "the spoke answered" "$(sp messages alps 4-4 >now; echo now)" '^Type:CONFIG$'
sp push
hub pull
ok "and the hub has it" same
sp push
is "both directions are settled" \
    "$(files share/alps/to-hub) $(files share/alps/to-spoke)" "0 0"

# What comes is taken also where nothing waits to go.
resync
ok "the hub asks again" hub pull
is "which lies there" "$(files share/alps/to-spoke)" 1
is "while nothing waits" "$(spoke_has waiting_messages)" 0
ok "push" sp push
is "takes it" "$(files share/alps/to-spoke)" 0
has "and answers" "$(sp messages alps 5-5 >now; echo now)" '^Type:CONFIG$'
sp push
hub pull
sp push
ok "which the hub has" same
is "all is settled" "$(spoke_has waiting_messages)" 0
cp -p share/alps/to-hub/ack share/alps/to-spoke/ack
before=$(spoke_has refused)
exits "a stranger's file, while nothing waits" 65 sp push
has "is told" err 'acknowledgement is damaged, or not signed by the key'
test "$(spoke_has refused)" -gt "$before"
is "and counted" $? 0
hub pull
ok "a push" sp push
mv share absent
ok "a stick that is elsewhere is no trouble while nothing waits" sp push
is "nor a word" "$(cat out err)" ""
mv absent share

# --- What others do there ----------------------------------------------------------

ok "a cycle" collect 7 8
sp push
f=$(cd share/alps/to-hub && ls ./*.msgs.gz)
cp -p share/alps/to-hub/* .
hub pull
# refused WHAT WORDS: the hub takes nothing, and keeps what it saw.
refused() {
	n=$(find noc/spool/alps/quarantine -name 'staging-*' ! -name '*.why' |
	    wc -l)
	exits "$1" 65 hub -v pull
	has "$1, in words" err "$2"
	is "$1: kept for a person" "$(find noc/spool/alps/quarantine \
	    -name 'staging-*' ! -name '*.why' | wc -l)" $((n + 1))
}
cp -p "$f" "$f.sig" share/alps/to-hub/
ok "an old file again" hub pull
is "is a duplicate" "$(files share/alps/to-hub)" 0
sp push
ok "another cycle" collect 9 9
sp push
f=$(cd share/alps/to-hub && ls ./*.msgs.gz)
cp -p "share/alps/to-hub/$f" "share/alps/to-hub/$f.sig" .

sp keygen --sign stranger.sign
# sign_with KEY ASSOCIATION: all that is to go, signed so, in $tmp/other.
sign_with() {
	rm -rf other gw2
	cp -a gw gw2
	mkdir -m 700 other
	sed -e "s|$tmp/gw/|$tmp/gw2/|g" -e "s|$tmp/gw.sign|$tmp/$1|" \
	    -e "s|\"$tmp/share\"|\"$tmp/other\"|" \
	    -e "s|association \"alps\"|association \"$2\"|" spoke.conf >other.conf
	chmod 600 other.conf
	test "$2" = alps || mv gw2/spool/alps "gw2/spool/$2"
	spoke -c other.conf push --always
	mkdir -p other/alps/to-hub
	test "$2" = alps || mv "other/$2/to-hub"/* other/alps/to-hub/
}
sign_with stranger.sign alps
cp other/alps/to-hub/*.msgs* share/alps/to-hub/
refused "signed by a stranger" 'not signed by the key'
sign_with gw.sign tarn
cp other/alps/to-hub/*.msgs* share/alps/to-hub/
refused "signed for another association" 'not signed by the key'
cp "$f" share/alps/to-hub/
sed -n "s/^sig //p" share/alps/to-spoke/ack >"share/alps/to-hub/$f.sig"
refused "the signature of something else" 'not signed by the key'
cp "$f" "share/alps/to-hub/00000000000000000050-00000000000000000051.msgs.gz"
cp "$f.sig" \
    share/alps/to-hub/00000000000000000050-00000000000000000051.msgs.gz.sig
refused "signed, under another name" 'begins with message'
ok "the spoke writes again what is missing" sp push --always
cp other/alps/to-hub/ack share/alps/to-hub/
hub pull
ok "and the hub takes it" same
sp push --always

collect 11 11
sp push
rm "share/alps/to-hub/"*.msgs.gz.sig
ok "without a signature" hub -v pull
is "it waits" "$(files share/alps/to-hub)" 1
ok "the spoke sees that one is missing" sp push
ok "the hub looks" hub pull
ok "it is whole now" same
sp push

ok "all is well" hub pull
cp other/alps/to-hub/ack share/alps/to-hub/
exits "an acknowledgement that a stranger left" 65 hub pull
has "is told" err 'what=refused: a carried acknowledgement .*compare the keys'
exits "and while it lies there" 65 hub pull
is "not again" "$(cat err)" ""
sp push --always
ok "until the spoke's own is there again" hub pull
has "which is told" err 'over association=alps what=refused'

# Nobody's files stay, and cost a line of the log.
echo x >share/alps/to-hub/readme.txt
echo x >"share/alps/to-hub/-rf"
mkdir share/alps/to-hub/lost+found
refused=$(hub_has refused)
ok "files that are not ours" hub -v pull
has "are counted" err 'not ours .*count=3$'
is "so does status" "$(hub_has refused)" $((refused + 3))
ok "the same files again" hub -v pull
is "once" "$(hub_has refused)" $((refused + 3))
is "and left alone" "$(find share/alps/to-hub -mindepth 1 ! -name 'ack*' |
    wc -l)" 3
rm -r share/alps/to-hub/readme.txt share/alps/to-hub/-rf \
    share/alps/to-hub/lost+found

# What is no plain file, at both ends: refused, and gone but for a directory.
odd=00000000000000000900-00000000000000000900.msgs.gz
for at in "to-hub hub pull" "to-spoke sp push --always"; do
	# shellcheck disable=SC2086 # words
	set -- $at
	lies=share/alps/$1/$odd
	shift
	for kind in "ln -s $tmp/hub.conf" "ln gw.sign" mkfifo; do
		$kind "$lies"
		exits "$kind for $1" 65 "$@"
		ok "is not read, and gone" test ! -e "$lies" -a ! -L "$lies"
	done
	mkdir "$lies"
	exits "a directory for $1" 65 "$@"
	rmdir "$lies"
	ok "it is over" "$@"
done
ok "what they led to is as it was" test -s hub.conf -a -s gw.sign

# --- A stick -----------------------------------------------------------------------

if test "$(id -u)" -eq 0 && mkdir stick &&
    mount -t tmpfs -o size=64k,nr_inodes=40 tmpfs stick 2>/dev/null; then
	path=$tmp/stick
	fresh
	for i in 1 2 3; do
		collect "$i" "$i"
	done
	head -c 61440 /dev/zero >stick/full
	exits "a stick that is full" 75 sp push
	has "in words" err 'No space left'
	is "costs nothing" "$(spoke_has waiting_messages)" 4
	rm stick/full
	ok "and is filled when there is room" sp push
	umount stick
	exits "a stick that is not there is an empty directory" 0 sp push
	rm -rf stick/alps
	rmdir stick
	exits "or none" 75 sp push
	has "in words" err 'is it mounted'
	mkdir stick
	skip_stick=
else
	rmdir stick 2>/dev/null
	skip "a stick that is full" "no tmpfs can be mounted here"
fi

# The walk: the machines never see the same directory at one time.
fresh
path=$tmp/at-spoke
configure "$(keys_of gw noc)" "$(path=$tmp/at-hub; keys_of noc gw)"
rm -rf at-spoke at-hub
mkdir -m 700 at-spoke
walk() {
	mv at-spoke at-hub
	hub pull
	walked=$?
	mv at-hub at-spoke
	return $walked
}
for i in 1 2 3; do
	collect "$i" "$i"
	sp push
done
ok "a walk to the hub" walk
ok "brings all" same
collect 4 4
ok "and back" sp push
is "acknowledges it" "$(spoke_has acked_msgid)" 4
exits "at the hub there is no stick now" 75 hub pull
has "in words" err 'is it mounted'
cp -a at-spoke second
collect 5 5
sp push
walk
sp push
rm -rf first
mv at-spoke first
mv second at-spoke
collect 6 6
ok "a second stick, from before" sp push
walk
ok "does no harm" same
sp push
is "nor does what it says" "$(spoke_has acked_msgid)" "$(spoke_has last_msgid)"
rm -rf at-spoke
mv first at-spoke
sp push --always
walk
ok "nor the first one again" same

# Pulled out in the middle of a file: what is there is not whole.
collect 7 7
sp push
f=$(cd at-spoke/alps/to-hub && ls ./*.msgs.gz)
head -c 40 "at-spoke/alps/to-hub/$f" >cut
cp cut "at-spoke/alps/to-hub/$f"
cp cut at-spoke/alps/to-hub/.tmp-4194305-1
exits "a file that was cut off" 65 walk
has "is told, and what to do" err \
    'what=refused: carried files are refused, see quarantine/ .1.: .*they come again'
ok "what was cut off is written again" sp push
is "and what was not named is gone" \
    "$(find at-spoke -name '.tmp-*' | wc -l)" 0
walk
ok "and taken" same

# The hub's machine is replaced.
rm -rf noc
mkdir -m 700 noc
collect 8 8
sp push --always
walk
sp push --always
walk
sp push --always
walk
ok "a hub that lost all is filled again" same

# --- The hub pulls -------------------------------------------------------------------

fresh
path=$tmp/share
both="transport = dir mode = pull compression = zstd"
signed
collect 1 2
is "collect writes its files there" "$(files share/alps/to-hub)" 1
exits "push is not the spoke's to do" 78 sp push alps
ok "pull" hub pull
ok "and the hub has it" same
ok "the next collect" sp collect
ok "sees the acknowledgement" acked 2
is "and cleans up" "$(files share/alps/to-hub)" 0
resync
hub pull
collect 3 4
ok "it answers what the hub asks" hub pull
ok "in the same run" same
rm -rf share
ok "collect goes on without the directory" collect 5 6
is "and keeps all" "$(spoke_has last_msgid)" 5
mkdir -m 700 share
sp collect
hub pull
ok "until it is there again" same

# The same walk, which each end's own runs begin and end.
fresh
path=$tmp/at-spoke
both="transport = dir mode = pull compression = gzip"
configure "$(keys_of gw noc)" "$(path=$tmp/at-hub; keys_of noc gw)"
rm -rf at-spoke at-hub
mkdir -m 700 at-spoke
for i in 1 2 3; do
	collect "$i" "$i"
done
ok "a walk to the hub that pulls" walk
ok "brings all" same
collect 4 4
is "and back acknowledges it" "$(spoke_has acked_msgid)" 4
exits "there is no stick now at the hub that pulls" 75 hub pull
resync
walk
ok "what it asks for is on the stick" test "$(files at-spoke/alps/to-spoke)" = 1
collect 5 5
walk
ok "and answered with the next walk" same
is "once" "$(grep -c '^Type:CONFIG$' got.txt)" 2
path=$tmp/share

# --- hubd looks by itself ----------------------------------------------------------------

for mode in push pull; do
	fresh
	both="transport = dir mode = $mode compression = zstd"
	configure "$(keys_of gw noc)" \
	    "$(keys_of noc gw) pull-interval = 1s silent-after = 8s"
	start hubd hubd -v -c hub.conf
	hubd=$pid
	wait_for 20 test -S noc/run/hubd.sock
	collect 1 2
	test $mode = pull || sp push
	ok "$mode: hubd finds it" wait_for 20 same
	look() {
		sp collect && { test $mode = pull || sp push --always; } &&
		    acked "$(spoke_has last_msgid)"
	}
	ok "$mode: and acknowledges it" wait_for 20 look
	mv share away
	ok "$mode: a stick that is elsewhere" wait_for 20 \
	    grep -q 'delivery failed' hubd.err
	lacks "$mode: is no trouble" hubd.err 'what=delivery'
	test $mode = push || exits "$mode: nor at the spoke" 0 sp collect
	lacks "$mode: which says nothing" err .
	ok "$mode: one that is gone for long is" wait_for 40 \
	    grep -q 'what=delivery.*is it mounted' hubd.err
	mv away share
	collect 3 4
	test $mode = pull || sp push
	ok "$mode: is found again" wait_for 60 same
	ok "$mode: which is told" wait_for 20 \
	    grep -q 'over .*what=delivery' hubd.err
	stop "$hubd"
	rm -f noc/run/hubd.sock
done

# --- Keys -------------------------------------------------------------------------------

chmod 644 noc.sign
exits "a secret key that others may read" 78 hub pull
has "in words" err 'has mode 0644: chmod 600'
chmod 600 noc.sign
ok "it is over" hub pull
configure "$(keys_of gw noc)" "$(keys_of noc gw | sed 's/gw.sign.pub/gw.sign/')"
exits "a secret key for a public one" 78 hub pull
has "in words" err 'is a secret key'
configure "$(keys_of gw noc)" "dir { path = \"$tmp/share\" }"
exits "no keys" 78 hub check-config
has "in words" err 'sign-key and verify-key are needed: keygen --sign'
has "which makes them first" err 'hub.conf:[0-9]*:'
ok "as it says" hub keygen --sign first.sign
is "both" "$(stat -c %a first.sign first.sign.pub | tr '\n' ' ')" "600 644 "
exits "but nothing is done without them" 78 hub pull
done_testing
