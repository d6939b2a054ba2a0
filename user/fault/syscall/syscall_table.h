/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall_table.h - which syscalls can be made to fail, by which backend, and what each backend can
 * look at. One row a syscall; a family ("open") is several rows that programs use for one another.
 */
#ifndef FL_SYSCALL_TABLE_H
#define FL_SYSCALL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

/* What a hook can filter by. */
enum syscall_filter {
	FILTER_PATH = 1 << 0,
	FILTER_ADDRESS = 1 << 1, /* port and peer */
	FILTER_FD = 1 << 2,      /* type of the descriptor */
};

struct syscall_row {
	const char *name;                  /* the kernel's name, "openat": symbol __x64_sys_openat */
	const char *family;                /* "open"; may be the same word */
	int number;                        /* on this architecture; -1 where it does not exist */
	int8_t path_arg, fd_arg, addr_arg; /* argument indexes, -1 none */
	const char *modret;                /* program of sys_modret for the security hook it passes, or NULL */
	const char *cgroup4, *cgroup6;     /* programs of sys_cgroup, or NULL */
	unsigned int modret_filters, cgroup_filters;
	const char *note; /* what has already happened when it fails; NULL: nothing */
};

extern const struct syscall_row syscall_rows[]; /* ends with a NULL name */

/*
 * Rows of a name or family, as indexes into syscall_rows, at most @max; returns how many. 0 and
 * an error with the nearest word when nothing has this name on this architecture.
 */
unsigned int syscall_find(const char *word, unsigned int *ret, unsigned int max, struct fl_error *err);

/* "ETIMEDOUT" or "110" -> 110. */
int syscall_errno(const char *text, int *ret, struct fl_error *err);

/* What a row can be filtered by when its arguments are read at the syscall's entry. */
unsigned int syscall_entry_filters(const struct syscall_row *row);

#endif
