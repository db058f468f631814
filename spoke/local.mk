spoke_libspoke_a_SOURCES += \
	%D%/carried.c %D%/carried.h \
	%D%/collect.c %D%/collect.h \
	%D%/collector.c %D%/collector.h \
	%D%/config_parts.c %D%/config_parts.h \
	%D%/counters.c %D%/counters.h \
	%D%/cycle.c %D%/cycle.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/daemon_child.c %D%/daemon_child.h \
	%D%/incoming.c %D%/incoming.h \
	%D%/outgoing.c %D%/outgoing.h \
	%D%/owners.c %D%/owners.h \
	%D%/readings.c %D%/readings.h \
	%D%/schedule.c %D%/schedule.h \
	%D%/stated.c %D%/stated.h \
	%D%/told.c %D%/told.h \
	%D%/tokens.c %D%/tokens.h \
	%D%/tokens_file.c \
	%D%/turns.c %D%/turns.h \
	%D%/unfinished.c %D%/unfinished.h \
	%D%/values.c %D%/values.h

bin_PROGRAMS += %D%/spoke
%C%_spoke_SOURCES = %D%/spoke_main.c
%C%_spoke_LDADD = $(SPOKE_LIBS)

include %D%/collectors/local.mk
include %D%/commands/local.mk

unit_tests += t/test_cycle t/test_readings t/test_schedule t/test_tokens \
	t/test_turns
t_test_cycle_SOURCES = t/test_cycle.c t/scratch.c t/scratch.h
t_test_cycle_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
t_test_readings_SOURCES = t/test_readings.c
t_test_readings_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
t_test_schedule_SOURCES = t/test_schedule.c
t_test_schedule_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
t_test_tokens_SOURCES = t/test_tokens.c t/scratch.c t/scratch.h
t_test_tokens_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)
t_test_turns_SOURCES = t/test_turns.c
t_test_turns_LDADD = $(SPOKE_LIBS) $(CMOCKA_LIBS)

script_tests += t/spoke-collect.t t/spoke-exec.t t/spoke-push.t t/spoke-storm.t t/spoke-verbs.t \
	t/spoke-write.t t/spoke-write-all.t t/spoke-tokens.t t/spoke-write-many.t
campaign_tests += t/spoke-collect.t t/spoke-write-all.t
script_tests += t/keep-budget.t t/keep-unwatched.t t/keep-budget-backlog.t \
	t/keep-parted.t t/spoke-budget.t \
	t/spoke-daemon-pull.t t/spoke-refused.t
script_tests += t/pull-budget.t t/dir-budget.t t/rate.t
script_tests += t/spoke-carried.t t/spoke-incoming.t
test_helpers += t/faulty_spoke t/put_resync
t_faulty_spoke_SOURCES = t/faulty_spoke.c
t_faulty_spoke_LDADD = $(SPOKE_LIBS)
t_faulty_spoke_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork,--wrap=inotify_init1
t_put_resync_SOURCES = t/put_resync.c
EXTRA_DIST += t/spoke-lib.sh t/storm-lib.sh
