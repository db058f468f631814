# Sources of this directory, and the unit tests that belong to them.
hub_libhub_a_SOURCES += \
	%D%/accept.c \
	%D%/ask.c \
	%D%/check.c \
	%D%/commands.h \
	%D%/compile.c \
	%D%/leaf.c %D%/leaf.h \
	%D%/messages.c \
	%D%/pull.c \
	%D%/raw.c \
	%D%/receive.c \
	%D%/renew.c \
	%D%/status.c \
	%D%/task.c \
	%D%/tree.c \
	%D%/values.c \
	%D%/view.c %D%/view.h

if HAVE_LIBRRD
hub_libhub_a_SOURCES += %D%/graph.c
script_tests += t/hub-values.t
test_helpers += t/fill_hub
t_fill_hub_SOURCES = t/fill_hub.c
t_fill_hub_LDADD = $(HUB_LIBS)
endif
