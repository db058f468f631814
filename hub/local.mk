bin_PROGRAMS += %D%/hubctl
%C%_hubctl_SOURCES = %D%/hubctl_main.c
%C%_hubctl_LDADD = $(HUB_LIBS)

sbin_PROGRAMS += %D%/hubd
%C%_hubd_SOURCES = %D%/hubd_main.c
%C%_hubd_LDADD = $(HUB_LIBS)

include %D%/ingest/local.mk
include %D%/stores/local.mk
include %D%/commands/local.mk
