// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine.c - see engine.h. Rules and their proofs; hooks are engine_hook.c, loading engine_load.c.
 *
 * FAULTLINE_ATTACH=clsact in the environment keeps the engine from using tcx, so that the path of
 * older kernels can be tried on a new one.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/conns.h"
#include "net/engine_impl.h"
#include "net/proof.h"
#include "os/netns.h"
#include "util/clock.h"

int engine_open(struct session *s, uint32_t max_rules, struct fl_error *err)
{
	const char *forced = getenv("FAULTLINE_ATTACH");
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	max_rules = max_rules ? max_rules : FL_RULES_DEFAULT;
	if (e) {
		e->kinds = calloc(max_rules, 1);
		e->waits = calloc(max_rules, 1);
	}
	if (!e || !e->kinds || !e->waits) {
		if (e) {
			free(e->kinds);
			free(e->waits);
		}
		free(e);
		return error_sys(err, ENOMEM, "network engine: out of memory");
	}
	e->session = s;
	e->max_rules = max_rules;
	e->attach = forced && !strcmp(forced, "clsact") ? ATTACH_CLSACT : ATTACH_UNKNOWN;
	r = engine_load_first(e, err);
	if (r) {
		engine_close(e);
		return r;
	}
	s->engine = e;
	s->engine_heartbeat = engine_heartbeat;
	s->engine_close = engine_close;
	return 0;
}

int engine_get(struct session *s, struct engine **ret, struct fl_error *err)
{
	int r = s->engine ? 0 : engine_open(s, 0, err);

	if (!r)
		*ret = s->engine;
	return r;
}

static void unpin(struct engine *e)
{
	struct bpf_map *map;

	if (!engine_maps(e))
		return;
	bpf_object__for_each_map(map, engine_maps(e)->obj)
		if (bpf_map__is_pinned(map))
			bpf_map__unpin(map, NULL);
	rmdir(e->session->pin_dir);
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	while (e->n_hooks)
		engine_hook_drop(e, e->hooks[e->n_hooks - 1], NULL);
	hold_stop(e->hold);
	unpin(e);
	while (e->n_netns)
		engine_netns_free(&e->netns[--e->n_netns]);
	if (e->session->engine == e)
		e->session->engine = NULL;
	free(e->kinds);
	free(e->waits);
	free(e);
}

static int rules_fd(const struct engine *e)
{
	return bpf_map__fd(engine_maps(e)->maps.rules);
}

static int write_rule(struct engine *e, uint32_t rule, const struct fl_rule *value, struct fl_error *err)
{
	int r = bpf_map_update_elem(rules_fd(e), &rule, value, BPF_ANY);

	return r ? error_sys(err, -r, "write rule %u: %s", rule, strerror(-r)) : 0;
}

/* Counters and chains of a rule from the beginning. */
static int reset(struct engine *e, uint32_t rule, struct fl_error *err)
{
	struct fl_proof *proofs = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*proofs));
	struct fl_state state = {};
	int r;

	if (!proofs)
		return error_sys(err, ENOMEM, "rule %u: out of memory", rule);
	r = bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.proofs), &rule, proofs, BPF_ANY);
	if (!r)
		r = bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.states), &rule, &state, BPF_ANY);
	free(proofs);
	return r ? error_sys(err, -r, "reset rule %u: %s", rule, strerror(-r)) : 0;
}

static enum engine_wait waits(const struct fl_rule *rule)
{
	if (rule->kind < FL_KIND_HTTP_DELAY)
		return WAIT_NOWHERE;
	return rule->departs ? WAIT_FQ : WAIT_HOLD;
}

#define NO_RULE       UINT32_MAX

#define DEPART_MAX_NS (500 * NS_PER_MSEC) /* longer nobody who ends a fault should have to wait */

/* Do packets wait at @where by a rule of the hook, other than @but? */
static bool hook_needs(const struct engine *e, const struct engine_hook *hook, enum engine_wait where, uint32_t but)
{
	uint32_t i, j;

	for (i = 0; i < hook->peers.n; i++)
		for (j = 0; j < hook->peers.entries[i].n_own; j++)
			if (hook->peers.entries[i].own[j] != but && e->waits[hook->peers.entries[i].own[j]] == where)
				return true;
	return false;
}

/* After a rule was taken from the hook's table: have the kernel follow. */
static int shrink_hook(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	uint8_t lens[FL_MAX_PREFIX_LENS];
	int r, r2;

	if (!peers_lens(&hook->peers, lens))
		return engine_hook_drop(e, hook, err);
	r = engine_hook_sync(e, hook, err);
	if (!hook_needs(e, hook, WAIT_HOLD, NO_RULE))
		engine_hook_release(e, hook);
	if (!hook_needs(e, hook, WAIT_FQ, NO_RULE)) {
		r2 = engine_hook_release_fq(hook, err);
		r = r ? r : r2;
	}
	return r;
}

int engine_add_hook(struct engine *e, uint32_t rule, const struct target_veth *veth, enum fl_direction dir,
		    const struct engine_peer *peers, uint32_t n_peers, struct fl_error *err)
{
	struct engine_hook *hook;
	uint32_t i;
	int r = engine_hook_get(e, veth, dir, &hook, err);

	if (r)
		return r;
	if (e->waits[rule] == WAIT_HOLD)
		r = engine_hook_hold(e, hook, err);
	if (e->waits[rule] == WAIT_FQ)
		r = engine_hook_fq(e, hook, err);
	for (i = 0; i < n_peers && !r; i++)
		r = peers_add(&hook->peers, &peers[i].addr, peers[i].prefix_len, rule, err);
	if (!r)
		r = engine_hook_sync(e, hook, err);
	if (r) {
		peers_remove(&hook->peers, rule);
		shrink_hook(e, hook, NULL);
	}
	return r;
}

int engine_remove_hook(struct engine *e, uint32_t rule, const struct target_veth *veth, enum fl_direction dir,
		       struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < e->n_hooks; i++) {
		struct engine_hook *hook = e->hooks[i];

		if (e->netns[hook->netns].inode == veth->netns_inode && hook->ifindex == veth->ifindex &&
		    e->netns[hook->netns].side == veth->side && hook->direction == dir)
			return peers_remove(&hook->peers, rule) ? shrink_hook(e, hook, err) : 0;
	}
	return 0;
}

/* Have packets asked for their cgroup at the level of the rule's. */
static void ask_for_owner(struct engine *e, const struct fl_rule *rule)
{
	uint32_t i;

	for (i = 0; rule->cgroup_level && i < e->n_netns; i++)
		if (e->netns[i].side == TARGET_SIDE_HOST)
			e->netns[i].programs->bss->owner_levels |= 1u << (rule->cgroup_level - 1);
}

int engine_add(struct engine *e, const struct target_veth *veth, enum fl_direction dir, const struct fl_rule *rule,
	       const struct engine_peer *peers, uint32_t n_peers, uint32_t *ret_rule, struct fl_error *err)
{
	uint32_t index = 0;
	int r;

	while (index < e->max_rules && e->kinds[index])
		index++;
	if (index == e->max_rules)
		return error_env(err, ENOSPC, "this session has %u network faults already", e->max_rules);
	r = reset(e, index, err);
	if (!r)
		r = write_rule(e, index, rule, err);
	if (r)
		return r;
	e->kinds[index] = rule->kind;
	e->waits[index] = waits(rule);
	r = engine_add_hook(e, index, veth, dir, peers, n_peers, err);
	if (r) {
		engine_remove(e, index, NULL);
		return r;
	}
	ask_for_owner(e, rule);
	*ret_rule = index;
	return 0;
}

int engine_set(struct engine *e, uint32_t rule, const struct fl_rule *value, struct fl_error *err)
{
	ask_for_owner(e, value);
	return write_rule(e, rule, value, err);
}

int engine_get_rule(struct engine *e, uint32_t rule, struct fl_rule *ret, struct fl_error *err)
{
	int r = bpf_map_lookup_elem(rules_fd(e), &rule, ret);

	return r ? error_sys(err, -r, "read rule %u: %s", rule, strerror(-r)) : 0;
}

struct ending {
	struct engine *engine;
	uint32_t rule;
	const struct fl_rule *value;
	struct fl_error *err;
	int result;
};

static void end_rule(void *arg)
{
	struct ending *end = arg;

	end->result = write_rule(end->engine, end->rule, end->value, end->err);
}

/* A rule by which nothing has to wait, but nothing overtakes either. */
static struct fl_rule at_once(const struct fl_rule *rule)
{
	struct fl_rule ret = *rule;

	ret.enabled = 1;
	ret.expires_ns = UINT64_MAX; /* the lease bounds it */
	ret.delay.delay_ns = 0;
	ret.delay.jitter_ns = 0;
	if (rule->kind == FL_KIND_REORDER)
		ret.reorder.delay_ns = 0;
	if (rule->kind == FL_KIND_RATE)
		ret.rate.burst_bytes = 1u << 30;
	return ret;
}

/* What waits in fq leaves when its time comes, the last packet of a rule at a known one. */
static uint64_t departed_ns(const struct engine *e, uint32_t rule)
{
	struct fl_state state = {};

	bpf_map_lookup_elem(bpf_map__fd(engine_maps(e)->maps.states), &rule, &state);
	return state.last_due_ns;
}

/* Wait until what all these rules have made wait has departed. */
static void let_depart(const struct engine *e, const uint32_t *rules, uint32_t n)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MSEC };
	uint64_t deadline = clock_mono_ns() + DEPART_MAX_NS, last = 0, due, now;
	uint32_t i;

	for (;;) {
		for (i = 0; i < n; i++) {
			due = e->waits[rules[i]] == WAIT_FQ ? departed_ns(e, rules[i]) : 0;
			last = due > last ? due : last;
		}
		now = clock_mono_ns();
		if (now >= last || now >= deadline)
			return;
		nanosleep(&pause, NULL);
	}
}

/*
 * Write @off, a rule that is disabled, behind the packets that its delay line holds: first nothing more
 * has to wait but still goes through the line in order, then the line is emptied. Where another rule
 * shares a line, what is in there stays until it is due.
 */
static int let_go(struct engine *e, uint32_t rule, const struct fl_rule *off, struct fl_error *err)
{
	struct ending end = { .engine = e, .rule = rule, .value = off, .err = err };
	struct hold_line *lines[ENGINE_MAX_HOOKS];
	struct fl_rule before = at_once(off);
	uint32_t n = 0, i;
	int r;

	for (i = 0; i < e->n_hooks; i++)
		if (e->hooks[i]->line.ifindex && !hook_needs(e, e->hooks[i], WAIT_HOLD, rule))
			lines[n++] = e->hooks[i]->line.hold;
	if (!n)
		return write_rule(e, rule, off, err);
	r = write_rule(e, rule, &before, err);
	if (r)
		return r;
	hold_release(e->hold, lines, n, end_rule, &end);
	return end.result;
}

/* A delay that the kernel ends by itself lets newer packets overtake those that wait. Its owner,
 * who ends it in order, comes first by this much. */
#define OWNER_FIRST_NS (100 * NS_PER_MSEC)

/* A rule about connections begins with those to come. */
static int begin_conns(const struct engine *e, uint32_t rule, struct fl_rule *value, struct fl_error *err)
{
	if (value->kind != FL_KIND_IDLE && value->kind != FL_KIND_LIMIT)
		return 0;
	if (value->kind == FL_KIND_IDLE)
		value->idle.since_ns = clock_mono_ns();
	return conns_forget(e, rule, err);
}

static int switch_one(struct engine *e, uint32_t rule, bool on, uint64_t expires_ns, struct fl_error *err)
{
	struct fl_rule value = {};
	int r = engine_get_rule(e, rule, &value, err);
	bool release = !on && value.enabled && waits(&value) == WAIT_HOLD;

	if (r)
		return r;
	if (waits(&value) != WAIT_NOWHERE && expires_ns < UINT64_MAX - OWNER_FIRST_NS)
		expires_ns += OWNER_FIRST_NS;
	if (on && !value.enabled)
		r = begin_conns(e, rule, &value, err);
	if (r)
		return r;
	value.enabled = on;
	value.expires_ns = expires_ns;
	return release ? let_go(e, rule, &value, err) : write_rule(e, rule, &value, err);
}

/* Rules that depart: nothing more has to wait, but still follows in order. *ret: are there any? */
static int begin_departure(struct engine *e, const uint32_t *rules, uint32_t n, bool *ret, struct fl_error *err)
{
	struct fl_rule value, before;
	uint32_t i;
	int r = 0;

	*ret = false;
	for (i = 0; i < n && !r; i++) {
		if (e->waits[rules[i]] != WAIT_FQ)
			continue;
		r = engine_get_rule(e, rules[i], &value, err);
		if (r || !value.enabled)
			continue;
		before = at_once(&value);
		r = write_rule(e, rules[i], &before, err);
		*ret = true;
	}
	return r;
}

int engine_switch(struct engine *e, const uint32_t *rules, uint32_t n, bool on, uint64_t expires_ns,
		  struct fl_error *err)
{
	bool departing = false;
	uint32_t i;
	int r = on ? 0 : begin_departure(e, rules, n, &departing, err);

	if (departing && !r)
		let_depart(e, rules, n);
	for (i = 0; i < n && !r; i++)
		r = switch_one(e, rules[i], on, expires_ns, err);
	return r;
}

int engine_remove(struct engine *e, uint32_t rule, struct fl_error *err)
{
	struct fl_rule off = {};
	int r = write_rule(e, rule, &off, err), r2;
	uint32_t i = e->n_hooks;

	/* Backwards: a hook that goes is replaced by the last one. */
	while (i--) {
		if (!peers_remove(&e->hooks[i]->peers, rule))
			continue;
		r2 = shrink_hook(e, e->hooks[i], err);
		r = r ? r : r2;
	}
	e->kinds[rule] = FL_KIND_NULL;
	e->waits[rule] = WAIT_NOWHERE;
	return r;
}

int engine_proof(struct engine *e, uint32_t rule, struct fl_proof *ret, struct fl_error *err)
{
	struct fl_proof sum = {};
	int r = proof_read(bpf_map__fd(engine_maps(e)->maps.proofs), rule, &sum);

	if (r)
		return error_sys(err, -r, "proof of rule %u: %s", rule, strerror(-r));
	*ret = sum;
	return 0;
}

const char *engine_attach_kind(const struct engine *e)
{
	return e->attach == ATTACH_CLSACT ? "clsact" : "tcx";
}

void engine_spared(const struct engine *e, uint64_t ret[FL_GUARD_MAX])
{
	int cpus = libbpf_num_possible_cpus(), cpu;
	uint64_t *counts = cpus > 0 ? calloc((size_t)cpus, sizeof(*counts)) : NULL;
	uint32_t i, key;

	memset(ret, 0, FL_GUARD_MAX * sizeof(*ret));
	for (i = 0; counts && i < FL_GUARD_MAX; i++) {
		key = FL_STAT_SPARED + i;
		if (bpf_map_lookup_elem(bpf_map__fd(engine_maps(e)->maps.stats), &key, counts))
			continue;
		for (cpu = 0; cpu < cpus; cpu++)
			ret[i] += counts[cpu];
	}
	free(counts);
}

void engine_fq_stats(const struct engine *e, uint64_t *ret_dropped, uint32_t *ret_gone)
{
	uint32_t i;
	int old;

	*ret_dropped = 0;
	*ret_gone = 0;
	for (i = 0; i < e->n_hooks; i++) {
		struct fq_state state = {};

		if (!e->hooks[i]->fq.ifindex || netns_enter(e->netns[e->hooks[i]->netns].fd, &old, NULL))
			continue;
		fq_state(e->hooks[i]->fq.ifindex, &state);
		netns_leave(old);
		*ret_dropped += state.dropped;
		*ret_gone += !state.there;
	}
}

void engine_hold_stats(const struct engine *e, struct hold_stats *ret)
{
	*ret = (struct hold_stats){};
	if (e->hold)
		hold_stats(e->hold, ret);
}

void engine_heartbeat(struct engine *e)
{
	struct fl_lease lease = { .alive_until_ns = clock_mono_ns() + FL_LEASE_NS };
	__u32 key = 0;

	bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.leases), &key, &lease, BPF_ANY);
}
