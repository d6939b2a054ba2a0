// SPDX-License-Identifier: GPL-2.0-only
/* socket_cgroup.c - see socket_cgroup.h */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "bpf/abi/abi.h" /* the next one needs it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* the code bpftool generates */
#include "bpf/owner.skel.h"
#pragma GCC diagnostic pop
#include "os/bpf_load.h"
#include "os/socket_cgroup.h"

/* Add the offset of @member in @type to *offset. False: it has no such member at a whole byte. */
static bool add_offset(const struct btf *btf, const char *type, const char *member, uint32_t *offset)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	const struct btf_member *m = t ? btf_members(t) : NULL;
	uint32_t i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		__u32 bits = btf_member_bit_offset(t, i);

		if (strcmp(btf__name_by_offset(btf, m[i].name_off), member) || bits % 8)
			continue;
		*offset += bits / 8;
		return true;
	}
	return false;
}

/* Linux 6.1, 7f203bc89eb6: pointers to the ancestors instead of their ids. Linux 5.15, 8520e224f547: a pointer
 * to the cgroup that is always there; before, it gave way to the class of net_cls. */
static bool find_all(const struct btf *btf, struct fl_owner_offsets *ret)
{
	ret->by_pointer = add_offset(btf, "cgroup", "ancestors", &ret->ancestors);
	return (ret->by_pointer || add_offset(btf, "cgroup", "ancestor_ids", &ret->ancestors)) &&
	       add_offset(btf, "sock", "sk_cgrp_data", &ret->socket_cgroup) &&
	       add_offset(btf, "sock_cgroup_data", "cgroup", &ret->socket_cgroup) &&
	       add_offset(btf, "cgroup", "level", &ret->level) && add_offset(btf, "cgroup", "kn", &ret->node) &&
	       add_offset(btf, "kernfs_node", "id", &ret->id);
}

int owner_offsets(struct fl_owner_offsets *ret, struct fl_error *err)
{
	struct fl_owner_offsets found = {};
	struct btf *btf;
	bool all;

	bpf_load_begin();
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return error_env(err, ENOTSUP,
				 "packets are told by the cgroup of their socket, and where this kernel "
				 "keeps it is not known: it has no BTF");
	all = find_all(btf, &found);
	btf__free(btf);
	if (!all)
		return error_env(err, ENOTSUP,
				 "packets are told by the cgroup of their socket, and this kernel does "
				 "not keep that with every socket (Linux 5.15 does)");
	*ret = found;
	return 0;
}

int owner_supported(struct fl_error *err)
{
	struct owner_bpf *skel;
	int r;

	bpf_load_begin();
	skel = owner_bpf__open();
	if (!skel)
		return bpf_load_error(-errno, "the programs that tell packets by their cgroup", err);
	r = owner_offsets((struct fl_owner_offsets *)(uintptr_t)&skel->rodata->offsets, err);
	if (!r) {
		r = owner_bpf__load(skel);
		if (r)
			bpf_load_error(r, "the programs that tell packets by their cgroup", err);
	}
	owner_bpf__destroy(skel);
	return r;
}
