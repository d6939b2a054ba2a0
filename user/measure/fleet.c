// SPDX-License-Identifier: GPL-2.0-only
/* fleet.c - see fleet.h */
#include <errno.h>

#include "measure/fleet.h"
#include "util/cleanup.h"

/* The targets that could be resolved. */
struct fleet {
	struct target *v;
	uint32_t n;
};

static void clear(struct fleet *f)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		target_free(&f->v[i]);
	free(f->v);
}

void fleet_free(struct fleet *f)
{
	if (f)
		clear(f);
	free(f);
}

/* All of them must be there when @strict. */
static int resolve(char *const *specs, bool strict, struct fleet *ret, struct fl_error *err)
{
	const struct target_options options = { .need_veth = true };
	uint32_t n = 0;
	int r = 0;

	while (specs[n])
		n++;
	*ret = (struct fleet){ .v = calloc(n + 1, sizeof(*ret->v)) };
	if (!ret->v)
		return error_sys(err, ENOMEM, "out of memory");
	for (; !r && *specs; specs++) {
		r = target_resolve(*specs, &options, &ret->v[ret->n], strict ? err : NULL);
		ret->n += !r;
		r = strict ? r : 0;
	}
	return r;
}

/* Names before hooks: a connection keeps the names that its ends had when it was first seen. */
static int measure(struct meter *m, const struct fleet *f, bool strict, uint32_t *ret_n,
		   struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	*ret_n = 0;
	for (i = 0; i < f->n; i++)
		meter_name(m, &f->v[i], NULL);
	for (i = 0; i < f->n; i++) {
		error_clear(err);
		r = meter_add(m, &f->v[i], err);
		*ret_n += !r;
		if (r && strict)
			return r;
	}
	return *ret_n ? 0 : r;
}

static int nobody(struct fl_error *err)
{
	error_env(err, ENOENT, "nothing to measure: no service with a network of its own is known here");
	error_hint(err, "name targets (netns:NAME, docker:NAME, pid:N), or start the lab: faultline "
		   "lab up");
	return -ENOENT;
}

int fleet_open(char *const *specs, bool strict, const struct meter_options *options,
	       struct meter **ret, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ char **known = NULL;
	struct fleet fleet = {};
	struct meter *m = NULL;
	int r = 0;

	*ret_n = 0;
	if (!specs || !specs[0]) {
		r = target_names(&known, err);
		specs = known;
		strict = false;
	}
	if (!r)
		r = resolve(specs, strict, &fleet, err);
	if (!r && !fleet.n)
		r = nobody(err);
	if (!r)
		r = meter_open(options, &m, err);
	if (!r)
		r = measure(m, &fleet, strict, ret_n, err);
	if (!r)
		*ret = m;
	else
		meter_close(m);
	clear(&fleet);
	return r;
}

struct fleet *fleet_find(char *const *specs)
{
	_cleanup_free_ char **known = NULL;
	struct fleet *f = calloc(1, sizeof(*f));

	if (f && (!specs || !specs[0])) {
		if (target_names(&known, NULL)) {
			free(f);
			return NULL;
		}
		specs = known;
	}
	if (f && resolve(specs, false, f, NULL)) {
		fleet_free(f);
		return NULL;
	}
	return f;
}

void fleet_take(struct meter *m, const struct fleet *f)
{
	struct fl_error err = {};
	uint32_t n;

	if (f)
		measure(m, f, false, &n, &err);
}

void fleet_refresh(struct meter *m, char *const *specs)
{
	struct fleet *f = fleet_find(specs);

	fleet_take(m, f);
	fleet_free(f);
}
