/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi.h - everything the BPF programs and user space share: the layout of the maps.
 *
 * It is the only header both sides include. Types have fixed widths, padding is explicit, every
 * size is asserted, units are in the names: _ns, _bps (bits per second), _ppm (parts per million).
 * Times are CLOCK_MONOTONIC, as bpf_ktime_get_ns() reads it.
 *
 * The maps of one session are pinned under /sys/fs/bpf/faultline/SESSION/:
 *
 *   map      type           key                  value
 *   hooks    HASH           struct fl_hook_key   struct fl_hook      where this session is attached
 *   peers    HASH           struct fl_peer_key   struct fl_ruleset   which rules see a packet
 *   rules    ARRAY          rule index           struct fl_rule
 *   states   ARRAY          rule index           struct fl_state     counters and Markov chains
 *   proofs   PERCPU_ARRAY   rule index           struct fl_proof
 *   leases   ARRAY          0                    struct fl_lease
 *   lines    HASH           TAP (netns,ifindex)  struct fl_line      where a delay line returns packets to
 *   tables   ARRAY          enum fl_table        struct fl_table_row quantile tables for jitter
 *   conns    HASH           struct fl_conn_key   struct fl_conn      flows that rules about connections have met
 *   stats    PERCPU_ARRAY   enum fl_stat         __u64
 *   guard_*                                                          what no rule may touch
 *
 * How a packet finds its rules, at a cost that does not grow with their number: one look-up in
 * `hooks` gives the prefix lengths in use at this interface and direction (a handful), longest
 * first; then one look-up in `peers` per length, until the first hit. User space puts into each
 * peer entry the rules of all the shorter prefixes that cover it, so the first hit is complete.
 */
#ifndef FL_ABI_H
#define FL_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FL_ABI_VERSION        1

#define FL_MAX_RULES_PER_PEER 16
#define FL_MAX_PREFIX_LENS    8
#define FL_RULES_DEFAULT      256 /* entries of rules/states/proofs; user space may resize at load */
#define FL_PPM                1000000u
#define FL_CGROUP_LEVELS      8 /* the deepest cgroup that a rule can be for; a power of two */

/*
 * Marks. A packet that comes back from a delay line carries FL_MARK_MAGIC | generation in
 * skb->mark. Sessions attached to one interface run in order of their generation: those up to
 * and including the mark's have seen the packet already and let it pass; the holder itself
 * restores the packet's own mark.
 */
#define FL_MARK_MAGIC     0xfa170000u
#define FL_MARK_MASK      0xffff0000u
#define FL_MAX_GENERATION 0xffffu

/* Direction as the target sees it: FROM = it sent the packet (tc ingress of the host-side veth, or egress
 * of the host's own interface). */
enum fl_direction {
	FL_DIR_FROM = 0,
	FL_DIR_TO = 1,
};

/* The numeric order is the order of verdicts at a hook; rule sets are sorted by it. */
enum fl_kind {
	FL_KIND_NULL = 0,
	FL_KIND_PARTITION = 1,
	FL_KIND_LOSS = 2,
	FL_KIND_IDLE = 3,
	FL_KIND_LIMIT = 4,
	FL_KIND_REFUSE = 5,
	FL_KIND_UNCLOSED = 6,
	FL_KIND_RESET = 7,
	FL_KIND_HTTP_ERROR = 8,
	FL_KIND_DNS_ERROR = 9,
	FL_KIND_CORRUPT = 10,
	FL_KIND_DUPLICATE = 11,
	FL_KIND_HTTP_DELAY = 12,
	FL_KIND_DNS_DELAY = 13,
	FL_KIND_REORDER = 14,
	FL_KIND_DELAY = 15,
	FL_KIND_RATE = 16,
	FL_KIND_MAX
};

enum fl_loss_model {
	FL_LOSS_RANDOM = 0,  /* independent, probability_ppm; with correlation: two-state chain */
	FL_LOSS_NTH = 1,     /* every nth matched packet */
	FL_LOSS_GILBERT = 2, /* Gilbert-Elliott: p, r, loss in bad, loss in good */
	FL_LOSS_MARKOV4 = 3, /* four states, as tc-netem(8) "loss state" */
};

enum fl_distribution {
	FL_DIST_UNIFORM = 0, /* delay +- jitter, flat */
	FL_DIST_NORMAL = 1,  /* jitter is the standard deviation; the same for the two below */
	FL_DIST_PARETO = 2,
	FL_DIST_PARETONORMAL = 3,
	FL_DIST_MAX
};

/*
 * One hook: netns is the number user space gave the namespace at load, not the kernel's inode. This
 * key and the next are small for their hash: each packet pays it, three words at a time.
 */
struct fl_hook_key {
	__u16 netns;
	__u16 direction; /* enum fl_direction */
	__u32 ifindex;
};
_Static_assert(sizeof(struct fl_hook_key) == 8, "fl_hook_key");

/*
 * Example: rules for any peer and one for 10.9.0.0/24: n_lens = 2, lens = {120, 0}
 * (IPv4 prefixes count 96 bits of ::ffff:0:0/96 first).
 */
struct fl_hook {
	__u8 n_lens;
	__u8 lens[FL_MAX_PREFIX_LENS]; /* descending, 0..128 */
	__u8 pad;
	__u16 loopback;     /* 1 + netns of the hook on the target's own loopback; 0: there is none */
	__u32 hold_ifindex; /* the TAP of this hook's delay line, 0 when it has none */
};
_Static_assert(sizeof(struct fl_hook) == 16, "fl_hook");

struct fl_peer_key {
	__u16 netns;
	__u8 direction;
	__u8 prefix_len; /* 0..128 */
	__u32 ifindex;
	__u8 addr[16]; /* masked to prefix_len; IPv4 as ::ffff:a.b.c.d */
};
_Static_assert(sizeof(struct fl_peer_key) == 24, "fl_peer_key");

struct fl_ruleset {
	__u32 count;
	__u32 rules[FL_MAX_RULES_PER_PEER]; /* rule indexes sorted by kind, then index */
};
_Static_assert(sizeof(struct fl_ruleset) == 68, "fl_ruleset");

/* In the kernel that is running, in bytes. */
struct fl_owner_offsets {
	__u32 socket_cgroup; /* in struct sock: the pointer to its cgroup */
	__u32 level, node;   /* in struct cgroup: how deep it is, the pointer to its node in the tree */
	__u32 ancestors;     /* in struct cgroup: an array by level, of pointers or of ids */
	__u32 by_pointer;
	__u32 id; /* in the node */
};
_Static_assert(sizeof(struct fl_owner_offsets) == 24, "fl_owner_offsets");

struct fl_port_range {
	__u16 min, max; /* host byte order, inclusive; {0, 65535} is any, port or no port */
};

/*
 * Delay of a packet: delay_ns + jitter drawn from a quantile table, never below 0.
 * A correlated series is a Gaussian AR(1) process z' = coeff z + innovation e pushed through
 * the distribution's quantile function (a Gaussian copula), so the marginal distribution stays
 * what was asked for; user space computes coeff so that the Pearson correlation of the *delays*
 * is the asked one.
 * Example: 200 ms +- 20 ms normal, no correlation: {200000000, 20000000, 0, 65536, NORMAL}.
 */
struct fl_delay {
	__u64 delay_ns;
	__u64 jitter_ns;
	__s32 ar_coeff_q16;      /* 0: independent */
	__s32 ar_innovation_q16; /* sqrt(1 - coeff^2) */
	__u32 distribution;      /* enum fl_distribution */
	__u32 correlation_ppm;   /* as asked, for display */
};
_Static_assert(sizeof(struct fl_delay) == 32, "fl_delay");

/*
 * Gilbert-Elliott: p = good->bad, r = bad->good per packet, loss_bad (1-h), loss_good (1-k).
 * Markov4 as tc-netem: states 1 good, 2 good within a burst, 3 loss within a burst, 4 isolated loss.
 * Example: p = 1 %, r = 10 %, all lost when bad: {GILBERT, 0, 10000, 100000, 1000000, 0}:
 * stationary loss p/(p+r) = 9.09 %, mean burst 1/r = 10 packets.
 */
struct fl_loss {
	__u32 model; /* enum fl_loss_model */
	__u32 nth;
	__u32 p_ppm, r_ppm, loss_bad_ppm, loss_good_ppm;
	__u32 p13_ppm, p31_ppm, p32_ppm, p23_ppm, p14_ppm;
	__u32 correlation_ppm;
};
_Static_assert(sizeof(struct fl_loss) == 48, "fl_loss");

#define FL_HTTP_PATH_MAX 64

/* Bit of a method in fl_http.methods; 0 in the mask means any method. */
enum fl_http_method {
	FL_HTTP_GET = 1u << 0,
	FL_HTTP_HEAD = 1u << 1,
	FL_HTTP_POST = 1u << 2,
	FL_HTTP_PUT = 1u << 3,
	FL_HTTP_DELETE = 1u << 4,
	FL_HTTP_PATCH = 1u << 5,
	FL_HTTP_OPTIONS = 1u << 6,
	FL_HTTP_OTHER = 1u << 7,
};

/*
 * Example: POST /pay* to the target answered with 503:
 * {503, FL_HTTP_POST, 4, 1 << FL_DIR_TO, 0, "/pay"}.
 */
struct fl_http {
	__u16 status;
	__u16 methods;  /* mask of enum fl_http_method */
	__u16 path_len; /* 0: any path */
	__u8 requests;  /* mask of 1 << enum fl_direction of the request; 0: both */
	__u8 pad;
	__u8 path[FL_HTTP_PATH_MAX]; /* prefix of the request target, query included */
};
_Static_assert(sizeof(struct fl_http) == 72, "fl_http");

#define FL_DNS_NAME_MAX 128

/* What a lookup asks for. */
enum fl_dns_type {
	FL_DNS_TYPE_A = 1u << 0,
	FL_DNS_TYPE_AAAA = 1u << 1,
	FL_DNS_TYPE_OTHER = 1u << 2,
};

/* fl_dns.rcode: no code, but something else that is done. */
enum fl_dns_done {
	FL_DNS_EMPTY = 0,    /* an answer without a record */
	FL_DNS_CHANGE = 254, /* by fl_dns_answer */
	FL_DNS_DROP = 255,
};

/* Example: *.svc.lab -> wildcard = 1, name = "svc.lab"; matches a.svc.lab and b.a.svc.lab. */
struct fl_dns {
	__u8 rcode;                 /* FL_KIND_DNS_ERROR: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED; enum fl_dns_done */
	__u8 wildcard;              /* name is a suffix, at least one label must precede it */
	__u16 name_len;             /* 0: any name */
	__u8 name[FL_DNS_NAME_MAX]; /* dotted, lower case, no final dot */
	__u8 answers;               /* mask of 1 << enum fl_direction; 0: both. Answers on loopback always count */
	__u8 once;                  /* 1: not an answer that a resolver inside the target fetches for somebody else */
	__u8 types;                 /* mask of enum fl_dns_type; 0: any */
	__u8 pad;
};
_Static_assert(sizeof(struct fl_dns) == 136, "fl_dns");

enum fl_dns_set {
	FL_DNS_SET_A = 1u << 0, /* addresses of this family become a, or aaaa */
	FL_DNS_SET_AAAA = 1u << 1,
	FL_DNS_SET_TTL = 1u << 2,
	FL_DNS_RANDOM_A = 1u << 3, /* a random one each time instead */
	FL_DNS_RANDOM_AAAA = 1u << 4,
};

/* Example: 192.0.2.1 for every address, to be kept for a day: {{192, 0, 2, 1}, {}, 86400, SET_A | SET_TTL}. */
struct fl_dns_answer {
	__u8 a[4], aaaa[16];
	__u32 ttl_s; /* of all records of the answer */
	__u32 set;   /* mask of enum fl_dns_set */
	__u32 pad;
};
_Static_assert(sizeof(struct fl_dns_answer) == 32, "fl_dns_answer");

struct fl_corrupt {
	__u32 bytes;        /* how many payload bytes to flip */
	__u32 fix_checksum; /* 1: the application sees it; 0: the receiver's stack drops it */
};

struct fl_reorder {
	__u32 gap; /* only every gap-th packet may overtake, with the rule's probability; 0: any */
	__u32 pad;
	__u64 delay_ns; /* how long the overtaken ones wait */
};

/*
 * What else a packet has to be. Example: connections that the target's end begins, in packets of up to 100
 * bytes: {1, SYN | ACK, SYN, 0, 0, 255, 1, 0, 0, 100, 0}.
 */
struct fl_more {
	__u8 asked;                        /* 0: nothing of the following */
	__u8 tcp_mask, tcp_value, tcp_any; /* flags & mask == value, and one of any (0: none needed); TCP only */
	__u8 ttl_min, ttl_max;             /* hop limit of IPv6 */
	__u8 by_attempt;                   /* 1: a sequence number decides: what is sent again fares as before */
	__u8 tcp;                          /* 1: the three above count */
	__u32 size_min, size_max;          /* bytes from the IP header on, as on the wire: of one segment */
	__u64 dscp;                        /* a bit a code point; 0: any */
};
_Static_assert(sizeof(struct fl_more) == 24, "fl_more");

struct fl_rate {
	__u64 rate_bps;
	__u64 burst_bytes;
	__u64 queue_ns; /* a packet that would wait longer is dropped, as a full queue does; 0: 500 ms */
};

/* Example: flows that were silent for 10 s are dropped from then on: {10000000000, 123456789, 0}. */
struct fl_idle {
	__u64 timeout_ns;
	__u64 since_ns; /* when the rule was switched on: before, flows were not watched */
	__u32 reset;    /* 1: both ends get a reset; 0: nothing */
	__u32 pad;
};

struct fl_limit {
	__u32 connections; /* that may be open at a time, of those that began while the rule was on */
	__u32 attempts;    /* mask of 1 << enum fl_direction of the SYN; 0: both */
};

/*
 * One fault on one target's hooks. It acts on a packet only while
 *     enabled && now < expires_ns && now < lease.alive_until_ns && hits < max_hits
 * so a fault ends by itself in the kernel, whatever happens to user space.
 *
 * The n-th matched packet is hit iff hash(seed, n) < probability; a flow is in the share iff
 * hash(seed, flow) < flow_share; an HTTP response, and a packet of a rule by_attempt, iff
 * hash(seed, flow, sequence number) says so, and a retransmission therefore gets the same answer.
 */
struct fl_rule {
	__u64 seed;
	__u64 expires_ns; /* ~0: bounded by the lease alone */
	__u64 max_hits;   /* 0: no bound */
	__u32 probability_ppm;
	__u32 flow_share_ppm;
	__u8 kind; /* enum fl_kind */
	__u8 enabled;
	__u8 protocol;                   /* IPPROTO_*; 0: any */
	__u8 departs;                    /* DELAY, RATE: 1: by departure time, through an fq qdisc; else a delay line */
	struct fl_port_range port;       /* either end */
	struct fl_port_range local_port; /* the target's end */
	struct fl_port_range peer_port;  /* the other end */
	__u32 cgroup_level;              /* of cgroup_id: 1 is right below the root of the v2 tree */
	__u32 pad1;
	__u64 cgroup_id; /* at the host's own interface: whose packets these are; 0 elsewhere */
	struct fl_more more;
	union {
		struct fl_delay delay;       /* DELAY, HTTP_DELAY, DNS_DELAY */
		struct fl_dns_answer answer; /* DNS_ERROR with FL_DNS_CHANGE */
	};
	union {
		struct fl_loss loss;
		struct fl_http http;
		struct fl_dns dns;
		struct fl_corrupt corrupt;
		struct fl_reorder reorder;
		struct fl_rate rate;
		struct fl_idle idle;
		struct fl_limit limit;
		__u8 raw[136];
	};
};
_Static_assert(sizeof(struct fl_rule) == 256, "fl_rule");

/* What the kernel remembers of a rule between packets. User space reads it, never writes it
 * after arming (a zeroed state is the initial one).  */
struct fl_state {
	__u64 matched; /* n of the next matched packet; atomic */
	__u64 hits;    /* atomic; compared with max_hits */
#ifdef __VMLINUX_H__
	struct bpf_spin_lock lock;
#else
	__u32 lock;
#endif
	__u32 chain;       /* state of a Markov chain; LIMIT: open connections; IDLE: 1: not all flows are known */
	__s64 ar_q16;      /* last value of the AR(1) process */
	__u64 tokens;      /* RATE: when the line is free again */
	__u64 last_due_ns; /* RATE, departs: when the last packet that had to wait is due */
};
_Static_assert(sizeof(struct fl_state) == 48, "fl_state");

/* Per rule and CPU; a reader sums over the CPUs (first_hit: the smallest that is not 0). */
struct fl_proof {
	__u64 matched;  /* packets (HTTP/DNS: messages) that matched the rule */
	__u64 injected; /* those the fault was done to */
	__u64 skipped;  /* should have been hit, could not be (unparsable, no delay line, ...) */
	__u64 bytes;    /* bytes of the injected ones */
	__u64 first_hit_ns;
	__u64 last_hit_ns;
};
_Static_assert(sizeof(struct fl_proof) == 48, "fl_proof");

/* Refreshed ten times a second by the session's owner; all rules sleep once it is past. */
struct fl_lease {
	__u64 alive_until_ns;
};

/* A flow in the eyes of a rule. */
struct fl_conn_key {
	__u64 flow;
	__u32 rule;
	__u32 pad;
};
_Static_assert(sizeof(struct fl_conn_key) == 16, "fl_conn_key");

#define FL_CONN_CLOSED 3

struct fl_conn {
	__u64 last_ns;  /* when it last carried anything */
	__u8 forgotten; /* IDLE: it was silent for too long */
	__u8 closed;    /* a bit for the FIN of each end; a RST sets both */
	__u8 pad[6];
};
_Static_assert(sizeof(struct fl_conn) == 16, "fl_conn");

struct fl_line_key {
	__u32 netns;
	__u32 tap_ifindex;
};

/* Where the packets of a delay line go back: the same hook they were taken from. */
struct fl_line {
	__u32 ifindex;
	__u32 direction; /* enum fl_direction */
};

/*
 * What BPF puts before the Ethernet header of a packet that it sends into a delay line. The TAP's
 * owner strips it, keeps the packet until due_ns, and writes the rest back. With IFF_VNET_HDR, the
 * virtio_net_hdr counts csum_start and hdr_len from this header, so both shrink by its size.
 */
struct fl_hold_header {
	__u8 dst[6]; /* zero; the TAP driver sees an Ethernet header */
	__u8 src[6];
	__u16 ethertype;
	__u16 flags;     /* FL_HOLD_* */
	__u64 due_ns;    /* when to give it back */
	__u32 flow_hash; /* packets of one flow share it */
	__u32 rule;      /* the rule that decided the delay */
} __attribute__((packed));
_Static_assert(sizeof(struct fl_hold_header) == 32, "fl_hold_header");

/* The packet must not overtake earlier ones of its flow (no jitter asked, or a stalled flow). */
#define FL_HOLD_ORDERED 1

#define FL_TABLE_SIZE   4096

/*
 * Rows: the quantile function of each distribution (mean 0, unit scale, Q16), and the CDF of the
 * normal one. The kernel interpolates between entries.
 *   quantile rows: entry i = 65536 * quantile((i + 0.5) / 4096)
 *   NORMAL_CDF:    entry i = 2^28 * Phi(x), x = -8 + 16 (i + 0.5) / 4096
 */
enum fl_table {
	FL_TABLE_UNIFORM = FL_DIST_UNIFORM, /* -1 .. 1 */
	FL_TABLE_NORMAL = FL_DIST_NORMAL,
	FL_TABLE_PARETO = FL_DIST_PARETO,
	FL_TABLE_PARETONORMAL = FL_DIST_PARETONORMAL,
	FL_TABLE_NORMAL_CDF = FL_DIST_MAX,
	FL_TABLE_MAX
};

struct fl_table_row {
	__s32 q16[FL_TABLE_SIZE];
};

/* What no fault of the session touches (guard.bpf.h). Written before the first hook is attached. */
enum fl_guard {
	FL_GUARD_FLOW = 0, /* one TCP connection, or all of one endpoint */
	FL_GUARD_PREFIX,   /* a network: either end */
	FL_GUARD_PORT,     /* TCP, UDP, SCTP: either end */
	FL_GUARD_MAX
};

#define FL_GUARD_FLOWS    256
#define FL_GUARD_PREFIXES 1024

/*
 * A connection is there twice, once for each order of its ends, and twice more with both ports 0 for its
 * fragments. An endpoint: b is all zero. Ports in host byte order, IPv4 as ::ffff:a.b.c.d.
 */
struct fl_guard_flow {
	__u8 a[16], b[16];
	__u16 a_port, b_port;
};
_Static_assert(sizeof(struct fl_guard_flow) == 36, "fl_guard_flow");

struct fl_guard_prefix {
	__u32 prefix_len; /* 0..128 */
	__u8 addr[16];
};
_Static_assert(sizeof(struct fl_guard_prefix) == 20, "fl_guard_prefix");

/* Per-CPU counters of one session, for `list` and `doctor`. */
enum fl_stat {
	FL_STAT_NOT_IP = 0,    /* passed: neither IPv4 nor IPv6, or behind two VLAN tags */
	FL_STAT_MALFORMED,     /* passed: headers cut short */
	FL_STAT_HELD,          /* sent into a delay line */
	FL_STAT_RETURNED,      /* came back */
	FL_STAT_LEASE_EXPIRED, /* a rule matched, but the lease was over */
	FL_STAT_SPARED,        /* a rule matched, but it is protected: one counter for each enum fl_guard */
	FL_STAT_SPARED_LAST = FL_STAT_SPARED + FL_GUARD_MAX - 1,
	FL_STAT_MAX
};

#endif /* FL_ABI_H */
