transport_libtransport_a_SOURCES += \
	%D%/authorize.c %D%/authorize.h \
	%D%/authorized_keys.c %D%/authorized_keys.h \
	%D%/keygen.c %D%/keygen.h \
	%D%/libssh2.c %D%/libssh2.h \
	%D%/ssh.c %D%/ssh.h \
	%D%/ssh_connect.c \
	%D%/ssh_key.c %D%/ssh_key.h \
	%D%/ssh_known_hosts.c %D%/ssh_known_hosts.h \
	%D%/ssh_login.c \
	%D%/ssh_opening.c %D%/ssh_opening.h \
	%D%/ssh_pump.c

unit_tests += t/test_known_hosts
t_test_known_hosts_SOURCES = t/test_known_hosts.c
t_test_known_hosts_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_ssh_opening
t_test_ssh_opening_SOURCES = t/test_ssh_opening.c
t_test_ssh_opening_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

fuzz_programs += t/fuzz/ssh_text
t_fuzz_ssh_text_SOURCES = t/fuzz/ssh_text.c
t_fuzz_ssh_text_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_ssh_text_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/ssh_text

test_helpers += t/ssh_dial
t_ssh_dial_SOURCES = t/ssh_dial.c
t_ssh_dial_LDADD = $(TRANSPORT_LIBS)
if HAVE_LIBCRYPTO
test_helpers += t/ssh_flood
t_ssh_flood_SOURCES = t/ssh_flood.c
t_ssh_flood_LDADD = $(TRANSPORT_LIBS) $(LIBCRYPTO_LIBS)
endif
