// SPDX-License-Identifier: GPL-2.0-only
/* paths.c - build tree: programs beside the binary, experiments/ above it; installed: libexec and
 * share below the same prefix. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"

/* The first of @tries (each below the folder of our binary) that exists. */
static int find(const char *const *tries, size_t n, int mode, const char *what, char *buf, size_t size,
		struct fl_error *err)
{
	char self[PATH_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (len < 0)
		return error_env(err, errno, "cannot find our own binary: %s", strerror(errno));
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (i = 0; i < n; i++)
		if (snprintf(buf, size, "%s/%s", self, tries[i]) < (int)size && !access(buf, mode))
			return 0;
	error_env(err, ENOENT, "%s is not there: looked near %s", what, self);
	error_hint(err, "make all builds the lab; make install puts it below the prefix");
	return -ENOENT;
}

int path_program(const char *name, char *buf, size_t size, struct fl_error *err)
{
	char installed[128];
	const char *tries[] = { name, installed };

	snprintf(installed, sizeof(installed), "../libexec/faultline/%s", name);
	return find(tries, ARRAY_SIZE(tries), X_OK, name, buf, size, err);
}

int path_topology(char *buf, size_t size, struct fl_error *err)
{
	static const char *const tries[] = { "../experiments/lab.yaml", "../share/faultline/experiments/lab.yaml" };

	return find(tries, ARRAY_SIZE(tries), R_OK, "experiments/lab.yaml", buf, size, err);
}
