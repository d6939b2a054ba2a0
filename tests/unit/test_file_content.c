// SPDX-License-Identifier: GPL-2.0-only
/* How config_corruption spoils bytes, and which content it takes for its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fault/state/file_content.h"

static struct bytes of(const char *text)
{
	struct bytes b;

	assert_int_equal(bytes_copy(text, strlen(text), &b), 0);
	return b;
}

static size_t differences(const struct bytes *a, const struct bytes *b)
{
	size_t i, n = 0;

	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n; i++)
		n += a->v[i] != b->v[i];
	return n;
}

static const char text[] = "port = 8080\ntimeout = 30s\r\nname = payment\n";

static void flips_as_many_bytes_as_asked(void **state)
{
	struct bytes before = of(text);
	size_t count;

	(void)state;
	for (count = 1; count <= 60; count++) {
		struct bytes after = of(text), lines = of(text);
		size_t want = count < strlen(text) - 4 ? count : strlen(text) - 4;

		assert_int_equal(content_flip(&after, count, count), want);
		assert_int_equal(differences(&before, &after), want);
		/* the line ends are where they were */
		assert_ptr_equal(memchr(after.v, '\n', after.n), after.v + 11);
		bytes_free(&after);
		bytes_free(&lines);
	}
	bytes_free(&before);
}

static void the_seed_decides(void **state)
{
	struct bytes a = of(text), b = of(text), c = of(text);

	(void)state;
	content_flip(&a, 5, 7);
	content_flip(&b, 5, 7);
	content_flip(&c, 5, 8);
	assert_true(content_equal(&a, &b));
	assert_false(content_equal(&a, &c));
	bytes_free(&a);
	bytes_free(&b);
	bytes_free(&c);
}

static void nothing_to_flip(void **state)
{
	struct bytes empty = of(""), lines = of("\n\n\n");

	(void)state;
	assert_int_equal(content_flip(&empty, 5, 1), 0);
	assert_int_equal(content_flip(&lines, 5, 1), 0);
	bytes_free(&empty);
	bytes_free(&lines);
}

/* A writer stopped anywhere is ours; one more byte of somebody else is not. */
static void own_work_is_known_again(void **state)
{
	static const struct {
		const char *now, *before, *after;
		bool ours;
	} cases[] = {
		{ "port = 80", "port = 80", "host = 99", true },
		{ "host = 99", "port = 80", "host = 99", true },
		{ "host = 80", "port = 80", "host = 99", true },
		{ "host = 81", "port = 80", "host = 99", false },
		{ "host = 99\n", "port = 80", "host = 99", false },
		{ "port", "port = 80", "port", true },
		{ "port = ", "port = 80", "port", true },
		{ "por", "port = 80", "port", false },
		{ "port = 8080", "port = 80", "port = 808080", true },
		{ "", "port", "", true },
		{ "x", "port", "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes now = of(cases[i].now), before = of(cases[i].before), after = of(cases[i].after);

		if (content_is_between(&now, &before, &after) != cases[i].ours)
			fail_msg("case %zu", i);
		bytes_free(&now);
		bytes_free(&before);
		bytes_free(&after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flips_as_many_bytes_as_asked),
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(nothing_to_flip),
		cmocka_unit_test(own_work_is_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
