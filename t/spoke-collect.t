#!/bin/sh
# spoke collect: what is due, what it spools, what a cut leaves.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

echo 'echo load:1; echo users:2' >a.sh
node "$(association alps)" "$(collector a)"

ok "a first run collects" sp collect
is "it is silent" "$(cat out err)" ""
is "it spools CONFIG, then DATA" "$(field Type 1) $(field Type 2) $(last)" \
    "CONFIG DATA 2"
is "the configuration" "$(body 1)" "level2-token:T0001
level2-path:/a/load
collector-period:86400
rrd-create-dstype:GAUGE
;
level2-token:T0002
level2-path:/a/users
collector-period:86400
rrd-create-dstype:GAUGE"
is "the values, in its order" "$(body 2)" "T0001:1
T0002:2"
is "the first generation" "$(field Generation 1)$(field Generation 2)" 11

ok "a second run has nothing to do" sp collect
is "and spools nothing" "$(last)" 2
ok "--now runs at once" sp collect --now
is "the configuration is not repeated" "$(field Type 3) $(last)" "DATA 3"
ok "--now NAME runs one" sp collect --now a
is "which is spooled" "$(last)" 4
exits "a collector that there is not" 78 sp collect --now nobody

# Tokens.
echo 'echo users:2; echo temp:3' >a.sh
ok "a new line" sp collect --now
is "is a new configuration" "$(field Type 5) $(field Generation 5)" "CONFIG 2"
is "a leaf without a line is U" "$(body 6)" "T0001:U
T0002:2
T0003:3"
node "$(association alps)" "$(collector a 'kind = COUNTER')"
ok "a changed configuration counts at once" sp collect --now
is "what has no line is gone" "$(body 7 | grep -v :8640)" "level2-token:T0002
level2-path:/a/users
rrd-create-dstype:COUNTER
;
level2-token:T0003
level2-path:/a/temp
rrd-create-dstype:COUNTER"
echo 'echo users:2; echo temp:1; echo load:5; echo more:6' >a.sh
ok "it comes back" sp collect --now
is "with its old token; a counter that fell is U" "$(body 10)" "T0001:5
T0002:2
T0003:U
T0004:6"

# The tokens' file.
rm state/tokens/alps
ok "the tokens are lost" sp collect --now
is "and made anew from the spool" "$(field Type 11) $(last)" "DATA 11"
echo 'echo users:2; echo temp:1; echo load:5; echo more:6; echo x:1' >a.sh
echo broken >state/tokens/alps
ok "they are damaged" sp collect --now
has "which is told" err 'tokens/alps.*made anew from the spool'
is "no token is given twice" "$(body 13 | tail -n 1)" "T0005:1"
cp state/tokens/alps old
echo 'echo new:1' >a.sh
sp collect --now >out 2>err
gen=$(field Generation "$(last)")
cp old state/tokens/alps
ok "an old copy is restored" sp collect --now
is "the spool counts" "$(field Generation "$(last)")" "$gen"
is "and knows the newest token" "$(body "$(last)" | tail -n 1)" "T0006:1"

# Mark and messages lost, tokens not.
cp -a spool state "$(mkdir -p lost && echo lost)"
stream=$(field Stream 1)
rm -rf spool/alps/outbox spool/alps/sent
ok "the spool is lost" sp collect --now
has "which is told" err 'a new stream begins association=alps'
test "$(field Stream 1)" != "$stream"
is "no number is used twice" "$?" 0
is "it begins with the configuration" "$(field Type 1) $(field Type 2)" \
    "CONFIG DATA"
ok "the next cycle" sp collect --now
is "tells it no more" "$(cat out err)" ""
rm -rf spool state
cp -a lost/. .

# config-interval.
before=$(last)
age alps
ok "the configuration is repeated in its time" sp collect --now
n=$((before + 1))
is "as another CONFIG" "$(field Type $n) $(field Type $((n + 1)))" "CONFIG DATA"
is "with its number" "$(field Generation "$n")" "$gen"
before=$(last)
ok "announce" sp announce
is "repeats it too" "$(field Type $((before + 1))) $(field Generation $((before + 1)))" \
    "CONFIG $gen"
is "byte for byte" "$(body $((before + 1)))" "$(body "$n")"
stream=$(field Stream 1)
ok "renew" sp renew alps

test "$(field Stream 1)" != "$stream"
is "a new stream" "$?" 0
ok "it goes on there" sp collect --now
is "with the same tokens" "$(body "$(last)" | tail -n 1)" "T0006:1"

# A cycle that is cut off: killed on entry to each call of its write path, then
# run again.  Each association has it once, or, where nothing was done, not yet.
rm -rf state spool run
echo 'echo v:1' >a.sh
node "$(association alps)" "$(association bern)" "$(collector a)"
sp check >/dev/null
cp -a state spool run "$(mkdir -p fresh && echo fresh)"

# cut_off SYSCALL K: false when there is no K-th call.
cut_off() {
	rm -rf state spool run
	cp -a fresh/. .
	(
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
		exec strace -f -o /dev/null -e "trace=$1" \
		    -e "inject=$1:signal=KILL:when=$2" \
		    spoke -c "$tmp/spoke.conf" collect
	) >out 2>err
	test $? -eq 137
}

if command -v strace >/dev/null; then
	points=0 wrong=
	step=3
	test -z "${CAMPAIGN-}" || step=1
	for call in fsync fdatasync pwrite64 renameat renameat2; do
		k=1
		while cut_off $call $k; do
			points=$((points + 1))
			sp collect >out 2>&1 || wrong="$wrong $call/$k:status"
			for a in alps bern; do
				n=$(sp messages $a | grep -c ^Type:DATA)
				test "$n" -eq 1 || wrong="$wrong $call/$k:$a=$n"
			done
			k=$((k + step))
		done
	done
	is "killed at each of $points calls, it loses and doubles nothing" \
	    "$wrong" ""
	test "$points" -gt 10 || fail "it wrote somewhere" "$points"
else
	skip "killed at each call" "strace is not installed"
fi

# Marks and clocks.
rm -rf state spool run
ok "a fresh start" sp collect
if command -v faketime >/dev/null; then
	ok "a clock that was set back" env \
	    ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" \
	    faketime -f -30d spoke -c spoke.conf collect
	has "is told" err 'the last cycle lies in the future'
else
	skip "a clock that was set back" "faketime is not installed"
fi

# A full spool.
node "$(association alps 'spool-size = 1M')" "$(association bern)" \
    "$(collector a)"
echo "awk 'BEGIN { for (i = 0; i < 60000; i++) print \"leaf\" i \":1\" }'" >a.sh
exits "a full spool is 75" 75 sp collect --now
has "it is told" err 'association=alps.*full'
exits "and 75 again" 75 sp collect --now
is "but not told again" "$(cat err)" ""
is "the other association has its cycle" "$(last alps) $(field Type "$(last bern)" bern)" \
    "$(last alps) DATA"
node "$(association alps 'spool-size = 1M spool-full = drop-oldest')" \
    "$(collector a)"
rm -rf spool state
echo "awk 'BEGIN { for (i = 0; i < 4000; i++) print \"leaf\" i \":1\" }'" >a.sh
dropped() {
	sp messages alps >all # which seals: segments go whole
	sp collect --now 2>told
	grep -q what=dropped told
}
ok "the oldest go where the policy says so" wait_for 60 dropped
test "$(sp status --json | sed 's/.*"gaps":\([0-9]*\).*/\1/')" -gt 0
is "and are told" $? 0
done_testing
