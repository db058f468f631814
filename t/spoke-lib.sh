# Helpers for tests of spoke: a node in $tmp with one association or more.

# node LINE...: begin spoke.conf with a node; the lines follow.
node() {
	{
		echo "node \"gw\" {"
		echo "state = \"$tmp/state\" spool = \"$tmp/spool\""
		echo "run = \"$tmp/run\" }"
		printf '%s\n' "$@"
	} >spoke.conf
	chmod 600 spoke.conf
}

# association NAME [KEYS]: its block, on standard output.
association() {
	echo "association \"$1\" { hub = \"noc\" spoke = \"gw\""
	echo "transport = ssh mode = push hub-tree = \"main\""
	echo "hub-subtree = \"/Sites/$1\" spoke-tree = \"local\" ${2-}"
	echo "ssh { host = \"localhost\" user = \"nobody\""
	echo "identity = \"$1.key\" known-hosts = \"known_hosts\" } }"
}

# collector NAME [KEYS]: of type exec; its script is NAME.sh.
collector() {
	echo "collector \"$1\" { type = exec tree = \"local\""
	echo "subtree = \"/$1\" period = 1d"
	echo "command = {\"/bin/sh\", \"$tmp/$1.sh\"} ${2-} }"
}

sp() {
	spoke -c "$tmp/spoke.conf" "$@"
}

# body N [ASSOCIATION]: the body of message N.
body() {
	sp messages "${2-alps}" "$1-$1" | sed -e '1,/^$/d' -e '/^\.$/d'
}

# field NAME N [ASSOCIATION]: a field of the header of message N.
field() {
	sp messages "${3-alps}" "$2-$2" | sed -n -e '/^$/q' -e "s/^$1://p"
}

# last [ASSOCIATION]: the number of the newest message.
last() {
	sp status --json "${1-alps}" |
	    sed -n 's/.*"last_msgid":\([0-9a-z]*\),.*/\1/p'
}

# age ASSOCIATION: as if its CONFIG had been spooled long ago.
age() {
	sed -e '/^crc32=/d' -e 's/^\(config .*\) [0-9]*$/\1 1000000000/' \
	    "state/tokens/$1" >aged
	printf 'crc32=%s\n' "$(gzip -c aged | tail -c 8 | od -An -tx4 -N4 |
	    tr -d ' ')" >>aged
	cp aged "state/tokens/$1"
}

# config TIMESTAMP [TOKEN=PATH...]: for the input of `spoke write`.
config() {
	printf 'Type:CONFIG\nTimestamp:%s\n\n' "$1"
	shift
	sep=
	for leaf; do
		test -z "$sep" || echo ";"
		printf 'level2-token:%s\nlevel2-path:%s\n' "${leaf%%=*}" \
		    "${leaf#*=}"
		sep=1
	done
	echo .
}

# data TIMESTAMP LINE...: likewise.
data() {
	printf 'Type:DATA\nTimestamp:%s\n\n' "$1"
	shift
	printf '%s\n' "$@" .
}

# give [ARGS]: the file `in`.
give() {
	sp write "$@" <in
}

# --- A spoke and its hub over a real sshd -------------------------------

# both NODE [KEYS]: the association's block is the same on both ends.
both() {
	cat <<-EOT
	node "$1" {
		state = "$tmp/$1/state" spool = "$tmp/$1/spool"
		run = "$tmp/$1/run"
	}
	association "alps" {
		hub = "noc" spoke = "gw" compression = gzip
		hub-subtree = "/Sites/Alps" ${2-}
		ssh {
			host = "127.0.0.1" port = $sshd_port user = "$(id -un)"
			identity = "alps.key" known-hosts = "known_hosts"
		}
	}
	EOT
}

# configure [KEYS [LINES]]: spoke.conf with the collector a, and hub.conf.
configure() {
	{ both gw "${1-}" && printf '%s\n' "${2-$(collector a)}"; } >spoke.conf
	both noc "${1-}" >hub.conf
	chmod 600 spoke.conf hub.conf
}

# ssh_pair: an sshd, a key that may do `hubctl receive alps`, both
# configurations.
ssh_pair() {
	need ssh-keygen
	start_sshd || skip_all "no sshd, or no shell for it"
	hubctl=$(command -v hubctl)
	mkdir -m 700 gw noc
	cp "$sshd_dir/known_hosts" .
	ssh-keygen -q -t ed25519 -N '' -f alps.key
	configure
	echo "restrict,command=\"ASAN_OPTIONS=$ASAN_OPTIONS $hubctl -c $tmp/hub.conf receive alps\" $(
		cat alps.key.pub)" >"$sshd_dir/authorized_keys"
}

connections() {
	grep -c '^Accepted publickey' "$sshd_dir/log"
}

# start_again: the sshd that was stopped.
start_again() {
	start sshd "$(PATH=$PATH:/usr/sbin command -v sshd)" -D \
	    -E "$sshd_dir/log" -f "$sshd_dir/config"
	sshd_pid=$pid
}

# status_of KEY: of the spoke.
status_of() {
	sp status --json | sed "s/.*\"$1\":\"*\([^,\"}]*\).*/\1/"
}

hub() {
	hubctl -c "$tmp/hub.conf" "$@"
}
