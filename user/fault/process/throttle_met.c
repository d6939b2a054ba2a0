// SPDX-License-Identifier: GPL-2.0-only
/* throttle_met.c - see throttle_met.h */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/abi/abi_throttle.h"
#include "bpf/throttle.skel.h"
#include "fault/process/throttle_met.h"
#include "os/bpf_load.h"

#define WHAT "the program that sees I/O held back"

struct throttle_met {
	struct throttle_bpf *skel;
};

/* Is the request the second argument of the tracepoint where it is queued (before 5.11)? Types of tracepoints have one
 * argument more than the tracepoint. */
static bool bio_is_second(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	__s32 id = btf ? btf__find_by_name_kind(btf, "btf_trace_block_bio_queue", BTF_KIND_TYPEDEF) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	bool second;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	second = t && btf_is_func_proto(t) && btf_vlen(t) == 3;
	btf__free(btf);
	return second;
}

static int load(struct throttle_bpf *skel, struct fl_error *err)
{
	int r;

	/* The skeleton types it as the program does, const; before loading it is there to be set. */
	*(bool *)(uintptr_t)&skel->rodata->bio_is_second = bio_is_second();
	r = throttle_bpf__load(skel);
	r = r ? r : throttle_bpf__attach(skel);
	return r ? bpf_load_error(r, WHAT, err) : 0;
}

int throttle_met_open(struct throttle_met **ret, struct fl_error *err)
{
	struct throttle_met *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_sys(err, ENOMEM, "out of memory");
	bpf_load_begin();
	m->skel = throttle_bpf__open_opts(bpf_load_options());
	r = m->skel ? load(m->skel, err) : bpf_load_error(-errno, WHAT, err);
	if (r) {
		throttle_met_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

void throttle_met_close(struct throttle_met *m)
{
	if (!m)
		return;
	throttle_bpf__destroy(m->skel);
	free(m);
}

int throttle_met_supported(struct fl_error *err)
{
	struct throttle_met *m;
	int r = throttle_met_open(&m, err);

	if (!r)
		throttle_met_close(m);
	return r;
}

static struct fl_throttle_key key_of(uint64_t cgroup, const char *disk, bool write)
{
	struct fl_throttle_key key = { .cgroup = cgroup, .write = write };

	if (sscanf(disk, "%u:%u", &key.major, &key.minor) != 2)
		key.major = key.minor = UINT32_MAX;
	return key;
}

int throttle_met_watch(struct throttle_met *m, uint64_t cgroup, const char *disk, bool write, struct fl_error *err)
{
	struct fl_throttle_key key = key_of(cgroup, disk, write);
	uint64_t none = 0;
	int r = bpf_map_update_elem(bpf_map__fd(m->skel->maps.held_back), &key, &none, BPF_NOEXIST);

	return !r || r == -EEXIST ? 0 : error_sys(err, -r, "the map of " WHAT ": %s", strerror(-r));
}

uint64_t throttle_met_count(const struct throttle_met *m, uint64_t cgroup, const char *disk, bool write)
{
	struct fl_throttle_key key = key_of(cgroup, disk, write);
	uint64_t n = 0;

	return bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.held_back), &key, &n) ? 0 : n;
}
