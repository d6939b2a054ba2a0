// SPDX-License-Identifier: GPL-2.0-only
/* test_cgroup.c - which group of a target a process joins, and what limits it there.
 * link: full */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "util/text.h"

#define MIB (1ull << 20)

static void test_join_place(void **state)
{
	static const struct {
		const char *place, *main, *want;
	} cases[] = {
		{ "/machine.slice/libpod-1.scope", "/machine.slice/libpod-1.scope/container",
		  "/machine.slice/libpod-1.scope/container" },
		{ "/docker/1", "/docker/1/a/b", "/docker/1/a/b" },
		{ "/docker/1", "/docker/1", "/docker/1" },
		{ "/docker/1", NULL, "/docker/1" },
		{ "/docker/1", "/docker/12", "/docker/1" },
		{ "/docker/1", "/docker", "/docker/1" },
		{ "/docker/1", "/", "/docker/1" },
		{ "/docker/1", "/../docker/1/a", "/docker/1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(cgroup_join_place(cases[i].place, cases[i].main), cases[i].want);
}

/* ---- limits: a tree of plain files stands for the v2 tree ------------------------------------- */

static char top[] = "/tmp/fl-test-cgroup.XXXXXX";

static void put(const char *dir, const char *file, const char *value)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", top, dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s%s/%s", top, dir, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(value, f);
	assert_int_equal(fclose(f), 0);
}

/* What MiB it may use and uses, as "limit used". */
static const char *memory_of(const char *path, const char *join)
{
	static char text[64];
	struct cgroup_set s = { .n = 1 };
	struct cgroup_memory m = {};

	snprintf(s.dirs[0].mount, sizeof(s.dirs[0].mount), "%s", top);
	snprintf(s.dirs[0].path, sizeof(s.dirs[0].path), "%s%s", top, path);
	snprintf(s.dirs[0].join, sizeof(s.dirs[0].join), "%s%s", top, join);
	assert_int_equal(cgroup_memory(&s, &m, NULL), 0);
	snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)(m.limit / MIB),
		 (unsigned long long)(m.used / MIB));
	return text;
}

static void test_memory(void **state)
{
	(void)state;
	put("/slice", "memory.max", "209715200");      /* 200 MiB */
	put("/slice/unit", "memory.max", "314572800"); /* 300 MiB */
	put("/slice/unit", "memory.current", "62914560");
	put("/slice/unit", "memory.stat", "anon 1\ninactive_file 10485760\n");
	put("/slice/unit/leaf", "memory.max", "max");
	put("/slice/unit/leaf", "memory.current", "20971520");
	assert_string_equal(memory_of("/slice/unit", "/slice/unit"), "200 50");
	/* The group that is joined has no limit: that of the target's own, and what is used there. */
	assert_string_equal(memory_of("/slice/unit", "/slice/unit/leaf"), "200 50");
	put("/slice/unit/leaf", "memory.max", "104857600");
	assert_string_equal(memory_of("/slice/unit", "/slice/unit/leaf"), "100 20");
	/* The leaf's limit is the smaller one, but the unit's is met first. */
	put("/slice/unit", "memory.current", "209715200");
	assert_string_equal(memory_of("/slice/unit", "/slice/unit/leaf"), "200 190");
}

static void test_cpu(void **state)
{
	struct cgroup_set s = { .n = 1 };

	(void)state;
	snprintf(s.dirs[0].mount, sizeof(s.dirs[0].mount), "%s", top);
	snprintf(s.dirs[0].path, sizeof(s.dirs[0].path), "%s/slice/unit", top);
	snprintf(s.dirs[0].join, sizeof(s.dirs[0].join), "%s/slice/unit/leaf", top);
	put("/slice", "cpu.max", "max 100000\n");
	put("/slice/unit", "cpu.max", "50000 100000\n");
	assert_float_equal(cgroup_cpu_allowance(&s), 0.5, 1e-9);
	put("/slice/unit/leaf", "cpu.max", "20000 100000\n");
	assert_float_equal(cgroup_cpu_allowance(&s), 0.2, 1e-9);
	put("/slice", "cpu.max", "10000 100000\n");
	assert_float_equal(cgroup_cpu_allowance(&s), 0.1, 1e-9);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = { "memory.max", "memory.current", "memory.stat", "cpu.max", "" };
	static const char *const dirs[] = { "/slice/unit/leaf", "/slice/unit", "/slice", "" };
	char path[512];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		for (k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
			snprintf(path, sizeof(path), "%s%s/%s", top, dirs[i], files[k]);
			remove(path);
		}
	return access(top, F_OK) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_place),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
