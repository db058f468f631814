/*
 * The tokens that columnar knows: their names, their order in messages, and the
 * column of values that each of them has.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_COLUMNS_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_COLUMNS_H

#include <string.h>

#include "common/codec/columnar/columnar_coder.h"
#include "common/message/limits.h"

enum {
	/* more than a CONFIG has by default; what is known of each is state, which
	 * a hostile end fills */
	COLUMNS_MAX = 1 << 17,
	CLASS_BITS = 10, /* leaves of one name share what is learnt */
	/* of all leaves, this part have one name but for its digits: then those
	 * tell what is what, where so many leaves have just one name */
	CLASS_SHARE = 3,
	CLASS_LEAVES = 64,
	CLASSES = 1 << CLASS_BITS,
};

#define TOKEN_NONE UINT32_MAX

enum {
	COLUMN_FACTORS = 3, /* of a unit: 2, 3, 5 */
};

enum column_flags {
	COLUMN_UNKNOWN = 1, /* the last value was U */
	COLUMN_SIGNED = 2,  /* else 0 .. 2^64-1 */
	COLUMN_TRIMMED = 4, /* decimals without zeros at the end, or exactly */
	COLUMN_ODD = 8,     /* its unit was found wrong once: none any more */
};

/* What was learnt of one token's values.  All zero: nothing. */
struct column {
	uint64_t last;   /* value times 10^decimals, modulo 2^64 */
	int64_t base;    /* of a counter its growth a period, of a gauge its
			   level; in 1/256 */
	uint64_t scale;  /* how far predictions were off, in 1/16 */
	uint32_t seen_s; /* when the last value was known, modulo 2^32 */
	coder_slot same;
	uint32_t name_at;
	uint32_t next; /* the token behind it in the last message */
	uint32_t run;  /* how many there were from this one on */
	/* last counts so many: bytes in pages, ...; 0: it does not */
	uint32_t unit:24;
	uint32_t alike:8; /* how many numbers had the factors in `common` */
	uint16_t class;
	int16_t off[2];  /* the last innovation, in units of COLUMN_OFF, and how
			    far from the one before */
	uint8_t name_n;  /* with the colon */
	uint8_t history; /* a bit for each value: the same as before */
	uint8_t changes; /* up to COLUMN_CHANGES */
	uint8_t rising;  /* COLUMN_COUNTER and more: a counter */
	uint8_t decimals;
	uint8_t flags;
	uint8_t surprise; /* of the last number, 0 .. 3 */
	uint8_t common[COLUMN_FACTORS];
};

_Static_assert(sizeof(struct column) == 64, "a line of the cache");

enum {
	COLUMN_OFF = 8192,
	COLUMN_CHANGES = 200,
	COLUMN_COUNTER = 4,
	COLUMN_RISING_MAX = 12,
};

struct columns {
	struct column *column;
	size_t n, cap;
	struct buf names;
	uint32_t *index; /* by hash; a power of two of places, 1 + number */
	size_t places;
	uint64_t key[2];
	uint16_t *stem; /* of those of a CONFIG that comes: see class_of() */
	size_t stems;   /* room for so many */
	/* a CONFIG of several parts, as far as it came */
	struct columns *coming;
	uint32_t part;
	uint64_t generation;
};

void columns_init(struct columns *t);
void columns_clear(struct columns *t);
uint32_t columns_find(const struct columns *t, struct slice name);
/* Behind all others; TOKEN_NONE: it is one of them, there are too many, or it is
 * too long. */
uint32_t columns_add(struct columns *t, struct slice name);
/* With the colon behind it. */
static inline struct slice
columns_name(const struct columns *t, const struct column *k)
{
	return (struct slice){ t->names.p + k->name_at, k->name_n };
}

/* Write it where there is room for 8 bytes more; where it ends. */
static inline char *
columns_put_name(const struct columns *t, const struct column *k, char *p)
{
	const char *name = t->names.p + k->name_at;

	if (k->name_n <= 8)
		memcpy(p, name, 8); /* names end in as many zeros */
	else
		memcpy(p, name, k->name_n);
	return p + k->name_n;
}

/* Whether the name, with its colon, is what s begins with. */
static inline bool
columns_is_next(const struct columns *t, const struct column *k, struct slice s)
{
	const char *name = t->names.p + k->name_at;
	uint64_t a, b;

	if (s.n < sizeof(a) || k->name_n > sizeof(a))
		return slice_starts(s, columns_name(t, k));
	memcpy(&a, name, sizeof(a)); /* names end in as many zeros */
	memcpy(&b, s.p, sizeof(b));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (a ^ b) << (64 - 8 * k->name_n) == 0;
#else
	return (a ^ b) >> (64 - 8 * k->name_n) == 0;
#endif
}

/* A part of a CONFIG.  With the last one the tokens become those of the whole
 * set, in its order; those that stay keep their columns. */
void columns_config(struct columns *t, uint64_t generation, uint32_t part,
    uint32_t parts, struct slice body);

#endif
