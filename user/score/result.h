/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * result.h - what is known of one experiment after it ran: the entry of chaos_results.json, and
 * the only input of the scores. score/ is pure: no libbpf, no sockets but in pipeline.c.
 */
#ifndef FL_RESULT_H
#define FL_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

enum result_status {
	RESULT_OK,
	RESULT_NOT_MANIFESTED, /* no hit: left out of recall, run exits non-zero */
	RESULT_ABORTED,
	RESULT_NOT_RECOVERED,
	RESULT_FAILED, /* the tool could not do it */
	RESULT_SKIPPED,
};

/* One alert as the pipeline gave it, after liberal reading. */
struct alert {
	double time_s;       /* epoch seconds; NaN: it had none */
	double resolution_s; /* how exact that is as it was written: 1 for whole seconds; 0: unknown */
	double seen_s;       /* when it was first seen in an answer; 0: unknown */
	char service[128];
	char name[128];
	char severity[32];
	char id[128]; /* its own id, or a fingerprint of the others */
	json_t *raw;  /* owned */
};

struct alerts {
	struct alert *v;
	uint32_t n;
	uint32_t malformed; /* entries that could not be read, counted */
};

/* A ranked cause. */
struct cause {
	char service[128];
	double confidence; /* NaN: none given */
	uint32_t n_evidence;
};

struct result {
	int number;
	char *id, *name, *target, *fault_type;
	enum result_status status;
	/* epoch seconds; NaN or 0: it did not come to that. window_end is unset as well when the
	 * fault window was cut short, so that nobody can say whether it would have been detected. */
	double baseline_start, baseline_end, inject, end, window_end, recovered;
	/* detection */
	bool detected;
	double mttd_s;     /* NaN when missed */
	char *rca_service; /* of the first cause; NULL: no output */
	bool rca_correct;
	double confidence; /* NaN none */
	json_t *evidence;  /* array or NULL; owned */
	struct cause *causes;
	uint32_t n_causes;
	uint32_t false_alarms; /* alerts while nothing was injected: in its baseline window; of a control in both */
	struct alerts alerts;  /* of both windows */
	json_t *clusters;      /* as the pipeline gave them; owned, may be NULL */
	bool pipeline_reachable_before, pipeline_reachable_during;
	char *pipeline_error; /* last error, or NULL */
	json_t *detail;       /* everything else of the entry: hypothesis verdicts, probe, kernel, proof,
			   backend, ground truth...; owned */
};

/* The version of an entry, its "format". Readers refuse any other. */
#define RESULT_FORMAT 1

const char *result_status_text(enum result_status s);
void result_free(struct result *r);

/*
 * To the entry of chaos_results.json (new reference; NULL when out of memory). The keys of
 * @r->detail stand beside the others in it; docs/results.md has them all.
 */
json_t *result_json(const struct result *r);

/*
 * Back from it. Strict: a missing key, a wrong type or another format is an error that names the
 * key. Keys this file does not know go to ret->detail. *ret is the caller's to result_free(), and
 * empty after an error.
 */
int result_from_json(const json_t *entry, struct result *ret, struct fl_error *err);

/* An entry of the exercise's own runner, which has no "format"; the @number-th of its file. */
bool result_is_foreign(const json_t *entry);
int result_from_foreign(const json_t *entry, int number, struct result *ret, struct fl_error *err);

/* A whole chaos_results.json. *ret is the caller's, by results_free(). */
int results_parse(const char *name, const char *text, size_t len, struct result **ret, uint32_t *ret_n,
		  struct fl_error *err);
int results_load(const char *path, struct result **ret, uint32_t *ret_n, struct fl_error *err);
/* The text of chaos_results.json, the caller's to free; NULL when out of memory. */
char *results_text(const struct result *results, uint32_t n);
/* Written whole or not at all. */
int results_save(const char *path, const struct result *results, uint32_t n, struct fl_error *err);
void results_free(struct result *results, uint32_t n);

/* Does it enter the confusion matrix: manifested, watched to the end of its fault window, and a pipeline
 * was asked? */
bool result_counts(const struct result *r);

/* Was there a pipeline to ask? Without one nothing can be detected, and nothing can be missed. */
bool result_pipeline_asked(const struct result *r);

/* Was nothing injected, so that whatever was reported is a false alarm? It enters precision, not recall. */
bool result_is_control(const struct result *r);

/* Does the ground truth ask for a detection? */
bool result_must_detect(const struct result *r);

/* Was the pipeline one that names root causes ("rca_asked" of the detail)? If not there is no RCA to
 * judge, right or wrong. */
bool result_rca_asked(const struct result *r);

/* What the pipeline should have said, as "ground_truth" of the detail (new reference). */
struct ground_truth;
json_t *ground_truth_json(const struct ground_truth *truth);

/* Append a copy of @a (takes its own reference on raw). */
int alerts_add(struct alerts *list, const struct alert *a);
void alerts_free(struct alerts *a);

#endif
