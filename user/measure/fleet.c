// SPDX-License-Identifier: GPL-2.0-only
/* fleet.c - see fleet.h */
#include <errno.h>

#include "measure/fleet.h"
#include "target/expand.h"
#include "util/cleanup.h"
#include "util/text/text.h"

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

/* Interfaces and addresses of @from are @to's from now on: instances of one service. */
static void join(struct target *to, struct target *from)
{
	uint32_t i;

	for (i = 0; i < from->n_veths && to->n_veths < TARGET_MAX_VETHS; i++) {
		to->veths[to->n_veths++] = from->veths[i];
		from->veths[i].netns_fd = -1;
	}
	for (i = 0; i < from->n_addrs && to->n_addrs < TARGET_MAX_ADDRS; i++)
		to->addrs[to->n_addrs++] = from->addrs[i];
	to->more_addrs |= from->more_addrs || i < from->n_addrs;
}

/* A service that several containers are is measured as one, under its own name. */
static int resolve_all(const char *spec, const struct target_names *members, const struct target_options *options,
		       struct target *ret, struct fl_error *err)
{
	struct target other;
	uint32_t i;
	int r = target_resolve(members->v[0], options, ret, err);

	if (r)
		return r;
	text_copy(ret->name, sizeof(ret->name), spec);
	for (i = 1; !r && i < members->n; i++) {
		r = target_resolve(members->v[i], options, &other, err);
		if (r)
			break;
		join(ret, &other);
		target_free(&other);
	}
	if (r)
		target_free(ret);
	return r;
}

static int resolve_service(const char *spec, const struct target_options *options, struct target *ret,
			   struct fl_error *err)
{
	struct target_names members = {};
	struct target_set set = {};
	int r = target_expand(spec, NULL, &members, &set, err);

	if (!r && members.n > 1)
		r = resolve_all(set.scope[0] ? set.scope : spec, &members, options, ret, err);
	else if (!r)
		r = target_resolve(members.n ? members.v[0] : spec, options, ret, err);
	target_names_free(&members);
	return r;
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
		r = resolve_service(*specs, &options, &ret->v[ret->n], strict ? err : NULL);
		ret->n += !r;
		r = strict ? r : 0;
	}
	return r;
}

/* Names before hooks: a connection keeps the names that its ends had when it was first seen. */
static int measure(struct meter *m, const struct fleet *f, bool strict, uint32_t *ret_n, struct fl_error *err)
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

int fleet_open(char *const *specs, bool strict, const struct meter_options *options, struct meter **ret,
	       uint32_t *ret_n, struct fl_error *err)
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
