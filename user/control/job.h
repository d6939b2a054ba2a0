/* SPDX-License-Identifier: GPL-2.0-only */
/* job.h - a `faultline` command as a child on the event loop: bounded in time and in what it may print. */
#ifndef FL_JOB_H
#define FL_JOB_H

#include <uv.h>

#include "control/who.h"
#include "util/text/text.h"

struct job_result {
	int exit_status; /* enum fl_exit; -1: it did not end by itself */
	bool timed_out;
	const char *out, *err; /* what it printed; valid during the call */
	size_t out_len;
};

struct job_ask {
	char *const *args;     /* behind "faultline"; ended by NULL */
	const struct who *who; /* on whose behalf: what it begins is theirs */
	const char *input;     /* its standard input; NULL: nothing */
	size_t input_len;
	bool unprivileged;   /* as user 65534: it reads what was sent, and nothing of it needs root */
	uint64_t timeout_ms; /* then it is asked to end (SIGTERM), and killed 10 s later */
	void (*done)(void *ctx, const struct job_result *r);
	void *ctx;
};

/* 0: `done` is called once, later. Else negative errno, and it is not. */
int job_start(uv_loop_t *loop, const struct job_ask *ask);

/* How many run now. */
unsigned int job_count(void);

#endif
