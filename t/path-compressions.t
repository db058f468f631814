#!/bin/sh
# The same messages under each compression, a session each: they arrive to the
# byte, and what is coded upon the messages before costs few bytes.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

# config, data N: 300 leaves; counters that grow, of which some stand still.
config() {
	awk 'BEGIN {
		printf "Type:CONFIG\nTimestamp:1700000000\n\n"
		for (i = 1; i <= 300; i++)
			printf "%slevel2-token:T%d\nlevel2-path:/if/%d/in\n",
			    (i > 1 ? ";\n" : ""), i, i
		print "."
	}'
}
data() {
	awk -v n="$1" 'BEGIN {
		srand(1)
		printf "Type:DATA\nTimestamp:%d\n\n", 1700000000 + 300 * n
		for (i = 1; i <= 300; i++) {
			v = 1000000 * i
			for (k = 1; k <= n; k++)
				v += i % 4 ? int(rand() * 5000) : 0
			printf "T%d:%d\n", i, v
		}
		print "."
	}'
}
apart() {
	data "$1" | awk '/^Type:/ { t = $0 } /^Timestamp:/ { t = t "\n" $0 "\n" }
		/^T[0-9]/ { if (n++ % 3 == 0) print t; print; if (n % 3 == 0) print "." }'
}
# deliver N: one cycle, in a session of its own.
deliver() {
	data "$1" | sp write alps && sp push && level
}
level() {
	test "$(hub_has last_msgid)" = "$(spoke_has last_msgid)"
}
wire() {
	hub_has wire_bytes_month
}
# bodies: without what a new stream makes new.
bodies() {
	hub messages alps | grep -Ev '^(Stream|Prev|Digest):'
}
# begin COMPRESSION: both ends, with empty spools.
begin() {
	rm -rf gw noc
	mkdir -m 700 gw noc
	prefer "$1"
}
prefer() {
	sed "s/compression = [a-z0-9]*/compression = $1/" spoke.conf >new
	mv new spoke.conf
	sed "s/compression = [a-z0-9]*/compression = $1/" hub.conf >new
	mv new hub.conf
	chmod 600 spoke.conf hub.conf
}

methods="none gzip bzip2 zstd xz columnar"
lacking=
for method in $methods; do
	begin $method
	config >in
	ok "$method: a configuration is spooled" sp write alps <in
	for n in 1 2 3; do
		deliver $n >log 2>&1 || fail "$method: cycle $n" "$(cat log)"
	done
	before=$(wire)
	deliver 4 >log 2>&1 || fail "$method: cycle 4" "$(cat log)"
	eval "wire_$method=$(($(wire) - before))"
	ok "$method: every byte is there" same
	bodies >"bodies.$method"
	is "$method: the same as in the others" "$(cksum <"bodies.$method")" \
	    "$(cksum <bodies.none)"
	if grep -q 'lacks compression' log; then
		has "$method: not built, which is said" log \
		    "lacks compression $method: sending gzip"
		lacking="$lacking $method"
	fi
done
diag "bytes of a session with 300 values:" \
    "none $wire_none gzip $wire_gzip bzip2 $wire_bzip2" \
    "zstd $wire_zstd xz $wire_xz columnar $wire_columnar"
ok "each is smaller than none" test "$wire_gzip" -lt "$wire_none" -a \
    "$wire_bzip2" -lt "$wire_none" -a "$wire_xz" -lt "$wire_none"

# What sessions cost beside the messages, to compare the rest.
begin zstd
config | sp write alps
sp push
data 1 | sp write alps
sp push
before=$(wire)
sp push --always
empty=$(($(wire) - before))
for method in zstd columnar; do
	less="$method upon the cycle before takes less than half of gzip"
	case $lacking in
	*$method*) skip "$less" "not built" ;;
	*) eval "bytes=\$((2 * (wire_$method - empty)))"
	   ok "$less" test "$bytes" -lt $((wire_gzip - empty)) ;;
	esac
done

# A message for each three leaves: of each kind some are read to begin with.
begin columnar
config | sp write alps && sp push
for n in 1 2 3; do
	apart $n | sp write alps && sp push >log 2>&1 || fail "cycle $n" "$(cat log)"
done
before=$(wire)
apart 4 | sp write alps && sp push >log 2>&1 || fail "cycle 4" "$(cat log)"
bytes=$(($(wire) - before))
diag "bytes of a session with 300 values in 100 messages: columnar $bytes"
ok "100 messages: every byte is there" same
less="columnar upon 100 messages a cycle takes about what it takes upon one"
case $lacking in
*columnar*) skip "$less" "not built" ;;
*) ok "$less" test "$bytes" -lt $((wire_columnar + 150)) ;;
esac

# In one stream, one after the other, each upon what the others sent, which the
# hub ingests meanwhile.
start hubd hubd -c hub.conf
hubd=$pid
ingested() {
	level && test "$(hub_has waiting_messages)" = 0
}
for method in $methods zstd $methods; do
	prefer $method
	n=$((${n:-1} + 1))
	deliver $n >log 2>&1 || fail "in turn: $method" "$(cat log)"
	wait_for 20 ingested || fail "in turn: $n is not ingested"
done
stop "$hubd"
ok "in turn: every byte is there" same
is "and nothing was refused" "$(ls noc/spool/alps/quarantine)" ""

# A backup of the hub, then one of the spoke, put back in the middle: what is coded upon
# messages that one end does not have is seen, and told again.
for method in zstd columnar; do
	begin $method
	config | sp write alps && sp push
	for n in 1 2 3; do
		deliver $n >log 2>&1 || fail "$method: cycle $n" "$(cat log)"
	done
	cp -a noc noc.old
	cp -a gw gw.old
	deliver 4 >log 2>&1 || fail "$method: before the backup" "$(cat log)"
	rm -rf noc
	mv noc.old noc
	deliver 5 >log 2>&1 ||
	    fail "$method: a backup of the hub" "$(cat log)"
	ok "$method: a backup of the hub: every byte is there" same
	rm -rf gw
	mv gw.old gw
	data 6 | sp write alps
	ok "$method: a backup of the spoke" sp push
	data 7 | sp write alps
	ok "$method: begins a new stream, and goes on" sp push
	ok "$method: every byte of it is there" same
	is "$method: nothing was refused" \
	    "$(ls noc/spool/alps/quarantine 2>/dev/null)" ""
done
done_testing
