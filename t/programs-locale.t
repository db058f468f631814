#!/bin/sh
# A locale with a decimal comma changes no byte: not in the spool, in the XML,
# the store, or in what is printed.
. "$top_srcdir/t/lib.sh"

need localedef perl
test -e /usr/share/i18n/locales/de_DE || skip_all "no source of the locale"
mkdir locale
localedef -i de_DE -f UTF-8 "$tmp/locale/de_DE.UTF-8" 2>/dev/null ||
    skip_all "localedef makes no German locale"
# german COMMAND...: as on a German machine.  What setlocale keeps of LOCPATH
# to the end is not ours.
german() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    LOCPATH=$tmp/locale LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 "$@"
}
is "there is a locale with a comma" "$(german perl -MPOSIX -e '
	setlocale(LC_ALL, ""); print localeconv()->{decimal_point}')" ,

exits "numbers are parsed the same" 0 german "$top_builddir/t/test_message"
lacks "with that locale" out 'no German locale'

now=$(($(date +%s) / 60 * 60))
{
	printf 'Type:CONFIG\nTimestamp:%d\n\nlevel2-token:T1\n' "$now"
	printf 'level2-path:/in\ncollector-period:60\nrrd-create-min:-0.5\n'
	printf 'graph-upper-limit:1.25\n.\n'
	for i in 10 9 8 7 6 5 4 3 2 1; do
		printf 'Type:DATA\nTimestamp:%d\n\nT1:%d.5\n.\n' \
		    $((now - i * 60)) $i
	done
} >in
# both ENVIRONMENT DIRECTORY: a spoke writes, its hub ingests and prints.
both() {
	mkdir -m 700 "$2" "$2/hub"
	(
		cd "$2" || exit
		for node in gw noc; do
			at=$tmp/$2
			test $node = gw || at=$at/hub
			cat <<-EOT
			node "$node" { state = "$at/state" spool = "$at/spool"
				run = "$at/run" }
			association "alps" { hub = "noc" spoke = "gw"
				hub-subtree = "/A" rate = 1536
				ssh { host = "localhost" } }
			operator { gather = 90s }
			EOT
			test $node = gw ||
			    echo "store \"rrd\" { type = rrd directory = \"$at/rrd\" }"
		done | awk '/^node "noc"/ { hub = 1 }
		    { print >(hub ? "hub.conf" : "spoke.conf") }'
		chmod 600 spoke.conf hub.conf
		$1 spoke -c spoke.conf write <../in
		$1 spoke -c spoke.conf messages alps | grep -v -e ^Stream: \
		    -e ^Prev: -e ^Digest: >messages
		$1 hubctl -c hub.conf status >/dev/null
		$1 hubctl -c hub.conf messages alps >/dev/null
		cp spool/alps/outbox/*.msgs hub/spool/alps/inbox/
		$1 hubctl -c hub.conf compile
		cat hub/state/trees/main/alps.xml | sed "s|$tmp/$2|TMP|g" >xml
		$1 hubctl -c hub.conf values /A/in --from $((now - 3600)) \
		    --to "$now" >stored
		$1 hubctl -c hub.conf values /A/in --from $((now - 3600)) \
		    --to "$now" --json >json
		$1 hubctl -c hub.conf values /A/in --raw >raw
		$1 hubctl -c hub.conf tree --params >tree
		$1 hubctl -c hub.conf check-config -v | sed "s|$tmp/$2|TMP|g" \
		    >effective
	) >"$2.out" 2>&1
}
both env c
both german de
is "all is said in C" "$(cat c.out)" ""
is "and in German" "$(cat de.out)" ""
for file in messages xml stored json raw tree effective; do
	test -s "c/$file"
	is "there is something: $file" "$?" 0
	ok "the same bytes: $file" cmp "c/$file" "de/$file"
done
lacks "no comma in a value" de/stored ,
has "but a point" de/stored '	[0-9]+\.5'

cat >self.conf <<EOF
node "gw" { state = "$tmp/self/state" spool = "$tmp/self/spool"
	run = "$tmp/self/run" }
association "alps" { hub = "noc" spoke = "gw" hub-subtree = "/A"
	ssh { host = "localhost" } }
collector "self" { type = host subtree = "/Host" period = 60s }
EOF
mkdir -m 700 self
chmod 600 self.conf
ok "a machine is measured" german spoke -c self.conf collect
german spoke -c self.conf messages alps >out
lacks "without a comma in a value" out '^T[0-9]+:.*,'
has "with points" out '^T[0-9]+:[0-9]+\.[0-9]+$'
done_testing
