# Measurements.  Each program or script prints its own lines and rows; they run
# one after the other, so that none disturbs another.
bench_scripts = %D%/startup.sh %D%/push.sh %D%/backlog.sh %D%/https.sh %D%/link.sh \
	%D%/memory.sh
EXTRA_DIST += %D%/lib.sh %D%/summary.sh %D%/storm.sh $(bench_scripts)

bench = %D%/bench.c %D%/bench.h
bench_programs += %D%/parse %D%/spool %D%/compile %D%/channel
%C%_channel_SOURCES = %D%/channel.c %D%/fleet.c %D%/fleet.h %D%/proc_values.c \
	%D%/proc_values.h t/peer.c t/peer.h $(bench)
%C%_channel_LDADD = $(TRANSPORT_LIBS) -lm
%C%_parse_SOURCES = %D%/parse.c $(bench)
%C%_spool_SOURCES = %D%/spool.c $(bench)
%C%_compile_SOURCES = %D%/compile.c $(bench)
%C%_compile_LDADD = $(XMLCONFIG_LIBS) $(LIBXML2_LIBS)
bench_programs += %D%/columnar
%C%_columnar_SOURCES = %D%/columnar.c $(bench) %D%/fleet.c %D%/fleet.h \
	%D%/proc_values.c %D%/proc_values.h
%C%_columnar_LDADD = $(COMMON_LIBS) -lm

if HAVE_LIBRRD
bench_programs += %D%/ingest
%C%_ingest_SOURCES = %D%/ingest.c $(bench)
%C%_ingest_LDADD = $(HUB_LIBS) $(LIBRRD_LIBS)
endif

# What the scripts run.
bench_helpers = %D%/nothing %D%/turns %D%/ssh_floor %D%/fleet_spool
check_PROGRAMS += $(bench_helpers)
%C%_nothing_SOURCES = %D%/nothing.c
%C%_nothing_LDADD =
%C%_turns_SOURCES = %D%/turns.c $(bench)
%C%_fleet_spool_SOURCES = %D%/fleet_spool.c %D%/fleet.c %D%/fleet.h $(bench)
%C%_fleet_spool_LDADD = $(COMMON_LIBS) -lm
%C%_ssh_floor_SOURCES = %D%/ssh_floor.c
%C%_ssh_floor_LDADD = $(LIBSSH2_LIBS) $(COMMON_LIBS)

.PHONY: bench
bench: all t/fill_hub$(EXEEXT) t/cut_proxy$(EXEEXT) $(bench_programs) $(bench_helpers)
	@test -z '$(SANITIZE_CFLAGS)' || \
		{ echo 'bench: built with sanitizers' >&2; exit 1; }
	@{ (for p in $(bench_programs); do ./$$p || exit 1; done; \
	$(AM_TESTS_ENVIRONMENT) for s in $(bench_scripts); do \
		sh $(top_srcdir)/$$s || exit 1; done) || echo FAILED; } | \
		sh $(srcdir)/%D%/summary.sh
