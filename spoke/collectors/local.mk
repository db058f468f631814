spoke_libspoke_a_SOURCES += \
	%D%/collectors.h \
	%D%/exec.c \
	%D%/host.c %D%/host.h \
	%D%/host_devices.c \
	%D%/host_system.c

unit_tests += t/test_exec t/test_host
t_test_exec_SOURCES = t/test_exec.c
t_test_exec_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
t_test_host_SOURCES = t/test_host.c
t_test_host_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += t/data/host
