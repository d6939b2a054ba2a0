/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fd_table.h - whose limit fd_exhaustion has lowered, and from what: one file a target, written anew as
 * a whole before the next ones are lowered. The journal has one entry that names it, however many
 * processes come and go.
 */
#ifndef FL_FD_TABLE_H
#define FL_FD_TABLE_H

#include <stdint.h>
#include <sys/resource.h>

#include "target/process/process.h"
#include "util/error.h"

/* One process whose limit was lowered. */
struct limited {
	struct process_id id;
	rlim_t old, now; /* soft limit: as it was, as we set it */
	bool fresh;      /* not lowered yet */
	bool held;       /* it had no more than `spare` free ones from one look to the next */
	bool raised;     /* it has raised its own limit again */
};

int fd_table_write(const char *path, const struct limited *v, uint32_t n, struct fl_error *err);

/* Its soft limit, now. */
int fd_limit_read(pid_t pid, rlim_t *ret);
/* The hard limit is the target's own: it stays as it is. */
int fd_limit_write(pid_t pid, rlim_t soft);

#endif
