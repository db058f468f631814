#!/bin/sh
# As t/hostile-peer.t for what is carried as files: each end that looks at what
# others brought, by dir and by rsync, finds a list of hostile things among what is
# meant for it.  One look tells, counts and puts away; another association delivers
# in the same run, and so does the one that was attacked.  Then far ends that are no
# rsync.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

need rsync perl

# --- Both ends -------------------------------------------------------------------

# block END OTHER NAME: where END finds the other one; signs END OTHER NAME: its keys.
block() {
	case $transport-$mode-$1${far:+-$3-$far} in
	dir-*) echo "dir { path = \"$tmp/share\" }" ;;
	rsync-*-alps-motd)
		echo "rsync { put = \"rsync://127.0.0.1:$motd_port/in\""
		echo "get = \"rsync://127.0.0.1:$motd_port/out\" }"
		;;
	rsync-push-gw-alps-* | rsync-pull-noc-alps-*)
		echo "rsync { put = \"far:in\" get = \"far:out\""
		echo "rsh = {\"$tmp/far\", \"$far\"} }"
		;;
	rsync-push-gw* | rsync-pull-noc*)
		echo "rsync { put = \"$tmp/$2/spool/$3/staging\""
		echo "get = \"$tmp/$2/spool/$3/outbox\" }"
		;;
	esac
}
signs() {
	test "$transport" != dir ||
	    echo "sign-key = \"$tmp/$1.$3\" verify-key = \"$tmp/$2.$3.pub\""
}
# A far end that is no rsync is what $far says; a daemon has words of the day.
far=
cat >far <<'EOT'
#!/bin/sh
case $1 in
noise) exec cat /dev/urandom ;;
banner) exec yes "Welcome to the machine" ;;
errors) yes noise | head -c 20000000 >&2; exit 5 ;;
silence) exec sleep 600 ;;
esac
EOT
chmod +x far
start motd perl -MIO::Socket::INET -e '$SIG{PIPE} = "IGNORE"; $| = 1;
	my $s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1") or die;
	print $s->sockport, "\n";
	while (my $c = $s->accept) {
		syswrite $c, "\@RSYNCD: 31.0 sha1\n"; sysread $c, my $x, 99;
		1 while syswrite $c, "Welcome to the machine\n" x 1000 }'
wait_for 10 test -s motd.out
motd_port=$(cat motd.out)
# conf END OTHER
conf() {
	side "$1"
	for conf_name in alps andes; do
		association $conf_name "transport = $transport mode = $mode
		    compression = gzip $(signs "$1" "$2" "$conf_name")
		    $(block "$1" "$2" $conf_name)"
	done
}
configured() {
	conf gw noc >spoke.conf
	{
		conf noc gw
		stores
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
# begin TRANSPORT MODE: two nodes that know each other.
begin() {
	transport=$1 mode=$2
	rm -rf gw noc share
	mkdir -m 700 gw noc share
	configured
	test "$transport" != dir || test -e gw.alps || for begin_key in \
	    gw.alps gw.andes noc.alps noc.andes; do
		sp keygen --sign $begin_key || return
	done
	write 'level2-token:T1
level2-path:/m' CONFIG
	write T1:0
	settle
	asks
	settle || fail "$transport $mode: both ends know each other"
}
# write BODY [TYPE]: for both associations.
write() {
	printf 'Type:%s\nTimestamp:%s\n\n%s\n.\n' "${2-DATA}" "$(date +%s)" \
	    "$1" >message
	sp write <message
}
# asks: a message of the hub's for both, made ready; gw is to answer each.
asks() {
	for asks_name in alps andes; do
		"$top_builddir/t/put_resync" "noc/spool/$asks_name" 0
	done
}
# exchange: all that there is to say, both ways.
exchange() {
	case $transport-$mode in
	dir-push) sp push --always && hub pull --always && sp push --always ;;
	rsync-push) hubd_looks && sp push --always && hubd_looks ;;
	rsync-pull) hub pull --always && sp collect && hub pull --always ;;
	esac
}
settle() {
	wait_for 60 settled_all
}
settled_all() {
	exchange && settled alps && settled andes
}
settled() {
	test "$(spoke_has waiting_messages "$1")" = 0
}
hubd_looks() {
	start_hubd
	wait_for 20 hubd_looked
	hubd_took=$?
	stop "$hubd"
	return $hubd_took
}
# What came is taken, and what is asked is made ready.
hubd_looked() {
	hubd_looked_at alps && hubd_looked_at andes
}
hubd_looked_at() {
	test -d "noc/spool/$1/outbox" &&
	    test "$(files "noc/spool/$1/staging")" = 0 &&
	    test "$(files "noc/spool/$1/outbox" '*.msgs')" = \
	    "$(files "noc/spool/$1/outbox" '*.msgs.gz')"
}

# --- The list ---------------------------------------------------------------------

number() {
	printf '%020d-%020d.msgs.gz' "$1" "$1"
}
# lay DIRECTORY here|fetched ACK: what is hostile there; sets how many are refused as
# files, how many are names of nobody's.  Rsync fetches no links, pipes and sockets, and
# nothing that is not ours by its name; at the far end it reads all of a file.
lay() {
	lies=$1
	cd "$lies" || return
	ln -s "$tmp/hub.conf" "$(number 901)"
	ln "$tmp/secret" "$(number 902)"
	mkfifo "$(number 903)"
	mkdir "$(number 904)"
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0],
	    Listen => 1) or die' "$(number 905)"
	test "$2" = fetched || truncate -s 1T "$(number 906)"
	echo x >"$(number 907)"
	chmod 4600 "$(number 907)"
	# not what they say: random bytes, a cut stream, a bomb, another message
	head -c 5000 /dev/urandom >"$(number 908)"
	gzip -c "$tmp/message" | head -c 40 >"$(number 909)"
	cp "$tmp/bomb.gz" "$(number 910)"
	gzip -c "$tmp/message" >"$(number 911)"
	lay_refused=11
	for lay_name in -rf '*' 'a b' '..x' '..%2f..%2fetc' 'a
b' "$(printf '%0200d' 0)" "$(number 912).gz" "+$(number 913)"; do
		echo x >"./$lay_name"
	done
	lay_ignored=9
	test "$2" != fetched || lay_refused=7 lay_ignored=0
	# with dir: the signature of something else
	test "$transport" != dir || for lay_n in 902 906 907 908 909 910 911; do
		cp "$tmp/other.sig" "$(number $lay_n).sig"
	done
	# an acknowledgement of what was never sent
	test "$tmp/$3" -ef ack || cp "$tmp/$3" ack
	sed 's/^\([0-9a-f]\{32\}\) [0-9]* /\1 1000000 /
	    s/^heard .*/heard none/
	    /^end /,$d' ack >../forged
	printf 'end crc32=%s\n' "$(gzip -c ../forged | tail -c 8 |
	    od -An -tx4 -N4 | tr -d ' ')" >>../forged
	mv ../forged ack
	cd "$tmp" || return
}
echo secret >secret
head -c 100000000 /dev/zero | gzip -9 >bomb.gz

# attacked WHAT VICTIM STATUS COMMAND...: it looks at all that lies there.
attacked() {
	what=$1 victim=$2 status=$3
	shift 3
	refused_before=$("${victim}_has" refused) others_before=$(configs andes)
	attacked_before=$(configs alps)
	begun=$(lib_now)
	timeout 60 "$peak" peaks "$@" >out 2>look
	is "$what: ends with $status" $? "$status"
	made_of_it
}
made_of_it() {
	ok "$what: soon" test $(($(lib_now) - begun)) -le 30
	ok "$what: another association delivers in the same run" arrived andes \
	    "$others_before"
	ok "$what: so does this one" arrived alps "$attacked_before"
	is "$what: each file is logged" \
	    "$(grep -c 'refused association=alps file=' look)" $lay_refused
	is "$what: and told, in one message" \
	    "$(grep -c 'what=refused: carried files are refused' look)" 1
	# an acknowledgement counts with each look, of which a run may have two
	made_counted=$(($("${victim}_has" refused) - refused_before -
	    lay_refused - lay_ignored))
	ok "$what: all is counted" test $made_counted -ge 1 -a $made_counted -le 2
	is "$what: for no other" "$("${victim}_has" refused andes)" 0
	has "$what: so is what was never sent" look \
	    '(fit nothing were ignored|acknowledgement is not believed)'
	test $lay_ignored -eq 0 || has "$what: and whose it is not" look \
	    "not ours .*count=$lay_ignored\$"
	is "$what: what links lead to stays" "$(cat secret)" secret
	for made_file in "$lies"/*9[0-9][0-9]-*; do
		rm -rf "$made_file"
	done
	rm -f "$lies/ack" # the other end's next run writes its own
}
# configs NAME: how many the spoke wrote, to answer the hub.  arrived NAME N: what
# the victim should have, it has.
configs() {
	sp messages "$1" | grep -c '^Type:CONFIG$'
}
arrived() {
	if test $victim = hub; then
		sp messages "$1" >sent.txt && hub messages "$1" >got.txt &&
		    cmp sent.txt got.txt
	else
		test "$(configs "$1")" -gt "$2"
	fi
}
# again WHAT STATUS COMMAND...: nothing of it is counted twice, and it is over.
again() {
	refused_before=$("${victim}_has" refused)
	exits "$what: and again" "$@"
	is "$what: nothing is counted twice" "$("${victim}_has" refused)" \
	    "$refused_before"
}

begin dir push || skip_all "no libsodium"
sed -n 's/^sig //p' share/andes/to-spoke/ack >other.sig
write T1:1
sp push
lay share/alps/to-hub here share/alps/to-hub/ack
attacked "dir, to the hub" hub 65 hubctl -v -c hub.conf pull
again 0 hub pull
settle
asks
hub pull
lay share/alps/to-spoke here share/alps/to-spoke/ack
attacked "dir, to the spoke" spoke 65 spoke -v -c spoke.conf push --always
again 0 sp push

begin rsync push
write T1:1
sp push
lay noc/spool/alps/staging here gw/spool/alps/outbox/ack
victim=hub what="rsync, to hubd"
refused_before=$(hub_has refused)
begun=$(lib_now)
start hubd "$peak" "$tmp/peaks" hubd -v -c hub.conf
hubd=$pid
ok "$what: all is looked at" wait_for 20 arrived andes
ok "$what: all of it" wait_for 20 arrived alps
ok "$what: and told" wait_for 20 grep -q 'what=refused' hubd.err
stop "$hubd"
cp hubd.err look
made_of_it
settle
asks
hubd_looks
lay noc/spool/alps/outbox fetched noc/spool/alps/outbox/ack
attacked "rsync, to the spoke" spoke 65 spoke -v -c spoke.conf push --always

# strange VICTIM COMMAND...: it dials one that is no rsync, while andes delivers.
strange() {
	strange_victim=$1
	shift
	while read -r far strange_status strange_counts strange_words <&3; do
		configured
		victim=$strange_victim
		write T1:2
		rm -f ./*/state/notices
		what="rsync to $far, by the $victim"
		refused_before=$("${victim}_has" refused)
		begun=$(lib_now)
		timeout 60 "$peak" peaks "$@" --deadline 4s >out 2>look
		is "$what: ends with $strange_status" $? "$strange_status"
		ok "$what: in time" test $(($(lib_now) - begun)) -le 30
		has "$what: it says why" look \
		    "association=alps what=delivery: .*$strange_words"
		is "$what: it is counted" $(($("${victim}_has" refused) -
		    refused_before)) "$strange_counts"
		ok "$what: another association delivers in the same run" \
		    carried_on
	done 3<strangers
	far=
	configured
}
# What was written for andes is at the hub.
carried_on() {
	carried_file=$(number "$(spoke_has last_msgid andes)")
	test -e "noc/spool/andes/staging/$carried_file" ||
	    arrived andes
}
# Silence that a deadline of ours ends is not counted: t/hostile-waits.t has one that
# lasts.
cat >strangers <<'EOT'
noise 76 1 another version
banner 76 1 another version
errors 76 1 a flood of words
motd 76 1 a flood of words
silence 75 0 did not end in time
EOT
strange spoke spoke -c spoke.conf push --always

begin rsync pull
strange hub hubctl -c hub.conf pull
write T1:1
lay gw/spool/alps/outbox fetched gw/spool/alps/outbox/ack
attacked "rsync, to the hub" hub 65 hubctl -v -c hub.conf pull
settle
asks
hub pull
lay gw/spool/alps/staging here noc/spool/alps/outbox/ack
attacked "rsync, to the spoke's staging" spoke 65 spoke -v -c spoke.conf collect
again 0 sp collect
stayed_small "all of them"

# A crowd of names costs no memory: 20,000 of 250 bytes.
: >peaks
"$peak" peaks spoke -c spoke.conf collect
stayed_small "one look"
perl -e 'chdir $ARGV[0] or die; for (1 .. 20000) {
	open F, ">", "x" x 245 . $_ or die; close F }' gw/spool/alps/staging
"$peak" peaks spoke -c spoke.conf collect
stayed_small "one look at 20,000 names" $((small_most + 3000))
done_testing
