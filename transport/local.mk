# The registry, its small members, and the tests that span rooms.
transport_libtransport_a_SOURCES += \
	%D%/channel_child.c %D%/channel_child.h \
	%D%/exec.c %D%/exec.h \
	%D%/host.c %D%/host.h \
	%D%/key_file.c %D%/key_file.h \
	%D%/transport.c %D%/transport.h

include %D%/carried/local.mk
include %D%/commands/local.mk
include %D%/delivery/local.mk
include %D%/http/local.mk
include %D%/links/local.mk
include %D%/rsync/local.mk
include %D%/session/local.mk
include %D%/ssh/local.mk

test_helpers += t/cut_loop t/cut_proxy t/hostile_peer t/lossy_link t/peak
t_cut_loop_SOURCES = t/cut_loop.c
t_cut_proxy_SOURCES = t/cut_proxy.c
t_cut_proxy_LDADD = $(TRANSPORT_LIBS)
t_lossy_link_SOURCES = t/lossy_link.c
t_lossy_link_LDADD = $(COMMON_LIBS)
t_peak_SOURCES = t/peak.c
t_hostile_peer_SOURCES = t/hostile_peer.c t/message_text.c t/message_text.h
t_hostile_peer_LDADD = $(TRANSPORT_LIBS) $(ZLIB_LIBS)
script_tests += t/hostile-kept.t t/link-cut-pull.t t/link-cut-push.t t/link-delay.t \
	t/link-lossy-ssh.t t/return-pull.t t/return-push.t t/carried-twice.t \
	t/transport-exec.t t/transport-pull.t t/wire-counted.t t/ssh-crowd.t
cut_tests += t/link-cut-pull.t t/link-cut-push.t
EXTRA_DIST += t/budget-lib.sh t/carried-lib.sh t/counted-lib.sh t/cut-lib.sh t/hostile-lib.sh t/lossy-lib.sh \
	t/return-lib.sh t/stream-lib.sh
