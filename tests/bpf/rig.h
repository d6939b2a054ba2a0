/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rig.h - the real net programs, loaded for one test and run on single frames by
 * bpf_prog_test_run: frame in → verdict, frame, mark, counters out.
 */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/resource.h>

#include "bpf/abi/abi.h"
#include "bpf/net.skel.h"
#include "bpf/net_plain.skel.h"
#include "frame.h"
#include "os/bpf_load.h"
#include "util/clock.h"

#define RIG_IFINDEX  1 /* lo: test runs need a real device */
#define RIG_TAP      77
#define RIG_NETNS    3
#define RIG_GEN      5

#define VERDICT_PASS TC_NEXT
#define TC_NEXT      0xffffffffu
#define TC_SHOT      2u
#define TC_REDIRECT  7u

struct rig {
	struct net_bpf *skel;
	uint32_t mark;               /* given to the next frame; then what it had afterwards */
	uint32_t gso_size, gso_segs; /* given to the next frame */
	bool from_socket;            /* frames come from a socket of this host, else in by another device */
	uint64_t tstamp;             /* given to the next frame; then what it had afterwards */
	struct frame out;            /* the last frame after the program */
};

static inline void rig_lease(struct rig *r, uint64_t until_ns)
{
	struct fl_lease lease = { until_ns };
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.leases), &zero, &lease, 0), 0);
}

static inline void rig_hook(struct rig *r, enum fl_direction dir, const struct fl_hook *hook)
{
	struct fl_hook_key key = { RIG_NETNS, (uint16_t)dir, RIG_IFINDEX };

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.hooks), &key, hook, 0), 0);
}

/* Both hooks there with "any peer" and a delay line, a lease, no rule. */
static inline void rig_begin(struct rig *r)
{
	static const struct fl_hook hook = { .n_lens = 1, .hold_ifindex = RIG_TAP };

	rig_hook(r, FL_DIR_FROM, &hook);
	rig_hook(r, FL_DIR_TO, &hook);
	rig_lease(r, UINT64_MAX);
}

static inline struct rig *rig_open_sized(uint32_t n_rules, uint32_t n_peers)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->skel = bpf_load_open(net);
	assert_non_null(r->skel);
	r->skel->rodata->netns_id = RIG_NETNS;
	r->skel->rodata->generation = RIG_GEN;
	bpf_map__set_max_entries(r->skel->maps.rules, n_rules);
	bpf_map__set_max_entries(r->skel->maps.states, n_rules);
	bpf_map__set_max_entries(r->skel->maps.proofs, n_rules);
	bpf_map__set_max_entries(r->skel->maps.peers, n_peers);
	assert_int_equal(net_bpf__load(r->skel), 0);
	rig_begin(r);
	return r;
}

static inline void rig_empty(const struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);
	bool per_cpu = type == BPF_MAP_TYPE_PERCPU_ARRAY;
	size_t value = per_cpu ? (bpf_map__value_size(map) + 7u) / 8 * 8 * (size_t)libbpf_num_possible_cpus()
			       : bpf_map__value_size(map);
	void *zeros = calloc(1, value), *key = calloc(1, bpf_map__key_size(map));
	uint32_t i;

	assert_true(zeros && key);
	if (type == BPF_MAP_TYPE_ARRAY || per_cpu)
		for (i = 0; i < bpf_map__max_entries(map); i++)
			assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &i, zeros, 0), 0);
	else
		while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
			assert_int_equal(bpf_map_delete_elem(bpf_map__fd(map), key), 0);
	free(zeros);
	free(key);
}

/*
 * A rig as if fresh. The verifier takes longer than most tests, so that a program of tests loads
 * once, and takes out of maps and global variables what the test before has left there.
 */
static inline int rig_setup(void **state)
{
	static struct rig *kept;
	struct bpf_map *map;

	if (!kept) {
		kept = rig_open_sized(FL_RULES_DEFAULT, 64);
	} else {
		bpf_object__for_each_map(map, kept->skel->obj)
			if (!bpf_map__is_internal(map))
				rig_empty(map);
		memset(kept->skel->bss, 0, sizeof(*kept->skel->bss));
		*kept = (struct rig){ .skel = kept->skel };
		rig_begin(kept);
	}
	*state = kept;
	return 0;
}

static inline void rig_close(struct rig *r)
{
	net_bpf__destroy(r->skel);
	free(r);
}

/* A rule that hits every packet, for ever. */
static inline struct fl_rule rig_rule(enum fl_kind kind)
{
	static const struct fl_port_range any = { 0, 65535 };

	return (struct fl_rule){
		.seed = 42,
		.expires_ns = UINT64_MAX,
		.probability_ppm = FL_PPM,
		.flow_share_ppm = FL_PPM,
		.kind = kind,
		.enabled = 1,
		.port = any,
		.local_port = any,
		.peer_port = any,
	};
}

static inline void rig_set(struct rig *r, uint32_t index, const struct fl_rule *rule)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.rules), &index, rule, 0), 0);
}

/* Forget what the rule did. */
static inline void rig_reset(struct rig *r, uint32_t index)
{
	struct fl_proof proofs[256] = {};
	struct fl_state state = {};

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.states), &index, &state, 0), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.proofs), &index, proofs, 0), 0);
}

/* Rules for a peer prefix; the address is on the 128-bit scale. */
static inline void rig_peer_prefix(struct rig *r, enum fl_direction dir, const char *addr, uint8_t len,
				   const struct fl_ruleset *set)
{
	struct fl_peer_key key = { RIG_NETNS, (uint8_t)dir, len, RIG_IFINDEX, {} };

	assert_int_equal(inet_pton(AF_INET6, addr, key.addr), 1);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.peers), &key, set, 0), 0);
}

/* The first @n rules see every packet of both directions. */
static inline void rig_everybody(struct rig *r, uint32_t n)
{
	struct fl_ruleset set = { .count = n };
	uint32_t i;

	for (i = 0; i < n; i++)
		set.rules[i] = i;
	rig_peer_prefix(r, FL_DIR_FROM, "::", 0, &set);
	rig_peer_prefix(r, FL_DIR_TO, "::", 0, &set);
}

/* Rule 0 and nothing else, for everybody. */
static inline void rig_only(struct rig *r, const struct fl_rule *rule)
{
	rig_set(r, 0, rule);
	rig_everybody(r, 1);
}

/* May a test run say by which interface a packet came in? (Since 5.11; before, all come from a socket.) */
static inline bool rig_tells_ingress(const struct rig *r)
{
	static enum { UNKNOWN, YES, NO } known;

	if (known == UNKNOWN) {
		uint8_t bytes[64] = {};
		struct __sk_buff ctx = { .ingress_ifindex = RIG_TAP };
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = sizeof(bytes), .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx));

		known = bpf_prog_test_run_opts(bpf_program__fd(r->skel->progs.fl_return), &opts) == -EINVAL ? NO : YES;
	}
	return known == YES;
}

/* For tests of marks, which mean nothing on what comes from a socket. */
static inline void rig_need_ingress(const struct rig *r)
{
	if (rig_tells_ingress(r))
		return;
	print_message("# missing: ingress_ifindex in a test run\n");
	skip();
}

static inline uint32_t rig_run_program(struct rig *r, int fd, const struct frame *f)
{
	struct __sk_buff ctx = { .mark = r->mark,
				 .ifindex = RIG_IFINDEX,
				 .gso_size = r->gso_size,
				 .gso_segs = r->gso_segs,
				 .tstamp = r->tstamp,
				 .ingress_ifindex = r->from_socket || !rig_tells_ingress(r) ? 0 : RIG_TAP };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len, .data_out = r->out.bytes,
		    .data_size_out = sizeof(r->out.bytes), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &ctx,
		    .ctx_size_out = sizeof(ctx));
	int error = bpf_prog_test_run_opts(fd, &opts);

	assert_int_equal(error, 0);
	r->out.len = opts.data_size_out;
	r->out.l4 = f->l4;
	r->out.payload = f->payload;
	r->out.protocol = f->protocol;
	r->mark = ctx.mark;
	r->tstamp = ctx.tstamp;
	return opts.retval;
}

/* The verdict on a frame that the target sends (FROM) or gets (TO). */
static inline uint32_t rig_run(struct rig *r, enum fl_direction dir, const struct frame *f)
{
	return rig_run_program(r,
			       bpf_program__fd(dir == FL_DIR_FROM ? r->skel->progs.fl_ingress
								  : r->skel->progs.fl_egress),
			       f);
}

/* The proof of a rule, summed over CPUs. */
static inline struct fl_proof rig_proof(struct rig *r, uint32_t index)
{
	struct fl_proof per_cpu[256] = {}, sum = {};
	int i, n = libbpf_num_possible_cpus();

	assert_in_range(n, 1, 256);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.proofs), &index, per_cpu), 0);
	for (i = 0; i < n; i++) {
		const struct fl_proof *p = &per_cpu[i];

		sum.matched += p->matched;
		sum.injected += p->injected;
		sum.skipped += p->skipped;
		sum.bytes += p->bytes;
		if (p->first_hit_ns && (!sum.first_hit_ns || p->first_hit_ns < sum.first_hit_ns))
			sum.first_hit_ns = p->first_hit_ns;
		if (p->last_hit_ns > sum.last_hit_ns)
			sum.last_hit_ns = p->last_hit_ns;
	}
	return sum;
}

static inline uint64_t rig_stat(struct rig *r, uint32_t which)
{
	uint64_t per_cpu[256] = {}, sum = 0;
	int i;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.stats), &which, per_cpu), 0);
	for (i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += per_cpu[i];
	return sum;
}

/* The header of a held frame; fails when the frame was not held. */
static inline struct fl_hold_header rig_held(const struct rig *r, const struct frame *in)
{
	struct fl_hold_header header;

	assert_int_equal(r->out.len, in->len + sizeof(header));
	memcpy(&header, r->out.bytes, sizeof(header));
	assert_int_equal(header.ethertype, htons(0x88b5));
	assert_memory_equal(r->out.bytes + sizeof(header), in->bytes, in->len);
	return header;
}

#define rig_test(f) cmocka_unit_test_setup(f, rig_setup)

#endif
