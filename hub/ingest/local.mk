hub_libhub_a_SOURCES += \
	%D%/sequencer.c %D%/sequencer.h \
	%D%/settling.c %D%/settling.h

unit_tests += t/test_sequencer t/test_settling
t_test_sequencer_SOURCES = t/test_sequencer.c
t_test_sequencer_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_settling_SOURCES = t/test_settling.c
t_test_settling_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
