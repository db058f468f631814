#!/bin/sh
# Bare messages at a hub that runs: a fork stops the association until a person lets
# it go, what is written wrong does not, a CONFIG neither.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

cat >mailer <<'END'
#!/bin/sh
cat >>mails
END
chmod +x mailer
{
	side noc
	echo "operator { mail = {\"noc@example.net\"}"
	echo "sendmail = {\"$tmp/mailer\"} gather = 0 repeat = 4h }"
	association alps 'transport = exec mode = push bare = yes
	    exec { command = {"/bin/false"} }'
	stores
} >hub.conf
chmod 600 hub.conf
sed -i "s|>>mails|>>$tmp/mails|" mailer
: >mails

start hubd hubd -c hub.conf
hubd=$pid
wait_for 20 test -S noc/run/hubd.sock

now=$(($(date +%s) - 900))
# message NUMBER TYPE SECOND BODY-LINE...
message() {
	printf 'MsgID:%s\nType:%s\nTimestamp:%s\n\n' "$1" "$2" $((now + $3))
	shift 3
	printf '%s\n' "$@" .
}
# says STATUS ACKS: what is on standard input.
says() {
	is_status=$1 is_acks=$2
	hubctl -c hub.conf receive alps >out 2>err
	is "$3" "$? $(tr '\n' ' ' <out)" "$is_status $is_acks"
}
state() {
	hubctl -c hub.conf status --json alps |
	    sed -n 's/.*"state":"\([a-z-]*\)".*/\1/p'
}
has_state() {
	test "$(state)" = "$1"
}
values() {
	hubctl -c hub.conf values --raw --from $((now - 9)) /Sites/alps/R/In |
	    cut -f 2 | tr '\n' ' '
}
has_values() {
	test "$(values)" = "$1"
}

{
	message 1 CONFIG 0 level2-token:T5 level2-path:/R/In
	message 2 DATA 1 T5:1
	message 3 DATA 2 T5:x
	message 4 DATA 3 T5:4
} >text
says 0 'ACK 1 ACK 2 ACK 3 ACK 4 ' "one that is written wrong is passed" <text
ok "those around it are stored" wait_for 20 has_values '1 4 '
is "it is in quarantine, alone" "$(cat noc/spool/alps/quarantine/in-*3-*[0-9])" \
    "$(message 3 DATA 2 T5:x)"
ok "and told" wait_for 40 grep -q 'kept in quarantine' mails

message 2 DATA 1 T5:2 >text
says 65 '' "another message 2" <text
has "is a fork" err fork
ok "shown" wait_for 20 has_state fork
is "both are kept" "$(cat noc/spool/alps/quarantine/fork-*2-*[0-9])" "$(cat text)"
ok "and told" wait_for 40 grep -q 'hubctl.* accept alps fork' mails
message 5 DATA 4 T5:5 >text
says 65 '' "what comes next waits" <text
is "the state stays" "$(state)" fork
exits "check is critical" 2 hubctl -c hub.conf check

stop "$hubd" TERM 30
start hubd hubd -c hub.conf
hubd=$pid
ok "and when hubd begins again" wait_for 20 has_state fork
says 65 '' "it waits" <text

exits "a person lets it go" 0 hubctl -c hub.conf accept alps fork
has "and is shown what" out 'another message 2'
says 0 'ACK 5 ' "then it goes on" <text
ok "with the first of the two" wait_for 20 has_values '1 4 5 '
ok "and all is well" wait_for 20 has_state ok

# --- What hubd finds is shown at once -----------------------------------------------

message 6 CONFIG 5 level2-token:T5 level2-path:/R/In ';' level2-token:T6 \
    level2-path:/R/Out ';' level2-token:T7 level2-path:/R/Err >text
says 0 'ACK 6 ' "three leaves" <text
has_leaves() {
	test "$(hubctl -c hub.conf tree | wc -l)" -eq "$1"
}
ok "are there" wait_for 20 has_leaves 3
message 7 CONFIG 6 level2-token:T5 level2-path:/R/In >text
says 0 'ACK 7 ' "one that drops two of them" <text
ok "waits" wait_for 20 grep -q 'what=config' hubd.err
is "and the state says so" "$(state)" config

exits "a person lets it go" 0 hubctl -c hub.conf accept alps config
ok "and all is well again" wait_for 20 has_state ok

# --- A CONFIG that nobody can read --------------------------------------------------

values_of() {
	hubctl -c hub.conf values --raw --from $((now - 9)) /Sites/alps/R/In |
	    cut -f 2 | tail -n 2 | tr '\n' ' '
}
has_values_of() {
	test "$(values_of)" = "$1"
}
{
	message 8 DATA 7 T5:8
	message 9 CONFIG 8 level2-token:T5 level2-path:/R/Out level2-path:/R/Out
	message 10 DATA 9 T5:10
} >text
says 0 'ACK 8 ACK 9 ACK 10 ' "it is passed, too" <text
is "and in quarantine, alone" "$(cat noc/spool/alps/quarantine/in-*9-*[0-9])" \
    "$(message 9 CONFIG 8 level2-token:T5 level2-path:/R/Out level2-path:/R/Out)"
ok "what has no CONFIG now is told" wait_for 20 has_state config
message 11 DATA 10 T5:11 >text
says 0 'ACK 11 ' "another session goes on" <text
is "it is told still" "$(state)" config
message 12 CONFIG 11 Type:FOO >text
sed -i 's/^Type:CONFIG/Type:Config/' text
says 0 'ACK 12 ' "one whose type cannot be read is passed as well" <text
message 13 DATA 12 T5:13 >text
says 0 'ACK 13 ' "and what comes behind it" <text
{
	message 14 CONFIG 13 level2-token:T5 level2-path:/R/In
	message 15 DATA 14 T5:15
} >text
says 0 'ACK 14 ACK 15 ' "a right one" <text
ok "goes on, and no value went to leaves of another one" \
    wait_for 20 has_values_of '8 15 '
ok "and the trouble is over" wait_for 20 has_state ok
is "nobody was asked in vain" "$(ls noc/spool/alps/outbox | grep msgs)" ''

stop "$hubd" TERM 30
done_testing
