transport_libtransport_a_SOURCES += \
	%D%/carried_ack.c %D%/carried_ack.h \
	%D%/carried_file.c %D%/carried_file.h \
	%D%/carried_peek.c %D%/carried_peek.h \
	%D%/carry.c %D%/carry.h %D%/carry_impl.h \
	%D%/carry_hear.c \
	%D%/carry_say.c \
	%D%/dir.c %D%/dir.h \
	%D%/publish.c %D%/publish.h \
	%D%/signature.c %D%/signature.h \
	%D%/staged_file.c \
	%D%/staging.c %D%/staging.h %D%/staging_impl.h \
	%D%/staging_take.c \
	%D%/underway.c %D%/underway.h

carried_world = t/carried_world.c t/carried_world.h $(spool_test) \
	t/scratch.c t/scratch.h
world_ldflags = -Wl,--wrap=fsync,--wrap=fdatasync,--wrap=renameat2 \
	-Wl,--wrap=unlinkat,--wrap=syncfs,--wrap=clock_wall

unit_tests += t/test_carried t/test_carried_hostile
campaign_tests += t/test_carried
t_test_carried_SOURCES = t/test_carried.c $(carried_world)
t_test_carried_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_carried_LDFLAGS = $(AM_LDFLAGS) $(world_ldflags)
t_test_carried_hostile_SOURCES = t/test_carried_hostile.c $(carried_world)
t_test_carried_hostile_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_carried_hostile_LDFLAGS = $(AM_LDFLAGS) $(world_ldflags)

fuzz_programs += t/fuzz/carried
t_fuzz_carried_SOURCES = t/fuzz/carried.c
t_fuzz_carried_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_carried_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/carried

script_tests += t/carried-fat.t t/carried-refused.t t/carried-told.t t/transport-dir.t
