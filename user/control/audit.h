/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * audit.h - /var/lib/faultline/audit.jsonl: what was asked of the API that changes something, by whom, from where, and
 * what came of it. Only ever appended to; a line an entry.
 *
 *	{"time", "who", "role", "from", "method", "path", "asked", "status", "result"}
 *
 * `asked` is the body, `result` the answer's id or message. Refused ones are in it as well; of those without a known
 * token at most 60 a minute, so that nobody fills the disk.
 */
#ifndef FL_AUDIT_H
#define FL_AUDIT_H

#include <jansson.h>

#include "control/who.h"

#define AUDIT_FILE "/var/lib/faultline/audit.jsonl"

/* Could an entry be written? What changes something is refused when it could not, unless it ends faults. */
int audit_ready(struct fl_error *err);

struct audit_entry {
	const struct who *who; /* role ROLE_NONE: not known */
	const char *from;
	const struct route *route;
	const char *object;  /* of its path */
	const json_t *asked; /* NULL: nothing */
	unsigned int status;
	const char *result;
};

/* False: it is not written; said on standard error, once. */
bool audit_write(const struct audit_entry *e);

/* The last @n entries, newest first; a new reference. No file: none. */
json_t *audit_read(size_t n);

#endif
