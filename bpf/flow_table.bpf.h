/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow_table.bpf.h - the table of connections. A hash map of the kernel costs a call, a hash of its own and a
 * chain for each packet; here a flow is nearly always found by one multiplication in the slot that it would
 * rather have. It may live in any of the 32 slots of its set. When all of them are taken, the flow whose last word
 * is oldest has to go: least recently used, of 32.
 *
 * Who takes a slot or gives it back holds the lock of its set; who looks, does not: a slot is somebody's as
 * soon as the key in it is his, and that is written last.
 */
#ifndef FL_FLOW_TABLE_BPF_H
#define FL_FLOW_TABLE_BPF_H

#include "compat.bpf.h"
#include "hash.h"
#include "measure_flow.bpf.h"

#define FLOW_WAYS 32 /* slots of a set */

struct flow_set {
	__u32 tags[FLOW_WAYS]; /* whose slot it is: part of the key's hash; 0: free */
};

/* (By itself: a program that may sleep, as the sweep, may not know a map with a lock before 6.2.) */
struct flow_lock {
	struct bpf_spin_lock of;
};

/* A power of two; user space says it here and to the three maps. */
const volatile __u32 n_flow_sets = 2048;
const volatile __u64 flow_seed = 0; /* nobody outside can choose connections of one set */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct flow_set);
} flow_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct flow_lock);
} flow_locks SEC(".maps");

/* (Memory that can be mapped begins at a page, and so each flow at a cache line.) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2048 * FLOW_WAYS);
	__type(key, __u32);
	__type(value, struct flow);
} flows SEC(".maps");

/* Where a key belongs. */
struct flow_home {
	__u32 set, way, tag;
};

static __always_inline struct flow_home flow_home(const struct flow_key *key)
{
	const __u64 *words = (const __u64 *)key;
	/* Multiplicative hashing (Knuth), twice: ports and addresses differ in few bits. */
	__u64 h = (words[0] ^ flow_seed ^ words[1] * 0xbf58476d1ce4e5b9ull) * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull;
	return (struct flow_home){
		.set = h >> 40 & (n_flow_sets - 1),
		.way = h >> 32 & (FLOW_WAYS - 1),
		.tag = (__u32)h | 1,
	};
}

static __always_inline bool flow_is(const struct flow *f, const struct flow_key *key)
{
	const __u64 *a = (const __u64 *)&f->key, *b = (const __u64 *)key;

	return a[0] == b[0] && a[1] == b[1];
}

static __always_inline struct flow *flow_at(__u32 set, __u32 way)
{
	__u32 slot = set * FLOW_WAYS + way;

	return bpf_map_lookup_elem(&flows, &slot);
}

/*
 * (The ways are gone through from the one that the key would rather have on, and in numbers that the verifier
 * does not know: it finds each step to be like the one before.)
 */
#define flow_way(home, i) (((home).way + (i)) & (FLOW_WAYS - 1))

/* The way of @key in its set; negative: it is not there. */
__noinline int flow_seek(const struct flow_key *key)
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

		if (set->tags[way] != home.tag)
			continue;
		f = flow_at(home.set, way);
		if (f && flow_is(f, key))
			return way;
	}
	return -1;
}

/* NULL: there is none. */
static __always_inline struct flow *flow_find(const struct flow_key *key)
{
	struct flow_home home = flow_home(key);
	struct flow *f = flow_at(home.set, home.way);
	int way;

	if (f && flow_is(f, key))
		return f;
	way = flow_seek(key);
	return way < 0 ? NULL : flow_at(home.set, way);
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

/* The slot of the set that has been silent for longest: the smallest of times with the way in their last bits. */
static __always_inline __u32 flow_oldest(const struct flow_home *home)
{
	__u64 oldest = ~0ull >> 1, last_ns;
	__u32 i;

	for (i = 0; i < FLOW_WAYS; i++) {
		__u32 way = flow_way(*home, i);
		struct flow *f = flow_at(home->set, way);

		if (!f)
			break;
		/* When something was last asked or said in it: the greater one. */
		last_ns = f->last_ns + f->first.ns - time_min(f->last_ns, f->first.ns);
		oldest = time_min(oldest, (last_ns & ~(FLOW_WAYS - 1ull)) | way);
	}
	return oldest & (FLOW_WAYS - 1);
}

/* Which slots are free, bit by bit from the one on that @home would rather have. Is one @home's already? */
static __always_inline __u32 flow_free(const struct flow_set *set, const struct flow_home *home, bool *ret_there)
{
	__u32 free = 0, others = 1;
	__u32 i;

	for (i = 0; i < FLOW_WAYS; i++) {
		__u32 tag = set->tags[flow_way(*home, i)];

		free |= (not_zero(tag) ^ 1) << i;
		others &= not_zero(tag ^ home->tag);
	}
	*ret_there = !others;
	return free;
}

static __always_inline void flow_set_key(struct flow *f, const struct flow_key *key)
{
	volatile __u64 *to = (volatile __u64 *)&f->key;
	const __u64 *from = (const __u64 *)key;

	to[0] = from[0];
	__sync_lock_test_and_set((__u64 *)&f->key + 1, from[1]);
}

/*
 * A slot for @key, which has none: its way; negative: another CPU took one for it meanwhile (or, once in
 * 2^31, a key with the same tag has one). The flow in it is zero but for its key.
 */
__noinline int flow_take(const struct flow_key *key)
{
	struct flow_home home;
	struct flow_lock *lock;
	struct flow_set *set;
	struct flow *f;
	__u32 way, free;
	bool there;

	if (!key)
		return -1;
	home = flow_home(key);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	lock = bpf_map_lookup_elem(&flow_locks, &home.set);
	if (!set || !lock)
		return -1;
	way = flow_oldest(&home);
	bpf_spin_lock(&lock->of);
	free = flow_free(set, &home, &there);
	if (free)
		way = flow_way(home, log2_of(free & -free));
	way = bounded(way, FLOW_WAYS);
	if (!there)
		set->tags[way] = home.tag;
	bpf_spin_unlock(&lock->of);
	f = flow_at(home.set, way);
	if (there || !f)
		return -1;
	flow_set_key(f, &(struct flow_key){});
	__builtin_memset((void *)f + sizeof(f->key), 0, sizeof(*f) - sizeof(f->key));
	flow_set_key(f, key);
	return way;
}

/* Give the slot of @key back. Returns 0, or negative when it has none. */
__noinline int flow_drop(const struct flow_key *key)
{
	struct flow_home home;
	struct flow_lock *lock;
	struct flow_set *set;
	struct flow *f;
	__u32 gone = 0;
	int way;

	if (!key)
		return -1;
	home = flow_home(key);
	way = flow_seek(key);
	set = bpf_map_lookup_elem(&flow_sets, &home.set);
	lock = bpf_map_lookup_elem(&flow_locks, &home.set);
	if (way < 0 || !set || !lock)
		return -1;
	way &= FLOW_WAYS - 1;
	f = flow_at(home.set, way);
	if (!f)
		return -1;
	flow_set_key(f, &(struct flow_key){});
	bpf_spin_lock(&lock->of);
	if (set->tags[way] == home.tag) {
		set->tags[way] = 0;
		gone = 1;
	}
	bpf_spin_unlock(&lock->of);
	return gone ? 0 : -1;
}

#endif
