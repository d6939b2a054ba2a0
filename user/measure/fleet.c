// SPDX-License-Identifier: GPL-2.0-only
/* fleet.c - see fleet.h */
#include <errno.h>

#include "measure/fleet.h"
#include "util/cleanup.h"

static const struct target_options options = { .need_veth = true };

static int add_one(struct meter *m, const char *spec, struct fl_error *err)
{
	struct target t;
	int r = target_resolve(spec, &options, &t, err);

	if (r)
		return r;
	r = meter_add(m, &t, err);
	target_free(&t);
	return r;
}

/* Worth loading the programs? */
static bool any_resolves(char *const *specs)
{
	struct target t;

	for (; *specs; specs++)
		if (!target_resolve(*specs, &options, &t, NULL)) {
			target_free(&t);
			return true;
		}
	return false;
}

static int nobody(struct fl_error *err)
{
	error_env(err, ENOENT, "nothing to measure: no service with a network of its own is known here");
	error_hint(err, "name targets (netns:NAME, docker:NAME, pid:N), or start the lab: faultline "
		   "lab up");
	return -ENOENT;
}

int fleet_open(char *const *specs, bool strict, struct meter **ret, uint32_t *ret_n,
	       struct fl_error *err)
{
	_cleanup_free_ char **known = NULL;
	struct meter *m = NULL;
	int r = 0, rc;

	*ret_n = 0;
	if (!specs || !specs[0]) {
		r = target_names(&known, err);
		specs = known;
		strict = false;
	}
	if (!r && !strict && !any_resolves(specs))
		r = nobody(err);
	if (!r)
		r = meter_open(NULL, &m, err);
	for (; !r && *specs; specs++) {
		rc = add_one(m, *specs, strict ? err : NULL);
		*ret_n += !rc;
		r = strict ? rc : 0;
	}
	if (!r && !*ret_n)
		r = nobody(err);
	if (r) {
		meter_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

void fleet_refresh(struct meter *m, char *const *specs)
{
	_cleanup_free_ char **known = NULL;

	if (!specs || !specs[0]) {
		if (target_names(&known, NULL))
			return;
		specs = known;
	}
	for (; *specs; specs++)
		add_one(m, *specs, NULL);
}
