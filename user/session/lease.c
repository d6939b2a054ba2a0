// SPDX-License-Identifier: GPL-2.0-only
/* lease.c - see lease.h and session.h */
#include <bpf/bpf.h>
#include <errno.h>

#include "bpf/abi/abi.h"
#include "session/lease.h"
#include "session/session.h"
#include "util/clock.h"

int lease_refresh(int map_fd)
{
	struct fl_lease lease = { .alive_until_ns = clock_mono_ns() + FL_LEASE_NS };
	uint32_t zero = 0;

	return bpf_map_update_elem(map_fd, &zero, &lease, BPF_ANY) ? -errno : 0;
}

void lease_refresh_all(struct session *s)
{
	unsigned int i;

	if (s->engine)
		s->engine_heartbeat(s->engine);
	/* Whoever holds it does the same, or is quick: the next beat is soon enough. */
	if (pthread_mutex_trylock(&s->lease_lock))
		return;
	for (i = 0; i < s->n_leases; i++)
		lease_refresh(s->leases[i]);
	pthread_mutex_unlock(&s->lease_lock);
}

int session_add_lease(struct session *s, int map_fd, struct fl_error *err)
{
	int r;

	if (s->n_leases == SESSION_MAX_LEASES)
		return error_usage(err, "more than %d faults with a lease of their own", SESSION_MAX_LEASES);
	r = lease_refresh(map_fd);
	if (r)
		return error_sys(err, -r, "lease: cannot write its map");
	pthread_mutex_lock(&s->lease_lock);
	s->leases[s->n_leases++] = map_fd;
	pthread_mutex_unlock(&s->lease_lock);
	return 0;
}

void session_forget_lease(struct session *s, int map_fd)
{
	unsigned int i;

	pthread_mutex_lock(&s->lease_lock);
	for (i = 0; i < s->n_leases && s->leases[i] != map_fd; i++)
		;
	if (i < s->n_leases)
		s->leases[i] = s->leases[--s->n_leases];
	pthread_mutex_unlock(&s->lease_lock);
}
