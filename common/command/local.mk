common_libcommon_a_SOURCES += \
	%D%/check.c %D%/check.h \
	%D%/ground.c %D%/ground.h \
	%D%/json.c %D%/json.h \
	%D%/messages.c %D%/messages.h \
	%D%/status.c %D%/status.h
