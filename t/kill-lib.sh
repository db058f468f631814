# Helpers for tests that kill a program at its system calls (strace).  A
# scenario is a directory, $tmp/node, with all that the programs keep in it; it
# is saved once, and every kill begins from that copy.

need strace
test -x "$top_builddir/t/put_resync" || skip_all "t/put_resync is not built"
strace -qq -o /dev/null true 2>/dev/null ||
    skip_all "strace may not trace here"

# The leak sanitizer cannot work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

# What changes files or tells another process.  openat counts where it creates.
kill_calls=openat,write,pwrite64,writev,fsync,fdatasync,syncfs,renameat
kill_calls=$kill_calls,renameat2,rename,unlinkat,unlink,ftruncate,mkdirat
kill_calls=$kill_calls,fallocate,msync,linkat

# tracing FILE, killing CALL:K: words to put before a command.  The first notes
# all those calls of it and of its children; with the second the K-th such call
# is not made: the process, it or a child of it, dies on the way into it.
tracing() {
	echo "strace -D -f -qq -o $1 -e trace=$kill_calls -e signal=none"
}
killing() {
	echo "strace -D -f -qq -o /dev/null -e trace=${1%:*} -e signal=none" \
	    "-e inject=${1%:*}:signal=KILL:when=${1#*:}"
}

# points TRACE: each CALL:K in it, in order of time.  strace counts the calls
# of each process by themselves.
points() {
	awk '
	/ resumed>/ || $2 !~ /^[a-z0-9_]+\(/ { next }
	{
		call = $2
		sub(/\(.*/, "", call)
		k = ++count[$1, call]
		if (call == "openat" && !/O_CREAT/)
			next
		if (!seen[call, k]++)
			print call ":" k
	}' "$1"
}

# removed DIRECTORY: also where what a killed program left behind still ends, and
# writes there.
removed() {
	rm -rf "$1" 2>/dev/null
}
# save NAME, restore NAME: the whole scenario.
save() {
	rm -rf "$tmp/saved-$1"
	cp -a "$tmp/node" "$tmp/saved-$1"
}
restore() {
	wait_for 20 removed "$tmp/node"
	cp -a "$tmp/saved-$1" "$tmp/node"
}

# every N FILE: each N-th line, beginning with the first.
every() {
	awk -v n="$1" 'NR % n == 1 || n == 1' "$2"
}

# kills WHAT MOST: for each point of the file "points", MOST of them at most
# (all with $CAMPAIGN), one round; for some of them the first run after it is
# killed as well.  The caller's functions do it: "begin" sets the scene, "run
# WORDS" runs the program behind those words, and "check" says what is wrong,
# having run it to its end.
kills() {
	# shellcheck disable=SC2046 # words
	kill_what=$1
	kill_all=$(wc -l <points)
	kill_step=$(((kill_all + $2 - 1) / $2))
	test -z "${CAMPAIGN-}" || kill_step=1
	kill_n=0 kill_bad=0
	kill_middle=$(sed -n "$(((kill_all + 1) / 2))p" points)
	every "$kill_step" points >chosen
	while read -r kill_this; do
		kill_n=$((kill_n + 1))
		begin
		run $(killing "$kill_this")
		kill_twice=
		if test $((kill_n % 5)) -eq 0; then
			kill_twice=" and $kill_middle"
			run $(killing "$kill_middle")
		fi
		kill_wrong=$(check 2>&1) && continue
		kill_bad=$((kill_bad + 1))
		test "$kill_bad" -gt 5 ||
		    fail "$kill_what: killed at $kill_this$kill_twice" \
			"$kill_wrong"
	done <chosen
	if test "$kill_n" -gt 0 && test "$kill_bad" -eq 0; then
		pass "$kill_what: $kill_n kills of $kill_all lose and double nothing"
	else
		fail "$kill_what: $kill_bad of $kill_n kills did harm"
	fi
}

# files DIRECTORY: the names in it, but for segments, of which a kill may leave
# more or fewer, and for what was told.
files() {
	find "$1" -name 'notices*' -o \
	    -name '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]*' \
	    -o -print | sed -E 's|/[0-9a-f]{32}|/STREAM|' | sort
}
