transport_libtransport_a_SOURCES += \
	%D%/answer.c \
	%D%/authorize.c \
	%D%/check_config.c %D%/commands.h \
	%D%/dial.c \
	%D%/keygen.c \
	%D%/progress.c %D%/progress.h
