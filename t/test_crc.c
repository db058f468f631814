/*
 * CRC-32: the sums of zlib, of any length at any place, in any pieces.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include <cmocka.h>

#include "common/base/crc.h"

enum {
	SIZE = 1500,
};

static char text[SIZE];

static void
is_that_of_zlib(void **state)
{
	(void)state;
	for (size_t from = 0; from < 20; from++)
		for (size_t n = 0; n <= SIZE - 20; n++) {
			struct slice s = { text + from, n };
			uint32_t before = (uint32_t)(n * 2654435761U);

			assert_int_equal(crc_add(before, s),
			    crc32_z(before, (const Bytef *)s.p, n));
		}
	assert_int_equal(crc_add(0, SLICE("123456789")), 0xcbf43926);
}

static void
comes_in_pieces(void **state)
{
	uint32_t whole = crc_add(0, (struct slice){ text, SIZE });

	(void)state;
	for (size_t n = 0; n <= SIZE; n++)
		assert_int_equal(crc_add(crc_add(0, (struct slice){ text, n }),
				     (struct slice){ text + n, SIZE - n }),
		    whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_that_of_zlib),
		cmocka_unit_test(comes_in_pieces),
	};
	uint32_t x = 7;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (char)(uint8_t)(x >> 24);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
