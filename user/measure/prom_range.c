// SPDX-License-Identifier: GPL-2.0-only
/* prom_range.c - see prom_range.h */
#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/prom_range.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/percentile.h"
#include "util/text/text.h"
#include "util/text/units.h"

char *prom_range_url(const char *base, const char *promql, double start, double end)
{
	double step = fmax(1, ceil((end - start) / PROM_RANGE_POINTS));
	char *escaped = curl_easy_escape(NULL, promql, 0);
	char *url = escaped ? text_format("%s/api/v1/query_range?query=%s&start=%.3f&end=%.3f&step=%.0f", base, escaped,
					  start, end, step)
			    : NULL;

	curl_free(escaped);
	return url;
}

static json_t *service_of(const json_t *labels)
{
	static const char *const keys[] = { "service", "svc", "app", "job", "instance" };
	json_t *v = NULL;
	size_t i;

	for (i = 0; !v && i < ARRAY_SIZE(keys); i++)
		v = json_object_get(labels, keys[i]);
	return v ? json_incref(v) : json_null();
}

/* [[t, "0.5"], ...]; the caller frees. */
static double *read_samples(const json_t *values, uint32_t *ret_n)
{
	double *v = calloc(json_array_size(values) + 1, sizeof(*v));
	json_t *sample;
	size_t i;

	*ret_n = 0;
	json_array_foreach(values, i, sample) {
		const char *text = json_string_value(json_array_get(sample, 1));

		if (v && text && !units_double(text, &v[*ret_n], NULL))
			++*ret_n;
	}
	return v;
}

static json_t *describe(const char *metric, const json_t *series)
{
	json_t *labels = json_object_get(series, "metric");
	double mean = 0, squares = 0;
	uint32_t n, i;
	_cleanup_free_ double *v = read_samples(json_object_get(series, "values"), &n);

	if (!v || !n)
		return NULL;
	for (i = 0; i < n; i++)
		mean += v[i] / n;
	for (i = 0; i < n; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	return json_pack("{s:s, s:o, s:s, s:O?, s:f, s:f, s:f, s:i}", "source", "prometheus", "service",
			 service_of(labels), "metric", metric, "labels", labels, "mean", mean, "p99",
			 percentile(v, n, 0.99), "spread", n > 1 ? sqrt(squares / (n - 1)) : 0.0, "n", (int)n);
}

int prom_range_read(const char *metric, const char *body, size_t len, json_t **ret, struct fl_error *err)
{
	json_t *top = json_loadb(body, len, 0, NULL), *result = json_path(top, "data.result"), *series;
	const char *said = json_string_value(json_object_get(top, "error"));
	json_t *list, *e;
	size_t i;

	if (!json_is_array(result)) {
		error_env(err, EBADMSG, "Prometheus, '%.90s': %.200s", metric,
			  said ? said : "the answer has no data.result");
		json_decref(top);
		return -EBADMSG;
	}
	list = json_array();
	json_array_foreach(result, i, series) {
		e = describe(metric, series);
		if (e)
			json_array_append_new(list, e);
	}
	json_decref(top);
	*ret = list;
	return 0;
}
