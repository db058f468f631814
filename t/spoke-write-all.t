#!/bin/sh
# spoke write to several associations: what one refuses none gets; what was cut
# off between them is finished by the same input, and nobody has it twice.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

printf 'Type:CONFIG\nTimestamp:1085528682\n\n' >config
printf 'level2-token:T1\nlevel2-path:/R/in\n.\n' >>config
# data SECOND: a value of that second.
data() {
	printf 'Type:DATA\nTimestamp:%s\n\nT1:%s\n.\n' "$1" "$1"
}
# count VALUE [ASSOCIATION]: how often it is spooled.
count() {
	sp messages "$2" | grep -c "^[Tx0-9]*:$1\$"
}
counts() {
	echo "$(count "$1" alps) $(count "$1" bern) $(count "$1" chur)"
}
lasts() {
	echo "$(last alps) $(last bern) $(last chur)"
}
three() {
	node "$(association alps)" "$(association bern)" \
	    "$(association chur "${1-}")"
}

three
ok "a source states its leaves" sp write <config
data 1085528700 >in
ok "values for three" sp write <in
is "each has them" "$(counts 1085528700)" "1 1 1"
is "no note is left" "$(ls state/write)" ""
ok "the same once more is another write" sp write <in
is "for each" "$(counts 1085528700)" "2 2 2"

# Refused by one of them.
node "$(association alps)" "$(association bern)" "$(association new)"
before=$(last alps)
data 1085528701 >in
exits "one does not know the leaf" 65 sp write <in
has "it is named" err 'nothing spooled: '
is "none has the values" "$(last alps) $(last bern)" "$before $before"
three 'spool-size = 64K'
awk 'BEGIN { for (i = 0; i < 40; i++) {
	printf "Type:STATUS\nTimestamp:%d\n\na:%04000d\n.\n", 1085529000 + i,
	    i } }' >in
before=$(lasts)
exits "one has no room" 75 sp write <in
has "it is named" err 'nothing spooled: .*full'
is "none has the messages" "$(lasts)" "$before"
three
start holder perl -MFcntl=:flock -e '
	open F, "<", $ARGV[0] or die; flock F, LOCK_EX; sleep 100' \
    spool/chur/outbox
holder=$pid
held() {
	! flock -n spool/chur/outbox true
}
wait_for 10 held
data 1085528702 >in
# waits_for ASSOCIATION PID: it has what it would lock there.
waits_for() {
	ls -l "/proc/$2/fd" | grep -q "$1/outbox\$"
}
start waiting sh -c 'exec spoke -c spoke.conf write <in'
waiting=$pid
ok "one waits for it" wait_for 10 waits_for chur "$waiting"
stop "$waiting" KILL
stop "$holder" KILL
is "none has what could not be locked for all" "$(lasts)" "$before"

# Cut off, or failed, at each call of its write path; then given again.
need strace
rm -rf state spool run
three
sp write <config
cp -a state spool run "$(mkdir -p fresh && echo fresh)"
# strike INJECTION: write $second, so disturbed; its status is returned.
strike() {
	rm -rf state spool run
	cp -a fresh/. .
	data "$second" >in
	(
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
		exec strace -f -o /dev/null -e "trace=${1%%:*}" \
		    -e "inject=$1" spoke -c spoke.conf write <in
	) >out 2>err
}
second=1085528800
points=0 wrong=
step=2
test -z "${CAMPAIGN-}" || step=1
for call in fsync fdatasync pwrite64 renameat unlinkat; do
	for how in signal=KILL error=ENOSPC; do
		k=1
		while strike "$call:$how:when=$k"
		      status=$?
		      test $status -ne 0; do
			points=$((points + 1))
			what=" $call/$how/$k"
			case $how$status in
			signal=KILL137 | error=ENOSPC7[345]) ;;
			*) wrong="$wrong$what:status=$status" ;;
			esac
			# Behind the last commit it is as good as done.
			test "$(counts "$second")" = "1 1 1" ||
			    data "$second" | sp write >out 2>err ||
			    wrong="$wrong$what:again=$?"
			test "$(counts "$second")" = "1 1 1" ||
			    wrong="$wrong$what:$(counts "$second")"
			test "$how" = signal=KILL ||
			    test -z "$(ls state/write)" ||
			    wrong="$wrong$what:note"
			k=$((k + step))
		done
	done
done
is "disturbed at each of $points points, then given again, all have it once" \
    "$wrong" ""
test "$points" -gt 10 || fail "it wrote somewhere" "$points"

# What came between does not hide it.
k=1
until strike "fdatasync:signal=KILL:when=$k"
      test "$(counts "$second")" != "0 0 0"; do
	k=$((k + 1))
done
test "$(counts "$second")" = "1 1 1"
is "cut off after the first" $? 1
data 1085528801 | sp write alps
printf 'Type:STATUS\nTimestamp:1085528801\n\nload:1\n.\n' |
    sp write --source other
is "nor does another source's" "$?" 0
ok "the same input later" sp write <in
is "goes to those that lack it" "$(counts "$second")" "1 1 1"
k=1
until strike "fdatasync:signal=KILL:when=$k"
      test "$(counts "$second")" != "0 0 0"; do
	k=$((k + 1))
done
cp -a state left
data 1085528802 >in
ok "another input" sp write <in
is "is for all" "$(counts 1085528802)" "1 1 1"
cp left/write/local+stdin state/write/
printf 'x' | dd of=state/write/local+stdin bs=1 seek=3 conv=notrunc 2>/dev/null
data 1085528803 >in
ok "a damaged note stops nothing" sp write <in
has "and is told" err 'write/local.stdin is damaged'
is "all have it" "$(counts 1085528803)" "1 1 1"

# A second one that waits while the first is cut off.
rm -rf state spool run
cp -a fresh/. .
start holder perl -MFcntl=:flock -e '
	open F, "<", $ARGV[0] or die; flock F, LOCK_EX; sleep 100' \
    spool/chur/outbox
holder=$pid
wait_for 10 held
data 1085528804 >in
start cut env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f \
    -o /dev/null -e trace=fdatasync -e "inject=fdatasync:signal=KILL:when=$k" \
    sh -c 'exec spoke -c spoke.conf write <in'
cut=$pid
has_alps() {
	! flock -n spool/alps/outbox true
}
wait_for 10 has_alps
start second sh -c 'exec spoke -c spoke.conf write <in'
second=$pid
ok "it waits" wait_for 10 waits_for alps "$second"
stop "$holder" KILL
wait "$cut"
is "the first is cut off" "$?" 137
wait "$second"
is "the second writes" "$?" 0
is "what the first did not" "$(counts 1085528804)" "1 1 1"
done_testing
