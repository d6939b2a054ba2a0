/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_sweep.bpf.h - what no packet tells: requests that get no answer although their connection
 * stays, and SYNs and DNS queries that go nowhere. User space runs it before it reads the rows.
 *
 * It also counts the flows in the tables: those that were made, have not ended and are not there are
 * the ones that an LRU table evicted.
 */
#ifndef FL_MEASURE_SWEEP_BPF_H
#define FL_MEASURE_SWEEP_BPF_H

#include "flow_table.bpf.h"

struct sweep {
	__u64 now_ns;
	__u64 idle_ns, dns_idle_ns, connect_idle_ns;
	__u64 alive;
};

static __always_inline bool sweep_is_idle(const struct sweep *w, const struct flow *f, __u64 idle_ns)
{
	__u64 asked_ns = flow_waiting(f) ? flow_asked(f, f->tail).ns : 0;
	__u64 last_ns = asked_ns > f->last_ns ? asked_ns : f->last_ns;

	/* A packet on another CPU may be newer than this run. */
	return w->now_ns > last_ns && w->now_ns - last_ns > idle_ns;
}

apart int sweep_flow(__u32 slot, __u32 end, struct sweep *w)
{
	struct flow *f = flow_at(slot, end);

	if (!f || !w)
		return 0;
	w->alive++;
	if (f->flags & FLOW_CONNECTING) {
		if (!(f->flags & FLOW_GIVEN_UP) && sweep_is_idle(w, f, w->connect_idle_ns)) {
			f->flags |= FLOW_GIVEN_UP;
			flow_note(f, w->now_ns, FLOW_UNANSWERED, 1);
		}
	} else if (flow_waiting(f) && sweep_is_idle(w, f, w->idle_ns)) {
		flow_note(f, w->now_ns, FLOW_UNANSWERED, flow_forget(f));
	}
	return 0;
}

static long sweep_set(void *map, const __u32 *number, struct flow_set *set, struct sweep *w)
{
	__u32 i;

	for (i = 0; i < 2 * FLOW_WAYS; i++)
		if (set->tags[i / 2] & 1 << (i & 1))
			sweep_flow(*number * FLOW_WAYS + i / 2, i & 1, w);
	return 0;
}

static long sweep_query(void *map, const void *key, struct flow *f, struct sweep *w)
{
	w->alive++;
	if (!sweep_is_idle(w, f, w->dns_idle_ns))
		return 0;
	if (flow_waiting(f))
		flow_note(f, w->now_ns, FLOW_UNANSWERED, flow_forget(f));
	if (!bpf_map_delete_elem(map, key)) {
		loss_count(FL_MEASURE_FLOWS_ENDED, 1);
		w->alive--;
	}
	return 0;
}

static __always_inline int sweep_all(struct fl_sweep *args)
{
	struct sweep w = {
		.now_ns = bpf_ktime_get_ns(),
		.idle_ns = args->idle_ns,
		.dns_idle_ns = args->dns_idle_ns,
		.connect_idle_ns = args->connect_idle_ns,
	};

	bpf_for_each_map_elem(&flow_sets, sweep_set, &w, 0);
	bpf_for_each_map_elem(&queries, sweep_query, &w, 0);
	args->alive = w.alive;
	return 0;
}

#endif
