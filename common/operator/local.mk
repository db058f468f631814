common_libcommon_a_SOURCES += \
	%D%/mail.c %D%/mail.h \
	%D%/mailer.c %D%/mailer.h \
	%D%/nagios.c %D%/nagios.h \
	%D%/notice.c %D%/notice.h \
	%D%/notice_table.c %D%/notice_table.h

unit_tests += t/test_notice
t_test_notice_SOURCES = t/test_notice.c t/scratch.c t/scratch.h
script_tests += t/clock-set.t
