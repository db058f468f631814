spoke_libspoke_a_SOURCES += \
	%D%/collector.c %D%/collector.h \
	%D%/counters.c %D%/counters.h \
	%D%/cycle.c %D%/cycle.h \
	%D%/incoming.c %D%/incoming.h \
	%D%/outgoing.c %D%/outgoing.h \
	%D%/readings.c %D%/readings.h \
	%D%/schedule.c %D%/schedule.h \
	%D%/stated.c %D%/stated.h \
	%D%/tokens.c %D%/tokens.h \
	%D%/tokens_file.c \
	%D%/wire.c %D%/wire.h

bin_PROGRAMS += %D%/spoke
%C%_spoke_SOURCES = %D%/spoke_main.c
%C%_spoke_LDADD = $(SPOKE_LIBS)

include %D%/collectors/local.mk
include %D%/commands/local.mk
