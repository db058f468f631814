# Helpers for tests of sessions over any stream: a spoke "gw" and a hub "noc" in
# $tmp, one association "alps" or more, and each end's far side as a command.

spoke=$(command -v spoke)
hubctl=$(command -v hubctl)
spoke_side="$spoke -c $tmp/spoke.conf serve alps"
hub_side="$hubctl -c $tmp/hub.conf receive alps"

# far_side MODE: of who dials in that mode.
far_side() {
	case $1 in
	push) echo "$hub_side" ;;
	pull) echo "$spoke_side" ;;
	esac
}

mkdir -p -m 700 gw noc

# side NODE: begin $NODE's configuration, on standard output.
side() {
	echo "node \"$1\" { state = \"$tmp/$1/state\""
	echo "spool = \"$tmp/$1/spool\" run = \"$tmp/$1/run\" }"
}
# association NAME KEYS: its block; the keys say how it goes.
association() {
	echo "association \"$1\" { hub = \"noc\" spoke = \"gw\""
	echo "hub-subtree = \"/Sites/$1\" $2 }"
}
# collects, stores: what the spoke does beside it, and the hub.
collects() {
	echo 'collector "a" { type = exec subtree = "/a" period = 1d'
	echo "command = {\"/bin/sh\", \"$tmp/values.sh\"} }"
}
stores() {
	echo 'hub { settle = 0 settle-max = 1s }'
	echo "store \"rrd\" { type = rrd directory = \"$tmp/noc/rrd\" }"
}
# both KEYS: alps, the same on both ends.
both() {
	{
		side gw
		association alps "$1"
		collects
	} >spoke.conf
	{
		side noc
		association alps "$1"
		stores
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
# argv WORD...: as a list of the configuration.
argv() {
	for stream_word; do
		printf '"%s", ' "$stream_word"
	done | sed 's/, $//'
}
# over_exec MODE ARGV...: alps over that command.
over_exec() {
	stream_mode=$1
	shift
	both "transport = exec mode = $stream_mode ${keys-} exec {
	    command = {$(argv "$@")}
	    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\" ${env-}} }"
}

sp() {
	spoke -c "$tmp/spoke.conf" "$@"
}
hub() {
	hubctl -c "$tmp/hub.conf" "$@"
}
start_hubd() {
	rm -f noc/run/hubd.sock
	start hubd hubd -c hub.conf
	hubd=$pid
	wait_for 20 test -S noc/run/hubd.sock
}
# spoke_has KEY, hub_has KEY: of the status.
spoke_has() {
	sp status --json "${2-alps}" |
	    sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
hub_has() {
	hub status --json "${2-alps}" |
	    sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
# data N: N messages into the outbox, the first with the configuration.
data() {
	for stream_n in $(seq "$1"); do
		sp collect --now || return
	done
}
# backlog N: so many cycles, each a CONFIG's worth of values: 31 KB.
backlog() {
	awk -v cycles="$1" 'BEGIN {
		print "Type:CONFIG\nTimestamp:1700000000\n"
		for (i = 1; i <= 2000; i++)
			printf "%slevel2-token:T%d\nlevel2-path:/x/v%d\n",
			    (i > 1 ? ";\n" : ""), i, i
		print "."
		for (c = 1; c <= cycles; c++) {
			printf "Type:DATA\nTimestamp:%d\n\n", 1700000000 + 300 * c
			for (i = 1; i <= 2000; i++)
				printf "T%d:%d\n", i, 1000000 * i + 37 * c * i
			print "."
		}
	}'
}
# say N: that many DATA in one write, about 170 bytes each; describe [PATH]: a CONFIG.
said=0
say() {
	awk -v n="$1" -v from="$said" -v now="$(date +%s)" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "Type:DATA\nTimestamp:%d\n\nT1:%d\n.\n", now, from + i
	}' | sp write alps
	said=$((said + $1))
}
describe() {
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:%s\n.\n' \
	    "$(date +%s)" "${1-/v}" | sp write alps
}
newest() {
	spoke_has last_msgid
}
# has_come [N]: the hub has that message, or the newest.
has_come() {
	come=${1-$(newest)}
	hub messages alps "$come-$come" 2>/dev/null | grep -q "^MsgID:$come\$"
}
# arrived: what the hub has, as text; written: what the spoke wrote.
arrived() {
	hub messages alps
}
written() {
	sp messages alps
}
# same [NAME]: both ends have the same messages, byte for byte.  Who was called over
# http, or by a hub's daemon, may seal the last ones when we have gone on.
same() {
	sp messages "${1-alps}" >sent.txt && hub messages "${1-alps}" >got.txt &&
	    cmp sent.txt got.txt
}
fresh() {
	rm -rf gw noc
	mkdir -m 700 gw noc
}
# resync [GENERATION]: a message of the hub's, for the next session.
resync() {
	"$top_builddir/t/put_resync" "$tmp/noc/spool/alps" "${1-0}"
}
echo 'echo v:1; echo w:2' >values.sh
