#!/bin/sh
# Requests to hubd's listener whose head two programs may understand in two ways: a
# proxy before it would let pass what it does not see.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

hub_conf ''
hub_listens

# asks LINE...: a request of these lines, with \0 for NUL, and a body that is the
# begin of a session; the status.
asks() {
	printf "$(printf '%s\\r\\n' "$@")\\r\\nAXLET" |
	    perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(
		    PeerAddr => "127.0.0.1:'"$port"'") or die;
		local $/; $s->send(scalar <STDIN>);
		$/ = "\r\n"; alarm 40;
		print((split / /, scalar <$s>)[1])'
}
hub_has() {
	hubctl -c hub.conf status --json alps |
	    sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

line="POST /axletree/1 HTTP/1.1"
token="Authorization: Bearer $(cat alps.token)"
sessions=0
# session: a header of a new one, in $session
session() {
	sessions=$((sessions + 1))
	session=$(printf 'Axletree-Session: %032x 0 0 now' $sessions)
}
# refused WHAT STATUS LINE...: it is of alps, and counts for it.
refused=0
refused() {
	refused=$((refused + 1))
	refused_what=$1 refused_status=$2
	shift 2
	is "$refused_what" "$(asks "$@")" "$refused_status"
}

session
is "a right one" \
    "$(asks "$line" 'Host: h' "$token" "$session" 'Content-Length: 5')" 200
session
is "or in chunks" "$(asks "$line" 'Host: h' "$token" "$session" \
    'Transfer-Encoding: chunked' '' '0' '')" 200

session
set -- 'Host: h' "$token" "$session"
refused "two sessions" 400 "$line" "$@" 'Content-Length: 5' \
    'axletree-session: 77777777777777777777777777777777 0 0 now'
refused "two lengths" 400 "$line" "$@" 'Content-Length: 5' 'Content-Length: 3'
refused "a length and chunks" 400 "$line" "$@" 'Content-Length: 5' \
    'Transfer-Encoding: chunked' '' '0' ''
refused "chunks, twice" 400 "$line" "$@" 'Transfer-Encoding: chunked' \
    'Transfer-Encoding: chunked' '' '0' ''
refused "another coding" 400 "$line" "$@" 'Transfer-Encoding: gzip, chunked' \
    '' '0' ''
refused "two hosts" 400 "$line" "$@" 'Content-Length: 5' 'Host: other'
refused "a NUL in the path" 400 'POST /axletree/1\0 HTTP/1.1' "$@" \
    'Content-Length: 5'
refused "and something behind it" 400 'POST /axletree/1\0/x HTTP/1.1' "$@" \
    'Content-Length: 5'
refused "a query" 400 'POST /axletree/1?x=1 HTTP/1.1' "$@" 'Content-Length: 5'
refused "an escape" 400 'POST /axletree/%%31 HTTP/1.1' "$@" 'Content-Length: 5'
refused "a body that is compressed" 415 "$line" "$@" 'Content-Length: 5' \
    'Content-Encoding: gzip'

is "two tokens" "$(asks "$line" "$@" 'Content-Length: 5' \
    'Authorization: Bearer x')" 400
is "the session goes on with the next" \
    "$(asks "$line" "$@" 'Content-Length: 5')" 200

stop "$hubd" TERM 30
is "hubd ends well" $? 0
is "each is counted, but who says two names is nobody" "$(hub_has refused)" \
    "$refused"
done_testing
