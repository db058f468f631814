# Sources of this directory, and the unit tests that belong to them.
common_libcommon_a_SOURCES += \
	%D%/codec.c %D%/codec.h \
	%D%/gzip.c \
	%D%/members.h \
	%D%/none.c

unit_tests += t/test_codec
t_test_codec_SOURCES = t/test_codec.c
