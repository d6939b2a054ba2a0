/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * folder.h - what a run left behind, read back: the input of score, report and history. Only
 * chaos_results.json is needed; what else is missing or torn is said in the reports.
 */
#ifndef FL_FOLDER_H
#define FL_FOLDER_H

#include "measure/probe/probe.h"
#include "score/statistics.h"

struct folder {
	char *path;
	const char *out; /* where reports and exports go; NULL: beside the results. Borrowed */
	struct result *results;
	uint32_t n;
	struct score score;
	struct more_scores more;
	struct gap *gaps;
	uint32_t n_gaps;
	json_t *manifest;           /* run.json; NULL: none */
	json_t *baseline;           /* baseline.json; NULL: none */
	json_t *sweep;              /* sweep.json; NULL: it is no folder of a sweep */
	struct probe_sample *probe; /* of probe.log, mono_ns counted from the epoch */
	uint32_t n_probe, probe_malformed;
	uint32_t n_events, events_malformed; /* lines of events.jsonl */
};

/* *f is released with folder_close(), also after an error. */
int folder_open(struct folder *f, const char *path, struct fl_error *err);
void folder_close(struct folder *f);

/* {"edges": ...} of the run, or NULL. Borrowed. */
const json_t *folder_graph(const struct folder *f);

/* A value of run.json as text; "" when it is not there. @buf is returned. */
const char *folder_manifest(const struct folder *f, const char *path, char *buf, size_t size);

/* Of a run of the exercise's file, or of its own runner, who writes no manifest. */
bool folder_is_exercise(const struct folder *f);

/* FOLDER/NAME; the caller's to free. NULL when out of memory. */
char *folder_file(const struct folder *f, const char *name);
/* The same for what is written: OUT/NAME. */
char *folder_out(const struct folder *f, const char *name);

/* "payment_latency" -> its gaps, one after the other: the next at or after *i; NULL at the end. */
const struct gap *folder_next_gap(const struct folder *f, const struct result *r, uint32_t *i);

#endif
