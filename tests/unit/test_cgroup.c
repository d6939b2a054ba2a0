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

#include "target/process/cgroup.h"
#include "target/process/cgroup_oom.h"
#include "util/text/text.h"

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

static bool takes_all(const char *path, const char *join)
{
	struct cgroup_set s = { .n = 1 };
	char why[300];

	snprintf(s.dirs[0].mount, sizeof(s.dirs[0].mount), "%s", top);
	snprintf(s.dirs[0].path, sizeof(s.dirs[0].path), "%s%s", top, path);
	snprintf(s.dirs[0].join, sizeof(s.dirs[0].join), "%s%s", top, join);
	return cgroup_oom_takes_all(&s, why, sizeof(why)) && strstr(why, "memory.oom.group");
}

static void test_oom_group(void **state)
{
	(void)state;
	put("/slice", "memory.max", "max");
	put("/slice/unit", "memory.max", "104857600");
	put("/slice/unit/leaf", "memory.max", "max");
	put("/slice/unit/leaf", "memory.oom.group", "0");
	assert_false(takes_all("/slice/unit", "/slice/unit/leaf"));
	put("/slice/unit", "memory.oom.group", "1");
	assert_true(takes_all("/slice/unit", "/slice/unit/leaf"));
	assert_true(takes_all("/slice/unit", "/slice/unit"));
	/* Above the limit that is hit, it is not asked. */
	put("/slice/unit", "memory.oom.group", "0");
	put("/slice", "memory.oom.group", "1");
	assert_false(takes_all("/slice/unit", "/slice/unit/leaf"));
	put("/slice", "memory.max", "104857600");
	assert_true(takes_all("/slice/unit", "/slice/unit/leaf"));
	/* Below the target's own group, on the way to where the stressor is. */
	put("/slice", "memory.oom.group", "0");
	put("/slice/unit/leaf", "memory.oom.group", "1");
	assert_true(takes_all("/slice/unit", "/slice/unit/leaf"));
	assert_false(takes_all("/slice/unit", "/slice/unit"));
}

static void test_unit(void **state)
{
	static const struct {
		const char *path, *want;
		bool user;
	} cases[] = {
		{ "/system.slice/nginx.service", "nginx.service", false },
		{ "/system.slice/system-getty.slice/getty@tty1.service/sub", "getty@tty1.service", false },
		{ "/machine.slice/libpod-1.scope/container/init.scope", "libpod-1.scope", false },
		{ "/user.slice/user-0.slice/user@0.service/app.slice/x.service", "user@0.service", true },
		{ "/user.slice/user-0.slice/session-1.scope", "session-1.scope", false },
		{ "/system.slice", NULL, false },
		{ "/docker/1", NULL, false },
		{ "/.service", NULL, false },
		{ "/", NULL, false },
	};
	char unit[64];
	size_t i;
	bool user;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cgroup_unit(cases[i].path, unit, sizeof(unit), &user), cases[i].want != NULL);
		if (cases[i].want) {
			assert_string_equal(unit, cases[i].want);
			assert_int_equal(user, cases[i].user);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = { "memory.max",       "memory.current", "memory.stat",
					     "memory.oom.group", "cpu.max",        "" };
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
		cmocka_unit_test(test_join_place), cmocka_unit_test(test_memory), cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_oom_group),  cmocka_unit_test(test_unit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
