/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * who.h - who asks, and what they may do: the tokens of /etc/faultline/tokens, and the user at the other end of the
 * Unix socket. The front passes on what it was given; it is judged here.
 *
 * /etc/faultline/tokens: a line a token, "NAME ROLE SHA256 [KEY=VALUE]...": the hash of the token, never the token;
 * expires=EPOCH, kinds=A,B (these only), targets=GLOB,GLOB (what is asked for has to fit one as it is written). '#'
 * begins a comment. The file is root's and nobody else's to write; else no token is taken.
 */
#ifndef FL_WHO_H
#define FL_WHO_H

#include <stdbool.h>
#include <sys/types.h>

#include "serve/routes.h"
#include "util/error.h"

#define WHO_TOKENS "/etc/faultline/tokens"

struct who {
	enum role role;
	char name[80];                 /* "token ci", "user alice" */
	uid_t uid;                     /* of a user; 0 for tokens */
	char kinds[512], targets[512]; /* comma-separated; empty: all */
};

/* 0, or -EACCES and an error (no such token, expired, nobody, an unreadable file). */
int who_by_token(const char *token, struct who *ret, struct fl_error *err);

/*
 * The peer of the accepted connection @fd to the socket @path: root administers, the members of group `faultline`
 * operate, others look if @others_look. Anything else than such a connection (the listening socket, a socket pair,
 * whose peer is ourselves) is -EACCES.
 */
int who_by_peer(int fd, const char *path, bool others_look, struct who *ret, struct fl_error *err);

/* May they ask for this kind, this target? An error that says what they may. */
int who_may_kind(const struct who *who, const char *kind, struct fl_error *err);
int who_may_target(const struct who *who, const char *target, struct fl_error *err);

/* --- the file ----------------------------------------------------------------------------------- */

struct token_line {
	char name[64];
	enum role role;
	char hash[65];
	double expires; /* epoch seconds; 0: never */
	char kinds[512], targets[512];
};

/* Read one line (without its end). 0; 1: it is empty or a comment; -EINVAL: an error. */
int token_line_read(const char *line, struct token_line *ret, struct fl_error *err);

/* All of them; *ret is the caller's to free. No file: none. */
int tokens_read(struct token_line **ret, size_t *ret_n, struct fl_error *err);
int tokens_write(const struct token_line *v, size_t n, struct fl_error *err);

/* The one with this hash, or NULL. */
const struct token_line *tokens_find(const struct token_line *v, size_t n, const char hash[65]);
bool token_has_expired(const struct token_line *t);

/* Letters, digits, "._-", at most 60. */
bool token_name_ok(const char *name);

#endif
