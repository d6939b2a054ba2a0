/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi_measure.h - the maps of the measuring programs (measure.bpf.c), beside abi.h.
 *
 * A measured service has a small number, given by user space (1..FL_MEASURE_SERVICES-1; 0 is
 * everything that is no measured service). Rows are per edge, vantage and protocol class, those of HTTP
 * requests also per method and path prefix; what is not of one request (connections, resets, bytes
 * of a connection that ends) is in the row without either.
 *
 *   map       type          key               value
 *   services  HASH          address (16 B)    __u32               which service has it
 *   places    HASH          struct fl_place   __u8                the veths that are its own
 *   edges     HASH          struct fl_edge    __u32               which row an edge has
 *   rows      PERCPU_ARRAY  0, 1, ...         struct fl_row       what happened on an edge
 *   paths     HASH          struct fl_edge    struct fl_path      rarer things, one for all CPUs
 *   watches   ARRAY         service           struct fl_watch     whose events are wanted
 *   prefixes  ARRAY         0..FL_PREFIXES-1  struct fl_prefix    prefixes that tell request paths apart
 *   events    RINGBUF       -                 struct fl_measure_event
 *   losses    PERCPU_ARRAY  enum fl_measure_stat  __u64           what could not be counted
 *   trials    ARRAY         service           struct fl_trial     whose flows are kept in groups
 *   instances HASH          struct fl_instance __u8               the group of an instance's flows
 */
#ifndef FL_ABI_MEASURE_H
#define FL_ABI_MEASURE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "bpf/abi/abi.h"

#define FL_MEASURE_SERVICES 256

/*
 * Buckets of a histogram of nanoseconds: 0..15 exact, then 16 a power of two up to 2^37 ns (137
 * s); the last bucket takes what is longer as well. Example: 50,000,000 ns lies between 2^25 and
 * 2^26; bucket (25 - 3) * 16 + (50,000,000 >> 21) - 16 = 359.
 */
#define FL_HIST_SUB_BITS 4
#define FL_HIST_BUCKETS  544

struct fl_hist {
	__u64 count;
	__u64 sum_ns;
	__u64 buckets[FL_HIST_BUCKETS];
};
_Static_assert(sizeof(struct fl_hist) == 16 + 8 * FL_HIST_BUCKETS, "fl_hist");

/* Which end's veth saw it. */
enum fl_vantage {
	FL_AS_SERVER = 0,
	FL_AS_CLIENT = 1,
};

/*
 * A veth (its host side) of a service. An address alone does not say who sent a packet: whoever has a raw
 * socket writes what they like there. So a packet is measured only at a veth of the service whose local
 * address it bears. (Interfaces in two network namespaces may share a number; those are not told apart.)
 */
struct fl_place {
	__u32 service;
	__u32 ifindex;
};
_Static_assert(sizeof(struct fl_place) == 8, "fl_place");

/* What is spoken: enum meter_protocol of user/measure/meter/meter.h. */
enum fl_spoken { FL_SPOKEN_HTTP = 0, FL_SPOKEN_DNS = 1, FL_SPOKEN_TURNS = 2, FL_SPOKEN_OPAQUE = 3, FL_SPOKEN_MAX };

struct fl_edge {
	__u16 client, server; /* services */
	__u8 vantage : 2;     /* enum fl_vantage */
	__u8 group : 6;       /* of a trial; 0: in none */
	__u8 spoken;          /* enum fl_spoken */
	__u8 method;          /* HTTP: enum fl_http_method (abi.h); 0: not of a request */
	__u8 path;            /* HTTP: 1 + number of its prefix; 0: none of them */
};
_Static_assert(sizeof(struct fl_edge) == 8, "fl_edge");

/*
 * A fault that touches a share of a service's flows is a randomised trial: who is touched is decided by a hash.
 * While a trial is on, what the flows that it is about do has rows of their own, by the same hash: FL_TRIAL_GROUPS
 * random groups of those that the share takes (the treated), and as many of the others (the controls). Several of each,
 * so that the differences between groups that were treated alike tell how far chance goes.
 *
 * Example: group 0 of the controls is edge.group 1, group 0 of the treated edge.group 1 + FL_TRIAL_GROUPS.
 */
#define FL_TRIAL_GROUPS 8          /* a power of two */
#define FL_TRIAL_STAMP  (1u << 28) /* what is added to trial_stamp at each change of the trials */

/*
 * Where a fault hits some instances of a service and not the others, an instance is what is drawn, and each is a group:
 * the map `instances` says which. Where it touches a share of the flows of some instances, only theirs are in the trial.
 */
enum fl_trial_by { FL_TRIAL_OFF = 0, FL_TRIAL_FLOWS, FL_TRIAL_INSTANCES, FL_TRIAL_FLOWS_OF_INSTANCES };

struct fl_instance {
	__u32 service;
	__u32 end; /* flow_word() of one of its addresses (bpf/net/share.h) */
};
_Static_assert(sizeof(struct fl_instance) == 8, "fl_instance");

struct fl_trial {
	__u64 seed;      /* of the rule, as are share, protocol and ports */
	__u32 share_ppm; /* attempts: the rule's probability */
	__u8 by;         /* enum fl_trial_by */
	__u8 protocol;   /* IPPROTO_*; 0: any */
	__u8 attempts;   /* not 0: attempts to connect are drawn, not flows; mask of 1 << enum fl_direction */
	__u8 pad;
	struct fl_port_range port, local_port, peer_port; /* local: the service's */
	__u32 pad2;
};
_Static_assert(sizeof(struct fl_trial) == 32, "fl_trial");

#define FL_PORTS_MANY (~0u)

/* Of one CPU. What is marked "atomic" is also written by fl_sweep, from any CPU. */
struct fl_row {
	__u64 status[6];
	__u64 resets, refused;
	__u64 timeouts; /* atomic */
	__u64 bytes_to_server, bytes_to_client;
	__u64 connects, retransmits;
	__u64 first_ns, last_ns; /* 0: nothing yet on this CPU */
	__u32 port;              /* the server's; 0: none yet, FL_PORTS_MANY */
	__u32 pad;
	struct fl_hist latency;
};
_Static_assert(sizeof(struct fl_row) == 128 + sizeof(struct fl_hist), "fl_row");

/* All atomic. */
struct fl_path {
	struct fl_hist connect, rtt;
};

/*
 * A request whose target begins with the bytes of @text under @mask (0xff, behind them 0) belongs to
 * the first prefix that it matches, so user space puts the longest first; `n_prefixes` says how many
 * there are. A target is read only where the beginning of its head lies in one packet.
 */
#define FL_PREFIXES   8
#define FL_PREFIX_MAX 32

struct fl_prefix {
	__u8 text[FL_PREFIX_MAX];
	__u8 mask[FL_PREFIX_MAX];
} __attribute__((aligned(8))); /* read eight bytes at a time */
_Static_assert(sizeof(struct fl_prefix) == 64, "fl_prefix");

/* Events are wanted of the service's requests that were slower, or failed; slow_ns 0: failed. */
struct fl_watch {
	__u64 slow_ns;
	__u32 on;
	__u32 pad;
};

struct fl_measure_event {
	__u64 at_ns; /* when the answer began, or the connection failed */
	__u64 latency_ns;
	__u16 client, server;
	__u16 status; /* HTTP; 0: none */
	__u8 vantage;
	__u8 pad;
};
_Static_assert(sizeof(struct fl_measure_event) == 24, "fl_measure_event");

enum fl_measure_stat {
	FL_MEASURE_FLOWS_MADE = 0,
	FL_MEASURE_FLOWS_ENDED, /* closed, reset, or swept away */
	FL_MEASURE_EVENTS_LOST, /* the ring buffer was full */
	FL_MEASURE_UNPAIRED,    /* requests whose answer could not be told */
	FL_MEASURE_NO_ROW,      /* things that happened, but there was no room for their row */
	FL_MEASURE_NO_GROUP,    /* flows of a trial that are in none of its groups: there was no room for the row */
	FL_MEASURE_STATS
};

/* In and out of fl_sweep. */
struct fl_sweep {
	__u64 idle_ns;         /* a request that has waited this long counts as unanswered */
	__u64 dns_idle_ns;     /* the same for a DNS query */
	__u64 connect_idle_ns; /* and for a SYN */
	__u64 alive;           /* out: flows in the tables */
};

#endif /* FL_ABI_MEASURE_H */
