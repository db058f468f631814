bin_PROGRAMS += %D%/hubctl
%C%_hubctl_SOURCES = %D%/hubctl_main.c
%C%_hubctl_LDADD = $(HUB_LIBS)

sbin_PROGRAMS += %D%/hubd
%C%_hubd_SOURCES = %D%/hubd_main.c
%C%_hubd_LDADD = $(HUB_LIBS)

hub_libhub_a_SOURCES += \
	%D%/carried.c %D%/carried.h \
	%D%/control.c %D%/control.h \
	%D%/hub.c %D%/hub.h \
	%D%/hub_answer.c \
	%D%/hubd.c %D%/hubd.h \
	%D%/inboxes.c %D%/inboxes.h \
	%D%/sessions.c %D%/sessions.h \
	%D%/silence.c %D%/silence.h

include %D%/ingest/local.mk
include %D%/stores/local.mk
include %D%/commands/local.mk

script_tests += t/hub-apart.t t/hub-authorize.t t/hub-background.t t/hub-bare.t t/hub-carried.t \
	t/hub-confined.t t/hub-control.t t/hub-ingest.t t/hub-killed.t t/hub-leaf.t t/hub-leftover.t \
	t/hub-listens.t t/hub-mail.t t/hub-pull.t t/hub-raw.t t/hub-sessions.t \
	t/hub-silent.t t/hub-task.t

test_helpers += t/faulty_hubd
t_faulty_hubd_SOURCES = t/faulty_hubd.c
t_faulty_hubd_LDADD = $(HUB_LIBS)
t_faulty_hubd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syncfs

unit_tests += t/test_hub_carried
t_test_hub_carried_SOURCES = t/test_hub_carried.c t/scratch.c t/scratch.h
t_test_hub_carried_LDADD = $(HUB_LIBS) $(CMOCKA_LIBS)
t_test_hub_carried_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=carry_start,--wrap=delivery_child_end
