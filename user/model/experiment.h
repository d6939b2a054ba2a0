/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * experiment.h - a suite as it was written down. load.c fills it from YAML, check.c judges it,
 * run.c carries it out. No libbpf behind this header.
 */
#ifndef FL_EXPERIMENT_H
#define FL_EXPERIMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/param.h"
#include "expr/expr.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text/moment.h"
#include "util/text/text.h"

enum experiment_stage {
	STAGE_DEV = 1, /* one container, 0 % of real traffic */
	STAGE_STAGING, /* full stack, 0 % */
	STAGE_CANARY,  /* one instance, 1-10 % */
	STAGE_REGION,  /* 25-100 % */
	STAGE_GLOBAL,  /* 100 % */
};

struct fault_ops;

/* One fault of an experiment. */
struct fault_plan {
	const struct fault_ops *ops;
	struct params params;
	char **targets;       /* specs, NULL-terminated */
	uint64_t offset_ns;   /* after the experiment's inject time */
	uint64_t duration_ns; /* 0: as long as the experiment's */
	int line, column;
};

/* What the pipeline should say. */
struct ground_truth {
	char **root_services;   /* any of them is correct; NULL-terminated; empty: none is expected */
	char **not_services;    /* naming one of these is wrong ("RCA must NOT be checkout-svc") */
	bool must_detect;       /* default true */
	char *symptom, *reason; /* free words, for reports */
};

/* The block `sweep:`, as written: which sizes of its fault are to be tried. */
struct sweep_block {
	bool given;
	char *param, *from, *to; /* NULL: what the kind says */
	int line, column;
};

struct experiment {
	int number;   /* from 1, order in the file, or `id` when it is a number */
	bool control; /* nothing is injected: whatever the pipeline reports is a false alarm */
	char *id, *name, *description;
	char **tags;
	char *hypothesis;            /* as written */
	char **steady_state;         /* the clauses that count, when they are given apart from it; or NULL */
	struct expr_clause *clauses; /* the testable clauses found in it, or in steady_state */
	uint32_t n_clauses;
	/* blast_radius */
	char **targets; /* NULL-terminated */
	char *target_text, *traffic_text;
	uint32_t instances;          /* "2 instances of X"; 0: not said */
	uint32_t traffic_ppm;        /* share of the real traffic, kept in the kernel as a share of flows */
	bool synthetic;              /* no real traffic: "0%", "100% synthetic" */
	enum experiment_stage stage; /* as written, else the one that the traffic implies; 0: none */
	uint64_t duration_ns;
	/* when its fault begins, once the baseline is over */
	struct expr *when;            /* has to hold; may be NULL */
	struct moment at;             /* no sooner than this, where it is set */
	uint64_t within_ns, after_ns; /* else it is skipped; this long after the end of @after's fault */
	char *after;                  /* id of one above it that has to be over; NULL: of any */
	/* rollback */
	bool rollback_automatic;
	struct expr *trigger_when; /* may be NULL */
	char *rollback_method;
	/* measurement */
	char **metrics;
	uint64_t window_before_ns, window_after_ns; /* of capture_window */
	struct expr **aborts;                       /* NULL-terminated */
	char **abort_texts;
	struct fault_plan *faults;
	uint32_t n_faults;
	struct sweep_block sweep;
	struct ground_truth truth;
	int line, column;
};

struct probe_config {
	char *url;
	uint64_t interval_ns, timeout_ns, slow_ns; /* 5 s, 2 s, 500 ms */
	char *body_regex, *json_path, *json_value;
	uint32_t steady_ppm;        /* 990000 */
	uint64_t steady_window_ns;  /* 60 s */
	uint64_t recover_within_ns; /* 2 min */
};

/* The defaults of a probe that names nothing but its URL. */
static inline void probe_defaults(struct probe_config *config)
{
	*config = (struct probe_config){
		.interval_ns = 5 * NS_PER_SEC,
		.timeout_ns = 2 * NS_PER_SEC,
		.slow_ns = 500 * NS_PER_MSEC,
		.steady_ppm = 990000,
		.steady_window_ns = 60 * NS_PER_SEC,
		.recover_within_ns = 120 * NS_PER_SEC,
	};
}

extern const char *const suite_adapters[]; /* the words for pipeline_config.adapter, ended by NULL (suite/load.c) */

struct pipeline_learned; /* score/pipeline/pipeline.h */

struct pipeline_config {
	char *url;     /* NULL: none */
	char *adapter; /* of suite_adapters; NULL: the first */
	uint64_t timeout_ns;
	uint32_t retries;
	char *alerts_path, *correlate_path, *rca_path; /* NULL: the adapter's own */
	char *forget_path;                /* makes it forget what it has seen, before a trial; NULL: none */
	json_t *fields;                   /* remapping: {"alert_time": "x", "alert_service": "y", ...} or NULL */
	struct pipeline_learned *learned; /* which requests it takes, found out by asking; or NULL */
};

/* One finding: of the reader, or of check. */
struct finding {
	bool error;     /* otherwise a warning */
	bool invented;  /* a value that the file does not say */
	char rule[40];  /* "untestable-hypothesis", "no-rollback", "up-only-measurement", ... */
	int experiment; /* its number, 0: the suite */
	int line, column;
	int order; /* among those of one line */
	char text[500];
};

struct suite {
	char *path; /* the file */
	char sha256[65];
	char *name, *description;
	bool exercise;             /* a file in the form of the class's exercise */
	char *stack;               /* "lab", "docker": URLs and graph that the file leaves out come from there */
	struct probe_config probe; /* url NULL: not given */
	struct pipeline_config pipeline;
	char *prometheus_url;
	uint64_t baseline_ns, cooldown_ns, grace_ns; /* 300 s, 120 s, 30 s */
	double scale;                                /* every window was made so many times as long; 0: as written */
	json_t *metrics;                             /* name -> source, see measure/metrics.h; or NULL */
	json_t *graph;                               /* services and edges when the file gives them, or NULL */
	json_t *described;                           /* `services`: name -> target (target/described.h), or NULL */
	char **services;                             /* what providers know here (suite_know_services()), or NULL */
	char **accept;            /* rules of check whose warnings the author knows and accepts, or NULL */
	char **mentioned;         /* services of experiments that could not be read: names of metrics, or NULL */
	struct finding *findings; /* what the reader has to say */
	uint32_t n_findings;
	json_t *versions; /* {"stack": {"version": ..., "commit": ...}, "pipeline": ...}, or NULL */
	struct experiment *experiments;
	uint32_t n;
};

/*
 * Load a suite; @table is the fault table (fault_table, or a small one in tests: this file links
 * without libbpf). Every key is checked; the first problem is an error with file:line:column and the
 * nearest known key. Bounds: 1 MiB of file, 64 levels, 10,000 nodes after aliases (a YAML bomb
 * ends there). A file in the form of the class's exercise is understood as it is (suite/exercise/exercise.h); what
 * had to be invented is in suite.findings. *ret is released with suite_free().
 */
int suite_load(const char *path, const struct fault_ops *const *table, struct suite **ret, struct fl_error *err);
/* The same from memory, for tests and the fuzzer; @name stands in for the path. */
int suite_parse(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		struct suite **ret, struct fl_error *err);

/*
 * The same, and every problem of the file instead of the first: 0 with the errors in (*ret)->findings, and
 * without the experiments that have one. <0: it is no YAML, or cannot be read.
 */
int suite_read(const char *path, const struct fault_ops *const *table, struct suite **ret, struct fl_error *err);
int suite_read_text(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		    struct suite **ret, struct fl_error *err);

/* An experiment file of the exercise in our own form, with comments that say what was invented; @out is
 * empty before. The findings are added to *ret (the caller's to free). */
int suite_complete(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		   struct text *out, struct finding **ret, uint32_t *ret_n, struct fl_error *err);
void suite_free(struct suite *s);

/* Make every window @factor times as long (0.1: a tenth). See scale.c. */
int suite_scale(struct suite *s, double factor, struct fl_error *err);

/* Did the author accept the warnings of that rule? */
bool suite_accepts(const struct suite *s, const char *rule);

/* "dev", "staging", ...; "none" for 0. */
const char *stage_text(enum experiment_stage stage);

/* Judge a suite by the rules that need no host. *ret is the caller's to free. */
int suite_check(const struct suite *s, struct finding **ret, uint32_t *ret_n, struct fl_error *err);

#endif
