#!/bin/sh
# Does a real Torrus take this tree?  Compiles TREE.xml, and what it includes
# from its own directory, with Torrus's own compiler into a repository made
# for the purpose, and prints what Torrus then has, in the order of paths, TAB
# between the fields:
#
#	leaf PATH PARAMETER=VALUE...	as the leaf has or inherits them
#	value PATH TIME VALUE		with -v: the newest that Torrus reads
#	graph PATH BYTES		with -g: the last day as Torrus draws it
#
# sh t/torrus_accept.sh [-v] [-g] TREE.xml
#
# Exit status: 0 taken; 1 refused, not drawn, or a complaint of Torrus's about
# a parameter; 77 no Torrus here (Debian: torrus-common).  Needs no root and
# leaves nothing behind: Redis runs on a free port of 127.0.0.1 meanwhile.

here=$(cd "$(dirname "$0")" && pwd)
values=no graphs=no
while getopts vg option; do
	case $option in
	v) values=yes ;;
	g) graphs=yes ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))
test $# -eq 1 || {
	echo "usage: torrus_accept.sh [-v] [-g] TREE.xml" >&2
	exit 64
}
xml_dir=$(cd "$(dirname "$1")" && pwd) || exit 66
xml_name=$(basename "$1")

. "$here/lib.sh"
. "$here/torrus-lib.sh"

torrus_is_here || {
	echo "torrus_accept.sh: torrus-common is not installed" >&2
	exit 77
}
torrus_begin <<EOT || exit 1
@Torrus::Global::xmlDirs = ('$xml_dir', '$torrus/xmlconfig');
%Torrus::Global::treeConfig =
    (tree => { description => 'tree', xmlfiles => ['$xml_name'], run => {} });
1;
EOT

with_torrus $torrus/bin/compilexml --tree=tree --nogc >&2 || exit 1
with_torrus "$here/torrus_leaves.pl" tree "$values" "$graphs"
