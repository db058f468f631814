common_libcommon_a_SOURCES += \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/durable.c %D%/durable.h \
	%D%/err.c %D%/err.h \
	%D%/lock.c %D%/lock.h \
	%D%/log.c %D%/log.h \
	%D%/mem.c %D%/mem.h \
	%D%/notify.c %D%/notify.h \
	%D%/options.c %D%/options.h \
	%D%/proc.c %D%/proc.h \
	%D%/slots.c %D%/slots.h
