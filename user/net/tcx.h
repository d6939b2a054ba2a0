/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tcx.h - attach a program to an interface by a BPF link (Linux 6.6 and later). The link is held by
 * its descriptor alone: when that is closed, or its process ends, the program is detached.
 */
#ifndef FL_TCX_H
#define FL_TCX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Attach in the caller's network namespace, before the programs of sessions with a higher
 * generation and behind everything else. @generation_offset: where in the read-only data of such a
 * program its generation lies. Returns the link's descriptor or a negative errno; -EINVAL from a
 * kernel that has no tcx.
 */
int tcx_attach(uint32_t ifindex, bool egress, int prog_fd, uint32_t generation, uint32_t generation_offset);

/* Is there a program of a session newer than @generation? In the caller's namespace. */
bool tcx_has_newer(uint32_t ifindex, bool egress, uint32_t generation, uint32_t generation_offset);

/*
 * The same for the measuring programs (bpf/measure.bpf.c): between the container and all others, which
 * is before them on the way from it, and behind them on the way to it. tcx_attach() keeps it so.
 */
int tcx_attach_outer(uint32_t ifindex, bool egress, int prog_fd);

#endif
