// SPDX-License-Identifier: GPL-2.0-only
/*
 * result.c - a result to JSON and back (see result.h and docs/results.md).
 *
 * The reader asks for every key by name and type and stops at the first that is not as written by
 * this version: scores of a half-understood file would look like scores.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/experiment.h"
#include "score/result.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static const char *const status_texts[] = {
	[RESULT_OK] = "ok",           [RESULT_NOT_MANIFESTED] = "not_manifested",
	[RESULT_ABORTED] = "aborted", [RESULT_NOT_RECOVERED] = "not_recovered",
	[RESULT_FAILED] = "failed",   [RESULT_SKIPPED] = "skipped",
};

/* The keys of an entry that are fields of struct result; all others are its detail. */
static const char *const own_keys[] = {
	"format",     "number",   "id",       "name",           "target",      "fault_type",
	"status",     "times",    "detected", "mttd_s",         "rca_service", "rca_correct",
	"confidence", "evidence", "causes",   "false_alarms",   "alerts",      "alerts_malformed",
	"clusters",   "pipeline", "mttd",     "observed_at_ts", "raw",
};

/* The members of "times", in the order of their fields in struct result. */
static const char *const time_keys[] = { "baseline_start", "baseline_end", "inject", "end", "window_end", "recovered" };

const char *result_status_text(enum result_status s)
{
	return (size_t)s < ARRAY_SIZE(status_texts) ? status_texts[s] : "unknown";
}

bool result_rca_asked(const struct result *r)
{
	return !json_is_false(json_object_get(r->detail, "rca_asked"));
}

bool result_pipeline_asked(const struct result *r)
{
	return !json_is_false(json_object_get(r->detail, "pipeline_asked"));
}

bool result_must_detect(const struct result *r)
{
	return !json_is_false(json_object_get(json_object_get(r->detail, "ground_truth"), "must_detect"));
}

bool result_is_control(const struct result *r)
{
	return json_is_true(json_object_get(r->detail, "control"));
}

bool result_counts(const struct result *r)
{
	if (!result_pipeline_asked(r))
		return false;
	switch (r->status) {
	case RESULT_OK:
	case RESULT_NOT_RECOVERED: return true;
	case RESULT_ABORTED: return r->inject > 0 && r->window_end > 0;
	default: return false;
	}
}

int alerts_add(struct alerts *list, const struct alert *a)
{
	/* The size is the next power of two of n: no field of its own to keep. */
	if (!(list->n & (list->n - 1))) {
		uint32_t size = list->n ? list->n * 2 : 1;
		struct alert *v = reallocarray(list->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		list->v = v;
	}
	list->v[list->n] = *a;
	json_incref(list->v[list->n].raw);
	list->n++;
	return 0;
}

void alerts_free(struct alerts *a)
{
	uint32_t i;

	for (i = 0; i < a->n; i++)
		json_decref(a->v[i].raw);
	free(a->v);
	memset(a, 0, sizeof(*a));
}

void result_free(struct result *r)
{
	free(r->id);
	free(r->name);
	free(r->target);
	free(r->fault_type);
	free(r->rca_service);
	free(r->pipeline_error);
	free(r->causes);
	json_decref(r->evidence);
	json_decref(r->clusters);
	json_decref(r->detail);
	alerts_free(&r->alerts);
	memset(r, 0, sizeof(*r));
}

/* --- to JSON -------------------------------------------------------------------------------- */

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *time_or_null(double v)
{
	return isfinite(v) && v > 0 ? json_real(v) : json_null();
}

/* Text from outside may not be UTF-8, which JSON must be: what is not becomes '?'. */
static json_t *string_or_null(const char *s)
{
	json_t *v;
	char *copy, *p;

	if (!s)
		return json_null();
	v = json_string(s);
	if (v)
		return v;
	copy = strdup(s);
	for (p = copy; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	v = copy ? json_string(copy) : NULL;
	free(copy);
	return v;
}

static json_t *shared(json_t *v)
{
	return v ? json_incref(v) : json_null();
}

static json_t *times_json(const struct result *r)
{
	const double *t[] = {
		&r->baseline_start, &r->baseline_end, &r->inject, &r->end, &r->window_end, &r->recovered
	};
	json_t *times = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		json_object_set_new(times, time_keys[i], time_or_null(*t[i]));
	return times;
}

static json_t *alerts_json(const struct alerts *a)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < a->n; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "time_s",
						number_or_null(a->v[i].time_s), "resolution_s", a->v[i].resolution_s,
						"seen_s", time_or_null(a->v[i].seen_s), "service",
						string_or_null(a->v[i].service), "name", string_or_null(a->v[i].name),
						"severity", string_or_null(a->v[i].severity), "id",
						string_or_null(a->v[i].id), "raw", shared(a->v[i].raw)));
	return list;
}

static json_t *causes_json(const struct result *r)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < r->n_causes; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:i}", "service", string_or_null(r->causes[i].service),
						"confidence", number_or_null(r->causes[i].confidence), "n_evidence",
						(int)r->causes[i].n_evidence));
	return list;
}

/* What the exercise's own score_run.py reads, beside our names for the same. */
static void add_exercise_keys(json_t *e, const struct result *r)
{
	json_t *alerts = json_array(), *rca, *mttd = r->detected ? number_or_null(r->mttd_s) : json_null();
	uint32_t i;

	for (i = 0; i < r->alerts.n; i++)
		json_array_append_new(alerts, shared(r->alerts.v[i].raw));
	rca = json_pack("{s:o, s:o, s:o}", "root_service", string_or_null(r->rca_service), "confidence",
			r->rca_service ? number_or_null(r->confidence) : json_null(), "evidence",
			r->evidence ? json_incref(r->evidence) : json_array());
	json_object_set_new(e, "observed_at_ts",
			    isfinite(r->inject) && r->inject > 0 ? json_integer((json_int_t)r->inject) : json_null());
	json_object_set_new(e, "raw",
			    json_pack("{s:o, s:o, s:O, s:b}", "alerts", alerts, "rca", rca, "mttd_seconds", mttd,
				      "detected", r->detected));
	json_object_set_new(e, "mttd", mttd);
}

json_t *result_json(const struct result *r)
{
	json_t *e = json_object();

	json_object_set_new(e, "format", json_integer(RESULT_FORMAT));
	json_object_set_new(e, "number", json_integer(r->number));
	json_object_set_new(e, "id", string_or_null(r->id));
	json_object_set_new(e, "name", string_or_null(r->name));
	json_object_set_new(e, "target", string_or_null(r->target));
	json_object_set_new(e, "fault_type", string_or_null(r->fault_type));
	json_object_set_new(e, "status", json_string(result_status_text(r->status)));
	json_object_set_new(e, "times", times_json(r));
	json_object_set_new(e, "detected", json_boolean(r->detected));
	json_object_set_new(e, "mttd_s", r->detected ? number_or_null(r->mttd_s) : json_null());
	json_object_set_new(e, "rca_service", string_or_null(r->rca_service));
	json_object_set_new(e, "rca_correct", json_boolean(r->rca_correct));
	json_object_set_new(e, "confidence", r->rca_service ? number_or_null(r->confidence) : json_null());
	json_object_set_new(e, "evidence", shared(r->evidence));
	json_object_set_new(e, "causes", causes_json(r));
	json_object_set_new(e, "false_alarms", json_integer(r->false_alarms));
	json_object_set_new(e, "alerts", alerts_json(&r->alerts));
	json_object_set_new(e, "alerts_malformed", json_integer(r->alerts.malformed));
	json_object_set_new(e, "clusters", shared(r->clusters));
	json_object_set_new(e, "pipeline",
			    json_pack("{s:b, s:b, s:o}", "reachable_before", r->pipeline_reachable_before,
				      "reachable_during", r->pipeline_reachable_during, "error",
				      string_or_null(r->pipeline_error)));
	add_exercise_keys(e, r);
	if (e && r->detail)
		json_object_update_missing(e, r->detail);
	return e;
}

json_t *ground_truth_json(const struct ground_truth *truth)
{
	json_t *roots = json_array(), *not_roots = json_array();
	char **s;

	for (s = truth->root_services; s && *s; s++)
		json_array_append_new(roots, string_or_null(*s));
	for (s = truth->not_services; s && *s; s++)
		json_array_append_new(not_roots, string_or_null(*s));
	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "root_services", roots, "not_services", not_roots, "must_detect",
			 truth->must_detect, "symptom", string_or_null(truth->symptom), "reason",
			 string_or_null(truth->reason));
}

/* --- from JSON ------------------------------------------------------------------------------ */

struct reader {
	const char *where; /* "alerts[3]" or "" */
	struct fl_error *err;
	int rc; /* of the first failure; later reads do nothing */
};

static const char *type_text(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "text",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return v ? names[json_typeof(v)] : "nothing";
}

/* The value of @key when it is there; otherwise fails the reader. */
static json_t *get(struct reader *r, const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (!v && !r->rc)
		r->rc = error_usage(r->err, "%s%s'%s' is missing", r->where, *r->where ? ": " : "", key);
	return r->rc ? NULL : v;
}

static void wrong(struct reader *r, const char *key, const char *want, const json_t *v)
{
	r->rc = error_usage(r->err, "%s%s'%s' must be %s, it is %s", r->where, *r->where ? ": " : "", key, want,
			    type_text(v));
}

static bool get_bool(struct reader *r, const json_t *object, const char *key)
{
	const json_t *v = get(r, object, key);

	if (v && !json_is_boolean(v))
		wrong(r, key, "true or false", v);
	return json_is_true(v);
}

/* NaN for null. */
static double get_number(struct reader *r, const json_t *object, const char *key)
{
	const json_t *v = get(r, object, key);

	if (!v || json_is_null(v))
		return NAN;
	if (!json_is_number(v))
		wrong(r, key, "a number or null", v);
	return json_number_value(v);
}

static uint32_t get_count(struct reader *r, const json_t *object, const char *key)
{
	const json_t *v = get(r, object, key);
	json_int_t n = json_integer_value(v);

	if (!v)
		return 0;
	if (!json_is_integer(v) || n < 0 || n > INT32_MAX)
		wrong(r, key, "a whole number, 0 or more", v);
	return (uint32_t)n;
}

/* NULL for null. */
static const char *get_text(struct reader *r, const json_t *object, const char *key)
{
	const json_t *v = get(r, object, key);

	if (v && !json_is_string(v) && !json_is_null(v))
		wrong(r, key, "text or null", v);
	return json_string_value(v);
}

static char *get_copy(struct reader *r, const json_t *object, const char *key, bool needed)
{
	const char *s = get_text(r, object, key);
	char *copy;

	if (r->rc)
		return NULL;
	if (!s) {
		if (needed)
			wrong(r, key, "text", json_object_get(object, key));
		return NULL;
	}
	copy = strdup(s);
	if (!copy)
		r->rc = error_sys(r->err, ENOMEM, "out of memory");
	return copy;
}

/* A new reference, NULL for null. */
static json_t *get_array(struct reader *r, const json_t *object, const char *key)
{
	json_t *v = get(r, object, key);

	if (!v || json_is_null(v))
		return NULL;
	if (!json_is_array(v)) {
		wrong(r, key, "an array or null", v);
		return NULL;
	}
	return json_incref(v);
}

static const json_t *get_object(struct reader *r, const json_t *object, const char *key)
{
	const json_t *v = get(r, object, key);

	if (v && !json_is_object(v))
		wrong(r, key, "an object", v);
	return r->rc ? NULL : v;
}

static void read_times(struct reader *r, const json_t *entry, struct result *ret)
{
	double *t[] = { &ret->baseline_start, &ret->baseline_end, &ret->inject, &ret->end,
			&ret->window_end,     &ret->recovered };
	const json_t *times = get_object(r, entry, "times");
	size_t i;

	for (i = 0; times && i < ARRAY_SIZE(t); i++)
		*t[i] = get_number(r, times, time_keys[i]);
}

static void read_alert(struct reader *r, json_t *entry, struct alerts *ret)
{
	struct alert a = {};

	if (!json_is_object(entry)) {
		wrong(r, "alert", "an object", entry);
		return;
	}
	a.time_s = get_number(r, entry, "time_s");
	/* Not in older files. */
	a.resolution_s = json_number_value(json_object_get(entry, "resolution_s"));
	a.seen_s = json_number_value(json_object_get(entry, "seen_s"));
	text_copy(a.service, sizeof(a.service), get_text(r, entry, "service"));
	text_copy(a.name, sizeof(a.name), get_text(r, entry, "name"));
	text_copy(a.severity, sizeof(a.severity), get_text(r, entry, "severity"));
	text_copy(a.id, sizeof(a.id), get_text(r, entry, "id"));
	a.raw = get(r, entry, "raw");
	if (!r->rc && alerts_add(ret, &a))
		r->rc = error_sys(r->err, ENOMEM, "out of memory");
}

static void read_alerts(struct reader *r, const json_t *entry, struct alerts *ret)
{
	json_t *list = get_array(r, entry, "alerts"), *item;
	char where[32];
	size_t i;

	json_array_foreach(list, i, item) {
		snprintf(where, sizeof(where), "alerts[%zu]", i);
		r->where = where;
		read_alert(r, item, ret);
		r->where = "";
		if (r->rc)
			break;
	}
	json_decref(list);
	ret->malformed = get_count(r, entry, "alerts_malformed");
}

static void read_causes(struct reader *r, const json_t *entry, struct result *ret)
{
	json_t *list = get_array(r, entry, "causes"), *item;
	char where[32];
	size_t i;

	if (json_array_size(list))
		ret->causes = calloc(json_array_size(list), sizeof(*ret->causes));
	json_array_foreach(list, i, item) {
		struct cause *c = &ret->causes[i];

		if (!ret->causes || r->rc)
			break;
		snprintf(where, sizeof(where), "causes[%zu]", i);
		r->where = where;
		text_copy(c->service, sizeof(c->service), get_text(r, item, "service"));
		c->confidence = get_number(r, item, "confidence");
		c->n_evidence = get_count(r, item, "n_evidence");
		r->where = "";
		ret->n_causes++;
	}
	json_decref(list);
}

static void read_pipeline(struct reader *r, const json_t *entry, struct result *ret)
{
	const json_t *p = get_object(r, entry, "pipeline");

	if (!p)
		return;
	ret->pipeline_reachable_before = get_bool(r, p, "reachable_before");
	ret->pipeline_reachable_during = get_bool(r, p, "reachable_during");
	ret->pipeline_error = get_copy(r, p, "error", false);
}

static void read_status(struct reader *r, const json_t *entry, struct result *ret)
{
	const char *text = get_text(r, entry, "status");
	size_t i;

	for (i = 0; text && i < ARRAY_SIZE(status_texts); i++) {
		if (strcmp(text, status_texts[i]))
			continue;
		ret->status = (enum result_status)i;
		return;
	}
	if (!r->rc)
		r->rc = error_usage(r->err, "'status' is '%.40s', which this version does not know",
				    text ? text : "null");
}

static void read_detail(struct reader *r, const json_t *entry, struct result *ret)
{
	size_t i;

	ret->detail = json_copy((json_t *)(uintptr_t)entry);
	if (!ret->detail)
		r->rc = error_sys(r->err, ENOMEM, "out of memory");
	for (i = 0; i < ARRAY_SIZE(own_keys); i++)
		json_object_del(ret->detail, own_keys[i]);
}

static int check_format(const json_t *entry, struct fl_error *err)
{
	const json_t *format = json_object_get(entry, "format");

	if (!json_is_object(entry))
		return error_usage(err, "an entry must be an object, it is %s", type_text(entry));
	if (json_is_integer(format) && json_integer_value(format) == RESULT_FORMAT)
		return 0;
	if (json_is_integer(format) && json_integer_value(format) > RESULT_FORMAT)
		error_usage(err, "it is of format %lld, from a newer faultline: this one reads %d",
			    (long long)json_integer_value(format), RESULT_FORMAT);
	else
		error_usage(err, "it has no format %d: an older version or another tool wrote it", RESULT_FORMAT);
	error_hint(err, "run the experiments again with this version, or read the file with the "
			"version that run.json names");
	return -EINVAL;
}

int result_from_json(const json_t *entry, struct result *ret, struct fl_error *err)
{
	struct reader r = { .where = "", .err = err };

	memset(ret, 0, sizeof(*ret));
	r.rc = check_format(entry, err);
	if (r.rc)
		return r.rc;
	ret->number = (int)get_count(&r, entry, "number");
	ret->id = get_copy(&r, entry, "id", true);
	ret->name = get_copy(&r, entry, "name", true);
	ret->target = get_copy(&r, entry, "target", false);
	ret->fault_type = get_copy(&r, entry, "fault_type", false);
	read_status(&r, entry, ret);
	read_times(&r, entry, ret);
	ret->detected = get_bool(&r, entry, "detected");
	ret->mttd_s = get_number(&r, entry, "mttd_s");
	ret->rca_service = get_copy(&r, entry, "rca_service", false);
	ret->rca_correct = get_bool(&r, entry, "rca_correct");
	ret->confidence = get_number(&r, entry, "confidence");
	ret->evidence = get_array(&r, entry, "evidence");
	read_causes(&r, entry, ret);
	ret->false_alarms = get_count(&r, entry, "false_alarms");
	read_alerts(&r, entry, &ret->alerts);
	ret->clusters = get_array(&r, entry, "clusters");
	read_pipeline(&r, entry, ret);
	if (!r.rc)
		read_detail(&r, entry, ret);
	if (r.rc)
		result_free(ret);
	return r.rc;
}
