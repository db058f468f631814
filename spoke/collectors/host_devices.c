/*
 * What comes and goes: interfaces, disks, file systems, sensors.  A device's
 * name becomes a component of a path; its real name stands in the texts.
 * Short-lived ones are left out unless "include" names them.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "spoke/collectors/host.h"

#define GAUGE   HOST_GAUGE
#define COUNTER HOST_COUNTER

/* proc(5), /proc/net/dev: the columns behind the name. */
static const struct host_metric interface_columns[] = {
	{ "", "in_octets", COUNTER, "bytes/s", "in" },
	{ "", "in_packets", COUNTER, "packets/s", "packets in" },
	{ "", "in_errors", COUNTER, "packets/s", "errors in" },
	{ "", "in_drops", COUNTER, "packets/s", "dropped in" },
	{ "", NULL, COUNTER, "", "" }, /* fifo */
	{ "", NULL, COUNTER, "", "" }, /* frame */
	{ "", NULL, COUNTER, "", "" }, /* compressed */
	{ "", "in_multicast", COUNTER, "packets/s", "multicast in" },
	{ "", "out_octets", COUNTER, "bytes/s", "out" },
	{ "", "out_packets", COUNTER, "packets/s", "packets out" },
	{ "", "out_errors", COUNTER, "packets/s", "errors out" },
	{ "", "out_drops", COUNTER, "packets/s", "dropped out" },
	{ "", NULL, COUNTER, "", "" }, /* fifo */
	{ "", "collisions", COUNTER, "packets/s", "collisions" },
	{ 0 },
};

/* The kernel's Documentation/admin-guide/iostats.rst, behind the name. */
static const struct host_metric disk_columns[] = {
	{ "", "reads", COUNTER, "reads/s", "reads" },
	{ "", "reads_merged", COUNTER, "reads/s", "reads merged" },
	{ "", "sectors_read", COUNTER, "sectors/s", "sectors of 512 read" },
	{ "", "read_time", COUNTER, "ms/s", "time reading" },
	{ "", "writes", COUNTER, "writes/s", "writes" },
	{ "", "writes_merged", COUNTER, "writes/s", "writes merged" },
	{ "", "sectors_written", COUNTER, "sectors/s",
	    "sectors of 512 written" },
	{ "", "write_time", COUNTER, "ms/s", "time writing" },
	{ "", "in_flight", GAUGE, "requests", "in flight" },
	{ "", "busy_time", COUNTER, "ms/s", "time busy" },
	{ "", "queue_time", COUNTER, "ms/s", "time queued" },
	{ "", "discards", COUNTER, "discards/s", "discards" },
	{ 0 },
};

enum {
	FS_SIZE,
	FS_USED,
	FS_AVAILABLE,
	FS_INODES,
	FS_INODES_FREE,
};
static const struct host_metric fs_metrics[] = {
	[FS_SIZE] = { "", "size", GAUGE, "bytes", "size" },
	[FS_USED] = { "", "used", GAUGE, "bytes", "used" },
	[FS_AVAILABLE] = { "", "available", GAUGE, "bytes", "available" },
	[FS_INODES] = { "", "inodes", GAUGE, "inodes", "inodes" },
	[FS_INODES_FREE] = { "", "inodes_free", GAUGE, "inodes",
	    "inodes free" },
};

/* A component that differs from those given out in this reading by more than
 * case: the second of two gets "_2" behind it. */
struct names_given {
	char (*name)[HOST_COMPONENT_SIZE];
	size_t n;
};

static bool
is_given(const struct names_given *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcasecmp(g->name[i], name) == 0)
			return true;
	return false;
}

static const char *
give_name(struct names_given *g, const char *device)
{
	char base[HOST_COMPONENT_SIZE], name[HOST_COMPONENT_SIZE];

	host_component(slice_str(device), base);
	memcpy(name, base, sizeof(name));
	for (unsigned i = 2; is_given(g, name); i++)
		(void)snprintf(name, sizeof(name), "%.54s_%u", base, i);
	g->name = mem_resize(g->name, g->n + 1, sizeof(*g->name));
	memcpy(g->name[g->n], name, sizeof(name));
	return g->name[g->n++];
}

static void
names_given_clear(struct names_given *g)
{
	free(g->name);
	*g = (struct names_given){ 0 };
}

static bool
any_glob(const char *const *globs, const char *name)
{
	for (; *globs != NULL; globs++)
		if (fnmatch(*globs, name, 0) == 0)
			return true;
	return false;
}

/* Devices of one kind that come and go. */
struct devices {
	const char *folder;                /* "/disks" */
	const struct host_metric *columns; /* of a line, behind its name */
	const char *const *fleeting;       /* globs; NULL ends them */
	struct names_given given;
};

static void
add_device(struct host *h, struct devices *d, struct slice name,
    struct slice line)
{
	char path[96], *device = slice_dup(name);
	const struct host_group g = { .path = path, .title = device };

	if (*device != '\0' &&
	    host_wanted(h, device, !any_glob(d->fleeting, device))) {
		(void)snprintf(path, sizeof(path), "%s/%s", d->folder,
		    give_name(&d->given, device));
		host_add_columns(h, &g, d->columns, line);
	}
	free(device);
}

/* "  eth0: 254625721 6683 ..." */
void
host_network(struct host *h)
{
	static const char *const fleeting[] = { "lo", "veth*", "docker*",
		"br-*", "virbr*", "vnet*", "tap*", "cali*", "cni*", "flannel*",
		"ifb*", "dummy*", "lxc*", "lxdbr*", "podman*", NULL };
	struct devices d = { "/interfaces", interface_columns, fleeting,
		.given = { 0 } };
	struct buf b = { 0 };
	struct slice in, line, name;

	host_read(h, "proc/net/dev", &b);
	in = buf_slice(&b);
	while (slice_cut(&in, '\n', &line))
		/* the two lines above the columns have no colon */
		if (slice_cut(&line, ':', &name))
			add_device(h, &d, host_word(&name), line);
	names_given_clear(&d.given);
	buf_clear(&b);
}

/* "254 0 vda 178049 30008 ..." */
void
host_disks(struct host *h)
{
	static const char *const fleeting[] = { "loop*", "ram*", "zram*",
		"fd[0-9]*", "sr[0-9]*", "nbd*", NULL };
	struct devices d = { "/disks", disk_columns, fleeting, .given = { 0 } };
	struct buf b = { 0 };
	struct slice in, line, name;

	host_read(h, "proc/diskstats", &b);
	in = buf_slice(&b);
	while (slice_cut(&in, '\n', &line)) {
		host_word(&line); /* major */
		host_word(&line); /* minor */
		name = host_word(&line);
		add_device(h, &d, name, line);
	}
	names_given_clear(&d.given);
	buf_clear(&b);
}

/* getmntent(3): blank, tab, LF and backslash are written as \ooo. */
static char *
unescape(struct slice s)
{
	char *out = mem_alloc(s.n + 1), *p = out;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned octal = 0, k = 0;

		if (c == '\\')
			while (k < 3 && i + 1 + k < s.n &&
			    s.p[i + 1 + k] >= '0' && s.p[i + 1 + k] <= '7')
				octal = 8 * octal +
				    (unsigned)(s.p[i + 1 + k++] - '0');
		if (k == 3) {
			c = (unsigned char)octal;
			i += 3;
		}
		memcpy(p++, &c, 1);
	}
	*p = '\0';
	return out;
}

/* File systems on a device of this machine.  All others live in memory, hold
 * nothing, or lie behind a network and may hang whoever asks. */
static bool
is_local(struct slice type)
{
	static const char *const local[] = { "ext2", "ext3", "ext4", "xfs",
		"btrfs", "zfs", "f2fs", "jfs", "reiserfs", "nilfs2", "bcachefs",
		"vfat", "exfat", "msdos", "ntfs", "ntfs3", "hfsplus", "ubifs",
		"jffs2", NULL };

	for (size_t i = 0; local[i] != NULL; i++)
		if (slice_eq_str(type, local[i]))
			return true;
	return false;
}

/* Asked only when "include" names it, unless it is local. */
static bool
never_hangs(struct slice type)
{
	return is_local(type) || slice_eq_str(type, "tmpfs") ||
	    slice_eq_str(type, "overlay") || slice_eq_str(type, "squashfs") ||
	    slice_eq_str(type, "iso9660");
}

static void
add_filesystem(struct host *h, const char *name, const char *mount,
    const struct statvfs *v)
{
	char path[96];
	const struct host_group g = { .path = path, .title = mount };

	(void)snprintf(path, sizeof(path), "/filesystems/%s", name);
	host_add_u64(h, &g, &fs_metrics[FS_SIZE], v->f_blocks * v->f_frsize);
	host_add_u64(h, &g, &fs_metrics[FS_USED],
	    (v->f_blocks - v->f_bfree) * v->f_frsize);
	host_add_u64(h, &g, &fs_metrics[FS_AVAILABLE],
	    v->f_bavail * v->f_frsize);
	if (v->f_files == 0)
		return; /* btrfs and vfat count none */
	host_add_u64(h, &g, &fs_metrics[FS_INODES], v->f_files);
	host_add_u64(h, &g, &fs_metrics[FS_INODES_FREE], v->f_ffree);
}

/* A mount point is looked up below the root, too. */
static bool
ask_filesystem(const struct host *h, const char *mount, struct statvfs *v)
{
	int fd = openat(h->root, mount[1] == '\0' ? "." : mount + 1,
	    O_PATH | O_CLOEXEC);
	bool ok = fd != -1 && fstatvfs(fd, v) == 0;

	if (fd != -1)
		close(fd);
	return ok;
}

/* One device mounted at several places (containers do that) counts at the
 * first, so `devices` are those seen. */
static void
add_mount(struct host *h, struct slice line, struct names_given *given,
    struct names_given *devices)
{
	static const char *const fleeting[] = { "/var/lib/docker/*",
		"/var/lib/containers/*", "/var/lib/kubelet/*", "/snap/*",
		"/run/*", NULL };
	struct slice device = host_word(&line), mount = host_word(&line),
		     type = host_word(&line);
	char *at = unescape(mount), *dev = slice_dup(device);
	struct statvfs v;

	if (*at == '/' && never_hangs(type) &&
	    host_wanted(h, at, is_local(type) && !any_glob(fleeting, at)) &&
	    !(is_local(type) && is_given(devices, dev)) &&
	    ask_filesystem(h, at, &v) && v.f_blocks > 0) {
		add_filesystem(h, give_name(given, at), at, &v);
		if (strlen(dev) < HOST_COMPONENT_SIZE) {
			devices->name = mem_resize(devices->name,
			    devices->n + 1, sizeof(*devices->name));
			memcpy(devices->name[devices->n++], dev,
			    strlen(dev) + 1);
		}
	}
	free(at);
	free(dev);
}

/* "/dev/vda / ext4 rw,relatime 0 0" */
void
host_filesystems(struct host *h)
{
	struct names_given given = { 0 }, devices = { 0 };
	struct buf b = { 0 };
	struct slice in, line;

	/* "self" is another process below a test's root, where there is none */
	if (!host_read(h, "proc/self/mounts", &b))
		host_read(h, "proc/mounts", &b);
	in = buf_slice(&b);
	while (slice_cut(&in, '\n', &line))
		add_mount(h, line, &given, &devices);
	names_given_clear(&given);
	names_given_clear(&devices);
	buf_clear(&b);
}

/* The first line of a small file as a string, or NULL. */
static char *
read_line(struct host *h, const char *dir, const char *file, struct buf *b)
{
	char path[512];
	struct slice in, line;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >=
		(int)sizeof(path) ||
	    !host_read(h, path, b))
		return NULL;
	in = buf_slice(b);
	if (!slice_cut(&in, '\n', &line))
		line = in;
	return slice_dup(line);
}

/* Thousandths of a degree, with a sign, as degrees. */
static bool
degrees(const char *milli, char out[32])
{
	struct slice s = slice_str(milli);
	bool negative = slice_skip(&s, SLICE("-"));
	uint64_t v;

	if (!slice_u64(s, 10000000, &v))
		return false;
	(void)snprintf(out, 32, "%s%" PRIu64 ".%03" PRIu64, negative ? "-" : "",
	    v / 1000, v % 1000);
	return true;
}

struct chip {
	char dir[64];
	char *name;
	struct names_given *given; /* to all chips' sensors */
};

/* temp1_input, temp1_label of one chip. */
static void
add_temperature(struct host *h, const struct chip *c, unsigned number,
    struct buf *b)
{
	struct host_metric m = { "", NULL, GAUGE, "degrees C", "temperature" };
	struct host_group g = { .path = "/temperatures" };
	const char *chip = c->name != NULL ? c->name : "chip";
	char file[32], value[32];
	char *milli, *label, *title;

	(void)snprintf(file, sizeof(file), "temp%u_input", number);
	milli = read_line(h, c->dir, file, b);
	(void)snprintf(file, sizeof(file), "temp%u_label", number);
	label = read_line(h, c->dir, file, b);
	title = label != NULL ? mem_printf("%s %s", chip, label)
			      : mem_printf("%s temp%u", chip, number);
	if (milli != NULL && degrees(milli, value)) {
		m.name = give_name(c->given, title);
		g.title = title;
		host_add(h, &g, &m, slice_str(value));
	}
	free(milli);
	free(label);
	free(title);
}

static int
by_number(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

enum {
	NUMBERS_MAX = 128
};

/* The numbers N of a directory's entries prefixN suffix, in order. */
struct numbers {
	const char *prefix, *suffix;
	unsigned at[NUMBERS_MAX];
	size_t n;
};

static void
take_number(struct numbers *out, struct slice s)
{
	uint64_t v;

	if (slice_skip(&s, slice_str(out->prefix)) &&
	    slice_skip_end(&s, slice_str(out->suffix)) &&
	    slice_u64(s, 9999, &v) && out->n < NUMBERS_MAX)
		out->at[out->n++] = (unsigned)v;
}

static void
read_numbers(const struct host *h, const char *dir, struct numbers *out)
{
	int fd = openat(h->root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(d)) != NULL)
		take_number(out, slice_str(entry->d_name));
	closedir(d);
	qsort(out->at, out->n, sizeof(out->at[0]), by_number);
}

void
host_sensors(struct host *h)
{
	struct names_given given = { 0 };
	struct numbers chips = { .prefix = "hwmon", .suffix = "" };
	struct buf b = { 0 };

	read_numbers(h, "sys/class/hwmon", &chips);
	for (size_t i = 0; i < chips.n; i++) {
		struct numbers sensors = { .prefix = "temp",
			.suffix = "_input" };
		struct chip c = { .given = &given };

		(void)snprintf(c.dir, sizeof(c.dir), "sys/class/hwmon/hwmon%u",
		    chips.at[i]);
		c.name = read_line(h, c.dir, "name", &b);
		read_numbers(h, c.dir, &sensors);
		for (size_t k = 0; k < sensors.n; k++)
			add_temperature(h, &c, sensors.at[k], &b);
		free(c.name);
	}
	names_given_clear(&given);
	buf_clear(&b);
}
