transport_libtransport_a_SOURCES += \
	%D%/rsync.c %D%/rsync.h \
	%D%/rsync_room.c %D%/rsync_room.h \
	%D%/rsync_run.c %D%/rsync_run.h \
	%D%/rsync_watch.c %D%/rsync_watch.h

unit_tests += t/test_rsync_room
t_test_rsync_room_SOURCES = t/test_rsync_room.c t/scratch.c t/scratch.h
t_test_rsync_room_LDADD = $(TRANSPORT_LIBS) $(CMOCKA_LIBS)
t_test_rsync_room_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fstatvfs

script_tests += t/rsync-budget.t t/rsync-counted.t t/rsync-greedy.t t/rsync-keep.t
EXTRA_DIST += t/rsync-lib.sh
