// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_hook.c - hooks: an interface and a direction, with the program on it, the peer table it
 * looks things up in, and the delay line behind it.
 *
 * Map writes are ordered so that a packet finds a complete rule set at every moment: a narrower
 * prefix is written before its length is announced in `hooks`, and announced away before it is
 * deleted. A rule that is being added or removed is disabled meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/engine_impl.h"
#include "net/tcx.h"
#include "os/netns.h"
#include "util/clock.h"
#include "util/text/text.h"

/* --- programs on interfaces ---------------------------------------------------------------- */

static uint32_t generation_offset(const struct net_bpf *programs)
{
	return (uint32_t)((const char *)&programs->rodata->generation - (const char *)programs->rodata);
}

static int attach_tcx(struct engine *e, struct engine_attachment *a, struct bpf_program *prog)
{
	a->link = tcx_attach(a->filter.ifindex, a->filter.egress, bpf_program__fd(prog), e->session->generation,
			     generation_offset(engine_maps(e)));
	return a->link >= 0 ? 0 : a->link;
}

/* A filter runs behind all of tcx: no newer session may be there. @journal: see attach_here(). */
static int attach_clsact(struct engine *e, struct engine_attachment *a, struct bpf_program *prog, const char *ifname,
			 struct journal *journal, struct fl_error *err)
{
	uint32_t generation = e->session->generation;
	struct clsact_filter *f = &a->filter;

	a->link = -1;
	if (tcx_has_newer(f->ifindex, f->egress, generation, generation_offset(engine_maps(e)))) {
		error_env(err, EBUSY,
			  "attach to %s by a clsact filter: a newer session is there by tcx "
			  "and would come first",
			  ifname);
		error_hint(err, "stop the other session, or unset FAULTLINE_ATTACH");
		return -EBUSY;
	}
	f->prio = CLSACT_FIRST + generation;
	f->journal = journal;
	return clsact_attach(f, ifname, bpf_program__fd(prog), err);
}

/* In the namespace. @journal NULL: the interface goes with this process. */
static int attach_here(struct engine *e, struct engine_attachment *a, struct bpf_program *prog, const char *ifname,
		       struct journal *journal, struct fl_error *err)
{
	struct clsact_filter *f = &a->filter;
	int r;

	if (e->attach != ATTACH_CLSACT && !clsact_has_older(f->ifindex, f->egress, e->session->generation)) {
		r = attach_tcx(e, a, prog);
		if (!r)
			e->attach = ATTACH_TCX;
		/* -EINVAL is how a kernel without tcx says so; with tcx it means something else. */
		if (!r || r != -EINVAL || e->attach == ATTACH_TCX)
			return r ? error_env(err, -r, "attach to %s: %s", ifname, strerror(-r)) : 0;
		e->attach = ATTACH_CLSACT;
	}
	return attach_clsact(e, a, prog, ifname, journal, err);
}

static int attach(struct engine *e, struct engine_attachment *a, uint32_t netns, uint32_t ifindex, bool egress,
		  struct bpf_program *prog, const char *ifname, struct journal *journal, struct fl_error *err)
{
	int old, r;

	*a = (struct engine_attachment){
		.link = -1,
		.filter = { .netns_inode = e->netns[netns].inode, .ifindex = ifindex, .egress = egress },
	};
	r = netns_enter(e->netns[netns].fd, &old, err);
	if (!r) {
		r = attach_here(e, a, prog, ifname, journal, err);
		netns_leave(old);
	}
	if (r)
		a->filter.ifindex = 0;
	return r;
}

static int detach(struct engine_attachment *a, struct fl_error *err)
{
	int r = 0;

	if (!a->filter.ifindex)
		return 0;
	if (a->link >= 0)
		close(a->link);
	else
		r = clsact_detach(&a->filter, err);
	*a = (struct engine_attachment){ .link = -1 };
	return r;
}

/* --- the maps ------------------------------------------------------------------------------ */

static int map_error(int r, const char *what, const struct engine_hook *hook, struct fl_error *err)
{
	if (r == -E2BIG)
		return error_env(err, E2BIG, "%s of %s: the map is full", what, hook->ifname);
	return error_sys(err, -r, "%s of %s: %s", what, hook->ifname, strerror(-r));
}

static struct fl_hook_key hook_key(const struct engine_hook *hook)
{
	return (struct fl_hook_key){
		.netns = (__u16)hook->netns,
		.direction = (__u16)hook->direction,
		.ifindex = hook->ifindex,
	};
}

static int write_hook(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	struct fl_hook_key key = hook_key(hook);
	struct fl_hook value = { .hold_ifindex = hook->line.ifindex, .loopback = hook->loopback };
	int r;

	value.n_lens = (__u8)peers_lens(&hook->peers, value.lens);
	r = bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.hooks), &key, &value, BPF_ANY);
	return r ? map_error(r, "hook", hook, err) : 0;
}

static struct fl_peer_key peer_key(const struct engine_hook *hook, const struct peer_entry *p)
{
	struct fl_peer_key key = {
		.netns = (__u16)hook->netns,
		.ifindex = hook->ifindex,
		.direction = (__u8)hook->direction,
		.prefix_len = p->prefix_len,
	};

	memcpy(key.addr, &p->addr, sizeof(key.addr));
	return key;
}

static int write_peers(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	int fd = bpf_map__fd(engine_maps(e)->maps.peers), r;
	uint32_t i;

	for (i = 0; i < hook->peers.n; i++) {
		struct peer_entry *p = &hook->peers.entries[i];
		struct fl_peer_key key = peer_key(hook, p);

		if (!p->dirty || !p->n_own)
			continue;
		r = bpf_map_update_elem(fd, &key, &p->set, BPF_ANY);
		if (r)
			return map_error(r, "peer table", hook, err);
		p->dirty = false;
	}
	return 0;
}

static void delete_peers(struct engine *e, struct engine_hook *hook)
{
	uint32_t i;

	for (i = 0; i < hook->peers.n; i++) {
		struct fl_peer_key key = peer_key(hook, &hook->peers.entries[i]);

		if (!hook->peers.entries[i].n_own)
			bpf_map_delete_elem(bpf_map__fd(engine_maps(e)->maps.peers), &key);
	}
	peers_compact(&hook->peers);
}

/* --- delay lines --------------------------------------------------------------------------- */

int engine_hook_hold(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	const struct engine_netns *netns = &e->netns[hook->netns];
	struct engine_line *line = &hook->line;
	struct fl_line value = { hook->ifindex, hook->direction };
	struct fl_line_key key = { .netns = hook->netns };
	char ifname[16];
	int r;

	if (line->ifindex)
		return 0;
	r = e->hold ? 0 : hold_start(HOLD_MEMORY_DEFAULT, &e->hold, err);
	if (r)
		return r;
	snprintf(ifname, sizeof(ifname), "flh%.6s%u", e->session->name, e->n_taps++ % 100000);
	r = hold_line_add(e->hold, netns->fd, ifname, &line->hold, &key.tap_ifindex, err);
	if (r)
		return r;
	r = bpf_map_update_elem(bpf_map__fd(engine_maps(e)->maps.lines), &key, &value, BPF_ANY);
	if (r)
		r = map_error(r, "delay line", hook, err);
	else
		r = attach(e, &line->attachment, hook->netns, key.tap_ifindex, false,
			   netns->side == TARGET_SIDE_LOOPBACK ? netns->programs->progs.fl_lo_return
							       : netns->programs->progs.fl_return,
			   ifname, NULL, err);
	line->ifindex = key.tap_ifindex;
	if (!r)
		r = write_hook(e, hook, err);
	if (r)
		engine_hook_release(e, hook);
	return r;
}

void engine_hook_release(struct engine *e, struct engine_hook *hook)
{
	struct fl_line_key key = { .netns = hook->netns, .tap_ifindex = hook->line.ifindex };
	struct timespec in_flight = { .tv_nsec = NS_PER_MSEC };
	struct engine_line line = hook->line;

	if (!line.ifindex)
		return;
	hook->line = (struct engine_line){};
	write_hook(e, hook, NULL);
	/* A packet that read the old value may be on its way into the TAP: softirqs are short. */
	nanosleep(&in_flight, NULL);
	hold_line_remove(e->hold, line.hold);
	detach(&line.attachment, NULL);
	bpf_map_delete_elem(bpf_map__fd(engine_maps(e)->maps.lines), &key);
}

/* --- departure times ----------------------------------------------------------------------- */

int engine_hook_fq(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	int old, r;

	if (hook->fq.ifindex)
		return 0;
	if (e->netns[hook->netns].side == TARGET_SIDE_HOST)
		return error_usage(err,
				   "backend edt on %s: not at an interface that others use as well; "
				   "hold works there",
				   hook->ifname);
	if (hook->direction != FL_DIR_TO)
		return error_sys(err, EINVAL, "edt on %s: there is no qdisc at ingress", hook->ifname);
	hook->fq = (struct fq_qdisc){
		.netns_inode = e->netns[hook->netns].inode,
		.ifindex = hook->ifindex,
		.journal = e->session->journal,
	};
	text_copy(hook->fq.session, sizeof(hook->fq.session), e->session->name);
	r = netns_enter(e->netns[hook->netns].fd, &old, err);
	if (!r) {
		r = fq_add(&hook->fq, hook->ifname, err);
		netns_leave(old);
	}
	if (r)
		hook->fq.ifindex = 0;
	return r;
}

int engine_hook_release_fq(struct engine_hook *hook, struct fl_error *err)
{
	int r = hook->fq.ifindex ? fq_remove(&hook->fq, err) : 0;

	hook->fq.ifindex = 0;
	return r;
}

/* --- hooks --------------------------------------------------------------------------------- */

/* Neither a delay line of ours nor anything else that starts like one may become a target. */
static int refuse_own(const struct target_veth *veth, struct fl_error *err)
{
	if (strncmp(veth->ifname, "flh", 3))
		return 0;
	return error_usage(err, "%s is a delay line of faultline itself", veth->ifname);
}

/*
 * What one of two programs of a session has held, the other would take for held by itself. So an interface
 * is either that of a target or one that targets share.
 */
static int refuse_both(const struct engine *e, const struct engine_hook *hook, uint32_t netns,
		       const struct target_veth *veth, struct fl_error *err)
{
	const struct engine_netns *a = &e->netns[hook->netns], *b = &e->netns[netns];

	if (hook->ifindex != veth->ifindex || a->inode != b->inode || a->side == b->side)
		return 0;
	error_usage(err, "%s leads to one target, and another one uses it as an interface of the host", veth->ifname);
	error_hint(err, "inject the two faults by two commands");
	return -EBUSY;
}

int engine_hook_get(struct engine *e, const struct target_veth *veth, enum fl_direction direction,
		    struct engine_hook **ret, struct fl_error *err)
{
	struct engine_hook *hook;
	uint32_t netns, i;
	int r = refuse_own(veth, err);

	if (!r)
		r = engine_netns_get(e, veth->netns_fd, veth->side, &netns, err);
	for (i = 0; !r && i < e->n_hooks; i++) {
		hook = e->hooks[i];
		if (hook->netns == netns && hook->ifindex == veth->ifindex && hook->direction == direction) {
			*ret = hook;
			return 0;
		}
		r = refuse_both(e, hook, netns, veth, err);
	}
	if (r)
		return r;
	if (e->n_hooks == ENGINE_MAX_HOOKS)
		return error_env(err, ENOSPC, "faults on more than %d interfaces and directions", ENGINE_MAX_HOOKS);
	hook = calloc(1, sizeof(*hook));
	if (!hook)
		return error_sys(err, ENOMEM, "hook: out of memory");
	hook->netns = netns;
	hook->ifindex = veth->ifindex;
	hook->direction = direction;
	hook->peers.kinds = e->kinds;
	hook->attachment.link = -1;
	text_copy(hook->ifname, sizeof(hook->ifname), veth->ifname);
	e->hooks[e->n_hooks++] = hook;
	*ret = hook;
	return 0;
}

/* On which side of its interface the hook is. */
static bool is_egress(const struct engine *e, const struct engine_hook *hook)
{
	return (hook->direction == FL_DIR_TO) != (e->netns[hook->netns].side == TARGET_SIDE_HOST);
}

static struct bpf_program *hook_program(const struct engine *e, const struct engine_hook *hook)
{
	const struct engine_netns *netns = &e->netns[hook->netns];

	if (netns->side == TARGET_SIDE_LOOPBACK)
		return netns->programs->progs.fl_loopback;
	return is_egress(e, hook) ? netns->programs->progs.fl_egress : netns->programs->progs.fl_ingress;
}

static int attach_hook(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	if (hook->attachment.filter.ifindex)
		return 0;
	return attach(e, &hook->attachment, hook->netns, hook->ifindex, is_egress(e, hook), hook_program(e, hook),
		      hook->ifname, e->session->journal, err);
}

int engine_hook_loopback(struct engine *e, const struct target_veth *veth, enum fl_direction direction, uint64_t inode,
			 struct fl_error *err)
{
	int netns = engine_netns_find(e, veth->netns_inode, TARGET_SIDE_VETH);
	int loopback = engine_netns_find(e, inode, TARGET_SIDE_LOOPBACK);
	uint32_t i;

	for (i = 0; loopback >= 0 && i < e->n_hooks; i++) {
		struct engine_hook *hook = e->hooks[i];

		if ((int)hook->netns != netns || hook->ifindex != veth->ifindex || hook->direction != direction)
			continue;
		hook->loopback = (uint16_t)(loopback + 1);
		return write_hook(e, hook, err);
	}
	return 0;
}

int engine_hook_sync(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	int r = write_peers(e, hook, err);

	if (!r)
		r = write_hook(e, hook, err);
	if (r)
		return r;
	delete_peers(e, hook);
	return attach_hook(e, hook, err);
}

int engine_hook_drop(struct engine *e, struct engine_hook *hook, struct fl_error *err)
{
	struct fl_hook_key key = hook_key(hook);
	uint32_t i;
	int r, r2;

	/* What comes back from the delay line must still meet the program that takes its mark off. */
	engine_hook_release(e, hook);
	r = detach(&hook->attachment, err);
	r2 = engine_hook_release_fq(hook, err);
	r = r ? r : r2;
	bpf_map_delete_elem(bpf_map__fd(engine_maps(e)->maps.hooks), &key);
	delete_peers(e, hook);
	peers_free(&hook->peers);
	for (i = 0; i < e->n_hooks; i++)
		if (e->hooks[i] == hook) {
			e->hooks[i] = e->hooks[--e->n_hooks];
			break;
		}
	free(hook);
	return r;
}
