# The simulator.  make sim SEEDS=N is the campaign.
SEEDS = 100000

sim_programs += t/sim/sim
script_tests += t/sim.t
t_sim_sim_SOURCES = %D%/calls.c %D%/disk.c %D%/disk.h %D%/fiber.c \
	%D%/fiber.h %D%/memory.c %D%/memory.h %D%/net.c %D%/net.h \
	%D%/rng.c %D%/rng.h %D%/sim.c %D%/world.c %D%/world.h t/wrap_openat.c t/wrap_openat.h
# Archives of both sides, which nothing else brings together.
t_sim_sim_LDADD = spoke/libspoke.a $(HUB_LIBS)
# What the real code meets in place of the system: calls.c, fiber.c, world.c.
t_sim_sim_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=openat,--wrap=close \
	-Wl,--wrap=read,--wrap=pread,--wrap=write,--wrap=pwrite \
	-Wl,--wrap=fsync,--wrap=fdatasync,--wrap=ftruncate,--wrap=fstat \
	-Wl,--wrap=fstatat,--wrap=mkdirat,--wrap=unlinkat \
	-Wl,--wrap=renameat,--wrap=renameat2,--wrap=flock,--wrap=dup \
	-Wl,--wrap=fstatvfs,--wrap=fdopendir,--wrap=readdir,--wrap=closedir \
	-Wl,--wrap=fcntl,--wrap=getpid,--wrap=kill,--wrap=getrandom \
	-Wl,--wrap=poll,--wrap=ppoll,--wrap=clock_mono,--wrap=clock_wall \
	-Wl,--wrap=node_open,--wrap=sandbox_enter

.PHONY: sim
sim: $(sim_programs)
	@for p in $(sim_programs); do ./$$p $(SEEDS) || exit 1; done
