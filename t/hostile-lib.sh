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
	strange-ack 76 acknowledge.* ignored
	ping-flood 76 a frame of type 0x5a
	EOT
}

# What both ends have for each other.
waiting() {
	data 1 && hub status >/dev/null 2>&1
	resync
}
# What was there before is there, and nothing else.
untouched() {
	test "$(spoke_has acked_msgid)" = null &&
	    test "$(spoke_has waiting_messages)" = 2 &&
	    test -e noc/spool/alps/outbox/"$(printf '%020d-%020d' 1 1)".msgs &&
	    test -z "$(hub messages alps 2>/dev/null)"
}
# counted: the victim has refused more than before; it is a hub or a spoke.
refused_hub=0 refused_spoke=0
counted() {
	counted_now=$("${victim}_has" refused)
	eval "counted_before=\$refused_$victim refused_$victim=$counted_now"
	# shellcheck disable=SC2154 # eval sets it
	test "$counted_now" -gt "$counted_before"
}
# met WHAT STATUS ERE: the victim ended so, and no harm was done.  Where a status is
# not seen the words are.
met() {
	test "$(cat status)" = unseen ||
	    is "$1: ends with $2" "$(cat status)" "$2" || diag "$(tail -n 5 err)"
	has "$1: it says why" err "$3"
	ok "$1: nothing is stored or deleted" untouched
	ok "$1: it is counted" counted
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
# meets_push, meets_pull WHAT STATUS ERE: one that dials the hostile end, and one that it
# dials, in that mode.
judge=met
meets_push() {
	carried push "$peer" hub push alps "$1"
	victim=spoke
	dials spoke -c spoke.conf push --always alps
	"$judge" "$1, to who pushes" "$2" "$3"
	victim=hub
	calls push "$peer" spoke push alps "$1"
	"$judge" "$1, to who is pushed to" "$2" "$3"
}
meets_pull() {
	carried pull "$peer" spoke pull alps "$1"
	victim=hub
	dials hubctl -c hub.conf pull alps
	"$judge" "$1, to who pulls" "$2" "$3"
	victim=spoke
	calls pull "$peer" hub pull alps "$1"
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
# coded MODE CODEC...: what is no stream of that compression: a bomb, one that is cut
# off, one with bytes behind it.
coded() {
	coded_mode=$1
	shift
	for coded_name; do
		"meets_$coded_mode" "coded-$coded_name" 65 \
		    "message 1 came damaged 3 times: $coded_name: "
	done
}
# poisoned MODE: each victim, that has nothing yet, gets a message that no resend
# would mend.
took_poison() {
	is "$1: the session ends well" "$(cat status)" 0
	has "$1: it is logged" err \
	    'refused messages kept in quarantine association=alps count=1$'
	has "$1: and told" err 'trouble association=alps what=refused'
	is "$1: it is counted, once" "$("${victim}_has" refused)" 1
	is "$1: a copy is kept" "$("${victim}_has" quarantined)" 1
	is "$1: no segment has it" "$(find gw noc -name '*.msgs')" ""
}
poisoned() {
	fresh
	judge=took_poison
	"meets_$1" poison
	judge=met
}
# holder NAME: of the hub's lock for that association; it has a session.
holder() {
	awk -v i=":$(stat -c %i "noc/spool/$1/session.lock")" '
		$2 == "POSIX" && substr($6, length($6) - length(i) + 1) == i {
			print $5; found = 1 }
		END { exit !found }' /proc/locks
}
