// SPDX-License-Identifier: GPL-2.0-only
/* cgroup_mount.c - see cgroup_mount.h */
#include <mntent.h>
#include <string.h>

#include "kern/cgroup_mount.h"
#include "util/text.h"

void cgroup_v2_root(char *buf, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *m;
	char line[4096];

	buf[0] = '\0';
	while (f && (m = getmntent_r(f, &entry, line, sizeof(line))))
		if (!strcmp(m->mnt_type, "cgroup2")) {
			text_copy(buf, size, m->mnt_dir);
			break;
		}
	if (f)
		endmntent(f);
}
