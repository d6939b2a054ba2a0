// SPDX-License-Identifier: GPL-2.0-only
/*
 * baseline_form.c - baseline.json in the form of the exercise's capture_baseline.py as well, beside our windows:
 * captured_at, duration_seconds, metrics {"PROMQL": {mean, p99, samples}}. It is of the last window; where a query
 * gives several series, mean is that of all samples and p99 the largest.
 */
#include <math.h>
#include <time.h>

#include "run/folder/baseline.h"
#include "util/json/json_path.h"

static void merge(json_t *metrics, const char *key, double mean, double p99, double n)
{
	json_t *had = json_object_get(metrics, key);
	double n0 = json_number_value(json_object_get(had, "samples"));
	double mean0 = json_number_value(json_object_get(had, "mean"));
	double p0 = json_number_value(json_object_get(had, "p99"));
	bool most = !had || isnan(p99) || p99 > p0;

	if (had && n0 + n > 0)
		mean = (mean0 * n0 + mean * n) / (n0 + n);
	json_object_set_new(metrics, key,
			    json_pack("{s:o, s:o, s:I}", "mean", isfinite(mean) ? json_real(mean) : json_null(), "p99",
				      isfinite(most ? p99 : p0) ? json_real(most ? p99 : p0) : json_null(), "samples",
				      (json_int_t)(n0 + n)));
}

static void add(json_t *metrics, const char *key, const json_t *entry)
{
	double n = json_number_of(entry, "n");

	if (n > 0 && isfinite(json_number_of(entry, "mean")))
		merge(metrics, key, json_number_of(entry, "mean"), json_number_of(entry, "p99"), n);
}

void baseline_add_exercise_form(json_t *baseline, const struct suite *s)
{
	json_t *windows = json_object_get(baseline, "windows"), *metrics = json_object(), *e;
	const json_t *window = json_array_get(windows, json_array_size(windows) - 1);
	double start = json_number_of(window, "start"), end = json_number_of(window, "end");
	const char *name, *promql;
	char stamp[40];
	struct tm tm;
	time_t at = isfinite(start) ? (time_t)start : 0;
	size_t i;

	json_array_foreach(json_object_get(window, "services"), i, e) {
		name = json_string_value(json_object_get(e, "metric"));
		promql = name ? json_string_value(json_object_get(json_object_get(s->metrics, name), "prometheus"))
			      : NULL;
		if (promql && !json_object_get(e, "client"))
			add(metrics, promql, e);
	}
	json_object_foreach(json_object_get(window, "metrics"), name, e)
		if (!json_object_get(json_object_get(s->metrics, name), "prometheus"))
			add(metrics, name, e);
	gmtime_r(&at, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S+00:00", &tm);
	json_object_set_new(baseline, "captured_at", json_string(stamp));
	json_object_set_new(baseline, "duration_seconds",
			    isfinite(end - start) ? json_integer((json_int_t)(end - start + 0.5)) : json_null());
	json_object_set_new(baseline, "metrics", metrics);
}
