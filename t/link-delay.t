#!/bin/sh
# A long link: 600 ms from end to end and back, 2 MB a second, and 1 % of it lost,
# which costs what is behind another round trip.  A day's backlog goes as one flow,
# not at a batch a round trip.  Batches begin at 256 KiB and double, so this one has
# six or more: twelve turns, and an idle line for most of the time, if each were
# waited for.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

proxy=$top_builddir/t/cut_proxy
cycles=288

# delivered RULE...: over the link, whatever it does.
delivered() {
	fresh
	printf '%s\n' "$@" >rules
	backlog $cycles | sp write >/dev/null || return 1
	rm -f rules.log
	sp push --deadline 120s alps
}

# shellcheck disable=SC2086 # words
keys="compression = none" over_exec push "$proxy" "$tmp/rules" $hub_side
ok "a day's backlog, at 600 ms and 1 % loss" \
    delivered "delay 300" "rate 2000" "stall 100 600"
is "all is there" "$(hub messages alps | sha256sum)" \
    "$(sp messages alps | sha256sum)"
# shellcheck disable=SC2034 # words of a line
read -r w1 up w2 down w3 turns w4 idle <rules.log
diag "$up bytes up, $down down, $turns turns for $cycles messages"
test "$up" -gt 8000000
is "it is a backlog: $up bytes" $? 0
test "$turns" -ge 1 && test "$turns" -le 6
is "one waited for the other $turns times: to open, and for the last word" $? 0
test "$idle" -lt $((up / 2000))
is "the line carried for $((up / 2000)) ms and was idle for $idle, less" $? 0
done_testing
