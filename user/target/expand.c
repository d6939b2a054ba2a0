// SPDX-License-Identifier: GPL-2.0-only
/* expand.c - see expand.h */
#include <errno.h>
#include <string.h>

#include "target/described.h"
#include "target/expand.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* "2", "50%", "2~7" */
static bool read_pick(const char *text, struct target_pick *ret)
{
	_cleanup_free_ char *copy = strdup(text);
	char *seed = copy ? strchr(copy, '~') : NULL;
	int64_t n;

	if (!copy || !strspn(copy, "0123456789"))
		return false;
	if (seed) {
		*seed++ = '\0';
		if (units_int(seed, 0, INT64_MAX, &n, NULL))
			return false;
		ret->seed = (uint64_t)n;
	}
	if (copy[strlen(copy) - 1] == '%')
		return !units_percent_ppm(copy, &ret->ppm, NULL);
	if (units_int(copy, 0, UINT32_MAX, &n, NULL))
		return false;
	ret->count = (uint32_t)n;
	return true;
}

int target_pick_read(const char *spec, char *ret, size_t size, struct target_pick *pick, struct fl_error *err)
{
	const char *at = strrchr(spec, '@');
	struct target_pick own = { .seed = pick->seed };

	if (!text_copy(ret, size, spec))
		return error_usage(err, "target '%.60s' is too long", spec);
	if (!at || !read_pick(at + 1, &own))
		return 0;
	if (!own.count && !own.ppm)
		return error_usage(err, "target '%.100s': none of them is no target", spec);
	ret[at - spec] = '\0';
	/* The caller's bound stays one. */
	if (pick->count && (!own.count || own.count > pick->count))
		own.count = pick->count;
	*pick = own;
	return 0;
}

/* FNV-1a, then the finalizer of splitmix64: names differ in their last digit only. */
static uint64_t draw(uint64_t seed, const char *name)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
	return h ^ (h >> 31);
}

/* How many of @names are drawn before the @i-th? */
static uint32_t rank(const struct target_names *names, uint32_t i, uint64_t seed)
{
	uint64_t own = draw(seed, names->v[i]), other;
	uint32_t k, n = 0;

	for (k = 0; k < names->n; k++) {
		other = draw(seed, names->v[k]);
		n += other < own || (other == own && k < i);
	}
	return n;
}

void target_pick_apply(const struct target_pick *pick, struct target_names *names)
{
	uint32_t wanted = names->n, i, kept = 0;
	_cleanup_free_ bool *take = calloc(names->n + 1, sizeof(*take));

	if (pick->ppm)
		wanted = (uint32_t)(((uint64_t)names->n * pick->ppm + 999999) / 1000000);
	if (pick->count && pick->count < wanted)
		wanted = pick->count;
	for (i = 0; take && i < names->n; i++)
		take[i] = rank(names, i, pick->seed) < wanted;
	for (i = 0; take && i < names->n; i++)
		if (take[i])
			names->v[kept++] = names->v[i];
		else
			free(names->v[i]);
	names->n = kept;
}

/* "docker:NAME" for each. */
static int add_prefix(const char *provider, struct target_names *names)
{
	uint32_t i;

	for (i = 0; i < names->n; i++) {
		char *spec = text_format("%s:%s", provider, names->v[i]);

		if (!spec)
			return -ENOMEM;
		free(names->v[i]);
		names->v[i] = spec;
	}
	return 0;
}

int target_expand(const char *spec, const struct target_pick *pick, struct target_names *ret,
		  struct target_set *ret_set, struct fl_error *err)
{
	const struct target_provider *provider;
	struct target_pick own = pick ? *pick : (struct target_pick){};
	char plain[sizeof(((struct target *)NULL)->spec)];
	const char *name, *behind;
	bool described, only;
	int r = target_pick_read(spec, plain, sizeof(plain), &own, err);

	if (!r)
		r = target_provider_of(plain, &provider, &name, err);
	if (r)
		return r;
	*ret_set = (struct target_set){};
	described = !described_find(plain, &behind, NULL);
	if (!provider->members) /* the '@' is part of the name: a systemd unit's group is like that */
		return target_names_add(ret, described ? plain : spec)
			       ? error_sys(err, ENOMEM, "targets: out of memory")
			       : 0;
	r = provider->members(name, name == plain, ret, err);
	if (r < 0)
		return r;
	if (!r) {
		text_copy(ret_set->scope, sizeof(ret_set->scope), plain);
		ret_set->all = target_pick_is_all(&own);
	}
	only = ret->n == 1;
	target_pick_apply(&own, ret);
	/* One that was named as a service is called so; another container of it may follow. */
	if (ret->n == 1 && (name == plain || (described && only))) {
		free(ret->v[0]);
		ret->v[0] = strdup(plain);
		r = ret->v[0] ? 0 : -ENOMEM;
	} else {
		r = add_prefix(provider->name, ret);
	}
	return r ? error_sys(err, ENOMEM, "targets: out of memory") : 0;
}
