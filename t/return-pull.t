#!/bin/sh
# The return direction where the hub begins: see t/return-lib.sh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/return-lib.sh"

all_cells pull
done_testing
