// SPDX-License-Identifier: GPL-2.0-only
/* baseline.c - see baseline.h */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <uv.h>

#include "measure/fleet.h"
#include "measure/kernel_json.h"
#include "measure/prom_range.h"
#include "run/folder/baseline.h"
#include "run/run.h"
#include "run/suite_scope.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/loop/loop_work.h"

#define READ_MS 500

struct watch {
	struct meter *meter; /* NULL: none here */
	struct meter_snapshot last;
	struct series *series;
	uv_loop_t loop;
	uv_timer_t timer, deadline;
	uv_signal_t interrupted, terminated;
};

/* --- the kernel ------------------------------------------------------------------------------ */

static void take_reading(struct watch *w)
{
	struct meter_snapshot now, difference;

	if (!w->meter || meter_read(w->meter, &now, NULL))
		return;
	if (!meter_subtract(&now, &w->last, &difference, NULL)) {
		series_add(w->series, &difference, w->last.taken_ns, now.taken_ns);
		meter_snapshot_free(&difference);
	}
	meter_snapshot_free(&w->last);
	w->last = now;
}

static int open_meter(struct watch *w, const struct suite *s, struct fl_error *err)
{
	_cleanup_free_ char **specs = suite_specs(s);
	uint32_t n;
	int r;

	w->series = series_new();
	if (!specs || !w->series)
		return error_sys(err, ENOMEM, "baseline: out of memory");
	r = fleet_open(specs, false, NULL, &w->meter, &n, err);
	if (!r)
		r = meter_read(w->meter, &w->last, err);
	return r;
}

static void on_time(uv_timer_t *timer)
{
	take_reading(timer->data);
}

static void on_deadline(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	uv_stop(handle->loop);
}

static void wait_for_end(struct watch *w, uint64_t for_ns)
{
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->timer);
	uv_timer_init(&w->loop, &w->deadline);
	uv_signal_init(&w->loop, &w->interrupted);
	uv_signal_init(&w->loop, &w->terminated);
	w->timer.data = w;
	uv_timer_start(&w->timer, on_time, READ_MS, READ_MS);
	uv_timer_start(&w->deadline, on_deadline, for_ns / NS_PER_MSEC, 0);
	uv_signal_start(&w->interrupted, on_signal, SIGINT);
	uv_signal_start(&w->terminated, on_signal, SIGTERM);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	loop_end(&w->loop);
}

/* --- Prometheus ------------------------------------------------------------------------------ */

static int ask_one(const struct suite *s, const char *name, const char *promql, double start, double end,
		   json_t *services, struct fl_error *err)
{
	_cleanup_free_ char *url = prom_range_url(s->prometheus_url, promql, start, end);
	struct http_request req = { .url = url, .timeout_ns = 5 * NS_PER_SEC, .body_max = HTTP_BODY_MAX };
	struct http_response response = {};
	json_t *entries = NULL;
	int r = url ? http_fetch(&req, &response, err) : error_sys(err, ENOMEM, "out of memory");

	if (!r && !response.complete)
		r = error_env(err, EIO, "Prometheus at %.200s: %.200s", s->prometheus_url, response.error);
	if (!r)
		r = prom_range_read(name, response.body.s ? response.body.s : "", response.body.len, &entries, err);
	if (!r)
		json_array_extend(services, entries);
	json_decref(entries);
	text_free(&response.body);
	return r;
}

static void ask_prometheus(const struct suite *s, double start, double end, json_t *services, json_t *errors)
{
	const char *name, *promql;
	json_t *source;

	json_object_foreach(s->metrics, name, source) {
		struct fl_error err = {};

		promql = json_string_value(json_object_get(source, "prometheus"));
		if (promql && s->prometheus_url && ask_one(s, name, promql, start, end, services, &err))
			json_array_append_new(errors, json_string(err.message));
	}
}

/* --- both ------------------------------------------------------------------------------------ */

int baseline_capture(const struct suite *s, uint64_t for_ns, json_t **ret, struct fl_error *err)
{
	json_t *services = json_array(), *errors = json_array();
	struct watch w = {};
	struct fl_error why = {};
	uint64_t began;
	double start;
	int r;

	if (open_meter(&w, s, &why))
		json_array_append_new(errors, json_string(why.message));
	if (!w.meter && !s->prometheus_url) {
		*err = why;
		r = why.code;
		goto out;
	}
	began = clock_mono_ns();
	start = clock_wall_s();
	wait_for_end(&w, for_ns);
	take_reading(&w);
	ask_prometheus(s, start, clock_wall_s(), services, errors);
	if (w.meter) {
		struct scope scope = {};
		bool known = s->n && !suite_scope(s, w.series, NULL, &scope);
		json_t *kernel = kernel_baseline(w.series, known ? &scope : NULL, began, UINT64_MAX);

		json_array_extend(services, kernel);
		json_decref(kernel);
		scope_free(&scope);
	}
	*ret = json_pack("{s:i, s:[{s:n, s:f, s:f, s:O, s:O}]}", "format", 1, "windows", "experiment", "start", start,
			 "end", clock_wall_s(), "services", services, "errors", errors);
	if (*ret)
		baseline_add_exercise_form(*ret, s);
	r = *ret ? 0 : error_sys(err, ENOMEM, "baseline: out of memory");
out:
	json_decref(services);
	json_decref(errors);
	series_free(w.series);
	meter_snapshot_free(&w.last);
	meter_close(w.meter);
	return r;
}
