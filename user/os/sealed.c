// SPDX-License-Identifier: GPL-2.0-only
/* sealed.c - see sealed.h. The kernel's check is the same for memory, auxv and namespaces. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "os/sealed.h"
#include "util/proc.h"
#include "util/text/units.h"

bool sealed_errno(int code)
{
	return code == EACCES || code == EPERM;
}

static bool is_sealed(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return stat(path, &st) && sealed_errno(errno);
}

json_t *sealed_now(void)
{
	DIR *dir = opendir("/proc");
	json_t *list = dir ? json_array() : NULL;
	struct dirent *e;
	int64_t pid;

	while (list && (e = readdir(dir)))
		if (!units_int(e->d_name, 1, INT32_MAX, &pid, NULL) && is_sealed((pid_t)pid))
			json_array_append_new(list,
					      json_pack("[I, I]", (json_int_t)pid, (json_int_t)proc_start((pid_t)pid)));
	if (dir)
		closedir(dir);
	return list;
}

bool sealed_had(const json_t *sealed, const char *name)
{
	const json_t *one;
	int64_t pid;
	size_t i;

	if (units_int(name, 1, INT32_MAX, &pid, NULL))
		return false;

	for (i = 0; i < json_array_size(sealed); i++) {
		one = json_array_get(sealed, i);
		if (json_integer_value(json_array_get(one, 0)) == pid &&
		    proc_same((pid_t)pid, (uint64_t)json_integer_value(json_array_get(one, 1))))
			return true;
	}
	return false;
}
