# Measurements.  Each program or script prints its own lines; they run one
# after the other, so that none disturbs another.
bench_scripts =

bench_programs += %D%/parse
%C%_parse_SOURCES = %D%/parse.c

if HAVE_LIBRRD
bench_programs += %D%/ingest
%C%_ingest_SOURCES = %D%/ingest.c
%C%_ingest_LDADD = $(HUB_LIBS)
endif

.PHONY: bench
bench: all $(bench_programs)
	@test -z '$(SANITIZE_CFLAGS)' || \
		{ echo 'bench: built with sanitizers' >&2; exit 1; }
	@for p in $(bench_programs); do ./$$p || exit 1; done
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	sh -c 'for s in $(bench_scripts); do \
		sh $(top_srcdir)/$$s || exit 1; done'
