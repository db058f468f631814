#!/bin/sh
# What a compiler does not see: rules of the house that a program can check.
. "$top_srcdir/t/lib.sh"

product="common transport xmlconfig spoke hub"
cd "$top_srcdir" || exit 99

# none DESCRIPTION COMMAND...: the command prints nothing.
none() {
	what=$1
	shift
	found=$("$@" 2>&1)
	if test -z "$found"; then
		pass "$what"
	else
		fail "$what" "$found"
	fi
}

# shellcheck disable=SC2086 # $product is a list
sources() {
	find $product t -name '*.[ch]' | LC_ALL=C sort
}

# Everything that a person wrote.
texts() {
	# shellcheck disable=SC2086
	find $product t doc m4 .ci ./*.md ./*.am ./*.ac bootstrap check \
	    demo contrib -type f ! -path 't/fuzz/corpus/*' 2>/dev/null |
	    LC_ALL=C sort
}

banned_calls() {
	sources | xargs grep -nE \
	    '\<(strcpy|strcat|v?sprintf|strtok|sscanf|ato[il]|atoll|strtou?ll?|gets|alloca|system|popen)\('
}

# <ctype.h> takes an unsigned char; a plain one may be negative.
ctype_on_char() {
	sources | xargs grep -nE \
	    '\<(is(alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(lower|upper))\(' |
	    grep -v '((unsigned char)'
}

long_files() {
	sources | xargs wc -l |
	    awk '$2 != "total" && $1 > 1000 { print $2 ": " $1 " lines" }'
}

long_functions() {
	sources | ctags --languages=C --c-kinds=f --fields=+ne -L - -f - |
	    awk -F '\t' '{
		first = last = 0
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) first = substr($i, 6)
			if ($i ~ /^end:/) last = substr($i, 5)
		}
		if (last - first >= 100)
			print $2 ": " $1 ": " last - first + 1 " lines"
	    }'
}

# "..." names a file from the root, in a room that doc/architecture.md, "Rooms", has in
# the row of this one.  A registry names its members, a main its commands.
wrong_includes() {
	# shellcheck disable=SC2086
	find $product -name '*.[ch]' ! -name '*_main.c' \
	    ! -path transport/transport.c ! -path spoke/collector.c |
	    LC_ALL=C sort | xargs grep -E '^#[[:space:]]*include[[:space:]]*"' |
	    awk -F '"' -v page=doc/architecture.md '
	function room(path) {
		sub("/[^/]*$", "", path)
		return path
	}
	BEGIN {
		while ((getline line < page) > 0) {
			if (line ~ /^## /)
				rooms = line == "## Rooms"
			n = split(line, cell, " *[|] *")
			if (!rooms || n != 6 || !gsub("`", "", cell[2]))
				continue
			gsub("`", "", cell[5])
			n = split(cell[2], name, ", *")
			for (i = 1; i <= n; i++)
				may[name[i]] = cell[5] ", common/base, " name[i]
		}
	}
	{
		file = $1
		sub(":.*", "", file)
		what = $2
		from = room(file)
		if (what == "config.h") {
			if (from == "common/config")
				print file ": say <config.h>, there is another"
			next
		}
		if (!(from in may)) {
			print from " has no row in " page
			next
		}
		n = split(may[from], name, ", *")
		for (i = 1; i <= n; i++) {
			all = name[i]
			if (sub("/[*]$", "/", all) &&
			    index(room(what) "/", all) == 1)
				next
			if (room(what) == name[i])
				next
		}
		print file " includes " what ": see its row in " page
	}'
}

unformatted() {
	sources | xargs "$formatter" --dry-run -Werror 2>&1 | grep -F error:
}

# A header needs nothing before it, except config.h for its conditions.
dependent_headers() {
	# shellcheck disable=SC2086
	find $product -name '*.h' | LC_ALL=C sort | while read -r header; do
		printf '#include <config.h>\n#include "%s"\n' "$header" |
		    (cd "$top_builddir" &&
			eval "$CC $CPPFLAGS $WARN_CFLAGS -Werror" \
			    -fsyntax-only -x c -) || echo "$header"
	done
}

lint_pages() {
	find doc -name '*.[158]' -exec mandoc -Tlint -W warning {} +
}

# A path of the machine on which something was written says nothing elsewhere.
machine_paths() {
	texts | xargs grep -nE '(^|[^[:alnum:]_.*$}])/(home|root|wor[k])/'
}

missing_documents() {
	texts | xargs grep -onE '\<[A-Z]+\.md\>' |
	    while IFS=: read -r file line name; do
		test -e "$name" || echo "$file:$line: there is no $name"
	    done
}

# A file that no list names is not built, not run, not in the tarball.
unlisted_files() {
	lists=$(find $product t -name local.mk)
	for f in $(sources) t/*.t; do
		# A header may wait for its code.
		case $f in
		*.h) test -e "${f%.h}.c" || continue ;;
		esac
		# shellcheck disable=SC2086
		grep -qwF "$(basename "$f")" $lists || echo "$f"
	done
}

none "no call of a function that is not used here" banned_calls
none "no <ctype.h> on plain char" ctype_on_char
none "no file of more than 1000 lines" long_files
if command -v ctags >/dev/null; then
	none "no function of more than 100 lines" long_functions
else
	skip "no function of more than 100 lines" "ctags is not installed"
fi

none "each room includes what its row gives it" wrong_includes

# Versions differ in what they make of the same rules.
formatter=$(command -v clang-format-14)
if test -n "$formatter"; then
	none "all code is as clang-format leaves it" unformatted
else
	skip "all code is as clang-format leaves it" \
	    "clang-format-14 is not installed"
fi
none "each header compiles alone" dependent_headers

if ! command -v mandoc >/dev/null; then
	skip "the manual pages are clean" "mandoc is not installed"
elif test -z "$(find doc -name '*.[158]')"; then
	skip "the manual pages are clean" "there are none"
else
	none "the manual pages are clean" lint_pages
fi
none "no path of somebody's machine" machine_paths
none "each document that is named exists" missing_documents
none "each source and test is on a list" unlisted_files
done_testing
