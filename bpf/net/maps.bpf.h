/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.bpf.h - the maps of a session, as abi.h describes them. User space sizes hooks, peers,
 * rules, states and proofs before it loads, and gives one set of maps to all loaded objects.
 * What only the kernel side needs, and only for one hook's packets, is defined where it is used.
 */
#ifndef FL_MAPS_BPF_H
#define FL_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "bpf/abi/abi.h"

/* What user space calls the namespace whose hooks this object serves; which session it belongs to. */
volatile const __u32 netns_id = 0;
volatile const __u32 generation = 1;

/* Set for an object whose hooks are at the host's own interfaces, which the target shares with others. Where it
 * is not set, the verifier removes the code that serves only that. */
volatile const bool host_side = false;

/* On which side of the hook's interface @direction is. */
static __always_inline bool hook_is_egress(enum fl_direction direction)
{
	return (direction == FL_DIR_TO) != host_side;
}

static __always_inline enum fl_direction hook_direction(bool egress)
{
	return egress != host_side ? FL_DIR_TO : FL_DIR_FROM;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct fl_hook_key);
	__type(value, struct fl_hook);
} hooks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_peer_key);
	__type(value, struct fl_ruleset);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_RULES_DEFAULT);
	__type(key, __u32);
	__type(value, struct fl_rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_RULES_DEFAULT);
	__type(key, __u32);
	__type(value, struct fl_state);
} states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_RULES_DEFAULT);
	__type(key, __u32);
	__type(value, struct fl_proof);
} proofs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_lease);
} leases SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct fl_line_key);
	__type(value, struct fl_line);
} lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_TABLE_MAX);
	__type(key, __u32);
	__type(value, struct fl_table_row);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_STAT_MAX);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

static __always_inline void stat_count(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&stats, &which);

	if (count)
		++*count;
}

#endif
