# For measurements in POSIX sh: t/lib.sh, medians of programs timed in turns,
# and rows for summary.sh.
. "$top_srcdir/t/lib.sh"
PATH=$top_builddir/t/bench:$PATH

fail_bench() {
	echo "bench: $*" >&2
	exit 1
}

# turns RUNS <LINES: as t/bench/turns.c says; medians in the file medians.
turns() {
	"$top_builddir/t/bench/turns" "$1" >medians.new || fail_bench "$0"
	cat medians.new >>medians
}

# median NAME: in milliseconds.
median() {
	sed -n "s/^$1 //p" medians
}

# least NAME...: that of the smallest median.
least() {
	for lib_name; do
		echo "$(median "$lib_name") $lib_name"
	done | sort -n | sed -n '1s/.* //p'
}

# ROW what reached floor ratio goal score; see bench.h.
# row WHAT NAME FLOOR GOAL: at most GOAL times the floor.
row() {
	awk -v what="$1" -v v="$(median "$2")" -v f="$(median "$3")" \
	    -v goal="$4" 'BEGIN { printf \
	    "ROW\t%s\t%.1f ms\t%.1f ms\t%.2f\t<= %s\t%.2f\n",
	    what, v, f, v / f, goal, goal / (v / f) }'
}

# limit WHAT NAME FLOOR MS: at most MS, whatever the floor is.
limit() {
	awk -v what="$1" -v v="$(median "$2")" -v f="$(median "$3")" \
	    -v goal="$4" 'BEGIN { printf \
	    "ROW\t%s\t%.1f ms\t%.1f ms\t%.2f\t<= %s ms\t%.2f\n",
	    what, v, f, v / f, goal, goal / v }'
}
