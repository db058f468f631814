# Rows of measurements as a table, the weakest first; other lines as they come.
# Reads standard input.  Fails when a line says FAILED, or there is no row.
all=$(mktemp) || exit 1
trap 'rm -f "$all"' EXIT
tee "$all" | sed -u 's/^ROW	/- /'
printf '\n%-66s %15s %15s %6s %9s\n' figure reached floor ratio goal
grep '^ROW' "$all" | sort -t '	' -k 7,7n | awk -F '\t' '{
	printf "%-66s %15s %15s %6s %9s%s\n", $2, $3, $4, $5, $6,
	    $7 < 1 ? "  missed" : "" }'
grep -q '^ROW' "$all" && ! grep -q '^FAILED' "$all"
