#!/bin/sh
# The listener of transport http and what it costs to be a stranger, or slow: all
# of them are cut, and an association gets through meanwhile.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

listen hub
child=$(ps -e -o pid= -o ppid= | awk -v p="$listener" '$2 == p { print $1; exit }')
echo hello >hello

# --- What the process may ------------------------------------------------------

has "no new privileges" "/proc/$child/status" '^NoNewPrivs:[[:space:]]*1$'
built_with LIBSECCOMP &&
    has "seccomp" "/proc/$child/status" '^Seccomp:[[:space:]]*2$'
descriptors() {
	find "/proc/$child/fd" -type l | wc -l
}

# --- Slow ones -----------------------------------------------------------------

stop "$listener"
hub_conf ''
spoke_conf "http://127.0.0.1:$port/" 'token = alps.token'
listen hub echo
child=$(ps -e -o pid= -o ppid= | awk -v p="$listener" '$2 == p { print $1; exit }')
few=$(descriptors)
began=$(lib_now)
# Fifty, whose heads have no end.
start slow perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE"; $| = 1;
	for (1 .. 50) {
		$c = IO::Socket::INET->new(
		    PeerAddr => "127.0.0.1:'"$port"'") or next;
		$c->autoflush(1);
		print $c "POST /axletree/1 HTTP/1.1\r\nHost: h\r\nX: ";
		push @c, $c }
	print "there\n";
	while (@c) {
		select undef, undef, undef, 0.2;
		@c = grep { print $_ "x"; $r = ""; vec($r, fileno $_, 1) = 1;
		    !select($r, undef, undef, 0) || sysread $_, $x, 1e6
		} @c }'
slow=$pid
wait_for 60 grep -q there slow.out
head="POST /axletree/1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer $(cat alps.token)\r\n"
head="$head"'Axletree-Session: 0123456789abcdef0123456789abcdef 0 0 wait\r\n'
# Known, but its body comes byte by byte.
start body perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE";
	$c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'") or die;
	$c->autoflush(1);
	print $c "'"$head"'Content-Length: 100000\r\n\r\n";
	for (1 .. 600) {
		select undef, undef, undef, 0.1;
		print $c "x" or exit 3;
		$r = ""; vec($r, fileno $c, 1) = 1;
		exit 3 if select($r, undef, undef, 0) && !sysread $c, $x, 1e6;
	}'
body=$pid
ok "meanwhile a session goes on" dial <hello
wait "$body"
is "a body of ten bytes a second is cut" "$?" 3
ok "soon" test $(($(lib_now) - began)) -lt 55
ok "heads that come byte by byte are cut" wait_for 40 ended "$slow"
ok "soon" test $(($(lib_now) - began)) -lt 55
ok "descriptors are closed" wait_for 10 sh -c \
    "test \$(find /proc/$child/fd -type l | wc -l) -le $((few + 2))"

# Known, and quick, but the listener and it are stopped for longer than a body may
# be slow, and the listener is the first that goes on.
start body perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE"; $| = 1;
	$c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'") or die;
	$c->autoflush(1);
	print $c "'"$head"'Content-Length: 100000\r\n\r\nxxxxxxxxxx";
	print "begun\n";
	for (1 .. 30) {
		select undef, undef, undef, 0.1;
		print $c "x" x 100 or exit 3;
		$r = ""; vec($r, fileno $c, 1) = 1;
		exit 3 if select($r, undef, undef, 0) && !sysread $c, $x, 1e6;
	}'
body=$pid
ok "a body begins" wait_for 20 grep -q begun body.out
kill -STOP "$child" "$body"
wait_for 15 false
kill -CONT "$child"
ok "the listener goes on" dial <hello
kill -CONT "$body"
wait "$body"
is "what nobody could hear is not slow" $? 0

# --- Many sessions ----------------------------------------------------------------

# Requests without a token, as fast as they come.
start flood perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE";
	for (1 .. 2000) {
		$c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'")
		    or next;
		print $c "POST /axletree/1 HTTP/1.1\r\nHost: h\r\n",
		    "Content-Length: 1000000\r\n\r\n";
		$l = <$c>; $n++ if $l =~ /^HTTP.1.1 401/;
	}
	print "$n\n"'
flood=$pid
ok "while strangers ask, a session goes on" dial <hello
wait "$flood"
is "each of them is refused" "$(cat flood.out)" 2000
lines=$(grep -c 'requests refused' answer.err)
ok "in few lines of the log" test "$lines" -le 3

done_testing
