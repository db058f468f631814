/*
 * Appending a 10,000-value cycle to an outbox and syncing it, against a plain
 * loop of pwrite and fdatasync of the same bytes; and reading it back, against
 * a CRC-32 of the same bytes.  Medians of RUNS, taken in turns.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/spool/outbox.h"
#include "common/spool/reader.h"
#include "t/bench/bench.h"

enum {
	VALUES = 10000,
	CYCLES = 60, /* a run */
	RUNS = 5,
};

static int top = -1;

static void
must(int rc, const struct err *e)
{
	if (rc != -1)
		return;
	fprintf(stderr, "spool: %s\n", e->msg);
	exit(1);
}

static void
make_body(struct buf *body)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < VALUES; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		buf_printf(body, "T%u:%llu\n", i + 1,
		    (unsigned long long)(seed >> 34));
	}
}

static double
append_cycles(struct outbox *o, struct slice body)
{
	struct mono start = clock_mono();
	struct err e = { 0 };

	for (unsigned i = 0; i < CYCLES; i++) {
		struct message m = { .type = MESSAGE_DATA,
			.timestamp = 1700000000 + i,
			.generation = 1,
			.body = body };

		must(outbox_put(o, &m, &e), &e);
		must(outbox_commit(o, &e), &e);
	}
	return (double)(clock_mono().ns - start.ns);
}

static double
write_plainly(int fd, struct slice bytes, uint64_t *at)
{
	struct mono start = clock_mono();
	struct err e = { 0 };

	for (unsigned i = 0; i < CYCLES; i++) {
		must(io_pwrite_full(fd, bytes, *at, &e), &e);
		must(durable_data_sync(fd, &e), &e);
		*at += bytes.n;
	}
	return (double)(clock_mono().ns - start.ns);
}

static void
bench_append(struct outbox *o, struct slice body)
{
	double ours[RUNS], plain[RUNS];
	struct buf message = { 0 };
	struct message m = { .msgid = 1000,
		.type = MESSAGE_DATA,
		.timestamp = 1700000000,
		.generation = 1,
		.body = body };
	struct err e = { 0 };
	double took, least;
	uint64_t at = 0;
	int fd = openat(top, "plain", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	m.stream = outbox_state(o)->stream;
	must(fd, &e);
	must(message_write(&message, &m, &e), &e);
	append_cycles(o, body); /* both files are there then */
	write_plainly(fd, buf_slice(&message), &at);
	for (unsigned i = 0; i < RUNS; i++) {
		plain[i] = write_plainly(fd, buf_slice(&message), &at);
		ours[i] = append_cycles(o, body);
	}
	took = bench_median(ours, RUNS);
	least = bench_median(plain, RUNS);
	bench_row(&(struct bench_row){
	    .what = "spool: append a cycle of 10,000 values and sync",
	    .reached = CYCLES * 1e9 / took,
	    .floor = CYCLES * 1e9 / least,
	    .unit = "/s",
	    .goal = 0.85,
	    .least = true });
	buf_clear(&message);
	close(fd);
}

static double
read_all(uint64_t *messages, uint64_t *bytes)
{
	struct mono start = clock_mono();
	struct spool_reader *r = NULL;
	struct message m;
	struct err e = { 0 };

	*messages = *bytes = 0;
	must(spool_reader_open(top, SPOOL_OUTBOX, 1, &r, &e), &e);
	while (spool_reader_next(r, &m, &e) == SPOOL_READ_MESSAGE) {
		++*messages;
		*bytes += m.raw.n;
	}
	spool_reader_close(r);
	return (double)(clock_mono().ns - start.ns);
}

static double
sum_all(size_t bytes)
{
	static char block[1 << 20];
	struct mono start = clock_mono();
	uLong crc = 0;

	for (size_t n = 0; n < bytes; n += sizeof(block))
		crc = crc32(crc, (const Bytef *)block, sizeof(block));
	block[0] = (char)crc; /* so that the loop is not left out */
	return (double)(clock_mono().ns - start.ns);
}

static void
bench_read(void)
{
	double ours[RUNS], plain[RUNS];
	uint64_t messages, bytes;
	double took;

	for (unsigned i = 0; i < RUNS; i++) {
		ours[i] = read_all(&messages, &bytes);
		plain[i] = sum_all(bytes);
	}
	took = bench_median(ours, RUNS);
	printf("spool, read and verify: %.0f MB/s, %.0f messages/s; floor "
	       "(CRC-32 alone) %.0f MB/s\n",
	    (double)bytes * 1e3 / took, (double)messages * 1e9 / took,
	    (double)bytes * 1e3 / bench_median(plain, RUNS));
}

/* 100,000 small messages in an open segment whose end is torn. */
static void
bench_recovery(void)
{
	struct outbox_opts opts = { .size_max = UINT64_C(8) << 30 };
	struct outbox *o = NULL;
	struct err e = { 0 };
	struct mono start;

	must(outbox_open(top, &opts, &o, &e), &e);
	for (unsigned i = 0; i < 100000; i++) {
		struct message m = { .type = MESSAGE_STATUS,
			.timestamp = 1700000000 + i,
			.body = SLICE("load:0.25\nqueue:0\n") };

		must(outbox_put(o, &m, &e), &e);
	}
	must(outbox_commit(o, &e), &e);
	outbox_close(o);
	start = clock_mono();
	must(outbox_open(top, &opts, &o, &e), &e);
	bench_row(
	    &(struct bench_row){ .what = "spool: recover 100,000 messages",
		.reached = (double)(clock_mono().ns - start.ns) / 1e9,
		.unit = "s",
		.goal = 10 });
	outbox_close(o);
}

static void
clean_up(const char *dir_name)
{
	struct names l;
	struct err e;
	int dir = durable_open_dir(top, dir_name, &e);

	if (dir == -1 || durable_list(dir, &l, &e) == -1)
		return;
	for (size_t i = 0; i < l.n; i++)
		unlinkat(dir, l.name[i], 0);
	names_free(&l);
	close(dir);
	unlinkat(top, dir_name, AT_REMOVEDIR);
}

int
main(void)
{
	struct outbox_opts opts = { .size_max = UINT64_C(8) << 30 };
	char name[] = "./spool-bench-XXXXXX"; /* on a disk, where we are */
	struct outbox *o = NULL;
	struct buf body = { 0 };
	struct err e = { 0 };

	if (mkdtemp(name) == NULL) {
		perror(name);
		return 1;
	}
	top = durable_open_dir(AT_FDCWD, name, &e);
	must(top, &e);
	must(outbox_open(top, &opts, &o, &e), &e);
	make_body(&body);
	bench_append(o, buf_slice(&body));
	must(outbox_seal(o, &e), &e);
	outbox_close(o);
	bench_read();
	bench_recovery();
	buf_clear(&body);
	clean_up("outbox");
	clean_up("sent");
	unlinkat(top, "plain", 0);
	close(top);
	rmdir(name);
	return 0;
}
