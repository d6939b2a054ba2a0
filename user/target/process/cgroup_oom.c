// SPDX-License-Identifier: GPL-2.0-only
/* cgroup_oom.c - see cgroup_oom.h */
#include <string.h>
#include <unistd.h>

#include "target/process/cgroup_oom.h"
#include "util/spawn.h"
#include "util/text/text.h"

/* ---- memory.oom.group ------------------------------------------------------------------------ */

struct whole {
	char group[384]; /* the highest so far with memory.oom.group */
	bool limited;    /* and a limit at it or above it */
};

/* The kernel looks from the victim's group up to the one whose limit was hit. */
static void look_group(const char *dir, void *ctx)
{
	struct whole *w = ctx;
	uint64_t v;

	if (!cgroup_read(dir, "memory.oom.group", NULL, &v) && v) {
		text_copy(w->group, sizeof(w->group), dir);
		w->limited = false;
	}
	if (w->group[0] && !cgroup_read(dir, "memory.max", NULL, &v) && v != CGROUP_UNLIMITED)
		w->limited = true;
}

static bool by_kernel(const struct cgroup_dir *d, char *why, size_t size)
{
	struct whole w = {};

	cgroup_ancestors(d, d->join, look_group, &w);
	if (w.limited)
		snprintf(why, size, "the kernel would kill every process of %s (memory.oom.group)", w.group);
	return w.limited;
}

/* ---- OOMPolicy ------------------------------------------------------------------------------- */

static bool is_unit(const char *word, size_t len)
{
	static const char *const ends[] = { ".service", ".scope" };
	size_t i, n;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		n = strlen(ends[i]);
		if (len > n && !strncmp(word + len - n, ends[i], n))
			return true;
	}
	return false;
}

bool cgroup_unit(const char *path, char *ret, size_t size, bool *ret_user)
{
	bool found = false;
	size_t len;

	*ret_user = false;
	for (path += strspn(path, "/"); *path; path += len, path += strspn(path, "/")) {
		len = strcspn(path, "/");
		if (!is_unit(path, len))
			continue;
		if (found) {
			*ret_user = !strncmp(ret, "user@", 5);
			return true;
		}
		if (len >= size)
			return false;
		snprintf(ret, size, "%.*s", (int)len, path);
		found = true;
	}
	return found;
}

static bool by_systemd(const struct cgroup_dir *d, char *why, size_t size)
{
	char unit[256], policy[64] = "";
	char *argv[] = { (char[]){ "systemctl" },
			 (char[]){ "show" },
			 (char[]){ "--property=OOMPolicy" },
			 (char[]){ "--value" },
			 (char[]){ "--" },
			 unit,
			 NULL };
	bool user;

	if (access("/run/systemd/system", F_OK) || !cgroup_unit(d->path + strlen(d->mount), unit, sizeof(unit), &user))
		return false;
	if (user || !spawn_ask(argv, NULL, policy, sizeof(policy))) {
		snprintf(why, size,
			 "what systemd would do to its unit is unknown (OOMPolicy%s of %s cannot be "
			 "read)",
			 user ? " of a user's unit below" : "", unit);
		return true;
	}
	policy[strcspn(policy, "\n")] = '\0';
	/* Empty: a systemd that has no such policy for this type of unit. */
	if (!*policy || !strcmp(policy, "continue"))
		return false;
	snprintf(why, size, "systemd would end the unit %s (OOMPolicy=%s)", unit, policy);
	return true;
}

bool cgroup_oom_takes_all(const struct cgroup_set *s, char *why, size_t size)
{
	const struct cgroup_dir *v2 = cgroup_v2(s);

	/* Where memory is v1's, nobody is told of an OOM kill in the v2 tree. */
	return v2 && !cgroup_v1(s, "memory") && (by_kernel(v2, why, size) || by_systemd(v2, why, size));
}
