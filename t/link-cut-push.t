#!/bin/sh
# Real programs over a link that is cut and taken up again: PUSH, over exec and ssh.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

mode=push
far=$hub_side
cut_exec
cut_ssh
done_testing
