#!/bin/sh
# Transport http, a node in the middle: hubd is called by its spoke, and spoke daemon
# by its hub, each where it listens.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

mkdir -m 700 hq
daemon_port=$(free_port)

# side_of hq|noc|gw, the node's name.  below: gw and noc; above: noc and hq.
below() {
	echo 'association "alps" { hub = "noc" spoke = "gw" transport = http'
	echo "hub-subtree = \"/Alps\" http { token = alps.token $1 } }"
}
above() {
	echo 'association "andes" { hub = "hq" spoke = "noc" transport = http'
	echo 'mode = pull pull-interval = 1s hub-subtree = "/Andes"'
	echo "http { token = andes.token $1 } }"
}
{
	side gw
	below "url = \"$url\" ca = good.pem"
	collects
} >spoke.conf
# middle WEB-KEYS
middle() {
	{
		side noc
		echo "web { listen = \"127.0.0.1:$port\" $tls $1 }"
		below
		above
		collects
		stores
	} >hub.conf
}
{
	side hq
	above "url = \"https://localhost:$daemon_port/\" ca = good.pem"
	echo 'hub { settle = 0 settle-max = 1s }'
	echo "store \"rrd\" { type = rrd directory = \"$tmp/hq/rrd\" }"
} >hq.conf

# --- One address for two programs ------------------------------------------------------

middle
for program in spoke hubctl; do
	exits "$program: one address alone is refused" 78 \
	    $program -c hub.conf check-config
	has "$program: with who needs another" err \
	    'association "andes": spoke daemon would listen where hubd does'
	has "$program: and how to say so" err 'spoke-listen = '
done
middle "spoke-listen = \"127.0.0.1:$daemon_port\""
ok "two are right" spoke -c hub.conf check-config

# --- Both are called ------------------------------------------------------------------

start_hubd
start daemon spoke -c hub.conf daemon
daemon=$pid
start hq hubd -c hq.conf
hq=$pid
ok "the spoke measures" sp collect --now
ok "and pushes" sp push
ok "the middle has it" wait_for 20 same
mine() {
	spoke -c hub.conf messages andes >sent.txt &&
	    hubctl -c hq.conf messages andes >got.txt &&
	    grep -q Type:DATA sent.txt && cmp -s sent.txt got.txt
}
ok "the middle measures, too" spoke -c hub.conf collect --now
ok "and what it has is pulled" wait_for 30 mine
for name in hubd daemon hq; do
	eval "stop \$$name TERM 30"
	is "$name: an end in order" $? 0
done
done_testing
