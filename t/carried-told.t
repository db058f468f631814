#!/bin/sh
# One trouble with what is carried is told once, whoever looks meanwhile at what
# lies here already: by rsync and dir, to the end that pushes and to the end that
# pulls, by verbs and by daemons.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/rsync-lib.sh"

cat >mailer <<EOT
#!/bin/sh
{ echo '=== mail'; cat; } >>"\$1"
EOT
chmod +x mailer
# mailed END: from now on.
mailed() {
	echo "operator { mail = {\"noc@example.net\"} gather = 0" \
	    "sendmail = {\"$tmp/mailer\", \"$tmp/$1.mail\"} }"
}
# ends GW-KEYS NOC-KEYS [PERIOD]
ends() {
	configure "$1" "$2"
	sed -i "s/period = 1d/period = ${3-1d}/" spoke.conf
	mailed gw >>spoke.conf
	mailed noc >>hub.conf
}
signed_at() {
	echo "sign-key = \"$tmp/$1.sign\" verify-key = \"$tmp/$2.sign.pub\""
	test "$transport" = rsync || echo "dir { path = \"$tmp/share\" }"
}
anew() {
	rm -rf gw noc share ./*.mail said.*
	: >said.gw
	: >said.noc
	mkdir -m 700 gw noc share
	both="transport = $transport mode = $mode compression = gzip"
	both="$both pull-interval = 1s silent-after = 1s"
}
# What each end says goes into said.gw and said.noc.
dial() {
	if test "$mode" = pull; then
		hub pull alps >>said.noc 2>&1
	else
		sp push --always alps >>said.gw 2>&1
	fi
}
# looks: the spoke does by itself, whoever dials.
looks() {
	collect "$1" "$1" >>said.gw 2>&1
	sp announce alps >>said.gw 2>&1
}
# told N KEY FILE, over N KEY FILE
told() {
	test "$(grep -c "trouble association=alps what=$2" "$3")" = "$1"
}
over() {
	test "$(grep -c "over association=alps what=$2" "$3")" = "$1"
}
# mails N END: and no more.
mails() {
	is "$what: mails" "$(cat "$2.mail" 2>/dev/null | grep -c '^=== mail')" "$1"
}

# --- A far end that is away -------------------------------------------------------

outage() {
	for i in 1 2 3 4; do
		looks "$i"
		dial
	done
	ok "$what: an outage is told once" told 1 delivery "said.$end"
	ok "$what: and is not over" over 0 delivery "said.$end"
	mails 1 "$end"
}
back() {
	dial
	ok "$what: until an exchange goes well" over 1 delivery "said.$end"
	mails 2 "$end"
}

for mode in push pull; do
	transport=rsync what="rsync $mode"
	anew
	test "$mode" = push && end=gw other=noc || end=noc other=gw
	ends "" ""
	start_hubd # which makes its directories; a cycle does the spoke's
	stop "$hubd"
	test "$mode" = push || collect 1 1
	daemon "$other" || skip_all "no rsync daemon"
	test "$mode" = push && ends "$(modules)" "" || ends "" "$(modules)"
	test "$mode" = pull || collect 1 1
	ok "$what: an exchange" dial
	stop "$daemon"
	outage
	daemon "$other"
	test "$mode" = push && ends "$(modules)" "" || ends "" "$(modules)"
	back
	stop "$daemon"

	transport=dir what="dir $mode"
	anew
	end=$(test "$mode" = push && echo gw || echo noc)
	ends "$(signed_at gw noc)" "$(signed_at noc gw)"
	test -e gw.sign || sign_keys || {
		skip "$what" "this build has no libsodium"
		continue
	}
	collect 1 1
	ok "$what: an exchange" dial
	mv share away
	outage
	mv away share
	back
done

# Its daemon, which looks at every cycle.
transport=rsync mode=push what="spoke daemon" end=gw
anew
ends "" ""
start_hubd
stop "$hubd"
daemon noc
ends "$(modules)" "" 1s
stop "$daemon"
printf 'echo v:1; echo w:1\n' >values.sh
failed() {
	test "$(grep -c 'delivery failed association=alps' daemon.err)" -ge "$1"
}
cycles() {
	test "$(spoke_has last_msgid)" -gt "$1"
}
start daemon spoke -v -c spoke.conf daemon
spoke_daemon=$pid
ok "$what: the far end is down" wait_for 40 failed 1
ok "$what: cycles go on" wait_for 20 cycles "$(($(spoke_has last_msgid) + 1))"
ok "$what: it is tried again" wait_for 40 failed 3
ok "$what: an outage is told once" told 1 delivery daemon.err
ok "$what: and is not over" over 0 delivery daemon.err
stop "$spoke_daemon"
mails 1 gw

# --- What is refused --------------------------------------------------------------

# ready: what the other end has for who dials.
ready() {
	if test "$mode" = pull; then
		collect 7 8
		return
	fi
	resync
	if test "$transport" = dir; then
		hub pull
	else
		start_hubd
		wait_for 20 is_ready
		stop "$hubd"
	fi
}
is_ready() {
	test "$(files noc/spool/alps/outbox '*.msgs.gz')" -gt 0
}
damage() {
	for f in "$from"/*.msgs.gz; do
		printf XXXX | dd of="$f" bs=1 seek=30 conv=notrunc 2>/dev/null
	done
}
block() {
	echo "rsync { put = \"$tmp/$1/spool/alps/staging\"" \
	    "get = \"$tmp/$1/spool/alps/outbox\" }"
}

for transport in rsync dir; do
	for mode in push pull; do
		test "$transport" = rsync || test -e gw.sign || continue
		what="$transport $mode"
		anew
		test "$mode" = push && end=gw other=noc || end=noc other=gw
		case $what in
		"rsync push") ends "$(block noc)" "" ;;
		"rsync pull") ends "" "$(block gw)" ;;
		dir*) ends "$(signed_at gw noc)" "$(signed_at noc gw)" ;;
		esac
		case $what in
		"rsync push") from=noc/spool/alps/outbox ;;
		"rsync pull") from=gw/spool/alps/outbox ;;
		"dir push") from=share/alps/to-spoke ;;
		"dir pull") from=share/alps/to-hub ;;
		esac
		start_hubd
		stop "$hubd"
		collect 1 1
		dial
		ready
		damage
		dial
		ok "$what: what is refused is told" told 1 refused "said.$end"
		test "$what" != "rsync push" || looks 9
		dial
		ok "$what: and not over where it is not seen" \
		    over 0 refused "said.$end"
		ready
		damage
		dial
		ok "$what: nor told again" told 1 refused "said.$end"
		rm -f "$from"/*.msgs.gz*
		ready
		dial
		ok "$what: until what was sent is here" \
		    over 1 refused "said.$end"
		ok "$what: and was told once in all" told 1 refused "said.$end"
	done
done

# hubd, to which a file comes that is damaged, and one that forks.
transport=rsync mode=push what=hubd
anew
ends "$(block noc)" ""
settled() {
	sp push --always && acked "$(spoke_has last_msgid)"
}
kept() {
	test "$(find noc/spool/alps/quarantine -name 'staging-*' ! -name '*.why' \
	    2>/dev/null | wc -l)" = "$1"
}
nothing_lies_there() {
	test "$(files noc/spool/alps/staging)" = 0
}
newest() {
	find "$1" -name '*.msgs.gz' | LC_ALL=C sort | tail -n 1
}
# put FILE: it is there, whole, or not.
put() {
	cp "$1" noc/spool/alps/staging/.new
	mv noc/spool/alps/staging/.new "noc/spool/alps/staging/$(basename "$1")"
}
# place DIRECTORY: the newest there, and what it says; again: the first that came.
place() {
	put "$1/ack"
	put "$(newest "$1")"
}
again() {
	put "$(echo ./*.msgs.gz)"
}
start_hubd
collect 1 1
cp gw/spool/alps/outbox/*.msgs.gz .
ok "$what: a delivery" wait_for 40 settled
rm -rf clone
cp -a gw clone
collect 2 2
cp -a gw/spool/alps/outbox broken
f=$(newest broken)
printf XXXX | dd of="$f" bs=1 seek=30 conv=notrunc 2>/dev/null
place broken
ok "$what: a damaged file is kept" wait_for 20 kept 1
ok "$what: and told" wait_for 20 told 1 refused hubd.err
again
ok "$what: an old one is taken meanwhile" wait_for 20 nothing_lies_there
ok "$what: that ends nothing" over 0 refused hubd.err
place broken
ok "$what: the damaged one again" wait_for 20 kept 2
ok "$what: what is sent comes" wait_for 40 settled
ok "$what: and it is over" wait_for 20 over 1 refused hubd.err
ok "$what: told once in all" told 1 refused hubd.err

sed "s|$tmp/gw/|$tmp/clone/|g" spoke.conf >clone.conf
chmod 600 clone.conf
for i in 5 6; do
	printf "echo v:$i; echo w:$i\n" >values.sh
	spoke -c clone.conf collect --now
done
place clone/spool/alps/outbox
ok "$what: one that forks is kept" wait_for 20 kept 3
ok "$what: and told" wait_for 20 told 1 fork-to-hub hubd.err
again
ok "$what: an old one is taken meanwhile" wait_for 20 nothing_lies_there
ok "$what: that ends nothing" over 0 fork-to-hub hubd.err
place clone/spool/alps/outbox
ok "$what: the one that forks again" wait_for 20 kept 4
collect 3 3
ok "$what: what goes on with the stream comes" wait_for 40 settled
ok "$what: and it is over" wait_for 20 over 1 fork-to-hub hubd.err
ok "$what: told once in all" told 1 fork-to-hub hubd.err
stop "$hubd"
done_testing
