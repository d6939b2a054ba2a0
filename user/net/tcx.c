// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcx.c - see tcx.h
 *
 * libbpf 1.1 and the uapi headers of Debian 12 are older than tcx: the link is made by the bare
 * system call. Where a link stands in the order decides which session sees a packet first, and a
 * packet that comes back from a delay line must meet them in the order of generations (abi.h).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/tcx.h"
#include "util/cleanup.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, BPF_TCX_EGRESS: e420bed02507 (Linux 6.6) */
#define TCX_EGRESS  47

#ifndef BPF_F_BEFORE
#define BPF_F_BEFORE (1u << 3)
#define BPF_F_AFTER  (1u << 4)
#define BPF_F_ID     (1u << 5)
#endif

/* The part of union bpf_attr that BPF_LINK_CREATE reads for tcx. */
struct tcx_link_create {
	__u32 prog_fd;
	__u32 target_ifindex;
	__u32 attach_type;
	__u32 flags;
	__u32 relative_id; /* of a program */
	__u32 pad;
	__u64 expected_revision; /* 0: any */
};

#define MAX_PROGRAMS 64 /* BPF_MPROG_MAX */
#define MAX_MAPS     64 /* BPF_USED_MAPS_MAX: of one program */

/* The 32-bit value at @offset of a map's only entry; 0 when it is no read-only data that long. */
static uint32_t read_only_value(int map, uint32_t offset)
{
	_cleanup_free_ unsigned char *value = NULL;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), key = 0;
	uint32_t ret;

	if (bpf_obj_get_info_by_fd(map, &info, &len) || !strstr(info.name, ".rodata") ||
	    offset + sizeof(ret) > info.value_size)
		return 0;
	value = malloc(info.value_size);
	if (!value || bpf_map_lookup_elem(map, &key, value))
		return 0;
	memcpy(&ret, value + offset, sizeof(ret));
	return ret;
}

/* The generation of a program of ours; 0 of any other. The outer ones have the first and the last. */
static uint32_t program_generation(uint32_t id, uint32_t offset)
{
	_cleanup_fd_ int prog = bpf_prog_get_fd_by_id(id);
	__u32 maps[MAX_MAPS], i, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = MAX_MAPS, .map_ids = (uintptr_t)maps };
	uint32_t generation = 0;

	if (prog < 0 || bpf_obj_get_info_by_fd(prog, &info, &len) || strncmp(info.name, "fl_", 3))
		return 0;
	if (!strncmp(info.name, "fl_measure_", 11))
		return strcmp(info.name, "fl_measure_to") ? 0 : UINT32_MAX;
	for (i = 0; i < info.nr_map_ids && i < MAX_MAPS && !generation; i++) {
		_cleanup_fd_ int map = bpf_map_get_fd_by_id(maps[i]);

		if (map >= 0)
			generation = read_only_value(map, offset);
	}
	return generation;
}

/*
 * The id of the first program there that must run behind @generation; 0 when there is none.
 * @ret_theirs: its generation.
 */
static uint32_t first_behind(uint32_t ifindex, uint32_t type, uint32_t generation, uint32_t offset,
			     uint32_t *ret_theirs)
{
	__u32 ids[MAX_PROGRAMS], n = MAX_PROGRAMS, flags, i;

	if (bpf_prog_query((int)ifindex, type, 0, &flags, ids, &n))
		return 0;
	for (i = 0; i < n; i++) {
		*ret_theirs = program_generation(ids[i], offset);
		if (*ret_theirs > generation)
			return ids[i];
	}
	return 0;
}

bool tcx_has_newer(uint32_t ifindex, bool egress, uint32_t generation, uint32_t generation_offset)
{
	uint32_t theirs;

	return first_behind(ifindex, egress ? TCX_EGRESS : TCX_INGRESS, generation, generation_offset, &theirs) &&
	       theirs != UINT32_MAX;
}

int tcx_attach(uint32_t ifindex, bool egress, int prog_fd, uint32_t generation, uint32_t generation_offset)
{
	struct tcx_link_create attr = {
		.prog_fd = (__u32)prog_fd,
		.target_ifindex = ifindex,
		.attach_type = egress ? TCX_EGRESS : TCX_INGRESS,
	};
	uint32_t theirs;
	long fd;

	attr.relative_id = first_behind(ifindex, attr.attach_type, generation, generation_offset, &theirs);
	if (attr.relative_id)
		attr.flags = BPF_F_BEFORE | BPF_F_ID;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

int tcx_attach_outer(uint32_t ifindex, bool egress, int prog_fd)
{
	struct tcx_link_create attr = {
		.prog_fd = (__u32)prog_fd,
		.target_ifindex = ifindex,
		.attach_type = egress ? TCX_EGRESS : TCX_INGRESS,
		.flags = egress ? BPF_F_AFTER : BPF_F_BEFORE,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}
