#!/bin/sh
# An association that begins sessions over http as fast as it can: it keeps no
# other one out, and gets no more processes than its share.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

hub_conf ''
spoke_conf "http://127.0.0.1:$port/" 'token = alps.token'
hub_listens
ok "a spoke measures" sp collect --now
ok "and pushes" sp push

# Each request is the first of another session.
start greedy perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE"; $| = 1;
	my ($token) = @ARGV;
	for (my $i = 0;; $i++) {
		$c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:'"$port"'")
		    or next;
		printf $c "POST /axletree/1 HTTP/1.1\r\nHost: h\r\n" .
		    "Authorization: Bearer %s\r\n" .
		    "Axletree-Session: %032x 0 0 wait\r\n" .
		    "Content-Length: 0\r\n\r\n", $token, $i;
		push @c, $c;
		shift @c if @c > 20;
		print "there\n" if $i == 300;
	}' "$(cat andes.token)"
greedy=$pid
wait_for 60 grep -q there greedy.out
processes() {
	lib_tree "$hubd" | wc -l
}
most=0
for i in 1 2 3 4 5; do
	n=$(processes)
	[ "$n" -gt "$most" ] && most=$n
	ok "meanwhile another one delivers, $i" sp push --always --deadline 10s
	cat err >&2
done
ok "it has few processes" test "$most" -lt 20
diag "processes: $most"
stop "$greedy" KILL
stop "$hubd" TERM 30
is "hubd ends well" $? 0

done_testing
