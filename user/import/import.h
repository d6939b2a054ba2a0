/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * import.h - experiment files out of what people have: Chaos Mesh objects, a Chaos Toolkit
 * experiment, pumba command lines. One file a format.
 *
 * A source becomes one JSON document of texts, and an importer *takes* from it what it understands:
 * a taken value is gone from the document. What is left over at the end is what was not carried over,
 * and is named with its path. So no field can be dropped in silence, also one that no importer has
 * heard of.
 */
#ifndef FL_IMPORT_H
#define FL_IMPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fault/fault.h"
#include "util/error.h"
#include "util/text/text.h"

/* Of experiments whose source does not say how long. */
#define IMPORT_DEFAULT_NS (60 * 1000000000ull)
/* Experiments of one file. */
#define IMPORT_MAX 500
/* No target could be read from the source. */
#define IMPORT_NO_TARGET "change-me"

struct import_fault {
	const struct fault_ops *ops;
	struct params params;
	uint64_t offset_ns, duration_ns; /* duration 0: as long as the experiment's */
	char *target;                    /* NULL: the experiment's */
};

struct import_experiment {
	char *name, *description, *target;
	char *hypothesis; /* clauses out of the source; NULL: none, one is proposed */
	char *rollback;   /* what the source would do; NULL */
	json_t *tags;     /* array of texts, or NULL */
	uint64_t duration_ns;
	struct import_fault **faults;
	uint32_t n_faults;
};

/* A field that could not be carried over. */
struct import_loss {
	char *where; /* the object: "NetworkChaos web-delay" */
	char *path;  /* in it: "spec.selector.namespaces[0]" */
	char *value; /* as written; NULL: none */
	char *why;
};

struct import {
	const char *format, *source; /* "chaos-mesh", the file's name */
	const struct fault_ops *const *table;
	const char *fallback_target; /* --target; NULL: none given */
	bool together;               /* pumba's experiments become faults of one */
	char *where;                 /* of the object under way, for losses */
	/* What belongs to the suite. */
	char *probe_url, *probe_timeout, *probe_regex, *probe_path, *probe_value, *prometheus;
	json_t *metrics; /* name -> PromQL */
	struct import_experiment **v;
	uint32_t n;
	struct import_loss *losses;
	uint32_t n_losses;
	bool failed; /* an allocation did */
};

/*
 * Read @text as @format ("chaos-mesh", "chaostoolkit", "pumba"). Error: it is no such file, or
 * nothing in it can be done here. *im, whose table and fallback_target are set, is released with
 * import_free(), also after an error.
 */
int import_text(struct import *im, const char *format, const char *source, const char *text, size_t len,
		struct fl_error *err);

/* The arguments of one pumba command, without the program's name. Of a script's words, those that are not
 * known (shell.h) are shown as they were written. After an error nothing of it is in @im. */
int import_pumba_words(struct import *im, char *const *words, struct fl_error *err);

/* The experiment file, with the losses as comments. Checked: what it gives is a suite that loads. */
int import_write(const struct import *im, struct text *out, struct fl_error *err);

/* Into @json: "experiments" (none unless @whole), and "lost". */
void import_json(const struct import *im, bool whole, json_t *json);

void import_free(struct import *im);

/* --- for the importers ------------------------------------------------------------------------ */

/* A YAML (or JSON) document of @im's source as JSON, scalars as texts; *ret is a new reference. */
int import_parse(const struct import *im, const char *text, size_t len, json_t **ret, struct fl_error *err);

/* Where the YAML document at @text ends, which is before the next line "---" (chaos_mesh.c). */
const char *import_document_end(const char *text, const char *end);

/* Nothing but comments and empty lines. */
bool import_is_blank(const char *text, const char *end);

/* Take what is at @path ("spec.delay.latency") out of @doc; NULL when it is not there. New
 * references; the text is the caller's to free. An array or object is no text. */
json_t *import_take(json_t *doc, const char *path);
char *import_take_text(json_t *doc, const char *path);

/* Put a value (stolen) back, or another in its place, so that it is named as lost. */
void import_put(json_t *doc, const char *path, json_t *value);

/* One line, not empty, at most 200 bytes: what an experiment file takes as a word. */
bool import_is_word(const char *s);

/* UTF-8 without control characters other than tabs and line ends. */
bool import_is_text(const char *s, size_t len);

/* Name what could not be carried over. @value may be NULL. */
void import_lose(struct import *im, const char *path, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Why a field that nobody took is lost: the first whose pattern (fnmatch) its path matches. */
struct import_reason {
	const char *pattern, *why; /* why NULL: it means nothing outside of its tool, not named */
};

/* Name everything that is left in @doc, which is at @path ("": the whole). The list of reasons ends
 * with a NULL pattern. */
void import_lose_rest(struct import *im, const char *path, const json_t *doc, const struct import_reason *reasons);

/* The object under way, for losses. */
void import_set_where(struct import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A new experiment of that name (made unique); NULL when out of memory. Owned by @im. */
struct import_experiment *import_add(struct import *im, const char *name);

/* Another of the same faults, for one more target; NULL when out of memory. */
struct import_experiment *import_add_copy(struct import *im, const struct import_experiment *x, const char *name);

/* The faults of @from come to @x, @offset_ns later; and all experiments behind the first @n go. */
void import_move(struct import *im, struct import_experiment *x, struct import_experiment *from, uint64_t offset_ns);
void import_cut(struct import *im, uint32_t n);

/* Another name for it, made unique. */
void import_rename(struct import *im, struct import_experiment *x, const char *name);

/* Take the experiment back when no fault came of it. */
void import_drop_empty(struct import *im);

/* The target, when @name can be one; else the fallback, and a loss at @path. */
void import_set_target(struct import *im, struct import_experiment *x, const char *name, const char *path);

/* A fault of the experiment; NULL when this build has no such kind. Owned by @x. */
struct import_fault *import_fault(struct import *im, struct import_experiment *x, const char *kind);

/* Another fault of @x with the parameters and times of @from; NULL when out of memory. */
struct import_fault *import_fault_copy(struct import *im, struct import_experiment *x, const struct import_fault *from);

/* Take the fault back. */
void import_fault_drop(struct import_experiment *x, struct import_fault *f);

/* What a target is called: @name where it can be one, else --target, else IMPORT_NO_TARGET and a loss
 * at @path. */
char *import_target(struct import *im, const struct import_experiment *x, const char *name, const char *path);

/* The faults of @x from @first on act on @name (may be no target, as above), which is the experiment's
 * own target unless it has another one already. */
void import_target_faults(struct import *im, struct import_experiment *x, uint32_t first, const char *name,
			  const char *path);

/* One parameter, judged by the kind's table; refused is lost at @path. NULL values are no loss. */
bool import_param(struct import *im, struct import_fault *f, const char *name, const char *value, const char *path);

/* Its parameters are complete and agree; else it is taken back, as lost at @path. */
bool import_fault_done(struct import *im, struct import_experiment *x, const char *path);

/* "1h30m", "-10m100ns", "300ms": Go's durations. False: it is none. */
bool import_go_duration(const char *text, int64_t *ret_ns);

/* "300ms" -> how faultline writes it; NULL when it is no duration. The caller's to free. */
char *import_duration_text(const char *go_duration);

/* tc's rates: "1mbit", and "1mbps", which is a million *bytes*; in bit/s, NULL when it is none. */
char *import_tc_rate(const char *text);

/* "25" -> "25%"; "25%" stays. The caller's to free. */
char *import_percent(const char *text);

/* pumba's "re2:^web$" -> "web", in place: other patterns name nobody. */
void import_exact_name(char *name);

/* stress-ng's own options ("--cpu 2 --cpu-load 80 --timeout 30s"), as faults of @x. */
void import_stress_ng(struct import *im, struct import_experiment *x, const char *words, const char *path);

/* Split as a shell would, without expansions; at most 1000 words. *ret is NULL-terminated (words_free),
 * and NULL when there is no word. */
int import_split(const char *line, char ***ret, struct fl_error *err);

/* The values are left to another program, as "{{ .Values.x }}" or "${NAME}" says: an error that tells to
 * render it first. */
int import_refuse_template(const char *source, const char *text, size_t len, struct fl_error *err);

/* chaos_mesh*.c */
int import_chaos_mesh(struct import *im, const char *text, size_t len, struct fl_error *err);
void import_network_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_stress_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_pod_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_http_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_dns_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_time_chaos(struct import *im, struct import_experiment *x, json_t *doc);
void import_io_chaos(struct import *im, struct import_experiment *x, json_t *doc);
/* The services that a selector names, taken out of it, as a list for words_free(); NULL: none. */
char **import_selector(struct import *im, json_t *doc, const char *path);

int import_chaostoolkit(struct import *im, const char *text, size_t len, struct fl_error *err);
/* chaostoolkit_steady.c */
void import_steady_state(struct import *im, struct import_experiment *x, json_t *doc);
int import_pumba(struct import *im, const char *text, size_t len, struct fl_error *err);

#endif
