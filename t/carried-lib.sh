# Helpers for tests of carried files: a spoke "gw" and a hub "noc" in $tmp, with
# one association, alps; spoke.conf and hub.conf.

# configure SPOKE-KEYS HUB-KEYS: what stands in the association's block at each
# end, beside what both have ($both).
configure() {
	{
		carried_node gw
		carried_association "$1"
		echo 'collector "a" { type = exec subtree = "/a" period = 1d'
		echo "command = {\"/bin/sh\", \"$tmp/values.sh\"} }"
	} >spoke.conf
	{
		carried_node noc
		carried_association "$2"
		echo 'hub { settle = 0 settle-max = 1s }'
		echo "store \"rrd\" { type = rrd directory = \"$tmp/noc/rrd\" }"
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
carried_node() {
	echo "node \"$1\" { state = \"$tmp/$1/state\""
	echo "spool = \"$tmp/$1/spool\" run = \"$tmp/$1/run\" }"
}
carried_association() {
	echo 'association "alps" { hub = "noc" spoke = "gw"'
	echo "hub-subtree = \"/Sites/Alps\" ${both-} $1 }"
}
# sign_keys: a pair for each end, gw.sign and noc.sign.
sign_keys() {
	spoke -c spoke.conf keygen --sign gw.sign &&
	    hubctl -c hub.conf keygen --sign noc.sign
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
# collect V W: one cycle with two leaves of these values.
collect() {
	printf 'echo v:%s; echo w:%s\n' "$1" "$2" >values.sh
	sp collect --now
}
# spoke_has KEY, hub_has KEY: of the status.
spoke_has() {
	sp status --json | sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
hub_has() {
	hub status --json | sed "s/.*\"$1\":\"*\\([^,\"}]*\\).*/\\1/"
}
# received N: the hub has that message, ingested or not.
received() {
	hub messages alps "$1-$1" 2>/dev/null | grep -q "^MsgID:$1\$"
}
# same: both ends have the same messages, byte for byte.
same() {
	sp messages alps >sent.txt && hub messages alps >got.txt &&
	    cmp sent.txt got.txt
}
# acked N: the spoke knows that the hub has N.
acked() {
	test "$(spoke_has acked_msgid)" = "$1"
}
# files DIRECTORY [PATTERN]: how many carried segments are there.
files() {
	find "$1" -maxdepth 1 -name "${2-*.msgs*}" ! -name '*.sig' 2>/dev/null |
	    wc -l
}
# ask_resync: the hub wants the configuration again.
ask_resync() {
	"$top_builddir/t/put_resync" "$tmp/noc/spool/alps" 0
}

mkdir -m 700 gw noc
echo 'echo v:1; echo w:2' >values.sh
