#!/bin/sh
# A clock that is set back, or far ahead and back again: what is told is told
# once, what waits waits no longer, and what is late is seen.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

need_clock
echo 'echo v:1' >values.sh
echo "cat >>$tmp/mail" >sendmail

push_at() {
	clock "$1" spoke -c "$tmp/spoke.conf" push
}
pull_at() {
	clock "$1" hubctl -c "$tmp/hub.conf" pull
}
mails() {
	grep -c '^Subject:' mail
}
# operator KEYS: at both ends.
operator() {
	for operator_end in spoke hub; do
		cat >>$operator_end.conf <<-EOT
			operator { mail = {"noc@example.net"} $1
			sendmail = {"/bin/sh", "$tmp/sendmail"} }
		EOT
	done
}
anew() {
	rm -rf gw noc
	mkdir -m 700 gw noc
	: >mail
}
# each_minute FROM TO END: an end's runs of that many minutes, from an offset on.
each_minute() {
	for minute in $(seq "$1" "$2"); do
		"$3" "$(printf %+d $((minute * 60)))s"
	done
}

# --- An outage -------------------------------------------------------------------

for row in 'gather=0 push' 'gather=2s push' 'gather=0 pull'; do
	anew
	mode=${row#* }
	over_exec "$mode" /bin/sh -c 'echo no carrier >&2; exit 1'
	operator "${row% *}"
	data 1
	"${mode}_at" +0 2>err
	"${mode}_at" +10s 2>>err
	is "$row: an outage" "$(mails)" 1
	each_minute -180 -160 "${mode}_at" 2>>err
	is "$row: three hours back" "$(mails)" 1
	each_minute -57600 -57597 "${mode}_at" 2>>err
	is "$row: forty days back" "$(mails)" 1
	is "$row: one line for all" "$(grep -c trouble err)" 1
	each_minute 57600 57605 "${mode}_at" 2>>err
	is "$row: forty days ahead it is told again" "$(mails)" 2
	each_minute 0 5 "${mode}_at" 2>>err
	is "$row: and not when it returns" "$(mails)" 2
done

# --- A budget ------------------------------------------------------------------------

anew
cat >far.sh <<EOT
echo begun >>"$tmp/sessions"
exec $hub_side
EOT
sessions() {
	wc -l <sessions
}
echo 'seq 2000 | sed "s/.*/v&:&/"' >values.sh
keys='compression = none budget = 64K budget-interval = 1h'
over_exec push /bin/sh "$tmp/far.sh"
unset keys
operator gather=0
data 1
push_at +0
data 1
push_at +0
is "a budget that is spent" "$(mails)" 1
has "is told" mail "of this month's budget are used"
n=$(sessions)
each_minute -180 -160 push_at
is "three hours back it is told once" "$(mails)" 1
is "and one session goes, then the interval counts" $(($(sessions) - n)) 1
data 1
each_minute -120 -110 push_at
is "when it is over the next goes" $(($(sessions) - n)) 2

# --- Silence -------------------------------------------------------------------------

is "the hub has something" "$(hub messages alps | grep -c '^Type:CONFIG')" 1
silent() {
	clock "$1" hubctl -c "$tmp/hub.conf" check >out
}
silent +0
lacks "who delivered is not silent" out 'alps: .*(silent|nothing came)'
silent +2h
has "who does not for long is" out 'alps: silent for'
silent -30m
lacks "a clock that went back a little says nothing" out \
    'alps: .*(silent|nothing came)'
silent -2h
has "one that went back far says what it knows" out \
    'alps: nothing came since the clock was set back'

# --- A stick that is elsewhere ----------------------------------------------------------

if built_with LIBSODIUM; then
	anew
	mkdir -m 700 stick
	echo 'echo v:1' >values.sh
	both "transport = dir mode = pull silent-after = 1h
	    sign-key = \"$tmp/gw.sign\" verify-key = \"$tmp/noc.sign.pub\"
	    dir { path = \"$tmp/stick\" }"
	sp keygen --sign gw.sign && sp keygen --sign noc.sign
	look_at() {
		clock "$1" spoke -c "$tmp/spoke.conf" collect
	}
	ok "a stick is looked at, by a clock that is ahead" look_at +2d
	mv stick elsewhere
	ok "it is elsewhere, and the clock right again" look_at +0
	is "which is no trouble" "$(cat out err | grep -c mounted)" 0
	ok "nor is it after half an hour" look_at +30m
	is "nor a word" "$(cat out err | grep -c mounted)" 0
	look_at +2h 2>err
	has "after silent-after it is told" err 'is it mounted'
else
	skip "a stick that is elsewhere" "built without libsodium"
fi
done_testing
