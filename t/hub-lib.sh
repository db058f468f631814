# Helpers for tests of hubd: a hub in $hub (hub) and the spoke alps-gw in spoke, in
# $tmp; hub.conf and spoke.conf.  What a session would do is done by deliver.

need rrdtool
: "${hub=hub}"
mkdir -p -m 700 "$hub" spoke
now=$(($(date +%s) / 60 * 60))

hub_stream='transport = exec exec { command = {"/bin/true"} }'
# node ID DIRECTORY MODE [ASSOCIATION-KEYS]: a configuration's beginning.
node() {
	cat <<-EOF
	node "$1" {
		state = "$tmp/$2/state" spool = "$tmp/$2/spool"
		run = "$tmp/$2/run"
	}
	association "alps" {
		hub = "noc" spoke = "alps-gw" mode = $3
		hub-tree = "main" hub-subtree = "/Sites/Alps"
		spoke-tree = "local"
		${4-$hub_stream}
	}
	EOF
}
# nodes MODE [ASSOCIATION-KEYS]: both; more of the hub's on standard input.
nodes() {
	node alps-gw spoke "$@" >spoke.conf
	{
		node noc "$hub" "$@"
		cat
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
# store [KEYS]: its block.
store() {
	echo "store \"rrd\" { type = rrd directory = \"$tmp/$hub/rrd\" ${1-} }"
}
hub() {
	hubctl -c hub.conf "$@"
}
start_hubd() {
	rm -f "$hub/run/hubd.sock"
	start hubd hubd -c hub.conf
	wait_for 10 test -S "$hub/run/hubd.sock"
}

# config LEAF...: of the tokens T1 and so on.
config() {
	printf 'Type:CONFIG\nTimestamp:%s\n\n' "$now"
	hub_separator=
	hub_n=0
	for hub_leaf; do
		hub_n=$((hub_n + 1))
		printf '%slevel2-token:T%s\nlevel2-path:%s\n' \
		    "$hub_separator" $hub_n "$hub_leaf"
		printf 'collector-period:60\nvertical-label:"%s"\n' "$hub_leaf"
		hub_separator=';
'
	done
	echo .
}
# data MINUTE TOKEN:VALUE...
data() {
	printf 'Type:DATA\nTimestamp:%s\n\n' $((now - 3600 + $1 * 60))
	shift
	printf '%s\n' "$@" .
}
# deliver: what standard input has, in sealed segments.
deliver() {
	spoke -c spoke.conf write || return
	for hub_file in spoke/spool/alps/outbox/*.msgs; do
		hub_segment=${hub_file##*/}
		test -e "delivered/$hub_segment" && continue
		cp "$hub_file" delivered/
		cp "$hub_file" "$hub/spool/alps/.$hub_segment"
		mv "$hub/spool/alps/.$hub_segment" \
		    "$hub/spool/alps/inbox/$hub_segment"
	done
}
mkdir delivered

inbox_is_empty() {
	test -z "$(ls "$hub/spool/alps/inbox")"
}
live() {
	hub tree | grep -qx "$1"
}
# stored LEAF MINUTE: the value of that minute in the file.
stored() {
	hub_at=$((now - 3600 + $2 * 60))
	rrdtool fetch "$hub/rrd/main/Sites/Alps/$1.rrd" AVERAGE -r 60 \
	    -s $((hub_at - 60)) -e $((hub_at - 60)) |
	    awk -v at="$hub_at:" '$1 == at { printf "%g\n", $2 }'
}
