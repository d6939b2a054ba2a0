/* SPDX-License-Identifier: GPL-2.0-only */
/* pipeline_read.h - what the readers of the pipeline's answers share. */
#ifndef FL_PIPELINE_READ_H
#define FL_PIPELINE_READ_H

#include "score/pipeline/pipeline.h"

/* The path that the config gives for @what ("alert_time"), or NULL. */
const char *pipeline_field(const struct pipeline_config *c, const char *what);

/* The first of @paths (NULL-terminated) that has a value other than null in @object; when the config
 * names one for @what, that alone. Borrowed. */
json_t *pipeline_pick(const struct pipeline_config *c, const char *what, const json_t *object,
		      const char *const *paths);

/* A body to JSON (new reference). Empty, HTML and broken ones are errors that say so. */
int pipeline_parse(const char *what, const char *body, size_t len, json_t **ret, struct fl_error *err);

/* The same of one document a line, as an array; server-sent events count as lines. */
int pipeline_parse_lines(const char *what, const char *body, size_t len, json_t **ret, struct fl_error *err);

/* -EBADMSG and an error that names @what and says what came instead. */
int pipeline_wrong_shape(const char *what, const char *want, const json_t *found, struct fl_error *err);

/* @t, which was read of @v: without a zone and hours ahead it is a local time. */
double pipeline_time_here(const json_t *v, double t);

bool pipeline_is(const struct pipeline_config *c, const char *adapter);
/* Prometheus or Alertmanager. */
bool pipeline_is_watch(const struct pipeline_config *c);

/* The body of @path (@json_body NULL: GET; "": a POST without one), after the retries; the caller's to text_free(),
 * also after an error: of HTTP 400 and 422 it has what they said. *ret_status: of the last answer, 0 when there was none. */
int pipeline_ask(const struct pipeline_config *c, const char *path, const char *json_body, struct text *ret,
		 int *ret_status, struct fl_error *err);
/* pipeline_wanted.c: a copy of @template with the texts "$start", "$end", "$cluster", ... replaced by the values, with their
 * types; the scalars of such a copy as a query; the values of a window. New references; the caller's to free. */
json_t *pipeline_fill(const json_t *template, json_t *values);
char *pipeline_query(const char *path, const json_t *filled);
json_t *pipeline_values(double start_s, double end_s);
/* The body that a refusal asks for; false: it says none that is understood. */
bool pipeline_wanted(const char *text, size_t len, struct pipeline_made *ret);

const char *pipeline_path(const char *given, const char *def);
/* Did it answer with HTTP 4xx? */
bool pipeline_is_refusal(const struct fl_error *err);

/* pipeline_forms.c: /correlate and /rca asked with an empty cluster, and what they said against it; the form
 * that is known to work ("{window_start, window_end}"), or NULL. c->learned is set. */
bool pipeline_learn_posts(struct pipeline_config *c, struct fl_error *ret_correlate, struct fl_error *ret_rca);
const char *pipeline_form_text(const struct pipeline_config *c, bool rca);

/* pipeline_watch.c: notes with the alerts from @from on what the adapter's second answer, @root,
 * says of them; what it does not understand of it changes nothing. */
void pipeline_note_rules(const json_t *root, struct alerts *a, uint32_t from);
void pipeline_note_groups(const json_t *root, struct alerts *a, uint32_t from);

/* Clusters (new reference): the alerts of @start_s .. @end_s by the group that was noted. */
json_t *pipeline_groups(const struct pipeline_config *c, const struct alerts *seen, double start_s, double end_s);

/* Causes by a label of the cluster's alerts, see pipeline_rca(). */
int pipeline_label_causes(const struct pipeline_config *c, const json_t *cluster, struct cause **ret, uint32_t *ret_n,
			  json_t **ret_evidence, struct fl_error *err);

#endif
