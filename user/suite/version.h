/* SPDX-License-Identifier: GPL-2.0-only */
/* version.h - which version of its file a run used: commit and dirty flag. git answers, and runs nothing
 * that the checkout configures. */
#ifndef FL_EXPERIMENT_VERSION_H
#define FL_EXPERIMENT_VERSION_H

#include <stdbool.h>

struct file_version {
	bool known; /* inside a git checkout that git lets us read */
	char commit[65];
	bool dirty; /* the file differs from the commit, or is not in it */
};

/* Never an error: what cannot be found out is not known. */
void file_version(const char *path, struct file_version *ret);

#endif
