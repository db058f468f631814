/*
 * The machine as a whole: processors, load, memory, pressure, processes, the
 * kernel's tables, the protocols' counters.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "spoke/collectors/host.h"

#define TICKS   "ticks/s (100 are one core)"
#define GAUGE   HOST_GAUGE
#define COUNTER HOST_COUNTER

/* proc(5), /proc/stat: the columns of a "cpu" line, in order. */
static const struct host_metric cpu_columns[] = {
	{ "", "user", COUNTER, TICKS, "user" },
	{ "", "nice", COUNTER, TICKS, "nice" },
	{ "", "system", COUNTER, TICKS, "system" },
	{ "", "idle", COUNTER, TICKS, "idle" },
	{ "", "iowait", COUNTER, TICKS, "waiting for disks" },
	{ "", "irq", COUNTER, TICKS, "interrupts" },
	{ "", "softirq", COUNTER, TICKS, "soft interrupts" },
	{ "", "steal", COUNTER, TICKS, "stolen by the host" },
	{ "", "guest", COUNTER, TICKS, "guests" },
	{ "", "guest_nice", COUNTER, TICKS, "nice guests" },
	{ 0 },
};

static const struct host_metric stat_lines[] = {
	{ "intr", "interrupts", COUNTER, "interrupts/s", "interrupts" },
	{ "ctxt", "context_switches", COUNTER, "switches/s",
	    "context switches" },
	{ "processes", "forks", COUNTER, "forks/s", "forks" },
	{ "procs_running", "running", GAUGE, "processes", "running" },
	{ "procs_blocked", "blocked", GAUGE, "processes", "waiting for disks" },
	{ 0 },
};

static const struct host_metric load_columns[] = {
	{ "", "avg1", GAUGE, "processes", "1 minute" },
	{ "", "avg5", GAUGE, "processes", "5 minutes" },
	{ "", "avg15", GAUGE, "processes", "15 minutes" },
	{ 0 },
};

static const struct host_metric memory_lines[] = {
	{ "MemTotal", "total", GAUGE, "bytes", "total" },
	{ "MemFree", "free", GAUGE, "bytes", "free" },
	{ "MemAvailable", "available", GAUGE, "bytes", "available" },
	{ "Buffers", "buffers", GAUGE, "bytes", "buffers" },
	{ "Cached", "cached", GAUGE, "bytes", "page cache" },
	{ "Active", "active", GAUGE, "bytes", "active" },
	{ "Inactive", "inactive", GAUGE, "bytes", "inactive" },
	{ "AnonPages", "anonymous", GAUGE, "bytes", "anonymous" },
	{ "Mapped", "mapped", GAUGE, "bytes", "mapped files" },
	{ "Shmem", "shared", GAUGE, "bytes", "shared" },
	{ "Slab", "slab", GAUGE, "bytes", "kernel slabs" },
	{ "SReclaimable", "slab_reclaimable", GAUGE, "bytes",
	    "reclaimable slabs" },
	{ "KernelStack", "kernel_stack", GAUGE, "bytes", "kernel stacks" },
	{ "PageTables", "page_tables", GAUGE, "bytes", "page tables" },
	{ "Dirty", "dirty", GAUGE, "bytes", "dirty" },
	{ "Writeback", "writeback", GAUGE, "bytes", "being written" },
	{ "Committed_AS", "committed", GAUGE, "bytes", "committed" },
	{ "CommitLimit", "commit_limit", GAUGE, "bytes", "commit limit" },
	{ 0 },
};

static const struct host_metric swap_lines[] = {
	{ "SwapTotal", "total", GAUGE, "bytes", "total" },
	{ "SwapFree", "free", GAUGE, "bytes", "free" },
	{ "SwapCached", "cached", GAUGE, "bytes", "cached" },
	{ 0 },
};

static const struct host_metric swap_events[] = {
	{ "pswpin", "in", COUNTER, "pages/s", "in" },
	{ "pswpout", "out", COUNTER, "pages/s", "out" },
	{ 0 },
};

static const struct host_metric memory_events[] = {
	{ "pgpgin", "paged_in", COUNTER, "KiB/s", "paged in" },
	{ "pgpgout", "paged_out", COUNTER, "KiB/s", "paged out" },
	{ "pgfault", "faults", COUNTER, "faults/s", "page faults" },
	{ "pgmajfault", "major_faults", COUNTER, "faults/s",
	    "major page faults" },
	{ "oom_kill", "oom_kills", COUNTER, "kills/s", "killed for memory" },
	{ 0 },
};

/* Kernel's PSI: how long tasks stood still, in us. */
static const struct host_metric pressure_lines[] = {
	{ "some", "some", COUNTER, "us/s", "some tasks stalled" },
	{ "full", "full", COUNTER, "us/s", "all tasks stalled" },
	{ 0 },
};

/* Files that hold one number first. */
static const struct {
	const char *path;
	const char *file;
	struct host_metric metric;
} numbers[] = {
	{ "/system", "proc/uptime",
	    { "", "uptime", GAUGE, "seconds", "since the machine began" } },
	{ "/system", "proc/sys/kernel/random/entropy_avail",
	    { "", "entropy", GAUGE, "bits", "entropy" } },
	{ "/system", "proc/sys/fs/file-nr",
	    { "", "open_files", GAUGE, "files", "open files" } },
	{ "/network", "proc/sys/net/netfilter/nf_conntrack_count",
	    { "", "connections_tracked", GAUGE, "connections", "tracked" } },
};

/* "TCP: inuse 1 ..." of /proc/net/sockstat: "TCP" + "inuse". */
static const struct host_metric socket_words[] = {
	{ "sockets: used", "used", GAUGE, "sockets", "all" },
	{ "TCP: inuse", "tcp", GAUGE, "sockets", "TCP" },
	{ "TCP: orphan", "tcp_orphan", GAUGE, "sockets", "TCP, orphans" },
	{ "TCP: tw", "tcp_time_wait", GAUGE, "sockets", "TCP, closing" },
	{ "TCP: mem", "tcp_pages", GAUGE, "pages", "TCP, memory" },
	{ "UDP: inuse", "udp", GAUGE, "sockets", "UDP" },
	{ "UDP: mem", "udp_pages", GAUGE, "pages", "UDP, memory" },
	{ "RAW: inuse", "raw", GAUGE, "sockets", "raw" },
	{ 0 },
};

/* /proc/net/snmp: a line of names and one of numbers for each protocol. */
static const struct host_metric snmp_columns[] = {
	{ "Ip: InReceives", "ip_in", COUNTER, "packets/s", "IP in" },
	{ "Ip: OutRequests", "ip_out", COUNTER, "packets/s", "IP out" },
	{ "Ip: InDiscards", "ip_in_discards", COUNTER, "packets/s",
	    "IP in, discarded" },
	{ "Ip: OutDiscards", "ip_out_discards", COUNTER, "packets/s",
	    "IP out, discarded" },
	{ "Ip: ForwDatagrams", "ip_forwarded", COUNTER, "packets/s",
	    "IP forwarded" },
	{ "Tcp: ActiveOpens", "tcp_opened", COUNTER, "connections/s",
	    "TCP opened" },
	{ "Tcp: PassiveOpens", "tcp_accepted", COUNTER, "connections/s",
	    "TCP accepted" },
	{ "Tcp: AttemptFails", "tcp_failed", COUNTER, "connections/s",
	    "TCP failed" },
	{ "Tcp: EstabResets", "tcp_reset", COUNTER, "connections/s",
	    "TCP reset" },
	{ "Tcp: CurrEstab", "tcp_established", GAUGE, "connections",
	    "TCP established" },
	{ "Tcp: RetransSegs", "tcp_retransmitted", COUNTER, "segments/s",
	    "TCP retransmitted" },
	{ "Udp: InDatagrams", "udp_in", COUNTER, "datagrams/s", "UDP in" },
	{ "Udp: OutDatagrams", "udp_out", COUNTER, "datagrams/s", "UDP out" },
	{ "Udp: InErrors", "udp_errors", COUNTER, "datagrams/s", "UDP errors" },
	{ "Udp: NoPorts", "udp_no_port", COUNTER, "datagrams/s",
	    "UDP without a listener" },
	{ 0 },
};

static void
add_cpu(struct host *h, struct slice name, struct slice line)
{
	char path[64];
	struct host_group g = { .path = path };

	if (name.n == 3)
		(void)snprintf(path, sizeof(path), "/cpu/total");
	else if (name.n < 16)
		(void)snprintf(path, sizeof(path), "/cpu/%.*s",
		    (int)(name.n - 3), name.p + 3);
	else
		return;
	host_add_columns(h, &g, cpu_columns, line);
}

static void
add_stat(struct host *h, struct buf *b)
{
	const struct host_group system = { .path = "/system" },
				processes = { .path = "/processes" };
	struct slice in, line;

	if (!host_read(h, "proc/stat", b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &line)) {
		struct slice name = host_word(&line);
		const struct host_metric *m = host_find(stat_lines, name);

		if (slice_starts(name, SLICE("cpu")))
			add_cpu(h, name, line);
		else if (m != NULL)
			host_add(h, m->kind == GAUGE ? &processes : &system, m,
			    host_word(&line));
	}
}

/* "0.36 0.24 0.23 2/104 6469" */
static void
add_load(struct host *h, struct buf *b)
{
	static const struct host_metric total = { "", "total", GAUGE, "threads",
		"threads" };
	const struct host_group load = { .path = "/load" },
				processes = { .path = "/processes" };
	struct slice line, running;

	if (!host_read(h, "proc/loadavg", b))
		return;
	line = buf_slice(b);
	host_add_columns(h, &load, load_columns, line);
	for (int i = 0; i < 3; i++)
		host_word(&line);
	line = host_word(&line);
	if (slice_cut(&line, '/', &running))
		host_add(h, &processes, &total, line);
}

/* "MemTotal:  24684092 kB" */
static void
add_memory(struct host *h, struct buf *b)
{
	const struct host_group memory = { .path = "/memory" },
				swap = { .path = "/swap" };
	struct slice in, line, name;
	uint64_t kib;

	if (!host_read(h, "proc/meminfo", b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &line)) {
		if (!slice_cut(&line, ':', &name) ||
		    !slice_u64(host_word(&line), UINT64_MAX / 1024, &kib))
			continue;
		host_add_u64(h, &memory, host_find(memory_lines, name),
		    kib * 1024);
		host_add_u64(h, &swap, host_find(swap_lines, name), kib * 1024);
	}
}

/* "pswpin 0" */
static void
add_events(struct host *h, struct buf *b)
{
	const struct host_group memory = { .path = "/memory" },
				swap = { .path = "/swap" };
	struct slice in, line;

	if (!host_read(h, "proc/vmstat", b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &line)) {
		struct slice name = host_word(&line), value = host_word(&line);

		host_add(h, &memory, host_find(memory_events, name), value);
		host_add(h, &swap, host_find(swap_events, name), value);
	}
}

/* "some avg10=1.74 avg60=0.37 avg300=0.90 total=30188803" */
static void
add_pressure(struct host *h, const char *what, struct buf *b)
{
	char file[32], path[32];
	const struct host_group g = { .path = path };
	struct slice in, line, name, skipped;

	(void)snprintf(file, sizeof(file), "proc/pressure/%s", what);
	(void)snprintf(path, sizeof(path), "/pressure/%s", what);
	if (!host_read(h, file, b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &line)) {
		name = host_word(&line);
		while (slice_cut(&line, '=', &skipped))
			; /* the last is the total */
		host_add(h, &g, host_find(pressure_lines, name), line);
	}
}

static void
add_numbers(struct host *h, struct buf *b)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const struct host_group g = { .path = numbers[i].path };
		struct slice in, line;

		if (!host_read(h, numbers[i].file, b))
			continue;
		in = buf_slice(b);
		if (slice_cut(&in, '\n', &line))
			host_add(h, &g, &numbers[i].metric, host_word(&line));
	}
}

/* The metric of "PROTOCOL: NAME". */
static const struct host_metric *
find_pair(const struct host_metric *table, struct slice protocol,
    struct slice name)
{
	char key[64];
	int n = snprintf(key, sizeof(key), "%.*s %.*s", (int)protocol.n,
	    protocol.p, (int)name.n, name.p);

	return n < (int)sizeof(key)
	    ? host_find(table, (struct slice){ key, (size_t)n })
	    : NULL;
}

static void
add_sockets(struct host *h, struct buf *b)
{
	const struct host_group g = { .path = "/sockets" };
	struct slice in, line;

	if (!host_read(h, "proc/net/sockstat", b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &line)) {
		struct slice protocol = host_word(&line);

		for (;;) {
			struct slice name = host_word(&line),
				     value = host_word(&line);

			if (value.n == 0)
				break;
			host_add(h, &g, find_pair(socket_words, protocol, name),
			    value);
		}
	}
}

static void
add_protocols(struct host *h, struct buf *b)
{
	const struct host_group g = { .path = "/network" };
	struct slice in, names, values;

	if (!host_read(h, "proc/net/snmp", b))
		return;
	in = buf_slice(b);
	while (slice_cut(&in, '\n', &names) && slice_cut(&in, '\n', &values)) {
		struct slice protocol = host_word(&names);

		host_word(&values);
		for (;;) {
			struct slice name = host_word(&names),
				     value = host_word(&values);

			if (name.n == 0 || value.n == 0)
				break;
			host_add(h, &g, find_pair(snmp_columns, protocol, name),
			    value);
		}
	}
}

void
host_system(struct host *h)
{
	static const char *const pressures[] = { "cpu", "io", "memory" };
	struct buf b = { 0 };

	add_stat(h, &b);
	add_load(h, &b);
	add_memory(h, &b);
	add_events(h, &b);
	for (size_t i = 0; i < sizeof(pressures) / sizeof(*pressures); i++)
		add_pressure(h, pressures[i], &b);
	add_numbers(h, &b);
	add_sockets(h, &b);
	add_protocols(h, &b);
	buf_clear(&b);
}
