transport_libtransport_a_SOURCES += \
	%D%/links.c %D%/links.h \
	%D%/links_child.c %D%/links_child.h \
	%D%/links_schedule.c %D%/links_schedule.h \
	%D%/links_untold.c %D%/links_untold.h

unit_tests += t/test_links_child t/test_links_schedule t/test_links_untold
t_test_links_child_SOURCES = t/test_links_child.c t/delivery_world.c t/delivery_world.h \
	$(spool_test) t/scratch.c t/scratch.h
t_test_links_child_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_links_child_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=delivery_run
t_test_links_untold_SOURCES = t/test_links_untold.c
t_test_links_untold_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_links_schedule_SOURCES = t/test_links_schedule.c
t_test_links_schedule_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
