#!/bin/sh
# spoke push and hubctl pull of several associations: side by side, so that a far end
# that is silent holds up no other; what is told of each, and how all are ended.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

# What the far end of NAME does stands in act.NAME; without it is ours.
cat >far.sh <<END
name=\$1
shift
echo \$\$ >>"$tmp/begun.\$name"
case \$(cat "$tmp/act.\$name" 2>/dev/null) in
silent) exec sleep 600 ;;
held) until test -e "$tmp/go"; do sleep 0.1; done ;;
fails) exit 5 ;;
noise) echo "Welcome to the machine"; exec sleep 600 ;;
esac
exec "\$@"
END
echo "cat >>$tmp/mail; echo Mail >>$tmp/mails" >sendmail

# far NAME: whom who dials meets.
far() {
	case $mode in
	push) echo "$hubctl -c $tmp/hub.conf receive $1" ;;
	pull) echo "$spoke -c $tmp/spoke.conf serve $1" ;;
	esac
}
blocks() {
	for name in $names; do
		# shellcheck disable=SC2046 # words
		association "$name" "mode = $mode transport = exec exec {
		    command = {$(argv /bin/sh "$tmp/far.sh" "$name" $(far "$name"))}
		    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} }"
	done
	echo 'operator { mail = {"a@example.net"} gather = 0'
	echo "sendmail = {\"/bin/sh\", \"$tmp/sendmail\"} }"
}
# begin MODE NAME...: both ends, and a CONFIG for each.
begin() {
	mode=$1
	shift
	names=$*
	rm -f act.* begun.*
	fresh
	{
		side gw
		blocks
	} >spoke.conf
	{
		side noc
		blocks
	} >hub.conf
	chmod 600 spoke.conf hub.conf
	write CONFIG 'level2-token:T1
level2-path:/m'
}
# write TYPE BODY: for all.
write() {
	printf 'Type:%s\nTimestamp:%s\n\n%s\n.\n' "$1" "$(date +%s)" "$2" \
	    >message
	sp write <message
}
more() {
	write DATA T1:7
}
# dial [WORD...]: who dials does; dialing [WORD...]: in the background.
dial() {
	case $mode in
	push) sp ${verbose-} push "$@" ;;
	pull) hub ${verbose-} pull "$@" ;;
	esac
}
dialing() {
	case $mode in
	push) start dial spoke -c spoke.conf push "$@" ;;
	pull) start dial hubctl -c hub.conf pull "$@" ;;
	esac
}
# act WHAT NAME...
act() {
	act_what=$1
	shift
	for act_name; do
		echo "$act_what" >"act.$act_name"
	done
}
waits() {
	test "$(spoke_has waiting_messages "$1")" -gt 0
}
# delivered NAME...: all that the spoke has is acknowledged.
delivered() {
	for delivered_name; do
		! waits "$delivered_name" || return
	done
}
# far_pid NAME: of the far end that was begun last.
far_pid() {
	tail -n 1 "begun.$1"
}
# children PID N: it has so many.
children() {
	test "$(pgrep -c -P "$1")" -eq "$2"
}

for mode in push pull; do
	begin $mode alps andes jura
	act silent alps
	dialing
	ok "$mode: two are delivered and acknowledged" wait_for 20 \
	    delivered andes jura
	ok "$mode: while the first of three waits" running "$pid"
	ok "$mode: for a far end that says nothing" running "$(far_pid alps)"
	ok "$mode: and has nothing" waits alps
	wait "$pid"
	is "$mode: its status is that of the worst" $? 75
	has "$mode: it says why" dial.err \
	    'trouble association=alps what=delivery: association alps: the far end was silent for 30 s; next: '
	is "$mode: once, and nothing else" "$(wc -l <dial.err)" 1
	more
	exits "$mode: it is still silent" 75 dial --deadline 3s
	is "$mode: that is not told again" "$(cat out err)" ""
	ok "$mode: the others go on" delivered andes jura
	more
	verbose=-v
	exits "$mode: but with -v" 75 dial --deadline 3s
	verbose=
	has "$mode: with what to do next" err \
	    "the deadline passed; next: .* -v $mode alps\$"
	has "$mode: beside what there is of others" err 'delivered association=jura '
	act speaks alps
	ok "$mode: it is back" dial
	has "$mode: it is said to be over" err 'over association=alps what=delivery$'
	is "$mode: once" "$(wc -l <err)" 1
	ok "$mode: all are delivered" delivered alps andes jura

	more
	act fails jura
	act noise andes
	: >mail >mails
	exits "$mode: of several statuses the worst" 76 dial
	is "$mode: each is told" "$(grep -c 'trouble association=' err)" 2
	is "$mode: in one mail" "$(wc -l <mails)" 1
	has "$mode: that has the one" mail '^began: andes: .*noise before hello'
	has "$mode: and the other" mail '^began: jura: .*status 5'
	act speaks jura andes
	ok "$mode: they are back" dial
	rm -f begun.*
	more
	ok "$mode: one that is named twice" dial alps alps
	is "$mode: is dialed once" "$(wc -l <begun.alps)" 1

	more
	act silent alps jura
	: >mails
	dialing
	ok "$mode: another is delivered" wait_for 20 delivered andes
	stop "$pid"
	is "$mode: SIGTERM ends all" $? 143
	is "$mode: which is no trouble" "$(cat dial.err mails)" ""
	for name in alps jura; do
		ok "$mode: and leaves nothing of $name" \
		    wait_for 10 ended "$(far_pid $name)"
	done
	act speaks jura
	dialing
	ok "$mode: the others are over" wait_for 20 children "$pid" 1
	pkill -KILL -P "$pid"
	wait "$pid"
	is "$mode: a delivery that is killed" $? 75
	has "$mode: is told" dial.err \
	    'trouble association=alps what=delivery: association alps: the session was killed .signal 9.: it did not make way for a newer one within 5 s, or memory ran out; next: '
	is "$mode: and mailed" "$(wc -l <mails)" 1
	dialing alps
	ok "$mode: one alone has no process between it and its channel" \
	    wait_for 20 children "$pid" 2
	stop "$pid"
	act speaks alps
	ok "$mode: the next is well" dial
	ok "$mode: and delivers all" delivered alps andes jura
done

# More than begin at once: none waits for those that are silent.
begin push s01 s02 s03 s04 s05 s06 s07 s08 s09 s10
act silent s01 s02 s03 s04 s05 s06 s07 s08
dialing
ok "eight are silent: the ninth is delivered" wait_for 20 delivered s09 s10
for name in s01 s02 s03 s04 s05 s06 s07 s08; do
	running "$(far_pid $name)" || break
done
ok "while they are" running "$(far_pid $name)"
kill "$(far_pid s03)"
soon_has "one ends" dial.err 'trouble association=s03 '
stop "$pid"
more
rm -f begun.*
dialing
ok "all are called again" wait_for 20 test -s begun.s03
for name in s01 s02 s04 s05 s06 s07 s08 s09 s10; do
	test begun.$name -ot begun.s03 || break
done
ok "what was in trouble after the others" test begun.$name -ot begun.s03
stop "$pid"

# What is ignored at our begin stays so, also if it comes to all of our processes.
# ours PID: it and those of its descendants that are our program.
ours() {
	for p in $(lib_tree "$1"); do
		! grep -qx spoke "/proc/$p/comm" || echo "$p"
	done
}
for names in alps "alps jura"; do
	# shellcheck disable=SC2086 # words
	begin push $names
	act held alps
	for signal in INT HUP; do
		rm -f begun.alps go
		start dial sh -c 'trap "" INT HUP; exec "$@"' - \
		    spoke -c spoke.conf push
		ok "$names: called" wait_for 20 test -s begun.alps
		# shellcheck disable=SC2046 # words
		kill -$signal $(ours "$pid")
		touch go
		wait "$pid"
		is "$names: nobody ends of a $signal that is ignored" $? 0
		ok "$names: and all goes" delivered alps
		more
	done
done
done_testing
