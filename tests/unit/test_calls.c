// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* File calls: the order in which those that wait go on, which paths are meant, which parameters are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fault/file/calls_place.h"
#include "fault/file/calls_queue.h"
#include "tests/unit/try_params.h"
#include "util/cleanup.h"
#include "util/random.h"

static void the_first_one_first(void **state)
{
	uint64_t seed = 20, sum = 0, taken = 0, last = 0;
	struct calls_queue q = {};
	struct waiting_call c;
	int i, n = 0;
	(void)state;

	assert_false(calls_queue_take(&q, UINT64_MAX, &c));
	assert_true(calls_queue_next_ns(&q) == UINT64_MAX);
	for (i = 0; i < 5000; i++) {
		uint64_t due = random_next(&seed) % 1000;

		assert_true(calls_queue_add(&q, (struct waiting_call){ .due_ns = due, .fd = i }));
		sum += (uint64_t)i;
		/* Some go on between. */
		if (i % 3 == 0 && calls_queue_take(&q, 100, &c)) {
			assert_true(c.due_ns <= 100);
			taken += (uint64_t)c.fd;
			n++;
		}
	}
	assert_true(n > 0);
	while (calls_queue_next_ns(&q) != UINT64_MAX) {
		uint64_t next = calls_queue_next_ns(&q);

		assert_false(next && calls_queue_take(&q, next - 1, &c)); /* none is early */
		assert_true(calls_queue_take(&q, next, &c));
		assert_true(c.due_ns == next && next >= last);
		last = next;
		taken += (uint64_t)c.fd;
		n++;
	}
	assert_int_equal(n, 5000);
	assert_true(taken == sum);
	calls_queue_free(&q);
}

static void meant(void **state)
{
	static const struct {
		struct calls_place place;
		const char *path;
		bool is;
	} all[] = {
		{ { "", "/data", "" }, "/data", true },
		{ { "", "/data", "" }, "/data/a/b", true },
		{ { "", "/data", "" }, "/database", false },
		{ { "", "/data", "" }, "/dat", false },
		{ { "", "", "" }, "/anything", true },
		{ { "", "/data/conf", "" }, "/data/conf", true },
		{ { "", "/data", "*.db" }, "/data/x.db", true },
		{ { "", "/data", "*.db" }, "/data/a/x.db", true },
		{ { "", "/data", "*.db" }, "/data/x.log", false },
		{ { "", "/data", "?" }, "/data/", false },
		{ { "", "/data", "?" }, "/data/x", true },
		{ { "", "/data", "?" }, "/data/xy", false },
		{ { "", "/data", "*" }, "/data", false },
		{ { "", "/a[b", "*" }, "/a[b/x", true },
		{ { "", "", "x*" }, "/xyz", true },
		{ { "/jail", "/data", "" }, "/jail/data/x", true },
		{ { "/jail", "/data", "" }, "/data/x", false },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (calls_place_has(&all[i].place, all[i].path) != all[i].is)
			fail_msg("%s in %s%s/%s is not %d", all[i].path, all[i].place.root, all[i].place.folder,
				 all[i].place.rest, all[i].is);
}

static void parameters(void **state)
{
	static const struct {
		const char *kind, *words, *says; /* NULL: accepted */
	} all[] = {
		{ "file_latency", "path=/data delay=20ms", NULL },
		{ "file_latency", "path=/data/*.db delay=0 jitter=5ms at=any percent=10% nth=3 max-hits=9 seed=1",
		  NULL },
		{ "file_error", "path=/", NULL },
		{ "file_error", "path=/data errno=ENOSPC at=data", NULL },
		{ "file_error", "path=/data errno=EPERM", NULL },
		{ "file_latency", "path=/data", "delay" },
		{ "file_latency", "delay=20ms", "path" },
		{ "file_latency", "path=/data delay=0", "delay of 0" },
		{ "file_latency", "path=/data delay=2h", "one hour" },
		{ "file_latency", "path=data delay=1ms", "not absolute" },
		{ "file_latency", "path=/data delay=1ms at=close", "at" },
		{ "file_latency", "path=/data delay=1ms nth=0", "nth" },
		{ "file_error", "path=/data errno=ENOENT", "ENOENT cannot be given" },
		{ "file_error", "path=/data errno=EWHAT", "EWHAT" },
		{ "file_error", "path=/data percent=101%", "percent" },
		{ "file_error", "path=/data delay=1ms", "delay" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct fl_error err = {};
		int r = try(all[i].kind, all[i].words, &err);

		if (!r != !all[i].says || (r && (err.exit != FL_EXIT_USAGE || !strstr(err.message, all[i].says))))
			fail_msg("%s %s: %d %s", all[i].kind, all[i].words, r, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_first),
		cmocka_unit_test(meant),
		cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
