# A long link: the time of a day's backlog at a round trip of 600 ms and 1 % of
# segments late by 200 ms, and how often one end waited for the other; over
# t/cut_proxy, against the same link without delay.
. "$top_srcdir/t/bench/lib.sh"

proxy=$top_builddir/t/cut_proxy
hubctl=$(command -v hubctl)

for node in gw noc; do
	mkdir -m 700 "$node"
	cat >"$node.conf" <<-EOT
	node "$node" { state = "$tmp/$node/state" spool = "$tmp/$node/spool"
		run = "$tmp/$node/run" }
	association "alps" { hub = "noc" spoke = "gw" compression = none
		hub-subtree = "/Sites/Alps" transport = exec
		exec { command = {"$proxy", "$tmp/rules", "$hubctl", "-c",
			"$tmp/noc.conf", "receive", "alps"} } }
	EOT
	chmod 600 "$node.conf"
done
# backlog: 288 cycles of 2,000 values.
backlog() {
	awk 'BEGIN {
		print "Type:CONFIG\nTimestamp:1700000000\n"
		for (i = 1; i <= 2000; i++)
			printf "%slevel2-token:T%d\nlevel2-path:/x/v%d\n",
			    (i > 1 ? ";\n" : ""), i, i
		print "."
		for (c = 1; c <= 288; c++) {
			printf "Type:DATA\nTimestamp:%d\n\n", 1700000000 + 300 * c
			for (i = 1; i <= 2000; i++)
				printf "T%d:%d\n", i, 1000000 * i + 37 * c * i
			print "."
		}
	}'
}
# seconds RULE...: of a push of it.
seconds() {
	rm -rf gw/* noc/*
	printf '%s\n' "$@" >rules
	backlog | spoke -c gw.conf write >/dev/null
	rm -f rules.log
	read -r link_from _ </proc/uptime
	spoke -c gw.conf push || return 1
	read -r link_to _ </proc/uptime
	echo "$link_from $link_to" | awk '{ printf "%.2f", $2 - $1 }'
}
plain=$(seconds "delay 0") || fail_bench "$0"
long=$(seconds "delay 300" "stall 100 200") || fail_bench "$0"
read -r _ bytes _ _ _ turns <rules.log
echo "a day's backlog, $bytes bytes, over exec: $plain s;" \
    "at 600 ms and 1 % late: $long s, $turns waits"
