# Rows of measurements as a table, the weakest first; other lines as they come.
# Reads standard input.  Fails when there is no row.
rows=$(mktemp) || exit 1
trap 'rm -f "$rows"' EXIT
awk -v rows="$rows" -F '\t' '
	$1 == "ROW" { print >>rows; $1 = "-" }
	{ print; fflush() }'
test -s "$rows" || { echo 'bench: nothing was measured' >&2; exit 1; }
printf '\n%-72s %12s %12s %7s %10s\n' figure reached floor ratio goal
sort -t '	' -k 7,7n "$rows" | awk -F '\t' '{
	printf "%-72s %12s %12s %7s %10s%s\n", $2, $3, $4, $5, $6,
	    $7 < 1 ? "  missed" : "" }'
