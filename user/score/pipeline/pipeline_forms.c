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

/* How a form is asked: its values in a JSON body, as the query of a POST, as that of a GET. */
enum how { BY_BODY, BY_QUERY, BY_GET };

struct form {
	const char *name, *body;
	bool by_cluster;
	enum how how;
};

/* clang-format off */
static const struct form correlate_forms[] = {
	{ "{window: {start, end}}", "{\"window\": {\"start\": \"$start\", \"end\": \"$end\"}}", false, BY_BODY },
	{ "{window: SECONDS}", "{\"window\": \"$window\"}", false, BY_BODY },
	{ "{window_start, window_end}", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, BY_BODY },
	{ "{start, end}", "{\"start\": \"$start\", \"end\": \"$end\"}", false, BY_BODY },
	{ "{window_seconds}", "{\"window_seconds\": \"$window\"}", false, BY_BODY },
	{ "{since}", "{\"since\": \"$start\"}", false, BY_BODY },
	{ "{alerts}", "{\"alerts\": \"$alerts\"}", false, BY_BODY },
	{ "{windowStart, windowEnd}", "{\"windowStart\": \"$start\", \"windowEnd\": \"$end\"}", false, BY_BODY },
	{ "{windowSeconds}", "{\"windowSeconds\": \"$window\"}", false, BY_BODY },
	{ "{start_time, end_time}", "{\"start_time\": \"$start\", \"end_time\": \"$end\"}", false, BY_BODY },
	{ "{window_minutes}", "{\"window_minutes\": \"$minutes\"}", false, BY_BODY },
	{ "{window: [START, END]}", "{\"window\": [\"$start\", \"$end\"]}", false, BY_BODY },
	{ "{window: \"300s\"}", "{\"window\": \"$window_text\"}", false, BY_BODY },
	{ "{start, end} in ISO 8601", "{\"start\": \"$start_iso\", \"end\": \"$end_iso\"}", false, BY_BODY },
	{ "?window=SECONDS by POST", "{\"window\": \"$window\"}", false, BY_QUERY },
	{ "?window=SECONDS by GET", "{\"window\": \"$window\"}", false, BY_GET },
};

static const struct form rca_forms[] = {
	{ "{cluster}", "{\"cluster\": \"$cluster\"}", true, BY_BODY },
	{ "{window_start, window_end}", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, BY_BODY },
	{ "{window: {start, end}}", "{\"window\": {\"start\": \"$start\", \"end\": \"$end\"}}", false, BY_BODY },
	{ "{start, end}", "{\"start\": \"$start\", \"end\": \"$end\"}", false, BY_BODY },
	{ "{window: SECONDS}", "{\"window\": \"$window\"}", false, BY_BODY },
	{ "{window_seconds}", "{\"window_seconds\": \"$window\"}", false, BY_BODY },
	{ "{cluster_id}", "{\"cluster_id\": \"$cluster_id\"}", true, BY_BODY },
	{ "{alerts}", "{\"alerts\": \"$alerts\"}", true, BY_BODY },
	{ "{windowStart, windowEnd}", "{\"windowStart\": \"$start\", \"windowEnd\": \"$end\"}", false, BY_BODY },
	{ "{start_time, end_time}", "{\"start_time\": \"$start\", \"end_time\": \"$end\"}", false, BY_BODY },
	{ "{from, to}", "{\"from\": \"$start\", \"to\": \"$end\"}", false, BY_BODY },
	{ "{window_start, window_end} in ms", "{\"window_start\": \"$start_ms\", \"window_end\": \"$end_ms\"}", false, BY_BODY },
	{ "{windowStart, windowEnd} in ms", "{\"windowStart\": \"$start_ms\", \"windowEnd\": \"$end_ms\"}", false, BY_BODY },
	{ "{window_start, window_end} in ISO 8601", "{\"window_start\": \"$start_iso\", \"window_end\": \"$end_iso\"}", false, BY_BODY },
	{ "{start, end} in ISO 8601", "{\"start\": \"$start_iso\", \"end\": \"$end_iso\"}", false, BY_BODY },
	{ "{clusters}", "{\"clusters\": [\"$cluster\"]}", true, BY_BODY },
	{ "{incident}", "{\"incident\": \"$cluster\"}", true, BY_BODY },
	{ "{services}", "{\"services\": \"$services\"}", true, BY_BODY },
	{ "the cluster itself", "\"$cluster\"", true, BY_BODY },
	{ "?window_start=&window_end= by POST", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, BY_QUERY },
	{ "?window_start=&window_end= by GET", "{\"window_start\": \"$start\", \"window_end\": \"$end\"}", false, BY_GET },
	{ "?cluster_id= by GET", "{\"cluster_id\": \"$cluster_id\"}", true, BY_GET },
};
/* clang-format on */

/* One of the two endpoints. */
struct endpoint {
	const char *path, *given; /* given: the key of the config's own body */
	const struct form *forms;
	int n, first;               /* first: what is tried first when nothing is known */
	int *learned;               /* NULL: nothing is remembered */
	struct pipeline_made *made; /* what its refusals asked for: the form of index n */
};

/* --- bodies ----------------------------------------------------------------------------------- */

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

/* The services of a cluster, as it lists them or as its alerts name them. */
static json_t *services_of(const json_t *cluster)
{
	json_t *listed = json_object_get(cluster, "services"), *names, *alert;
	size_t i;

	if (json_is_array(listed))
		return json_incref(listed);
	names = json_array();
	json_array_foreach(json_object_get(cluster, "alerts"), i, alert)
		if (json_is_string(json_object_get(alert, "service")))
			json_array_append(names, json_object_get(alert, "service"));
	return names;
}

static json_t *values_of(const struct pipeline_window *w)
{
	const json_t *alerts = json_object_get(w->cluster, "alerts");
	json_t *values = pipeline_values(w->start_s, w->end_s);

	if (!values)
		return NULL;
	json_object_set_new(values, "cluster", shared(w->cluster));
	json_object_set_new(values, "cluster_id", id_of(w->cluster));
	json_object_set_new(values, "alerts", shared(alerts ? alerts : w->cluster));
	json_object_set_new(values, "services", services_of(w->cluster));
	return values;
}

static int by_query(const struct pipeline_config *c, const char *path, const json_t *filled, bool get, struct text *ret,
		    int *ret_status, struct fl_error *err)
{
	_cleanup_free_ char *query = pipeline_query(path, filled);

	if (!query)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	return pipeline_ask(c, query, get ? NULL : "", ret, ret_status, err);
}

static int by_body(const struct pipeline_config *c, const char *path, const json_t *filled, struct text *ret,
		   int *ret_status, struct fl_error *err)
{
	_cleanup_free_ char *body = json_dumps(filled, JSON_COMPACT | JSON_ENCODE_ANY);

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

/* @ret_said (may be NULL): what a refusal said, the caller's to free. */
static int ask_template(const struct pipeline_config *c, const struct endpoint *e, const json_t *template, enum how how,
			json_t *values, int *ret_status, answer_reader read, void *out, struct text *ret_said,
			struct fl_error *err)
{
	json_t *filled = pipeline_fill(template, values);
	struct text body = {};
	int rc;

	if (!filled)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	rc = how == BY_BODY ? by_body(c, e->path, filled, &body, ret_status, err)
			    : by_query(c, e->path, filled, how == BY_GET, &body, ret_status, err);
	json_decref(filled);
	if (!rc)
		rc = read(c, &body, out, err);
	else if (ret_said) {
		*ret_said = body;
		return rc;
	}
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

/* Trying one form after the other. */
struct trial {
	struct pipeline_config c;
	const struct endpoint *e;
	json_t *values;
	bool eager; /* an answer that says nothing may be one to the wrong body: the others are tried as well */
	answer_reader read;
	void *out;
	struct fl_error first;
	bool missing;
	int silent;   /* a form that is taken, and answered with nothing */
	int followed; /* refusals that said what they want */
};

static struct form form_of(const struct endpoint *e, int form)
{
	if (form < e->n)
		return e->forms[form];
	return (struct form){ e->made->name, e->made->body, e->made->by_cluster, e->made->query ? BY_QUERY : BY_BODY };
}

/* 1: taken; 0: not; else a pipeline that cannot be asked. */
static int try_form(struct trial *t, int form, struct fl_error *err)
{
	struct form f = form_of(t->e, form);
	json_t *template = json_loads(f.body, JSON_DECODE_ANY, NULL);
	struct pipeline_made wanted;
	struct fl_error why = {};
	struct text said = {};
	int status = 0, rc;

	rc = ask_template(&t->c, t->e, template, f.how, t->values, &status, t->read, t->out, &said, &why);
	json_decref(template);
	t->c.retries = 0; /* the pipeline is there: only the body is in question */
	if (!rc || (rc == -ENODATA && !t->eager)) {
		remember(t->e, form);
		rc = 1;
	} else if (rc == -ENODATA) {
		t->silent = t->silent < 0 ? form : t->silent;
		rc = 0;
	} else if (rc == -EBADMSG || is_about_body(status)) {
		t->missing &= status == 404 || status == 405 || status == 501;
		if (!t->first.message[0])
			t->first = why;
		rc = 0;
		/* It may have said what it wants. */
		if (said.len && t->followed < 4 && pipeline_wanted(said.s, said.len, &wanted) &&
		    strcmp(wanted.body, t->e->made->body) != 0) {
			*t->e->made = wanted;
			t->followed++;
			rc = try_form(t, t->e->n, err);
		}
	} else if (err) {
		*err = why;
	}
	text_free(&said);
	return rc;
}

/* The first form whose answer can be read; the one that is known to work before all others. */
static int ask_any(struct trial *t, struct fl_error *err)
{
	const struct endpoint *e = t->e;
	int known = e->learned && *e->learned >= 0 ? *e->learned : e->first, n = known == e->n ? e->n + 1 : e->n, k;

	for (k = 0; k < n && !(k && is_late(&t->c)); k++) {
		int rc = try_form(t, (known + k) % n, err);

		if (rc)
			return rc > 0 ? 0 : rc;
	}
	if (t->silent < 0 && k < n)
		return error_env(err, ETIMEDOUT, "%.300s (%d of %d bodies were tried, then time was up)",
				 t->first.message, k, n);
	if (t->silent < 0)
		return refused_all(e, t->missing, &t->first, err);
	remember(e, t->silent);
	return 0;
}

static int ask(const struct pipeline_config *c, const struct endpoint *e, const struct pipeline_window *w,
	       answer_reader read, void *out, struct fl_error *err)
{
	const json_t *given = json_object_get(c->fields, e->given);
	json_t *values = values_of(w);
	struct pipeline_made local = {};
	struct endpoint known = *e;
	struct trial t = { *c, &known, values, w->alerted, read, out, .missing = true, .silent = -1 };
	int rc, status;

	if (!values)
		return error_sys(err, ENOMEM, "cannot ask the pipeline: out of memory");
	if (given) {
		rc = ask_template(c, e, given, BY_BODY, values, &status, read, out, NULL, err);
		rc = rc == -ENODATA ? 0 : rc;
	} else {
		known.made = e->made ? e->made : &local;
		rc = ask_any(&t, err);
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
				  .learned = c->learned ? &c->learned->correlate : NULL,
				  .made = c->learned ? &c->learned->made_correlate : NULL };
}

static struct endpoint rca_endpoint(const struct pipeline_config *c)
{
	return (struct endpoint){ .path = pipeline_path(c->rca_path, "/rca"),
				  .given = "rca_body",
				  .forms = rca_forms,
				  .n = ARRAY_SIZE(rca_forms),
				  .first = pipeline_is(c, "w3d2"),
				  .learned = c->learned ? &c->learned->rca : NULL,
				  .made = c->learned ? &c->learned->made_rca : NULL };
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
	struct endpoint endpoint;

	if (text)
		return !strstr(text, "$cluster") && !strstr(text, "$alerts");
	if (!c->learned || c->learned->rca < 0)
		return false;
	endpoint = rca_endpoint(c);
	return !form_of(&endpoint, c->learned->rca).by_cluster;
}

const char *pipeline_form_text(const struct pipeline_config *c, bool rca)
{
	int form = !c->learned ? PIPELINE_UNKNOWN : rca ? c->learned->rca : c->learned->correlate;
	struct endpoint endpoint;

	endpoint = rca ? rca_endpoint(c) : correlate_endpoint(c);
	return form < 0 ? NULL : form_of(&endpoint, form).name;
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
