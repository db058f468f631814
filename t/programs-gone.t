#!/bin/sh
# What was told of an association, of its budget, or of a collector ends when the configuration
# does not have it any more: at a reload, at a start, with the next verb, at both
# ends.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

echo "cat >>\"$tmp/\$1.mail\"" >sendmail
echo 'echo no carrier >&2; exit 1' >dead.sh

# link MODE [KEYS]: of a block, to nobody.
link() {
	echo "transport = exec mode = $1 ${2-}
	exec { command = {\"/bin/sh\", \"$tmp/dead.sh\"} }"
}
# end NODE BLOCKS: its configuration; what is told gathers a while.
end() {
	{
		side "$1"
		printf '%s\n' "$2"
		test "$1" = gw || stores
		echo "operator { mail = {\"noc@example.net\"} gather = ${gather-8s}
		sendmail = {\"/bin/sh\", \"$tmp/sendmail\", \"$1\"} }"
	} >"$1.conf"
	chmod 600 "$1.conf"
}
begin() {
	case $1 in
	gw) start daemon spoke -c gw.conf daemon ;;
	noc) start daemon hubd -c noc.conf ;;
	esac
	daemon=$pid
}
# dials NAME: hubd does so by itself; a spoke's daemon when something waits.
dials() {
	test "$node" = noc ||
	    exits "gw: a push to nobody" 75 spoke -c gw.conf push --always "$1"
}
has_notice() {
	grep -q "	$2	$3	" "$1/state/notices"
}
no_notice() {
	! has_notice "$@"
}
over() {
	grep -q "over association=$1 what=$2" daemon.err
}
began() {
	grep -q "^began: $2: " "$1.mail"
}

for of in "gw push" "noc pull"; do
	node=${of% *} mode=${of#* }
	alps=$(association alps "$(link "$mode" "pull-interval = 1s")")
	jura=$(association jura "$(link "$mode" "pull-interval = 1s")")
	: >"$node.mail"
	end "$node" "$jura"
	case $node in
	gw) looks="spoke -c gw.conf collect" ;;
	noc) looks="hubctl -c noc.conf receive jura" ;;
	esac

	begin "$node"
	dials jura
	ok "$node: a link that is dead is told" wait_for 20 has_notice "$node" jura delivery
	end "$node" "$alps"
	kill -HUP "$daemon"
	ok "$node: without its block that is over" wait_for 20 over jura delivery
	ok "$node: and kept no more" wait_for 20 no_notice "$node" jura delivery
	dials alps
	ok "$node: another one is mailed" wait_for 60 began "$node" alps
	lacks "$node: but nothing of the one that is gone" "$node.mail" jura
	stop "$daemon"

	# One that was mailed, and a budget that was used up, at a start.
	has_notice "$node" alps delivery || fail "$node: the outage is kept"
	printf 'on\t1\t99999999999\t60\talps\tbudget-spent\tall\tx\n' \
	    >>"$node/state/notices"
	end "$node" "$alps"
	begin "$node"
	ok "$node: a budget that is no more is over at a start" \
	    wait_for 20 over alps budget-spent
	lacks "$node: and nothing else" daemon.err 'over .*what=delivery'
	ok "$node: which is mailed" wait_for 60 grep -q '^over: alps: all' \
	    "$node.mail"
	stop "$daemon"
	end "$node" "$jura"
	begin "$node"
	ok "$node: so is an outage without its block" \
	    wait_for 20 over alps delivery
	ok "$node: kept no more" wait_for 20 no_notice "$node" alps delivery
	stop "$daemon"
	lacks "$node: and that is not mailed" "$node.mail" '^over: alps: .*carrier'

	# With a budget, it stays; a verb sees that it is gone, too.
	printf 'on\t1\t99999999999\t60\tjura\tbudget-spent\tall\tx\n' \
	    >>"$node/state/notices"
	end "$node" "$(association jura "$(link "$mode" 'budget = 64K')")"
	$looks </dev/null >out 2>err
	ok "$node: a budget that is there stays" has_notice "$node" jura budget-spent
	other=$(test "$mode" = push && echo pull || echo push)
	end "$node" "$(association jura "$(link "$other" 'budget = 64K')")"
	$looks </dev/null >out 2>err
	has "$node: ends where the other end opens the connection" err \
	    'over association=jura what=budget-spent'
done

# --- A collector --------------------------------------------------------------------

# collector NAME: one that fails.
collector() {
	echo "collector \"$1\" { type = exec subtree = \"/$1\"
	command = {\"/bin/false\"} }"
}
jura=$(association jura "$(link push)")
gather=0
: >gw.mail
end gw "$jura $(collector ups) $(collector rack)"
spoke -c gw.conf collect --now >out 2>&1
ok "a collector that fails is told" has_notice gw '' collector-ups
ok "and mailed" grep -q '^began: .*collector ups' gw.mail
end gw "$jura $(collector rack)"
spoke -c gw.conf collect </dev/null >out 2>err
has "without its block that is over" err 'over what=collector-ups'
ok "and kept no more" no_notice gw '' collector-ups
ok "the other's stays" has_notice gw '' collector-rack
lacks "and its end is not mailed" gw.mail '^over:'
done_testing
