#!/bin/sh
# A link that is up and down in turn, with each run of cron: what its lines, each of
# which cron mails, say of it.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

need script
need_clock
echo 'echo v:1' >values.sh

# link MODE: alps over a line that carries while the file up is there.
link() {
	rm -rf gw noc up
	mkdir -m 700 gw noc
	over_exec "$1" /bin/sh -c "test -e $tmp/up || { echo no carrier >&2; exit 1; }; exec $(far_side "$1")"
	data 1
}
# run MODE MINUTE STATUS [FLAG]: one of cron's, that many minutes from now.
run() {
	case $1 in
	push) run_as="spoke ${4-} -c spoke.conf push --always" ;;
	pull) run_as="hubctl ${4-} -c hub.conf pull" ;;
	esac
	# shellcheck disable=SC2086 # words
	clock "+$2m" $run_as >>out 2>>err
	run_got=$?
	test "$run_got" -eq "$3" || echo "minute $2: $run_got, not $3" >>wrong
}
# flap MODE FROM TIMES [FLAG]: up and down, five minutes each; the lines in err.
flap() {
	: >out
	: >err
	flap_at=$2
	while test "$flap_at" -lt $(($2 + $3 * 10)); do
		rm -f up
		run "$1" "$flap_at" 75 "${4-}"
		: >up
		run "$1" $((flap_at + 5)) 0 "${4-}"
		flap_at=$((flap_at + 10))
	done
}
lines() {
	grep -c -e "$1" err
}

for mode in push pull; do
	link $mode
	: >wrong
	flap $mode 0 20
	is "$mode: each run has its status" "$(cat wrong)" ""
	# four, one ten minutes later, and the next four hours after that
	is "$mode: twenty outages in three hours" "$(lines 'trouble')" 5
	is "$mode: as many of their ends" "$(lines 'over association=alps')" 5
	is "$mode: and no other line" "$(cat out err | wc -l)" 10
	is "$mode: each says why" "$(lines 'what=delivery: .*no carrier')" 5
	is "$mode: from the fourth on how often it came" \
	    "$(sed -n 's/.*comes and goes: \([0-9]*\) times.*/\1/p' err |
		tr '\n' ' ')" "4 5 "
	has "$mode: with what to do" err \
	    'comes and goes: .*; next: [a-z]* -c .* -v pu[a-z]* alps$'

	rm -f up
	: >err
	run $mode 200 75
	is "$mode: another is not told" "$(cat err)" ""
	run $mode 201 75 -v
	has "$mode: who asks hears why" err 'no carrier.*; next: '
	if test $mode = push; then
		clock +202m script -qec "spoke -c spoke.conf push --always" \
		    typed </dev/null >/dev/null
		has "$mode: who sits at a terminal, too" typed 'no carrier'
		sp status alps >out
		has "$mode: status has it" out 'delivery'
	fi
	: >up
	run $mode 205 0
	# what lasts is not what flaps, and its end is not told either
	: >err
	flap $mode 210 3 -v
	is "$mode: with -v each" "$(lines trouble)" 3
done

# The journal keeps every line for who looks.
link push
journal() {
	exec 9>>err
	JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/9)
	export JOURNAL_STREAM
	flap push 0 8
	unset JOURNAL_STREAM
	exec 9>&-
}
: >err
journal
is "the journal has each outage" "$(lines '^<3>trouble')" 8
is "and each end" "$(lines '^<4>over')" 8

# Several are delivered side by side, each by a process of its own.
link push
{
	side gw
	for name in alps bern; do
		association "$name" "transport = exec mode = push exec {
		    command = {\"/bin/sh\", \"$tmp/far.sh\", \"$name\"}
		    env = {\"ASAN_OPTIONS=$ASAN_OPTIONS\"} }"
	done
	collects
} >spoke.conf
{
	side noc
	for name in alps bern; do
		association "$name" "transport = exec mode = push"
	done
	stores
} >hub.conf
cat >far.sh <<EOT
test \$1 = bern || test -e "$tmp/up" || { echo no carrier >&2; exit 1; }
exec $hubctl -c "$tmp/hub.conf" receive \$1
EOT
data 1
: >wrong
flap push 0 8
is "of two, one of which flaps" "$(cat wrong)" ""
is "it is told as often as alone" "$(lines 'trouble association=alps')" 5

# A collector that fails each second time is no link, and the same.
rm -f up
echo "test -e $tmp/up && echo v:1" >values.sh
: >err
for at in $(seq 300 5 395); do
	if test -e up; then rm up; else : >up; fi
	clock "+${at}m" spoke -c spoke.conf collect --now >>out 2>>err
done
is "a collector that fails each second time" \
    "$(lines 'trouble what=collector-a')" 5

done_testing
