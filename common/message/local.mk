common_libcommon_a_SOURCES += \
	%D%/body.c %D%/body.h \
	%D%/header.c %D%/header.h \
	%D%/limits.h \
	%D%/message.c %D%/message.h \
	%D%/names.c %D%/names.h \
	%D%/parser.c \
	%D%/token_set.c %D%/token_set.h

unit_tests += t/test_message t/test_names
t_test_message_SOURCES = t/test_message.c t/message_text.c t/message_text.h
t_test_names_SOURCES = t/test_names.c
