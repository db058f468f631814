common_libcommon_a_SOURCES += \
	%D%/mail.c %D%/mail.h \
	%D%/notice.c %D%/notice.h
