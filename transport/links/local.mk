transport_libtransport_a_SOURCES += \
	%D%/links.c %D%/links.h \
	%D%/links_child.c %D%/links_child.h \
	%D%/links_schedule.c %D%/links_schedule.h

unit_tests += t/test_links_schedule
t_test_links_schedule_SOURCES = t/test_links_schedule.c
t_test_links_schedule_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
