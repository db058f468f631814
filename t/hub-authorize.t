#!/bin/sh
# authorize --verify: whether sshd lets a key in as it should, and nobody else.
. "$top_srcdir/t/lib.sh"

need ssh-keygen
test "$(id -u)" -eq 0 || skip_all "only root can make a file of root's"
# Where sshd would take a file from; below /tmp it would not.
dir=$(mktemp -d "$top_builddir/t/authorize.XXXXXX") || exit 99
trap 'rm -rf "$dir"; lib_cleanup' EXIT

# conf [KEYS]: of the node, which is hub of alps and spoke of bern.
conf() {
	cat >hub.conf <<-EOT
	node "noc" { state = "$tmp/state" spool = "$tmp/spool"
		run = "$tmp/run" ${1-} }
	association "alps" { hub = "noc" spoke = "gw" hub-subtree = "/A" }
	association "bern" { hub = "h" spoke = "noc" mode = pull
		hub-subtree = "/B" }
	EOT
	chmod 600 hub.conf
}
verify() {
	hubctl -c hub.conf authorize alps key.pub --verify "$file"
}
# wrong WHAT WORDS: so says verify, and changes nothing.
wrong() {
	cksum "$file" >before
	exits "$1" 78 verify
	has "$1, in words" err "$2"
	is "$1: the file stays as it is" "$(cksum "$file")" "$(cat before)"
}
file=$dir/authorized_keys
good() {
	rm -f "$file"
	hubctl -c hub.conf authorize alps key.pub >"$file"
	chmod 644 "$file"
}

conf
ssh-keygen -q -t ed25519 -N '' -C gw -f key
ssh-keygen -q -t ed25519 -N '' -C other -f other
good
parents_are_good() {
	verify 2>&1 | grep -q 'sshd refuses' && return 1
	return 0
}
parents_are_good || skip_all "sshd would take no file below $top_builddir"

ok "what authorize prints is right" verify
is "silently" "$(cat out err)" ""
cat other.pub >>"$file"
ok "other keys are not our matter" verify
hubctl -c hub.conf authorize alps other.pub >"$file"
wrong "another key" 'authorized_keys: the key is not in it'
cp key.pub "$file"
wrong "a key that may do all" 'line 1: without "command" the key may run anything'
has "which is told to the end" err 'line 1: without "restrict"'
has "with what to do" err 'without --verify the right line is printed'
good
sed -i 's/receive alps/receive bern/' "$file"
wrong "another association" 'line 1: the command is another: .*receive bern'
good
chmod 664 "$file"
wrong "a file that others may write" 'can be written by others: chmod go-w'
chmod 600 "$file"
ok "root reads what is root's alone" verify
conf 'user = "nobody"'
good
wrong "an account that runs no command" 'the shell of nobody is .*nologin'
chmod 600 "$file"
wrong "a file that the account cannot read" 'chmod a\+r'
conf
good
chown 4242 "$file"
wrong "a file of another's" 'belongs to uid 4242, who could let in anybody'
good
chmod 777 "$dir"
wrong "a directory that all may write" 'authorize[^:]*: can be written by others, so sshd refuses'
chmod 755 "$dir"
file=$dir
exits "a directory in its place" 78 verify
has "is told" err 'not a regular file'
file=$dir/nowhere
exits "no such file" 66 verify
has "is named" err 'nowhere: No such file'
file=$dir/authorized_keys
exits "no such key" 66 hubctl -c hub.conf authorize alps nokey.pub \
    --verify "$file"
spoke -c hub.conf authorize bern key.pub >"$file"
ok "spoke verifies, too" spoke -c hub.conf authorize bern key.pub \
    --verify "$file"
wrong "a hub's key does not deliver" 'the command is another: .*serve bern'
done_testing
