#!/bin/sh
# Transport exec, both modes: any command's standard input and output as the
# stream, and what is said of one that fails.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

# deliver MODE: by whom it is begun.
deliver() {
	case $1 in
	push) sp push --always alps ;; # also with nothing to send
	pull) hub pull alps ;;
	esac
}
# all_there WHAT: both ends have the same, and it is said so.
all_there() {
	is "$1: the hub has it byte for byte" "$(arrived)" "$(written)"
	is "$1: it is acknowledged" \
	    "$(spoke_has waiting_messages)" 0
}
# goes WHAT MODE ARGV...: a delivery, and one on the return path.
goes() {
	goes_what=$1 goes_mode=$2
	shift 2
	fresh
	over_exec "$goes_mode" "$@"
	data 2
	ok "$goes_what: a session" deliver "$goes_mode"
	is "$goes_what: silent" "$(cat out err)" ""
	all_there "$goes_what"
	resync
	ok "$goes_what: with a RESYNC on the way back" deliver "$goes_mode"
	goes_n=$(spoke_has last_msgid)
	is "$goes_what: it is answered at once" "$goes_n" 4
	ok "$goes_what: by what the next session brings" deliver "$goes_mode"
	all_there "$goes_what, after all"
}

for mode in push pull; do
	# shellcheck disable=SC2046 # words
	goes "plain argv, $mode" "$mode" $(far_side "$mode")
	goes "sh -c, $mode" "$mode" /bin/sh -c "exec $(far_side "$mode")"
done

# OpenSSH's client as the command, and its forced command at the far side.
if command -v ssh >/dev/null && start_sshd; then
	ssh-keygen -q -t ed25519 -N '' -C '' -f alps.key
	for mode in push pull; do
		echo "restrict,command=\"ASAN_OPTIONS=${ASAN_OPTIONS-} $(
			far_side "$mode")\" $(cat alps.key.pub)" \
		    >"$sshd_dir/authorized_keys"
		goes "OpenSSH's ssh, $mode" "$mode" \
		    ssh -T -i "$tmp/alps.key" -p "$sshd_port" \
		    -o "UserKnownHostsFile=$sshd_dir/known_hosts" \
		    -o BatchMode=yes 127.0.0.1 ignored
	done
	fresh
	over_exec push ssh -T -i "$tmp/alps.key" -p "$sshd_port" \
	    -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \
	    -o BatchMode=yes 127.0.0.1
	data 1
	exits "ssh refuses the host: its last word is told" 75 sp push
	has "with its status" err 'command ssh: .*status 255: .*[Hh]ost key'
else
	skip "over OpenSSH's ssh" "no ssh or sshd"
fi

# --- The command's circumstances ---------------------------------------------

fresh
cat >env.sh <<EOT
tr '\\0' '\\n' </proc/\$\$/environ | grep -v ASAN | sort >"$tmp/environment"
ps -o pid= -o pgid= -p \$\$ >"$tmp/group"
exec $hub_side
EOT
env=', "HOME=/nowhere", "LANG=C.UTF-8"' over_exec push /bin/sh "$tmp/env.sh"
data 1
ok "a session" sp push
is "the environment is spelled out" "$(tr '\n' ' ' <environment)" \
    "HOME=/nowhere LANG=C.UTF-8 LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC "
read -r self group <group
is "it has a group of its own" "$self" "$group"

# fails WHAT STATUS ERE ARGV...: a command that fails, and what is told.
fails() {
	fails_what=$1 fails_status=$2 fails_ere=$3
	shift 3
	over_exec push "$@"
	data 1
	rm -f gw/state/notices
	exits "$fails_what" "$fails_status" sp push
	has "$fails_what: it is told" err "$fails_ere"
	is "$fails_what: and all is kept" "$(spoke_has acked_msgid)" null
	fresh
}
fresh
fails "a command that is not there" 78 \
    'command /nowhere/x: run /nowhere/x: no such file' /nowhere/x
fails "a shell's command that is not there" 78 \
    'command /bin/sh: what it is to run was not found: .*status 127: .*nowhere.*not found' \
    /bin/sh -c 'nowhere'
fails "a remote shell's, without a word" 78 \
    'what it is to run was not found: .*status 127, and no word why' \
    /bin/sh -c 'exit 127'
echo true >plain.sh
fails "a shell's command that is not executable" 78 \
    'what it is to run is not executable: .*status 126: .*plain.sh' \
    /bin/sh -c "$tmp/plain.sh"
fails "a command that fails with a word" 75 'status 1: no carrier' \
    /bin/sh -c 'echo dialing >&2; echo no carrier >&2; exit 1'
fails "a command that fails without" 75 'status 3, and no word why' \
    /bin/sh -c 'exit 3'
fails "a far side that must be configured" 78 'status 78: fix me' \
    /bin/sh -c 'echo fix me >&2; exit 78'
for status in 64 65 66 69 70 73 75 76; do
	fails "a far side that ends with $status" $status \
	    "status $status: it says so" \
	    /bin/sh -c "echo it says so >&2; exit $status"
done
fails "a far side whose disk is bad" 75 'status 74' /bin/sh -c 'exit 74'
fails "a far side that lets us not in" 77 'status 77' /bin/sh -c 'exit 77'
fails "a command that is killed" 75 'killed by signal 9' \
    /bin/sh -c 'kill -9 $$'
fails "a command that ends well, and said nothing" 75 \
    'the stream ended|closed' /bin/sh -c 'exit 0'
fails "a command that ends well, as rsh does whatever its command did" 75 \
    'command /bin/sh wrote: .*nowhere.*not found: the far end closed without' \
    /bin/sh -c 'nowhere; exit 0'
fails "a shell that greets" 76 'noise before hello: .*Welcome' \
    /bin/sh -c "echo 'Welcome to alps'; exec $hub_side"
fails "stderr without end does not fill a pipe, nor memory" 75 'status 5: at last' \
    /bin/sh -c 'yes noise | head -c 20000000 >&2; echo >&2; echo at last >&2; exit 5'

# --- Deadlines and ends ------------------------------------------------------

cat >deaf.sh <<EOT
trap '' TERM HUP
sleep 1000 &
echo \$! \$\$ >"$tmp/pids"
while :; do sleep 1000; done
EOT
over_exec push /bin/sh "$tmp/deaf.sh"
data 1
exits "a command that says nothing is cut at the deadline" 75 \
    sp push --deadline 1s
has "it is told" err 'deadline'
all_ended() {
	for all_pid in $(cat pids); do
		ended "$all_pid" || return 1
	done
}
ok "and its whole group is gone" wait_for 30 all_ended

rm -f pids
start push spoke -c "$tmp/spoke.conf" push
push=$pid
ok "a push that is killed" wait_for 10 test -s pids
kill -KILL "$push"
ok "takes its command along" wait_for 30 all_ended

# What a command leaves behind, with its stderr open, is not waited for.
over_exec push /bin/sh -c "sleep 300 & echo \$! >$tmp/left; exec $hub_side"
begun=$(lib_now)
ok "a command that leaves something behind" sp push
test $(($(lib_now) - begun)) -lt 60
is "is not waited for" $? 0
kill "$(cat left)"

# --- Directions --------------------------------------------------------------

fresh
# shellcheck disable=SC2086 # words
over_exec push $hub_side
sed 's/mode = push/mode = pull/' hub.conf >pull.conf && mv pull.conf hub.conf
data 1
exits "a hub that pulls refuses a push" 78 sp push
has "and the spoke is told why" err 'alps is of mode pull: its hub opens'
fresh
# shellcheck disable=SC2086 # words
over_exec pull $spoke_side
sed 's/mode = pull/mode = push/' spoke.conf >p.conf && mv p.conf spoke.conf
chmod 600 spoke.conf
data 1
exits "a spoke that pushes refuses a pull" 78 hub pull
has "and the hub is told why" err 'alps is of mode push: its spoke opens'
exits "a hub does not pull what is pushed" 78 \
    hubctl -c "$(sed 's/mode = pull/mode = push/' hub.conf >h.conf
	chmod 600 h.conf
	echo "$tmp/h.conf")" pull alps
has "nor does it connect" err 'mode push: the spoke opens its sessions'
exits "a spoke does not push what is pulled" 78 \
    spoke -c "$(sed 's/mode = push/mode = pull/' spoke.conf >s.conf
	chmod 600 s.conf
	echo "$tmp/s.conf")" push alps
has "nor does it connect, either" err 'mode pull: the hub opens its sessions'

done_testing
