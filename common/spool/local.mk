# Sources of this directory, and the unit tests that belong to them.
common_libcommon_a_SOURCES += \
	%D%/appender.c %D%/appender.h \
	%D%/carried_name.c %D%/carried_name.h \
	%D%/cursor.c %D%/cursor.h \
	%D%/extent.c %D%/extent.h \
	%D%/inbox.c %D%/inbox.h %D%/inbox_impl.h \
	%D%/inbox_fork.c \
	%D%/inbox_open.c \
	%D%/inbox_stream.c \
	%D%/ledger.c %D%/ledger.h \
	%D%/listing.c %D%/listing.h \
	%D%/mark.c %D%/mark.h \
	%D%/outbox.c %D%/outbox.h %D%/outbox_impl.h \
	%D%/outbox_open.c \
	%D%/outbox_renew.c \
	%D%/outbox_drop.c \
	%D%/outbox_room.c \
	%D%/peek.c %D%/peek.h \
	%D%/quarantine.c %D%/quarantine.h \
	%D%/ranges.c %D%/ranges.h \
	%D%/reader.c %D%/reader.h \
	%D%/recall.c %D%/recall.h \
	%D%/repair.c %D%/repair.h \
	%D%/room.c %D%/room.h \
	%D%/segment.c %D%/segment.h \
	%D%/walk.c %D%/walk.h

spool_test = t/test_spool_helper.c t/test_spool_helper.h

# For any test that asks what a power cut may leave.
crash_model = t/crash_model.c t/crash_model.h t/wrap_openat.c t/wrap_openat.h
crash_model_ldflags = -Wl,--wrap=openat,--wrap=pwrite,--wrap=write \
	-Wl,--wrap=fsync,--wrap=fdatasync,--wrap=ftruncate \
	-Wl,--wrap=renameat2,--wrap=unlinkat,--wrap=mkdirat

unit_tests += t/test_spool_crash t/test_spool_fault t/test_spool_inbox \
	t/test_spool_ledger t/test_spool_moves t/test_spool_outbox t/test_spool_reader \
	t/test_spool_recall t/test_spool_recover t/test_spool_segment
t_test_spool_crash_SOURCES = t/test_spool_crash.c $(spool_test) $(crash_model)
t_test_spool_crash_LDFLAGS = $(AM_LDFLAGS) $(crash_model_ldflags)
t_test_spool_fault_SOURCES = t/test_spool_fault.c $(spool_test) t/wrap_openat.c t/wrap_openat.h
t_test_spool_fault_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=openat,--wrap=pwrite,--wrap=write \
	-Wl,--wrap=fsync,--wrap=fdatasync,--wrap=ftruncate \
	-Wl,--wrap=renameat2,--wrap=unlinkat
t_test_spool_inbox_SOURCES = t/test_spool_inbox.c $(spool_test)
t_test_spool_ledger_SOURCES = t/test_spool_ledger.c $(spool_test)
t_test_spool_moves_SOURCES = t/test_spool_moves.c $(spool_test) t/wrap_openat.c t/wrap_openat.h
t_test_spool_moves_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=openat
t_test_spool_outbox_SOURCES = t/test_spool_outbox.c $(spool_test)
t_test_spool_reader_SOURCES = t/test_spool_reader.c $(spool_test)
t_test_spool_recall_SOURCES = t/test_spool_recall.c $(spool_test)
t_test_spool_recover_SOURCES = t/test_spool_recover.c $(spool_test)
t_test_spool_segment_SOURCES = t/test_spool_segment.c $(spool_test)

