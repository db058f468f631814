#!/bin/sh
# kill -9 of spoke collect, write and push and of hubctl receive at every call
# that changes a file: run again, they lose nothing and double nothing.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/kill-lib.sh"

need ssh-keygen
start_sshd || skip_all "no sshd, or no shell for it"
hubctl=$(command -v hubctl)

# both NODE ASSOCIATION...
both() {
	echo "node \"$1\" { state = \"$tmp/node/$1/state\""
	echo "spool = \"$tmp/node/$1/spool\" run = \"$tmp/node/$1/run\" }"
	shift
	for name; do
		cat <<-EOT
		association "$name" {
			hub = "noc" spoke = "gw" compression = gzip
			hub-subtree = "/Sites/$name"
			ssh {
				host = "127.0.0.1" port = $sshd_port
				user = "$(id -un)" identity = "$name.key"
				known-hosts = "sshd/known_hosts"
			}
		}
		EOT
	done
}
# collector NAME PERIOD
collector() {
	echo "collector \"$1\" { type = exec subtree = \"/$1\" period = $2"
	echo "command = {\"/bin/sh\", \"$tmp/values.sh\"} }"
}
mkdir -m 700 node node/gw node/noc
{ both gw alps bern && collector a 1d; } >spoke.conf
{ both gw alps bern && collector a 1d && collector b 12h; } >more.conf
both noc alps bern >hub.conf
chmod 600 ./*.conf
echo 'echo v:1; echo w:2' >values.sh
ssh-keygen -q -t ed25519 -N '' -f alps.key
# What the forced command runs hubctl below: nothing, or what kills it.
cat >receive <<EOT
#!/bin/sh
. "$tmp/around"
exec \$around "$hubctl" -c "$tmp/hub.conf" receive alps
EOT
chmod 755 receive
echo "restrict,command=\"ASAN_OPTIONS=$ASAN_OPTIONS $tmp/receive\" $(
	cat alps.key.pub)" >"$sshd_dir/authorized_keys"
echo 'around=' >around

sp() {
	spoke -c "$tmp/$conf" "$@"
}
# sent ASSOCIATION [FROM-TO]: what lies in its spool, but for time and chance.
sent() {
	sp messages "$@" | sed -E '/^(Stream|Timestamp|Digest|Prev|Length):/d'
}
# prepare: the points of the scene, and what it leaves when nothing happens.
prepare() {
	begin
	# shellcheck disable=SC2046 # words
	run $(tracing "$tmp/trace")
	points trace >points
	check wanted
}
# the_same FILE: what the check before this one left is in FILE.
the_same() {
	test "$1" = wanted || cmp wanted "$1" || diff wanted "$1"
}

# --- collect -----------------------------------------------------------------

begin() {
	restore start
}
run() {
	"$@" spoke -c "$tmp/$conf" collect >killed 2>&1
}
# check [wanted]: run it to the end; what is there then is that of "wanted".
check() {
	sp collect || return
	for name in alps bern; do
		sent $name
		files node/gw
	done >"${1-got}"
	the_same "${1-got}"
}

conf=spoke.conf
save start
prepare
kills "collect, the first of a node" 30
has "a cycle is a CONFIG and DATA" wanted '^Type:DATA'

begin
sp collect
save start
conf=more.conf
prepare
kills "collect, another cycle" 20

# --- write -------------------------------------------------------------------

cat >input <<EOT
Type:CONFIG
Timestamp:1100000000

level2-token:T1
level2-path:/door
.
Type:DATA
Timestamp:1100000001

T1:1
.
EOT
run() {
	"$@" spoke -c "$tmp/$conf" write alps <input >killed 2>&1
}
# All of it or nothing: given again after each kill, it is there once for each
# time that was said or meant to be.
check() {
	sp write alps <input || return
	{ sent alps && files node/gw; } >got
	cmp -s wanted.1 got || cmp -s wanted.2 got || diff wanted.3 got
}
begin
for n in 1 2 3; do
	sp write alps <input
	{ sent alps && files node/gw; } >wanted.$n
done
prepare
kills "write" 25

# --- push, receive ------------------------------------------------------------

begin
ok "a session" sp push alps
"$top_builddir/t/put_resync" node/noc/spool/alps 0
sp collect
save start
begin
run() {
	"$@" spoke -c "$tmp/$conf" push --deadline 10s alps >killed 2>&1
}
# The hub asks for the configuration, so a second delivery follows.  Where the
# question was not put away it is answered again, which changes nothing.
check() {
	echo 'around=' >around
	sp push --always --deadline 20s alps || return
	sp push --always --deadline 20s alps || return
	hubctl -c hub.conf messages alps >there || return
	sp messages alps >here || return
	cmp here there || return
	{ sent alps 1-5 && files node; } >"${1-got}"
	the_same "${1-got}" || return
	for again in 6 7; do
		grep -q "^MsgID:$again$" here || return 0
		test "$(sent alps 5-5)" = "$(
		    sent alps $again-$again | sed "s/^MsgID:.*/MsgID:5/")" ||
			return
	done
}
prepare
kills "push" 50

run() {
	echo "around='$*'" >around
	sp push --deadline 10s alps >killed 2>&1
}
prepare
kills "receive" 50

done_testing
