#!/bin/sh
# What operations.md says of Torrus, with a real one: its plug-in, which a
# collector of Torrus gives its values, and a tree of the hub's.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/torrus-lib.sh"
. "$top_srcdir/t/spoke-lib.sh"

torrus_is_here || skip_all "torrus-common is not installed"
page=$top_srcdir/doc/operations.md

# shown ERE: the display of the page that has a line like it.
shown() {
	awk -v want="$1" '
	    function end() { if (has) printf "%s", text; text = ""; has = 0 }
	    /^    / { text = text substr($0, 5) "\n"
		has = has || substr($0, 5) ~ want; next }
	    { end() }
	    END { end() }' "$page"
}

mkdir -p perl/Torrus/Collector xml
shown '^package Torrus' >perl/Torrus/Collector/Axletree_Storage.pm
{
	echo "use lib '$tmp/perl';"
	shown '^push.*loadModules'
	echo "push(@Torrus::Global::xmlDirs, '$tmp/xml');"
	shown '^push.*xmlDirs' | sed "s:/var/lib/axletree/:$tmp/:"
	cat <<-EOT
		\$Torrus::Global::treeConfig{site} = {description => 'site',
		    xmlfiles => ['site.xml'], run => {collector => 1}};
		1;
	EOT
} >lines
is "the page has all lines" "$(grep -c '^push' lines)" 4

cat >xml/site.xml <<'EOT'
<?xml version="1.0"?>
<configuration><datasources><subtree name="Boiler">
<param name="ds-type" value="collector"/>
<param name="collector-type" value="cdef"/>
<param name="collector-period" value="1"/>
<param name="collector-timeoffset" value="0"/>
<param name="collector-instance" value="0"/>
<param name="cdef-collector-delay" value="0"/>
<param name="cdef-collector-tolerance" value="0"/>
<param name="system-id" value="boiler"/>
<param name="storage-type" value="axletree"/>
<leaf name="temp"><param name="rpn-expr" value="80,1.5,+"/>
<param name="ext-axletree-token" value="T1"/></leaf>
<leaf name="flow"><param name="rpn-expr" value="7,2,*"/>
<param name="ext-axletree-token" value="T2"/></leaf>
</subtree></datasources></configuration>
EOT
sed '/ext-axletree-token/s:<param[^>]*>::' xml/site.xml >bare.xml

node "$(association alps)"
mkdir bin
cat >bin/spoke <<EOT
#!/bin/sh
test ! -e $tmp/down || exit 75
exec $(command -v spoke) -c $tmp/spoke.conf "\$@"
EOT
chmod +x bin/spoke
printf 'Type:CONFIG\nTimestamp:%s\n\n%s\n.\n' "$(date +%s)" \
    "level2-token:T1
level2-path:/Boiler/temp
;
level2-token:T2
level2-path:/Boiler/flow" | sp write --source torrus

# The hub's tree, by the page's lines.
torrus_begin <lines
compile() {
	with_torrus $torrus/bin/compilexml --nogc "--tree=$1"
}
mkdir -p trees/main
exits "a CONFIG is compiled" 0 sh -c \
    '"$1"/t/compile_config trees/main "$2"/rrd <"$3" >wanted' \
    sh "$top_builddir" "$tmp" "$top_srcdir/t/data/torrus/alps.config"
ok "Torrus compiles the hub's tree" compile main

# The plug-in.
ok "it compiles leaves with this storage" compile site
cp xml/site.xml whole.xml
cp bare.xml xml/site.xml
exits "and knows what they need" 1 compile site
cp whole.xml xml/site.xml
ok "again" compile site

# stamps: of the DATA in the spool.
stamps() {
	sp messages alps | awk -F : '/^Type:/ { data = $2 == "DATA" }
	    data && /^Timestamp:/ { print $2 }'
}
several() {
	test "$(stamps | wc -l)" -ge 3
}

# The first cycles find a spoke that takes nothing, and does not read it.
: >down
PATH=$tmp/bin:$PATH start collector perl -I"$tmp" -MSite \
    $torrus/bin/collector --tree=site --nodaemon
collector=$pid
kept_twice() {
	test "$(grep -c 'write: kept for the next cycle' collector.err)" -ge 2
}
ok "what is not taken is told" wait_for 30 kept_twice
ok "the collector goes on" running "$collector"
is "and nothing is spooled" "$(stamps)" ""
taken=$(date +%s)
rm down
ok "values come" wait_for 30 several
stop "$collector"
sp messages alps >spooled
is "of each leaf as many" "$(grep -c '^T[0-9]*:14$' spooled)" \
    "$(grep -c '^T[0-9]*:81.5$' spooled)"
is "none twice" "$(stamps | sort | uniq -d)" ""
test "$(stamps | head -n 1)" -lt "$taken"
is "from the first cycle on" $? 0
done_testing
