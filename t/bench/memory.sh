# What a real hubd holds in memory for each of 1,000,000 leaves once it has
# compiled them and is idle.
. "$top_srcdir/t/bench/lib.sh"

sites=10
leaves=100000 # of each

mkdir -m 700 state spool run
{
	echo "node \"noc\" { state = \"$tmp/state\" spool = \"$tmp/spool\""
	echo "run = \"$tmp/run\" }"
	echo "hub { settle = 1s settle-max = 1h }"
	echo "store \"rrd\" { type = rrd directory = \"$tmp/rrd\" }"
	i=0
	while test $i -lt $sites; do
		cat <<-EOT
		association "site$i" {
			hub = "noc" spoke = "gw$i" transport = exec mode = pull
			exec { command = {"/bin/true"} }
			hub-tree = "main" hub-subtree = "/Sites/S$i"
		}
		EOT
		i=$((i + 1))
	done
} >hub.conf
chmod 600 hub.conf
awk -v n=$leaves 'BEGIN { for (i = 0; i < n; i++) printf \
	"%slevel2-token:T%d\nlevel2-path:/RTR%d/if%d/C%d\ngraph-legend:C%d\n",
	i ? ";\n" : "", i + 1, i / 1000, i / 50, i % 50, i % 50 }' >config
i=0
while test $i -lt $sites; do
	"$top_builddir/t/fill_hub" hub.conf site$i config config ||
	    fail_bench "fill_hub"
	i=$((i + 1))
done

live() {
	test -z "$(find spool/*/inbox -name '*.msgs')" &&
	    test "$(grep -c '/Sites/' state/trees/main/index)" -eq $sites
}
ticks() {
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}
# It is idle: no time was used since the last look.
idle() {
	before=${now-} now=$(ticks)
	sleep 1
	test "$now" = "$before"
}
start hubd hubd -c hub.conf
wait_for 240 live || fail_bench "hubd does not compile: $(tail hubd.err)"
test "$(hubctl -c hub.conf tree | wc -l)" -eq $((sites * leaves)) ||
    fail_bench "leaves are missing"
wait_for 60 idle || fail_bench "hubd is never idle"
awk -v n=$((sites * leaves)) '
	/^VmRSS:/ { b = $2 * 1024 / n }
	END { printf "ROW\thubd, resident memory a leaf at %d leaves\t" \
	    "%.0f B\t-\t-\t<= 400 B\t%.2f\n", n, b, 400 / b }' \
    "/proc/$pid/status"
