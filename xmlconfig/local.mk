# Sources of this directory, and the unit tests that belong to them.
xmlconfig_libxmlconfig_a_SOURCES += \
	%D%/compiled.c %D%/compiled.h \
	%D%/index.c %D%/index.h \
	%D%/libxml2.c %D%/libxml2.h \
	%D%/translate.c %D%/translate.h \
	%D%/tree.c %D%/tree.h \
	%D%/tree_config.c \
	%D%/xml.c %D%/xml.h \
	%D%/xml_check.c %D%/xml_check.h \
	%D%/xml_document.c %D%/xml_document.h

unit_tests += t/test_compiled
t_test_compiled_SOURCES = t/test_compiled.c t/scratch.c t/scratch.h
t_test_compiled_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)
t_test_compiled_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync

unit_tests += t/test_index
t_test_index_SOURCES = t/test_index.c t/scratch.c t/scratch.h
t_test_index_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_translate
t_test_translate_SOURCES = t/test_translate.c
t_test_translate_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_tree
t_test_tree_SOURCES = t/test_tree.c
t_test_tree_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_xml_hostile
t_test_xml_hostile_SOURCES = t/test_xml_hostile.c t/scratch.c t/scratch.h \
	t/xml_file.c t/xml_file.h
t_test_xml_hostile_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)
unit_tests += t/test_xml
t_test_xml_SOURCES = t/test_xml.c t/scratch.c t/scratch.h t/xml_file.c t/xml_file.h
t_test_xml_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS) $(LIBXML2_LIBS)
t_test_xml_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync

# What a real Torrus makes of it.
script_tests += t/hub-torrus.t t/doc-torrus.t
test_helpers += t/compile_config
t_compile_config_SOURCES = t/compile_config.c
t_compile_config_LDADD = $(XMLCONFIG_LIBS)
EXTRA_DIST += t/torrus-lib.sh t/torrus_accept.sh t/torrus_leaves.pl t/data/torrus

fuzz_programs += t/fuzz/tree
t_fuzz_tree_SOURCES = t/fuzz/tree.c
t_fuzz_tree_LDADD = $(FUZZ_LIBS) $(XMLCONFIG_LIBS) $(LIBXML2_LIBS)
t_fuzz_tree_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/tree

