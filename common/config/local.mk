# Sources of this directory, and the unit tests that belong to them.
common_libcommon_a_SOURCES += \
	%D%/config.c %D%/config.h %D%/config_read.c \
	%D%/config_address.c %D%/config_address.h \
	%D%/config_check.c %D%/config_check.h %D%/config_check_own.c \
	%D%/config_grammar.c %D%/config_grammar.h \
	%D%/config_keys.c %D%/config_keys.h \
	%D%/config_print.c \
	%D%/config_text.c %D%/config_text.h \
	%D%/config_value.c %D%/config_value.h \
	%D%/node.c %D%/node.h

unit_tests += t/test_config t/test_config_fit
t_test_config_SOURCES = t/test_config.c t/config_rows.h t/scratch.c t/scratch.h
t_test_config_fit_SOURCES = t/test_config_fit.c t/config_rows.h t/scratch.c t/scratch.h
unit_tests += t/test_node
t_test_node_SOURCES = t/test_node.c
t_test_node_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fstatfs

fuzz_programs += t/fuzz/config
t_fuzz_config_SOURCES = t/fuzz/config.c
t_fuzz_config_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
t_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/config
