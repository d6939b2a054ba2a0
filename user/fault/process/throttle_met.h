/* SPDX-License-Identifier: GPL-2.0-only */
/* throttle_met.h - how often the kernel held back block I/O of a control group by a limit, from bpf/throttle.bpf.c. */
#ifndef FL_THROTTLE_MET_H
#define FL_THROTTLE_MET_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct throttle_met;

/* Begin to look. *ret is the caller's: throttle_met_close(). Negative errno, with the reason. */
int throttle_met_open(struct throttle_met **ret, struct fl_error *err);
void throttle_met_close(struct throttle_met *m);

/* Can it be asked here? */
int throttle_met_supported(struct fl_error *err);

/* Count from now on what the group @cgroup (its directory's inode) reads from, or with @write writes to, the whole disk
 * MAJOR:MINOR, if that is not counted yet. */
int throttle_met_watch(struct throttle_met *m, uint64_t cgroup, const char *disk, bool write, struct fl_error *err);

/* How often so far; 0 where it is not counted. */
uint64_t throttle_met_count(const struct throttle_met *m, uint64_t cgroup, const char *disk, bool write);

#endif
