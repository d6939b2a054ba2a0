/* SPDX-License-Identifier: GPL-2.0-only */
/* engine_impl.h - what the engine is made of. For engine.c, engine_load.c and engine_hook.c. */
#ifndef FL_ENGINE_IMPL_H
#define FL_ENGINE_IMPL_H

#include "bpf/abi/abi.h" /* the next one needs it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* the code bpftool generates */
#include "bpf/net.skel.h"
#include "bpf/net_plain.skel.h"
#pragma GCC diagnostic pop
#include "net/clsact.h"
#include "net/engine.h"
#include "net/fq.h"
#include "net/hold/hold.h"
#include "net/peers.h"

#define ENGINE_MAX_NAMESPACES 128
#define ENGINE_MAX_HOOKS      256 /* entries of the maps `hooks` and `lines` */

/* The programs as loaded for one kind of interface in one network namespace; its index is the number the kernel
 * side knows. */
struct engine_netns {
	uint64_t inode;
	int fd;
	enum target_side side;
	struct net_bpf *programs;
};

/* A program on an interface, one way or the other. */
struct engine_attachment {
	int link;                    /* tcx: the link's descriptor; -1 */
	struct clsact_filter filter; /* otherwise; ifindex 0: not attached */
};

/* The delay line of a hook; ifindex 0: none. */
struct engine_line {
	struct hold_line *hold;
	uint32_t ifindex; /* of the TAP */
	struct engine_attachment attachment;
};

struct engine_hook {
	uint32_t netns; /* index in engine.netns */
	uint32_t ifindex;
	char ifname[16];
	enum fl_direction direction;
	uint16_t loopback; /* fl_hook.loopback */
	struct peer_table peers;
	struct engine_attachment attachment;
	struct engine_line line;
	struct fq_qdisc fq;
};

/* Where the packets of a rule wait. */
enum engine_wait { WAIT_NOWHERE, WAIT_HOLD, WAIT_FQ };

enum engine_attach { ATTACH_UNKNOWN, ATTACH_TCX, ATTACH_CLSACT };

struct engine {
	struct session *session;
	enum engine_attach attach;
	uint32_t max_rules;
	uint8_t *kinds; /* by rule index; FL_KIND_NULL: free */
	uint8_t *waits; /* by rule index: enum engine_wait */
	uint32_t n_netns;
	struct engine_netns netns[ENGINE_MAX_NAMESPACES]; /* the first one's maps are everybody's */
	uint32_t n_hooks;
	struct engine_hook *hooks[ENGINE_MAX_HOOKS];
	struct hold *hold; /* NULL until the first delay line */
	uint32_t n_taps;   /* ever made: numbers their names */
};

static inline struct net_bpf *engine_maps(const struct engine *e)
{
	return e->netns[0].programs;
}

/* engine_load.c: find or load the programs for the namespace @netns_fd; *ret is its index. */
int engine_netns_get(struct engine *e, int netns_fd, enum target_side side, uint32_t *ret, struct fl_error *err);
/* Its index when it is loaded already, or -1. */
int engine_netns_find(const struct engine *e, uint64_t inode, enum target_side side);
void engine_netns_free(struct engine_netns *n);
/* Open, load and pin the first object, fill tables and lease. */
int engine_load_first(struct engine *e, struct fl_error *err);

/* engine_hook.c */
int engine_hook_get(struct engine *e, const struct target_veth *veth, enum fl_direction direction,
		    struct engine_hook **ret, struct fl_error *err);
/* Have a delay line there. */
int engine_hook_hold(struct engine *e, struct engine_hook *hook, struct fl_error *err);
/* Have an fq qdisc there. */
int engine_hook_fq(struct engine *e, struct engine_hook *hook, struct fl_error *err);
/* Write to the maps what has changed in the hook's peer table; attach it when it is not. */
int engine_hook_sync(struct engine *e, struct engine_hook *hook, struct fl_error *err);
/* Remove a hook that has no rule any more. */
int engine_hook_drop(struct engine *e, struct engine_hook *hook, struct fl_error *err);
/* No rule there needs its delay line any more: give back what waits, remove the TAP. */
void engine_hook_release(struct engine *e, struct engine_hook *hook);
/* No rule there needs the fq qdisc any more. */
int engine_hook_release_fq(struct engine_hook *hook, struct fl_error *err);

#endif
