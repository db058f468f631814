# Helpers for tests of hostile ends: what they do is one list, whatever carries
# it.  A test says how it is carried, by two functions:
#
#	carried MODE COMMAND...	both configurations, such that who dials in that mode
#				meets that command at the far end
#	calls MODE COMMAND...	that command meets who answers in that mode
#
# and finds a victim's exit status, and what it said, in the files status and err.
# A hostile end is t/hostile_peer.c.
umask 077
. "$top_srcdir/t/stream-lib.sh"

peer=$top_builddir/t/hostile_peer
peak=$top_builddir/t/peak
# What was freed is not kept for the sanitizer's sake: victims are measured.
ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1"
export ASAN_OPTIONS

# has_ssh, has_http: what a test of several carriers can have.
has_ssh() {
	command -v ssh >/dev/null && command -v ssh-keygen >/dev/null &&
	    start_sshd
}
has_http() {
	command -v openssl >/dev/null && command -v perl >/dev/null &&
	    built_with LIBCURL LIBMICROHTTPD
}
# key_for NAME COMMAND...: that key, which may do that; over_ssh NAME: its keys of the
# configuration; ssh_client NAME: OpenSSH's, for a hostile end that dials.
key_for() {
	key_name=$1
	shift
	test -e "$key_name.key" ||
	    ssh-keygen -q -t ed25519 -N '' -C '' -f "$key_name.key"
	echo "restrict,command=\"$*\" $(cat "$key_name.key.pub")" \
	    >>"$sshd_dir/authorized_keys"
}
over_ssh() {
	echo "transport = ssh ssh { host = \"127.0.0.1\" port = $sshd_port"
	echo "user = \"$(id -un)\" identity = \"$1.key\""
	echo 'known-hosts = "sshd/known_hosts" }'
}
ssh_client() {
	echo ssh -q -T -F none -o BatchMode=yes -o IdentitiesOnly=yes -i "$1.key" \
	    -o "UserKnownHostsFile=$sshd_dir/known_hosts" -p "$sshd_port" \
	    "$(id -un)@127.0.0.1" axletree
}
# over_http NAME PORT: its keys; they have a token of their own.
over_http() {
	test -e "$1.token" || openssl rand -hex 32 >"$1.token"
	echo "transport = http http { url = \"http://127.0.0.1:$2/\""
	echo "token = $1.token }"
}
# What a hostile end does, its victim's status, and words of what that one says.
hostile_acts() {
	cat <<-'EOT'
	noise 76 noise before hello:
	banner 76 noise before hello: Welcome to the machine
	endless-line 76 noise before hello: x{80}
	http 76 noise before hello: GET / HTTP/1.1
	version 76 speaks the versions 7 to 9
	other-association 78 speaks for association andes
	same-role 78 (hub|spoke)
	other-mode 78 both ends say that they
	order 76 CHUNK outside a batch
	early-ack 76 a frame of type A before HELLO
	length 76 a frame of 4294967295 bytes
	size 76 of 4294967295 bytes
	unknown-frame 76 a frame of type 0x5a
	unknown-codec 76 compression that was not offered
	large 76 not in the compression it names
	damage 65 message 1 came damaged 3 times
	bomb 65 more than the 8388608 bytes named
	tokens 65 message 1 came damaged 3 times: columnar: damaged
	odd-gzip 65 message 1 came damaged 3 times: gzip:
	resend 76 message 1 was asked for again too often
	strange-ack 76 acknowledge.* ignored
	ping-flood 76 a frame of type 0x5a
	EOT
}

# What both ends have for each other.
waiting() {
	data 1 && hub status >/dev/null 2>&1
	resync
}
# shown KEY FILE: of a status.
shown() {
	sed -n "s/.*\"$1\":\"*\([^,\"}]*\).*/\1/p" "$2"
}
# What was there before is there, and nothing else.
status_of_spoke() {
	sp status --json alps
}
status_of_hub() {
	hub status --json alps
}
untouched() {
	status_of_spoke >spoke.now && status_of_hub >hub.now &&
	    test "$(shown acked_msgid spoke.now)" = null &&
	    test "$(shown waiting_messages spoke.now)" = 2 &&
	    test -e noc/spool/alps/outbox/"$(printf '%020d-%020d' 1 1)".msgs &&
	    test "$(shown last_msgid hub.now)" = null &&
	    test -z "$(find noc/spool/alps/inbox -size +0 -name '*.msgs' \
		-o -size +0 -name '*.open')"
}
# counted: the victim, a hub or a spoke, has refused more than when it was asked last.
refused_hub=0 refused_spoke=0
counted() {
	counted_now=$(shown refused $victim.now)
	eval "counted_before=\$refused_$victim refused_$victim=$counted_now"
	# shellcheck disable=SC2154 # eval sets it
	test "$counted_now" -gt "$counted_before"
}

# Other associations, whose sessions are kept while all this goes on.
#
# others_begin CONFIGURATION NAME...: a daemon of the spoke has them.
others_begin() {
	others_conf=$1
	shift
	others_names=$*
	others_sent=0
	start others "$peak" "$tmp/peaks" spoke -v -c "$others_conf" daemon
	others=$pid
	for others_name; do
		other_writes "$others_name" "level2-token:T1
level2-path:/m" CONFIG
		ok "$others_name delivers" other_delivers "$others_name"
	done
}
# other_writes NAME BODY [TYPE]
other_writes() {
	spoke -c "$others_conf" write "$1" <<-EOT
	Type:${3-DATA}
	Timestamp:$(date +%s)

	$2
	.
	EOT
}
# other_delivers NAME: what it has now is at the hub soon.
other_delivers() {
	others_sent=$((others_sent + 1))
	other_writes "$1" "T1:$others_sent" && wait_for 10 other_arrived "$1"
}
other_arrived() {
	grep -rqs "^T1:$others_sent\$" "noc/spool/$1/inbox" "noc/spool/$1/archive"
}
# others_end: they have had nothing of it.
others_end() {
	stop "$others" TERM 30
	is "the others' daemon ends well" $? 0
	for others_name in $others_names; do
		ok "$others_name has all" wait_for 10 same "$others_name"
		is "and nothing that was refused" \
		    "$(spoke_has refused "$others_name") $(hub_has refused \
		    "$others_name")" "0 0"
	done
}
# met WHAT STATUS ERE: the victim ended so, and no harm was done.  Where a status is
# not seen the words are.
met() {
	test "$(cat status)" = unseen ||
	    is "$1: ends with $2" "$(cat status)" "$2" || diag "$(tail -n 5 err)"
	has "$1: it says why" err "$3"
	ok "$1: nothing is stored or deleted" untouched
	ok "$1: it is counted" counted
	is "$1: another association delivers meanwhile" "$meanwhile_status" 0
}
# dials COMMAND...: the victim, to whom nothing was told yet.
dials() {
	rm -f gw/state/notices noc/state/notices
	timeout 100 "$peak" "$tmp/peaks" "$@" >out 2>err </dev/null
	echo $? >status
}
# stayed_small WHAT [KB]: none of those that were measured grew beyond that.
stayed_small() {
	small_most=$(sort -n peaks | tail -n 1)
	ok "$1: in bounded memory" test "$small_most" -le "${2-$small_kb}"
	diag "$1: at most $small_most KB in $(wc -l <peaks) runs"
}
# A flood is of 256 MB, a bomb too; a batch is of 8 MiB.
small_kb=65536
# meanwhile NAME COMMAND...: the victim, while that association delivers.
meanwhile() {
	meanwhile_name=$1
	shift
	"$@" &
	meanwhile_pid=$!
	other_delivers "$meanwhile_name"
	meanwhile_status=$?
	wait "$meanwhile_pid"
}
# meets_push, meets_pull WHAT STATUS ERE: one that dials the hostile end, and one that it
# dials, in that mode.
judge=met
meets_push() {
	carried push "$peer" hub push alps "$1"
	victim=spoke
	meanwhile "$other_push" dials spoke -c spoke.conf push --always alps
	"$judge" "$1, to who pushes" "$2" "$3"
	victim=hub
	meanwhile "$other_push" calls push "$peer" spoke push alps "$1"
	"$judge" "$1, to who is pushed to" "$2" "$3"
}
meets_pull() {
	carried pull "$peer" spoke pull alps "$1"
	victim=hub
	meanwhile "$other_pull" dials hubctl -c hub.conf pull alps
	"$judge" "$1, to who pulls" "$2" "$3"
	victim=spoke
	meanwhile "$other_pull" calls pull "$peer" hub pull alps "$1"
	"$judge" "$1, to who is pulled from" "$2" "$3"
}
# all_acts: the whole list.
all_acts() {
	hostile_acts >acts
	while read -r hostile_what hostile_status hostile_ere <&3; do
		meets_push "$hostile_what" "$hostile_status" "$hostile_ere"
		meets_pull "$hostile_what" "$hostile_status" "$hostile_ere"
	done 3<acts
}
# coded MODE: what is no stream of each compression, by itself or upon a state: a bomb,
# one that is cut off, one with bytes behind it.
coded() {
	for coded_act in coded-gzip coded-bzip2 coded-xz coded-zstd coded-columnar \
	    upon-zstd upon-columnar; do
		"meets_$1" "$coded_act" 65 \
		    "message 1 came damaged 3 times: ${coded_act#*-}: "
	done
}
# poisoned MODE N: each victim, that has nothing else, gets a message that no resend
# would mend, its N-th.
took_poison() {
	is "$1: the session ends well" "$(cat status)" 0
	has "$1: it is logged" err \
	    'refused messages kept in quarantine association=alps count=1$'
	has "$1: and told" err 'trouble association=alps what=refused'
	"status_of_$victim" >poison.now
	is "$1: it is counted, once" "$(shown refused poison.now)" "$poison_n"
	is "$1: a copy is kept" "$(shown quarantined poison.now)" "$poison_n"
	is "$1: no segment has it" "$(find ./*/spool/alps -name '*.msgs')" ""
	is "$1: another association delivers meanwhile" "$meanwhile_status" 0
}
poisoned() {
	judge=took_poison poison_n=$2
	"meets_$1" poison
	judge=met
}
# acts_beside NAME: each victim gets poison, then, with something for each other, meets
# the whole list, while a daemon has that other association, until others_end.  NAME
# prints its block.
acts_beside() {
	carried push true
	{
		side gw
		"$1"
	} >others.conf
	other_push=$1 other_pull=$1
	others_begin others.conf "$1"
	poisoned push 1
	poisoned pull 2
	others_end

	fresh
	waiting
	others_begin others.conf "$1"
	all_acts
}
