#!/bin/sh
# Transport http: libcurl against our listener over real TLS, and against servers
# that are none: what comes through, what is refused, with which status and which
# words.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

ca stranger
vouched expired good -1
vouched elsewhere good 10 x subjectAltName=DNS:elsewhere.example
vouched strange stranger 10
vouched alps good 10 alps keyUsage=digitalSignature
vouched byname good 10 x subjectAltName=DNS:other.example,DNS:alps
vouched both good 10 x subjectAltName=DNS:andes,DNS:alps
vouched impostor stranger 10 alps keyUsage=digitalSignature

# --- What comes through -----------------------------------------------------------

listen hub echo
echo hello >hello
ok "bytes come back" dial <hello
is "and are the same" "$(cat out)" hello
has "the bytes on the wire are counted, with TLS" err '^wire_bytes=[1-9][0-9]{3}$'
head -c 5000000 /dev/urandom >much
ok "5 MB there and back" dial 60 <much
mv out back
ok "and are the same" cmp back much
spoke_conf "https://127.0.0.1:$port"
ok "an address for a name" dial <hello
stop "$listener"

listen hub
spoke_conf "$url"
ok "a spoke measures" sp collect --now
ok "and pushes" sp push
is "silently" "$(cat out err)" ""
is "all of it is acknowledged" "$(spoke_has waiting_messages)" 0
ok "and lies in the hub's inbox" wait_for 10 test -s \
    noc/spool/alps/inbox/00000000000000000001-00000000000000000002.msgs
ok "byte for byte" sh -c 'cat gw/spool/alps/sent/* gw/spool/alps/outbox/*.msgs \
    2>/dev/null | cmp - noc/spool/alps/inbox/*.msgs'
ok "what waits is pushed by the next" sh -c \
    "spoke -c spoke.conf collect --now && spoke -c spoke.conf push"
stop "$listener"

# --- Who it is ---------------------------------------------------------------------

listen hub # one that refused nobody
spoke_conf "$url" 'token = wrong.token ca = good.pem'
refused "a token that is not known" 77 'does not let us in \(401 '
soon_has "the listener tells" answer.err \
    'requests refused count=1 last_status=401 last_address=127.0.0.1'
lacks "but no token" answer.err "$(cat wrong.token)"
spoke_conf "$url" 'token = andes.token ca = good.pem'
ok "something to push" sp collect --now
exits "the token of another association" 78 sp push
has "is refused by its name" err 'association'
spoke_conf "$url" 'token = missing ca = good.pem'
refused "no such file of a token" 66 'missing: No such file'
chmod 644 wrong.token
spoke_conf "$url" 'token = wrong.token ca = good.pem'
refused "a token that others may read" 78 'wrong.token: has mode 0644: chmod 600'
chmod 600 wrong.token
if test "$(id -u)" -eq 0; then
	chown 4242 wrong.token
	refused "a token of another account" 78 'belongs to uid 4242'
	chown 0 wrong.token
else
	skip "a token of another account" "not root"
fi
echo short >short.token
spoke_conf "$url" 'token = short.token ca = good.pem'
refused "a token that can be guessed" 78 'a token is one line of 22 to 256'
stop "$listener"

hub_conf "$tls client-ca = good.pem" ''
listen hub echo
spoke_conf "$url" 'certificate = alps.pem key = alps.key ca = good.pem'
ok "a certificate instead of a token" dial <hello
spoke_conf "$url" 'certificate = byname.pem key = byname.key ca = good.pem'
ok "by one of its DNS names" dial <hello
spoke_conf "$url" 'certificate = both.pem key = both.key ca = good.pem'
refused "a certificate for two associations" 77 'does not let us in'
spoke_conf "$url" 'certificate = hub.pem key = hub.key ca = good.pem'
refused "a certificate for none" 77 'does not let us in'
spoke_conf "$url" 'certificate = impostor.pem key = impostor.key ca = good.pem'
refused "a certificate of a stranger" 77 'does not let us in'
spoke_conf "$url" 'token = alps.token ca = good.pem'
refused "a token where a certificate is asked for" 77 'does not let us in'
spoke_conf "$url" \
    'certificate = alps.pem key = alps.key token = andes.token ca = good.pem'
refused "a certificate and the token of another" 77 'does not let us in'
spoke_conf "$url" 'certificate = alps.pem key = hub.key ca = good.pem'
refused "a key that is not the certificate's" 78 'check http . ca certificate'
stop "$listener"

cp andes.token twin.token
hub_conf "$tls" 'token = twin.token'
exits "two associations with one token" 78 \
    "$top_builddir/t/http_answer" hub.conf hub
has "are named" err 'associations alps and andes have the same token'
hub_conf 'certificate = hub.pem key = alps.key'
exits "a listener with another's key" 78 \
    "$top_builddir/t/http_answer" hub.conf hub
has "is told so" err 'web { certificate key }'

# --- The other end's certificate -----------------------------------------------------

# certified NAME: a listener with that certificate.
certified() {
	hub_conf "certificate = $1.pem key = $1.key"
	listen hub echo
	spoke_conf "$url"
}
certified expired
refused "a certificate that has expired" 77 'certificate is not taken: .*expired'
stop "$listener"
certified elsewhere
refused "a certificate of another host" 77 'certificate is not taken: .*localhost'
stop "$listener"
certified strange
refused "a certificate that nobody vouches for" 77 'certificate is not taken'
stop "$listener"
certified hub
spoke_conf "$url" 'token = alps.token ca = hub.pem'
ok "the other end's own certificate vouches for itself" dial <hello
spoke_conf "$url" 'token = alps.token ca = hello'
refused "a ca that is none" 78 'check http . ca'
spoke_conf "http://127.0.0.1:$port/" 'token = alps.token'
refused "HTTP to a port that has TLS" 75 ''
for version in tls1 tls1_1; do
	openssl s_client -connect "127.0.0.1:$port" -$version \
	    -cipher ALL:@SECLEVEL=0 </dev/null >version.out 2>&1
	has "no $version" version.out 'Cipher is \(NONE\)'
done
for version in tls1_2 tls1_3; do
	openssl s_client -connect "127.0.0.1:$port" -$version </dev/null \
	    >version.out 2>&1
	lacks "but $version" version.out 'Cipher is \(NONE\)'
done
stop "$listener"

# --- By hand ---------------------------------------------------------------------------

# post ID SENT RECEIVED WORD BODY [CURL-OPTION...]: prints status, answer, body.
post() {
	post_head="Axletree-Session: $1 $2 $3 $4" post_body=$5
	shift 5
	curl -s -m 40 --cacert "$tmp/good.pem" -H "$post_head" -H "$bearer" \
	    --data-binary "$post_body" -o body -D head \
	    -w '%{http_code}' "$@" "https://localhost:$port/axletree/1"
	printf ' %s %s' "$(tr -d '\r' <head | sed -n 's/^Axletree-Session: //p')" \
	    "$(cat body)"
}
bearer="Authorization: Bearer $(cat alps.token)"
id=0123456789abcdef0123456789abcdef
hub_conf "$tls"
listen hub echo
is "a session begins" "$(post $id 0 0 wait hello)" "200 0 5 more hello"
is "a repeated request is not taken twice, and answered again" \
    "$(post $id 0 0 wait hello)" "200 0 5 more hello"
is "of a body that overlaps the rest is taken" \
    "$(post $id 3 5 wait 'lo again')" "200 5 11 more  again"
is "now: with what is there" "$(post $id 11 5 now '!' | head -c 20)" \
    "200 5 12 more  again"
is "what was not fetched is there" "$(post $id 12 5 wait '')" \
    "200 5 12 more  again!"
is "more than was said" "$(post $id 12 99 wait '' | head -c 3)" 409
is "the end" "$(post $id 12 12 end '')" "200 12 12 end "
is "is repeated" "$(post $id 12 12 end '')" "200 12 12 end "
id=00112233445566778899aabbccddeeff
is "the next" "$(post $id 0 0 wait hello)" "200 0 5 more hello"
mkdir ahead
head -c 300000 /dev/zero | tr '\0' x >ahead/large
(cd ahead && post $id 300009 5 now @large >said) &
ahead=$!
is "what comes before its turn" "$(post $id 5 5 now 1234 | head -c 7)" "200 5 9"
is "is not in the way" "$(post $id 9 5 now @ahead/large | head -c 6)" "200 5 "
wait $ahead
is "and goes when it is" "$(cat ahead/said)" "200 5 600009 more "
got=5 word=more
: >all
while test "$word" = more; do
	word=$(post $id 600009 $got end '' | head -n 1 | cut -d ' ' -f 4)
	cat body >>all
	got=$((got + $(wc -c <body)))
done
is "to the end" "$word $got" "end 600009"
is "in its place" "$(head -c 4 all; tail -c +5 all | tr -d x | wc -c)" 12340
is "another session, not from its beginning" \
    "$(post ffffffffffffffffffffffffffffffff 1 0 wait x | head -c 3)" 410
bearer="Authorization: Bearer $(cat andes.token)"
is "of another association" "$(post $id 12 12 wait '' | head -c 3)" 410
bearer="Authorization: Bearer $(cat wrong.token)"
is "nobody" "$(post $id 12 12 wait '' | head -c 3)" 401
has "is told how" head '^WWW-Authenticate: Bearer'
bearer="Authorization: Bearer $(cat alps.token)"
is "a header that is wrong" "$(post $id -1 0 wait '' | head -c 3)" 400
is "another method" "$(post $id 0 0 wait '' -X PUT | head -c 3)" 405
is "a body that is too large" "$(post $id 0 0 wait @much | head -c 3)" 413
in_chunks() {
	post $id 0 0 now "@$1" -H 'Transfer-Encoding: chunked' -H Expect: |
	    head -c 3
}
is "in chunks it may be" "$(in_chunks much)" 200
head -c 67108865 /dev/zero >endless
is "but not without end" "$(in_chunks endless)" 000
for path in / /axletree /axletree/1/ /axletree/2 /../etc/passwd; do
	is "$path is not there" "$(curl -s --cacert good.pem --path-as-is \
	    -o body -w '%{http_code}' "https://localhost:$port$path")" 404
done
stop "$listener"

ok "it listens anew at once, though a child of its own lived on" \
    "$top_builddir/t/http_answer" hub.conf hub again

# --- Where there is no listener ------------------------------------------------------------

spoke_conf "$url"
refused "a port on which nothing listens" 75 'onnect'
spoke_conf https://no..such..host/
refused "a host name that is none" 69 'no such host'

# fake PERL: a server that treats each client so, after the head of a request.
fake() {
	rm -f fake.out
	start fake perl -MIO::Socket::INET -e '
		use IO::Handle; $SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE";
		$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		    Listen => 10) or die; $| = 1;
		print $s->sockport, "\n";
		while ($c = $s->accept) {
			next if fork; $c->autoflush(1);
			while (<$c>) { last if /^\r?$/ }
			'"$1"'; exit }'
	wait_for 10 test -s fake.out
	spoke_conf "http://127.0.0.1:$(cat fake.out)/" 'token = alps.token'
}
# says PERL-STRING: an answer.
says() {
	fake 'print $c "'"$1"'"; sleep 1'
}
axletree='Axletree-Session: 0 0 more\r\n'
# speaks: something for the far end, as every session begins.
speaks() {
	exits "$1" "$2" dial "${4:-20}" <hello
	has "$1, in words" err "$3"
	stop "$pid" KILL
}
for to in http://127.0.0.1:1/ file:///etc/passwd https://elsewhere.example/; do
	says "HTTP/1.1 307 x\r\nLocation: $to\r\nContent-Length: 0\r\n\r\n"
	speaks "a redirect to $to" 76 'redirects \(307\), which is not followed'
done
says 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
speaks "another web server" 76 'no listener of Axletree'
says 'HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n'
speaks "nothing at this url" 76 'no Axletree at this url \(404\)'
says 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\ngone'
speaks "a proxy without a hub behind it" 75 'failed \(502 gone\)'
says 'HTTP/1.1 503 x\r\nRetry-After: 10\r\nContent-Length: 4\r\n\r\nbusy'
speaks "one that is busy" 75 'is busy \(503 busy\)'
says 'HTTP/1.1 503 x\r\nContent-Length: 4\r\n\r\ngone'
speaks "another proxy without a hub behind it" 75 'failed \(503 gone\)'
says 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n'$axletree'Content-Length: 5\r\n\r\nhello'
speaks "a Content-Encoding" 76 'Content-Encoding, which was not asked for'
says 'HTTP/1.1 200 OK\r\nAxletree-Session: 0 99 more\r\nContent-Length: 0\r\n\r\n'
speaks "an answer for what was never sent" 76 'answers for another request'
says 'HTTP/1.1 200 OK\r\nAxletree-Session: 0 -1 more\r\nContent-Length: 0\r\n\r\n'
speaks "an answer whose numbers are none" 76 'without a right Axletree-Session'
fake 'print $c "HTTP/1.1 200 OK\r\nAxletree-Session: 0 6 more\r\nTransfer-Encoding: chunked\r\n\r\n";
    print $c "10000\r\n", "x" x 65536, "\r\n" or last for 1 .. 2000'
speaks "chunks without end" 76 'the answer has no end'
fake 'print $c "HTTP/1.1 200 OK\r\n"; print $c "X-$_: ", "y" x 100, "\r\n" or last for 1 .. 10000'
speaks "a head without end" 76 "the answer's head is too large"
fake 'print $c "HTTP/1.1 200 OK\r\nX: ", "y" x 1000000, "\r\n"; print $c "\r\n"; sleep 5'
speaks "a head of one long line" 76 "the answer's head is too large"
fake 'print $c "HTTP/1.1 200 OK\r\nAxletree-Session: 0 6 end\r\nContent-Length: 99\r\n\r\nabc"'
speaks "a Content-Length that is too large" 75 '.'
says 'SSH-2.0-OpenSSH\r\n'
speaks "an SSH server" 76 'is it an Axletree listener'
fake 'sleep 60'
speaks "silence" 75 'no answer before the deadline' 2
fake 'print $c "HTTP/1.1 200 OK\r\nX: "; while (1) { print $c "x" or last; select undef, undef, undef, 0.3 }'
speaks "a byte now and then" 75 'no answer before the deadline' 3
fake 'close $c'
speaks "one that closes" 75 '.'

done_testing
