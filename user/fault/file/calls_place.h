/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls_place.h - which files of a target are meant, and on which of its mounts they are.
 *
 * Events are asked for by mount, never by file system: a mount belongs to one mount namespace, so whoever sees the same
 * files through another mount (the host, another container) is not even asked about. Where the target has no
 * mount namespace of its own, only a mount that is not the host's root, and on which nothing of faultline's is,
 * will do.
 */
#ifndef FL_CALLS_PLACE_H
#define FL_CALLS_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "fault/fault.h"
#include "util/error.h"

#define CALLS_MAX_MOUNTS 64

struct calls_place {
	char root[256];   /* of the target, as the kernel's paths begin; mostly empty */
	char folder[512]; /* canonical, in the target's root: a file or directory; empty: the root */
	char rest[256];   /* of a glob: behind the folder; empty: all that is in it */
};

/* Could it be a path of a target? Touches nothing. */
int calls_place_check(const char *path, const char *kind, struct fl_error *err);

/*
 * Find @path of @t. Errors: there is no such file or directory in the target, it is on no file system of files
 * (/proc), it is on a mount where no event may be asked for.
 */
int calls_place_find(const struct fault *f, const struct target *t, const char *path, struct calls_place *ret,
		     struct fl_error *err);

/* Have the group @fan get @mask of the mount that has the place, and of those below it. */
int calls_place_mark(const struct fault *f, const struct target *t, const struct calls_place *p, int fan, uint64_t mask,
		     struct fl_error *err);

/* Is @path, as the kernel calls it, one of them? Pure. */
bool calls_place_has(const struct calls_place *p, const char *path);

#endif
