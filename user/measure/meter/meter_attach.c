// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter_attach.c - the measuring programs on veths: from the container before everything else, to it
 * behind everything else, also behind the programs of sessions that begin later. By tcx links, which end
 * with this process; where the kernel has none (before 6.6), by clsact filters.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/abi/abi.h"
#include "session/guardian.h"
#include "os/netns.h"
#include "net/tcx.h"
#include "measure/meter/meter_impl.h"
#include "util/clock.h"

#define FOREVER_NS (100ull * 365 * 86400 * NS_PER_SEC)

static bool is_at(const struct meter_hook *h, const struct target_veth *v)
{
	return h->netns_inode == v->netns_inode && h->ifindex == v->ifindex;
}

static void detach(struct meter_hook *h)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (h->links[i] >= 0)
			close(h->links[i]);
		else if (h->filters[i].ifindex)
			clsact_detach(&h->filters[i], NULL);
	}
}

/*
 * A filter outlives its process, so a guardian must stand by that takes it off: a session of our own,
 * which nobody else's end touches. We give no sign of life, since we have no loop.
 */
static int need_session(struct meter *m, struct fl_error *err)
{
	int r = m->session ? 0 : session_begin(METER_PURPOSE, &m->session, err);

	if (!r)
		guardian_beat(m->session->guardian, FOREVER_NS);
	return r;
}

/* In the namespace. The outermost preferences: those of sessions lie between (engine_hook.c). */
static int attach_clsact(struct meter *m, struct meter_hook *h, bool egress, int prog_fd, const char *ifname,
			 struct fl_error *err)
{
	struct clsact_filter *f = &h->filters[egress];
	int r = need_session(m, err);

	if (r)
		return r;
	*f = (struct clsact_filter){
		.netns_inode = h->netns_inode,
		.ifindex = h->ifindex,
		.egress = egress,
		.prio = egress ? CLSACT_LAST : CLSACT_FIRST,
		.journal = m->session->journal,
	};
	r = clsact_attach(f, ifname, prog_fd, err);
	if (r)
		f->ifindex = 0;
	return r;
}

/*
 * All of tcx runs before clsact: to stay behind a session's filter on the way to the container, we
 * must be a filter as well. FAULTLINE_ATTACH: as the engine has it.
 */
static bool may_use_tcx(const struct meter_hook *h, bool egress)
{
	const char *forced = getenv("FAULTLINE_ATTACH");

	return !(forced && !strcmp(forced, "clsact")) &&
	       !(egress && clsact_has_older(h->ifindex, true, FL_MAX_GENERATION));
}

/* In the namespace. */
static int attach_here(struct meter *m, struct meter_hook *h, const char *ifname, struct fl_error *err)
{
	const struct bpf_program *programs[] = { m->skel->progs.fl_measure_from, m->skel->progs.fl_measure_to };
	int i, r;

	for (i = 0; i < 2; i++) {
		int fd = bpf_program__fd(programs[i]);

		r = may_use_tcx(h, i == 1) ? tcx_attach_outer(h->ifindex, i == 1, fd) : -EINVAL;
		/* -EINVAL is how a kernel without tcx says so. */
		if (r == -EINVAL)
			r = attach_clsact(m, h, i == 1, fd, ifname, err);
		else if (r >= 0)
			h->links[i] = r;
		else
			error_env(err, -r, "measure on %s: %s", ifname, strerror(-r));
		if (r < 0)
			return r;
	}
	return 0;
}

static int attach(struct meter *m, uint32_t service, const struct target_veth *v, struct fl_error *err)
{
	struct meter_hook h = {
		.service = service,
		.netns_inode = v->netns_inode,
		.ifindex = v->ifindex,
		.links = { -1, -1 },
	};
	int old, r;

	if (m->n_hooks == m->room) {
		uint32_t room = m->room ? 2 * m->room : 16;
		void *more = realloc(m->hooks, room * sizeof(*m->hooks));

		if (!more)
			return error_sys(err, ENOMEM, "meter: out of memory");
		m->hooks = more;
		m->room = room;
	}
	r = netns_enter(v->netns_fd, &old, err);
	if (r)
		return r;
	r = attach_here(m, &h, v->ifname, err);
	netns_leave(old);
	if (r)
		detach(&h);
	else
		m->hooks[m->n_hooks++] = h;
	return r;
}

/* The kernel's list of the veths of services: whether @ifindex is one of the service's. */
static int set_place(struct meter *m, uint32_t service, uint32_t ifindex, bool on, struct fl_error *err)
{
	struct fl_place place = { service, ifindex };
	int fd = bpf_map__fd(m->skel->maps.places), r;
	uint8_t yes = 1;

	r = on ? bpf_map_update_elem(fd, &place, &yes, BPF_ANY) : bpf_map_delete_elem(fd, &place);
	return r && on ? error_sys(err, -r, "measure %s: %s", m->services[service].name, strerror(-r)) : 0;
}

/* What was there for the service, and is its veth no more. */
static void detach_old(struct meter *m, uint32_t service, const struct target *t)
{
	uint32_t i, k;

	for (i = 0; i < m->n_hooks;) {
		struct meter_hook *h = &m->hooks[i];

		for (k = 0; k < t->n_veths && !is_at(h, &t->veths[k]); k++)
			;
		if (h->service != service || k < t->n_veths) {
			i++;
			continue;
		}
		detach(h);
		set_place(m, service, h->ifindex, false, NULL);
		*h = m->hooks[--m->n_hooks];
	}
}

int meter_attach(struct meter *m, uint32_t service, const struct target *t, struct fl_error *err)
{
	uint32_t i, k;
	int r;

	detach_old(m, service, t);
	for (i = 0; i < t->n_veths; i++) {
		r = set_place(m, service, t->veths[i].ifindex, true, err);
		if (r)
			return r;
		for (k = 0; k < m->n_hooks && !is_at(&m->hooks[k], &t->veths[i]); k++)
			;
		if (k < m->n_hooks)
			continue;
		r = attach(m, service, &t->veths[i], err);
		if (r)
			return r;
	}
	return 0;
}

void meter_detach_all(struct meter *m)
{
	uint32_t i;

	for (i = 0; i < m->n_hooks; i++)
		detach(&m->hooks[i]);
	m->n_hooks = 0;
}
