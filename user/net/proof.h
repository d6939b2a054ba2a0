/* SPDX-License-Identifier: GPL-2.0-only */
/* proof.h - hit counters, which the kernel keeps per CPU, added up. */
#ifndef FL_PROOF_H
#define FL_PROOF_H

#include <stdint.h>

#include "bpf/abi/abi.h"

/* Add @p to @sum: counters add, the first hit is the earliest, the last the latest. */
void proof_add(struct fl_proof *sum, const struct fl_proof *p);

/* Add entry @index of the per-CPU map @map_fd, over all CPUs. 0 or a negative errno. */
int proof_read(int map_fd, uint32_t index, struct fl_proof *sum);

#endif
