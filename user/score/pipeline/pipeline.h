/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline.h - the AIOps pipeline over plain HTTP, and nothing else known of it. Blocking calls
 * with a time limit run on a thread of the runner's. Bodies are bounded (8 MiB),
 * retries back off, answers are read liberally; an unreachable pipeline is a finding, not a crash.
 */
#ifndef FL_PIPELINE_H
#define FL_PIPELINE_H

#include "model/experiment.h"
#include "score/result.h"

/*
 * All three: 0; -EHOSTUNREACH when it did not answer or answered HTTP 5xx, after the retries;
 * -EBADMSG when it answered what cannot be understood. *err has the words, which the runner records.
 */
bool pipeline_unreachable(int rc);
/* Of these, by its error: did nobody so much as take the connection? */
bool pipeline_is_dead(const struct fl_error *err);

/*
 * What was found out about a pipeline that the config does not describe: which of the known bodies its
 * endpoints take. Kept in pipeline_config.learned from pipeline_learn() on; without it nothing is remembered.
 */
struct pipeline_made {
	char name[100], body[400]; /* as in the tables of pipeline_forms.c; body empty: none */
	bool query, by_cluster;
};

struct pipeline_learned {
	uint64_t until_ns;          /* CLOCK_MONOTONIC: no further bodies are tried after it; 0: no bound */
	int alerts, correlate, rca; /* index of the form that works, or PIPELINE_UNKNOWN, PIPELINE_NONE */
	struct pipeline_made made_alerts, made_correlate, made_rca; /* forms that refusals asked for */
	char prefix[60]; /* in front of the three paths ("/v1"), where the config names none */
	char said[600];  /* in words: "POST /rca takes {window_start, window_end}" */
	char told[200];  /* paths by which it can be told of a fault ("POST /events"); empty: none seen */
};
enum { PIPELINE_UNKNOWN = -1, PIPELINE_NONE = -2 /* there is no such endpoint */ };

/*
 * Ask the three endpoints before anything is broken, and keep what came of it in c->learned. 0, also when it
 * does not answer in time (said in ->said); -EBADMSG: /alerts is refused whatever is asked (HTTP 4xx), so that
 * a run could only score silence; -EHOSTUNREACH: it takes no connection, after the retries.
 */
#define PIPELINE_LEARN_NS (20 * 1000000000ull) /* it takes at most about so long */
int pipeline_learn(struct pipeline_config *c, struct fl_error *err);

/* What a run says that ends for it before its first fault: @why, and the way out. Returns -EHOSTUNREACH. */
int pipeline_refuse_dead(const struct fl_error *why, struct fl_error *err);

/* GET /alerts?since=<s>. Appends to *ret what it could read; the rest is counted as malformed. */
int pipeline_alerts(const struct pipeline_config *c, double since_s, struct alerts *ret, struct fl_error *err);

/*
 * POST /correlate {"window": {"start", "end"}}, or another body that it takes -> array of clusters (new
 * reference); -ENOENT, without an error: it has no such endpoint. @seen are all
 * alerts read so far: Alertmanager's groups are put together from them, as it keeps none.
 */
int pipeline_correlate(const struct pipeline_config *c, const struct alerts *seen, double start_s, double end_s,
		       json_t **ret_clusters, struct fl_error *err);

/* What a root cause is asked for. */
struct pipeline_window {
	double start_s, end_s;
	const json_t *cluster; /* as it came, or one made of the window where there is no correlator */
	bool alerted;          /* there were alerts: an answer without a cause may be one to the wrong body */
};

/*
 * POST /rca {"cluster": ...}, or another body that it takes -> ranked causes and the evidence of the first (an array or NULL; a new
 * reference). No cause is no error: 0 and *ret_n = 0. Prometheus and Alertmanager are not asked: a
 * label of the cluster's alerts is the cause where the config says so (pipeline_names_causes()).
 */
int pipeline_rca(const struct pipeline_config *c, const struct pipeline_window *w, struct cause **ret, uint32_t *ret_n,
		 json_t **ret_evidence, struct fl_error *err);

/* POST to forget_path, where the config has one: it is to forget what it has seen. */
int pipeline_forget(const struct pipeline_config *c, struct fl_error *err);

/* Is the cause asked for by the window, not by a cluster? Then one question is enough. */
bool pipeline_rca_by_window(const struct pipeline_config *c);

/* Is there anything that names root causes? If not there is no RCA to judge. */
bool pipeline_names_causes(const struct pipeline_config *c);

/* The readers behind them, for tests and the fuzzer: text of a body -> the same. */
int pipeline_read_alerts(const struct pipeline_config *c, const char *body, size_t len, struct alerts *ret,
			 struct fl_error *err);
int pipeline_read_clusters(const struct pipeline_config *c, const char *body, size_t len, json_t **ret,
			   struct fl_error *err);
int pipeline_read_rca(const struct pipeline_config *c, const char *body, size_t len, struct cause **ret,
		      uint32_t *ret_n, json_t **ret_evidence, struct fl_error *err);

/* How exact a time is as it is written: 1 s for whole seconds. */
double pipeline_time_resolution(const json_t *v);

/* A time as pipelines write it: epoch seconds, ms, us or ns, as number or text, or ISO 8601 (no
 * zone: UTC). NaN when it is none. */
double pipeline_time(const json_t *v);

#endif
