#!/bin/sh
# As t/hostile-peer.t for what is carried as files: each end that looks at what
# others brought, by dir and by rsync, finds a list of hostile things among what is
# meant for it.  One look tells, counts and puts away; another association delivers
# in the same run, and so does the one that was attacked.  Then what was signed and is
# carried again, acknowledgements that have no end, and far ends that are no rsync.
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
	test "$1-$3" != "$stranger-alps" || set -- "$1" "$2" "$3" stranger
	test -z "$signed" ||
	    echo "sign-key = \"$tmp/${4-$1.$3}\" verify-key = \"$tmp/$2.$3.pub\""
}
stranger= # that end signs for alps with another key
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
# begin TRANSPORT MODE [signed]: two nodes that know each other.
begin() {
	transport=$1 mode=$2 signed=${3-}
	rm -rf gw noc share
	mkdir -m 700 gw noc share
	configured
	test -z "$signed" || test -e gw.alps || for begin_key in \
	    gw.alps gw.andes noc.alps noc.andes stranger; do
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
	dir-pull) sp collect && hub pull --always && sp collect ;;
	rsync-push) hubd_looks && sp push --always && hubd_looks ;;
	rsync-pull)
		sp collect && hub pull --always && sp collect && hub pull --always
		;;
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
# offers TO: what is ready for that end, a spoke or a hub, of the other one.
offers() {
	case $1-$transport-$mode in
	hub-dir-push) write "T1:$(lib_now)" && sp push ;;
	hub-*) write "T1:$(lib_now)" ;;
	spoke-rsync-push) asks && hubd_looks ;;
	spoke-*) asks && hub pull ;;
	esac
}
# ready TO: where that lies, and the acknowledgement of who wrote it.
ready() {
	case $1-$transport in
	*-dir) echo "share/alps/to-$1" ;;
	hub-rsync) echo gw/spool/alps/outbox ;;
	spoke-rsync) echo noc/spool/alps/outbox ;;
	esac
}
# offered TO: so; where it is signed a stranger's is in strange, and the other end's
# own in kept.
offered() {
	offered_in=$(ready "$1")
	if test -n "$signed"; then
		test "$1" = hub && stranger=gw || stranger=noc
		configured
		offers "$1" || return
		offered_file=$(find "$offered_in" -name '*.msgs.gz' | LC_ALL=C sort |
		    tail -n 1)
		cp "$offered_file" strange
		cp "$offered_file.sig" strange.sig
		stranger=
		configured
	fi
	offers "$1" || return
	test -z "$signed" || {
		rm -rf kept
		mkdir kept
		cp -p "$offered_in"/*.msgs.gz* kept
	}
}
# forge DIRECTORY SCRIPT: the acknowledgement there is another one, and whole.
forge() {
	sed "$2
	    /^end /,\$d" "$1/ack" >forged
	printf 'end crc32=%s\n' "$(gzip -c forged | tail -c 8 |
	    od -An -tx4 -N4 | tr -d ' ')" >>forged
	mv forged "$1/ack"
}
# forge_unsent DIRECTORY: it is of what was never sent.
forge_unsent() {
	forge "$1" 's/^\([0-9a-f]\{32\}\) [0-9]* /\1 1000000 /
	    s/^heard .*/heard none/'
}
# lay_strange DIRECTORY ACK: of what is signed, a stranger's alone, and an
# acknowledgement without.
lay_strange() {
	lies=$1 lay_refused=1 lay_ignored=0
	cp strange "$lies/$(number 914)"
	cp strange.sig "$lies/$(number 914).sig"
	test "$2" -ef "$lies/ack" || cp "$2" "$lies/ack"
	forge_unsent "$lies"
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
	# where it is signed: the signature of something else
	test -z "$signed" || for lay_n in 902 906 907 908 909 910 911; do
		cp "$tmp/other.sig" "$(number $lay_n).sig"
	done
	cd "$tmp" || return
	test -z "$signed" || {
		cp strange "$lies/$(number 914)"
		cp strange.sig "$lies/$(number 914).sig"
		lay_refused=$((lay_refused + 1))
	}
	test "$3" -ef "$lies/ack" || cp "$3" "$lies/ack"
	forge_unsent "$lies"
}
echo secret >secret
head -c 100000000 /dev/zero | gzip -9 >bomb.gz

measured() {
	timeout 60 "$peak" peaks "$@"
}
# attacked WHAT VICTIM STATUS COMMAND...: it looks at all that lies there.
attacked() {
	what=$1 victim=$2 status=$3
	shift 3
	refused_before=$("${victim}_has" refused) others_before=$(configs andes)
	attacked_before=$(configs alps)
	begun=$(lib_now)
	measured "$@" >out 2>look
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

# replayed WHAT VICTIM DIRECTORY COMMAND...: what was signed, and taken, is carried again.
replayed() {
	what="$1, what it had" victim=$2
	cp -p kept/* "$3"
	replayed_before=$(all_of) refused_before=$("${victim}_has" refused)
	replayed_lies=$3
	shift 3
	ok "$what: ends well" "$@"
	case $replayed_lies in
	*/outbox) ;; # rsync does not ask for it
	*) is "$what: it is gone" "$(files "$replayed_lies")" 0 ;;
	esac
	is "$what: it has no effect" "$(all_of)" "$replayed_before"
	is "$what: is not counted" "$("${victim}_has" refused)" "$refused_before"
	(cd kept && for replayed_file in *; do
		rm -f "$tmp/$replayed_lies/$replayed_file"
	done)
}
# all_of: what both ends have written and taken.
all_of() {
	for all_name in alps andes; do
		sp messages $all_name
		cat "gw/spool/$all_name/archive"/*.msgs "gw/spool/$all_name/inbox"/*.msgs
		hub messages $all_name
	done 2>/dev/null | cksum
}
# endless WHAT VICTIM STATUS DIRECTORY ACK here|fetched COMMAND...: an acknowledgement is
# of 2 MB, of what was never sent up to the last number, and where that is not read for
# it by the far end's rsync, of 900 MB and a terabyte.
endless() {
	endless_of=$1 victim=$2 endless_status=$3 lies=$4 endless_ack=$5
	endless_acts="lines unsent"
	test "$6" = fetched || endless_acts="$endless_acts 900M 1T"
	shift 6
	cp "$endless_ack" kept.ack
	for endless_act in $endless_acts; do
		what="$endless_of, an acknowledgement of $endless_act"
		endless_lay
		# where nothing is signed what is missing is all that is odd
		endless_want=$endless_status
		test "$endless_act$signed" != unsent || endless_want=0
		refused_before=$("${victim}_has" refused) endless_before=$(all_of)
		begun=$(lib_now)
		"$@" >out 2>look
		is "$what: ends with $endless_want" $? "$endless_want"
		ok "$what: soon" test $(($(lib_now) - begun)) -le 30
		has "$what: is logged" look \
		    '(fit nothing were ignored|acknowledgement is not believed)'
		endless_n=$(($("${victim}_has" refused) - refused_before))
		ok "$what: is counted" test $endless_n -ge 1 -a $endless_n -le 2
		is "$what: has no effect" "$(all_of)" "$endless_before"
		rm -f "$lies/ack"
	done
}
endless_lay() {
	cp kept.ack "$lies/ack"
	endless_have=$(awk 'NR == 1 { print $2 }' kept.ack)
	case $endless_act in
	lines)
		awk -v n="$endless_have" '{ print } NR == 1 {
			for (i = 1; i <= 100000; i++)
				printf "missing %d-%d\n", n + 2 * i, n + 2 * i
		}' kept.ack >"$lies/ack"
		forge "$lies" ''
		;;
	unsent) forge "$lies" "1a\\
missing $((endless_have + 2))-9223372036854775807" ;;
	*) truncate -s "$endless_act" "$lies/ack" ;;
	esac
}
# more_refused N: the hub counts so many more than before.
more_refused() {
	test $(($(hub_has refused) - refused_before)) -ge "$1"
}
# heard: hubd has a look at an acknowledgement, and is ended.
heard() {
	start hubd "$peak" "$tmp/peaks" hubd -v -c hub.conf
	wait_for 20 grep -Eq 'fit nothing|not believed' hubd.err
	wait_for 20 more_refused 1 # it is told first
	stop "$pid"
	cat hubd.err >&2
}
# by_hubd WHAT: in place of a command of the hub's.
by_hubd() {
	victim=hub what=$1
	refused_before=$(hub_has refused)
	begun=$(lib_now)
	start hubd "$peak" "$tmp/peaks" hubd -v -c hub.conf
	hubd=$pid
	ok "$what: all is looked at" wait_for 20 arrived andes
	ok "$what: all of it" wait_for 20 arrived alps
	ok "$what: and told" wait_for 20 grep -q 'what=refused' hubd.err
	wait_for 20 more_refused $((lay_refused + lay_ignored + 1))
	stop "$hubd"
	cp hubd.err look
	made_of_it
}

for mode in push pull; do
	case $mode in
	push) to_spoke="spoke -v -c spoke.conf push --always" ;;
	pull) to_spoke="spoke -v -c spoke.conf collect" ;;
	esac
	begin dir $mode signed || skip_all "no libsodium"
	sed -n 's/^sig //p' share/andes/to-spoke/ack >other.sig
	offered hub
	lay share/alps/to-hub here share/alps/to-hub/ack
	attacked "dir $mode, to the hub" hub 65 hubctl -v -c hub.conf pull
	again 0 hub pull
	settle
	replayed "dir $mode, to the hub" hub share/alps/to-hub hub pull --always
	offered spoke
	lay share/alps/to-spoke here share/alps/to-spoke/ack
	# shellcheck disable=SC2086 # words
	attacked "dir $mode, to the spoke" spoke 65 $to_spoke
	# shellcheck disable=SC2086 # words
	again 0 $to_spoke
	settle
	# shellcheck disable=SC2086 # words
	replayed "dir $mode, to the spoke" spoke share/alps/to-spoke $to_spoke
	endless "dir $mode, to the hub" hub 65 share/alps/to-hub \
	    share/alps/to-hub/ack here measured hubctl -v -c hub.conf pull
	# shellcheck disable=SC2086 # words
	endless "dir $mode, to the spoke" spoke 65 share/alps/to-spoke \
	    share/alps/to-spoke/ack here measured $to_spoke
done

begin rsync push
offered hub
sp push
lay noc/spool/alps/staging here gw/spool/alps/outbox/ack
by_hubd "rsync push, to hubd"
settle
offered spoke
lay noc/spool/alps/outbox fetched noc/spool/alps/outbox/ack
attacked "rsync push, to the spoke" spoke 65 spoke -v -c spoke.conf push --always
settle
endless "rsync push, to hubd" hub 0 noc/spool/alps/staging \
    gw/spool/alps/outbox/ack here heard
hubd_looks
endless "rsync push, to the spoke" spoke 65 noc/spool/alps/outbox \
    noc/spool/alps/outbox/ack fetched measured spoke -v -c spoke.conf push --always

begin rsync push signed
offered hub
sp push
lay_strange noc/spool/alps/staging gw/spool/alps/outbox/ack
by_hubd "rsync push, signed, to hubd"
settle
replayed "rsync push, signed, to hubd" hub noc/spool/alps/staging hubd_looks
offered spoke
lay_strange noc/spool/alps/outbox noc/spool/alps/outbox/ack
attacked "rsync push, signed, to the spoke" spoke 65 spoke -v -c spoke.conf \
    push --always
settle
replayed "rsync push, signed, to the spoke" spoke noc/spool/alps/outbox sp push \
    --always
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
		measured "$@" --deadline 4s >out 2>look
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
offered hub
lay gw/spool/alps/outbox fetched gw/spool/alps/outbox/ack
attacked "rsync pull, to the hub" hub 65 hubctl -v -c hub.conf pull
settle
offered spoke
lay gw/spool/alps/staging here noc/spool/alps/outbox/ack
attacked "rsync pull, to the spoke" spoke 65 spoke -v -c spoke.conf collect
again 0 sp collect
settle
endless "rsync pull, to the hub" hub 65 gw/spool/alps/outbox \
    gw/spool/alps/outbox/ack fetched measured hubctl -v -c hub.conf pull
endless "rsync pull, to the spoke" spoke 65 gw/spool/alps/staging \
    noc/spool/alps/outbox/ack here measured spoke -v -c spoke.conf collect

begin rsync pull signed
offered hub
lay_strange gw/spool/alps/outbox gw/spool/alps/outbox/ack
attacked "rsync pull, signed, to the hub" hub 65 hubctl -v -c hub.conf pull
settle
replayed "rsync pull, signed, to the hub" hub gw/spool/alps/outbox hub pull
offered spoke
lay_strange gw/spool/alps/staging noc/spool/alps/outbox/ack
attacked "rsync pull, signed, to the spoke" spoke 65 spoke -v -c spoke.conf collect
settle
replayed "rsync pull, signed, to the spoke" spoke gw/spool/alps/staging sp collect
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
