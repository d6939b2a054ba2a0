/* SPDX-License-Identifier: GPL-2.0-only */
/* inject.h - the two halves of `faultline inject`: what was asked (inject.c), and doing it
 * (inject_hold.c). */
#ifndef FL_INJECT_H
#define FL_INJECT_H

#include <argp.h>

#include "fault/fault.h"
#include "policy/end.h"

/* Again and again: --repeat-*. */
struct inject_repeat {
	uint64_t every_ns;  /* from the beginning of a round to that of the next; 0: once */
	uint64_t jitter_ns; /* up to so much later, each time anew */
	int64_t n;          /* how many rounds; 0: until a signal */
	uint64_t seed;      /* of what is drawn */
};

struct inject {
	struct fault fault;
	uint64_t for_ns; /* 0: until a signal */
	struct inject_repeat repeat;
	bool signalled; /* a signal ended it before its time */
	bool detach, dry_run, json;
	struct ended ended; /* who ended it before its time; zeroed: a signal, or nobody */
};

/* Told once the fault is active; a negative return ends it at once. */
struct inject_watcher {
	int (*active)(const struct inject *in, void *arg);
	void *arg;
	/* What becomes of its targets meanwhile; may be NULL. */
	void (*changed)(void *arg, const struct fault *f, const json_t *change);
	bool progress; /* a line on the terminal, once a second */
};

/*
 * Begin a session, arm and activate, hold until the time is over or a signal comes, roll back,
 * end the session. *ret is the proof, taken before the fault was disarmed.
 */
int inject_hold(struct inject *in, const struct inject_watcher *w, struct fault_proof *ret, struct fl_error *err);

/* What --repeat-* say, against the rest. */
int inject_repeat_check(const struct inject *in, bool forever, struct fl_error *err);

/* One more round from the same command line: targets are found anew. */
typedef int inject_make_fn(struct inject *ret, void *arg, struct fl_error *err);
/* Carry it out and tell, or with in->json append what there is to tell to @rounds; the exit status. */
typedef int inject_round_fn(struct inject *in, json_t *rounds);

/* All rounds; @first is ready. Returns the exit status. */
int inject_repeat(struct inject *first, inject_make_fn *make, inject_round_fn *once, void *arg);

/* "payment-svc, auth-svc" */
void inject_targets(const struct fault *f, char *buf, size_t size);

/* The report at the end. */
void inject_print_proof(const struct inject *in, const struct fault_proof *p);
/* Did it do anything at all? */
bool inject_hit_something(const struct fault_ops *ops, const struct fault_proof *p);
/* Why it may be that nothing was hit. */
void inject_print_hint(const struct fault *f, const struct fault_proof *p);
json_t *inject_proof_json(const struct inject *in, const struct fault_proof *p, const struct fl_error *err);

/* The options that every kind has. */
extern const struct argp_option inject_fixed_options[];

#endif
