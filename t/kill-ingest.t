#!/bin/sh
# kill -9 of hubd at the calls that change a file: started again, it has the
# archive, the tree and the values as if nothing had happened.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/kill-lib.sh"
hub=node/hub
mkdir -m 700 node
. "$top_srcdir/t/hub-lib.sh"

# A spoke that is pulled from seals what it writes, and a hub that is pushed to
# begins nothing by itself while it is killed.
{
	echo 'hub { settle = 0 settle-max = 0 }'
	store 'rra = { "AVERAGE:1x:1h" }'
} | nodes push
node alps-gw spoke pull >spoke.conf

settled() {
	inbox_is_empty &&
	    grep -q "$newest" $hub/state/trees/main/*.xml
}
# ended_or_settled: what began is dead, or listens and has done all.
ended_or_settled() {
	ended "$pid" || { test -S $hub/run/hubd.sock && settled; }
}
# run WORDS: hubd from its start to its end, if it comes to that.
run() {
	rm -f $hub/run/hubd.sock
	start hubd "$@" hubd -c hub.conf
	wait_for 20 ended_or_settled
	stop "$pid" TERM 30
}
# all_stored: the values of each file, as RRDtool has them.
all_stored() {
	find $hub/rrd -name '*.rrd' | sort | while read -r file; do
		echo "$file"
		rrdtool dump "$file" | grep -v '<!--.*RRD Database\|XML'
	done
}
begin() {
	restore start
}
check() {
	run env || { echo "hubd ended with $?"; tail hubd.err; return 1; }
	settled || {
		echo "hubd did not come to its end"
		tail hubd.err
		return 1
	}
	{
		hub messages alps
		all_stored
		cat $hub/state/trees/main/*.xml
		cat $hub/state/cursors/alps | tr -d '\0' | tail -n 1
		# What a compilation had begun: the next one sweeps it up.
		files node | grep -v '/trees/main/\.tmp-'
	} >"${1-got}"
	test "${1-got}" = wanted || cmp wanted got || diff wanted got
}
prepare() {
	begin
	# shellcheck disable=SC2046 # words
	run $(tracing "$tmp/trace")
	points trace >points
	check wanted
}

hub status >/dev/null
mkdir -p -m 700 node/hub/spool/alps/inbox
{ config /load /users; data 1 T1:1 T2:10; data 2 T1:2 T2:20; } | deliver
newest=users
save start
prepare
kills "hubd, on an empty state" 60
has "values are in a file" wanted '<v>2.0+e\+01</v>'

begin
run env
{ config /load /users /disk; data 3 T1:3 T2:30 T3:300; } | deliver
data 4 T1:4 T2:40 T3:400 | deliver
newest=disk
save start
prepare
kills "hubd, with another configuration" 60
done_testing
