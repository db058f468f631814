#!/bin/sh
# A crowd at the listeners of hubd and of spoke daemon, of strangers and of an
# association that has too much: other associations deliver meanwhile, the crowd
# costs little, and is gone soon.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

hub_port=$(free_port)
daemon_port=$(free_port)

# Two are pushed, two pulled; each daemon has those in which it is called.
pushed() {
	association alps "$(over_http alps "$hub_port")"
	association bern "$(over_http bern "$hub_port")"
}
pulled() {
	association chur "mode = pull $(over_http chur "$daemon_port")"
	association davos "mode = pull $(over_http davos "$daemon_port")"
}
{
	side gw
	pulled
	echo "web { listen = \"127.0.0.1:$daemon_port\" }"
} >daemon.conf
{
	cat daemon.conf
	pushed
	collects
} >spoke.conf
{
	side noc
	pushed
	echo "web { listen = \"127.0.0.1:$hub_port\" }"
	stores
} >hubd.conf
{
	cat hubd.conf
	pulled
} >hub.conf
start hubd "$peak" "$tmp/peaks" hubd -c hubd.conf
hubd=$pid
start daemon "$peak" "$tmp/peaks" spoke -c daemon.conf daemon
daemon=$pid
wait_for 20 grep -q 'listening address' hubd.err
wait_for 20 grep -q 'listening address' daemon.err

# crowd NAME PORT N [WORDS]: so many connections, which say that, then go on slowly,
# and come again when they are cut.  Without words: until all are.
crowd() {
	start "$1" perl -MIO::Socket::INET -MIO::Select -e '
		$SIG{PIPE} = "IGNORE"; $| = 1;
		my ($port, $n, $words) = @ARGV;
		my ($i, $told) = (0, 0);
		my $s = IO::Select->new;
		sub another {
			my $c = IO::Socket::INET->new(
			    PeerAddr => "127.0.0.1:$port") or return;
			my $id = sprintf "%032x", ++$i;
			(my $say = $words) =~ s/ID/$id/;
			$say =~ s/\\r\\n/\r\n/g;
			syswrite $c, $say if $say ne "";
			$s->add($c) }
		for (1 .. $n) {
			another();
			if (!$told && $_ == $n) { print "there\n"; $told = 1 } }
		while ($s->count > 0 or $words ne "") {
			for my $c ($s->can_read(0.2)) {
				if (!sysread $c, my $x, 1e6) {
					$s->remove($c); close $c } }
			next if $words eq "";
			another() while $s->count < $n and ++$more % 100;
			if (time != $then) { # slow, but not too slow
				$then = time;
				syswrite $_, "x" x 200 for $s->handles } }
		print "gone\n"' "$2" "$3" "${4-}"
	crowd=$pid
	wait_for 60 grep -q there "$1.out"
}
# deliver WHAT: both ways, and both arrive.
deliver() {
	ok "$1: a spoke measures" data 1
	deliver_begun=$(lib_now)
	ok "$1: and pushes" sp push --deadline 60s bern
	ok "$1: another is pulled" hub pull --deadline 60s davos
	ok "$1: soon" test $(($(lib_now) - deliver_begun)) -le 30
	for deliver_name in bern davos; do
		ok "$1: all of $deliver_name is there" \
		    wait_for 10 same $deliver_name
	done
}
deliver "nobody else"

# --- Strangers ----------------------------------------------------------------------

# descriptors: all that hubd and its children have.
descriptors() {
	for p in $(lib_tree "$hubd"); do
		find "/proc/$p/fd" -type l 2>/dev/null
	done | wc -l
}
few_again() {
	test "$(descriptors)" -le $((few + 5))
}
few=$(descriptors)
crowd hub_crowd "$hub_port" 1200
crowd daemon_crowd "$daemon_port" 1200
deliver "1200 strangers at each"
ok "they are cut" wait_for 60 grep -q gone hub_crowd.out
ok "everywhere" wait_for 60 grep -q gone daemon_crowd.out
ok "their descriptors are closed" wait_for 10 few_again
soon_has "and they are counted" hubd.err 'requests refused count=[1-9]'
soon_has "by spoke daemon, too" daemon.err 'requests refused count=[1-9]'

# --- One that is known ---------------------------------------------------------------

# Each begins a session of its own, with a body that never comes to its end.
greedy="POST /axletree/1 HTTP/1.1\\r\\nHost: h\\r\\nAuthorization: Bearer TOKEN\\r\\n\
Axletree-Session: ID 0 0 wait\\r\\nContent-Length: 1000000\\r\\n\\r\\n"
# greedy_of NAME: with its token.
greedy_of() {
	printf '%s' "$greedy" | sed "s/TOKEN/$(cat "$1.token")/"
}
crowd hub_greedy "$hub_port" 1200 "$(greedy_of alps)"
hub_greedy=$crowd
crowd daemon_greedy "$daemon_port" 1200 "$(greedy_of chur)"
deliver "an association that has 1200 requests at each"
stop "$hub_greedy" KILL
stop "$crowd" KILL

stop "$hubd" TERM 30
is "hubd ends well" $? 0
stop "$daemon" TERM 30
is "so does spoke daemon" $? 0
stayed_small "all of them" 150000
done_testing
