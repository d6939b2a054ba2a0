// SPDX-License-Identifier: GPL-2.0-only
/* proof.c - see proof.h */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "net/proof.h"
#include "util/cleanup.h"

void proof_add(struct fl_proof *sum, const struct fl_proof *p)
{
	sum->matched += p->matched;
	sum->injected += p->injected;
	sum->skipped += p->skipped;
	sum->bytes += p->bytes;
	if (p->first_hit_ns && (!sum->first_hit_ns || p->first_hit_ns < sum->first_hit_ns))
		sum->first_hit_ns = p->first_hit_ns;
	if (p->last_hit_ns > sum->last_hit_ns)
		sum->last_hit_ns = p->last_hit_ns;
}

int proof_read(int map_fd, uint32_t index, struct fl_proof *sum)
{
	int cpus = libbpf_num_possible_cpus(), r, i;
	_cleanup_free_ struct fl_proof *each = cpus > 0 ? calloc((size_t)cpus, sizeof(*each)) : NULL;

	if (!each)
		return cpus < 0 ? cpus : -ENOMEM;
	r = bpf_map_lookup_elem(map_fd, &index, each);
	for (i = 0; !r && i < cpus; i++)
		proof_add(sum, &each[i]);
	return r;
}
