/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * container.h - what a process can know of itself and of the cgroup it runs in: CPU, memory and
 * their limits, under v1 and v2, in a namespace of cgroups or not.
 */
#ifndef LAB_CONTAINER_H
#define LAB_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

/* Find the cgroup's files. Call once, before the others. */
void container_start(void);

/* Memory in use that cannot be reclaimed at once, and the limit. False when there is no limit. */
bool container_memory(uint64_t *ret_used, uint64_t *ret_limit);

/* Refresh the process_*, container_* and clock series. */
void container_metrics(void);

#endif
