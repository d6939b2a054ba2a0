/* SPDX-License-Identifier: GPL-2.0-only */
/* meter_impl.h - what a meter is made of. For meter.c, meter_attach.c and meter_read.c. */
#ifndef FL_METER_IMPL_H
#define FL_METER_IMPL_H

#include <bpf/libbpf.h>

#include "bpf/measure.skel.h"
#include "net/clsact.h"
#include "session/session.h"
#include "measure/meter/meter.h"

/* The programs on one veth. */
struct meter_hook {
	uint32_t service;
	uint64_t netns_inode;
	uint32_t ifindex;
	int links[2];                    /* tcx, from and to the container; -1 */
	struct clsact_filter filters[2]; /* otherwise; ifindex 0: not attached */
};

struct meter_service {
	char name[128];
	uint32_t n_addrs;
	struct in6_addr addrs[TARGET_MAX_ADDRS];
};

struct meter {
	struct measure_bpf *skel;
	uint32_t n_services, max_services; /* with number 0, "outside" */
	struct meter_service *services;
	struct meter_paths paths;
	uint32_t n_hooks, room;
	struct meter_hook *hooks;
	struct session *session;  /* for clsact filters; NULL where there are none */
	struct ring_buffer *ring; /* NULL until somebody watches */
	uint64_t flows_evicted;   /* so far, as far as it is known */
	uint64_t sweep_ns;        /* not before that time again */
	meter_callback callback;  /* while meter_poll() runs */
	void *callback_ctx;
};

/*
 * Room for @n connections, or somewhat fewer (flow_table.bpf.h has a power of two of sets; 32 at least), and a seed
 * for their table. Before @skel is loaded.
 */
void meter_set_connections(struct measure_bpf *skel, uint32_t n);

/*
 * With FAULTLINE_HTTP_READER=bytes in the environment every head of HTTP goes through the byte-wise parser, the
 * simplest of the three readers (docs/architecture.md). Before @skel is loaded.
 */
void meter_set_reader(struct measure_bpf *skel);

/* meter_attach.c: have the programs on the veths of @t and nowhere else where they were for it. */
int meter_attach(struct meter *m, uint32_t service, const struct target *t, struct fl_error *err);
void meter_detach_all(struct meter *m);

#endif
