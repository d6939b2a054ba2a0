// SPDX-License-Identifier: GPL-2.0-only
/* meminfo.c - see meminfo.h */
#include <errno.h>

#include "os/meminfo.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define HOST_RESERVE (1ull << 30)

static uint64_t available(void)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long kib = 0;
	const char *at;

	if (file_read("/proc/meminfo", 65536, &text, NULL, NULL))
		return 0;
	at = strstr(text, "MemAvailable:");
	return at && sscanf(at, "MemAvailable: %llu", &kib) == 1 ? (uint64_t)kib * 1024 : 0;
}

int meminfo_spare(uint64_t bytes, const char *what, const char *target, struct fl_error *err)
{
	uint64_t have = available();
	char want[32], left[32];

	if (have >= HOST_RESERVE && have - HOST_RESERVE >= bytes)
		return 0;
	error_env(err, ENOMEM, "%s on %s: %s asked, the host has %s of memory available", what, target,
		  units_format_bytes(bytes, want, sizeof(want)), units_format_bytes(have, left, sizeof(left)));
	error_hint(err, "the host's last gigabyte is never taken");
	return -ENOMEM;
}
