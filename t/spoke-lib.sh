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
