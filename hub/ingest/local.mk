hub_libhub_a_SOURCES += \
	%D%/archive.c %D%/archive.h \
	%D%/archived.c %D%/archived.h \
	%D%/compile.c %D%/compile.h \
	%D%/configset.c %D%/configset.h \
	%D%/ingest.c %D%/ingest.h \
	%D%/intake.c %D%/intake.h \
	%D%/intake_accept.c \
	%D%/intake_inbox.c %D%/intake_message.c %D%/intake_replay.c \
	%D%/intake_recall.c %D%/intake_stream.c \
	%D%/leaf.c %D%/leaf.h \
	%D%/lowwater.c %D%/lowwater.h \
	%D%/poison.c %D%/poison.h \
	%D%/return_path.c %D%/return_path.h \
	%D%/sequencer.c %D%/sequencer.h \
	%D%/settling.c %D%/settling.h \
	%D%/handles.c %D%/handles.h

unit_tests += t/test_lowwater t/test_sequencer t/test_settling
t_test_lowwater_SOURCES = t/test_lowwater.c
t_test_lowwater_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_sequencer_SOURCES = t/test_sequencer.c
t_test_sequencer_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_settling_SOURCES = t/test_settling.c
t_test_settling_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_ingest t/test_ingest_ends
t_test_ingest_SOURCES = t/test_ingest.c t/ingest_world.c t/ingest_world.h
t_test_ingest_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_ingest_ends_SOURCES = t/test_ingest_ends.c t/ingest_world.c \
	t/ingest_world.h
t_test_ingest_ends_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_ingest_ends_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fsync,--wrap=fdatasync,--wrap=unlinkat,--wrap=pwrite \
	-Wl,--wrap=renameat,--wrap=renameat2
