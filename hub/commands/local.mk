# Sources of this directory, and the unit tests that belong to them.
hub_libhub_a_SOURCES += %D%/leaf.c %D%/leaf.h %D%/raw.c %D%/values.c

if HAVE_LIBRRD
hub_libhub_a_SOURCES += %D%/graph.c
script_tests += t/hub-values.t
test_helpers += t/fill_hub
t_fill_hub_SOURCES = t/fill_hub.c
t_fill_hub_LDADD = $(HUB_LIBS)
endif
