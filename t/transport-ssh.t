#!/bin/sh
# Transport ssh against a real sshd, and against servers that are none: what
# comes through, what is refused, with which status and which words.
. "$top_srcdir/t/lib.sh"

need ssh-keygen perl
sshd_keys="ed25519 ecdsa rsa" start_sshd || skip_all "no sshd, or no shell for it"
host=127.0.0.1 port=$sshd_port keys=$sshd_dir
me=$(id -un)

for key in key other; do
	ssh-keygen -q -t ed25519 -N '' -C "$key" -f $key
done
ssh-keygen -q -t ecdsa -N '' -C ecdsa -f ecdsa
ssh-keygen -q -t rsa -N '' -C rsa -f rsa
ssh-keygen -q -t rsa -m PEM -N '' -C rsa -f rsa_pem
ssh-keygen -q -t ed25519 -N secret -C locked -f locked
grep ed25519 "$keys/known_hosts" >known_hosts
host_name=$(cut -d ' ' -f 1 known_hosts)

# authorize COMMAND [KEY]: what the far side runs for a key.
authorize() {
	echo "restrict,command=\"$1\" $(cat "${2:-key}.pub")" \
	    >"$keys/authorized_keys"
}

# configure [KEY [KNOWN-HOSTS]]: in the file conf, to $host and $port.
configure() {
	cat >conf <<-EOT
	node "n" { }
	association "a" {
		hub = "h" spoke = "n" hub-subtree = "/A"
		ssh {
			host = "$host" port = $port user = "$me"
			${1:+identity = "$1"}
			known-hosts = "${2:-known_hosts}"
		}
	}
	EOT
	chmod 600 conf
}

# dial [SECONDS]: standard input there and back.
dial() {
	"$top_builddir/t/ssh_dial" conf a "${1:-20}"
}

# refused WHAT STATUS WORDS [SECONDS]
refused() {
	exits "$1" "$2" dial "${4:-20}" </dev/null
	has "$1, in words" err "$3"
}

# --- What comes through -----------------------------------------------------

authorize cat
configure key
echo hello >hello
ok "bytes come back" dial <hello
is "and are the same" "$(cat out)" hello
has "the bytes on the wire are counted" err '^wire_bytes=[1-9][0-9]{3}'
head -c 5000000 /dev/urandom >much
ok "5 MB there and back" dial 60 <much
mv out back
ok "and are the same" cmp back much

configure ecdsa
authorize cat ecdsa
ok "an ECDSA key is good" dial <hello
grep ecdsa "$keys/known_hosts" >known_ecdsa
configure ecdsa known_ecdsa
ok "a host known by its ECDSA key alone is good" dial <hello

sed 's/$/\r/' known_hosts >known_crlf
configure key known_crlf
authorize cat
ok "known hosts whose lines end in CR LF are taken" dial <hello
ok "as ssh does" ssh -q -F none -n -o BatchMode=yes -o IdentitiesOnly=yes -i key \
    -o "UserKnownHostsFile=$tmp/known_crlf" -p "$port" "$me@$host"

configure key
authorize 'head -c 3; echo gone >&2; exit 75'
exits "the far side's status is told" 75 dial <hello
is "with what came before it" "$(cat out)" hel
has "and its last words" err 'ended with status 75: gone$'
authorize 'head -c 1000000 /dev/zero | tr -c e e >&2; echo >&2; echo end >&2; exit 78'
exits "a flood on standard error is drained" 78 dial <hello
has "and the end of it told" err 'status 78: end$'
authorize 'kill -KILL $$'
refused "a far side that was killed" 75 'killed by signal KILL'
authorize 'printf %s \"$SSH_ORIGINAL_COMMAND\"'
ok "the far side is asked for a word that names no program" dial </dev/null
is "and it is harmless" "$(cat out)" axletree

authorize 'sleep 60'
refused "a far side that does not end" 75 'no answer before the deadline' 2
authorize cat
echo "restrict,command=\"cat\" $(cat other.pub)" >>"$keys/authorized_keys"
ok "while a key is changed, the old one is good" dial <hello
configure other
ok "and the new one" dial <hello
mkfifo words
start held sh -c "exec '$top_builddir/t/ssh_dial' conf a 60 <words"
held=$pid
exec 3>words
echo before >&3
ok "a session is open" wait_for 10 grep -q before held.out
authorize cat
refused "its key is taken away: there is no other session" 77 'refuses .*other for'
echo after >&3
ok "and the one that is open goes on" wait_for 10 grep -q after held.out
exec 3>&-
wait "$held"
is "to its end" $? 0

# The agent.
if command -v ssh-agent >/dev/null; then
	configure
	authorize cat
	start agent ssh-agent -D -a "$tmp/agent.sock"
	SSH_AUTH_SOCK=$tmp/agent.sock
	export SSH_AUTH_SOCK
	wait_for 10 test -S "$SSH_AUTH_SOCK"
	refused "an agent without keys" 77 'agent holds no key'
	ssh-add -q rsa 2>/dev/null
	refused "an agent with an RSA key alone" 77 'holds RSA keys only'
	ssh-add -q other key 2>/dev/null
	ok "the agent's key is found among others" dial <hello
	unset SSH_AUTH_SOCK
else
	skip "the agent's key is found among others" "no ssh-agent"
fi
configure
refused "no agent and no key" 78 'no agent answers'

# --- A shell, and noise ---------------------------------------------------------

configure key
cp key.pub "$keys/authorized_keys"
refused "a key without a forced command" 76 'ended with status 127'
authorize 'echo Welcome; cat'
ok "noise before the far side's words" dial <hello
is "is left to the session" "$(cat out)" "Welcome
hello"

# --- Our key ----------------------------------------------------------------------

authorize cat
configure other
refused "a key that is not authorized" 77 \
    'refuses .*other for .*: add what "hubctl authorize a KEY.pub" prints'
configure rsa
refused "an RSA key" 77 'rsa: is an RSA key.* ssh-keygen -t ed25519'
configure rsa_pem
refused "an RSA key in PEM" 77 'rsa_pem: is an RSA key'
configure locked
refused "a key with a passphrase" 78 'locked: has a passphrase'
configure missing
refused "a key that is not there" 66 'missing: No such file'
configure key.pub
refused "a public key for a private one" 78 'key.pub: has mode'
head -c 200 key >cut
chmod 600 cut
configure cut
refused "a key that was cut off" 78 'cut: is damaged'
configure key
chmod 644 key
refused "a key that others may read" 78 'key: has mode 0644: chmod 600'
chmod 600 key
if test "$(id -u)" -eq 0; then
	chown 4242 key
	refused "a key of another account" 78 'key: belongs to uid 4242'
	chown 0 key
else
	skip "a key of another account" "not root"
fi

# --- The host's key ------------------------------------------------------------------

# known FILE LINE...: another list of known hosts.
known() {
	configure key "$1"
	printf '%s\n' "$2" "$3" >"$1"
}
real=$(sed 's/ *$//' known_hosts)
print=$(ssh-keygen -l -f "$keys/host_ed25519.pub" | cut -d ' ' -f 2 |
    tr + .)

known none "# nothing" ""
refused "an unknown host" 77 "host key is not in .*none: if .* $print, append: "
is "and the line to append is the right one" \
    "$(sed -n 's/.* append: //p' err)" "$real"
is "and the list is as it was" "$(cat none)" "# nothing"
known wrong "$host_name $(cut -d ' ' -f 1,2 other.pub)" ""
refused "a changed host key" 77 "$print, not that of .*wrong line 1"
known otherhost "example.net ${real#* }" ""
refused "the key under another name" 77 "host key is not in"
known otherport "127.0.0.1 ${real#* }" ""
refused "the key under another port" 77 "host key is not in"
known otherkind "$host_name $(cut -d ' ' -f 1,2 ecdsa.pub)" ""
refused "a host known by another kind, with a wrong key" 77 "otherkind line 1"
known rsaonly "$host_name $(cut -d ' ' -f 1,2 "$keys/host_rsa.pub")" ""
refused "a host known by its RSA key alone" 77 "not that of .*rsaonly line 1"
known pattern "127.0.0.*,[127.0.0.?]:$port ${real#* }" ""
ok "a pattern" dial <hello
known negated "[127.0.0.1]:*,!$host_name ${real#* }" ""
refused "a pattern that takes the host out" 77 "host key is not in"
known revoked "$real" "@revoked * ${real#* }"
refused "a revoked key" 77 "revoked by .*revoked line 2"
known revoked2 "@revoked $real" "$real"
refused "a revoked key that is good further down" 77 "revoked2 line 1"
known revoked_other "$real" "@revoked * $(cut -d ' ' -f 1,2 other.pub)"
ok "another revoked key" dial <hello
known authority "@cert-authority $real" ""
refused "a certificate authority is no host key" 77 "host key is not in"
known hashed "$real" ""
ssh-keygen -q -H -f hashed 2>/dev/null
rm -f hashed.old
lacks "the hashed list" hashed 127.0.0.1
ok "a hashed name" dial <hello
sed -n 's/^|/@revoked |/p' hashed >revoked_hashed
known revoked_hashed2 "$(cat revoked_hashed)" "$real"
refused "a revoked hashed name" 77 "revoked by"
n=0
for line in "$host_name" "$host_name ssh-ed25519" "@revked $real" \
    "$host_name ssh-ed25519 AAAA" "$host_name ssh-ed25519 ${real##* }x" \
    "$host_name ssh-rsa ${real##* }" "|1|x|y ${real#* }" \
    "127.0.0.1 1024 35 1234567"; do
	n=$((n + 1))
	known "bad$n" "$real" "$line"
	refused "a line that is not understood: $line" 78 "bad$n: line 2: "
done
configure key nowhere
refused "no list of known hosts" 66 "nowhere: No such file"
cp known_hosts open
chmod 666 open
configure key open
refused "a list that others may write" 78 "open: has mode 0666: chmod go-w"
configure key "$keys"
refused "a directory for a list" 78 "not a regular file"

# --- Where there is no server ------------------------------------------------------------

configure key
host=no..such..host
configure key
refused "a host name that is none" 69 'no such host'
host=127.0.0.1
port=$(free_port)
configure key
refused "a port on which nothing listens" 75 'connect: Connection refused'

# fake PERL: a server that treats its first client so; sets $port.
fake() {
	rm -f fake.out
	start fake perl -MIO::Socket::INET -e '
		use IO::Handle; $SIG{PIPE} = "IGNORE";
		$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		    Listen => 1) or die; $| = 1;
		print $s->sockport, "\n";
		$c = $s->accept; $c->autoflush(1); '"$1"'; sleep 60 if $c'
	wait_for 10 test -s fake.out
	port=$(cat fake.out)
	configure key
}

# A full queue of connections: none that comes is answered.
fake 'undef $c; sleep 60'
start hold perl -MIO::Socket::INET -e '
	for (1 .. 64) {
		$c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'",
		    Blocking => 0); push @c, $c }
	$| = 1; print "held\n"; sleep 60'
wait_for 10 test -s hold.out
refused "a port that does not answer" 75 'no answer before the deadline' 2
fake ''
refused "a server that is silent" 75 'no answer before the deadline' 2
fake 'syswrite $c, pack("C*", map { int rand 256 } 1 .. 100000) for 1 .. 20'
refused "a server that sends random bytes" 76 'is it an SSH server' 20
fake 'print $c "x" x 5e6'
refused "a banner of 5 MB" 76 'is it an SSH server' 20
fake 'for (1 .. 100000) { print $c "HTTP/1.1 400 no\r\n" or last }'
refused "lines without end before the banner" 76 'is it an SSH server' 20
fake 'close $c; undef $c; sleep 60'
refused "a server that closes" 75 'handshake: '
for version in 1.5 3.0; do
	fake 'print $c "Welcome\r\nSSH-'$version'-x\r\n"'
	refused "a server of SSH $version" 76 "it speaks SSH $version, not 2.0"
done
fake 'print $c "SSH-2.0-x\r\n", "\xff\xff\xff\xf0", "x" x 1000; sleep 60'
refused "a packet of 4 GB" 76 'first packet would have 4294967280 bytes' 10
fake 'while (1) { print $c "x" or last; select undef, undef, undef, 0.3 }'
refused "a server that sends a byte now and then" 75 'before the deadline' 3
stop "$pid" KILL

# bounded WHAT: however much came, the child that talked to it stayed small.
bounded() {
	rss=$(sed -n 's/^max_rss_kb=//p' err)
	test "${rss:-999999}" -lt 200000
	is "$1: in bounded memory" "$?" 0
}
fake 'while (print $c "x" x 65536, "\n") { }'
refused "a banner without end" 76 'is it an SSH server' 10
bounded "a banner without end"
# Packets that mean nothing, each of 30 KB, before any key is agreed upon.
fake 'print $c "SSH-2.0-x\r\n"; $p = pack("NCCN", 30016, 6, 2, 30004) .
    "x" x 30004 . "\0" x 6; while (print $c $p) { }'
exits "packets that mean nothing, before the keys" 76 dial 10 </dev/null
bounded "packets that mean nothing, before the keys"
# And once keys are agreed upon, by a server that has the right one.
# flood KIND: that server, and how to reach it.
flood() {
	rm -f flood.out
	start flood "$top_builddir/t/ssh_flood" $1
	wait_for 10 test -s flood.out
	read -r port blob <flood.out
	echo "[127.0.0.1]:$port ssh-ed25519 $blob" >known_flood
	configure key known_flood
}
for kind in ignore debug global banner failure; do
	what="a flood of $kind, behind the keys"
	if test ! -x "$top_builddir/t/ssh_flood"; then
		skip "$what" "built without libcrypto"
		continue
	fi
	flood $kind
	before=$(lib_now)
	dial 60 >out 2>err </dev/null
	status=$?
	took=$(($(lib_now) - before))
	case $kind in
	banner | failure) want=77 words="refuses .*key for " ;;
	*) want=76 words="handshake: " ;;
	esac
	is "$what: refused" "$status" "$want"
	has "$what: in words" err "$words"
	# By what came, not by the time that it took.
	wire=$(sed -n 's/^wire_bytes=//p' err)
	test "${wire:-9999999}" -ge 1000 && test "${wire:-9999999}" -lt 1000000
	is "$what: before a megabyte" "$?" 0
	test "$took" -le 30
	is "$what: in time" "$?" 0
	bounded "$what"
	stop "$pid" KILL 2>/dev/null
done
# One under load is only late: that is no fault of its configuration.
if test -x "$top_builddir/t/ssh_flood"; then
	flood late
	refused "a server that lets us in and runs nothing yet" 75 \
	    'has not run anything yet' 50
	stop "$pid" KILL 2>/dev/null
fi

# --- What the server's other clients may do ------------------------------------------

# Many who never say who they are, while we deliver.
port=$sshd_port
configure key
authorize cat
start crowd perl -MIO::Socket::INET -e '
	for (1 .. 1000) {
		$s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'",
		    Blocking => 0); push @s, $s if $s }
	$| = 1; print scalar(@s), "\n"; sleep 60'
wait_for 20 test -s crowd.out
dial 20 >out 2>err <hello
case $? in
0 | 75 | 76) pass "among a thousand connections we come through, or come again" ;;
*) fail "among a thousand connections" "$(cat err)" ;;
esac
bounded "a thousand connections"
stop "$pid" KILL
comes_through() {
	dial 10 <hello >out 2>err
}
ok "when they are gone we come through" wait_for 30 comes_through

# A key that may do one thing, in the hands of OpenSSH's client.
authorize 'echo forced; cat >/dev/null'
client() {
	ssh -q -F none -o BatchMode=yes -o IdentitiesOnly=yes -i key \
	    -o "UserKnownHostsFile=$tmp/known_hosts" -p "$sshd_port" "$@" \
	    </dev/null
}
for words in "" "sh" "receive other; id" "-t -t" "-s sftp" "-A" "-X"; do
	# shellcheck disable=SC2086 # options
	case $words in
	-s*) client -s "$me@127.0.0.1" sftp >out 2>err ;;
	-*) client $words "$me@127.0.0.1" >out 2>err ;;
	*) client "$me@127.0.0.1" "$words" >out 2>err ;;
	esac
	case $(tr -d '\r' <out) in
	forced | "") pass "a client that asks for \"$words\" gets no more" ;;
	*) fail "a client that asks for \"$words\"" "$(cat out err)" ;;
	esac
	lacks "nor does it know who it is: $words" out 'uid='
done
# What it brings along: nothing of it is in the command's environment.
authorize env
SSH_AUTH_SOCK=$tmp/agent.sock DISPLAY=:9 \
    client -A -X -o SetEnv="LD_PRELOAD=brought AXLETREE=brought" \
    "$me@127.0.0.1" "brought" >out 2>err
has "the command runs" out '^SSH_CONNECTION='
lacks "a client brings no variable, agent or display" out \
    '^(LD_PRELOAD|AXLETREE|SSH_AUTH_SOCK|DISPLAY)='
authorize 'echo forced; cat >/dev/null'
exits "nor a connection through us" 255 client -o ExitOnForwardFailure=yes \
    -W "127.0.0.1:$sshd_port" "$me@127.0.0.1"
exits "nor a port of ours" 255 client -o ExitOnForwardFailure=yes -N \
    -R 0:127.0.0.1:1 "$me@127.0.0.1"

# cut_after BYTES: sshd, over a link that ends behind so many of its bytes, and in
# order, as a proxy's does: no reset tells that from a server that hung up.
cat >cut.pl <<'EOT'
use IO::Socket::INET; use IO::Select;
my ($port, $left) = @ARGV;
my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
$| = 1; print $l->sockport, "\n";
my $c = $l->accept;
my $d = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
my $both = IO::Select->new($c, $d);
while (my @ready = $both->can_read(20)) {
	for my $s (@ready) {
		sysread($s, my $b, 65536) or exit;
		if ($s == $c) { syswrite $d, $b if $left > 0; next }
		$b = substr $b, 0, $left;
		syswrite $c, $b; $left -= length $b;
		if ($left == 0) { shutdown $c, 1; $both->remove($d) }
	}
}
EOT
cut_after() {
	start cut perl cut.pl "$sshd_port" "$1"
	wait_for 10 test -s cut.out
	port=$(cat cut.out)
	sed "s/:[0-9]* /:$port /" known_hosts >known_cut
	configure key known_cut
}
authorize cat
for bytes in 300 900 1300 1700; do
	cut_after $bytes
	refused "a link that is cut after $bytes bytes" 75 '(closed|broke|login)'
done

# weak LINE...: sshd with less than we ask for.
weak() {
	stop "$sshd_pid"
	rm -f "$keys/log"
	start_sshd "$@" || return 1
	port=$sshd_port
	sed "s/:[0-9]* /:$port /" known_hosts >known_weak
	configure key known_weak
}
authorize cat
for line in "Ciphers aes256-cbc,chacha20-poly1305@openssh.com" \
    "KexAlgorithms diffie-hellman-group14-sha256" "MACs hmac-sha1"; do
	weak "$line"
	refused "a server with $line alone" 76 'no algorithm in common'
done
weak "HostKeyAlgorithms rsa-sha2-512,ssh-rsa"
# It hangs up, as it would when a link is cut or too many have come: whether its
# own list of algorithms was read before (76) or not (75) is a race.
dial 20 </dev/null >out 2>err
status=$?
has "a server with an RSA host key alone is refused" err 'no algorithm in common'
ok "and that is its status" test $status -eq 75 -o $status -eq 76
weak "Ciphers aes128-ctr"
ok "a server with aes128-ctr alone" dial <hello

done_testing
