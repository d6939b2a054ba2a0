/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * expand.h - from a name that may mean several targets (a scaled service, a label, an image) to
 * those that are meant: all, or some of them, drawn by a seed.
 *
 *     web            all of them, or as many as the caller allows
 *     web@2          two of them            web@50%        half of them, rounded up
 *     web@2~7        two, drawn by the seed 7
 */
#ifndef FL_EXPAND_H
#define FL_EXPAND_H

#include <stdint.h>

#include "target/provider.h"

struct target_pick {
	uint32_t count; /* at most so many; 0: no bound */
	uint32_t ppm;   /* of all there are, rounded up; 0: no bound */
	uint64_t seed;
};

static inline bool target_pick_is_all(const struct target_pick *pick)
{
	return !pick->count && !pick->ppm;
}

/*
 * The part of @spec in front of '@', copied to @ret; what stands behind it goes over *pick. An '@'
 * with something else behind it belongs to the name ("image=nginx@sha256:...").
 */
int target_pick_read(const char *spec, char *ret, size_t size, struct target_pick *pick, struct fl_error *err);

/* Keep what @pick takes of @names, in their order: who is drawn depends on seed and name alone. */
void target_pick_apply(const struct target_pick *pick, struct target_names *names);

/*
 * The targets that @spec means, each as a spec that means this one only; a name that is one target
 * by its nature is itself. @pick: the bound and the seed where @spec says nothing (NULL: all).
 * *ret_set: which set that is, and whether all of it is meant.
 */
struct target_set {
	char scope[256]; /* as written, without what is drawn of it; "": it is no set */
	bool all;
};
int target_expand(const char *spec, const struct target_pick *pick, struct target_names *ret,
		  struct target_set *ret_set, struct fl_error *err);

#endif
