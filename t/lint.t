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

# wrong_includes DIRECTORY ALLOWED: "..." names a file from the root.
wrong_includes() {
	find "$1" -name '*.[ch]' -exec \
	    grep -nE '^#[[:space:]]*include[[:space:]]*"' {} + |
	    grep -vE "\"(config\\.h\"|($2)/)"
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

# Beside common/config/config.h, "config.h" would be that one.
wrong_config() {
	sources | grep '^common/config/' | xargs -r grep -n '"config\.h"'
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

none "common includes only itself" wrong_includes common 'common'
none "common/config includes <config.h>" wrong_config
none "transport includes only common" wrong_includes transport \
    'common|transport'
none "transport/session includes only common" wrong_includes \
    transport/session 'common|transport/session'
none "xmlconfig includes only common" wrong_includes xmlconfig \
    'common|xmlconfig'
none "spoke does not include hub" wrong_includes spoke \
    'common|transport|xmlconfig|spoke'
none "hub does not include spoke" wrong_includes hub \
    'common|transport|xmlconfig|hub'

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
