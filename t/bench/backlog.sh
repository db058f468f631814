# What a link is for: a day's backlog over a fresh connection, and one cycle over
# one that is kept open; over a real sshd, against rsync of the same bytes with
# the same promise.
. "$top_srcdir/t/bench/lib.sh"

need ssh-keygen rsync ssh
start_sshd "SetEnv SHLVL=1" || skip_all "no sshd"
hubctl=$(command -v hubctl)
DEVICES=200 CYCLES=288 # a day of 10,000 values each 300 s

# configure DIRECTORY COMPRESSION [KEYS]: a spoke and its hub below it.
configure() {
	mkdir -p "$1"
	for node in gw noc; do
		cat >"$1/$node.conf" <<-EOT
		node "$node" { state = "$tmp/$1/$node/state"
			spool = "$tmp/$1/$node/spool" run = "$tmp/$1/$node/run" }
		association "alps" {
			hub = "noc" spoke = "gw" compression = $2 ${3-}
			hub-subtree = "/Sites/Alps" spool-size = 1G
			ssh { host = "127.0.0.1" port = $sshd_port user = "$(id -un)"
				identity = "$tmp/$1/key"
				known-hosts = "$sshd_dir/known_hosts" }
		}
		EOT
		mkdir -m 700 "$1/$node"
		chmod 600 "$1/$node.conf"
	done
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$1/key"
	echo "restrict,command=\"$hubctl -c $tmp/$1/noc.conf receive alps\" $(
		cat "$1/key.pub")" >>"$sshd_dir/authorized_keys"
	spoke -c "$1/gw.conf" write alps </dev/null >/dev/null 2>&1
	spoke -c "$1/gw.conf" status >/dev/null
}
wire_of() {
	spoke -c "$1/gw.conf" status --json |
	    sed 's/.*"wire_bytes_month":\([0-9]*\).*/\1/'
}

# --- A day's backlog ----------------------------------------------------

ssh-keygen -q -t ed25519 -N '' -C '' -f any
echo "restrict $(cat any.pub)" >>"$sshd_dir/authorized_keys"
RSYNC_RSH="ssh -F none -i $tmp/any -p $sshd_port -o IdentitiesOnly=yes"
RSYNC_RSH="$RSYNC_RSH -o UserKnownHostsFile=$sshd_dir/known_hosts"
export RSYNC_RSH
for how in columnar zstd; do
	configure "$how" "$how"
	fleet_spool fill "$how/gw/spool/alps" $DEVICES $CYCLES ||
	    fail_bench "no backlog"
	cp -a "$how/gw" "$how/full"
	cat >"$how/again" <<-EOT
	#!/bin/sh
	rm -rf $tmp/$how/gw $tmp/$how/noc
	cp -a $tmp/$how/full $tmp/$how/gw
	mkdir -m 700 $tmp/$how/noc
	sync
	EOT
done
cat >nothing_there <<EOT
#!/bin/sh
rm -rf $tmp/there
sync
EOT
chmod 700 nothing_there columnar/again zstd/again
turns 7 <<EOT
columnar	$tmp/columnar/again	spoke -c $tmp/columnar/gw.conf push
zstd	$tmp/zstd/again	spoke -c $tmp/zstd/gw.conf push
rsync	$tmp/nothing_there	rsync -az --fsync $tmp/columnar/full/spool/alps/outbox/ 127.0.0.1:$tmp/there
EOT
row "a day's backlog over ssh, columnar (rsync -az --fsync of the same)" \
    columnar rsync 0.9
row "a day's backlog over ssh, zstd (rsync -az --fsync of the same)" \
    zstd rsync 0.9
rm -rf there
theirs=$(rsync -az --stats columnar/full/spool/alps/outbox/ \
    "127.0.0.1:$tmp/there" | tr -d , |
    sed -n 's/^Total bytes [a-z]*: *//p' | awk '{ n += $1 } END { print n }')
# bytes WHAT OURS THEIRS GOAL
bytes() {
	awk -v what="$1" -v v="$2" -v f="$3" -v goal="$4" 'BEGIN { printf \
	    "ROW\t%s\t%d B\t%d B\t%.2f\t<= %s\t%.2f\n",
	    what, v, f, v / f, goal, goal / (v / f) }'
}
bytes "a day's backlog over ssh, bytes of TCP (rsync -az, without ssh)" \
    "$(wire_of columnar)" "$theirs" 0.40

# --- A session that is kept open ----------------------------------------

# beats DIRECTORY DEVICES CYCLES: what fleet_spool prints, then the wire.
beats() {
	rm -rf "$1/gw" "$1/noc"
	mkdir -m 700 "$1/gw" "$1/noc"
	spoke -c "$1/gw.conf" status >/dev/null
	hubctl -c "$1/noc.conf" status >/dev/null
	start daemon spoke -c "$tmp/$1/gw.conf" daemon
	fleet_spool beat "$1/gw/spool/alps" "$2" "$3" \
	    "$1/noc/spool/alps/inbox" || fail_bench "nothing arrives"
	stop "$pid"
	wire_of "$1"
}
configure kept columnar 'keep = yes'
configure small none 'keep = yes'
beats kept $DEVICES 15 >took
echo "kept $(sed -n '1s/ .*//p' took)" >>medians
limit "one cycle of 10,000 values, session kept open, on the hub's disk" \
    kept rsync 15
# What is sent besides messages that are sent as they stand.
beats small 1 5 >few
beats small 1 25 >many
each=$(awk '{ n[FILENAME, FNR] = $NF } END { printf "%.0f",
    (n["many", 2] - n["few", 2] - n["many", 1] + n["few", 1]) / 20 }' few many)
awk -v v="$each" 'BEGIN { printf "ROW\t%s\t%d B\t-\t-\t<= 600 B\t%.2f\n",
    "one cycle, session kept open, bytes of TCP above the payload", v, 600 / v }'
