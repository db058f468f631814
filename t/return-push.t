#!/bin/sh
# The return direction where the spoke begins: see t/return-lib.sh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/return-lib.sh"

all_cells push
done_testing
