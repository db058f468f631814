#!/bin/sh
# spoke write: messages from any program, all or none.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

echo 'echo v:1' >a.sh
node "$(association alps)" "$(collector a)"

json() {
	sp status --json | sed "s/.*\"$1\":\([^,]*\),.*/\1/"
}
: >in
ok "nothing is nothing" give
is "and leaves nothing" "$(last)" null
{
	config 1085528682 T1=/R/in x.y=/R/out
	data 1085528690 T1:5 x.y:U
} >in
ok "a configuration and values" give
is "silently" "$(cat out err)" ""
is "their types and times" "$(field Type 1) $(field Timestamp 1) $(
	field Type 2) $(field Timestamp 2)" \
    "CONFIG 1085528682 DATA 1085528690"
is "the tokens that they came with" "$(body 2)" "T1:5
x.y:U"
ok "the same again" give
is "repeats no configuration" "$(field Type 3) $(last)" "DATA 3"

# Sources beside each other.
{
	config 1085528700 T1=/S/in
	data 1085528700 T1:7
} >in
ok "another source with the same token" give --source two
is "gets the next that is free" "$(body 5)" "T0002:7"
is "beside the first one's leaves" \
    "$(body 4 | grep path | tr -d '\n')" \
    "level2-path:/R/inlevel2-path:/R/outlevel2-path:/S/in"
ok "a collector of the same tree" sp collect
is "comes behind them" "$(body 7)" "T0003:1"
config 1085528710 T1=/R/in >in
ok "a source states all of its leaves" give
is "and of those of others none" "$(body 8 | grep path | tr -d '\n')" \
    "level2-path:/R/inlevel2-path:/S/inlevel2-path:/a/v"
config 1085528711 T1=/R/in T2=/R/out >in
ok "a leaf that comes back" give
is "has its token" "$(body 9 | sed -n 4p)" "level2-token:x.y"
data 1085528712 T2:9 T1:8 >in
ok "whatever its source calls it now" give
is "in the order of the configuration" "$(body 10)" "T1:8
x.y:9"
{
	printf 'Type:DATA\nTimestamp:1085528713\nCollector:c1\n'
	printf 'Correlation:j7\nX-Mine:1\n\nT1:1\n.\n'
	printf 'Type:STATUS\nTimestamp:1085528713\n\nload:3\n.\n'
} >in
ok "fields that may be given, and a STATUS" give
is "are kept" "$(field Collector 11) $(field Correlation 11) $(
	field X-Mine 11) $(field Type 12)" "c1 j7 1 STATUS"

# The manual page's example.
sed -n '/^spoke write --source door/,/^EOT/p' "$top_srcdir/doc/spoke.1" |
    sed -e 's/^\\\&//' -e "s/^spoke write/spoke -c spoke.conf write/" >example
ok "the page's example" sh -e example
is "is spooled" "$(body "$(last)")" "T0004:0"

# What is refused leaves nothing behind.
sp messages alps >before
refused() {
	exits "refused: $1" 65 give
	sp messages alps >after
	cmp -s before after || fail "$1: and nothing was spooled"
}
good=$(data 1085528720 T1:1)
{ echo "$good" && data 1085528720 nobody:1; } >in
refused "a token that no CONFIG has"
data 1085528720 T0002:1 >in
refused "another source's token"
{ echo "$good" && printf 'MsgID:7\n%s\n' "$good"; } >in
refused "a MsgID"
printf 'Stream:%032d\n' 7 | sed 's/^/Type:DATA\nTimestamp:1\n/' >in
printf '\nT1:1\n.\n' >>in
refused "another stream"
printf 'Stream:%032d\n' 0 | sed 's/^/Type:DATA\nTimestamp:1\n/' >in
printf '\nT1:1\n.\n' >>in
refused "a stream of zeros"
for prev in 00000000 12345678; do
	printf 'Type:DATA\nTimestamp:1\nPrev:crc32=%s\n\nT1:1\n.\n' $prev >in
	refused "Prev that is another one's, $prev"
done
printf 'Type:CONFIG\nTimestamp:1\nGeneration:%s\nPart:%s\n\nlevel2-token:%s
level2-path:/R/%s\n.\n' 99 1/2 T1 in 3 2/2 T2 out >in
refused "a wrong generation on one part"
printf 'Type:DATA\nTimestamp:1\nGeneration:99\n\nT1:1\n.\n' >in
refused "another generation"
printf 'Type:DATA\nTimestamp:1\nLength:99\n\nT1:1\n.\n' >in
refused "a wrong Length"
printf 'Type:DATA\nTimestamp:1\nDigest:crc32=00000000\n\nT1:1\n.\n' >in
refused "a wrong Digest"
printf 'Type:TASK\nTimestamp:1\n\na:1\n.\n' >in
refused "a TASK"
printf 'Type:STATUS\nTimestamp:1\n\na:1\nb\n.\n' >in
refused "a STATUS with a line that is none"
has "which is told by its number" err 'line 5: a line without a colon'
printf 'Type:CONFIG\nTimestamp:1\nPart:1/2\n\n.\n' >in
refused "half a configuration"
for value in nan 1e5 0x1 "" " 1" --1; do
	data 1 "T1:$value" >in
	refused "the value \"$value\""
done
for path in R/in /R//in /R/../in /R/.in /R/-in /R/in/ "/R/a b"; do
	config 1 "T1=$path" >in
	refused "the path \"$path\""
done
for line in data-dir:/tmp monitor:x 'comment:%snmp-community%' \
    'comment:$x' 'graph-legend:a\b' rrd-create-dstype:FOO; do
	printf 'Type:CONFIG\nTimestamp:1\n\nlevel2-token:T1\n' >in
	printf 'level2-path:/R/in\n%s\n.\n' "$line" >>in
	refused "the parameter \"$line\""
done
config 1 T1=/R/in T2=/R/in/x >in
refused "a leaf where another has a subtree"
config 1 T1=/R/in T2=/R/IN >in
refused "names that differ in case alone"
config 1 T1=/S/in >in
refused "another source's leaf"
config 1 T1=/a/v/x >in
refused "a leaf below another source's"
config 1 T1=/R/in T1=/R/out >in
refused "a token twice"
echo "$good" | sed 's/$/\r/' >in
refused "CRLF"
echo "$good" | sed '$d' >in
refused "a message without its end"
printf '%s\n\n%s\n' "$good" "$good" >in
refused "a blank line between messages"
exits "the words that say what is wrong" 65 give
has "name the message" err 'message 2: '

# Who gets it.
echo "$good" >in
exits "a source's name" 64 give --source ../x
exits "an unknown association" 78 give nowhere
exits "an unknown tree" 78 give --tree nowhere
node "$(association alps)" "$(association bern)"
config 1085528800 T1=/R/in >in
ok "a source states its leaves" give
is "to all associations of the tree" "$(field Type "$(last bern)" bern)" CONFIG
data 1085528801 T1:1 >in
before=$(last alps)
ok "one association alone" give bern
is "gets it" "$(last alps) $(field Type "$(last bern)" bern)" "$before DATA"
node "$(association alps)" "$(association bern | sed s/local/two/)"
exits "with two trees" 64 give
has "one is to be named" err 'say --tree'
node "$(association alps 'spool-size = 1M')"
{
	config 1085528810 T1=/R/in
	awk 'BEGIN { for (i = 0; i < 400; i++) {
		printf "Type:STATUS\nTimestamp:%d\n\n", 1085529000 + i
		printf "a:%04000d\n.\n", i } }'
} >in
sp messages alps >before
exits "more than the spool takes" 75 give
sp messages alps >after
ok "is not spooled by half" cmp before after

# Configurations in one input: each that differs is one of its own.
generations() {
	for n in $(seq $(($1 + 1)) "$(last)"); do
		echo "$(field Type "$n") $(field Generation "$n")"
	done | tr '\n' ' '
}
rm -rf spool state
leaves="T1=/R/a T2=/R/b"
{
	config 1085528682 $leaves
	data 1085528683 T1:1
	config 1085528684 $leaves T3=/R/c
	data 1085528685 T3:1
	config 1085528686 $leaves T3=/R/c T4=/R/d
	data 1085528687 T4:1
} >in
ok "three configurations that grow" give
is "are three generations" "$(generations 0)" \
    "CONFIG 1 DATA 1 CONFIG 2 DATA 2 CONFIG 3 DATA 3 "
{
	config 1085528690 $leaves
	config 1085528691 $leaves
	data 1085528692 T1:1
	config 1085528693 $leaves T3=/R/c T4=/R/d
	data 1085528694 T4:1
} >in
ok "one that shrinks, again, and is as it was" give
is "is two, and repeats nothing" "$(generations 6)" \
    "CONFIG 4 DATA 4 CONFIG 5 DATA 5 "
config 1085528695 $leaves T3=/R/c T4=/R/d >in
ok "the last one again" give
is "is no new one" "$(generations 10)" ""

# Nor is a CONFIG's Timestamp an age: it is that of its last change.
rm -rf spool state
config 1085528682 T1=/R/in >in
give
is "a CONFIG alone waits since it changed" "$(json oldest_s)" 1085528682
is "and how long is not known" "$(json lag_s)" null
data $(($(date +%s) - 100)) T1:1 >in
give
lag=$(json lag_s)
test "$lag" -ge 100 && test "$lag" -lt 1000
is "with values it is theirs" $? 0

# A clock that is wrong tells no age.
rm -rf spool state
printf 'Type:STATUS\nTimestamp:86400\n\nload:1\n.\n' >in
ok "a message of 1970" give
is "waits since then" "$(json oldest_s)" 86400
is "but for nobody knows how long" "$(json lag_s)" null
sp check >out
has "not in a plug-in's figures either" out "'alps_lag'=U"
done_testing
