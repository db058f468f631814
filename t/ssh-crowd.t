#!/bin/sh
# A crowd at a hub's sshd, set as doc/operations.md says: strangers who never say who
# they are, and a key that logs in again and again.  Another association delivers
# meanwhile.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
need perl ssh ssh-keygen

manual=$top_srcdir/doc/operations.md
value() {
	sed -n "s/^    $1 \([0-9:]*\).*/$1 \1/p" "$manual"
}
start_sshd "$(value MaxStartups)" "$(value PerSourceMaxStartups)" \
    "$(value LoginGraceTime)" || skip_all "no sshd, or no shell for it"
has "the manual says how many may come" "$sshd_dir/config" '^MaxStartups 100:'
has "and from one address" "$sshd_dir/config" '^PerSourceMaxStartups 10$'

for name in alps andes; do
	key_for $name "ASAN_OPTIONS=$ASAN_OPTIONS $hubctl -c $tmp/hub.conf receive $name"
done
both "$(over_ssh alps)"
association andes "$(over_ssh andes)" >andes
cat andes >>spoke.conf
cat andes >>hub.conf
sed -i 's/^node "noc" {/& sessions = 2/' hub.conf
# delivers WHAT: andes does, meanwhile.
values=0
delivers() {
	values=$((values + 1))
	ok "$1: another association has something" other_writes andes T1:$values
	delivers_begun=$(lib_now)
	ok "$1: it delivers" sp push --deadline 60s andes
	ok "$1: soon" test $(($(lib_now) - delivers_begun)) -le 45
	ok "$1: all is there" same andes
}
others_conf=spoke.conf
other_writes andes "level2-token:T1
level2-path:/m" CONFIG
delivers "nobody else"

# --- Strangers ---------------------------------------------------------------------------

# As many at a time as there is room for, and who is cut comes again.
start crowd perl -MIO::Socket::INET -MIO::Select -e '
	$| = 1;
	my $s = IO::Select->new;
	sub another {
		my $c = IO::Socket::INET->new(LocalAddr => "127.0.0.2",
		    PeerAddr => "127.0.0.1:$ARGV[0]") and $s->add($c) }
	another() for 1 .. 1000;
	print "there\n";
	while (1) {
		my $more = 50;
		for my $c ($s->can_read(0.2)) {
			sysread $c, my $x, 1e4 and next;
			$s->remove($c); close $c; another() if $more-- > 0 }
		select undef, undef, undef, 0.2 }' "$sshd_port"
crowd=$pid
ok "a thousand strangers come" wait_for 60 grep -q there crowd.out
turned_away() {
	grep -q 'drop connection .*\[127\.0\.0\.2\]' "$sshd_dir/log"
}
ok "sshd turns most of them away" wait_for 20 turned_away
delivers "a thousand strangers"
ok "they are still there" running "$crowd"
stop "$crowd" KILL

# --- A key of ours -----------------------------------------------------------------------

# The hub has places for two.
before=$(grep -c '^Accepted publickey' "$sshd_dir/log")
came() {
	test "$(grep -c '^Accepted publickey' "$sshd_dir/log")" -ge $((before + $1))
}
for n in 1 2 3 4 5 6; do
	start "login.$n" sh -c "while sleep 5 | timeout 10 $(ssh_client alps); do
		:; done"
done
ok "one logs in again and again" wait_for 60 came 8
delivers "a key that logs in all the time"
delivers "and goes on so"
ok "which it does" wait_for 60 came 12
done_testing
