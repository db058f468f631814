common_libcommon_a_SOURCES += \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/crc.c %D%/crc.h \
	%D%/digits.h \
	%D%/crew.c %D%/crew.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/durable.c %D%/durable.h \
	%D%/err.c %D%/err.h \
	%D%/keeper.c %D%/keeper.h \
	%D%/library.c %D%/library.h \
	%D%/lock.c %D%/lock.h \
	%D%/log.c %D%/log.h \
	%D%/mem.c %D%/mem.h \
	%D%/notify.c %D%/notify.h \
	%D%/options.c %D%/options.h \
	%D%/proc.c %D%/proc.h \
	%D%/proc_io.c %D%/proc_io.h \
	%D%/reap.c %D%/reap.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/sealed.c %D%/sealed.h \
	%D%/slots.c %D%/slots.h \
	%D%/watch.c %D%/watch.h

unit_tests += t/test_buf t/test_crew t/test_durable t/test_err t/test_library \
	t/test_proc t/test_reap t/test_sandbox t/test_sealed
t_test_buf_SOURCES = t/test_buf.c
t_test_crew_SOURCES = t/test_crew.c
t_test_durable_SOURCES = t/test_durable.c t/scratch.c t/scratch.h
t_test_durable_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync \
	-Wl,--wrap=fdatasync -Wl,--wrap=write -Wl,--wrap=pwrite \
	-Wl,--wrap=renameat2
t_test_err_SOURCES = t/test_err.c
t_test_library_SOURCES = t/test_library.c t/scratch.c t/scratch.h
t_test_proc_SOURCES = t/test_proc.c
t_test_proc_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=uv_spawn
t_test_reap_SOURCES = t/test_reap.c
t_test_sandbox_SOURCES = t/test_sandbox.c t/scratch.c t/scratch.h
t_test_sealed_SOURCES = t/test_sealed.c t/scratch.c t/scratch.h
