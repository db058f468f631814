#!/bin/sh
# spoke write: a message costs what it has, not what the tree has.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

node "$(association alps)"

# input KIND: 400 devices of 50 leaves each, as their CONFIG, as DATA of each
# device, or as one DATA of them all.
input() {
	awk -v kind="$1" 'BEGIN {
		if (kind != "devices")
			head(kind == "config" ? "CONFIG" : "DATA")
		for (d = 0; d < 400; d++) {
			if (kind == "devices")
				head("DATA")
			for (i = 0; i < 50; i++)
				if (kind != "config")
					printf "v%d.%d:%d\n", d, i, i
				else
					printf "%slevel2-token:v%d.%d\n" \
					    "level2-path:/d%d/v%d\n", \
					    (d + i ? ";\n" : ""), d, i, d, i
			if (kind == "devices")
				print "."
		}
		if (kind != "devices")
			print "."
	}
	function head(type) {
		printf "Type:%s\nTimestamp:1085528682\n\n", type
	}'
}

# cpu_ms: of `spoke write`, in user space.
cpu_ms() {
	(
		sp write <in >&2 || echo failed
		times
	) 2>err | awk -F '[ms ]+' '/failed/ { print; exit }
		NR == 2 { printf "%d\n", ($1 * 60 + $2) * 1000 + 1 }'
}

input config >in
ok "20,000 leaves" give
input all >in
one=$(cpu_ms)
is "in one DATA" "$(body "$(last)" | wc -l)" 20000
input devices >in
many=$(cpu_ms)
is "in 400" "$(body "$(last)" | wc -l)" 50
test "$many" -lt $((4 * one))
is "cost about the same" $? 0
diag "one DATA took $one ms of CPU, 400 took $many ms"
done_testing
