#!/bin/sh
# A far end that has rsync bring more than there is room for: a real rsync daemon
# that offers many files, to who pushes and to who pulls.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"

both="transport = rsync compression = gzip spool-size = 1M"
most=$((1048576 + (64 + 64 + 1) * 1048576)) # spool-size and one more segment
offered=200                                 # files of 4 MiB
# In a tenth of a second, and until it has ended.
late=$((256 * 1048576))

# offer END: what that end's outbox has to fetch.
offer() {
	mkdir -p "$1/spool/alps/outbox" "$1/spool/alps/staging"
	seq 1 "$offered" | while read -r i; do
		truncate -s 4M "$(printf %s/spool/alps/outbox/%020d-%020d.msgs.gz \
		    "$1" "$i" "$i")"
	done
}
# look DIRECTORY FILE: the most that lay there, until there is FILE.end.
look() {
	peak=0
	until test -e "$2.end"; do
		now=$(du -sb "$1" 2>/dev/null | cut -f 1)
		test "${now:-0}" -le "$peak" || {
			peak=$now
			echo "$peak" >"$2.new" && mv "$2.new" "$2"
		}
		sleep 0.02
	done
}
# greedy WHO NODE COMMAND...: one run against a far end that offers too much.
greedy() {
	who=$1 node=$2
	shift 2
	echo 0 >peak
	rm -f peak.end
	look "$node/spool/alps/staging" peak &
	looks=$!
	# all of it is refused, too: that counts more than the want of room
	exits "$who: a far end that offers too much" 65 "$@"
	touch peak.end
	wait "$looks"
	peak=$(cat peak)
	diag "at most $peak bytes lay in staging, of $((offered * 4194304))"
	test "$peak" -gt $((8 << 20)) && test "$peak" -le $((most + late))
	is "$who: is stopped in time" $? 0
	is "$who: one line says so" "$(grep -c 'what=delivery' err)" 1
	has "$who: what it is, and what to do" err 'association=alps what=delivery: association alps: get rsync.*ended: staging/ had [0-9]+ bytes .*look at what the far end offers'
	is "$who: another what became of it" \
	    "$(grep -c 'what=refused: carried files are refused' err)" 1
	has "$who: it is counted" err \
	    'brought more than there is room for association=alps count=1'
	is "$who: nothing is left of it" \
	    "$(find "$node/spool/alps/staging" -mindepth 1)" ""
	is "$who: the rest of the disk neither" "$(find "$node/spool/alps" \
	    -size +1100k)" ""
}

offer noc
daemon noc || skip_all "no rsync daemon"
configure "$(modules)" ""
collect 1 2
greedy push gw sp push
is "what is ours went nevertheless" "$(files noc/spool/alps/staging)" 1
none_runs() {
	! ps -e -o args= | grep -q "[r]sync://alps@127.0.0.1:$port"
}
ok "nothing else runs" wait_for 10 none_runs

# The same in the other direction.
stop "$daemon"
rm -rf gw noc
mkdir -m 700 gw noc
offer gw
both="$both mode = pull"
daemon gw || skip_all "no rsync daemon"
configure "" "$(modules)"
greedy pull noc hub pull

# What rsync runs writes nothing but into staging.
cat >probe <<EOT
#!/bin/sh
echo x >"$tmp/escaped"
echo x >"$tmp/noc/run/escaped"
echo x >"$tmp/noc/spool/alps/inbox/escaped"
echo x >"$tmp/noc/spool/alps/staging/other"
echo x >/dev/null && : >"$tmp/noc/spool/alps/staging/device"
exit 3
EOT
chmod +x probe
if hub check | grep -q '^confinement: .*landlock-abi=[1-9]'; then
	configure "" "rsync { put = \"gw:in\" get = \"gw:out\" rsh = {\"$tmp/probe\"} }"
	hub pull >out 2>err
	is "a shell that does what it likes" "$(find . -name escaped)" ""
	is "has staging alone" \
	    "$(find noc -name other -o -name device | LC_ALL=C sort | tr '\n' ' ')" \
	    "noc/spool/alps/staging/device noc/spool/alps/staging/other "
	rm -f noc/spool/alps/staging/*
	configure "" "$(modules)"
else
	skip "a shell that does what it likes" "no Landlock here"
fi

# It is over when the far end has what it should.
rm -f gw/spool/alps/outbox/*.msgs.gz
chmod -R go= gw
collect 3 4
ok "a far end that is right again" hub pull
has "it is told" err 'over association=alps what=delivery'
ok "and heard" received 2
done_testing
