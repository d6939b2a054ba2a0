// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* Parameters of the state faults: what is refused before anything is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fault/clock/clock.h"
#include "tests/unit/try_params.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

static void accepted(void **state)
{
	static const char *const good[][2] = {
		{ "time_skew", "offset=60s" },
		{ "time_skew", "offset=-5min drift=10ms" },
		{ "clock_skew", "drift=-500us" },
		{ "time_jump", "forward=1h" },
		{ "time_jump", "backward=90s after=10s every=1s" },
		{ "config_corruption", "path=/etc/app.conf" },
		{ "config_corruption", "path=/etc/app.conf mode=truncate size=0" },
		{ "config_corruption", "path=/etc/app.conf mode=replace content=x" },
		{ "config_corruption", "path=/etc/app.conf count=1 seed=7" },
		{ "cache_poisoning", "" },
		{ "cache_poisoning", "keys=user:* percent=10% value=wrong max-keys=5 db=3" },
		{ "cache_poisoning", "address=10.0.0.7 port=6380" },
	};
	(void)state;

	assert_accepted(good, ARRAY_SIZE(good));
}

static void refused(void **state)
{
	static const struct tried bad[] = {
		{ "time_skew", "", "neither offset nor drift" },
		{ "time_skew", "offset=0", "moves nothing" },
		{ "time_skew", "offset=60", "60" },
		{ "time_skew", "offset=soon", "soon" },
		{ "time_skew", "offset=40000d", "100 years" },
		{ "time_skew", "drift=1001ms", "a second a second" },
		{ "time_skew", "ofset=60s", "offset" },
		{ "time_jump", "", "neither forward nor backward" },
		{ "time_jump", "forward=1h backward=1h", "forward and backward" },
		{ "time_jump", "forward=0", "longer than 0" },
		{ "time_jump", "forward=-1h", "-1h" },
		{ "time_jump", "forward=40000d", "100 years" },
		{ "time_jump", "forward=1h every=10ms", "every" },
		{ "config_corruption", "", "path" },
		{ "config_corruption", "path=app.conf", "not absolute" },
		{ "config_corruption", "path=/a mode=burn", "burn" },
		{ "config_corruption", "path=/a count=0", "count" },
		{ "config_corruption", "path=/a size=1k", "needs mode truncate" },
		{ "config_corruption", "path=/a mode=truncate count=1", "needs mode flip" },
		{ "config_corruption", "path=/a mode=replace", "without content" },
		{ "cache_poisoning", "percent=0", "poisons nothing" },
		{ "cache_poisoning", "address=cache-svc", "no numeric address" },
		{ "cache_poisoning", "port=0", "port" },
		{ "cache_poisoning", "max-keys=10001", "max-keys" },
	};
	(void)state;

	assert_refused(bad, ARRAY_SIZE(bad));
}

static void shift_is_offset_and_drift(void **state)
{
	const int64_t now = (int64_t)clock_wall_ns(), s = (int64_t)NS_PER_SEC;
	struct vdso_slot slot = { .offset_ns = 5 * s, .drift_ppb = 100000000, .base_ns = now - 50 * s };

	(void)state;
	assert_in_range(clock_shift_now(&slot), 10 * s, 10 * s + s / 10);
	/* a hundred years at a second a second: no overflow on the way */
	slot = (struct vdso_slot){ .drift_ppb = VDSO_DRIFT_MAX, .base_ns = now - CLOCK_OFFSET_MAX_NS };
	assert_in_range(clock_shift_now(&slot), CLOCK_OFFSET_MAX_NS, CLOCK_OFFSET_MAX_NS + s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(shift_is_offset_and_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
