/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sweep_run.h - sweeps of a suite's experiments, one after the other in one run: where its trials come from
 * (struct run_trials), what their results say, and when it is enough.
 */
#ifndef FL_SWEEP_RUN_H
#define FL_SWEEP_RUN_H

#include "run/run.h"
#include "run/sweep/sweep_size.h"

enum sweep_end {
	SWEEP_GOES_ON,
	SWEEP_PRECISE, /* each curve is as well known as was asked */
	SWEEP_BUDGET,  /* the next trial would end behind the time that was given */
	SWEEP_USELESS, /* several trials in a row said nothing */
};

/* One experiment's. */
struct sweep_one {
	const struct experiment *x;
	struct sweep sweep;
	double budget_s, spent_s, trial_s; /* the shortest trial's */
	enum sweep_end end;
	uint32_t useless; /* trials in a row that said nothing */
	char why[300];    /* what the last of these was */
};

struct sweeps {
	const struct suite *suite;
	struct sweep_one *v;
	uint32_t n;
	uint32_t at;             /* the one under way */
	uint64_t mark_ns;        /* CLOCK_MONOTONIC: since when the trial under way takes time */
	struct run_trial trial;  /* the next one, or the one under way */
	struct sweep_trial next; /* the same for the curve */
	bool over;
	char told[400];  /* what is known, in a line */
	char shown[400]; /* the same as of the trial under way, for the loop's eyes */
};

struct sweep_wish {
	struct sweep_choice choice;
	double precision;
	uint64_t budget_ns; /* for each */
	uint64_t seed;
};

/* Of the @n experiments at @x. *ret is released with sweeps_free(), also after an error. */
int sweeps_open(struct sweeps *ret, const struct suite *s, const struct experiment *const *x, uint32_t n,
		const struct sweep_wish *w, struct fl_error *err);
void sweeps_free(struct sweeps *s);

/* What run_options.trials has to be; @ret->ctx is @s. */
void sweeps_trials(struct sweeps *s, struct run_trials *ret);

/* sweep.json; @final: with what takes a second of CPU a curve. A new reference. */
json_t *sweeps_json(const struct sweeps *s, bool final);

/* What a trial's result says. */
void sweep_read(const struct suite *s, const struct result *r, struct sweep_trial *ret);

/* What one trial takes where nothing has to be waited for. */
double sweep_trial_s(const struct suite *s, const struct experiment *x);

const char *sweep_end_text(enum sweep_end end);

#endif
