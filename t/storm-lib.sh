# Many sites that push at once to one hub behind a real sshd, each with a key and
# an association of its own.  Over t/lib.sh; sshd runs.

# storm_node DIRECTORY NAME
storm_node() {
	echo "node \"$2\" { state = \"$tmp/$1/state\" spool = \"$tmp/$1/spool\""
	echo "run = \"$tmp/$1/run\" sessions = 4096 }"
}

storm_association() {
	cat <<-EOT
	association "s$1" {
		hub = "noc" spoke = "s$1" hub-subtree = "/Sites/s$1"
		ssh { host = "127.0.0.1" port = $sshd_port user = "$(id -un)"
			identity = "$tmp/s$1/key"
			known-hosts = "$sshd_dir/known_hosts" }
	}
	EOT
}

# storm_sites N: the directories s1 to sN, each with conf and one cycle that
# waits, and hub.conf.
storm_sites() {
	storm_n=$1
	mkdir -m 700 noc
	storm_node noc noc >hub.conf
	for storm_i in $(seq "$storm_n"); do
		storm_site=s$storm_i
		mkdir -m 700 "$storm_site"
		ssh-keygen -q -t ed25519 -N '' -C '' -f "$storm_site/key" ||
		    return
		storm_association "$storm_i" >>hub.conf
		{
			storm_node "$storm_site" "$storm_site"
			storm_association "$storm_i"
			echo 'collector "a" { type = exec tree = "local"'
			echo 'subtree = "/a" period = 1d'
			echo 'command = {"/bin/echo", "v:1"} }'
		} >"$storm_site/conf"
		chmod 600 "$storm_site/conf" hub.conf
		spoke -c "$storm_site/conf" collect || return
		echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $(
			command -v hubctl) -c $tmp/hub.conf receive $storm_site\" $(
			cat "$storm_site/key.pub")"
	done >"$sshd_dir/authorized_keys"
}

# storm [WORDS-OF-PUSH...]: all in one second; waits for them.  Of each: out,
# status, and ms, until it had ended.
storm() {
	storm_begun=$(date +%s%N)
	storm_pids=
	for storm_i in $(seq "$storm_n"); do
		(
			cd "s$storm_i" || exit
			spoke -c conf push "$@" >out 2>&1
			echo $? >status
			echo $((($(date +%s%N) - storm_begun) / 1000000)) >ms
		) &
		storm_pids="$storm_pids $!"
	done
	# shellcheck disable=SC2086 # a list of numbers
	wait $storm_pids
}

storm_delivered() {
	cat noc/spool/s*/inbox/*.msgs 2>/dev/null | grep -c ^Type:DATA
}
