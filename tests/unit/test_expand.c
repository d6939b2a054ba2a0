// SPDX-License-Identifier: GPL-2.0-only
/* link: full
 *
 * Which of a set's members are meant: how it is written, who is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "target/expand.h"

static int members_of_ten(const char *name, bool bare, struct target_names *ret, struct fl_error *err)
{
	char member[32];
	int i;
	(void)bare;
	(void)err;

	for (i = 0; i < 10; i++) {
		snprintf(member, sizeof(member), "%s-%d", name, i);
		target_names_add(ret, member);
	}
	return 0;
}

static bool knows_web(const char *name)
{
	return !strcmp(name, "web");
}

static int resolve_any(const char *name, struct target *t, struct fl_error *err)
{
	(void)name;
	(void)t;
	(void)err;
	return 0;
}

static const struct target_provider sets = {
	.name = "sets", .knows = knows_web, .resolve = resolve_any, .members = members_of_ten
};
static const struct target_provider plain = { .name = "plain", .resolve = resolve_any };
const struct target_provider *const target_providers[] = { &sets, &plain, NULL };

static struct target_names expand(const char *spec, const struct target_pick *pick)
{
	struct target_names names = {};
	struct target_set set;

	assert_int_equal(target_expand(spec, pick, &names, &set, NULL), 0);
	return names;
}

static void counts(const char *spec, const struct target_pick *pick, uint32_t n)
{
	struct target_names names = expand(spec, pick);

	assert_int_equal(names.n, n);
	target_names_free(&names);
}

static void written(void **state)
{
	const struct target_pick four = { .count = 4 };
	(void)state;

	counts("sets:web", NULL, 10);
	counts("web", NULL, 10);
	counts("web", &four, 4);
	counts("sets:web@3", NULL, 3);
	counts("web@3", NULL, 3);
	counts("web@30", NULL, 10);
	counts("web@9", &four, 4);
	counts("web@25%", NULL, 3); /* rounded up */
	counts("web@1%", NULL, 1);
	counts("web@100%", &four, 4);
	counts("web@2~7", NULL, 2);
	counts("sets:image=nginx@sha256:12", NULL, 10); /* no number: part of the name */
	counts("plain:x@2", NULL, 1);
}

static void refused(void **state)
{
	struct target_names names = {};
	struct fl_error err = {};
	struct target_set set;
	(void)state;

	assert_true(target_expand("web@0", NULL, &names, &set, &err) < 0);
	assert_non_null(strstr(err.message, "none of them"));
	assert_int_equal(names.n, 0);
}

static void names_kept(void **state)
{
	const struct target_pick one = { .count = 1 };
	struct target_names names = {};
	struct target_set set;
	(void)state;

	names = expand("plain:x@2", NULL);
	assert_string_equal(names.v[0], "plain:x@2");
	target_names_free(&names);
	names = expand("web", &one);
	assert_string_equal(names.v[0], "web"); /* goes on by the service's name */
	target_names_free(&names);
	assert_int_equal(target_expand("sets:web@1", NULL, &names, &set, NULL), 0);
	assert_memory_equal(names.v[0], "sets:web-", 9);
	assert_string_equal(set.scope, "sets:web");
	assert_false(set.all);
	target_names_free(&names);
}

/* The same seed draws the same ones; over all seeds everybody has the same chance. */
static void drawn(void **state)
{
	unsigned int hits[10] = {}, i, seed;
	(void)state;

	for (seed = 0; seed < 2000; seed++) {
		const struct target_pick pick = { .count = 3, .seed = seed };
		struct target_names a = expand("sets:web", &pick), b = expand("sets:web", &pick);

		assert_int_equal(a.n, 3);
		for (i = 0; i < 3; i++) {
			assert_string_equal(a.v[i], b.v[i]);
			hits[a.v[i][9] - '0']++;
		}
		target_names_free(&a);
		target_names_free(&b);
	}
	/* 600 expected, standard deviation 20.5; 5 of them */
	for (i = 0; i < 10; i++)
		assert_in_range(hits[i], 498, 702);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written),
		cmocka_unit_test(refused),
		cmocka_unit_test(names_kept),
		cmocka_unit_test(drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
