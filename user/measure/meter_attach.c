// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter_attach.c - the measuring programs on veths: from the container before everything else, to it
 * behind everything else, also behind the programs of sessions that begin later (kern/tcx.h).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kern/netns.h"
#include "kern/tcx.h"
#include "measure/meter_impl.h"

static bool is_at(const struct meter_hook *h, const struct target_veth *v)
{
	return h->netns_inode == v->netns_inode && h->ifindex == v->ifindex;
}

static void detach(struct meter_hook *h)
{
	int i;

	for (i = 0; i < 2; i++)
		if (h->links[i] >= 0)
			close(h->links[i]);
}

/* In the namespace. */
static int attach_here(struct meter *m, struct meter_hook *h, const char *ifname,
		       struct fl_error *err)
{
	const struct bpf_program *programs[] = { m->skel->progs.fl_measure_from,
						 m->skel->progs.fl_measure_to };
	int i;

	for (i = 0; i < 2; i++) {
		h->links[i] = tcx_attach_outer(h->ifindex, i == 1, bpf_program__fd(programs[i]));
		if (h->links[i] == -EINVAL) {
			error_env(err, EOPNOTSUPP, "measure on %s: this kernel has no tcx", ifname);
			error_hint(err, "tcx came with Linux 6.6");
			return -EOPNOTSUPP;
		}
		if (h->links[i] < 0)
			return error_env(err, -h->links[i], "measure on %s: %s", ifname,
					 strerror(-h->links[i]));
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
		*h = m->hooks[--m->n_hooks];
	}
}

int meter_attach(struct meter *m, uint32_t service, const struct target *t, struct fl_error *err)
{
	uint32_t i, k;
	int r;

	detach_old(m, service, t);
	for (i = 0; i < t->n_veths; i++) {
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
