#!/bin/sh
# Transport http through proxies that do not pass on bodies as they come: a backlog
# goes through one that takes no chunks, one that takes a megabyte at most, and one
# that has all of a body first.  What one does not take, or slowly, is not on the wire.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

# proxy PORT KIND: from there to the listener; each connection has one request.
cat >proxy.pl <<'EOT'
use strict;
use IO::Socket::INET;
my ($from, $to, $kind) = @ARGV;
my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$from", Listen => 50,
    ReuseAddr => 1) or die;
$SIG{CHLD} = "IGNORE";
$| = 1;
print "there\n";
while (my $c = $l->accept) {
	next if fork;
	close $l;
	my ($head, $length, $chunks, $body) = ("", 0, 0, "");
	while (defined(my $line = <$c>)) {
		last if $line eq "\r\n";
		if ($line =~ /^Content-Length: (\d+)/i) { $length = $1 }
		elsif ($line =~ /^Transfer-Encoding: chunked/i) { $chunks = 1 }
		else { $head .= $line }
	}
	refuse($c, 411) if $chunks && $kind eq "lengths";
	sleep 10 if $chunks && $kind eq "stuck";
	pass($c, $head) if $chunks && $kind eq "slow";
	while ($chunks) {
		my $n = hex <$c>;
		read $c, $body, $n, length $body;
		<$c>;
		last if $n == 0;
		refuse($c, 413) if $kind eq "small" && length $body > 1 << 20;
	}
	read $c, $body, $length if $length;
	my $s = IO::Socket::INET->new("127.0.0.1:$to") or die;
	seen($chunks ? "chunks " . length $body : "length");
	print $s $head . "Connection: close\r\n" . ($chunks
	    ? sprintf "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		length $body, $body
	    : "Content-Length: $length\r\n\r\n$body");
	$s->flush;
	while (sysread $s, $body, 65536) { syswrite $c, $body }
	exit;
}
sub pass { # 400 KB a second
	my ($c, $head) = @_;
	my $s = IO::Socket::INET->new("127.0.0.1:$to") or die;
	my ($n, $body) = 1;
	print $s $head . "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
	while ($n) {
		$n = hex <$c>;
		read $c, $body, $n;
		<$c>;
		printf $s "%x\r\n%s\r\n", $n, $body;
		$s->flush;
		select undef, undef, undef, $n / 400000;
	}
	while (sysread $s, $body, 65536) { syswrite $c, $body }
	exit;
}
sub seen { open my $f, ">>", "proxy.seen"; print $f "@_\n"; }
sub refuse {
	my ($c, $status) = @_;
	seen($status);
	syswrite $c, "HTTP/1.1 $status No\r\nContent-Length: 0\r\n"
	    . "Connection: close\r\n\r\n";
	shutdown $c, 1;
	1 while sysread $c, $_, 65536; # or the answer may be lost
	exit;
}
EOT
proxied=$(free_port)
proxy() {
	rm -f proxy.out proxy.seen
	start proxy perl proxy.pl "$proxied" "$port" "$1"
	proxy=$pid
	wait_for 10 test -s proxy.out || diag "$(cat proxy.err)"
}
# shellcheck disable=SC2034 # for http-lib.sh
compression=none
hub_conf ''
spoke_conf "http://127.0.0.1:$proxied/" 'token = alps.token'
through() {
	fresh
	listen hub
	proxy "$1"
	ok "$1: a backlog of 4 MB" sh -c "$(command -v spoke) -c spoke.conf write alps <backlog"
	ok "$1: it is pushed" sp push alps
	is "$1: all of it came" "$(arrived | sha256sum)" "$(written | sha256sum)"
	stop "$proxy"
	stop "$listener"
}
backlog 130 >backlog
through lengths
is "chunks are tried once, then none" \
    "$(sort proxy.seen | uniq -c | awk '{ print $2, ($1 == 1) }' | paste -sd' ')" \
    "411 1 length 0"
through small
is "much is tried once, then less" "$(grep -c 413 proxy.seen)" 1
ok "in chunks" grep -q chunks proxy.seen
through gather
ok "in chunks, and much at once" grep -Eq 'chunks [0-9]{7}' proxy.seen
lacks "without a refusal" proxy.seen '^4'

fresh
listen hub
proxy stuck
ok "stuck: a backlog" sp write <backlog
exits "stuck: the deadline ends it" 75 sp push --deadline 5s alps
used=$(spoke_has wire_bytes_month)
ok "stuck: what did not go is not counted, $used bytes did" \
    test "$used" -gt 1000 -a "$used" -lt 1000000
stop "$proxy"
stop "$listener"

fresh
keys='keep = yes budget = 1M'
hub_conf ''
spoke_conf "http://127.0.0.1:$proxied/" 'token = alps.token'
listen hub
proxy slow
ok "slow: a backlog" sp write <backlog
start daemon spoke -c spoke.conf daemon
daemon=$pid
soon_has "slow: the budget is used up" daemon.err what=budget-spent
used=$(sed -n 's/.*what=budget-spent: *\([0-9]*\) of.*/\1/p' daemon.err)
ok "slow: as is seen soon, when $used bytes went" \
    test "${used:-0}" -gt 1000000 -a "${used:-0}" -lt 1500000
stop "$listener"
stop "$proxy"
stop "$daemon" TERM 30
done_testing
