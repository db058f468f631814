spoke_libspoke_a_SOURCES += \
	%D%/announce.c \
	%D%/check.c \
	%D%/collect.c \
	%D%/commands.h \
	%D%/daemon.c \
	%D%/messages.c \
	%D%/push.c \
	%D%/renew.c \
	%D%/serve.c \
	%D%/status.c \
	%D%/view.c %D%/view.h \
	%D%/write.c
