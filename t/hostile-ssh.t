#!/bin/sh
# As t/hostile-peer.t, over a real sshd: its forced command is hostile to who dials,
# or OpenSSH's client brings a hostile end to ours.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"
need perl
has_ssh || skip_all "no ssh or sshd, or no shell for it"

# answers MODE NAME: the far side that is ours.
answers() {
	echo "ASAN_OPTIONS=${ASAN_OPTIONS-}"
	echo "$peak $tmp/peaks"
	test "$1" = push && echo "$hubctl -c $tmp/hub.conf receive $2" ||
	    echo "$spoke -c $tmp/spoke.conf serve $2"
}
andes() {
	association andes "keep = yes $(over_ssh andes)"
}
# authorize WORD...: what alps may do; andes may deliver.
authorize() {
	: >"$sshd_dir/authorized_keys"
	key_for alps "$*"
	# shellcheck disable=SC2046 # words
	key_for andes $(answers push andes)
}
carried() {
	carried_mode=$1
	shift
	authorize "$@"
	both "mode = $carried_mode $(over_ssh alps)"
	andes >>spoke.conf
	andes >>hub.conf
}
calls() {
	# shellcheck disable=SC2046 # words
	authorize $(answers "$1" alps)
	shift
	# shellcheck disable=SC2046 # words
	dials "$@" $(ssh_client alps)
}

# Servers that do not get as far as a channel.
cat >server.pl <<'EOT'
use IO::Socket::INET;
$SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE"; $| = 1;
my $act = shift;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
print $s->sockport, "\n";
while (my $c = $s->accept) {
	next if fork;
	if ($act eq "random") {
		syswrite $c, pack "C*", map { int rand 256 } 1 .. 100000 for 1 .. 20
	} elsif ($act eq "banner") {
		1 while syswrite $c, "x" x 65536 . "\n"
	} elsif ($act eq "huge") {
		syswrite $c, "SSH-2.0-x\r\n\xff\xff\xff\xf0" . "x" x 1000
	} else {
		syswrite $c, "SSH-1.5-x\r\n" }
	1 while sysread $c, my $x, 65536;
	exit }
EOT
# below ACT ERE: who dials meets that one.
below() {
	start "server.$1" perl server.pl "$1"
	below_server=$pid below_port=$sshd_port
	wait_for 10 test -s "server.$1.out"
	for below_mode in push pull; do
		sshd_port=$(cat "server.$1.out")
		carried $below_mode true
		sshd_port=$below_port
		case $below_mode in
		push)
			victim=spoke
			meanwhile andes dials spoke -c spoke.conf push \
			    --always alps
			;;
		pull)
			victim=hub
			meanwhile andes dials hubctl -c hub.conf pull alps
			;;
		esac
		met "$1 below the channel, in $below_mode" 76 "$2"
	done
	stop "$below_server" KILL
}

acts_beside andes
coded push
coded pull
below random 'handshake: is it an SSH server'
below banner 'handshake: is it an SSH server'
below huge 'handshake: its first packet would have [0-9]+ bytes'
below old 'handshake: it speaks SSH 1\.5, not 2\.0'

# Whatever a client asks for, its key may do one thing: it is alps, and runs nothing.
carried push true
# shellcheck disable=SC2046 # words
authorize $(answers push alps)
victim=hub
for words in 'receive andes; id' 'hubctl receive andes' '; id' id; do
	# shellcheck disable=SC2046 # words
	meanwhile andes dials "$peer" spoke push alps other-association \
	    $(ssh_client alps | sed 's/ axletree$//') "$words"
	met "who asks for \"$words\"" 78 'speaks for association andes'
	lacks "\"$words\": nothing else is run" err 'uid='
done
others_end
stayed_small "all of them"
done_testing
