/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clsact.h - attach a program to an interface by a filter on its clsact qdisc: what kernels before
 * tcx (6.6) offer. A filter outlives its process, so it is written ahead into the journal. Its
 * preference grows with the session's generation, which is the order in which sessions see a packet.
 */
#ifndef FL_CLSACT_H
#define FL_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

#include "session/journal.h"
#include "util/error.h"

/* The preferences of the measuring programs; a session's lies between: its generation + CLSACT_FIRST. */
#define CLSACT_FIRST 1u
#define CLSACT_LAST  0xffffu

struct clsact_filter {
	uint64_t netns_inode;
	uint32_t ifindex;
	bool egress;
	uint32_t prio, handle;
	uint8_t tag[8];          /* of the program: is it still ours? */
	struct journal *journal; /* NULL: the interface goes with its process, nothing to journal */
	unsigned int entry;
};

/*
 * Is there a filter of a session older than @generation? All of tcx runs before clsact, so who wants
 * to stay behind it must be a filter as well. In the caller's namespace.
 */
bool clsact_has_older(uint32_t ifindex, bool egress, uint32_t generation);

/* Attach in the caller's namespace, @f->netns_inode; the caller fills all but handle, tag, entry. */
int clsact_attach(struct clsact_filter *f, const char *ifname, int prog_fd, struct fl_error *err);

/* Take the filter off, and the clsact qdisc with it if faultline made it and it is empty now. */
int clsact_detach(struct clsact_filter *f, struct fl_error *err);

#endif
