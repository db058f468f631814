transport_libtransport_a_SOURCES += \
	%D%/http_answerer.c %D%/http_answerer.h \
	%D%/http_kept.c %D%/http_kept.h \
	%D%/http_listener.h \
	%D%/http_requester.c %D%/http_requester.h \
	%D%/http_requester_body.c %D%/http_requester_impl.h \
	%D%/http_tcp.c %D%/http_tcp.h \
	%D%/http_words.c %D%/http_words.h \
	%D%/listening.c %D%/listening.h

if HAVE_LIBCURL
transport_libtransport_a_SOURCES += \
	%D%/http.c %D%/http.h \
	%D%/http_exchange.c \
	%D%/http_files.c \
	%D%/http_sockets.c \
	%D%/libcurl.c %D%/libcurl.h
endif
if HAVE_LIBMICROHTTPD
transport_libtransport_a_SOURCES += \
	%D%/http_listener.c \
	%D%/http_secrets.c %D%/http_secrets.h \
	%D%/http_server.c %D%/http_server.h %D%/http_server_impl.h \
	%D%/http_server_head.c \
	%D%/http_server_peer.c \
	%D%/http_server_request.c \
	%D%/libmicrohttpd.c %D%/libmicrohttpd.h
else
transport_libtransport_a_SOURCES += \
	%D%/http_no_listener.c
endif

unit_tests += t/test_http t/test_http_link t/test_http_requester
t_test_http_SOURCES = t/test_http.c
t_test_http_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_http_requester_SOURCES = t/test_http_requester.c
t_test_http_requester_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_http_link_SOURCES = t/test_http_link.c
t_test_http_link_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

unit_tests += t/test_listening
t_test_listening_SOURCES = t/test_listening.c
t_test_listening_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_listening_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=http_listener_open,--wrap=http_listener_reopen \
	-Wl,--wrap=http_listener_fd,--wrap=http_listener_close \
	-Wl,--wrap=links_reload,--wrap=ground_tell

fuzz_programs += t/fuzz/http
t_fuzz_http_SOURCES = t/fuzz/http.c
t_fuzz_http_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_http_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/http

test_helpers += t/http_answer
t_http_answer_SOURCES = t/http_answer.c
t_http_answer_LDADD = $(TRANSPORT_LIBS)
script_tests += t/hostile-crowd.t t/http-bytes.t t/http-delay.t t/http-deliveries.t \
	t/http-greedy.t t/http-heads.t t/http-middle.t t/http-proxy.t t/http-reload.t \
	t/http-strangers.t t/link-cut-http.t t/link-lossy-http.t t/link-stop.t \
	t/link-killed.t t/transport-http.t
cut_tests += t/link-cut-http.t
EXTRA_DIST += t/http-lib.sh
