#!/bin/sh
# Far ends that are silent, that send a byte in ten seconds, and that do not read,
# met by who dials and by who is called, in push and in pull: all at once, each with
# an association of its own.  Over pipes, ssh and http the far end takes its time in
# our protocol, over tcp where HTTP is expected, over sshd where SSH is, before there
# is a channel.  Where rsync is run it is silent, behind
# a login or as a daemon, or not there.  Each session ends by itself, in its time;
# others deliver meanwhile.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

carriers=pipes http= sshd=
has_ssh && carriers="$carriers ssh" && command -v perl >/dev/null && sshd=1
has_http && carriers="$carriers http tcp" http=1
has_rsync() {
	command -v rsync >/dev/null && command -v perl >/dev/null
}
diag "over $carriers$(has_rsync && echo " and rsync")"

# --- Who meets whom -------------------------------------------------------------

# The last ones: a session that is to be kept, in which nothing is said.
for carrier in $carriers; do
	for way in push-dials push-called pull-dials pull-called; do
		for act in silence drip deaf; do
			echo "$carrier-$way-$act"
		done
	done
	test "$carrier" = tcp || echo "$carrier-push-called-held"
done >names
has_rsync && for mode in push pull; do
	for what in rsync rsyncd; do
		echo "$what-$mode-dials-silence"
	done
	echo "rsyncd-$mode-dials-drip"
	echo "rsyncd-$mode-dials-away"
done >>names
test -z "$sshd" || for mode in push pull; do
	for act in silence drip packet away; do
		echo "sshd-$mode-dials-$act"
	done
	test ! -x "$top_builddir/t/ssh_flood" || echo "sshd-$mode-dials-mute"
done >>names
# Associations that deliver meanwhile.
goes_on=$(echo "$carriers" | sed 's/tcp/pulled/')

# parts NAME: sets its $carrier, $mode, $end, $act, and the $victim, spoke or hub.
parts() {
	carrier=${1%%-*} act=${1##*-}
	end=${1#*-} end=${end%-*}
	mode=${end%-*} end=${end#*-}
	case $1 in
	pulled) carrier=http mode=pull end=called ;;
	pipes | ssh | http) mode=push end=called ;;
	esac
	case $mode-$end in
	push-dials | pull-called) victim=spoke hostile=hub ;;
	*) victim=hub hostile=spoke ;;
	esac
	test "$act" = held && keep=yes || keep=no
}
# ours NAME: the end that is called.
ours() {
	test "$victim" = spoke && echo "$spoke -c $tmp/spoke.conf serve $1" ||
	    echo "$hubctl -c $tmp/hub.conf receive $1"
}
# far NAME: what the one who dials meets.
far() {
	if test "$act" = "$1"; then
		echo "env ASAN_OPTIONS=$ASAN_OPTIONS $(ours "$1")"
	elif test "$end" = dials; then
		echo "$peer $hostile $mode $1 $act"
	else
		echo "/bin/sh $tmp/victim.sh $1 $(ours "$1")"
	fi
}
# port NAME: where who dials it over http gets to.
port() {
	case $carrier-$end-$mode-$act in
	tcp-dials-*) eval "echo \$${act}_port" ;;
	*-called-push-*) echo "$hub_port" ;;
	*-called-pull-*) echo "$daemon_port" ;;
	rsyncd-*-drip) echo "$motd_port" ;;
	sshd-*-mute) eval "echo \$mute_${mode}_port" ;;
	rsyncd-* | sshd-*) eval "echo \$${act}_port" ;;
	*-push-*) echo "$far_push_port" ;;
	*) echo "$far_pull_port" ;;
	esac
}
# block NAME: of the configurations.
block() {
	block_name=$1
	set -- "mode = $mode keep = $keep compression = none"
	# shellcheck disable=SC2046 # words
	case $carrier in
	pipes) association "$block_name" "transport = exec $1 exec {
	    command = {$(argv $(far "$block_name"))}
	    env = {\"ASAN_OPTIONS=$ASAN_OPTIONS\"} }" ;;
	ssh)
		key_for "$block_name" $(far "$block_name")
		association "$block_name" "$1 $(over_ssh "$block_name")"
		;;
	sshd)
		key_for "$block_name" false
		# shellcheck disable=SC2030 # in this block alone
		association "$block_name" \
		    "$1 $(sshd_port=$(port) && over_ssh "$block_name")"
		;;
	rsync) association "$block_name" "transport = rsync $1 rsync {
	    put = \"far:in\" get = \"far:out\" rsh = {\"$tmp/silent\"} }" ;;
	rsyncd)
		block_far=rsync://127.0.0.1:$(port)
		association "$block_name" "transport = rsync $1 rsync {
		    put = \"$block_far/in\" get = \"$block_far/out\" }"
		;;
	*) association "$block_name" "$1 $(over_http "$block_name" "$(port)")" ;;
	esac
}
# blocks ERE: of those names.
blocks() {
	cat names - <<-EOT | grep -E "$1" | while read -r name; do
	$(printf '%s\n' $goes_on)
	EOT
		cat "block.$name"
	done
}

# --- Configurations ---------------------------------------------------------------

for port in hub daemon far_push far_pull silence drip packet deaf away motd; do
	eval "${port}_port=$(free_port)"
done
# One that agrees on keys, and does not answer who asks to be let in.
grep -q 'mute$' names && for mode in push pull; do
	start "mute_$mode" "$top_builddir/t/ssh_flood" mute
	wait_for 10 test -s "mute_$mode.out"
	read -r port key <"mute_$mode.out"
	eval "mute_${mode}_port=$port"
	echo "[127.0.0.1]:$port ssh-ed25519 $key" >>"$sshd_dir/known_hosts"
done
for name in $(cat names) $goes_on; do
	parts "$name"
	block "$name" >"block.$name"
done
# conf NODE PORT ERE: it would listen there.
conf() {
	side "$1"
	blocks "$3"
	test -z "$http" || echo "web { listen = \"127.0.0.1:$2\" }"
}
conf gw "$daemon_port" . >spoke.conf
conf noc "$hub_port" . >hub.conf
# A daemon has those in which it is called: it dials all others by itself.  So has
# the listener of a far end that is hostile.
conf gw "$daemon_port" '^(http|tcp)-pull-called|^pulled$' >daemon.conf
{
	conf noc "$hub_port" '^(http|tcp)-push-called|^http$'
	stores
} >hubd.conf
conf noc "$far_push_port" '^http-push-dials' >far_push.conf
conf gw "$far_pull_port" '^http-pull-dials' >far_pull.conf
chmod 600 ./*.conf

# A victim's status, and the seconds it took, are its own: not what ssh makes of them.
cat >victim.sh <<EOT
cd "$tmp"
export ASAN_OPTIONS="$ASAN_OPTIONS" PATH="$PATH"
name=\$1
shift
read -r begun _ </proc/uptime
"$peak" peaks "\$@" 2>"\$name.err"
status=\$?
read -r ended _ </proc/uptime
echo "\$status \$((\${ended%.*} - \${begun%.*}))" >"\$name.new"
mv "\$name.new" "\$name.status"
EOT

cat >silent <<'EOT'
#!/bin/sh
exec sleep 200
EOT
chmod +x silent

# More than every pipe and window holds, and what there always is.
{
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/m\n.\n' \
	    "$(date +%s)"
	echo "Type:DATA
Timestamp:$(date +%s)

T1:1
."
} >little
awk -v t="$(date +%s)" 'BEGIN {
	printf "Type:CONFIG\nTimestamp:%d\n\n", t
	for (i = 1; i <= 2500; i++)
		printf "%slevel2-token:T%d\nlevel2-path:/m%d\n", \
		    (i > 1 ? ";\n" : ""), i, i
	print "."
	for (m = 0; m < 150; m++) {
		printf "Type:DATA\nTimestamp:%d\n\n", t
		for (i = 1; i <= 2500; i++)
			printf "T%d:1234567890\n", i
		print "." } }' >much
hub status >/dev/null 2>&1
while read -r name; do
	parts "$name"
	case $victim-$act in
	spoke-deaf) sp write "$name" <much ;;
	spoke-*) sp write "$name" <little ;;
	hub-deaf) "$top_builddir/t/put_resync" "noc/spool/$name" 0 1000 10000 ;;
	*) "$top_builddir/t/put_resync" "noc/spool/$name" 0 ;;
	esac || fail "$name: there is something to deliver"
done <names
for name in $goes_on; do
	sp write "$name" <little
done

# --- Ends of http -------------------------------------------------------------------

# On a connection with our port, what one does who is known: it never sends the body
# that it announces, or a byte of it in ten seconds, or asks for all and does not
# read the answers, or, in the words of HTTP alone, that it is there.
cat >client.pl <<'EOT'
use IO::Socket::INET;
$SIG{PIPE} = "IGNORE";
my ($act, $port, $token, $hello) = @ARGV;
my ($s, $at) = (undef, 0);
sub dial {
	$s = IO::Socket::INET->new(Proto => "tcp") or die;
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack "i", 4096;
	connect $s, pack_sockaddr_in($port, inet_aton "127.0.0.1") or die }
sub head {
	syswrite $s, sprintf "POST /axletree/1 HTTP/1.1\r\nHost: h\r\n" .
	    "Authorization: Bearer %s\r\nAxletree-Session: %s %d 0 wait\r\n" .
	    "Content-Length: %d\r\n\r\n", $token, "7" x 32, $at, $_[0] }
sub pause { select undef, undef, undef, $_[0] }
open my $f, "<", $hello or die;
my $body = do { local $/; <$f> };
dial();
if ($act eq "empty") {
	for (1 .. 10) { head(0); while (sysread $s, my $x, 1) { last if $x eq "\n" } }
} elsif ($act eq "deaf") {
	for (1 .. 60) {
		head(length $body); syswrite $s, $body;
		$at += length $body; $body = "";
		pause(0.1) }
} else {
	head(1000);
	if ($act eq "drip") { for (split //, $body) { syswrite $s, $_; pause(10) } }
}
pause(200);
EOT
# A server of no HTTP, no SSH and no rsync: one that says nothing, one that sends a head
# by a byte in ten seconds, or SSH's first packet, or, as a daemon of rsync, words of the
# day; one that does not read, one that takes no connection.
cat >server.pl <<'EOT'
use IO::Socket::INET;
$SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE";
my ($act, $port) = @ARGV;
my $s = IO::Socket::INET->new(Proto => "tcp", ReuseAddr => 1) or die;
setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack "i", 4096 if $act eq "deaf";
bind $s, pack_sockaddr_in($port, inet_aton "127.0.0.1") or die;
listen $s, $act eq "away" ? 0 : 10 or die;
$| = 1;
my @others = map { IO::Socket::INET->new(Blocking => 0, PeerAddr => "127.0.0.1",
	PeerPort => $port) } $act eq "away" ? 1 .. 3 : ();
print "listening\n";
sleep 200 if $act eq "away";
while (accept my $c, $s) {
	next if fork;
	syswrite $c, "\@RSYNCD: 31.0 sha1\n" if $act eq "motd";
	syswrite $c, "SSH-2.0-x\r\n" if $act eq "packet";
	if ($act eq "drip" or $act eq "motd" or $act eq "packet") {
		my $long = $act eq "packet" ? "\0\0\1\0" : "";
		for (split //, $long . "HTTP/1.1 200 OK, and so on") {
			syswrite $c, $_;
			select undef, undef, undef, 10 } }
	while ($act eq "silence" and sysread $c, my $x, 65536) { }
	sleep 200; exit }
EOT
# far_listener MODE ROLE: hostile to who dials it over http.
far_listener() {
	start "far_$1" "$top_builddir/t/http_answer" "far_$1.conf" "$2" run \
	    sh -c "exec $peer $2 $1 \"\$ASSOCIATION\" \"\${ASSOCIATION##*-}\""
	wait_for 10 grep -q listening "far_$1.out"
}
if test -n "$http"; then
	"$peer" hub pull tcp-pull-called-deaf hello </dev/null >hello.hub
	"$peer" spoke push tcp-push-called-deaf hello </dev/null >hello.spoke
	start hubd "$peak" "$tmp/peaks" hubd -c hubd.conf
	hubd=$pid
	start daemon "$peak" "$tmp/peaks" spoke -c daemon.conf daemon
	daemon=$pid
	far_listener push hub
	far_listener pull spoke
	wait_for 20 grep -q 'listening address' hubd.err
	wait_for 20 grep -q 'listening address' daemon.err
fi
for act in $(test -z "$http" || echo silence drip deaf) \
    $(has_rsync && echo silence away motd) \
    $(test -z "$sshd" || echo silence drip packet away); do
	test ! -e "server.$act.out" || continue
	eval "port=\$${act}_port"
	start "server.$act" perl server.pl "$act" "$port"
	wait_for 10 grep -q listening "server.$act.out"
done

# --- All at once -------------------------------------------------------------------

# meets NAME: the victim has its session.
meets() {
	what=$act
	test "$act" != held || what=kept-hello
	dialer="$top_builddir/t/ssh_dial $victim.conf $1 150"
	# shellcheck disable=SC2046,SC2086 # words
	case $carrier-$end-$act in
	pipes-called-*) set -- "$1" "$peer" "$hostile" "$mode" "$1" "$what" \
	    $(far "$1") ;;
	ssh-called-*) set -- "$1" "$peer" "$hostile" "$mode" "$1" "$what" \
	    $(ssh_client "$1") ;;
	http-called-silence) set -- "$1" perl client.pl empty "$(port)" \
	    "$(cat "$1.token")" hello.$hostile ;;
	http-called-*) set -- "$1" timeout 150 \
	    "$peer" "$hostile" "$mode" "$1" "$what" $dialer ;;
	tcp-called-*) set -- "$1" perl client.pl "$act" "$(port)" \
	    "$(cat "$1.token")" hello.$hostile ;;
	*) set -- "$1" sh victim.sh "$1" $(test $victim = spoke &&
	    echo "$spoke -c spoke.conf push" || echo "$hubctl -c hub.conf pull") \
	    "$1" ;;
	esac
	meets_name=$1
	shift
	start "at.$meets_name" "$@"
}
begun=$(lib_now)
while read -r name; do
	parts "$name"
	meets "$name"
done <names
for name in $goes_on; do
	if test "$name" = pulled; then
		ok "meanwhile another association is pulled" hub pull pulled
	else
		ok "meanwhile another one delivers, over $name" sp push "$name"
	fi
	ok "all that it has" wait_for 10 same "$name"
done
is "while those that do not read are there" "$(ls pipes-*-deaf.status 2>/dev/null)" ""

# --- What became of them ---------------------------------------------------------------

# said NAME: what a daemon logged of its session, as its victim's error; how long it
# took.
said() {
	test $victim = hub && said_daemon=hubd || said_daemon=daemon
	grep "association=$1: " $said_daemon.err >"$1.said" || return
	mv "$1.said" "$1.err"
	echo "75 $(($(lib_now) - begun))" >"$1.status"
}
# all_over: each one has its status.
all_over() {
	all_left=0
	while read -r name; do
		parts "$name"
		test -e "$name.status" && continue
		case $carrier-$end in
		http-called | tcp-called) said "$name" && continue ;;
		esac
		all_left=$((all_left + 1))
	done <names
	test $all_left -eq 0
}
ok "each of them ends" wait_for 150 all_over

# Who must be silent for 30 s, who may be so slow, who does not read for 75 s; and
# the seconds of a busy machine.  Over http who does not read is not heard either,
# and what comes too slowly for HTTP is nothing of ours.  Rsync waits for 60 s, and looks
# at its clock in steps of half of that; for a connection to a daemon, 30 s.
while read -r name; do
	parts "$name"
	case $carrier-$act in
	rsync*-silence) least=59 most=120 why='rsync: no answer in time' ;;
	rsyncd-drip) least=119 most=170 why='rsync: the far end is too slow' ;;
	rsyncd-away) least=29 most=75 why='rsync: nobody answers' ;;
	sshd-away) least=19 most=75 why='connect: no answer' ;;
	sshd-mute) least=29 most=75 why='login: the far end was silent for 30 s' ;;
	sshd-drip | sshd-packet)
		least=29 most=75 why='handshake: the far end is too slow'
		;;
	*-silence) least=29 most=75 why='the far end was silent for 30 s' ;;
	tcp-drip) least=29 most=75 why='the far end was silent for 30 s' ;;
	*-drip) least=10 most=55 why='the far end is too slow' ;;
	http-deaf | tcp-deaf)
		least=29 most=120 why='the far end (was silent for 30 s|does not read)'
		;;
	*-deaf) least=74 most=120 why='the far end does not read' ;;
	*-held) least=74 most=120 why='the far end was silent for 75 s' ;;
	esac
	status='' took=0
	test ! -e "$name.status" || read -r status took <"$name.status"
	is "$name: it ends by itself" "$status" 75
	has "$name: it says why" "$name.err" "$why"
	ok "$name: in time: $took s" test "$took" -ge $least -a "$took" -le $most
done <names

sp status --json >spoke.json
hub status --json >hub.json
while read -r name; do
	parts "$name"
	grep "\"association\":\"$name\"" $victim.json >status
	if test $victim = spoke; then
		has "$name: nothing is deleted" status '"acked_msgid":null'
		has "$name: all still waits" status '"waiting_messages":(2|151)\b'
	else
		has "$name: nothing is stored" status '"last_msgid":null'
		ok "$name: nothing is deleted" \
		    sh -c "ls noc/spool/$name/outbox/*.msgs"
	fi
	case $act in
	# nobody is there: no silence, and nothing refused
	away) has "$name: it is not counted" status '"refused":0,' ;;
	*) has "$name: it is counted" status '"refused":[1-9]' ;;
	esac
done <names
if test -n "$http"; then
	stop "$hubd" TERM 30
	is "hubd ends well" $? 0
	stop "$daemon" TERM 30
	is "so does spoke daemon" $? 0
fi
stayed_small "all of them"
done_testing
