#!/bin/sh
# Each fuzz target takes every input of its corpus without a fault.
. "$top_srcdir/t/lib.sh"

test -n "$FUZZ_PROGRAMS" || skip_all "no fuzz targets"
for program in $FUZZ_PROGRAMS; do
	# shellcheck disable=SC2086 # a flag or nothing
	ok "$program takes its corpus" "$top_builddir/$program" $FUZZ_REPLAY \
	    "$top_srcdir/t/fuzz/corpus/${program##*/}"
done
done_testing
