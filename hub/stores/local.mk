# Sources of this directory, and the unit tests that belong to them.
hub_libhub_a_SOURCES += %D%/store.c %D%/store.h %D%/stores.h \
	%D%/rra.c %D%/rra.h
unit_tests += t/test_rra
t_test_rra_SOURCES = t/test_rra.c
t_test_rra_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)

if HAVE_LIBRRD
hub_libhub_a_SOURCES += %D%/librrd.c %D%/librrd.h %D%/rrd.c \
	%D%/rrd_file.c %D%/rrd_file.h \
	%D%/rrd_flush.c %D%/rrd_flush.h \
	%D%/rrd_journal.c %D%/rrd_journal.h \
	%D%/rrd_sweep.c %D%/rrd_sweep.h \
	%D%/rrd_view.c %D%/rrd_view.h \
	%D%/rrd_series.c %D%/rrd_series.h
unit_tests += t/test_rrd t/test_rrd_ends t/test_rrd_view
rrd_test = t/rrd_twin.c t/rrd_twin.h t/scratch.c t/scratch.h
t_test_rrd_SOURCES = t/test_rrd.c $(rrd_test)
t_test_rrd_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS) $(LIBRRD_LIBS)
t_test_rrd_ends_SOURCES = t/test_rrd_ends.c $(rrd_test)
t_test_rrd_ends_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS) $(LIBRRD_LIBS)
t_test_rrd_ends_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syncfs \
	-Wl,--wrap=fdatasync -Wl,--wrap=pwrite -Wl,--wrap=fork
t_test_rrd_view_SOURCES = t/test_rrd_view.c $(rrd_test)
t_test_rrd_view_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS) $(LIBRRD_LIBS)
endif
