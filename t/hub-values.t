#!/bin/sh
# hubctl values and graph: what went in comes out, as collected from the
# archive and consolidated from the store.
. "$top_srcdir/t/lib.sh"

"$top_builddir"/hub/hubctl --help | grep -q values ||
    skip_all "hubctl has no values"

mkdir state spool run
cat >hub.conf <<EOF
node "noc" { state = "$tmp/state" spool = "$tmp/spool" run = "$tmp/run" }
association "alps" {
	hub = "noc" spoke = "alps-gw" transport = ssh mode = push
	hub-tree = "main" hub-subtree = "/Sites/Alps" spoke-tree = "local"
	translate "/Hosts/alps-gw" { to = "/Gateway" }
}
store "rrd" { type = rrd directory = "$tmp/rrd" rra = {"AVERAGE:1x:1d", "AVERAGE:1h:30d"} }
EOF

now=$(($(date +%s) / 60 * 60))
t0=$((now - 1200))
cat >config1 <<'EOF'
level2-token:T0001
level2-path:/Hosts/alps-gw/load
vertical-label:a:b: c
graph-legend:load: 1
graph-title:a:b<c>
line-color:#aa0000
graph-lower-limit:0
;
level2-token:T0002
level2-path:/Hosts/alps-gw/octets
rrd-create-dstype:COUNTER
graph-lower-limit:0
graph-logarithmic:yes
EOF
# The next configuration swaps the tokens.
sed -e 's/T0001/T000x/;s/T0002/T0001/;s/T000x/T0002/' config1 >config2

# A value a minute: load is the minute's number, but for what a number's text
# may go wrong with; octets grow by 600.
value() {
	case $1 in
	7) echo U ;;
	11) echo 1000000 ;;
	12) echo 0.0000123 ;;
	13) echo -9007199254740991 ;;
	14) echo 0 ;;
	*) echo "$1.17" ;;
	esac
}
set -- config config1
i=0
while test $i -lt 20; do
	if test $i -lt 10; then load=T0001 octets=T0002
	else load=T0002 octets=T0001; fi
	value=$(value $i)
	printf '%s:%s\n%s:%s\n' $load $value $octets \
	    "$((i * 600 + 100000))" | sort >"data$i"
	test $i -ne 10 || set -- "$@" config config2
	set -- "$@" data $((t0 + 60 * i)) "data$i"
	i=$((i + 1))
done
ok "a hub is filled" "$top_builddir"/t/fill_hub hub.conf alps "$@"

hubctl() {
	"$top_builddir"/hub/hubctl -c hub.conf "$@"
}
# What librrd and fontconfig keep to the end is not ours.
graph() {
	ASAN_OPTIONS=detect_leaks=0 hubctl graph "$@"
}
load=/Sites/Alps/Gateway/load
octets=/Sites/Alps/Gateway/octets

# As collected, over a change of tokens.
i=0
while test $i -lt 20; do
	value=$(value $i)
	printf '%d\t%s\n' $((t0 + 60 * i)) "$value"
	i=$((i + 1))
done >wanted
ok "raw values" hubctl values --raw $load
is "are those that were collected" "$(cat out)" "$(cat wanted)"
hubctl values --raw --tail 2 $load >out
is "the last two" "$(cat out)" "$(tail -n 2 wanted)"
hubctl values --raw --from $((t0 + 60)) --to $((t0 + 120)) $octets >out
is "those of a window" "$(cut -f 2 out | tr '\n' ' ')" "100600 101200 "
hubctl values --raw --json --from $((t0 + 360)) --to $((t0 + 420)) $load >out
is "as JSON" "$(cat out)" "{\"time\":$((t0 + 360)),\"value\":6.17}
{\"time\":$((t0 + 420)),\"value\":null}"

# The first part of a CONFIG is lost, DATA follows, then all of it comes again;
# at last a repeat of it loses its last part.
mkdir lost lost/state lost/spool lost/run
sed "s|$tmp/|$tmp/lost/|g" hub.conf >lost.conf
chmod 600 lost.conf
printf 'level2-token:T0009\nlevel2-path:/Hosts/alps-gw/other\n' >part2
for i in 1 2 3 4 5; do echo "T0001:$i" >"v$i"; done
ok "a hub that lost parts" "$top_builddir"/t/fill_hub lost.conf alps \
    config config1 data $t0 v1 \
    part 2 2 2 part2 data $((t0 + 60)) v2 data $((t0 + 120)) v3 \
    part 2 1 2 config1 part 2 2 2 part2 data $((t0 + 180)) v4 \
    part 2 1 2 config1 data $((t0 + 240)) v5
is "has all raw values all the same" \
    "$("$top_builddir"/hub/hubctl -c lost.conf values --raw $load |
    cut -f 2 | tr '\n' ' ')" "1 2 3 4 5 "

# Consolidated: the time stamps lie on the steps, so each is one value.
ok "stored values" hubctl values --from $((t0 - 1)) $load
is "are what went in, oldest first" "$(cat out)" "$(cat wanted)"
hubctl values --from $((t0 - 1)) $octets >out
is "rates of a counter" "$(cut -f 2 out | sort -u | tr '\n' ' ')" "10 U "
is "one for each step" "$(wc -l <out | tr -d ' ')" 20
hubctl values --tail 3 $load >out
is "the last three" "$(cat out)" "$(tail -n 3 wanted)"
hubctl values --tail 50 $load | tail -n 20 >out
is "more of them" "$(cat out)" "$(cat wanted)"
hubctl values --json --from $((t0 + 360)) --to $((t0 + 420)) $load >out
is "as JSON" "$(cat out)" "{\"time\":$((t0 + 420)),\"value\":null}"
is "nothing of the future" "$(hubctl values --from $((now + 1)) \
    --to $((now + 600)) $load)" ""
rows=$(hubctl values --from 0 $load | wc -l)
test "$rows" -gt 0 && test "$rows" -lt 2000
is "all there is, and no more" $? 0
rows=$(hubctl values $load | wc -l)
test "$rows" -gt 40 && test "$rows" -le 60
is "an hour by default" $? 0

# The picture is one, whatever the texts have in them.
ok "a PNG" graph $load -o load.png
is "is a PNG" "$(head -c 4 load.png | tail -c 3)" PNG
ok "an SVG of another size" graph $octets -o octets.svg \
    --from -20m --width 300 --height 100
has "is an SVG" octets.svg '<svg'
ok "an SVG with texts" graph $load -o load.svg
ok "a logarithm from 0" graph $octets -o octets.png
is "is a PNG" "$(head -c 4 octets.png | tail -c 3)" PNG
is "files are the account's alone" "$(find rrd ! -type d ! -perm 600)" ""
is "and their directories" "$(find rrd -mindepth 1 -type d ! -perm 700)" ""

# What is wrong.
exits "no such leaf" 66 hubctl values /Sites/Alps/Gateway/lod
has "says so" err 'no leaf /Sites/Alps/Gateway/lod.*hubctl tree'
exits "a subtree is no leaf" 66 hubctl values /Sites/Alps/Gateway
exits "outside of all subtrees" 66 hubctl values /Elsewhere
exits "no such tree" 66 hubctl values --tree other $load
exits "no path" 64 hubctl values
exits "no time" 64 hubctl values --from yesterday $load
exits "a window backwards" 64 hubctl values --from -1h --to -2h $load
exits "no tail" 64 hubctl values --tail 0 $load
exits "no file" 64 graph $load
exits "no picture" 64 graph $load -o load.gif
exits "no directory" 73 graph $load -o none/load.png
exits "too wide" 64 graph $load -o load.png --width 100000
rm -f rrd/main/Sites/Alps/Gateway/load.rrd
is "nothing is stored" "$(hubctl values $load)" ""
exits "nothing to draw" 66 graph $load -o load.png
echo garbage >rrd/main/Sites/Alps/Gateway/load.rrd
exits "what is damaged is said" 75 hubctl values $load

# librrd calls its own functions by name: one of ours with such a name would be
# called instead.
librrd=$(ldd "$top_builddir"/hub/hubctl | sed -n 's/.*librrd.* => \([^ ]*\).*/\1/p')
what="no function of ours has the name of one of librrd's"
if command -v nm >/dev/null && test -r "$librrd"; then
	nm -D --defined-only "$librrd" | sed 's/.* //;s/@.*//' | sort >theirs
	nm --defined-only "$top_builddir"/hub/libhub.a |
	    sed -n 's/.* [TDBRC] //p' | sort >ours
	is "$what" "$(comm -12 ours theirs)" ""
else
	skip "$what" "nm is not installed"
fi

done_testing
