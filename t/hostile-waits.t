#!/bin/sh
# Far ends that are silent, that send a byte in ten seconds, and that do not read,
# met by who dials and by who is called, in push and in pull, over pipes and over
# ssh: all at once, each with an association of its own.  Each session ends by
# itself, in its time; others deliver meanwhile.
. "$top_srcdir/t/lib.sh"
need ssh ssh-keygen
start_sshd || skip_all "no sshd"
case $(getent passwd "$(id -un)") in
*/nologin | */false) skip_all "this account has no shell for sshd to use" ;;
esac
. "$top_srcdir/t/hostile-lib.sh"

# --- Both ends ------------------------------------------------------------------

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

for carrier in pipes ssh; do
	for way in push-dials push-called pull-dials pull-called; do
		for act in silence drip deaf; do
			echo "$carrier-$way-$act"
		done
	done
done >names
# parts NAME: sets its $carrier, $mode, $end, $act, and the $victim, spoke or hub.
parts() {
	carrier=${1%%-*} act=${1##*-}
	end=${1#*-} end=${end%-*}
	mode=${end%-*} end=${end#*-}
	case $mode-$end in
	push-dials | pull-called) victim=spoke hostile=hub ;;
	*) victim=hub hostile=spoke ;;
	esac
}
# ours NAME: the end that is called.
ours() {
	test "$victim" = spoke && echo "$spoke -c $tmp/spoke.conf serve $1" ||
	    echo "$hubctl -c $tmp/hub.conf receive $1"
}
# far NAME: what the one who dials meets.
far() {
	if test "$end" = dials; then
		echo "$peer $hostile $mode $1 $act"
	else
		echo "/bin/sh $tmp/victim.sh $1 $(ours "$1")"
	fi
}
# over NAME COMMAND...: its block.
over() {
	over_name=$1
	test "$over_name" = kept && over_keep=yes || over_keep=no
	shift
	if test "$carrier" = pipes; then
		association "$over_name" "transport = exec mode = $mode
		    compression = none exec { command = {$(argv "$@")}
		    env = {\"ASAN_OPTIONS=$ASAN_OPTIONS\"} }"
	else
		association "$over_name" "transport = ssh mode = $mode
		    compression = none keep = $over_keep ssh { host = \"127.0.0.1\"
		    port = $sshd_port user = \"$(id -un)\"
		    identity = \"$over_name.key\"
		    known-hosts = \"sshd/known_hosts\" }"
		ssh-keygen -q -t ed25519 -N '' -C '' -f "$over_name.key"
		echo "restrict,command=\"$*\" $(cat "$over_name.key.pub")" \
		    >>"$sshd_dir/authorized_keys"
	fi
}
while read -r name; do
	parts "$name"
	# shellcheck disable=SC2046 # words
	over "$name" $(far "$name")
done <names >associations
mode=push victim=hub
for carrier in pipes ssh kept; do
	# shellcheck disable=SC2046 # words
	over "$carrier" env "ASAN_OPTIONS=$ASAN_OPTIONS" $(ours "$carrier")
done >>associations
{
	side gw
	cat associations
} >spoke.conf
{
	side noc
	cat associations
} >hub.conf
chmod 600 spoke.conf hub.conf

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
for name in pipes ssh kept; do
	sp write $name <little
done

# --- All at once -------------------------------------------------------------------

# client NAME: OpenSSH's, for a hostile end that dials.
client() {
	echo ssh -q -T -F none -o BatchMode=yes -o IdentitiesOnly=yes -i "$1.key" \
	    -o "UserKnownHostsFile=$sshd_dir/known_hosts" -p "$sshd_port" \
	    "$(id -un)@127.0.0.1" axletree
}
# meets NAME: the victim has its session.
# shellcheck disable=SC2046 # words
meets() {
	case $carrier-$end-$victim in
	pipes-called-*) set -- "$1" "$peer" "$hostile" "$mode" "$1" "$act" \
	    $(far "$1") ;;
	ssh-called-*) set -- "$1" "$peer" "$hostile" "$mode" "$1" "$act" \
	    $(client "$1") ;;
	*-spoke) set -- "$1" sh victim.sh "$1" "$spoke" -c spoke.conf push "$1" ;;
	*-hub) set -- "$1" sh victim.sh "$1" "$hubctl" -c hub.conf pull "$1" ;;
	esac
	meets_name=$1
	shift
	start "at.$meets_name" "$@"
}
while read -r name; do
	parts "$name"
	meets "$name"
done <names
for name in pipes ssh; do
	ok "meanwhile another association delivers, over $name" \
	    spoke -c spoke.conf push $name
	is "all that it has" "$(hub messages $name)" "$(sp messages $name)"
done

# --- Meanwhile, a newer session of an association, over ssh -----------------------------

# hold: a kept one, whose far end is there and does nothing.
hold() {
	# shellcheck disable=SC2046 # words
	start held timeout 100 "$peer" spoke push kept kept $(client kept)
	held=$pid
	wait_for 20 holder kept
}
hold
ok "a kept session over ssh ends for the next" \
    spoke -c spoke.conf push --deadline 60s kept
ok "and is over" wait_for 10 ended "$held"
is "all is there, once" "$(hub messages kept)" "$(sp messages kept)"

sp write kept <little
hold
kill -STOP "$(holder kept)"
took=$(lib_now)
ok "one that does not listen is killed for it" \
    spoke -c spoke.conf push --deadline 60s kept
took=$(($(lib_now) - took))
ok "after 5 s, and those of a busy machine" test "$took" -ge 4 -a "$took" -le 40
ok "and is over" wait_for 10 ended "$held"
is "all is there, once" "$(hub messages kept)" "$(sp messages kept)"

# --- What became of the others -----------------------------------------------------------

# Who must be silent for 30 s, who may be so slow, who does not read for 75 s; and
# the seconds of a busy machine.
while read -r name; do
	parts "$name"
	case $act in
	silence) least=29 most=75 why='the far end was silent for 30 s' ;;
	drip) least=10 most=55 why='the far end is too slow' ;;
	deaf) least=74 most=120 why='the far end does not read' ;;
	esac
	ok "$name: it ends" wait_for 120 test -e "$name.status"
	status='' took=0
	test ! -e "$name.status" || read -r status took <"$name.status"
	is "$name: by itself" "$status" 75
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
done <names
stayed_small "all of them"
done_testing
