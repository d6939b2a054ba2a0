/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fd_table.h - whose limit fd_exhaustion has lowered, and from what: one file a target, written anew as
 * a whole before the next ones are lowered. The journal has one entry that names it, however many
 * processes come and go.
 */
#ifndef FL_FD_TABLE_H
#define FL_FD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "target/process/process.h"
#include "util/error.h"

/* One process whose limit was lowered. */
struct limited {
	struct process_id id;
	rlim_t old, now; /* soft limit: as it was, as we set it */
	rlim_t goal;     /* as it is to be */
	bool lower;      /* to its goal, once that is written down */
	bool fresh;      /* not lowered yet */
	bool held;       /* it had no more than `spare` free ones from one look to the next */
	bool raised;     /* it has raised its own limit again */
};

#define FD_VALUES 65536

#define FD_GROUPS 16

/*
 * Which limits have been set here, since when, and in which control groups: whoever was born since and has
 * one of them has it from a process of the target, be it a child's child whose parents have ended, which is
 * then known by its groups, its network and its pid namespace. Who shares all of these with the target, is none of
 * it, was born meanwhile and gave itself the very same soft limit cannot be told from such an orphan, and gets the
 * target's old one, no more than its own hard limit. Limits from FD_VALUES upwards are not noted, groups beyond FD_GROUPS neither.
 */
struct fd_values {
	uint64_t since; /* as process start times */
	uint64_t groups[FD_GROUPS];
	uint32_t n_groups;
	uint8_t bits[FD_VALUES / 8];
};

/* Note the groups (and namespaces) of a process of the target. */
void fd_groups_add(struct fd_values *v, pid_t pid);
/* Is @pid in the groups of one of them? */
bool fd_groups_have(const struct fd_values *v, pid_t pid);

static inline bool fd_value_set(const struct fd_values *v, rlim_t value)
{
	return value < FD_VALUES && v->bits[value / 8] & 1u << (value % 8);
}

/* False: it was there. */
static inline bool fd_value_add(struct fd_values *v, rlim_t value)
{
	if (value >= FD_VALUES || fd_value_set(v, value))
		return false;
	v->bits[value / 8] |= (uint8_t)(1u << (value % 8));
	return true;
}

/* Before the first of @v is lowered, or one is to a value that is new. */
int fd_table_write(const char *path, const struct limited *v, uint32_t n, const struct fd_values *values,
		   struct fl_error *err);

/* Its soft limit, now. */
int fd_limit_read(pid_t pid, rlim_t *ret);
/* The hard limit is the target's own: it stays as it is. */
int fd_limit_write(pid_t pid, rlim_t soft);

#endif
