#!/bin/sh
# Transport http, in few bytes: what a cycle costs over a session that is kept open,
# as TCP carries it under TLS, in both modes.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

# count PORT TARGET-PORT: passes on, and says in the file count how many bytes.
cat >count.pl <<'EOP'
use strict;
use IO::Select;
use IO::Socket::INET;
my ($from, $to) = @ARGV;
my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$from", Listen => 50,
    ReuseAddr => 1) or die;
my ($n, %other, $bytes) = (0);
my $s = IO::Select->new($l);
print "there\n";
close STDOUT;
while (my @ready = $s->can_read) {
	foreach my $c (@ready) {
		if ($c == $l) {
			my $a = $l->accept;
			my $b = IO::Socket::INET->new("127.0.0.1:$to") or die;
			$other{$a} = $b;
			$other{$b} = $a;
			$s->add($a, $b);
			next;
		}
		my $there = $other{$c} or next;
		if (!sysread $c, $bytes, 65536) {
			$s->remove($c, $there);
			delete @other{$c, $there};
			close $_ foreach $c, $there;
			next;
		}
		$n += length $bytes;
		open my $f, ">", "count.new" or die;
		print $f $n;
		close $f;
		rename "count.new", "count";
		syswrite $there, $bytes;
	}
}
EOP
count_port=$(free_port)
start count perl count.pl "$count_port" "$port"
count_pid=$pid
wait_for 10 grep -q there count.out
url=https://localhost:$count_port/

acked() {
	test "$(spoke_has waiting_messages)" = 0
}
# said: bytes of all messages.
said() {
	sp messages alps | wc -c
}
# cycles N: each is acknowledged before the next.
cycles() {
	for n in $(seq "$1"); do
		sp collect --now && wait_for 20 acked || return
	done
}
# cost N: of each of so many cycles, without the messages; sets $cost.
cost() {
	cost=$(($(said) - $(cat count)))
	cycles "$1" || return
	cost=$((($(cat count) - $(said) + cost) / $1))
}
# few_bytes: of five cycles in a row, as other work may make one wait for what is then
# said in a request of its own, and a request that waits is repeated each 25 s.
few_bytes() {
	for n in 1 2 3 4 5 6; do
		cost 5 || return
		test "$cost" -gt 850 || return 0
	done
	false
}

# --- PUSH and PULL -------------------------------------------------------------------

compression=none keys="keep = yes"
hub_conf "$tls"
spoke_conf "$url"
start_hubd
wait_for 20 grep -q 'listening address' hubd.err
start daemon spoke -c spoke.conf daemon
daemon=$pid
ok "PUSH: a session is kept open" cycles 2
ok "PUSH: a cycle costs a request and its answer" few_bytes
diag "$cost bytes above the payload"
stop "$daemon"
stop "$hubd"

keys="$keys pull-interval = 1s"
pull_confs
start daemon spoke -c spoke.conf daemon
wait_for 20 grep -q 'listening address' daemon.err
start_hubd
ok "PULL: a session is kept open" cycles 2
ok "PULL: a cycle costs an answer and the next request" few_bytes
diag "$cost bytes above the payload"
done_testing
