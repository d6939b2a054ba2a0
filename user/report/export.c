// SPDX-License-Identifier: GPL-2.0-only
/* export.c - see export.h */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "report/export.h"
#include "score/evidence.h"
#include "util/cleanup.h"

#define SERVICES_MAX 64
#define ROWS_MAX     86400

/* Write @t as @dir/@name and release it. */
static int write_text(const char *dir, const char *name, struct text *t, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, name);
	int rc = dir_make(dir, 0755, err);

	if (!rc && path && t->s && !t->failed)
		rc = file_write(path, t->s, t->len, 0644, err);
	else if (!rc)
		rc = error_sys(err, ENOMEM, "cannot write %s: out of memory", name);
	text_free(t);
	return rc;
}

/* A name for a folder or a column: what is no letter, digit or hyphen becomes one. RCAEval takes
 * "<service>_<fault>" apart at its only underscore. */
static void plain_name(const char *s, char *buf, size_t size)
{
	size_t i;

	for (i = 0; s && s[i] && i + 1 < size; i++)
		buf[i] = isalnum((unsigned char)s[i]) ? s[i] : '-';
	buf[i] = '\0';
}

/* --- rcaeval -------------------------------------------------------------------------------- */

static uint32_t alerting_services(const struct result *r, const char *ret[SERVICES_MAX])
{
	uint32_t i, j, n = 0;

	for (i = 0; i < r->alerts.n; i++) {
		const char *service = r->alerts.v[i].service;

		for (j = 0; j < n && strcasecmp(ret[j], service) != 0; j++)
			;
		if (*service && j == n && n < SERVICES_MAX)
			ret[n++] = service;
	}
	/* A root that never alerted has a column all the same: it can be named. */
	for (j = 0; j < n && strcasecmp(ret[j], evidence_root(r, 0)) != 0; j++)
		;
	if (j == n && n < SERVICES_MAX)
		ret[n++] = evidence_root(r, 0);
	return n;
}

static void rcaeval_row(const struct folder *f, const struct result *r, double second, const char *const *services,
			uint32_t n, uint32_t *probe_at, double *latency_s, struct text *out)
{
	uint32_t failed = 0, i, j;

	while (*probe_at < f->n_probe && f->probe[*probe_at].wall_s < second + 1) {
		if (f->probe[*probe_at].wall_s >= second) {
			*latency_s = f->probe[*probe_at].latency_ms / 1e3;
			failed += !f->probe[*probe_at].pass;
		}
		(*probe_at)++;
	}
	text_append(out, "%.0f,", second);
	if (isfinite(*latency_s)) /* between two tries: the last known */
		text_append(out, "%.3f", *latency_s);
	text_append(out, ",%u", failed);
	for (i = 0; i < n; i++) {
		uint32_t alerts = 0;

		for (j = 0; j < r->alerts.n; j++)
			alerts += floor(r->alerts.v[j].time_s) == second &&
				  !strcasecmp(r->alerts.v[j].service, services[i]);
		text_append(out, ",%u", alerts);
	}
	text_append(out, "\n");
}

static int rcaeval_case(const struct folder *f, const struct result *r, struct fl_error *err)
{
	const char *services[SERVICES_MAX];
	uint32_t n = alerting_services(r, services), probe_at = 0, i;
	double from = floor(r->baseline_start > 0 ? r->baseline_start : r->inject), latency_s = NAN, t;
	char root[128], fault[64], column[128];
	_cleanup_free_ char *dir = NULL;
	struct text data = {}, inject = {};
	int rc;

	plain_name(evidence_root(r, 0), root, sizeof(root));
	plain_name(r->fault_type, fault, sizeof(fault));
	dir = text_format("%s/rcaeval/%s_%s/%d", f->out ? f->out : f->path, root, fault, r->number);
	if (!dir)
		return error_sys(err, ENOMEM, "cannot export: out of memory");
	text_append(&data, "time,probe_latency,probe_failed");
	for (i = 0; i < n; i++) {
		plain_name(services[i], column, sizeof(column));
		text_append(&data, ",%s_alerts", column);
	}
	text_append(&data, "\n");
	for (t = from; t <= r->window_end && t < from + ROWS_MAX; t++)
		rcaeval_row(f, r, t, services, n, &probe_at, &latency_s, &data);
	text_append(&inject, "%.0f\n", floor(r->inject));
	rc = write_text(dir, "data.csv", &data, err);
	if (!rc)
		rc = write_text(dir, "inject_time.txt", &inject, err);
	else
		text_free(&inject);
	return rc;
}

int export_rcaeval(const struct folder *f, uint32_t *ret_n, struct fl_error *err)
{
	uint32_t i, n = 0;
	int rc = 0;

	for (i = 0; !rc && i < f->n; i++) {
		const struct result *r = &f->results[i];

		if (!result_counts(r) || !evidence_root(r, 0) || evidence_root(r, 1))
			continue;
		rc = rcaeval_case(f, r, err);
		n++;
	}
	*ret_n = n;
	return rc;
}

/* --- openrca -------------------------------------------------------------------------------- */

/* A CSV cell (RFC 4180), quoted always. */
static void csv_cell(struct text *out, const char *s)
{
	text_append(out, "\"");
	for (; s && *s; s++)
		text_append(out, "%s%c", *s == '"' ? "\"" : "", *s);
	text_append(out, "\"");
}

static const char *utc(double epoch_s, char *buf, size_t size)
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		text_copy(buf, size, "");
	return buf;
}

static void openrca_record(const struct result *r, struct text *out)
{
	char when[32];

	text_append(out, "service,");
	csv_cell(out, evidence_root(r, 0));
	text_append(out, ",%.0f,", floor(r->inject));
	csv_cell(out, utc(r->inject, when, sizeof(when)));
	text_append(out, ",");
	csv_cell(out, r->fault_type);
	text_append(out, "\n");
}

/* Task 5 asks for time and component. */
static void openrca_query(const struct result *r, struct text *out)
{
	char from[32], to[32], when[32];
	struct text question = {}, points = {};

	text_append(&question,
		    "Between %s and %s (UTC) one failure was in the system. Name its root cause "
		    "occurrence datetime and its root cause component.",
		    utc(r->baseline_start > 0 ? r->baseline_start : r->inject, from, sizeof(from)),
		    utc(r->window_end, to, sizeof(to)));
	text_append(&points,
		    "The only root cause occurrence time is within 1 minutes (i.e., <=1min) of %s\n"
		    "The only predicted root cause component is %s\n",
		    utc(r->inject, when, sizeof(when)), evidence_root(r, 0));
	text_append(out, "task_5,");
	csv_cell(out, question.s);
	text_append(out, ",");
	csv_cell(out, points.s);
	text_append(out, "\n");
	text_free(&question);
	text_free(&points);
}

/* What the pipeline said: the time of its first alert, and its first cause. */
static void openrca_prediction(const struct result *r, struct text *out)
{
	json_t *answer = json_object();
	char when[32], *text;

	if (r->detected)
		json_object_set_new(answer, "root cause occurrence datetime",
				    json_string(utc(r->inject + r->mttd_s, when, sizeof(when))));
	if (r->rca_service)
		json_object_set_new(answer, "root cause component", json_string(r->rca_service));
	text = json_dumps(answer, 0);
	csv_cell(out, text ? text : "{}");
	text_append(out, "\n");
	free(text);
	json_decref(answer);
}

int export_openrca(const struct folder *f, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ char *dir = folder_file(f, "openrca");
	struct text record = {}, query = {}, prediction = {};
	uint32_t i, n = 0;
	int rc;

	if (!dir)
		return error_sys(err, ENOMEM, "cannot export: out of memory");
	text_append(&record, "level,component,timestamp,datetime,reason\n");
	text_append(&query, "task_index,instruction,scoring_points\n");
	text_append(&prediction, "prediction\n");
	for (i = 0; i < f->n; i++) {
		const struct result *r = &f->results[i];

		if (!result_counts(r) || !evidence_root(r, 0) || evidence_root(r, 1))
			continue;
		openrca_record(r, &record);
		openrca_query(r, &query);
		openrca_prediction(r, &prediction);
		n++;
	}
	*ret_n = n;
	rc = write_text(dir, "record.csv", &record, err);
	if (!rc)
		rc = write_text(dir, "query.csv", &query, err);
	if (!rc)
		rc = write_text(dir, "prediction.csv", &prediction, err);
	text_free(&query);
	text_free(&prediction);
	return rc;
}
