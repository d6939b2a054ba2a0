/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * error.h - what failed, on what, why, and what to do next.
 *
 * Library code never prints and never exits: it fills a struct fl_error and returns a negative
 * errno. Only user/cmd/ prints one (error_print) and turns it into an exit status.
 */
#ifndef FL_ERROR_H
#define FL_ERROR_H

#include <stdbool.h>
#include <stdio.h>

/* The exit statuses of every command. */
enum fl_exit {
	FL_EXIT_OK = 0,
	FL_EXIT_FAILED = 1,      /* acceptance or hypothesis failed */
	FL_EXIT_USAGE = 2,       /* command line or config */
	FL_EXIT_ENVIRONMENT = 3, /* the kernel or the host lacks something, named in the message */
	FL_EXIT_INTERNAL = 4,
	FL_EXIT_ABORTED = 5,
};

struct fl_error {
	enum fl_exit exit; /* FL_EXIT_OK: empty */
	int code;          /* negative errno, as returned */
	char message[512]; /* "what, on what: why" - one line, no final dot */
	char hint[512];    /* what to do next; may be empty */
	char file[256];    /* where in a config file; empty when it is not about one */
	int line, column;  /* from 1; 0 unknown */
	bool open;         /* a fault's effect is not undone: the journal keeps it, see journal.h */
};

/*
 * Set *err (may be NULL) and return -code, so a caller can `return error_set(...)`.
 * @code is a positive errno; @exit the status a command should end with.
 * The first error wins: a second call on a filled *err is ignored.
 */
int error_set(struct fl_error *err, enum fl_exit exit, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define error_usage(err, ...)     error_set(err, FL_EXIT_USAGE, EINVAL, __VA_ARGS__)
#define error_env(err, code, ...) error_set(err, FL_EXIT_ENVIRONMENT, code, __VA_ARGS__)
#define error_sys(err, code, ...) error_set(err, FL_EXIT_INTERNAL, code, __VA_ARGS__)

/* Add what to do next to a filled error. Does nothing on NULL. */
void error_hint(struct fl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Add the place in a file; keeps an earlier one. */
void error_at(struct fl_error *err, const char *file, int line, int column);

/* Forget what is in it. */
void error_clear(struct fl_error *err);

/* "faultline: FILE:LINE:COL: message\n  hint: ..." to @out. */
void error_print(const struct fl_error *err, FILE *out);

#endif
