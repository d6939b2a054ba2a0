/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow_table.bpf.h - the table of connections. A hash map of the kernel costs a call, a hash of its own and a
 * chain for each packet; here a flow is nearly always found by two multiplications in the slot that its connection
 * would rather have. It may live in any of the 32 slots of its set. When all of them are taken, the
 * connection whose last word is oldest has to go: least recently used, of 32.
 *
 * A slot has room for the flows of both ends of a connection (struct flow). Where a NAT is between them, they are
 * two connections.
 *
 * Whoever takes or returns a slot holds the lock of its set; readers do not: a slot belongs to a
 * connection as soon as it holds its key, which is written last.
 */
#ifndef FL_FLOW_TABLE_BPF_H
#define FL_FLOW_TABLE_BPF_H

#include "bpf/compat.bpf.h"
#include "measure_flow.bpf.h"

#define FLOW_WAYS 32 /* slots of a set */

struct flow_set {
	__u32 tags[FLOW_WAYS]; /* whose slot it is: part of a hash, and in the last two bits which ends are there */
};

#define FLOW_ENDS 3

/* (By itself: a program that may sleep, as the sweep, may not know a map with a lock before 6.2.) */
struct flow_lock {
	struct bpf_spin_lock of;
};

/* A power of two; user space says it here and to the three maps (meter_set_connections()). */
__u32 n_flow_sets = 0;
__u64 flow_seed = 0; /* nobody outside can choose connections of one set */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_set);
} flow_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_lock);
} flow_locks SEC(".maps");

/* A struct flow at its beginning, and another one half a cache line behind it. */
struct flow_pair {
	__u8 bytes[(sizeof(struct flow) + FLOW_HALF + 63) / 64 * 64];
};

/* (Memory that can be mapped begins at a page, and so each pair at a cache line.) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FLOW_WAYS);
	__type(key, __u32);
	__type(value, struct flow_pair);
} flows SEC(".maps");

/* Where a key belongs. */
struct flow_home {
	__u32 set, way, tag, end;
};

static __always_inline struct flow_home flow_home(const struct flow_key *key)
{
	__u64 local = key->ends >> 32 << 16 | key->local_port;
	__u64 peer = (key->ends & 0xffffffff) << 16 | key->peer_port;
	/* The same for both ends; then multiplicative hashing (Knuth): ports and addresses differ in few bits. */
	__u64 h = (local ^ flow_seed) * (peer ^ flow_seed);

	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull;
	return (struct flow_home){
		.set = h >> 40 & (n_flow_sets - 1),
		.way = h >> 32 & (FLOW_WAYS - 1),
		.tag = (__u32)h & ~FLOW_ENDS,
		.end = (local - peer) >> 63,
	};
}

static __always_inline bool flow_is(const struct flow *f, const struct flow_key *key)
{
	const __u64 *a = (const __u64 *)&f->key, *b = (const __u64 *)key;

	return a[0] == b[0] && a[1] == b[1];
}

#define flow_slot(home, way) ((home).set * FLOW_WAYS + (way))

static __always_inline struct flow *flow_at(__u32 slot, __u32 end)
{
	struct flow_pair *pair = bpf_map_lookup_elem(&flows, &slot);

	return pair ? (struct flow *)(pair->bytes + bounded(end, 2) * FLOW_HALF) : NULL;
}

/*
 * (The ways are gone through from the one that the key would rather have on, and in numbers that the verifier
 * does not know: it finds each step to be like the one before.)
 */
#define flow_way(home, i) (((home).way + (i)) & (FLOW_WAYS - 1))

/* The slot of @key; negative: it has none. */
apart int flow_seek(const struct flow_key *key)
{
	struct flow_home home;
	struct flow_set *set;
	__u32 i;

	if (!key)
		return -1;
	home = flow_home(key);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	if (!set)
		return -1;
	for (i = 0; i < FLOW_WAYS; i++) {
		__u32 way = flow_way(home, i);
		struct flow *f;

		if ((set->tags[way] ^ home.tag) & ~FLOW_ENDS)
			continue;
		f = flow_at(flow_slot(home, way), home.end);
		if (f && flow_is(f, key))
			return flow_slot(home, way);
	}
	return -1;
}

/* NULL: there is none. */
static __always_inline struct flow *flow_find(const struct flow_key *key)
{
	struct flow_home home = flow_home(key);
	struct flow *f = flow_at(flow_slot(home, home.way), home.end);
	int slot;

	if (f && flow_is(f, key))
		return f;
	slot = flow_seek(key);
	return slot < 0 ? NULL : flow_at(slot, home.end);
}

/*
 * (The loops below have no branches: the compiler would have their ends before their beginnings, which 6.1 does
 * not take for loops, and the verifier would go all of the ways through them.)
 */

/* The lesser of two times. */
static __always_inline __u64 time_min(__u64 a, __u64 b)
{
	return a ^ ((a ^ b) & -((b - a) >> 63));
}

static __always_inline __u64 time_max(__u64 a, __u64 b)
{
	return a + b - time_min(a, b);
}

/* When something was last asked or said in it. */
static __always_inline __u64 flow_last_ns(const struct flow *f)
{
	return time_max(f->last_ns, f->newest.ns);
}

/* The way of the set that has been silent for longest: the smallest of times with the way in their last bits. */
static __always_inline __u32 flow_oldest(const struct flow_home *home)
{
	__u64 oldest = ~0ull >> 1, last_ns;
	__u32 i;

	for (i = 0; i < FLOW_WAYS; i++) {
		__u32 way = flow_way(*home, i);
		struct flow *one = flow_at(flow_slot(*home, way), 0), *other = flow_at(flow_slot(*home, way), 1);

		if (!one || !other)
			break;
		last_ns = time_max(flow_last_ns(one), flow_last_ns(other));
		oldest = time_min(oldest, (last_ns & ~(FLOW_WAYS - 1ull)) | way);
	}
	return oldest & (FLOW_WAYS - 1);
}

/* The way for @key in its set: where its other end is, else a free one, else the oldest one's. */
apart int flow_pick(const struct flow_key *key)
{
	__u32 free = 0, same = 0;
	struct flow_home home;
	struct flow_set *set;
	__u32 i;

	if (!key)
		return 0;
	home = flow_home(key);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	if (!set)
		return 0;
	/* Bit by bit from the one on that it would rather have. */
	for (i = 0; i < FLOW_WAYS; i++) {
		__u32 tag = set->tags[flow_way(home, i)], taken = not_zero(tag & FLOW_ENDS);

		free |= (taken ^ 1) << i;
		same |= (taken & (not_zero((tag ^ home.tag) & ~FLOW_ENDS) ^ 1)) << i;
	}
	if (same)
		free = same;
	return free ? flow_way(home, log2_of(free & -free)) : flow_oldest(&home);
}

static __always_inline void flow_set_key(struct flow *f, const struct flow_key *key)
{
	volatile __u64 *to = (volatile __u64 *)&f->key;
	const __u64 *from = (const __u64 *)key;

	to[0] = from[0];
	__sync_lock_test_and_set((__u64 *)&f->key + 1, from[1]);
}

static __always_inline void flow_clear(struct flow *f, __u32 end)
{
	__builtin_memset(&f->edge, 0, FLOW_HALF - sizeof(f->key));
	__builtin_memset(&f->newest, 0, FLOW_HALF);
	__builtin_memset(&f->response_next, 0, FLOW_HALF);
	__builtin_memset(&f->syn_ns, 0, FLOW_HALF);
	f->end = end;
	__builtin_memset(flow_talk(f), 0, sizeof(struct talk));
}

/*
 * A slot for @key, which has none; negative: another CPU took it meanwhile (or, once in 2^29, a connection with
 * the same tag has it). The flow in it is zero but for its key and end.
 */
apart int flow_take(const struct flow_key *key)
{
	struct flow_key nobody = {};
	struct flow *f, *other;
	struct flow_home home;
	struct flow_lock *lock;
	struct flow_set *set;
	__u32 way, tag, bit;
	bool joins, won;

	if (!key)
		return -1;
	home = flow_home(key);
	bit = 1 << home.end;
	way = bounded(flow_pick(key), FLOW_WAYS);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	lock = bpf_map_lookup_elem(&flow_locks, &home.set);
	f = flow_at(flow_slot(home, way), home.end);
	other = flow_at(flow_slot(home, way), home.end ^ 1);
	if (!set || !lock || !f || !other)
		return -1;
	tag = *(volatile __u32 *)&set->tags[way];
	joins = tag & FLOW_ENDS && !((tag ^ home.tag) & ~FLOW_ENDS);
	if (joins && tag & bit)
		return -1;
	bpf_spin_lock(&lock->of);
	won = set->tags[way] == tag;
	if (won)
		set->tags[way] = joins ? tag | bit : home.tag | bit;
	bpf_spin_unlock(&lock->of);
	if (!won)
		return -1;
	flow_set_key(f, &nobody);
	if (!joins && tag & FLOW_ENDS)
		flow_set_key(other, &nobody); /* both are evicted */
	flow_clear(f, home.end);
	flow_set_key(f, key);
	return flow_slot(home, way);
}

/* Give the slot of @key back, or its half of it. Returns 0, or negative when it has none. */
apart int flow_drop(const struct flow_key *key)
{
	struct flow_key nobody = {};
	struct flow_home home;
	struct flow_lock *lock;
	struct flow_set *set;
	struct flow *f;
	__u32 way, gone, bit;
	int slot;

	if (!key)
		return -1;
	home = flow_home(key);
	bit = 1 << home.end;
	slot = flow_seek(key);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	lock = bpf_map_lookup_elem(&flow_locks, &home.set);
	f = slot < 0 ? NULL : flow_at(slot, home.end);
	if (!set || !lock || !f)
		return -1;
	way = bounded(slot, FLOW_WAYS);
	flow_set_key(f, &nobody);
	bpf_spin_lock(&lock->of);
	gone = (set->tags[way] ^ home.tag) & ~FLOW_ENDS ? 0 : set->tags[way] & bit;
	set->tags[way] &= ~gone;
	bpf_spin_unlock(&lock->of);
	return gone ? 0 : -1;
}

#endif
