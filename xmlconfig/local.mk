# Sources of this directory, and the unit tests that belong to them.
xmlconfig_libxmlconfig_a_SOURCES += \
	%D%/translate.c %D%/translate.h \
	%D%/tree.c %D%/tree.h \
	%D%/tree_config.c

unit_tests += t/test_translate
t_test_translate_SOURCES = t/test_translate.c
t_test_translate_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_tree
t_test_tree_SOURCES = t/test_tree.c
t_test_tree_LDADD = $(XMLCONFIG_LIBS) $(CMOCKA_LIBS)
