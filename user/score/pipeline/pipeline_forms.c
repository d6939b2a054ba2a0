// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_forms.c - the bodies of /correlate and /rca. The one of the task comes first; a pipeline of another
 * make refuses it (404, 422, 500: an answer about the body, not blindness), and then the others that are in
 * use are tried, and the one that works is remembered. What the config gives is asked as it stands.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"

struct form {
	const char *name, *body;
	bool by_cluster;
	bool get; /* as a query of a GET */
};

static const struct form correlate_forms[] = {
	{ "{window: {start, end}}", "{\"window\": {\"start\": \"$start\", \"end\": \"$end\"}}", false, false },
	{ "{window: SECONDS}", "{\"window\": \"$window\"}", false, false },
	{ "{window_start, window_end}", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, false },
	{ "{start, end}", "{\"start\": \"$start\", \"end\": \"$end\"}", false, false },
	{ "{window_seconds}", "{\"window_seconds\": \"$window\"}", false, false },
	{ "{since}", "{\"since\": \"$start\"}", false, false },
	{ "{alerts}", "{\"alerts\": \"$alerts\"}", false, false },
	{ "{windowStart, windowEnd}", "{\"windowStart\": \"$start\", \"windowEnd\": \"$end\"}", false, false },
	{ "{windowSeconds}", "{\"windowSeconds\": \"$window\"}", false, false },
	{ "{start_time, end_time}", "{\"start_time\": \"$start\", \"end_time\": \"$end\"}", false, false },
	{ "?window=SECONDS by GET", "{\"window\": \"$window\"}", false, true },
};

static const struct form rca_forms[] = {
	{ "{cluster}", "{\"cluster\": \"$cluster\"}", true, false },
	{ "{window_start, window_end}", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, false },
	{ "{window: {start, end}}", "{\"window\": {\"start\": \"$start\", \"end\": \"$end\"}}", false, false },
	{ "{start, end}", "{\"start\": \"$start\", \"end\": \"$end\"}", false, false },
	{ "{window: SECONDS}", "{\"window\": \"$window\"}", false, false },
	{ "{window_seconds}", "{\"window_seconds\": \"$window\"}", false, false },
	{ "{cluster_id}", "{\"cluster_id\": \"$cluster_id\"}", true, false },
	{ "{alerts}", "{\"alerts\": \"$alerts\"}", true, false },
	{ "{windowStart, windowEnd}", "{\"windowStart\": \"$start\", \"windowEnd\": \"$end\"}", false, false },
	{ "{start_time, end_time}", "{\"start_time\": \"$start\", \"end_time\": \"$end\"}", false, false },
	{ "{from, to}", "{\"from\": \"$start\", \"to\": \"$end\"}", false, false },
	{ "{window_start, window_end} in ms", "{\"window_start\": \"$start_ms\", \"window_end\": \"$end_ms\"}", false,
	  false },
	{ "{windowStart, windowEnd} in ms", "{\"windowStart\": \"$start_ms\", \"windowEnd\": \"$end_ms\"}", false,
	  false },
	{ "?window_start=&window_end= by GET", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false,
	  true },
};

/* One of the two endpoints. */
struct endpoint {
	const char *path, *given; /* given: the key of the config's own body */
	const struct form *forms;
	int n, first; /* first: what is tried first when nothing is known */
	int *learned; /* NULL: nothing is remembered */
};

/* --- bodies ----------------------------------------------------------------------------------- */

/* "$start" inside a longer text. */
static json_t *fill_text(const char *text, json_t *values)
{
	struct text out = {};
	json_t *made, *v;
	const char *key;

	while (*text) {
		size_t len = *text == '$' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
		char name[24], number[40];

		snprintf(name, sizeof(name), "%.*s", (int)len, text + 1);
		key = len && len < sizeof(name) ? name : "";
		v = json_object_get(values, key);
		if (v && json_scalar_text(v, number, sizeof(number))) {
			text_append(&out, "%s", number);
			text += len + 1;
		} else {
			text_append_bytes(&out, text++, 1);
		}
	}
	made = json_string(out.s ? out.s : "");
	text_free(&out);
	return made;
}

/* A copy of the template @t with the texts "$start", "$end", "$cluster", ... replaced by the values, with
 * their types. */
static json_t *fill(const json_t *t, json_t *values)
{
	const char *text = json_string_value(t), *key;
	json_t *copy, *v;
	size_t i;

	if (text && *text == '$' && json_object_get(values, text + 1))
		return json_incref(json_object_get(values, text + 1));
	if (text && strchr(text, '$'))
		return fill_text(text, values);
	if (json_is_object(t)) {
		copy = json_object();
		json_object_foreach((json_t *)(uintptr_t)t, key, v)
			json_object_set_new(copy, key, fill(v, values));
		return copy;
	}
	if (json_is_array(t)) {
		copy = json_array();
		json_array_foreach((json_t *)(uintptr_t)t, i, v)
			json_array_append_new(copy, fill(v, values));
		return copy;
	}
	return json_deep_copy(t);
}

static json_t *id_of(const json_t *cluster)
{
	static const char *const keys[] = { "cluster_id", "id", "incident_id", "group_id" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(cluster, keys[i]))
			return json_incref(json_object_get(cluster, keys[i]));
	return json_integer(0);
}

static json_t *shared(const json_t *v)
{
	return v ? json_incref((json_t *)(uintptr_t)v) : json_null();
}

static json_t *values_of(const struct pipeline_window *w)
{
	const json_t *alerts = json_object_get(w->cluster, "alerts");
	double back = clock_wall_s() - w->start_s;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "start", (json_int_t)floor(w->start_s), "end",
			 (json_int_t)ceil(w->end_s), "start_ms", (json_int_t)floor(w->start_s * 1e3), "end_ms",
			 (json_int_t)ceil(w->end_s * 1e3), "window",
			 (json_int_t)ceil(back > 0 && back < 1e8 ? back : w->end_s - w->start_s), "cluster",
			 shared(w->cluster), "cluster_id", id_of(w->cluster), "alerts",
			 shared(alerts ? alerts : w->cluster));
}

/* Scalars of @filled as a query. */
static char *query_of(const char *path, const json_t *filled)
{
	struct text out = {};
	const char *key;
	char value[40];
	json_t *v;

	text_append(&out, "%s", path);
	json_object_foreach((json_t *)(uintptr_t)filled, key, v)
		if (json_scalar_text(v, value, sizeof(value)))
			text_append(&out, "%s%s=%s", strchr(out.s ? out.s : "", '?') ? "&" : "?", key, value);
	return out.s;
}

static int get(const struct pipeline_config *c, const char *path, const json_t *template, json_t *values,
	       struct text *ret, int *ret_status, struct fl_error *err)
{
	json_t *filled = fill(template, values);
	_cleanup_free_ char *query = filled ? query_of(path, filled) : NULL;

	json_decref(filled);
	if (!query)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	return pipeline_ask(c, query, NULL, ret, ret_status, err);
}

static int post(const struct pipeline_config *c, const char *path, const json_t *template, json_t *values,
		struct text *ret, int *ret_status, struct fl_error *err)
{
	json_t *filled = fill(template, values);
	_cleanup_free_ char *body = filled ? json_dumps(filled, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	json_decref(filled);
	if (!body)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	return pipeline_ask(c, path, body, ret, ret_status, err);
}

/* --- trying ----------------------------------------------------------------------------------- */

/* An answer is read; -ENODATA: it is one, and says nothing. */
typedef int (*answer_reader)(const struct pipeline_config *c, const struct text *body, void *out, struct fl_error *err);

/* Does the status speak of the body, not of the pipeline's health? */
static bool is_about_body(int status)
{
	return (status >= 400 && status < 500 && status != 429) || status == 500 || status == 501;
}

static int ask_template(const struct pipeline_config *c, const struct endpoint *e, const json_t *template, bool by_get,
			json_t *values, int *ret_status, answer_reader read, void *out, struct fl_error *err)
{
	struct text body = {};
	int rc = (by_get ? get : post)(c, e->path, template, values, &body, ret_status, err);

	if (!rc)
		rc = read(c, &body, out, err);
	text_free(&body);
	return rc;
}

/* None was taken. Without such an endpoint there is nothing to be wrong with a body. */
static int refused_all(const struct endpoint *e, bool missing, const struct fl_error *first, struct fl_error *err)
{
	if (missing && e->learned)
		*e->learned = PIPELINE_NONE;
	if (missing)
		return -ENOENT;
	error_env(err, EBADMSG, "%.300s (%d bodies were tried)", first->message, e->n);
	error_hint(err, "pipeline.fields.%s in the config says what it takes; docs/pipeline.md", e->given);
	return -EBADMSG;
}

/* While it is being found out, patience has an end. */
static bool is_late(const struct pipeline_config *c)
{
	return c->learned && c->learned->until_ns && clock_mono_ns() > c->learned->until_ns;
}

static void remember(const struct endpoint *e, int form)
{
	if (e->learned)
		*e->learned = form;
}

/*
 * The first form whose answer can be read; the one that is known to work before all others. @eager: an answer
 * that says nothing may be one to the wrong body, so the others are tried as well.
 */
static int ask_any(const struct pipeline_config *c, const struct endpoint *e, json_t *values, bool eager,
		   answer_reader read, void *out, struct fl_error *err)
{
	int known = e->learned && *e->learned >= 0 ? *e->learned : e->first, k, silent = -1;
	struct pipeline_config once = *c;
	struct fl_error first = {};
	bool missing = true;

	for (k = 0; k < e->n && !(k && is_late(c)); k++) {
		int form = (known + k) % e->n, status = 0, rc;
		json_t *template = json_loads(e->forms[form].body, 0, NULL);
		struct fl_error why = {};

		rc = ask_template(&once, e, template, e->forms[form].get, values, &status, read, out, &why);
		json_decref(template);
		if (!rc || (rc == -ENODATA && !eager)) {
			remember(e, form);
			return 0;
		}
		once.retries = 0; /* the pipeline is there: only the body is in question */
		if (rc == -ENODATA && silent < 0)
			silent = form;
		if (rc != -ENODATA && rc != -EBADMSG && !is_about_body(status)) {
			if (err)
				*err = why;
			return rc;
		}
		missing &= status == 404 || status == 405 || status == 501;
		if (!first.message[0])
			first = why;
	}
	if (silent < 0 && k < e->n)
		return error_env(err, ETIMEDOUT, "%.300s (%d of %d bodies were tried, then time was up)", first.message,
				 k, e->n);
	if (silent < 0)
		return refused_all(e, missing, &first, err);
	remember(e, silent);
	return 0;
}

static int ask(const struct pipeline_config *c, const struct endpoint *e, const struct pipeline_window *w,
	       answer_reader read, void *out, struct fl_error *err)
{
	const json_t *given = json_object_get(c->fields, e->given);
	json_t *values = values_of(w);
	int rc, status;

	if (!values)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	if (given) {
		rc = ask_template(c, e, given, false, values, &status, read, out, err);
		rc = rc == -ENODATA ? 0 : rc;
	} else {
		rc = ask_any(c, e, values, w->alerted, read, out, err);
	}
	json_decref(values);
	return rc;
}

static struct endpoint correlate_endpoint(const struct pipeline_config *c)
{
	return (struct endpoint){ .path = pipeline_path(c->correlate_path, "/correlate"),
				  .given = "correlate_body",
				  .forms = correlate_forms,
				  .n = ARRAY_SIZE(correlate_forms),
				  .first = pipeline_is(c, "w3d2"),
				  .learned = c->learned ? &c->learned->correlate : NULL };
}

static struct endpoint rca_endpoint(const struct pipeline_config *c)
{
	return (struct endpoint){ .path = pipeline_path(c->rca_path, "/rca"),
				  .given = "rca_body",
				  .forms = rca_forms,
				  .n = ARRAY_SIZE(rca_forms),
				  .first = pipeline_is(c, "w3d2"),
				  .learned = c->learned ? &c->learned->rca : NULL };
}

/* --- the two questions ------------------------------------------------------------------------ */

static int read_clusters(const struct pipeline_config *c, const struct text *body, void *out, struct fl_error *err)
{
	return pipeline_read_clusters(c, body->s ? body->s : "", body->len, out, err);
}

int pipeline_correlate(const struct pipeline_config *c, const struct alerts *seen, double start_s, double end_s,
		       json_t **ret_clusters, struct fl_error *err)
{
	struct endpoint e = correlate_endpoint(c);
	struct pipeline_window w = { .start_s = start_s, .end_s = end_s };
	json_t *window;
	uint32_t i;
	int rc;

	if (pipeline_is_watch(c)) {
		*ret_clusters = pipeline_groups(c, seen, start_s, end_s);
		return 0;
	}
	if (e.learned && *e.learned == PIPELINE_NONE)
		return -ENOENT;
	window = json_pack("{s:[]}", "alerts");
	for (i = 0; i < seen->n; i++)
		json_array_append(json_object_get(window, "alerts"), seen->v[i].raw);
	w.cluster = window;
	rc = ask(c, &e, &w, read_clusters, ret_clusters, err);
	json_decref(window);
	return rc;
}

struct causes {
	struct cause *v;
	uint32_t n;
	json_t *evidence;
};

static int read_causes(const struct pipeline_config *c, const struct text *body, void *out, struct fl_error *err)
{
	struct causes *a = out;
	int rc = pipeline_read_rca(c, body->s ? body->s : "", body->len, &a->v, &a->n, &a->evidence, err);

	return rc ? rc : a->n ? 0 : -ENODATA;
}

int pipeline_rca(const struct pipeline_config *c, const struct pipeline_window *w, struct cause **ret, uint32_t *ret_n,
		 json_t **ret_evidence, struct fl_error *err)
{
	struct endpoint e = rca_endpoint(c);
	struct causes a = {};
	int rc;

	if (pipeline_is_watch(c))
		return pipeline_label_causes(c, w->cluster, ret, ret_n, ret_evidence, err);
	rc = ask(c, &e, w, read_causes, &a, err);
	if (rc == -ENOENT)
		return error_env(err, EBADMSG, "the pipeline has no %s: HTTP 404 to all %d bodies that were tried",
				 e.path, e.n);
	*ret = a.v;
	*ret_n = a.n;
	*ret_evidence = a.evidence;
	return rc;
}

bool pipeline_rca_by_window(const struct pipeline_config *c)
{
	const json_t *given = json_object_get(c->fields, "rca_body");
	_cleanup_free_ char *text = given ? json_dumps(given, JSON_ENCODE_ANY) : NULL;

	if (text)
		return !strstr(text, "$cluster") && !strstr(text, "$alerts");
	return c->learned && c->learned->rca >= 0 && !rca_forms[c->learned->rca].by_cluster;
}

const char *pipeline_form_text(const struct pipeline_config *c, bool rca)
{
	int form = !c->learned ? PIPELINE_UNKNOWN : rca ? c->learned->rca : c->learned->correlate;

	return form < 0 ? NULL : rca ? rca_forms[form].name : correlate_forms[form].name;
}

bool pipeline_learn_posts(struct pipeline_config *c, struct fl_error *ret_correlate, struct fl_error *ret_rca)
{
	double now = clock_wall_s();
	json_t *empty = json_pack("{s:i, s:[], s:[]}", "id", 0, "alerts", "services"), *clusters = NULL;
	struct pipeline_window w = { .start_s = now - 60, .end_s = now, .cluster = empty };
	struct endpoint correlate = correlate_endpoint(c), rca = rca_endpoint(c);
	struct causes causes = {};
	int rc;

	rc = ask(c, &correlate, &w, read_clusters, &clusters, ret_correlate);
	if (rc == -ENOENT)
		error_env(ret_correlate, ENOENT, "there is no %s: the window itself is the cluster", correlate.path);
	if (json_array_size(clusters))
		w.cluster = json_array_get(clusters, 0);
	rc = ask(c, &rca, &w, read_causes, &causes, ret_rca);
	if (rc == -ENOENT)
		error_env(ret_rca, ENOENT, "there is no %s, or it knows no such cluster (HTTP 404)", rca.path);
	if (c->learned->rca == PIPELINE_NONE)
		c->learned->rca = PIPELINE_UNKNOWN; /* 404 may be about the cluster: asked again later */
	free(causes.v);
	json_decref(causes.evidence);
	json_decref(clusters);
	json_decref(empty);
	return !rc;
}
