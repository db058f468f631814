# The return direction, over every transport in one mode: t/return-push.t,
# t/return-pull.t.  A TASK of the hub's is at its spoke after the next delivery, byte
# for byte and once, and the hub knows; the CONFIG that it asks for comes; over a
# session that is kept open all of that needs no other one.  hubd runs, but looks at
# nothing by itself for an hour.

need openssl rsync ssh-keygen
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"
. "$top_srcdir/t/http-lib.sh"
start_sshd || skip_all "no sshd, or no shell for it"

ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
over_exec push /bin/true
{ sp keygen --sign gw.sign && sp keygen --sign noc.sign; } >/dev/null ||
    skip_all "this build has no libsodium"

# --- Cells -----------------------------------------------------------------------

# confs SPOKE-KEYS HUB-KEYS [SPOKE-TOP [HUB-TOP]]: of $transport and $mode.
confs() {
	confs_of="transport = $transport mode = $mode pull-interval = 1h $keep"
	{
		side gw
		echo "${3-}"
		association alps "$confs_of $1"
		collects
	} >spoke.conf
	{
		side noc
		echo "${4-}"
		association alps "$confs_of $2"
		stores
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
# dials KEYS [ANSWERING-KEYS [TOP]]: those of who dials, and of who is called.
dials() {
	case $mode in
	push) confs "$1" "${2-}" '' "${3-}" ;;
	pull) confs "${2-}" "$1" "${3-}" ;;
	esac
}
configure() {
	case $transport in
	ssh)
		echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $(
			far_side "$mode")\" $(cat alps.key.pub)" \
		    >"$sshd_dir/authorized_keys"
		dials "ssh { host = \"127.0.0.1\" port = $sshd_port
		    user = \"$me\" identity = \"alps.key\"
		    known-hosts = \"sshd/known_hosts\" }"
		;;
	exec)
		# shellcheck disable=SC2046 # words
		dials "exec { command = {$(argv $(far_side "$mode"))}
		    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} }"
		;;
	http)
		dials "http { url = \"$url\" token = alps.token ca = good.pem }" \
		    "http { token = alps.token }" "$(http_web "$tls")"
		;;
	rsync)
		dials "$(modules)"
		;;
	dir)
		confs "sign-key = gw.sign verify-key = noc.sign.pub
		    dir { path = \"$tmp/share\" }" \
		    "sign-key = noc.sign verify-key = gw.sign.pub
		    dir { path = \"$tmp/share\" }"
		;;
	esac
}
start_daemon() {
	start daemon spoke -c "$tmp/spoke.conf" daemon
	daemon_pid=$pid
	wait_for 20 test -e gw/run/spoke-daemon.lock
}
# delivery: the next one, whoever begins it.
delivery() {
	case $transport-$mode in
	rsync-pull | dir-pull) hub pull alps && sp collect && hub pull alps ;;
	dir-push) sp push --always && hub pull alps ;;
	*-push) sp push --always ;;
	*-pull) hub pull alps ;;
	esac
}

# --- What is there ------------------------------------------------------------------

to_spoke() {
	"$1" messages alps --to-spoke
}
# came N: so many TASKs are at the spoke.
came() {
	test "$(to_spoke sp 2>/dev/null | grep -c '^Type:TASK$')" = "$1"
}
# lies_in DIRECTORY: something does, made ready to be carried.
lies_in() {
	test "$(files "$1" '[0-9]*.msgs.*')" -gt 0
}
# knows: the hub, that the spoke has all that it said.
knows() {
	test "$(hub_has to_spoke_waiting)" = 0
}
# configs N: the hub has so many.
configs() {
	test "$(arrived | grep -c '^Type:CONFIG$')" -ge "$1"
}
asked() {
	to_spoke hub | grep -q '^Type:RESYNC$'
}
delivered_until() {
	"$@" || { delivery && "$@"; }
}
settled() {
	knows && acked "$(spoke_has last_msgid)"
}
# who has the session at the spoke
lock=gw/spool/alps/session.lock

# --- One delivery after the other -----------------------------------------------------

# hubd_rests: it has done what it was at, and would look once more.
hubd_rests() {
	wait_for 20 is_free
	stop "$hubd"
}
is_free() {
	! holder noc/spool/alps/session.lock
}
# task_arrives: as soon as the transport lets it, and no sooner.
task_arrives() {
	ok "$cell: a TASK" hub task alps job:poll 'what:dots . and : colons' n:1
	case $transport-$mode in
	ssh-push | exec-push | http-push)
		came 0 || fail "$cell: nobody has called yet"
		ok "$cell: the next session" sp push --always
		ok "$cell: brings it" came 1
		ok "$cell: and the hub knows at its end" wait_for 20 knows
		;;
	ssh-pull | exec-pull | http-pull)
		ok "$cell: hubd brings it at once" wait_for 20 came 1
		ok "$cell: and knows with the same session" wait_for 20 knows
		;;
	rsync-push)
		ok "$cell: hubd makes it ready" wait_for 20 \
		    lies_in noc/spool/alps/outbox
		ok "$cell: the next exchange" sp push --always
		ok "$cell: brings it" came 1
		ok "$cell: and its acknowledgement" wait_for 20 knows
		;;
	rsync-pull)
		ok "$cell: hubd puts it there at once" wait_for 20 \
		    lies_in gw/spool/alps/staging
		hubd_rests
		came 0 || fail "$cell: nobody has looked yet"
		ok "$cell: the spoke looks" sp collect
		ok "$cell: and has it" came 1
		knows && fail "$cell: nobody has told the hub"
		ok "$cell: the next pull" hub pull alps
		ok "$cell: tells the hub" knows
		start_hubd
		;;
	dir-*)
		ok "$cell: hubd writes it there at once" wait_for 20 \
		    lies_in share/alps/to-spoke
		hubd_rests
		came 0 || fail "$cell: nobody has looked yet"
		case $mode in
		push) ok "$cell: the spoke looks" sp push ;;
		pull) ok "$cell: the spoke looks" sp collect ;;
		esac
		ok "$cell: and has it" came 1
		ok "$cell: the hub looks" hub pull alps
		ok "$cell: and knows" knows
		start_hubd
		;;
	esac
}
# config_comes_again: the hub lost its tree and its archive, and asks.
config_comes_again() {
	sp collect --now
	ok "$cell: values without their configuration" \
	    wait_for 20 delivered_until asked
	ok "$cell: it is asked for, and comes" \
	    wait_for 20 delivered_until configs 1
	ok "$cell: all is acknowledged" wait_for 20 delivered_until settled
	bring_archive_back
	is "$cell: it is the same" "$(arrived | sed -n '/^Type:CONFIG/,/^$/s/^Generation://p' |
	    sort -u)" 1
}
same_both_ways() {
	ok "$cell: the spoke's messages are the same at both ends" same
	is "$cell: so are the hub's" "$(to_spoke sp)" "$(to_spoke hub)"
	ok "$cell: with one TASK more" came "$1"
}
forget_config() {
	rm -rf noc/state/trees
	mv noc/spool/alps/archive forgotten
	mkdir -m 700 noc/spool/alps/archive
}
bring_archive_back() {
	cp -a forgotten/. noc/spool/alps/archive
	rm -rf forgotten
}

# --- A session that is kept open --------------------------------------------------------

reread() {
	reread_n=$(grep -c 'read anew' hubd.err)
	kill -HUP "$hubd"
	wait_for 20 reread_more
}
reread_more() {
	test "$(grep -c 'read anew' hubd.err)" -gt "$reread_n"
}
kept_session() {
	keep='keep = yes'
	configure
	forget_config
	reread
	test -z "$daemon_pid" || stop "$daemon_pid"
	daemon_pid=
	case $transport-$mode in
	*-push | http-pull) start_daemon ;;
	esac
	ok "$cell, kept: a session" wait_for 20 holder $lock
	kept=$(holder $lock)
	sp collect --now
	ok "$cell, kept: a TASK" hub task alps job:kept
	ok "$cell, kept: is at the spoke" wait_for 20 came 2
	ok "$cell, kept: and the hub knows" wait_for 20 knows
	ok "$cell, kept: the hub asks for the configuration, which comes" \
	    wait_for 20 configs 1
	ok "$cell, kept: all is acknowledged" wait_for 20 settled
	bring_archive_back
	is "$cell, kept: in that one session" "$(holder $lock)" "$kept"
	ok "$cell, kept: all is there" wait_for 10 same
	same_both_ways 2
}

# --- All of them ------------------------------------------------------------------------

cell() {
	transport=$1 mode=$2 cell="$1 $2" keep='' daemon_pid=''
	fresh
	rm -rf share forgotten
	mkdir -m 700 share
	configure
	if test "$transport" = rsync; then
		case $mode in
		push) daemon noc ;;
		pull) daemon gw ;;
		esac
		configure
	fi
	test "$cell" != "http pull" || start_daemon
	start_hubd
	sp collect --now
	ok "$cell: the configuration" wait_for 20 delivered_until configs 1
	stop "$hubd"
	forget_config
	start_hubd
	test "$mode" = push || wait_for 20 grep -q 'delivered' hubd.err
	task_arrives
	config_comes_again
	same_both_ways 1
	case $transport in
	ssh | exec | http) kept_session ;;
	rsync) stop "$daemon" ;;
	esac
	stop "$hubd"
	test -z "$daemon_pid" || stop "$daemon_pid"
}
# all_cells MODE
all_cells() {
	for all_transport in ${TRANSPORTS-ssh exec http rsync dir}; do
		cell "$all_transport" "$1"
	done
}
