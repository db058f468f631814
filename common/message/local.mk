common_libcommon_a_SOURCES += \
	%D%/body.c %D%/body.h \
	%D%/cut.c \
	%D%/header.c %D%/header.h \
	%D%/limits.h \
	%D%/message.c %D%/message.h \
	%D%/names.c %D%/names.h \
	%D%/parser.c \
	%D%/token_set.c %D%/token_set.h

unit_tests += t/test_message t/test_message_forms t/test_message_limits \
	t/test_message_write t/test_names
message_test = t/message_text.c t/message_text.h
t_test_message_SOURCES = t/test_message.c $(message_test)
t_test_message_forms_SOURCES = t/test_message_forms.c $(message_test)
t_test_message_limits_SOURCES = t/test_message_limits.c $(message_test)
t_test_message_write_SOURCES = t/test_message_write.c $(message_test)
t_test_names_SOURCES = t/test_names.c
