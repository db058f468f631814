#!/bin/sh
# The list t/rows: each kind of bad input has a test, and each test that it
# names is there, and is run.
. "$top_srcdir/t/lib.sh"

tab=$(printf '\t')
list=$top_srcdir/t/rows
limits="message header line msgid timestamp value token path association config
    window compressed session frame spool xml conffile log mail"

missing=
for n in $(seq 1 112) $(seq 121 128); do
	grep -q "^$n$tab" "$list" || missing="$missing $n"
done
is "each number has a test" "$missing" ""
missing=
for limit in $limits; do
	grep -q "^L-$limit$tab" "$list" || missing="$missing $limit"
done
is "each limit has one" "$missing" ""
grep -v '^#' "$list" >rows
is "a row has four columns" "$(awk -F '\t' 'NF != 4' rows)" ""
is "and is there once" "$(sort rows | uniq -d)" ""

wrong=
while IFS=$tab read -r n _ file name; do
	grep -Fq -e "$name" "$top_srcdir/$file" 2>/dev/null ||
	    wrong="$wrong
$n: $file has no \"$name\""
done <rows
is "each test is in its file" "$wrong" ""

# What a stream carries concerns each of them; a test has it, or is one of those that
# meet all of acts_beside.
beside=$(sed -n '/^acts_beside() {/,/^}/s/^\t//p' "$top_srcdir/t/hostile-lib.sh")
meets() {
	grep -Fqx -e "$2" "$1" ||
	    { grep -q '^acts_beside ' "$1" && echo "$beside" | grep -Fqx -e "$2"; }
}
wrong=
for over in peer ssh http; do
	for list_of in all_acts 'coded push' 'coded pull' 'poisoned push 1' \
	    'poisoned pull 2'; do
		meets "$top_srcdir/t/hostile-$over.t" "$list_of" ||
		    wrong="$wrong
t/hostile-$over.t has no $list_of"
	done
done
is "each list of acts is met over each stream" "$wrong" ""

# A script, or a program of unit tests, that make check knows.
find "$top_srcdir" -name local.mk -exec cat {} + | tr -s ' \t\\' '\n' >known
wrong=
for file in $(cut -f 3 rows | sort -u); do
	grep -Fqx -e "${file%.c}" known || wrong="$wrong $file"
done
is "each file is run" "$wrong" ""
done_testing
