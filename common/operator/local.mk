common_libcommon_a_SOURCES += \
	%D%/mail.c %D%/mail.h \
	%D%/mailer.c %D%/mailer.h \
	%D%/nagios.c %D%/nagios.h \
	%D%/notice.c %D%/notice.h \
	%D%/notice_lines.c %D%/notice_lines.h \
	%D%/notice_pace.c %D%/notice_pace.h \
	%D%/notice_table.c %D%/notice_table.h

unit_tests += t/test_notice
t_test_notice_SOURCES = t/test_notice.c t/scratch.c t/scratch.h
unit_tests += t/test_notice_lines
t_test_notice_lines_SOURCES = t/test_notice_lines.c
script_tests += t/clock-set.t t/notice-flaps.t
