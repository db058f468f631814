# Pushing one new cycle of 10,000 values over a fresh connection to a real
# sshd, against the least (libssh2 connects and runs `true`) and against rsync
# of a file of the same bytes.
. "$top_srcdir/t/bench/lib.sh"

need ssh-keygen rsync ssh
# bash as a login shell reads its user's own files, for as long as they take.
start_sshd "SetEnv SHLVL=1" || skip_all "no sshd"
hubctl=$(command -v hubctl)

# configure FILE NODE DIRECTORY COMPRESSION: one association, either end.
configure() {
	cat >"$1" <<-EOT
	node "$2" { state = "$tmp/$3/state" spool = "$tmp/$3/spool"
		run = "$tmp/$3/run" }
	association "alps" {
		hub = "noc" spoke = "gw" compression = $4
		hub-subtree = "/Sites/Alps" spool-size = 1G
		ssh { host = "127.0.0.1" port = $sshd_port user = "$(id -un)"
			identity = "$tmp/$4.key" known-hosts = "$sshd_dir/known_hosts" }
	}
	collector "a" { type = exec tree = "local" subtree = "/a" period = 1d
		command = {"/usr/bin/awk", "-f", "$tmp/cycle.awk"} }
	EOT
	chmod 600 "$1"
}

# Counters of up to 13 digits, gauges, mostly zeros; another each time.
cat >cycle.awk <<'EOT'
BEGIN {
	srand()
	for (i = 0; i < 10000; i++) {
		v = rand() * (i % 10 < 6 ? 1e13 : i % 10 < 9 ? 300 : 1)
		printf "r%d/c%d:%.0f\n", i / 50, i % 50, v
	}
}
EOT

# authorize KEY COMMAND: or any command, when there is none.
authorize() {
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$1.key"
	echo "restrict${2:+,command=\"$2\"} $(cat "$1.key.pub")" \
	    >>"$sshd_dir/authorized_keys"
}
authorize any
for how in none gzip; do
	mkdir -m 700 "spoke-$how" "hub-$how"
	configure "$how.conf" gw "spoke-$how" "$how"
	configure "hub-$how.conf" noc "hub-$how" "$how"
	authorize "$how" "$hubctl -c $tmp/hub-$how.conf receive alps"
	spoke -c "$tmp/$how.conf" collect && spoke -c "$tmp/$how.conf" push ||
	    fail_bench "push does not work: $how"
done

# A new file of a cycle's bytes each time, as the values differ each time.
cat >fresh <<EOT
#!/bin/sh
awk -f $tmp/cycle.awk >$tmp/cycle
EOT
chmod 700 fresh
RSYNC_RSH="ssh -F none -i $tmp/any.key -p $sshd_port -o IdentitiesOnly=yes"
RSYNC_RSH="$RSYNC_RSH -o UserKnownHostsFile=$sshd_dir/known_hosts"
export RSYNC_RSH
turns 5 <<EOT
none	spoke -c $tmp/none.conf collect --now	spoke -c $tmp/none.conf push
gzip	spoke -c $tmp/gzip.conf collect --now	spoke -c $tmp/gzip.conf push
true	-	ssh_floor $sshd_port $(id -un) $tmp/any.key
rsync	$tmp/fresh	rsync -az $tmp/cycle 127.0.0.1:$tmp/there
EOT
ours=$(least none gzip)
row "push a cycle of 10,000 values, $ours (connect and exec of true)" \
    "$ours" true 1.3
row "push a cycle of 10,000 values, $ours (rsync -az of the same)" \
    "$ours" rsync 0.5
