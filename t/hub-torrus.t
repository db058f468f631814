#!/bin/sh
# A real Torrus compiles our XML, has the leaves with the parameters that we
# meant, reads our RRD files and draws them.
. "$top_srcdir/t/lib.sh"

test -r /usr/share/torrus/bin/compilexml ||
    skip_all "torrus-common is not installed"
need redis-server rrdtool perl

config=$top_srcdir/t/data/torrus/alps.config
mkdir trees rrd

# accept DESCRIPTION STATUS [-v] [-g]: what Torrus makes of trees/main.xml
accept() {
	what=$1 status=$2
	shift 2
	exits "$what" "$status" sh "$top_srcdir/t/torrus_accept.sh" "$@" \
	    trees/main.xml
}

exits "a CONFIG is compiled" 0 sh -c \
    '"$1"/t/compile_config trees "$2"/rrd <"$3" >wanted' \
    sh "$top_builddir" "$tmp" "$config"
if LC_ALL=C grep -n '[^ -~	]' trees/alps.xml; then
	fail "the XML is pure ASCII"
else
	pass "the XML is pure ASCII"
fi

# Characters that Torrus 3.00 dies of stand as their bytes: one leaf has some.
grep -v '/0/0	' wanted >as_meant
grep '/0/0	' wanted | iconv -f LATIN1 -t UTF-8 >>as_meant
sort as_meant >wanted

# A value a minute for ten minutes: the number of the leaf's line.
now=$(($(date +%s) / 60 * 60))
leaf=0
while IFS='	' read -r _ path _; do
	leaf=$((leaf + 1))
	rrd=rrd/main$(echo "$path" | tr : ,).rrd
	rrdtool create "$rrd" --start $((now - 660)) --step 60 \
	    DS:value:GAUGE:150:U:U RRA:AVERAGE:0.5:1:1440
	for minute in 10 9 8 7 6 5 4 3 2 1 0; do
		rrdtool update "$rrd" $((now - minute * 60)):$leaf
	done
	echo "$path $leaf" >>values
done <wanted

accept "Torrus compiles it, reads it, draws it" 0 -v -g
cp out taken
grep '^leaf' taken >leaves
ok "its leaves have the parameters that we meant" diff wanted leaves
sed -n 's/^value	\([^	]*\)	[0-9]*	\([0-9]*\).*/\1 \2/p' taken >read
ok "it reads the values of our RRD files" diff values read
is "it draws each leaf" "$(grep -c '^graph' taken)" "$leaf"
lacks "no graph is empty" taken '^graph.*	0$'

# That Torrus can say no.
rm -r rrd/main/Sites/Alps/0
accept "a data-dir that is missing is refused" 1
mkdir rrd/main/Sites/Alps/0
sed 's/"rrd-file"/"rrd-fyle"/' trees/alps.xml >changed
cp changed trees/alps.xml
accept "a type that it does not know is refused" 1

# An empty configuration is a tree as well.
exits "an empty CONFIG is compiled" 0 sh -c \
    '"$1"/t/compile_config trees "$2"/rrd </dev/null >wanted' \
    sh "$top_builddir" "$tmp"
accept "Torrus compiles an empty tree" 0
is "which has no leaf" "$(grep -c '^leaf' out)" 0

done_testing
