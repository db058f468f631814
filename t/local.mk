# How tests run, and the targets for people who work on the code.  Unit tests
# are listed beside the code that they test; here is what spans directories.

# What takes a minute and more begins first, or it would run alone at the end; those
# that wait beside those that compute.
long_tests += t/hostile-waits.t t/http-turned-away.t t/transport-ssh.t t/dial-several.t \
	t/kill-path.t t/hostile-ssh.t t/spoke-daemon.t t/hostile-peer.t t/hostile-http.t \
	t/transport-rsync.t t/kill-ingest.t t/hostile-carried.t

script_tests += t/lib.t t/lint.t t/rows.t t/programs-files.t t/programs-locale.t \
	t/programs-gone.t t/programs-operator.t t/doc-examples.t t/programs-check-config.t \
	t/path-basic.t t/path-compressions.t t/path-failures.t t/path-full.t t/path-lost.t
campaign_tests += t/kill-path.t t/kill-ingest.t

EXTRA_DIST += t/build-plain t/configure-in t/rows t/lib.sh t/hub-lib.sh \
	t/kill-lib.sh \
	t/path-lib.sh t/packages t/install-packages t/run-test

TEST_EXTENSIONS = .t
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
T_LOG_DRIVER = $(LOG_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/t/run-test
T_LOG_COMPILER = $(LOG_COMPILER) sh

# What a test finds in its environment.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	PATH="$(abs_top_builddir)/spoke:$(abs_top_builddir)/hub:$$PATH"; \
	LC_ALL=C; TZ=UTC; export PATH LC_ALL TZ; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	ASAN_OPTIONS="$${ASAN_OPTIONS-detect_leaks=1:strict_string_checks=1}"; \
	UBSAN_OPTIONS="$${UBSAN_OPTIONS-print_stacktrace=1}"; \
	export ASAN_OPTIONS UBSAN_OPTIONS; \
	CC='$(CC)'; CPPFLAGS='$(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS)'; \
	WARN_CFLAGS='$(WARN_CFLAGS)'; export CC CPPFLAGS WARN_CFLAGS; \
	FUZZ_PROGRAMS='$(fuzz_programs)'; FUZZ_REPLAY='$(fuzz_replay)'; \
	export FUZZ_PROGRAMS FUZZ_REPLAY;

include %D%/sim/local.mk
include %D%/fuzz/local.mk
include %D%/bench/local.mk

# Product code, and all code.
product_dirs = common transport xmlconfig spoke hub

.PHONY: lint format-check tidy coverage campaign cuts

lint: config.h
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS=t/lint.t

format-check:
	cd $(top_srcdir) && find $(product_dirs) t -name '*.[ch]' | \
		xargs $(CLANG_FORMAT) --dry-run -Werror

tidy: config.h
	@cd $(top_srcdir) && status=0 && \
	for f in `find $(product_dirs) -name '*.c' | sort`; do \
		$(CLANG_TIDY) --quiet --warnings-as-errors='*' $$f -- \
			-std=gnu11 $(DEFS) -I. -I$(abs_top_builddir) \
			$(AM_CPPFLAGS) $(CPPFLAGS) 2>/dev/null || status=1; \
	done; exit $$status

# Long runs of tests that are short in make check: they look at $CAMPAIGN.  The
# simulator's are its seeds; those of the fuzzers, make fuzz, want another build.
campaign:
	@CAMPAIGN=1 TEST_TIMEOUT=86400 $(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(campaign_tests) $(cut_tests)'
	@$(MAKE) $(AM_MAKEFLAGS) sim

# A link cut at every byte of a session, with real programs: in a tree without
# sanitizers, which would take them eight times as long.  What a disk would cost
# is no part of it.
cut_helpers = t/cut_loop$(EXEEXT) t/cut_proxy$(EXEEXT) t/put_resync$(EXEEXT)
cuts: all $(cut_helpers)
	@test ! -w /dev/shm || export TMPDIR=/dev/shm; \
	CUTS=1 TEST_TIMEOUT=3600 $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
		check_PROGRAMS= TESTS='$(cut_tests)'

# In a tree configured with --enable-coverage.
coverage: check
	gcovr --root $(top_srcdir) --exclude t/ --object-directory . \
		--print-summary --html-details coverage.html
