# Helpers for tests in POSIX sh: TAP output, a directory of one's own, things
# that run in the background, and a real sshd.  A test begins with
#
#	. "$top_srcdir/t/lib.sh"
#
# and is then in $tmp, a fresh directory that goes away with it, as does all
# that it started or mounted here (nothing else is ever ended).  KEEP=1 keeps
# $tmp.
# The built programs are in $PATH.

# --- TAP ---------------------------------------------------------------

lib_count=0
lib_failed=0
lib_planned=

# plan N: when the number is known; else done_testing comes last.
plan() {
	lib_planned=$1
	echo "1..$1"
}

done_testing() {
	test -n "$lib_planned" || plan "$lib_count"
	test "$lib_failed" -eq 0
	exit
}

# skip_all REASON: before any other output.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# diag TEXT...: lines for the log.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1"
}

# fail DESCRIPTION [TEXT...]
fail() {
	lib_count=$((lib_count + 1))
	lib_failed=$((lib_failed + 1))
	echo "not ok $lib_count - $1"
	shift
	test $# -eq 0 || diag "$*"
}

# skip DESCRIPTION REASON: one test point.
skip() {
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1 # SKIP $2"
}

# ok DESCRIPTION COMMAND...: the command succeeds.
# exits DESCRIPTION STATUS COMMAND...: it ends with that status.
# Both leave its output in the files out and err.
ok() {
	lib_what=$1
	shift
	exits "$lib_what" 0 "$@"
}

exits() {
	lib_what=$1 lib_want=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	lib_got=$?
	if test "$lib_got" -eq "$lib_want"; then
		pass "$lib_what"
		return 0
	fi
	fail "$lib_what" "status $lib_got, not $lib_want: $*"
	diag "$(tail -n 40 "$tmp/out" "$tmp/err")"
	return 1
}

# is DESCRIPTION GOT WANTED: two texts are the same.
is() {
	if test "$2" = "$3"; then
		pass "$1"
		return 0
	fi
	fail "$1" "got:    $2"
	diag "wanted: $3"
	return 1
}

# has DESCRIPTION FILE ERE, lacks DESCRIPTION FILE ERE: some line, no line.
# soon_has DESCRIPTION FILE ERE: has, once another process has come to write it.
has() {
	if grep -Eq -e "$3" "$2"; then
		pass "$1"
		return 0
	fi
	fail "$1" "no line of $2 matches $3"
	diag "$(tail -n 20 "$2")"
	return 1
}

lacks() {
	if grep -Eq -e "$3" "$2"; then
		fail "$1" "in $2: $(grep -E -e "$3" "$2" | head -n 5)"
		return 1
	fi
	pass "$1"
}

soon_has() {
	wait_for 20 grep -Eq -e "$3" "$2"
	has "$@"
}

# built_with LIBRARY...: these programs are.
built_with() {
	for lib_library; do
		grep -q "^#define HAVE_$lib_library 1" \
		    "$top_builddir/config.h" || return
	done
}

# need PROGRAM...: skips the whole test where one is missing.
need() {
	for lib_program; do
		command -v "$lib_program" >/dev/null ||
		    skip_all "$lib_program is not installed"
	done
}

# --- Time and ports ----------------------------------------------------

# Seconds since boot: the wall clock may be set while a test runs.
lib_now() {
	read -r lib_up _ </proc/uptime
	echo "${lib_up%.*}"
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 if it never did.
wait_for() {
	lib_deadline=$(($(lib_now) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		test "$(lib_now)" -le "$lib_deadline" || return 1
		sleep 0.02
	done
}

# free_port: prints a TCP port on which nothing listens now.  Another may
# take it first: be ready to try again with the next.
free_port() {
	while :; do
		lib_port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		lib_hex=$(printf ':%04X ' "$lib_port")
		cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		    grep -q "$lib_hex" || break
	done
	echo "$lib_port"
}

# need_clock: skips the whole test where faketime is missing.  Then
# clock OFFSET COMMAND...: a program whose clock is off by so much, like -3h.
need_clock() {
	need faketime
	ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
	export ASAN_OPTIONS
	# The library alone: its wrapper stumbles over what one that was killed left.
	wait_for 10 lib_find_clock || skip_all "faketime does not work here"
}

lib_find_clock() {
	lib_clock=$(faketime now printenv LD_PRELOAD)
}

clock() {
	lib_off=$1
	shift
	env LD_PRELOAD="$lib_clock" FAKETIME="$lib_off" "$@"
}

# is_open PORT: something listens there.
is_open() {
	grep -q "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

# --- Processes ---------------------------------------------------------

lib_pids=

# start NAME COMMAND...: in the background, output in NAME.out and NAME.err;
# sets $pid.  It ends with the test at the latest.
start() {
	lib_name=$1
	shift
	# before it is waited for: what the one before it said is not its
	: >"$tmp/$lib_name.out"
	: >"$tmp/$lib_name.err"
	"$@" >"$tmp/$lib_name.out" 2>"$tmp/$lib_name.err" </dev/null &
	pid=$!
	lib_pids="$lib_pids $pid"
}

# running PID: it has not ended (a zombie has).
running() {
	test -e "/proc/$1/stat" &&
	    ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

ended() {
	! running "$1"
}

# holder FILE: prints the process that has a lock of it; 1 where none has.
holder() {
	awk -v i=":$(stat -c %i "$1")" '
		substr($6, length($6) - length(i) + 1) == i {
			print $5; found = 1; exit }
		END { exit !found }' /proc/locks
}

# lib_is_ours PID: it is a child of this shell, or of this subshell: a number that was
# waited for is another's soon, where thousands of processes come and go.
lib_is_ours() {
	read -r lib_self _ </proc/self/stat
	grep -q "^PPid:[[:space:]]*$lib_self\$" "/proc/$1/status" 2>/dev/null
}

# stop PID [SIGNAL [SECONDS]]: ends what start started and waits for it;
# returns its exit status.  KILL after SECONDS (20).
stop() {
	if lib_is_ours "$1"; then
		kill "-${2:-TERM}" "$1" 2>/dev/null
		wait_for "${3:-20}" ended "$1" || kill -KILL "$1"
	fi
	wait "$1"
}

# lib_tree PID: the process and all its descendants, those first.
lib_tree() {
	ps -e -o pid= -o ppid= | awk -v top="$1" '
		{ children[$2] = children[$2] " " $1; if ($1 == top) seen = 1 }
		function walk(p, list, n, i) {
			n = split(children[p], list)
			for (i = 1; i <= n; i++)
				walk(list[i])
			print p
		}
		END { if (seen) walk(top) }'
}

# What was mounted in $tmp, by whatever name, also where its server is gone.
lib_unmount() {
	while read -r _ lib_at _; do
		case $lib_at in
		"$tmp"/*)
			umount -l "$lib_at" 2>/dev/null ||
			    fusermount -uz "$lib_at" 2>/dev/null
			;;
		esac
	done </proc/self/mounts
}

lib_cleanup() {
	lib_status=$?
	trap - EXIT
	trap '' INT TERM HUP
	# A signal may reach a new child while it still has our traps.
	read -r lib_self _ </proc/self/stat
	test "$lib_self" -eq $$ || exit "$lib_status"
	for lib_pid in $lib_pids; do
		# shellcheck disable=SC2046 # a list of numbers
		lib_is_ours "$lib_pid" && kill -KILL $(lib_tree "$lib_pid") \
		    2>/dev/null
		wait "$lib_pid" 2>/dev/null
	done
	cd /
	lib_unmount
	test -n "${KEEP-}" || rm -rf "$tmp"
	exit "$lib_status"
}

# --- A real sshd -------------------------------------------------------

# start_sshd [CONFIGURATION-LINE...]: OpenSSH's server on 127.0.0.1 with host
# keys of its own ($sshd_keys: types, ed25519 by default), for the user who
# runs the test; started by the words of $sshd_in, if any.  Sets sshd_port, sshd_pid
# and sshd_dir, which holds authorized_keys (write forced commands there at any
# time), known_hosts (for clients), host_TYPE and host_TYPE.pub, config, and log.
# Returns 1 where sshd is missing or does not start, or the account has no shell
# for it to use.
start_sshd() {
	sshd_dir=$tmp/sshd
	case $(getent passwd "$(id -un)") in
	*/nologin | */false) return 1 ;;
	esac
	lib_sshd=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v sshd) ||
	    return 1
	mkdir -p "$sshd_dir"
	: >>"$sshd_dir/authorized_keys"
	for lib_type in ${sshd_keys:-ed25519}; do
		test -e "$sshd_dir/host_$lib_type" ||
		    ssh-keygen -q -t "$lib_type" -N '' -C '' \
			-f "$sshd_dir/host_$lib_type" || return 1
	done
	# Where it drops to while nobody is known; Debian makes it at boot.
	test "$(id -u)" -ne 0 || mkdir -p /run/sshd
	for lib_try in 1 2 3 4 5; do
		sshd_port=$(free_port)
		lib_sshd_config "$@" >"$sshd_dir/config"
		# shellcheck disable=SC2086 # words
		start sshd ${sshd_in-} "$lib_sshd" -D -E "$sshd_dir/log" \
		    -f "$sshd_dir/config"
		sshd_pid=$pid
		wait_for 10 lib_sshd_settled
		if lib_sshd_listens; then
			lib_known_hosts >"$sshd_dir/known_hosts"
			return 0
		fi
		stop "$sshd_pid"
	done
	diag "sshd does not start (try $lib_try): $(tail "$sshd_dir/log" \
	    "$tmp/sshd.err")"
	return 1
}

# The first value of a key counts, so the caller's lines come first; of
# MaxStartups, in OpenSSH 9.2, it is the last.
lib_sshd_config() {
	test $# -eq 0 || printf '%s\n' "$@"
	case $* in
	*MaxStartups*) ;;
	*) echo "MaxStartups 100" ;;
	esac
	for lib_type in ${sshd_keys:-ed25519}; do
		echo "HostKey $sshd_dir/host_$lib_type"
	done
	cat <<-EOT
	ListenAddress 127.0.0.1
	Port $sshd_port
	AuthorizedKeysFile $sshd_dir/authorized_keys
	PidFile none
	# Bash reads the ~/.bashrc of the account in the outermost shell of a session.
	SetEnv SHLVL=1
	# The keys lie below /tmp, which all may write to.
	StrictModes no
	AuthenticationMethods publickey
	PermitRootLogin prohibit-password
	UsePAM $(lib_sshd_pam)
	LogLevel VERBOSE
	EOT
}

# Without PAM, sshd lets nobody in whose password is locked by a "!", as
# root's is on many machines.
lib_sshd_pam() {
	case $(getent shadow "$(id -un)" 2>/dev/null) in
	*:!*) echo yes ;;
	*) echo no ;;
	esac
}

lib_sshd_listens() {
	running "$sshd_pid" &&
	    grep -q "listening on 127.0.0.1 port $sshd_port" "$sshd_dir/log"
}

lib_sshd_settled() {
	ended "$sshd_pid" || lib_sshd_listens
}

lib_known_hosts() {
	for lib_type in ${sshd_keys:-ed25519}; do
		echo "[127.0.0.1]:$sshd_port $(cat "$sshd_dir/host_$lib_type.pub")"
	done
}

# --- Set-up ------------------------------------------------------------

tmp=$(mktemp -d "${TMPDIR:-/tmp}/axletree-test.XXXXXX") || exit 99
trap lib_cleanup EXIT
trap 'exit 1' INT TERM HUP
cd "$tmp" || exit 99
