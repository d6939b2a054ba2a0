/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h - carry out a suite: one experiment after another through the states of machine.h, on one
 * event loop, into one folder (spec section 9). Prints nothing: progress goes to a callback.
 */
#ifndef FL_RUN_H
#define FL_RUN_H

#include "model/experiment.h"
#include "run/machine.h"
#include "score/score.h"

/* What a person may want to see, every second and at every change of state. */
struct run_progress {
	const struct experiment *x; /* NULL between experiments */
	uint32_t index, total;      /* from 1 */
	enum run_state state;
	bool changed;                /* the state is new */
	double left_s;               /* until the state is over at the latest; NaN unknown */
	double pass_rate;            /* of the probe, last 10 s; NaN none */
	uint64_t hits;               /* of its faults so far */
	bool asked;                  /* there is a pipeline */
	uint32_t alerts;             /* since its baseline began */
	const struct result *result; /* set once, when it is known */
	const char *note;            /* something out of the ordinary, or NULL */
};

/* One experiment again and again, with a fault of another size each time (run/sweep/sweep_run.h). */
struct run_trial {
	const struct experiment *x;
	char id[80];       /* of its result */
	const char *param; /* of the one fault */
	char size[32];     /* its value; "" for a trial without a fault */
};

/*
 * Where the trials of a run come from, instead of its experiments. next() is called on the loop and is quick; taken()
 * and document() are called by a job, after each trial, while the loop calls nothing of these.
 */
struct run_trials {
	bool (*next)(void *ctx, struct run_trial *ret); /* false: it is enough */
	void (*taken)(void *ctx, const struct result *result);
	json_t *(*document)(void *ctx); /* a new reference: what is saved as sweep.json */
	void *ctx;
};

struct run_options {
	const int *only; /* numbers; NULL: all */
	uint32_t n_only;
	const char *dir; /* where the files go; made when missing */
	bool resume;     /* go on with what is in dir */
	bool force_stage;
	bool pipeline_may_be_down;       /* go on although nobody takes a connection there before the first fault */
	uint64_t seed;                   /* of every random choice; 0: take one */
	const char *metrics;             /* where /metrics is served, see exporter_open(); NULL: nowhere */
	const struct run_trials *trials; /* NULL: each experiment once */
	void (*progress)(void *ctx, const struct run_progress *p);
	void *ctx;
};

struct run_report {
	struct result *results;
	uint32_t n;
	uint32_t refuted; /* hypotheses */
	uint32_t not_run; /* experiments that the run did not come to */
	struct score score;
	struct gap *gaps;
	uint32_t n_gaps;
	bool aborted;    /* by a signal */
	char ended[400]; /* whose it was, as ended_text() has it; may be empty */
	bool stopped;    /* an experiment did not recover, or there was no steady state */
	/* A forced end did not wait for an answer of the pipeline: a thread is still at it, with the
	 * suite in its hands. Keep the suite, and leave by _exit(): libuv joins its threads in exit(). */
	bool unfinished;
};

/* Would the suite run here? Findings of check that are errors, support of each kind, every target.
 * Touches nothing. */
int run_preflight(const struct suite *s, const struct run_options *o, struct fl_error *err);

/* Whom each fault of @x would hit: preview_of() objects, new reference. Where some of a set are drawn, a
 * run without the same @seed draws others. Touches nothing. */
json_t *run_preview(const struct experiment *x, uint64_t seed);

/*
 * Run it. 0 when the run came to its end or was ended by a signal, whatever the results; *ret is
 * released with run_report_free().
 */
int suite_run(const struct suite *s, const struct run_options *o, struct run_report *ret, struct fl_error *err);
void run_report_free(struct run_report *r);

/* The exit status that a report deserves, and why in a few words. */
enum fl_exit run_verdict(const struct run_report *r, char *ret_why, size_t size);

/*
 * `stack: lab`: fill probe URL, pipeline URL and graph that the file leaves out from the running
 * lab's description, or where no lab runs from the labels of containers, as `stack: docker` does.
 * Nothing for a suite without `stack`.
 */
int suite_use_stack(struct suite *s, struct fl_error *err);

/* The services that run here and may be named in metrics; nothing when nobody can be asked. */
void suite_know_services(struct suite *s);

/* What is measured beside it: those services, and every target as it was written. NULL-terminated; the
 * caller frees the array, the words are the suite's. NULL: out of memory. */
char **suite_specs(const struct suite *s);

/* Seconds that the suite takes when nothing has to be waited for. */
double suite_estimate_s(const struct suite *s, const struct run_options *o);

bool run_is_selected(const struct run_options *o, const struct experiment *x);

#endif
