#!/bin/sh
# More pushes in one second than the hub's sshd lets knock at a time: it turns most
# of them away, and each gets through by itself.  And hubs that hang up for good.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/storm-lib.sh"

need ssh-keygen perl
start_sshd "MaxStartups 2:100:2" || skip_all "no sshd"
storm_sites 12 || exit 99

storm
is "each push succeeds" "$(cat s*/status | sort | uniq -c | tr -s ' ')" " 12 0"
is "none says anything" "$(cat s*/out)" ""
is "all is delivered, once" "$(storm_delivered)" 12
has "though many were turned away" "$sshd_dir/log" '^drop connection'
is "and no hub is blamed" "$(for i in $(seq 12); do
	spoke -c "s$i/conf" status --json
done | grep -c '"refused":0')" 12

# hub_that_says WORDS: to whoever comes, and hangs up.
hub_that_says() {
	start rude perl -MIO::Socket::INET -e '
		$| = 1;
		my $l = IO::Socket::INET->new(Listen => 9, ReuseAddr => 1,
		    LocalAddr => "127.0.0.1:'"$sshd_port"'") or die;
		print "ready\n";
		while (my $c = $l->accept) {
			print "came\n";
			syswrite $c, $ARGV[0];
			close $c }' "$1"
	wait_for 20 grep -q ready rude.out
}
came() {
	grep -c came rude.out
}

stop "$sshd_pid"
hub_that_says "Exceeded MaxStartups
"
spoke -c s1/conf collect --now
exits "a hub that is always full: no other try when told so" 75 \
    spoke -c s1/conf push --tries 1
is "one it was" "$(came)" 1
has "it is told" err 'what=delivery.*handshake: .*MaxStartups'
spoke -c s2/conf collect --now
exits "two tries" 75 spoke -c s2/conf push --tries 2
is "are two, and one before" "$(came)" 3
is "told once, by one line" "$(grep -c . err)" 1
has "which says why" err 'handshake: .*next: '
exits "with -v" 75 spoke -v -c s2/conf push --tries 2
has "it tells of each" err '^spoke: again in [0-9]* ms association=s2: ssh .*handshake'
before=$(came)
exits "a deadline that leaves no time for another" 75 \
    spoke -c s2/conf push --deadline 1s
is "leaves it at one" "$(came)" $((before + 1))
for tries in 0 -1 101 x; do
	exits "--tries $tries" 64 spoke -c s2/conf push --tries "$tries"
done
stop "$pid"
# at_once WHAT: it fails as it should, and is not waited for.
at_once() {
	before=$(lib_now)
	exits "$1" 75 spoke -v -c s3/conf push --always
	test $(($(lib_now) - before)) -lt 5
	is "is told at once" $? 0
	lacks "for there is nothing to wait for" err 'again in'
}
at_once "nobody there"
for words in "" SSH-2.0-Open; do
	hub_that_says "$words"
	at_once "a hub that hangs up on us after '$words'"
	is "it was called once" "$(came)" 1
	stop "$pid"
done
done_testing
