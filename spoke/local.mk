spoke_libspoke_a_SOURCES += \
	%D%/collector.c %D%/collector.h

bin_PROGRAMS += %D%/spoke
%C%_spoke_SOURCES = %D%/spoke_main.c
%C%_spoke_LDADD = $(SPOKE_LIBS)

include %D%/collectors/local.mk
