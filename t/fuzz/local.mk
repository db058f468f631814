# One target a parser of outside bytes, t/fuzz/<module>.c, which defines
# LLVMFuzzerTestOneInput(); its corpus is t/fuzz/corpus/<module>/:
#
#	fuzz_programs += %D%/message
#	t_fuzz_message_SOURCES = %D%/message.c
#	t_fuzz_message_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
#	t_fuzz_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
#	EXTRA_DIST += %D%/corpus/message
#
# With --enable-fuzz libFuzzer drives them; else FUZZ_LIBS has a main that
# runs each input once.
FUZZ_SECONDS = 60

if FUZZ
FUZZ_LIBS =
fuzz_replay = -runs=0
else
FUZZ_LIBS = %D%/libreplay.a
fuzz_replay =
check_LIBRARIES = %D%/libreplay.a
%C%_libreplay_a_SOURCES = %D%/replay.c
endif

fuzz_programs += %D%/message
%C%_message_SOURCES = %D%/message.c t/message_text.c t/message_text.h
%C%_message_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
%C%_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += %D%/corpus/message

fuzz_programs += %D%/names
%C%_names_SOURCES = %D%/names.c
%C%_names_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
%C%_names_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += %D%/corpus/names

script_tests += t/fuzz-replay.t

.PHONY: fuzz
fuzz: $(fuzz_programs)
	@for p in $(fuzz_programs); do \
		mkdir -p t/fuzz/found/$${p##*/} && \
		./$$p -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=t/fuzz/found/ \
			t/fuzz/found/$${p##*/} \
			$(top_srcdir)/t/fuzz/corpus/$${p##*/} || exit 1; \
	done
