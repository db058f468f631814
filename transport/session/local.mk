transport_libtransport_a_SOURCES += \
	%D%/coding.c %D%/coding.h \
	%D%/frame.c %D%/frame.h \
	%D%/receiver.c %D%/receiver.h \
	%D%/sender.c %D%/sender.h \
	%D%/session.c %D%/session.h %D%/session_impl.h \
	%D%/session_actions.c \
	%D%/session_ahead.c \
	%D%/session_frames.c \
	%D%/session_opening.c \
	%D%/session_time.c \
	%D%/start.c %D%/start.h

unit_tests += t/test_frame t/test_session t/test_session_ahead \
	t/test_session_compressed t/test_session_hostile t/test_session_rate t/test_session_state
peers_test = t/peers.c t/peers.h t/peer.c t/peer.h
t_test_frame_SOURCES = t/test_frame.c
t_test_frame_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_SOURCES = t/test_session.c $(peers_test)
t_test_session_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_ahead_SOURCES = t/test_session_ahead.c $(peers_test)
t_test_session_ahead_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_compressed_SOURCES = t/test_session_compressed.c t/peer.c t/peer.h
t_test_session_compressed_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_hostile_SOURCES = t/test_session_hostile.c t/peer.c t/peer.h
t_test_session_hostile_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_rate_SOURCES = t/test_session_rate.c $(peers_test)
t_test_session_rate_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_session_state_SOURCES = t/test_session_state.c $(peers_test)
t_test_session_state_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)

fuzz_programs += t/fuzz/frame
t_fuzz_frame_SOURCES = t/fuzz/frame.c t/peer.c t/peer.h
t_fuzz_frame_LDADD = $(FUZZ_LIBS) $(TRANSPORT_LIBS)
t_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/frame
