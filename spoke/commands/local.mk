spoke_libspoke_a_SOURCES += \
	%D%/announce.c \
	%D%/authorize.c \
	%D%/check.c \
	%D%/check_config.c \
	%D%/collect.c \
	%D%/commands.h \
	%D%/ground.c \
	%D%/keygen.c \
	%D%/messages.c \
	%D%/push.c \
	%D%/renew.c \
	%D%/status.c \
	%D%/view.c %D%/view.h \
	%D%/write.c
