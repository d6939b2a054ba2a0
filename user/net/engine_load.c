// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_load.c - load bpf/net.bpf.c, once for each network namespace, all with one set of maps.
 *
 * The first object makes the maps and pins them; the later ones are given their descriptors. The
 * verifier's reasons end up in the error, not on the terminal.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "net/engine_impl.h"
#include "net/hold/quantile.h"
#include "os/bpf_load.h"
#include "os/netns.h"
#include "os/socket_cgroup.h"
#include "session/guard.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

/* Size the maps that grow with the number of rules. */
static void resize(struct net_bpf *programs, uint32_t max_rules)
{
	bpf_map__set_max_entries(programs->maps.rules, max_rules);
	bpf_map__set_max_entries(programs->maps.states, max_rules);
	bpf_map__set_max_entries(programs->maps.proofs, max_rules);
	bpf_map__set_max_entries(programs->maps.hooks, ENGINE_MAX_HOOKS);
	bpf_map__set_max_entries(programs->maps.lines, ENGINE_MAX_HOOKS);
	bpf_map__set_max_entries(programs->maps.peers, max_rules < 1024 ? 4096 : 4 * max_rules);
}

/* The maps of the first object are those of all. */
static int share_maps(struct net_bpf *programs, const struct net_bpf *first)
{
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, programs->obj) {
		const char *name = bpf_map__name(map);

		if (bpf_map__is_internal(map))
			continue;
		r = bpf_map__reuse_fd(map, bpf_object__find_map_fd_by_name(first->obj, name));
		if (r)
			return r;
	}
	return 0;
}

/* A target's own namespace has only its loopback for us, all others have everything but that. */
static void choose_programs(const struct engine_netns *n)
{
	bool loopback = n->side == TARGET_SIDE_LOOPBACK;

	bpf_program__set_autoload(n->programs->progs.fl_ingress, !loopback);
	bpf_program__set_autoload(n->programs->progs.fl_egress, !loopback);
	bpf_program__set_autoload(n->programs->progs.fl_return, !loopback);
	bpf_program__set_autoload(n->programs->progs.fl_loopback, loopback);
	bpf_program__set_autoload(n->programs->progs.fl_lo_return, loopback);
}

static int load(struct engine *e, struct engine_netns *n, struct fl_error *err)
{
	int r = 0;

	bpf_load_begin();
	n->programs = bpf_load_open(net);
	if (!n->programs)
		return bpf_load_error(-errno, "the network programs", err);
	n->programs->rodata->netns_id = (uint32_t)(n - e->netns);
	n->programs->rodata->generation = e->session->generation;
	n->programs->rodata->host_side = n->side == TARGET_SIDE_HOST;
	if (n->side == TARGET_SIDE_HOST && owner_offsets(&n->programs->rodata->offsets, err))
		return -ENOTSUP;
	choose_programs(n);
	n->programs->rodata->guards = guard_mask(e->session->guard);
	if (n == e->netns)
		resize(n->programs, e->max_rules);
	else
		r = share_maps(n->programs, e->netns[0].programs);
	if (!r)
		r = net_bpf__load(n->programs);
	if (r)
		return bpf_load_error(r, "the network programs", err);
	return 0;
}

static int try_side(enum target_side side, struct fl_error *err)
{
	static struct guard everything; /* so that no code is left out as dead */
	static struct session nobody = { .generation = 1, .guard = &everything };
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return error_sys(err, ENOMEM, "the network programs: out of memory");
	everything.n_flows = everything.n_prefixes = 1;
	everything.has_ports = true;
	e->session = &nobody;
	e->max_rules = 1;
	e->netns[0] = (struct engine_netns){ .fd = -1, .side = side };
	r = load(e, &e->netns[0], err);
	engine_netns_free(&e->netns[0]);
	free(e);
	return r;
}

int engine_try(enum target_side side, struct fl_error *err)
{
	static struct {
		bool tried;
		int result;
		struct fl_error why;
	} sides[TARGET_SIDE_HOST + 1];

	if (!sides[side].tried)
		sides[side].result = try_side(side, &sides[side].why);
	sides[side].tried = true;
	if (sides[side].result)
		*err = sides[side].why;
	return sides[side].result;
}

int engine_netns_find(const struct engine *e, uint64_t inode, enum target_side side)
{
	uint32_t i;

	for (i = 0; i < e->n_netns; i++)
		if (e->netns[i].inode == inode && e->netns[i].side == side)
			return (int)i;
	return -1;
}

int engine_netns_get(struct engine *e, int netns_fd, enum target_side side, uint32_t *ret, struct fl_error *err)
{
	uint64_t inode = netns_inode(netns_fd);
	int r = engine_netns_find(e, inode, side);
	struct engine_netns *n;

	if (r >= 0) {
		*ret = (uint32_t)r;
		return 0;
	}
	/* The first object was loaded before anybody knew for which namespace. */
	n = side == TARGET_SIDE_VETH && !e->netns[0].inode ? &e->netns[0] : &e->netns[e->n_netns];
	if (n == &e->netns[ENGINE_MAX_NAMESPACES])
		return error_env(err, ENOSPC, "targets in more than %d network namespaces", ENGINE_MAX_NAMESPACES);
	if (n == &e->netns[e->n_netns]) {
		*n = (struct engine_netns){ .fd = -1, .side = side };
		r = load(e, n, err);
		if (r) {
			engine_netns_free(n);
			return r;
		}
		e->n_netns++;
	}
	n->inode = inode;
	n->fd = dup(netns_fd);
	*ret = (uint32_t)(n - e->netns);
	return 0;
}

void engine_netns_free(struct engine_netns *n)
{
	net_bpf__destroy(n->programs);
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct engine_netns){ .fd = -1 };
}

static int pin(struct engine *e, struct fl_error *err)
{
	struct bpf_map *map;
	int r = dir_make(e->session->pin_dir, 0700, err);

	if (r)
		return r;
	bpf_object__for_each_map(map, engine_maps(e)->obj) {
		_cleanup_free_ char *path = text_format("%s/%s", e->session->pin_dir, bpf_map__name(map));

		if (bpf_map__is_internal(map))
			continue;
		r = path ? bpf_map__pin(map, path) : -ENOMEM;
		if (r)
			return error_env(err, -r, "pin a map at %s: %s", path ? path : "?", strerror(-r));
	}
	return 0;
}

static int fill_tables(struct engine *e, struct fl_error *err)
{
	struct fl_table_row *rows = calloc(FL_TABLE_MAX, sizeof(*rows));
	__u32 i;
	int r = 0;

	if (!rows)
		return error_sys(err, ENOMEM, "jitter tables: out of memory");
	quantile_rows(rows);
	for (i = 0; i < FL_TABLE_MAX && !r; i++)
		r = bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.tables), &i, &rows[i], BPF_ANY);
	free(rows);
	return r ? error_sys(err, -r, "write the jitter tables: %s", strerror(-r)) : 0;
}

static int fill_guard(struct engine *e, struct fl_error *err)
{
	const struct guard *g = e->session->guard;
	const struct net_bpf *maps = engine_maps(e);
	__u32 one = 1, i;
	int r = 0;

	if (!g)
		return 0;
	for (i = 0; !r && i < g->n_flows; i++)
		r = bpf_map_update_elem(bpf_map__fd(maps->maps.guard_flows), &g->flows[i], &one, BPF_ANY);
	for (i = 0; !r && i < g->n_prefixes; i++)
		r = bpf_map_update_elem(bpf_map__fd(maps->maps.guard_prefixes), &g->prefixes[i], &one, BPF_ANY);
	for (i = 0; !r && g->has_ports && i < 65536 / 64; i++)
		r = bpf_map_update_elem(bpf_map__fd(maps->maps.guard_ports), &i, &g->ports[i], BPF_ANY);
	return r ? error_sys(err, -r, "write what is protected: %s", strerror(-r)) : 0;
}

int engine_load_first(struct engine *e, struct fl_error *err)
{
	int r;

	e->n_netns = 1;
	e->netns[0].fd = -1;
	r = session_need_bpffs(err);
	if (!r)
		r = load(e, &e->netns[0], err);
	if (!r)
		r = fill_tables(e, err);
	if (!r)
		r = fill_guard(e, err);
	if (!r)
		r = pin(e, err);
	if (!r)
		engine_heartbeat(e);
	return r;
}
