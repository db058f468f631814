# Macros of our own: probing flags, and libraries that may be there or not.

# AXLETREE_FLAG(VARIABLE, FLAG): adds FLAG to VARIABLE where compiler and
# linker take it without a word.
AC_DEFUN([AXLETREE_FLAG], [
AS_VAR_PUSHDEF([cache], [axletree_cv_flag_$2])dnl
AC_CACHE_CHECK([whether $CC takes $2], [cache], [
	axletree_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdlib.h>]])],
	    [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	CFLAGS=$axletree_cflags])
AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cache])dnl
])

# AXLETREE_FLAGS(VARIABLE, FLAGS): AXLETREE_FLAG for each of a literal list.
AC_DEFUN([AXLETREE_FLAGS],
[m4_foreach_w([axletree_flag], [$2], [AXLETREE_FLAG([$1], m4_defn([axletree_flag]))])])

# AXLETREE_SYSTEM(PREFIX): warnings in a library's headers are not ours.
AC_DEFUN([AXLETREE_SYSTEM], [
$1_CFLAGS=`AS_ECHO(["$$1_CFLAGS"]) | sed 's/-I */-isystem /g'`])

# AXLETREE_ROW(NAME, PURPOSE, STATE): a line of the table at the end.
AC_DEFUN([AXLETREE_ROW], [
axletree_row=`printf '  %-14s %-34s %s' '$1' '$2' "$3"`
axletree_table="$axletree_table
$axletree_row"])

# AXLETREE_REQUIRE(PREFIX, MODULE, DEBIAN-PACKAGE, PURPOSE): what nothing
# works without.  Those missing are named together, in one error.
AC_DEFUN([AXLETREE_REQUIRE], [
PKG_CHECK_MODULES([$1], [$2], [AXLETREE_SYSTEM([$1])],
    [axletree_missing="$axletree_missing $3"])
AXLETREE_ROW([m4_car(m4_unquote(m4_split([$2])))], [$4], [yes])])

# AXLETREE_FIND(PREFIX, MODULE): sets found; by pkg-config.
AC_DEFUN([AXLETREE_FIND], [
PKG_CHECK_MODULES([$1], [$2], [found=yes; AXLETREE_SYSTEM([$1])], [found=no])])

# AXLETREE_WITH(NAME, MODULE, PURPOSE, [FIND]): an optional library:
# --with-NAME=auto|yes|no, HAVE_PREFIX in config.h and as a conditional,
# PREFIX_CFLAGS and PREFIX_LIBS, where PREFIX is NAME in capitals.
AC_DEFUN([AXLETREE_WITH], [
m4_pushdef([PREFIX], m4_translit([[$1]], [a-z-], [A-Z_]))dnl
AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=auto|yes|no],
    [$3 @<:@auto@:>@])], [wanted=$withval], [wanted=auto])
AS_CASE([$wanted], [auto|yes|no], [],
    [AC_MSG_ERROR([--with-$1 is one of auto, yes, no])])
found=no
AS_IF([test "$wanted" != no],
    [m4_default([$4], [AXLETREE_FIND(PREFIX, [$2])])])
AS_IF([test "$wanted$found" = yesno],
    [AC_MSG_ERROR([--with-$1: the library was not found])])
AS_IF([test $found = yes],
    [AC_DEFINE([HAVE_]PREFIX, [1], [$1: $3])],
    [PREFIX[]_CFLAGS=; PREFIX[]_LIBS=])
AC_SUBST(PREFIX[_CFLAGS])AC_SUBST(PREFIX[_LIBS])dnl
AM_CONDITIONAL([HAVE_]PREFIX, [test $found = yes])
AXLETREE_ROW([$1], [$3], [$found])
m4_popdef([PREFIX])dnl
])

# AXLETREE_SONAME(NAME, FUNCTION, [LIBS]): defines PREFIX_SONAME, by which dlopen
# finds the library NAME of LIBS or PREFIX_LIBS, which has FUNCTION.
AC_DEFUN([AXLETREE_SONAME], [
m4_pushdef([PREFIX], m4_translit([[$1]], [a-z-], [A-Z_]))dnl
AC_CACHE_CHECK([for the shared library of $1], [axletree_cv_soname_$1], [
	axletree_libs=$LIBS
	LIBS="-Wl,--no-as-needed m4_default([$3], [$PREFIX[]_LIBS]) $LIBS"
	AC_LINK_IFELSE([AC_LANG_CALL([], [$2])],
	    [axletree_cv_soname_$1=`readelf -d conftest$EXEEXT |
		sed -n 's/.*\($1\.so[[0-9.]]*\).*/\1/p'`])
	LIBS=$axletree_libs])
AS_IF([test -z "$axletree_cv_soname_$1"],
    [AC_MSG_ERROR([$1 is no shared library])])
AC_DEFINE_UNQUOTED(PREFIX[_SONAME], ["$axletree_cv_soname_$1"],
    [the file name of the shared library $1])
m4_popdef([PREFIX])dnl
])
