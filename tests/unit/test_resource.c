// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* Parameters of the resource and application faults: what is refused before anything is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/try_params.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static void accepted(void **state)
{
	static const char *const good[][2] = {
		{ "cpu_saturation", "" },
		{ "cpu_saturation", "load=90% workers=4" },
		{ "cpu", "load=100" },
		{ "memory", "percent=95%" },
		{ "memory", "bytes=1MiB" },
		{ "disk_io", "" },
		{ "disk_io", "path=/data workers=1 block-size=4k size=1MiB" },
		{ "disk_fill", "path=/var/log percent=95%" },
		{ "disk_fill", "path=/ bytes=1GiB allow-host-root=yes" },
		{ "fd_exhaustion", "" },
		{ "memory_pressure", "percent=80%" },
		{ "memory_pressure", "bytes=200MiB" },
		{ "memory_pressure", "percent=ramp:100%..50%/10s" },
		{ "io_throttle", "path=/data rbps=1MiB" },
		{ "io_throttle", "path=/data wbps=4KiB riops=1 wiops=100" },
		{ "io_throttle", "path=/data rbps=ramp:8MiB..64KiB/10s" },
		{ "io_throttle", "path=/data wbps=pulse:1MiB/5s/20s/100MiB" },
		{ "fd_exhaustion", "spare=4" },
		{ "availability", "" },
		{ "kill", "signal=sigterm every=60s which=all" },
		{ "availability", "signal=9" },
		{ "crash", "signal=ABRT" },
		{ "stop", "grace=0" },
		{ "restart", "grace=5s" },
		{ "pause", "method=sigstop" },
		{ "freeze", "" },
	};
	(void)state;

	assert_accepted(good, ARRAY_SIZE(good));
}

static void refused(void **state)
{
	static const struct tried bad[] = {
		{ "cpu_saturation", "load=0", "load" },
		{ "cpu_saturation", "load=101%", "load" },
		{ "cpu_saturation", "workers=0", "workers" },
		{ "memory", "", "either percent or bytes" },
		{ "memory", "percent=50% bytes=1MiB", "either percent or bytes" },
		{ "memory", "bytes=1k", "1 MiB" },
		{ "memory", "percent=-1%", "percent" },
		{ "disk_io", "path=tmp", "not absolute" },
		{ "disk_io", "block-size=0", "block-size" },
		{ "disk_io", "block-size=5MiB", "block-size" },
		{ "disk_io", "size=1k", "size" },
		{ "disk_io", "block-size=4MiB size=1MiB", "size" },
		{ "disk_io", "workers=257", "workers" },
		{ "disk_fill", "percent=95%", "path" },
		{ "disk_fill", "path=/var/log", "either percent or bytes" },
		{ "disk_fill", "path=/var/log percent=95% bytes=1M", "either percent or bytes" },
		{ "disk_fill", "path=log percent=95%", "not absolute" },
		{ "disk_fill", "path=/var/log percent=101%", "percent" },
		{ "fd_exhaustion", "spare=-1", "spare" },
		{ "memory_pressure", "", "either percent or bytes" },
		{ "memory_pressure", "percent=50% bytes=10MiB", "either percent or bytes" },
		{ "memory_pressure", "percent=0", "leaves it nothing" },
		{ "memory_pressure", "percent=101%", "percent" },
		{ "memory_pressure", "bytes=1k", "less than 1MiB" },
		{ "memory_pressure", "percent=ramp:50%..0%/10s", "leaves it nothing" },
		{ "io_throttle", "rbps=1MiB", "path" },
		{ "io_throttle", "path=/data", "says no limit" },
		{ "io_throttle", "path=data rbps=1MiB", "not absolute" },
		{ "io_throttle", "path=/data rbps=4095", "less than 4KiB" },
		{ "io_throttle", "path=/data riops=0", "riops" },
		{ "io_throttle", "path=/data wiops=-1", "wiops" },
		{ "io_throttle", "path=/data rbps=pulse:1MiB/5s/20s", "less than 4KiB" },
		{ "availability", "signal=SIGNONE", "SIGNONE" },
		{ "availability", "signal=0", "no signal" },
		{ "availability", "signal=65", "no signal" },
		{ "availability", "every=50ms", "every" },
		{ "availability", "which=some", "which" },
		{ "crash", "signal=", "signal" },
		{ "stop", "grace=-1s", "grace" },
		{ "pause", "method=ice", "method" },
		{ "jvm_exception", "class=a.B", "method" },
		{ "jvm_exception", "class=a.B method=c;d", "method" },
		{ "jvm_exception", "class=a.B method=c exception=a(b", "exception" },
	};
	(void)state;

	assert_refused(bad, ARRAY_SIZE(bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
