/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys.bpf.h - what all syscall-fault backends share: whose call is it, does it match, is the rule
 * alive, does it hit. A backend only knows how to find the arguments and how to say no.
 */
#ifndef FL_SYS_BPF_H
#define FL_SYS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "bpf/abi/abi_sys.h"
#include "bpf/net/hash.h"
#include "bpf/plain.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_sys_rule);
} sys_rule SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_sys_state);
} sys_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_proof);
} sys_proof SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_lease);
} leases SEC(".maps");

/* The rule while it may act: enabled, not expired, owner alive, hits left. */
static __always_inline const struct fl_sys_rule *sys_live(void)
{
	__u32 zero = 0;
	const struct fl_sys_rule *rule = bpf_map_lookup_elem(&sys_rule, &zero);
	const struct fl_sys_state *state;
	const struct fl_lease *lease;
	__u64 now;

	if (!rule || !rule->enabled)
		return NULL;
	state = bpf_map_lookup_elem(&sys_state, &zero);
	lease = bpf_map_lookup_elem(&leases, &zero);
	if (!state || !lease || (rule->max_hits && state->hits >= rule->max_hits))
		return NULL;
	now = bpf_ktime_get_ns();
	return now < rule->expires_ns && now < lease->alive_until_ns ? rule : NULL;
}

/* The first eight bytes of a comm, as a number. */
#define COMM8(a, b, c, d, e, f, g, h)                                                                               \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 | \
	 (__u64)(g) << 48 | (__u64)(h) << 56)

/* Calls of what keeps the host alive never fail, whatever the target is. */
static __always_inline bool sys_spared(const struct fl_sys_rule *rule)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 comm[2] = {};

	if (tgid == 1 || tgid == rule->owner_tgid)
		return true;
	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == COMM8('d', 'o', 'c', 'k', 'e', 'r', 'd', 0) ||
	       comm[0] == COMM8('c', 'o', 'n', 't', 'a', 'i', 'n', 'e') ||
	       comm[0] == COMM8('f', 'a', 'u', 'l', 't', 'l', 'i', 'n') ||
	       comm[0] == COMM8('s', 's', 'h', 'd', 0, 0, 0, 0);
}

/*
 * Take the next value of one of the rule's counters: no two callers get the same.
 */
#ifdef FL_PLAIN
#define SYS_TURNS_MAX 256

/* Whoever inserts the only entry owns the counters: tracing programs may not use a bpf_spin_lock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sys_turns SEC(".maps");

/* It was never this caller's turn. */
#define SYS_MISSED    (~0ull)
#define sys_missed(n) ((n) == SYS_MISSED)

apart __u64 sys_take_turn(__u32 of_hits)
{
	__u32 zero = 0, i;
	struct fl_sys_state *state = bpf_map_lookup_elem(&sys_state, &zero);
	volatile __u64 *counter;
	__u64 n;

	if (!state)
		return SYS_MISSED;
	counter = of_hits ? &state->hits : &state->matched;
	for (i = 0; i < SYS_TURNS_MAX; i++) {
		if (bpf_map_update_elem(&sys_turns, &zero, &zero, BPF_NOEXIST))
			continue;
		n = *counter;
		*counter = n + 1;
		bpf_map_delete_elem(&sys_turns, &zero);
		return n;
	}
	return SYS_MISSED;
}

#define sys_take_matched(state) sys_take_turn(0)
#define sys_take_hits(state)    sys_take_turn(1)
#else
#define sys_missed(n)           false
#define sys_take_matched(state) __sync_fetch_and_add(&(state)->matched, 1)
#define sys_take_hits(state)    __sync_fetch_and_add(&(state)->hits, 1)
#endif

/* Count the matched call and decide. True: it fails now. */
static __always_inline bool sys_hit(const struct fl_sys_rule *rule)
{
	__u32 zero = 0;
	struct fl_sys_state *state = bpf_map_lookup_elem(&sys_state, &zero);
	struct fl_proof *proof = bpf_map_lookup_elem(&sys_proof, &zero);
	__u64 n, now;

	if (!state || !proof)
		return false;
	n = sys_take_matched(state);
	proof->matched++;
	if (sys_missed(n)) {
		proof->skipped++;
		return false;
	}
	n++;
	if (n < rule->first || (rule->last && n > rule->last))
		return false;
	if (rule->nth > 1 && n % rule->nth)
		return false;
	if (!hash_chance(hash_draw(rule->seed, HASH_DECIDE, n), rule->probability_ppm))
		return false;
	if (sys_take_hits(state) >= rule->max_hits && rule->max_hits)
		return false;
	now = bpf_ktime_get_ns();
	proof->injected++;
	if (!proof->first_hit_ns)
		proof->first_hit_ns = now;
	proof->last_hit_ns = now;
	return true;
}

/* What a hit call returns: sign-extended by its caller where the hook is a long. */
static __always_inline int sys_error(void)
{
	__u32 zero = 0;
	const struct fl_sys_rule *rule = bpf_map_lookup_elem(&sys_rule, &zero);

	return rule ? rule->error : 0;
}

/* A match that the filters could not look at. */
static __always_inline void sys_skipped(void)
{
	__u32 zero = 0;
	struct fl_proof *proof = bpf_map_lookup_elem(&sys_proof, &zero);

	if (proof)
		proof->skipped++;
}

/* Does a socket address (IPv4 mapped, port in host order) pass the filter? */
static __always_inline bool sys_addr_matches(const struct fl_sys_rule *rule, const __u8 addr[16], __u16 port)
{
	__u32 i, left = rule->peer_prefix_len;

	if (port < rule->port.min || port > rule->port.max)
		return false;
	for (i = 0; i < 16; i++) {
		__u8 mask = left >= 8 ? 0xff : (__u8)(0xff00 >> left);

		if ((addr[i] ^ rule->peer[i]) & mask)
			return false;
		left -= left >= 8 ? 8 : left;
	}
	return true;
}

static __always_inline bool sys_wants_addr(const struct fl_sys_rule *rule)
{
	return rule->peer_prefix_len || rule->port.min || rule->port.max != 65535;
}

#endif
