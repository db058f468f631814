# By hand, beside doc/performance.md: many sites that push in one second to one
# hub, on this machine: how many get through, when, and what the others say.
#
#	top_srcdir=. top_builddir=build/plain sh t/bench/storm.sh SITES [LINE...]
#
# The lines are sshd's configuration, such as "MaxStartups 10:30:100", which is
# what it has without one.
PATH=$(cd "$top_builddir" && pwd)/spoke:$(cd "$top_builddir" && pwd)/hub:$PATH
. "$top_srcdir/t/bench/lib.sh"
. "$top_srcdir/t/storm-lib.sh"

sites=${1:?SITES}
shift
need ssh-keygen
start_sshd "$@" "LogLevel INFO" || fail_bench "no sshd"
storm_sites "$sites" || fail_bench "no sites"
storm
echo "statuses: $(cat s*/status | sort | uniq -c | tr -s ' \n' ' ')"
sort -n s*/ms | awk '{ t[NR] = $1 } END {
	printf "ended after: median %.1f s, last %.1f s\n",
	    t[int((NR + 1) / 2)] / 1000, t[NR] / 1000 }'
echo "at the hub: $(storm_delivered), logins: $(
	grep -c '^Accepted publickey' "$sshd_dir/log"), turned away: $(
	sed -n 's/^exited MaxStartups .*, \([0-9]*\) .*/\1/p' "$sshd_dir/log" |
	    paste -s -d +)"
sed -n 's/.*s[0-9]*: ssh [^ ]* \([^;]*\);.*/\1/p' s*/out | sort | uniq -c
