// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_hooks.c - the interfaces that a network fault is on, and how it goes to others when a target
 * was started anew or connected to another network. Rules stay as they are then, with their
 * counters, expiry and state; only where they are looked up changes.
 */
#include <errno.h>
#include <string.h>

#include "fault/net/net_hooks.h"
#include "os/netns.h"
#include "session/session.h"
#include "util/cleanup.h"

static int note_hook(struct net_fault *n, uint32_t rule, uint32_t target, const struct target_veth *veth,
		     enum fl_direction direction, struct fl_error *err)
{
	struct net_hook *grown = reallocarray(n->hooks, n->n_hooks + 1, sizeof(*grown));

	if (!grown)
		return error_sys(err, ENOMEM, "network fault: out of memory");
	n->hooks = grown;
	n->hooks[n->n_hooks++] = (struct net_hook){
		.rule = rule,
		.target = target,
		.veth = *veth,
		.direction = direction,
	};
	return 0;
}

static bool is_on(const struct net_hook *h, const struct target_veth *veth)
{
	return h->veth.ifindex == veth->ifindex && h->veth.netns_inode == veth->netns_inode &&
	       h->veth.side == veth->side;
}

/* The loopback of the target's own namespace, as if it were one of its interfaces on the host. */
static bool own_loopback(const struct fault *f, uint32_t target, struct target_veth *ret)
{
	const struct net_fault *n = f->priv;
	const struct target *t = &f->targets[target];

	if (!(n->flags & NET_LOOPBACK) || t->netns_fd < 0 || target_is_told_by_owner(t))
		return false;
	*ret = (struct target_veth){
		.ifindex = 1, /* LOOPBACK_IFINDEX, in every namespace */
		.ifname = "lo",
		.netns_inode = t->netns_inode,
		.netns_fd = t->netns_fd,
		.side = TARGET_SIDE_LOOPBACK,
	};
	return true;
}

static bool is_current(const struct fault *f, const struct net_hook *h)
{
	const struct target *t = &f->targets[h->target];
	struct target_veth lo;
	uint32_t i;

	if (own_loopback(f, h->target, &lo) && is_on(h, &lo))
		return true;
	for (i = 0; i < t->n_veths; i++)
		if (is_on(h, &t->veths[i]))
			return true;
	return false;
}

/* May a hook of @target at @veth have the rule that @h has? Where packets have to be told by their owner, a
 * rule is one target's. */
static bool shares_rule(const struct net_hook *h, uint32_t target, const struct target_veth *veth)
{
	return (h->veth.side == TARGET_SIDE_HOST) == (veth->side == TARGET_SIDE_HOST) &&
	       (veth->side != TARGET_SIDE_HOST || h->target == target);
}

/* The rule for a hook to come: the one that all share; else the one of a hook that the target has
 * left, or a new one. */
static int choose_rule(struct fault *f, uint32_t target, const struct target_veth *veth, enum fl_direction direction,
		       uint32_t *ret)
{
	struct net_fault *n = f->priv;
	bool per_hook = n->flags & NET_RULE_PER_HOOK;
	uint32_t i;

	if (n->has_shared && veth->side != TARGET_SIDE_HOST) {
		*ret = n->shared;
		return 0;
	}
	for (i = 0; i < n->n_hooks; i++)
		if (shares_rule(&n->hooks[i], target, veth) &&
		    (!per_hook || (n->hooks[i].target == target && n->hooks[i].direction == direction &&
				   !is_current(f, &n->hooks[i])))) {
			*ret = n->hooks[i].rule;
			return 0;
		}
	return -ENOENT;
}

/* The rule as it is for @target at @veth. */
static struct fl_rule rule_for(const struct target *t, const struct target_veth *veth, const struct fl_rule *rule)
{
	struct fl_rule ret = *rule;

	ret.cgroup_id = veth->side == TARGET_SIDE_HOST ? t->cgroup_id : 0;
	ret.cgroup_level = veth->side == TARGET_SIDE_HOST ? t->cgroup_level : 0;
	return ret;
}

static int add_hook(struct fault *f, uint32_t target, const struct target_veth *veth, enum fl_direction direction,
		    const struct fl_rule *rule, struct fl_error *err)
{
	struct fl_rule own = rule_for(&f->targets[target], veth, rule);
	struct net_fault *n = f->priv;
	uint32_t index;
	int r;

	if (!choose_rule(f, target, veth, direction, &index)) {
		r = engine_add_hook(f->session->engine, index, veth, direction, n->peers, n->n_peers, err);
		return r ? r : note_hook(n, index, target, veth, direction, err);
	}
	if (n->n_rules == ARRAY_SIZE(n->rules))
		return error_env(err, ENOSPC, "a fault on more than %zu interfaces and directions",
				 ARRAY_SIZE(n->rules));
	r = engine_add(f->session->engine, veth, direction, &own, n->peers, n->n_peers, &index, err);
	if (r)
		return r;
	n->rules[n->n_rules++] = index;
	if (veth->side != TARGET_SIDE_HOST && !(n->flags & NET_RULE_PER_HOOK)) {
		n->shared = index;
		n->has_shared = true;
	}
	return note_hook(n, index, target, veth, direction, err);
}

static bool has_hook(const struct net_fault *n, uint32_t target, const struct target_veth *veth,
		     enum fl_direction direction)
{
	uint32_t i;

	for (i = 0; i < n->n_hooks; i++)
		if (n->hooks[i].target == target && n->hooks[i].direction == direction && is_on(&n->hooks[i], veth))
			return true;
	return false;
}

static int add_veth(struct fault *f, uint32_t target, const struct target_veth *veth, const struct fl_rule *rule,
		    struct fl_error *err)
{
	const struct net_own *own = f->params.own;
	struct net_fault *n = f->priv;
	enum net_direction direction = n->flags & NET_BOTH_HOOKS ? NET_BOTH : own->direction;
	/* The target was resolved a while ago; routes may have changed. */
	int r = f->allow_host_interface ? 0 : target_refuse_uplink(veth, err);

	if (n->flags & NET_LOOPBACK && direction == NET_FROM)
		direction = NET_BOTH; /* to see who asks */
	if (!r && direction != NET_TO && !has_hook(n, target, veth, FL_DIR_FROM))
		r = add_hook(f, target, veth, FL_DIR_FROM, rule, err);
	if (!r && direction != NET_FROM && !has_hook(n, target, veth, FL_DIR_TO))
		r = add_hook(f, target, veth, FL_DIR_TO, rule, err);
	return r;
}

static int add_loopback(struct fault *f, uint32_t target, const struct fl_rule *rule, struct fl_error *err)
{
	struct target_veth lo;

	if (!own_loopback(f, target, &lo) || has_hook(f->priv, target, &lo, FL_DIR_TO))
		return 0;
	/* The host's own is everybody's. */
	if (netns_is_initial(lo.netns_inode))
		return 0;
	return add_hook(f, target, &lo, FL_DIR_TO, rule, err);
}

static int add_target(struct fault *f, uint32_t target, const struct fl_rule *rule, struct fl_error *err)
{
	const struct target *t = &f->targets[target];
	uint32_t i;
	int r = add_loopback(f, target, rule, err);

	for (i = 0; i < t->n_veths && !r; i++)
		r = add_veth(f, target, &t->veths[i], rule, err);
	for (i = 0; i < 2 * t->n_veths && !r; i++)
		r = engine_hook_loopback(f->session->engine, &t->veths[i / 2], i % 2 ? FL_DIR_TO : FL_DIR_FROM,
					 t->netns_inode, err);
	return r;
}

int net_hooks_arm(struct fault *f, const struct fl_rule *rule, struct fl_error *err)
{
	const struct net_fault *n = f->priv;
	uint32_t i;
	int r = 0;

	for (i = 0; i < f->n_targets && !r; i++)
		r = add_target(f, i, rule, err);
	if (!r && !n->n_rules)
		r = error_env(err, ENODEV, "%s: no target has a network interface", f->ops->name);
	return r;
}

/* A container that was started anew has another cgroup: its rules at the host's interfaces go to that one. */
static int follow_cgroup(struct fault *f, uint32_t target, struct fl_error *err)
{
	const struct target *t = &f->targets[target];
	struct net_fault *n = f->priv;
	struct fl_rule rule;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < n->n_hooks; i++) {
		const struct net_hook *h = &n->hooks[i];

		if (h->target != target || h->veth.side != TARGET_SIDE_HOST || !t->cgroup_id)
			continue;
		r = engine_get_rule(f->session->engine, h->rule, &rule, err);
		if (r || rule.cgroup_id == t->cgroup_id)
			continue;
		rule = rule_for(t, &h->veth, &rule);
		r = engine_set(f->session->engine, h->rule, &rule, err);
	}
	return r;
}

int net_moved(struct fault *f, uint32_t target, struct fl_error *err)
{
	struct net_fault *n = f->priv;
	struct engine *e = f->session->engine;
	struct fl_rule rule;
	uint32_t i = n->n_hooks;
	int r = engine_get_rule(e, n->rules[0], &rule, err), r2;

	/* First where it is now: the traffic there waits for nobody. */
	if (!r)
		r = follow_cgroup(f, target, err);
	if (!r)
		r = add_target(f, target, &rule, err);
	while (i--) {
		const struct net_hook h = n->hooks[i];

		if (h.target != target || is_current(f, &h))
			continue;
		r2 = engine_remove_hook(e, h.rule, &h.veth, h.direction, err);
		r = r ? r : r2;
		n->hooks[i] = n->hooks[--n->n_hooks];
	}
	/* A new interface that cannot be reached is no reason to let go of those that can. */
	return r ? r : target_check_veths(&f->targets[target], err);
}
