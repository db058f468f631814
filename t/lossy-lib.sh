# Helpers for tests over a long line that loses packets, under real TCP: two
# network namespaces of the test's own, which nothing else sees and which end with
# it, and t/lossy_link between them.  Over t/stream-lib.sh.

near_address=192.0.2.1
far_address=192.0.2.2

need ip unshare nsenter perl
test "$(id -u)" -eq 0 || skip_all "only root can make network namespaces"
test -c /dev/net/tun || skip_all "no /dev/net/tun"

# --- The two ends --------------------------------------------------------------

# namespace NAME: as long as $pid lives, or five minutes.
namespace() {
	start "$1" unshare --net sleep 300
	wait_for 10 elsewhere "$pid" ||
	    skip_all "no network namespace: $(cat "$1.err")"
}
elsewhere() {
	test "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)"
}
# $near COMMAND...: at that end of the line.  $far COMMAND... too.
namespace near_end
near_pid=$pid near="nsenter --net=/proc/$pid/ns/net"
namespace far_end
far_pid=$pid far="nsenter --net=/proc/$pid/ns/net"
# The addresses are there without the line, as those of machines are.
$near ip link set lo up
$far ip link set lo up
$near ip addr add $near_address dev lo
$far ip addr add $far_address dev lo

# --- The line --------------------------------------------------------------------

# A round trip of 600 ms, 1 % of the packets lost, 2 Mbit/s, and what goes within
# a round trip may wait.  What TCP makes of a loss is the same for all: bbr does not
# take it for a full line, so that the line is the limit; without bbr, TCP is.
# SEED and CONGESTION are for those who look at other losses, and at cubic.
congestion="congctl ${CONGESTION-bbr}"
line_up() {
	start line "$top_builddir/t/lossy_link" "$near_pid" "$far_pid" \
	    delay 300 loss 10 rate 250 queue 150 seed "${SEED-1}"
	line=$pid
	wait_for 10 grep -q ready line.out || return
	$near ip link set line up
	$far ip link set line up
	routes || {
		congestion=
		routes
	}
}
# shellcheck disable=SC2086 # words
routes() {
	$near ip route replace $far_address dev line src $near_address \
	    $congestion 2>/dev/null &&
	    $far ip route replace $near_address dev line src $far_address \
		$congestion 2>/dev/null
}
# line_down: what it carried is in line.out.
line_down() {
	stop "$line"
}
line_up || skip_all "no line: $(cat line.err)"
line_down

# read_line up|down NAME: sets what it carried that way: $bytes; $lost packets and
# those that were $full too many; of the last three quarters of the bytes, when
# connections have found their speed, $ms; and how often the direction ran $dry
# between $from per cent of them and 95.
read_line() {
	read -r bytes lost full ms dry <<-EOT
	$(awk -v way="$1" -v from="$from" '
		$1 == way { n = $2; said = $2 " " $4 " " $6; ms = $8 }
		$2 != way { next }
		$1 == "at" && $3 >= n / 4 && !at { at = $4 }
		$1 == "dry" && $3 > n * from / 100 && $3 < n * 0.95 { dry++ }
		END { print said, ms - at, dry + 0 }' line.out)
	EOT
	diag "$2: $bytes bytes, $lost packets lost, $full dropped;" \
	    "$ms ms for three quarters, dry $dry times"
}

# --- What goes over it --------------------------------------------------------------

# backlog_of_fleet: a day of 4,000 values a cycle, as a fleet of devices has them.
backlog_of_fleet() {
	fresh
	sp status >/dev/null
	hub status >/dev/null
	"$top_builddir/t/bench/fleet_spool" fill gw/spool/alps 80 288
}

# plain up|down BYTES: so many by TCP alone.
cat >plain.pl <<'EOT'
use IO::Socket::INET;
my ($end, $way, $n) = @ARGV;
my ($s, $b);
if ($end eq "far") {
	my $l = IO::Socket::INET->new(Listen => 1, LocalPort => 7,
	    ReuseAddr => 1) or die;
	$| = 1; print "listening\n";
	$s = $l->accept;
} else {
	$s = IO::Socket::INET->new(PeerAddr => $end, PeerPort => 7) or die;
}
if (($way eq "up") == ($end ne "far")) {
	for ($b = "x" x 65536; $n > 0; $n -= length $b) {
		$b = substr $b, 0, $n;
		syswrite $s, $b;
	}
	shutdown $s, 1;
	sysread $s, $b, 1; # it has all
} else {
	while (sysread $s, $b, 65536) { }
}
EOT
plain() {
	start plain $far perl plain.pl far "$@"
	wait_for 10 test -s plain.out
	$near perl plain.pl $far_address "$@"
	stop "$pid"
}

# carried WHAT up|down FROM DRY COMMAND...: the backlog goes that way by the command,
# which runs near, and then as many bytes by TCP alone, over the same line with the
# same losses.  From FROM per cent of the bytes on nobody waits for the far end,
# where a batch a round trip would be waited for five times and more; DRY times it
# may be, once since this machine may have been busy.
carried() {
	what=$1 way=$2 from=$3 dry_most=$4
	shift 4
	line_up
	ok "$what: a day's backlog" $near "$@"
	line_down
	ok "$what: all is there" wait_for 20 same
	test -z "${KEEP-}" || diag "$(cat line.out)"
	read_line "$way" "$what"
	ours_ms=$ms
	test "$bytes" -gt 1000000 && test "$lost" -ge 3
	is "$what: it is one, over a line that loses" $? 0
	test "$dry" -le "$dry_most"
	is "$what: the line was left dry $dry times" $? 0
	line_up
	plain "$way" "$bytes"
	line_down
	test -z "${KEEP-}" || diag "$(cat line.out)"
	read_line "$way" "TCP alone"
	test "$ours_ms" -lt $((2 * ms + 3000))
	is "$what: $ours_ms ms, where TCP alone took $ms" $? 0
}

diag "600 ms, 1 % lost, 2 Mbit/s; ${congestion:-no bbr here}"
