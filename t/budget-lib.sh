# Helpers for tests of the month's budget of 64K, beside stream-lib.sh.  A test has the
# budget in both configurations, and says by $keeps who keeps it: push, the spoke; pull,
# the hub.

# go [ARGS]: a delivery by who keeps the budget.  keeper KEY: of that end's status.
go() {
	case $keeps,${1-} in
	push,-v) sp -v push ;;
	push,*) sp push "$@" ;;
	pull,-v) hub -v pull ;;
	pull,*) hub pull "$@" ;;
	esac
}
keeper() {
	case $keeps in
	push) spoke_has "$1" ;;
	pull) hub_has "$1" ;;
	esac
}

none_waits() {
	test "$(spoke_has waiting_messages)" -eq 0
}
# come: what was sent is at the hub, whatever is to be done there for it.
come() {
	has_come
}
# goes: a delivery, if it may, with the newest.
goes() {
	go 2>>told
	come
}
# settles: whatever was used, all is delivered and acknowledged.
settles() {
	go --always 2>>told
	none_waits
}

# until_told KEY N: deliveries of N messages, until that is told.
until_told() {
	for until_try in $(seq 60); do
		say "$2" && go --always 2>>told || return
		! grep -q "what=$1:" told || return 0
	done
	return 1
}
# spends WHAT N: all of the month's budget, N messages at a time.
spends() {
	: >told
	describe
	ok "$1: 80 % are told" until_told budget "$2"
	has "$1: as how many bytes" told \
	    'association=alps what=budget: [0-9]+ of the 65536 bytes'
	spends_used=$(keeper wire_bytes_month)
	ok "$1: at 80 %" test "$spends_used" -ge 52428 -a "$spends_used" -lt 65536
	lacks "$1: that is all" told 'what=budget-spent'
	ok "$1: 100 % are told" until_told budget-spent "$2"
	has "$1: and what follows" told \
	    'what=budget-spent: .* deliveries go only every budget-interval'
	is "$1: each once" "$(grep -c 'what=budget' told)" 2
	ok "$1: at 100 %" test "$(keeper wire_bytes_month)" -ge 65536
	is "$1: status has it" "$(keeper state)" budget-spent
	ok "$1: what was said so far comes" wait_for 20 settles
	say 1
	spends_used=$(keeper wire_bytes_month)
	ok "$1: then a delivery" go
	is "$1: is silent" "$(cat out err)" ""
	is "$1: and none" "$(keeper wire_bytes_month)" "$spends_used"
	ok "$1: that is no error" go -v
	has "$1: but said to who asks" err \
	    'nothing is delivered association=alps.*in [0-9]+ s'
	exits "$1: what waits stays" 1 come
	ok "$1: --always" go --always
	ok "$1: delivers all the same" wait_for 20 come
}
# slows WHAT: allow KEYS sets the budget's keys.
slows() {
	say 1
	allow 'budget = 64K budget-interval = 2s'
	ok "$1: after the interval a delivery goes" wait_for 60 goes
	allow 'budget = 64K'
	say 1
	ok "$1: the next" go
	exits "$1: waits for the next interval" 1 come
}
# counts_as_much WHAT: the spoke that is pulled from, whose own count is a little lower.
counts_as_much() {
	ok "$1: the spoke has counted as much" wait_for 60 spoke_spends
	is "$1: and gave nothing up so far" "$(spoke_has gaps)" 0
}
spoke_spends() {
	say 40
	settles
	test "$(spoke_has wire_bytes_month)" -ge 65536
}
# drops WHAT: the oldest of what waits, but not the last CONFIG.
drops() {
	allow 'budget = 64K'
	ok "$1: all is delivered" wait_for 20 settles
	drops_before=$(spoke_has gaps)
	allow 'budget = 64K budget-interval = 2s budget-full = drop-oldest'
	say 3
	describe /w
	say 5
	drops_last=$(newest)
	: >told
	ok "$1: budget-full = drop-oldest, after the interval" wait_for 60 goes
	is "$1: the newest arrives, and the last CONFIG" "$(hub messages alps |
	    sed -n 's/^MsgID://p' | awk -v after=$((drops_last - 9)) \
	    '$1 > after' | tr '\n' ' ')" "$((drops_last - 5)) $drops_last "
	is "$1: the others are given up" "$(spoke_has gaps)" $((drops_before + 7))
	has "$1: the hub knows what was lost" noc/spool/alps/ledger lost
}
