# Sources of this directory, and the unit tests that belong to them.
common_libcommon_a_SOURCES += \
	%D%/appender.c %D%/appender.h \
	%D%/checked.c %D%/checked.h \
	%D%/cursor.c %D%/cursor.h \
	%D%/extent.c %D%/extent.h \
	%D%/inbox.c %D%/inbox.h %D%/inbox_impl.h \
	%D%/inbox_open.c \
	%D%/inbox_stream.c \
	%D%/ledger.c %D%/ledger.h \
	%D%/listing.c %D%/listing.h \
	%D%/mark.c %D%/mark.h \
	%D%/outbox.c %D%/outbox.h %D%/outbox_impl.h \
	%D%/outbox_open.c \
	%D%/outbox_renew.c \
	%D%/outbox_room.c \
	%D%/peek.c %D%/peek.h \
	%D%/quarantine.c %D%/quarantine.h \
	%D%/reader.c %D%/reader.h \
	%D%/repair.c %D%/repair.h \
	%D%/room.c %D%/room.h \
	%D%/segment.c %D%/segment.h \
	%D%/walk.c %D%/walk.h

spool_test = t/test_spool_helper.c t/test_spool_helper.h

unit_tests += t/test_spool_inbox t/test_spool_ledger t/test_spool_outbox \
	t/test_spool_recover t/test_spool_segment
t_test_spool_inbox_SOURCES = t/test_spool_inbox.c $(spool_test)
t_test_spool_ledger_SOURCES = t/test_spool_ledger.c $(spool_test)
t_test_spool_outbox_SOURCES = t/test_spool_outbox.c $(spool_test)
t_test_spool_recover_SOURCES = t/test_spool_recover.c $(spool_test)
t_test_spool_segment_SOURCES = t/test_spool_segment.c $(spool_test)
