/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * end.h - ending a session from another process, and telling it who did it. Its owner rolls back and
 * puts the name into its result; what a dead owner left is cleaned up in its place.
 */
#ifndef FL_END_H
#define FL_END_H

#include "session/session.h"

/* Who had a session ended, when and why; zeroed when nobody said so. A window has no `by`. */
struct ended {
	struct caller by;
	double when;   /* epoch seconds */
	char why[200]; /* "halt: deploy freeze"; may be empty */
};

/* Ask for the end of @s: its owner is told who asks, and signalled. One that is dead: 0. */
int end_ask(const struct session_info *s, const struct ended *e, struct fl_error *err);

/* Wait until it is gone. -ETIMEDOUT names its owner. @s is cleaned up here if its owner died. */
int end_wait(const struct session_info *s, struct fl_error *err);

/* What the owner of session @name was told; zeroed when nothing. */
void ended_read(const char *name, struct ended *ret);

/* "by alice (pts/3) at 12:00:01: halt: deploy freeze"; empty when nobody said so. Returns @buf. */
const char *ended_text(const struct ended *e, char *buf, size_t size);

/* {"user", "uid", "tty", "t", "why"}; null. */
json_t *ended_json(const struct ended *e);
void ended_from_json(const json_t *o, struct ended *ret);

#endif
