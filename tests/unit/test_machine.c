// SPDX-License-Identifier: GPL-2.0-only
/* The runner's transitions: what safety needs of the table, checked on every path through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "run/machine.h"

/* Can @to be reached from @from without passing through @without? */
static bool reaches(enum run_state from, enum run_state to, enum run_state without)
{
	bool seen[RUN_STATES] = {};
	bool grew = true;
	int a, b;

	seen[from] = true;
	while (grew) {
		grew = false;
		for (a = 0; a < RUN_STATES; a++)
			for (b = 0; b < RUN_STATES; b++)
				if (seen[a] && !seen[b] && b != (int)without &&
				    run_may((enum run_state)a, (enum run_state)b)) {
					seen[b] = true;
					grew = true;
				}
	}
	return seen[to];
}

static void the_good_path(void **state)
{
	static const enum run_state path[] = { RUN_IDLE,     RUN_RESOLVE,  RUN_ARM,      RUN_STEADY,
					       RUN_BASELINE, RUN_INJECT,   RUN_ROLLBACK, RUN_RECOVER,
					       RUN_SCORE,    RUN_COOLDOWN, RUN_IDLE,     RUN_DONE };
	size_t i;
	(void)state;

	for (i = 0; i + 1 < sizeof(path) / sizeof(path[0]); i++)
		assert_true(run_may(path[i], path[i + 1]));
}

static void nothing_stays_armed(void **state)
{
	static const enum run_state armed[] = { RUN_ARM, RUN_STEADY, RUN_BASELINE, RUN_INJECT };
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(armed) / sizeof(armed[0]); i++) {
		assert_false(reaches(armed[i], RUN_DONE, RUN_ROLLBACK));
		assert_false(reaches(armed[i], RUN_IDLE, RUN_ROLLBACK));
		/* An abort is always one step away. */
		assert_true(run_may(armed[i], RUN_ROLLBACK));
	}
	assert_false(run_may(RUN_INJECT, RUN_INJECT));
}

static void nothing_is_injected_unwatched(void **state)
{
	(void)state;

	assert_false(reaches(RUN_IDLE, RUN_INJECT, RUN_STEADY));
	assert_false(reaches(RUN_IDLE, RUN_INJECT, RUN_BASELINE));
	assert_false(reaches(RUN_IDLE, RUN_INJECT, RUN_ARM));
}

static void every_experiment_has_a_result(void **state)
{
	int s;
	(void)state;

	for (s = RUN_RESOLVE; s <= RUN_RECOVER; s++) {
		assert_false(reaches((enum run_state)s, RUN_DONE, RUN_SCORE));
		assert_false(reaches((enum run_state)s, RUN_IDLE, RUN_SCORE));
		assert_true(reaches((enum run_state)s, RUN_DONE, RUN_STATES));
	}
	for (s = 0; s < RUN_STATES; s++)
		assert_false(run_may(RUN_DONE, (enum run_state)s));
	assert_false(run_may(RUN_STATES, RUN_IDLE));
	assert_false(run_may(RUN_IDLE, RUN_STATES));
}

static void names(void **state)
{
	int a, b;
	(void)state;

	for (a = 0; a < RUN_STATES; a++)
		for (b = 0; b < a; b++)
			assert_string_not_equal(run_state_text((enum run_state)a), run_state_text((enum run_state)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_good_path),
		cmocka_unit_test(nothing_stays_armed),
		cmocka_unit_test(nothing_is_injected_unwatched),
		cmocka_unit_test(every_experiment_has_a_result),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
