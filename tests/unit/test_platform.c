// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "doctor/platform.h"

static void whose_kernel(void **state)
{
	static const struct {
		const char *release, *version, *word;
		bool usable;
	} all[] = {
		{ "6.1.0-35-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.137-1", NULL, true },
		{ "4.4.0-210-generic", "#242-Ubuntu SMP Fri Apr 16 09:57:56 UTC 2021", NULL, true },
		{ "4.4.0", "#1 SMP Sun Jan 10 15:06:54 PST 2016", "gVisor", false },
		{ "4.19.0-gvisor", "#1 SMP", "gVisor", false },
		{ "5.15.153.1-microsoft-standard-WSL2", "#1 SMP Fri Mar 29 23:14:13 UTC 2024", "WSL 2", true },
		{ "4.4.0-19041-Microsoft", "#3996-Microsoft", "WSL 1", false },
		{ "6.6.16-linuxkit", "#1 SMP", "Docker Desktop", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool usable = !all[i].usable;
		const char *hint = platform_hint(all[i].release, all[i].version, &usable);

		assert_int_equal(usable, all[i].usable);
		if (!all[i].word) {
			assert_null(hint);
			continue;
		}
		assert_non_null(hint);
		assert_non_null(strstr(hint, all[i].word));
	}
}

static void missing_options(void **state)
{
	const ino_t pid = 4026531836U, cgroup = 4026531835U, user = 4026531837U, own = 4026532000U;
	char buf[100];

	(void)state;
	assert_string_equal(platform_missing(&(struct platform_ns){ pid, cgroup, user }, buf, sizeof(buf)), "");
	assert_string_equal(platform_missing(&(struct platform_ns){ own, cgroup, user }, buf, sizeof(buf)),
			    "--pid=host");
	assert_string_equal(platform_missing(&(struct platform_ns){ pid, own, user }, buf, sizeof(buf)),
			    "--cgroupns=host");
	assert_string_equal(platform_missing(&(struct platform_ns){ own, own, own }, buf, sizeof(buf)),
			    "--pid=host --cgroupns=host --userns=host");
	/* What cannot be read is not called missing. */
	assert_string_equal(platform_missing(&(struct platform_ns){ pid, 0, 0 }, buf, sizeof(buf)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_kernel),
		cmocka_unit_test(missing_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
