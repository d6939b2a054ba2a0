// SPDX-License-Identifier: GPL-2.0-only
/* proc.c - see proc.h */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/proc.h"

uint64_t proc_start(pid_t pid)
{
	char path[32], line[1024];
	_cleanup_file_ FILE *f = NULL;
	uint64_t start;
	char state, *p;

	if (pid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return 0;
	/* Field 2, the name, may hold blanks and parentheses; the last ")" ends it. */
	p = strrchr(line, ')');
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				"%*d %*d %*d %" SCNu64, &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

void proc_boot(char ret[PROC_BOOT_SIZE])
{
	_cleanup_file_ FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(ret, PROC_BOOT_SIZE, f))
		ret[0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

bool proc_same(pid_t pid, uint64_t start)
{
	return start && proc_start(pid) == start;
}
