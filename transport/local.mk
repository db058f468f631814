# Sources of this directory, and the unit tests that belong to them.
transport_libtransport_a_SOURCES += \
	%D%/authorize.c %D%/authorize.h \
	%D%/authorized_keys.c %D%/authorized_keys.h \
	%D%/bare.c %D%/bare.h \
	%D%/budget.c %D%/budget.h \
	%D%/carried_ack.c %D%/carried_ack.h \
	%D%/carry.c %D%/carry.h \
	%D%/channel_child.c %D%/channel_child.h \
	%D%/coding.c %D%/coding.h \
	%D%/delivery.c %D%/delivery.h %D%/delivery_impl.h \
	%D%/delivery_child.c %D%/delivery_child.h \
	%D%/delivery_loop.c \
	%D%/delivery_wait.c \
	%D%/dir.c %D%/dir.h \
	%D%/exec.c %D%/exec.h \
	%D%/feeder.c %D%/feeder.h \
	%D%/frame.c %D%/frame.h \
	%D%/http_answerer.c %D%/http_answerer.h \
	%D%/http_requester.c %D%/http_requester.h \
	%D%/http_words.c %D%/http_words.h \
	%D%/inbound.c %D%/inbound.h \
	%D%/key_file.c %D%/key_file.h \
	%D%/keygen.c %D%/keygen.h \
	%D%/links.c %D%/links.h \
	%D%/links_child.c %D%/links_child.h \
	%D%/links_schedule.c %D%/links_schedule.h \
	%D%/listening.c %D%/listening.h \
	%D%/outbound.c %D%/outbound.h \
	%D%/publish.c %D%/publish.h \
	%D%/receiver.c %D%/receiver.h \
	%D%/rsync.c %D%/rsync.h \
	%D%/sender.c %D%/sender.h \
	%D%/session.c %D%/session.h %D%/session_impl.h \
	%D%/session_lock.c %D%/session_lock.h \
	%D%/session_opening.c \
	%D%/session_time.c \
	%D%/signature.c %D%/signature.h \
	%D%/ssh.c %D%/ssh.h \
	%D%/ssh_connect.c \
	%D%/ssh_key.c %D%/ssh_key.h \
	%D%/ssh_known_hosts.c %D%/ssh_known_hosts.h \
	%D%/ssh_login.c \
	%D%/ssh_pump.c \
	%D%/staging.c %D%/staging.h \
	%D%/start.c %D%/start.h \
	%D%/take.c \
	%D%/transport.c %D%/transport.h \
	%D%/wire.c %D%/wire.h

if HAVE_LIBCURL
transport_libtransport_a_SOURCES += \
	%D%/http.c %D%/http.h \
	%D%/http_exchange.c \
	%D%/http_files.c \
	%D%/libcurl.c %D%/libcurl.h
endif
transport_libtransport_a_SOURCES += %D%/http_listener.h
if HAVE_LIBMICROHTTPD
transport_libtransport_a_SOURCES += \
	%D%/http_listener.c \
	%D%/http_secrets.c %D%/http_secrets.h \
	%D%/http_server.c %D%/http_server.h %D%/http_server_impl.h \
	%D%/http_server_peer.c \
	%D%/http_server_request.c
else
transport_libtransport_a_SOURCES += %D%/http_no_listener.c
endif

include %D%/commands/local.mk

script_tests += t/hostile-peer.t t/link-cut.t t/link-delay.t t/transport-exec.t t/transport-pull.t
EXTRA_DIST += t/stream-lib.sh

campaign_tests += t/link-cut.t t/test_link_cut
test_helpers += t/cut_proxy t/hostile_peer
t_hostile_peer_SOURCES = t/hostile_peer.c
t_hostile_peer_LDADD = $(TRANSPORT_LIBS)
t_cut_proxy_SOURCES = t/cut_proxy.c
t_cut_proxy_LDADD = $(TRANSPORT_LIBS)

unit_tests += t/test_link_cut
t_test_link_cut_SOURCES = t/test_link_cut.c t/scratch.c t/scratch.h \
	$(spool_test)
t_test_link_cut_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_link_cut_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sandbox_enter

unit_tests += t/test_links_schedule
t_test_links_schedule_SOURCES = t/test_links_schedule.c
t_test_links_schedule_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_delivery t/test_frame t/test_session \
	t/test_session_hostile t/test_session_state
unit_tests += t/test_session_compressed
t_test_session_compressed_SOURCES = t/test_session_compressed.c t/peer.c \
	t/peer.h
t_test_session_compressed_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_state_SOURCES = t/test_session_state.c t/peer.c t/peer.h
t_test_session_state_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
unit_tests += t/test_budget t/test_session_rate t/test_wire
t_test_budget_SOURCES = t/test_budget.c
t_test_budget_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_delivery_SOURCES = t/test_delivery.c $(spool_test) \
	t/scratch.c t/scratch.h
t_test_delivery_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_frame_SOURCES = t/test_frame.c
t_test_frame_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_SOURCES = t/test_session.c t/peer.c t/peer.h
t_test_session_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_hostile_SOURCES = t/test_session_hostile.c t/peer.c t/peer.h
t_test_session_hostile_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_rate_SOURCES = t/test_session_rate.c t/peer.c t/peer.h
t_test_session_rate_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_wire_SOURCES = t/test_wire.c t/scratch.c t/scratch.h
t_test_wire_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_session_lock
t_test_session_lock_SOURCES = t/test_session_lock.c t/scratch.c t/scratch.h
t_test_session_lock_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

carried_world = t/carried_world.c t/carried_world.h $(spool_test) \
	t/scratch.c t/scratch.h
world_ldflags = -Wl,--wrap=fsync,--wrap=fdatasync,--wrap=renameat2 \
	-Wl,--wrap=unlinkat,--wrap=syncfs,--wrap=clock_wall

unit_tests += t/test_carried t/test_carried_hostile
t_test_carried_SOURCES = t/test_carried.c $(carried_world)
t_test_carried_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_carried_LDFLAGS = $(AM_LDFLAGS) $(world_ldflags)
t_test_carried_hostile_SOURCES = t/test_carried_hostile.c $(carried_world)
t_test_carried_hostile_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_carried_hostile_LDFLAGS = $(AM_LDFLAGS) $(world_ldflags)

unit_tests += t/test_known_hosts
t_test_known_hosts_SOURCES = t/test_known_hosts.c
t_test_known_hosts_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

fuzz_programs += t/fuzz/carried
t_fuzz_carried_SOURCES = t/fuzz/carried.c
t_fuzz_carried_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_carried_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/carried

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
script_tests += t/transport-dir.t t/transport-http.t t/http-cut.t \
	t/http-strangers.t t/transport-rsync.t t/transport-ssh.t
campaign_tests += t/http-cut.t
EXTRA_DIST += t/carried-lib.sh t/http-lib.sh

fuzz_programs += t/fuzz/frame
t_fuzz_frame_SOURCES = t/fuzz/frame.c t/peer.c t/peer.h
t_fuzz_frame_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/frame

test_helpers += t/http_answer
t_http_answer_SOURCES = t/http_answer.c
t_http_answer_LDADD = $(TRANSPORT_LIBS)

unit_tests += t/test_http
t_test_http_SOURCES = t/test_http.c
t_test_http_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

fuzz_programs += t/fuzz/http
t_fuzz_http_SOURCES = t/fuzz/http.c
t_fuzz_http_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_http_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/http
