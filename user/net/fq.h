/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fq.h - an fq qdisc at the egress of an interface, which lets packets leave at the departure times
 * that BPF gives them (bpf/net/edt.bpf.h). Only in the place of the default qdisc; it is written ahead
 * into the journal. Sessions share it, the last one removes it.
 */
#ifndef FL_FQ_H
#define FL_FQ_H

#include <stdbool.h>
#include <stdint.h>

#include "session/journal.h"
#include "util/error.h"

/* fq keeps no departure that is further ahead; it is cut to this. */
#define FQ_HORIZON_NS 10000000000ull

struct fq_qdisc {
	uint64_t netns_inode;
	uint32_t ifindex; /* 0: none */
	char session[16];
	struct journal *journal;
	unsigned int entry;
};

/* Have it in the caller's namespace, @q->netns_inode; the caller fills all but entry. */
int fq_add(struct fq_qdisc *q, const char *ifname, struct fl_error *err);

/* Done with it. What waits in it is lost if we were the last. */
int fq_remove(struct fq_qdisc *q, struct fl_error *err);

struct fq_state {
	bool there;       /* the qdisc that we made is where we put it */
	uint32_t waiting; /* packets */
	uint32_t dropped;
};

/* In the caller's namespace. */
int fq_state(uint32_t ifindex, struct fq_state *ret);

#endif
