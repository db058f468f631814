transport_libtransport_a_SOURCES += \
	%D%/abreast.c %D%/abreast.h \
	%D%/bare.c %D%/bare.h \
	%D%/budget.c %D%/budget.h \
	%D%/course.c %D%/course.h \
	%D%/delivery.c %D%/delivery.h %D%/delivery_impl.h \
	%D%/delivery_child.c %D%/delivery_child.h \
	%D%/delivery_loop.c \
	%D%/delivery_wait.c \
	%D%/excess.c %D%/excess.h \
	%D%/feeder.c %D%/feeder.h \
	%D%/inbound.c %D%/inbound.h \
	%D%/leftover.c %D%/leftover.h \
	%D%/outbound.c %D%/outbound.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/parting.c %D%/parting.h \
	%D%/redial.c %D%/redial.h \
	%D%/session_lock.c %D%/session_lock.h \
	%D%/stop.c %D%/stop.h \
	%D%/take.c %D%/take.h \
	%D%/wire.c %D%/wire.h

unit_tests += t/test_abreast t/test_budget t/test_delivery t/test_delivery_child t/test_delivery_look t/test_inbound t/test_link_cut t/test_outbound t/test_parting t/test_redial \
	t/test_session_lock t/test_stop t/test_wire
t_test_abreast_SOURCES = t/test_abreast.c
t_test_abreast_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_budget_SOURCES = t/test_budget.c
t_test_budget_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_delivery_SOURCES = t/test_delivery.c t/delivery_world.c t/delivery_world.h \
	$(spool_test) t/scratch.c t/scratch.h
t_test_delivery_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_delivery_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sandbox_enter,--wrap=feeder_flush
t_test_delivery_child_SOURCES = t/test_delivery_child.c
t_test_delivery_child_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_delivery_child_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork
t_test_delivery_look_SOURCES = t/test_delivery_look.c t/delivery_world.c t/delivery_world.h \
	$(spool_test) t/scratch.c t/scratch.h
t_test_delivery_look_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_link_cut_SOURCES = t/test_link_cut.c $(spool_test) t/scratch.c t/scratch.h
t_test_link_cut_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_link_cut_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sandbox_enter
t_test_inbound_SOURCES = t/test_inbound.c t/scratch.c t/scratch.h
t_test_inbound_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_outbound_SOURCES = t/test_outbound.c t/delivery_world.c t/delivery_world.h \
	$(spool_test) t/scratch.c t/scratch.h
t_test_outbound_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_outbound_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=delivery_run
t_test_parting_SOURCES = t/test_parting.c
t_test_parting_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_redial_SOURCES = t/test_redial.c
t_test_redial_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_lock_SOURCES = t/test_session_lock.c t/scratch.c t/scratch.h
t_test_session_lock_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_stop_SOURCES = t/test_stop.c
t_test_stop_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_wire_SOURCES = t/test_wire.c t/scratch.c t/scratch.h
t_test_wire_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
