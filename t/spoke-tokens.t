#!/bin/sh
# state/tokens is lost, damaged, or an old one: made anew from the spool, where
# no value goes to another leaf and no token to another path.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

node "$(association alps)"
tokens=state/tokens/alps
now=1085528682

# states SOURCE TOKEN=PATH...: its leaves, and a value of each.
states() {
	source=$1
	shift
	{
		config $((now += 1)) "$@"
		data $((now += 1)) $(printf '%s\n' "$@" | sed 's/=.*/:7/')
	} >in
	give --source "$source" >out 2>err
}

# values SOURCE TOKEN...: DATA alone.
values() {
	source=$1
	shift
	data $((now += 1)) $(printf '%s:9 ' "$@") >in
	give --source "$source" >out 2>err
}

# leaf TOKEN: the path that it has in the last CONFIG.
leaf() {
	n=$(last)
	while test "$(field Type "$n")" != CONFIG; do n=$((n - 1)); done
	body "$n" | sed -n "/^level2-token:$1\$/{ n; s/.*path://p; }"
}

lose_deleted() { rm $tokens; }
lose_emptied() { : >$tokens; }
lose_damaged() {
	tr 0-8 1-9 <$tokens >bad
	cp bad $tokens
}
# Of a time when a source had other names for its leaves.
lose_old() { cp old $tokens; }

for how in deleted emptied damaged old; do
	rm -rf spool state
	states a T1=/a/1 T2=/a/2
	states b T2=/b/1 T1=/b/2
	cp $tokens old
	states b T1=/b/1 T2=/b/2 T9=/b/3
	is "$how: two sources, the same names" "$(leaf T1) $(leaf T0003) $(
		leaf T0004) $(leaf T9)" "/a/1 /b/1 /b/2 /b/3"
	before=$(last)
	lose_$how
	exits "$how: names that are not certain" 65 values b T1 T2
	has "$how: are to be stated again" err 'give its CONFIG again'
	is "$how: and nothing is spooled" "$(last)" "$before"
	ok "$how: a source whose names are the tokens" values a T1 T2
	is "$how: goes on" "$(body "$(last)")" "T1:9
T2:9"
	ok "$how: so does one name that is" values b T9
	exits "$how: another source" 65 values c T1
	ok "$how: the other one states its leaves" states b T1=/b/1 T2=/b/2 \
	    T9=/b/3
	ok "$how: and goes on" values b T2
	is "$how: with its own" "$(body "$(last)")" "T0004:9"
	exits "$how: what is another's" 65 states c T1=/b/1
done

# What a source calls its leaves now, without another configuration.
rm -rf spool state
states a T1=/a/1 T2=/a/2
generation=$(field Generation "$(last)")
before=$(last)
ok "other names for the same leaves" states a T2=/a/1 T1=/a/2
is "the CONFIG is repeated" "$(field Type $((before + 1))) $(
	field Generation $((before + 1)))" "CONFIG $generation"
is "as it was" "$(body $((before + 1)))" "$(body 1)"
is "and the values are theirs" "$(body "$(last)")" "T1:7
T2:7"
rm $tokens
exits "after a loss they are not certain" 65 values a T1
ok "until stated" states a T2=/a/1 T1=/a/2
ok "then they are" values a T2
is "as stated" "$(body "$(last)")" "T1:9"

# A stream that begins anew, with all that it has, costs nobody a name.
states b T1=/b/1
ok "a new stream" sp renew alps
ok "every source goes on" values b T1
is "with its leaves" "$(leaf "$(body "$(last)" | sed 's/:.*//')")" /b/1

# Tokens of leaves that are gone.
rm -rf spool state
states a T1=/a/1 T2=/a/2 T3=/a/3 x4=/a/4
states a T1=/a/1
rm $tokens
ok "after a loss" states b T3=/b/3 x4=/b/4 T1=/b/1 T90=/b/90
is "a gone leaf's token is nobody's" "$(leaf T3)$(leaf x4)" ""
is "a number behind them is free" "$(leaf T90)" /b/90
ok "which is remembered" states c T2=/c/2 x4=/c/4 y5=/c/5
is "as long as the stream" "$(leaf T2)$(leaf x4)$(leaf y5)" ""
ok "and all have values" values b T3 x4 T1 T90

done_testing
