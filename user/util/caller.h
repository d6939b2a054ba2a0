/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * caller.h - the person behind a command that runs as root. It tells people apart who mean each other
 * no harm; every one of them is root, so it is no protection.
 */
#ifndef FL_CALLER_H
#define FL_CALLER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct caller {
	bool known; /* false: nothing was written down of who it was */
	uid_t uid;
	char user[64]; /* the name of uid, "uid N" when it has none */
	char tty[80];  /* "pts/3"; "api, token ci" of who asked `faultline serve`; empty without a terminal */
};

/*
 * Who typed this. The uid is that of the login (/proc/self/loginuid, which su and sudo keep) unless
 * there was none or it was root's; else the one that sudo tells (SUDO_UID); else the process's own. Of a command that
 * `faultline serve` carries out: who asked for it.
 */
void caller_find(struct caller *ret);

bool caller_same(const struct caller *a, const struct caller *b);

/* "alice (pts/3)", "alice", "somebody". Returns @buf. */
const char *caller_text(const struct caller *c, char *buf, size_t size);

/* {"user": "alice", "uid": 1000, "tty": "pts/3" or null}, and back; an object that is none leaves an
 * unknown caller. */
json_t *caller_json(const struct caller *c);
void caller_from_json(const json_t *o, struct caller *ret);

#endif
