// SPDX-License-Identifier: GPL-2.0-only
/* conns.c - see conns.h */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/conns.h"
#include "net/engine_impl.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define LOOK_MOST    16384u           /* at a time */
#define CLOSED_GRACE (2 * NS_PER_SEC) /* its last packets may come twice */
#define SILENT_GRACE (NS_PER_SEC)

struct look {
	uint32_t rule;
	bool all;
	uint64_t silent_ns, now_ns;
};

static bool is_over(const struct look *l, const struct fl_conn *c)
{
	/* The kernel's clock was read before ours, or a moment after it. */
	uint64_t silent_ns = l->now_ns > c->last_ns ? l->now_ns - c->last_ns : 0;

	if (l->all || (c->closed == FL_CONN_CLOSED && silent_ns > CLOSED_GRACE))
		return true;
	return l->silent_ns && silent_ns > l->silent_ns + SILENT_GRACE;
}

/* Collect first, delete then: a walk over a hash begins again where its key is gone. */
static uint32_t find(int fd, const struct look *l, struct fl_conn_key *ret, uint32_t max)
{
	struct fl_conn_key key, *last = NULL;
	struct fl_conn c;
	uint32_t n = 0, i;

	for (i = 0; i < max && !bpf_map_get_next_key(fd, last, &key); i++) {
		last = &key;
		if (key.rule == l->rule && !bpf_map_lookup_elem(fd, &key, &c) && is_over(l, &c))
			ret[n++] = key;
	}
	return n;
}

static int take_out(const struct engine *e, const struct look *l, uint32_t max, struct fl_error *err)
{
	_cleanup_free_ struct fl_conn_key *keys = calloc(max, sizeof(*keys));
	int fd = bpf_map__fd(engine_maps(e)->maps.conns);
	uint32_t n, i;

	if (!keys)
		return error_sys(err, ENOMEM, "connections of a rule: out of memory");
	n = find(fd, l, keys, max);
	for (i = 0; i < n; i++)
		bpf_map_delete_elem(fd, &keys[i]);
	return 0;
}

int conns_forget(const struct engine *e, uint32_t rule, struct fl_error *err)
{
	const struct look l = { .rule = rule, .all = true };
	int fd = bpf_map__fd(engine_maps(e)->maps.states);
	struct fl_state state = {};
	int r = take_out(e, &l, bpf_map__max_entries(engine_maps(e)->maps.conns), err);

	if (!r)
		r = bpf_map_lookup_elem(fd, &rule, &state);
	state.chain = 0;
	if (!r)
		r = bpf_map_update_elem(fd, &rule, &state, BPF_ANY);
	return r < 0 && err && !err->message[0] ? error_sys(err, -r, "state of rule %u: %s", rule, strerror(-r)) : r;
}

int engine_reap(struct engine *e, uint32_t rule, uint64_t silent_ns, struct fl_error *err)
{
	const struct look l = { .rule = rule, .silent_ns = silent_ns, .now_ns = clock_mono_ns() };

	return take_out(e, &l, LOOK_MOST, err);
}
