// SPDX-License-Identifier: GPL-2.0-only
/* link: full
 *
 * Which provider a name belongs to, and what is refused, with providers of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "target/provider.h"

static pid_t with_pid; /* what the cell's targets hold */

static int list_cell(struct target_names *names, struct fl_error *err)
{
	(void)err;
	return target_names_add(names, "payment-svc") ?: target_names_add(names, "shared");
}

static int resolve_cell(const char *name, struct target *t, struct fl_error *err)
{
	if (!strcmp(name, "broken"))
		return error_env(err, ENOENT, "broken");
	if (with_pid)
		t->pids[t->n_pids++] = with_pid;
	return 0;
}

static int list_dock(struct target_names *names, struct fl_error *err)
{
	(void)err;
	return target_names_add(names, "shared") ?: target_names_add(names, "auth-svc");
}

static int resolve_bare(const char *name, struct target *t, struct fl_error *err)
{
	(void)name;
	(void)t;
	(void)err;
	return 0;
}

static const struct target_provider cell = { .name = "cell", .list = list_cell, .resolve = resolve_cell };
static const struct target_provider dock = { .name = "dock", .list = list_dock, .resolve = resolve_bare };
static const struct target_provider bare = { .name = "bare", .resolve = resolve_bare };
const struct target_provider *const target_providers[] = { &cell, &bare, &dock, NULL };

static void resolves(const char *spec, const char *name, const char *provider)
{
	struct target t;

	assert_int_equal(target_resolve(spec, NULL, &t, NULL), 0);
	assert_string_equal(t.name, name);
	assert_string_equal(t.spec, spec);
	assert_string_equal(t.provider, provider);
	target_free(&t);
}

static void fails(const char *spec, const struct target_options *o, const char *message, const char *hint)
{
	struct fl_error err = {};
	struct target t;

	assert_true(target_resolve(spec, o, &t, &err) < 0);
	assert_non_null(strstr(err.message, message));
	assert_non_null(strstr(err.hint, hint));
	assert_int_equal(t.netns_fd, -1);
}

static void names(void **state)
{
	(void)state;
	with_pid = 0;
	resolves("payment-svc", "payment-svc", "cell");
	resolves("auth-svc", "auth-svc", "dock");
	resolves("cell:payment-svc", "payment-svc", "cell");
	resolves("bare:x:y", "bare:x:y", "bare");
	resolves("dock:shared", "shared", "dock");
}

static void wrong_names(void **state)
{
	(void)state;
	with_pid = 0;
	fails("shared", NULL, "two meanings: cell:shared and dock:shared", "prefix");
	fails("payment-scv", NULL, "no target 'payment-scv'", "'payment-svc'");
	fails("auth_svc", NULL, "no target", "'auth-svc'");
	fails("zebra", NULL, "no target", "netns:NAME");
	fails("cell:broken", NULL, "broken", "");
	fails("nowhere:x", NULL, "no target", "");
	fails("", NULL, "empty", "");
	/* In a list it would look like a line of ours. */
	fails("cell:a\nb.1 stopped", NULL, "control character", "another way");
	fails("cell:\x1b[2J", NULL, "control character", "another way");
}

static void refused(void **state)
{
	static const struct target_options process = { .need_process = true };
	static const struct target_options veth = { .need_veth = true };
	(void)state;

	with_pid = getpid();
	fails("payment-svc", NULL, "faultline itself", "");
	with_pid = 1;
	fails("payment-svc", NULL, "init", "");
	with_pid = 0;
	fails("payment-svc", &process, "no process", "");
	fails("payment-svc", &veth, "no network", "");
}

static void all_names(void **state)
{
	char **all = NULL;
	(void)state;

	assert_int_equal(target_names(&all, NULL), 0);
	assert_string_equal(all[0], "payment-svc");
	assert_string_equal(all[1], "shared");
	assert_string_equal(all[2], "auth-svc"); /* once, although two know "shared" */
	assert_null(all[3]);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(wrong_names),
		cmocka_unit_test(refused),
		cmocka_unit_test(all_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
