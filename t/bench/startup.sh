# What a program takes to start, say its status on an idle node, and end;
# against a program that does nothing.
. "$top_srcdir/t/bench/lib.sh"

mkdir -m 700 state spool run
for node in noc gw; do
	cat >"$node.conf" <<-EOT
	node "$node" { state = "$tmp/state" spool = "$tmp/spool"
		run = "$tmp/run" }
	association "alps" {
		hub = "noc" spoke = "gw" hub-subtree = "/Sites/Alps"
		ssh { host = "127.0.0.1" user = "nobody" identity = "alps.key"
			known-hosts = "known_hosts" }
	}
	EOT
	chmod 600 "$node.conf"
done
spoke -c gw.conf announce

turns 50 <<EOT
spoke	-	spoke -c $tmp/gw.conf status
hubctl	-	hubctl -c $tmp/noc.conf status
nothing	-	nothing
EOT
limit "spoke status, idle node" spoke nothing 10
limit "hubctl status, idle node" hubctl nothing 10
