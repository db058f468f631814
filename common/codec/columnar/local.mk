common_libcommon_a_SOURCES += \
	%D%/columnar.c \
	%D%/columnar_coder.c %D%/columnar_coder.h \
	%D%/columnar_columns.c %D%/columnar_columns.h \
	%D%/columnar_form.c %D%/columnar_form.h \
	%D%/columnar_number.h \
	%D%/columnar_predict.c %D%/columnar_predict.h \
	%D%/columnar_shape.c %D%/columnar_shape.h \
	%D%/columnar_text.c %D%/columnar_text.h \
	%D%/columnar_value.h \
	%D%/columnar_values.c %D%/columnar_values.h

unit_tests += t/test_columnar t/test_columnar_rates t/test_columnar_bounds
t_test_columnar_SOURCES = t/test_columnar.c t/bench/fleet.c t/bench/fleet.h
t_test_columnar_rates_SOURCES = t/test_columnar_rates.c t/bench/fleet.c \
	t/bench/fleet.h
t_test_columnar_rates_LDADD = $(LDADD) -lm
t_test_columnar_bounds_SOURCES = t/test_columnar_bounds.c
t_test_columnar_LDADD = $(LDADD) -lm

fuzz_programs += t/fuzz/columnar
t_fuzz_columnar_SOURCES = t/fuzz/columnar.c
t_fuzz_columnar_LDADD = $(FUZZ_LIBS) $(COMMON_LIBS)
t_fuzz_columnar_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += t/fuzz/corpus/columnar
