// SPDX-License-Identifier: GPL-2.0-only
/* metrics.c - see metrics.h */
#include <errno.h>
#include <math.h>

#include "measure/metrics.h"
#include "measure/probe/http_loop.h"
#include "measure/prom_range.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/percentile.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct point {
	uint64_t mono_ns;
	double value;
};

/* One Prometheus query of the suite. */
struct query {
	struct metrics *metrics;
	const char *name;
	char *url;
	const char *promql;
	bool asking, asking_range;
	struct point *v;
	uint32_t n, size;
	json_t *range; /* of metrics_ask_range(); NULL: no answer yet */
};

struct metrics {
	const struct suite *suite;
	const struct probe *probe;
	const struct series *series; /* may be NULL */
	metrics_other other;
	void *ctx;
	struct http_loop *http;
	struct query *queries;
	uint32_t n_queries;
};

/* --- Prometheus ------------------------------------------------------------------------------ */

/* {"data": {"result": [{"value": [t, "0.5"]}]}}: the first series, or a scalar's [t, "0.5"]. */
static int read_answer(const struct http_response *response, double *ret)
{
	json_t *top, *result, *value;
	const char *text;
	int r = -ENODATA;

	if (!response->complete || response->status != 200)
		return -ENODATA;
	top = json_loadb(response->body.s ? response->body.s : "", response->body.len, 0, NULL);
	result = json_object_get(json_object_get(top, "data"), "result");
	value = json_object_get(json_array_get(result, 0), "value");
	if (!value)
		value = result;
	text = json_string_value(json_array_get(value, 1));
	if (text && !units_double(text, ret, NULL))
		r = 0;
	json_decref(top);
	return r;
}

static void on_answer(void *ctx, const struct http_response *response)
{
	struct query *q = ctx;
	double value;

	q->asking = false;
	if (read_answer(response, &value))
		return;
	if (q->n == q->size) {
		uint32_t size = q->size ? q->size * 2 : 64;
		struct point *grown = reallocarray(q->v, size, sizeof(*grown));

		if (!grown)
			return;
		q->v = grown;
		q->size = size;
	}
	q->v[q->n++] = (struct point){ response->start_mono_ns, value };
}

void metrics_poll(struct metrics *m)
{
	uint32_t i;

	for (i = 0; i < m->n_queries; i++) {
		struct query *q = &m->queries[i];
		struct http_request req = { .url = q->url, .timeout_ns = 2 * NS_PER_SEC, .body_max = 1u << 20 };

		if (!q->asking)
			q->asking = !http_loop_start(m->http, &req, on_answer, q, NULL);
	}
}

static void on_range(void *ctx, const struct http_response *response)
{
	struct query *q = ctx;

	q->asking_range = false;
	if (response->complete && response->body.s)
		prom_range_read(q->name, response->body.s, response->body.len, &q->range, NULL);
}

void metrics_ask_range(struct metrics *m, double start_s, double end_s)
{
	uint32_t i;

	for (i = 0; i < m->n_queries; i++) {
		struct query *q = &m->queries[i];
		_cleanup_free_ char *url = prom_range_url(m->suite->prometheus_url, q->promql, start_s, end_s);
		struct http_request req = { .url = url, .timeout_ns = 5 * NS_PER_SEC, .body_max = HTTP_BODY_MAX };

		if (!url || q->asking_range)
			continue;
		json_decref(q->range);
		q->range = NULL;
		q->asking_range = !http_loop_start(m->http, &req, on_range, q, NULL);
	}
}

json_t *metrics_range(const struct metrics *m)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < m->n_queries; i++)
		if (m->queries[i].range)
			json_array_extend(list, m->queries[i].range);
	return list;
}

static int add_query(struct metrics *m, const char *name, const char *promql, struct fl_error *err)
{
	struct query *grown = reallocarray(m->queries, m->n_queries + 1, sizeof(*grown));
	char *escaped = curl_easy_escape(NULL, promql, 0);
	char *url = escaped ? text_format("%s/api/v1/query?query=%s", m->suite->prometheus_url, escaped) : NULL;

	curl_free(escaped);
	if (grown)
		m->queries = grown;
	if (!grown || !url) {
		free(url);
		return error_sys(err, ENOMEM, "metrics: out of memory");
	}
	grown[m->n_queries++] = (struct query){ .metrics = m, .name = name, .promql = promql, .url = url };
	return 0;
}

int metrics_open(uv_loop_t *loop, const struct suite *s, const struct probe *probe, metrics_other other, void *ctx,
		 struct metrics **ret, struct fl_error *err)
{
	struct metrics *m = calloc(1, sizeof(*m));
	const char *name, *promql;
	json_t *source;
	int r = 0;

	if (!m)
		return error_sys(err, ENOMEM, "metrics: out of memory");
	*m = (struct metrics){ .suite = s, .probe = probe, .other = other, .ctx = ctx };
	json_object_foreach(s->metrics, name, source) {
		promql = json_string_value(json_object_get(source, "prometheus"));
		if (!r && promql && s->prometheus_url)
			r = add_query(m, name, promql, err);
	}
	if (!r && m->n_queries)
		r = http_loop_open(loop, &m->http, err);
	if (r) {
		metrics_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

void metrics_close(struct metrics *m)
{
	uint32_t i;

	if (!m)
		return;
	http_loop_close(m->http);
	for (i = 0; i < m->n_queries; i++) {
		free(m->queries[i].url);
		free(m->queries[i].v);
		json_decref(m->queries[i].range);
	}
	free(m->queries);
	free(m);
}

void metrics_use_series(struct metrics *m, const struct series *series)
{
	m->series = series;
}

/* --- windows --------------------------------------------------------------------------------- */

/* The probe's latencies (seconds) of a window, or whether each try passed. The caller's to free. */
static double *probe_window(const struct metrics *m, bool latency, uint64_t from_ns, uint64_t to_ns, uint32_t *ret_n)
{
	const struct probe_sample *all = NULL;
	uint32_t total = m->probe ? probe_samples(m->probe, &all) : 0, i, n = 0;
	double *v = calloc(total ? total : 1, sizeof(*v));

	for (i = 0; v && i < total; i++)
		if (all[i].mono_ns >= from_ns && all[i].mono_ns < to_ns)
			v[n++] = latency ? all[i].latency_ms / 1e3 : all[i].pass;
	*ret_n = n;
	return v;
}

static double *query_window(const struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns,
			    uint32_t *ret_n)
{
	double *v = NULL;
	uint32_t i, k, n = 0;

	for (i = 0; i < m->n_queries; i++) {
		const struct query *q = &m->queries[i];

		if (strcmp(q->name, name))
			continue;
		v = calloc(q->n ? q->n : 1, sizeof(*v));
		for (k = 0; v && k < q->n; k++)
			if (q->v[k].mono_ns >= from_ns && q->v[k].mono_ns < to_ns)
				v[n++] = q->v[k].value;
	}
	*ret_n = n;
	return v;
}

static double mean_of(const double *v, uint32_t n)
{
	double sum = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / n : NAN;
}

/* -ENOENT for the kinds that have no samples of their own. */
static int samples_of(struct metrics *m, const struct metric_source *source, const char *name, uint64_t from_ns,
		      uint64_t to_ns, double **ret, uint32_t *ret_n)
{
	switch (source->kind) {
	case METRIC_SUCCESS_RATE:
	case METRIC_FAIL_RATE:
	case METRIC_PROBE_LATENCY:
		*ret = probe_window(m, source->kind == METRIC_PROBE_LATENCY, from_ns, to_ns, ret_n);
		break;
	case METRIC_PROMETHEUS: *ret = query_window(m, name, from_ns, to_ns, ret_n); break;
	default: return -ENOENT;
	}
	return *ret ? 0 : -ENODATA;
}

int metrics_samples(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns, double **ret,
		    uint32_t *ret_n)
{
	struct metric_source source;
	int r = metric_resolve(m->suite, name, &source, NULL);

	*ret = NULL;
	*ret_n = 0;
	if (!r && source.kind == METRIC_KERNEL)
		return m->series ? kernel_metric_samples(&source.kernel, m->series, from_ns, to_ns, ret, ret_n)
				 : -ENODATA;
	return r ? r : samples_of(m, &source, name, from_ns, to_ns, ret, ret_n);
}

int metrics_over(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns, double *ret, uint32_t *ret_n)
{
	_cleanup_free_ double *v = NULL;
	struct metric_source source;
	int r = metric_resolve(m->suite, name, &source, NULL);

	*ret_n = 0;
	if (!r && source.kind == METRIC_KERNEL)
		return m->series ? kernel_metric_value(&source.kernel, m->series, from_ns, to_ns, ret, ret_n)
				 : -ENODATA;
	if (!r)
		r = samples_of(m, &source, name, from_ns, to_ns, &v, ret_n);
	if (r)
		return r;
	if (!*ret_n)
		return -ENODATA;
	if (source.kind == METRIC_PROBE_LATENCY)
		*ret = percentile(v, *ret_n, source.quantile);
	else
		*ret = mean_of(v, *ret_n);
	if (source.kind == METRIC_FAIL_RATE)
		*ret = 1 - *ret;
	return 0;
}

int metrics_now(struct metrics *m, const struct expr_clause *clause, uint64_t since_ns, double *ret)
{
	uint64_t now = clock_mono_ns(), from = now > METRICS_NOW_NS ? now - METRICS_NOW_NS : 0;
	struct metric_source source;
	char name[EXPR_NAME_MAX];
	uint32_t n;
	int r = metric_resolve(m->suite, expr_clause_name(clause, name, sizeof(name)), &source, NULL);

	if (r)
		return r;
	if (source.kind == METRIC_SLO_BREACH || source.kind == METRIC_ALERTS || source.kind == METRIC_RETRIES)
		return m->other(m->ctx, &source, clause, ret);
	r = metrics_over(m, name, from > since_ns ? from : since_ns, now, ret, &n);
	return !r && source.kind != METRIC_PROMETHEUS && n < METRICS_NOW_MIN ? -ENODATA : r;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *describe_kernel(const struct metrics *m, const struct kernel_metric *metric, uint64_t from_ns,
			       uint64_t to_ns)
{
	struct kernel_window w;

	if (!m->series || kernel_metric_window(metric, m->series, from_ns, to_ns, &w))
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:i}", "mean", number(w.mean), "p99", number(w.p99), "spread", number(w.sd),
			 "n", (int)w.n);
}

json_t *metrics_describe(struct metrics *m, const char *name, uint64_t from_ns, uint64_t to_ns)
{
	_cleanup_free_ double *v = NULL;
	struct metric_source source;
	double mean, spread = 0;
	uint32_t n, i;

	if (metric_resolve(m->suite, name, &source, NULL))
		return NULL;
	if (source.kind == METRIC_KERNEL)
		return describe_kernel(m, &source.kernel, from_ns, to_ns);
	if (samples_of(m, &source, name, from_ns, to_ns, &v, &n) || !n)
		return NULL;
	mean = mean_of(v, n);
	if (source.kind == METRIC_FAIL_RATE)
		mean = 1 - mean;
	if (source.kind <= METRIC_FAIL_RATE)
		return json_pack("{s:f, s:n, s:n, s:i}", "mean", mean, "p99", "spread", "n", (int)n);
	for (i = 0; i < n; i++)
		spread += (v[i] - mean) * (v[i] - mean);
	spread = n > 1 ? sqrt(spread / (n - 1)) : 0;
	return json_pack("{s:f, s:f, s:f, s:i}", "mean", mean, "p99", percentile(v, n, 0.99), "spread", spread, "n",
			 (int)n);
}
