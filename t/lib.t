#!/bin/sh
# The helpers of lib.sh, where a mistake would make other tests lie: failures
# are told, nothing stays behind, and the sshd is a real one.
. "$top_srcdir/t/lib.sh"
need ps

# script TEXT: runs a test of its own, output in inner.
script() {
	printf '. "%s/t/lib.sh"\n%s\n' "$top_srcdir" "$1" >"$tmp/inner.t"
	sh "$tmp/inner.t" >"$tmp/inner" 2>&1
}

exits "a failed point makes the test fail" 1 \
    script 'ok "what" false; done_testing'
has "and is told with its command" inner '^# status 1, not 0: false'
exits "two different texts make it fail" 1 \
    script 'is "what" one two; done_testing'
exits "a line that should not be there makes it fail" 1 \
    script 'echo oops >f; lacks "what" f oops; done_testing'
ok "a test that skips is no failure" script 'need axletree-no-such-program'
has "and gives the reason" inner '^1\.\.0 # SKIP .*no-such-program'

exits "a condition that never holds ends with its deadline" 1 \
    wait_for 0 false
ok "a condition that comes to hold is seen" \
    script 'start late sh -c "sleep 0.2; : >made"; wait_for 20 test -e made'

ok "so is a line that another process writes later" \
    script ': >made; start late sh -c "sleep 0.2; echo x >made"
	soon_has "what" made x && done_testing'
if command -v perl >/dev/null; then
	: >locked
	exits "a file that nobody has a lock of" 1 holder locked
	start locker perl -MFcntl=:flock -e 'open F, ">", $ARGV[0] or die;
		flock F, LOCK_EX; $| = 1; print "has it\n"; sleep 600' locked
	wait_for 20 test -s locker.out
	is "one that somebody has" "$(holder locked)" "$pid"
	stop "$pid"
else
	skip "who has a lock" "perl is not installed"
fi

# A child of a child, and the directory.
script 'start tree sh -c "sleep 600 & echo \$! >child; wait"
wait_for 20 test -s child
echo "$tmp" >'"$tmp"'/where; cat child >'"$tmp"'/child'
ok "what a test started ends with it" wait_for 20 ended "$(cat child)"
exits "its directory is gone" 1 test -e "$(cat where)"

start number sh -c 'trap "exit 7" TERM; : >ready
while :; do sleep 0.02; done'
wait_for 20 test -e ready
exits "stop returns the exit status" 7 stop "$pid"

if ! command -v ssh-keygen >/dev/null || ! start_sshd; then
	skip "a forced command runs over ssh" "OpenSSH is not installed"
	done_testing
fi
ssh-keygen -q -t ed25519 -N '' -C '' -f user
ssh-keygen -q -t ed25519 -N '' -C '' -f stranger
echo "restrict,command=\"echo forced\" $(cat user.pub)" \
    >"$sshd_dir/authorized_keys"

# login KEY KNOWN-HOSTS
login() {
	ssh -F none -p "$sshd_port" -i "$1" -o IdentitiesOnly=yes \
	    -o IdentityAgent=none -o BatchMode=yes \
	    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$2" \
	    127.0.0.1 something else
}

ok "a port on which something listens is open" is_open "$sshd_port"
ok "a forced command runs over ssh" login user "$sshd_dir/known_hosts"
is "it is the command that runs" "$(cat out)" forced
exits "a stranger's key is refused" 255 \
    login stranger "$sshd_dir/known_hosts"
has "as a key" err 'Permission denied \(publickey\)'
echo "[127.0.0.1]:$sshd_port $(cat stranger.pub)" >wrong_hosts
exits "another host key is noticed" 255 login user wrong_hosts
stop "$sshd_pid"
ok "sshd is gone when it was stopped" ended "$sshd_pid"
exits "and its port closed" 1 is_open "$sshd_port"
done_testing
