#!/bin/sh
# What hubd tells when nothing comes, and who sees that it cannot tell.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

cat >mailer <<END
#!/bin/sh
test ! -e $tmp/broken || exit 75
cat >>$tmp/mails
END
chmod +x mailer
: >mails
{
	side noc
	echo "operator { mail = {\"noc@example.net\"}"
	echo "sendmail = {\"$tmp/mailer\"} gather = 0 repeat = 4h }"
	association alps 'transport = exec mode = push bare = yes
	    exec { command = {"/bin/false"} }'
	association bern 'transport = exec mode = push
	    exec { command = {"/bin/false"} }'
	stores
} >hub.conf
chmod 600 hub.conf

begin() {
	start hubd hubd -c hub.conf
	hubd=$pid
	wait_for 20 test -S noc/run/hubd.sock
}
# comes NUMBER TYPE BODY-LINE...
comes() {
	printf 'MsgID:%s\nType:%s\nTimestamp:%s\n\n' "$1" "$2" \
	    $(($(date +%s) - 100 + $1)) >text
	shift 2
	printf '%s\n' "$@" . >>text
	hubctl -c hub.conf receive alps <text >ack 2>err
}
has_state() {
	test "$(hubctl -c hub.conf status --json "$1" |
	    sed -n 's/.*"state":"\([a-z-]*\)".*/\1/p')" = "$2"
}
# mailed N ERE: so many lines.
mailed() {
	test "$(grep -Ec "$2" mails)" -eq "$1"
}

# long_ago: so that what came is two hours old, when hubd looks.
archive=noc/spool/alps/archive
archived() {
	test -e "$archive/$1"
}
long_ago() {
	stop "$hubd" TERM 30
	touch -d '2 hours ago' $archive/*.msgs
	begin
}

begin
ok "something comes" comes 1 CONFIG level2-token:T5 level2-path:/R/In
ok "and is ingested" wait_for 20 archived \
    00000000000000000001-00000000000000000001.msgs
long_ago
ok "then nothing: it is told" wait_for 60 mailed 1 \
    '^began: alps: nothing came since'
ok "and shown" has_state alps silent
exits "check is critical" 2 hubctl -c hub.conf check alps
has "for that" out 'trouble with silent: nothing came since'
ok "one that never came is not set up yet" has_state bern ok

stop "$hubd" TERM 30
begin
ok "it lasts when hubd begins again" wait_for 20 has_state alps silent
ok "something comes again" comes 2 DATA T5:1
ok "which is told" wait_for 60 mailed 1 '^over: alps: nothing came since'
ok "each was told once" mailed 1 '^began: '

# --- A mailer that fails ----------------------------------------------------------

: >broken
exits "while mail goes" 0 hubctl -c hub.conf status alps
lacks "nothing is said of it" out 'no mail'
long_ago
mail_failed() {
	hubctl -c hub.conf status --json alps >out
	grep -Eq '"mail_fails_since":[0-9]+' out
}
ok "nothing comes, and no mail goes, as JSON shows" wait_for 60 mail_failed
hubctl -c hub.conf status alps >out
has "status shows it" out '^no mail can be sent: .*75.*, since 20'
exits "check is critical" 2 hubctl -c hub.conf check bern
has "for that" out 'mail: no mail can be sent'

stop "$hubd" TERM 30
done_testing
