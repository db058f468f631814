# Sources of this directory, and the unit tests that belong to them.
common_libcommon_a_SOURCES += \
	%D%/bounded.c \
	%D%/codec.c %D%/codec.h \
	%D%/gzip.c \
	%D%/members.h \
	%D%/none.c
if HAVE_BZIP2
common_libcommon_a_SOURCES += %D%/bzip2.c
endif
if HAVE_LZMA
common_libcommon_a_SOURCES += %D%/xz.c
endif
if HAVE_ZSTD
common_libcommon_a_SOURCES += %D%/zstd.c
endif

unit_tests += t/test_codec t/test_codec_history
t_test_codec_history_SOURCES = t/test_codec_history.c
t_test_codec_SOURCES = t/test_codec.c
t_test_codec_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime

fuzz_programs += t/fuzz/inflate
t_fuzz_inflate_SOURCES = t/fuzz/inflate.c
t_fuzz_inflate_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
t_fuzz_inflate_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/inflate

include %D%/columnar/local.mk
