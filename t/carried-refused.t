#!/bin/sh
# What is carried and refused is a failure that is told, with a status of its
# own: by rsync and dir, to the end that pushes and to the end that pulls.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

need rsync

# block END OTHER: where END, which dials, finds the other one.
block() {
	case $transport in
	dir) echo "dir { path = \"$tmp/share\" }" ;;
	rsync) echo "rsync { put = \"$tmp/$2/spool/alps/staging\"" \
	    "get = \"$tmp/$2/spool/alps/outbox\" }" ;;
	esac
}
# signs END OTHER [KEY]: the end's keys, or another for its own.
signs() {
	echo "sign-key = \"$tmp/${3-$1.sign}\" verify-key = \"$tmp/$2.sign.pub\""
}
# both_ends GW-KEYS NOC-KEYS
both_ends() {
	at_gw=$1 at_noc=$2
	if test "$mode" = push || test "$transport" = dir; then
		at_gw="$at_gw $(block gw noc)"
	fi
	if test "$mode" = pull || test "$transport" = dir; then
		at_noc="$at_noc $(block noc gw)"
	fi
	configure "$at_gw" "$at_noc"
}
# A DATA of the spoke, or a RESYNC of the hub, is made ready for who dials.
offer() {
	if test "$mode" = pull; then
		collect 1 2
	else
		resync
		hub_looks
	fi
}
hub_looks() {
	if test "$transport" = dir; then
		hub pull
	else
		start_hubd
		wait_for 20 offered
		stop "$hubd"
	fi
}
# Its acknowledgement is written last.
offered() {
	test -d noc/spool/alps/outbox || return
	offered_last=$(find noc/spool/alps/outbox -name '*.msgs' |
	    LC_ALL=C sort | sed -n '$s/.*-0*\(.*\)\.msgs/\1/p')
	test -z "$offered_last" ||
	    grep -q "^send [0-9a-f]* $offered_last " noc/spool/alps/outbox/ack
}
dial() {
	if test "$mode" = pull; then
		hub "$@" pull alps
	else
		sp "$@" push --always alps
	fi
}
# kept: how many refused files the end that dials has for a person.
kept() {
	find "$end/spool/alps/quarantine" -name 'staging-*.msgs.gz*' \
	    ! -name '*.why' | wc -l
}

# counted: how much that end has refused.
counted() {
	test "$end" = gw && spoke_has refused || hub_has refused
}

# refused WHAT WORDS: all that was offered is.
refused() {
	n=$(kept) before=$(counted)
	exits "$transport $mode: $1" 65 dial
	is "$transport $mode: it is told in one message" \
	    "$(grep -c 'what=' err)" 1
	has "$transport $mode: what it is, and what to do" err \
	    "trouble association=alps what=refused: carried files are refused, see quarantine/ .1.: .*$2.*next: "
	is "$transport $mode: it is kept for a person" "$(kept)" $((n + 1))
	ok "$transport $mode: and counted" test "$(counted)" -gt "$before"
	is "$transport $mode: nothing was taken" \
	    "$(find "$end/spool/alps/inbox" -name '*.msgs' | wc -l)" "$had"
}

# sp, hub: as ever, or in eleven minutes.
later=
sp() {
	$later spoke -c "$tmp/spoke.conf" "$@"
}
hub() {
	$later hubctl -c "$tmp/hub.conf" "$@"
}
# unsigned: a file whose signature does not come is waited for, and told, and comes.
unsigned() {
	rm -rf "$end/state/notices" mail held
	mkdir held
	for conf in spoke.conf hub.conf; do
		echo "operator { mail = {\"noc@example.net\"} gather = 0" \
		    "sendmail = {\"/bin/sh\", \"$tmp/sendmail\"} }" >>$conf
	done
	offer
	f=$(find "$from" -name '*.msgs.gz' | LC_ALL=C sort | tail -n 1)
	mv "$f.sig" held
	test "$transport" = dir && lies=$f || lies=$end/spool/alps/staging/${f##*/}
	before=$(counted)
	ok "$transport $mode: without its signature" dial
	lacks "$transport $mode: nobody is told" err 'what='
	ok "$transport $mode: it waits" test -e "$lies"
	later="env LD_PRELOAD=$faketime FAKETIME=+11m"
	exits "$transport $mode: for ten minutes" 75 dial
	has "$transport $mode: then it is told" err \
	    'trouble association=alps what=refused: carried files lie there without their signature.*has the other end a sign-key'
	now=$(counted) # what rsync brings uncompressed, too
	ok "$transport $mode: and counted" test "$now" -gt "$before"
	exits "$transport $mode: again" 75 dial
	is "$transport $mode: it is not told again" "$(grep -c 'what=' err)" 0
	is "$transport $mode: nor counted" "$(counted)" "$now"
	later=
	is "$transport $mode: it is mailed once" "$(grep -c '^Subject:' mail)" 1
	mv held/* "$from"
	ok "$transport $mode: its signature comes" dial
	has "$transport $mode: it is over" err \
	    'over association=alps what=refused'
	ok "$transport $mode: it is taken" test ! -e "$lies"
	both_ends "$(signs gw noc)" "$(signs noc gw)"
}
echo "cat >>$tmp/mail" >sendmail
# The age of a file is the system's, the clock is ours.
ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 NO_FAKE_STAT=1
export ASAN_OPTIONS NO_FAKE_STAT
# The library alone: its wrapper stumbles over what one that was killed left.
faketime=
finds_faketime() {
	faketime=$(faketime now printenv LD_PRELOAD)
}
command -v faketime >/dev/null && wait_for 10 finds_faketime ||
    diag "no faketime: signatures that never come are left out"

for transport in rsync dir; do
	for mode in push pull; do
		rm -rf gw noc share
		mkdir -m 700 gw noc share
		case $mode in
		push) end=gw other=noc ;;
		pull) end=noc other=gw ;;
		esac
		both="transport = $transport mode = $mode compression = gzip"
		both_ends "" ""
		test -e gw.sign || sign_keys ||
		    skip_all "this build has no libsodium"
		test -e stranger.sign || sp keygen --sign stranger.sign
		both_ends "$(signs gw noc)" "$(signs noc gw)"
		test "$mode" = pull || hub_looks # its directories
		collect 1 2
		dial
		had=$(find "$end/spool/alps/inbox" -name '*.msgs' 2>/dev/null |
		    wc -l)

		case $end in
		gw) both_ends "$(signs gw noc)" "$(signs noc gw stranger.sign)" ;;
		noc) both_ends "$(signs gw noc stranger.sign)" "$(signs noc gw)" ;;
		esac
		offer
		case $transport in # its acknowledgement is a stranger's, too
		dir) from=share/alps/to-$(test "$end" = gw && echo spoke || echo hub) ;;
		rsync) from=$other/spool/alps/outbox ;;
		esac
		refused "files that a stranger signed" \
		    'not signed by the key .*is verify-key here'
		if test "$transport" = rsync; then
			exits "$transport $mode: again" 65 dial
			is "$transport $mode: is not told again" "$(
			    grep -c 'what=' err)" 0
			exits "$transport $mode: but with -v" 65 dial -v
			has "$transport $mode: in words" err \
			    'association alps: carried files are refused.*next: .* -v pu'
		fi

		both_ends "$(signs gw noc)" "$(signs noc gw)"
		rm -f "$from"/*.sig "$from"/*.msgs.gz
		offer
		ok "$transport $mode: signed by the other end" dial
		has "$transport $mode: it is over" err \
		    'over association=alps what=refused'

		test -z "$faketime" || unsigned

		had=$(find "$end/spool/alps/inbox" -name '*.msgs' | wc -l)
		offer
		f=$(find "$from" -name '*.msgs.gz' | LC_ALL=C sort | tail -n 1)
		printf XXXX | dd of="$f" bs=1 seek=30 conv=notrunc 2>/dev/null
		refused "a damaged file" 'come again'
	done
done

# --- Brought to a spoke, where its own verbs find it ---------------------------------

rm -rf gw noc
mkdir -m 700 gw noc
transport=rsync mode=pull
both="transport = rsync mode = pull compression = gzip"
both_ends "" ""
collect 1 2
# brought: a file that is none.
brought() {
	printf 'not gzip' >gw/spool/alps/staging/"$(printf '%020d-%020d' 1 1)".msgs.gz
}
spooled() {
	sp status --json | sed -n 's/.*"last_msgid":\([0-9]*\).*/\1/p'
}
brought
before=$(spooled)
exits "collect says that it refused a file" 65 collect 3 4
has "and tells" err 'what=refused: carried files are refused'
is "its cycle is spooled" "$(spooled)" $((before + 1))
exits "the next one is well" 0 sp collect
brought
exits "again" 65 sp collect
lacks "it is not told again" err what=
brought
printf 'Type:CONFIG\nTimestamp:1085528682\n\n%s\n%s\n.\n' \
    level2-token:T9 level2-path:/v >config
exits "what is written is not what was refused" 0 \
    sh -c 'spoke -c spoke.conf write --source x <config'
done_testing
