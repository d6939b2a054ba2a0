// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_kernel.c - the kernel's meter over the services of the suite while it runs: read twice a second
 * and at the borders of the windows into a series, and its events watched for the first symptom. A
 * host where it cannot be had runs the suite without it, and the manifest says why.
 */
#include <errno.h>

#include "fault/life/live.h"
#include "measure/fleet.h"
#include "run/run_private.h"
#include "serve/openmetrics.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"

#define READ_MS 500

/* --- reading --------------------------------------------------------------------------------- */

static void note_off(struct run *r, const struct fl_error *why)
{
	events_write(r->events, "kernel-measurement", NULL, json_pack("{s:b, s:s}", "on", 0, "why", why->message));
	outdir_note(&r->out, "kernel_measurement", json_pack("{s:b, s:s}", "on", 0, "why", why->message), NULL);
}

void run_kernel_read(struct run *r)
{
	struct run_kernel *k = &r->kernel;
	struct meter_snapshot now, difference;

	if (!k->meter || meter_read(k->meter, &now, NULL))
		return;
	if (!meter_subtract(&now, &k->last, &difference, NULL)) {
		if (series_add(k->series, &difference, k->last.taken_ns, now.taken_ns))
			k->readings_lost++;
		meter_snapshot_free(&difference);
	}
	meter_snapshot_free(&k->last);
	k->last = now;
}

static void on_time(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct run *r = timer->data;

	run_kernel_read(r);
	run_watch(r);
}

/* --- the first symptom ----------------------------------------------------------------------- */

static struct symptom_watch *find_watch(struct run_kernel *k, uint32_t client, uint32_t server,
					enum meter_vantage vantage)
{
	uint32_t i;

	for (i = 0; i < k->n_watches; i++) {
		const struct series_match *m = &k->watches[i].match;

		if (m->client == (int32_t)client && m->server == (int32_t)server && m->vantage == (int32_t)vantage)
			return &k->watches[i];
	}
	return NULL;
}

static struct symptom_watch *add_watch(struct run *r, uint32_t client, uint32_t server, enum meter_vantage vantage)
{
	struct run_kernel *k = &r->kernel;
	struct symptom_watch *grown = reallocarray(k->watches, k->n_watches + 1, sizeof(*grown)), *w;

	if (!grown)
		return NULL;
	k->watches = grown;
	w = &grown[k->n_watches++];
	*w = (struct symptom_watch){
		.match = { .client = (int32_t)client, .server = (int32_t)server, .vantage = (int32_t)vantage }
	};
	symptom_learn(w, k->series, r->turn.baseline_ns, r->turn.inject_ns ? r->turn.inject_ns : UINT64_MAX,
		      k->watched_since_ns);
	return w;
}

static void on_event(void *ctx, const struct meter_event *e)
{
	struct run *r = ctx;
	struct symptom_watch *w;

	if (r->state < RUN_INJECT || r->state > RUN_RECOVER || !r->turn.inject_ns)
		return;
	w = find_watch(&r->kernel, e->client, e->server, e->vantage);
	if (!w) /* an edge that the baseline had not: nothing of it was bad before */
		w = add_watch(r, e->client, e->server, e->vantage);
	if (w)
		symptom_take(w, e);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
	LOOP_CALLBACK();
	struct run *r = poll->data;

	(void)status;
	(void)events;
	meter_poll(r->kernel.meter, on_event, r);
}

static void drop_watches(struct run_kernel *k)
{
	uint32_t i;

	for (i = 0; i < k->n_watches; i++)
		symptom_free(&k->watches[i]);
	free(k->watches);
	k->watches = NULL;
	k->n_watches = 0;
}

/* The kernel sends what is slower than the lowest limit of the service's watches. */
static void set_limits(struct run_kernel *k)
{
	const char(*names)[128];
	uint32_t n = series_services(k->series, &names), service, i;

	for (service = 1; service < n; service++) {
		uint64_t slow = 0;

		for (i = 0; i < k->n_watches; i++) {
			const struct symptom_watch *w = &k->watches[i];
			bool client = w->match.vantage == METER_AS_CLIENT;

			if ((uint32_t)(client ? w->match.client : w->match.server) != service)
				continue;
			if (w->slow_ns && (!slow || w->slow_ns < slow))
				slow = w->slow_ns;
		}
		meter_watch(k->meter, names[service], slow, NULL);
	}
}

/* There is something to wait for once the first service is watched. */
static void wait_for_events(struct run *r)
{
	struct run_kernel *k = &r->kernel;

	if (k->polling || meter_poll_fd(k->meter) < 0 || uv_poll_init(&r->loop, &k->poll, meter_poll_fd(k->meter)))
		return;
	k->poll.data = r;
	k->polling = true;
	uv_poll_start(&k->poll, UV_READABLE, on_events);
}

void run_kernel_inject(struct run *r)
{
	struct run_kernel *k = &r->kernel;
	struct series_edge *edges = NULL;
	uint32_t n, i;

	if (!k->meter)
		return;
	drop_watches(k);
	k->watched_since_ns = clock_mono_ns();
	n = series_edges(k->series, &edges);
	for (i = 0; edges && i < n; i++) {
		if (edges[i].as_client)
			add_watch(r, edges[i].client, edges[i].server, METER_AS_CLIENT);
		if (edges[i].as_server)
			add_watch(r, edges[i].client, edges[i].server, METER_AS_SERVER);
	}
	free(edges);
	set_limits(k);
	wait_for_events(r);
}

static uint32_t count_watches(const struct run_kernel *k, const struct scope *scope)
{
	uint32_t i, n = 0;

	for (i = 0; i < k->n_watches; i++)
		n += scope_shows(scope, (uint32_t)k->watches[i].match.client, (uint32_t)k->watches[i].match.server);
	return n;
}

bool run_kernel_symptom(const struct run *r, uint64_t from_ns, const struct symptom_watch **ret_watch,
			struct symptom *ret)
{
	const struct run_kernel *k = &r->kernel;
	double watched = (double)(clock_mono_ns() - k->watched_since_ns) / 1e9;
	struct scope scope;
	struct symptom s;
	bool found = false;
	uint32_t i, n;

	if (run_scope(r, &r->turn, &scope))
		return false;
	n = count_watches(k, &scope);
	for (i = 0; i < k->n_watches; i++) {
		const struct series_match *m = &k->watches[i].match;

		if (!scope_shows(&scope, (uint32_t)m->client, (uint32_t)m->server) ||
		    !symptom_find(&k->watches[i], n, watched, from_ns, &s) ||
		    (found && s.first.at_ns >= ret->first.at_ns))
			continue;
		*ret = s;
		*ret_watch = &k->watches[i];
		found = true;
	}
	scope_free(&scope);
	return found;
}

/* --- /metrics -------------------------------------------------------------------------------- */

static int fill_metrics(void *ctx, struct text *out)
{
	static char outside[1][128] = { "outside" };
	struct run *r = ctx;
	struct meter_snapshot s = { .services = outside, .n_services = 1 };
	json_t *faults = NULL;
	int rc = r->kernel.meter ? meter_read(r->kernel.meter, &s, NULL) : 0;

	if (rc)
		return rc;
	live_faults(&faults, NULL);
	openmetrics_write(&s, faults, out);
	json_decref(faults);
	if (r->kernel.meter)
		meter_snapshot_free(&s);
	return 0;
}

/* --- begin and end --------------------------------------------------------------------------- */

static int open_meter(struct run *r, uint32_t *ret_n, struct fl_error *err)
{
	struct run_kernel *k = &r->kernel;
	const struct experiment *where;
	struct meter_paths paths;
	const struct meter_options options = { .paths = &paths };
	int rc = metric_paths(r->suite, &paths, &where, err);

	if (rc)
		return rc;
	k->specs = suite_specs(r->suite);
	if (!k->specs)
		return error_sys(err, ENOMEM, "run: out of memory");
	return fleet_open(k->specs, false, &options, &k->meter, ret_n, err);
}

static int start(struct run *r, struct fl_error *err)
{
	struct run_kernel *k = &r->kernel;
	uint32_t n;
	int rc = open_meter(r, &n, err);

	if (rc)
		return rc;
	k->series = series_new();
	rc = k->series ? meter_read(k->meter, &k->last, err) : error_sys(err, ENOMEM, "out of memory");
	if (rc) {
		meter_close(k->meter);
		k->meter = NULL;
		return rc;
	}
	metrics_use_series(r->metrics, k->series);
	uv_timer_init(&r->loop, &k->timer);
	k->timer.data = r;
	uv_update_time(&r->loop); /* attaching takes its time */
	uv_timer_start(&k->timer, on_time, READ_MS, READ_MS);
	events_write(r->events, "kernel-measurement", NULL, json_pack("{s:b, s:i}", "on", 1, "services", (int)n));
	return outdir_note(&r->out, "kernel_measurement", json_pack("{s:b, s:i}", "on", 1, "services", (int)n), err);
}

int run_kernel_open(struct run *r, struct fl_error *err)
{
	struct fl_error why = {};
	int rc = 0;

	if (start(r, &why)) {
		note_off(r, &why);
		r->kernel.off = strdup(why.message);
	}
	if (r->options->metrics)
		rc = exporter_open(&r->loop, r->options->metrics, fill_metrics, r, &r->kernel.exporter, err);
	return rc ? rc
	       : r->options->metrics
		       ? outdir_note(&r->out, "metrics_url", json_string(exporter_url(r->kernel.exporter)), err)
		       : 0;
}

static void find_work(void *run)
{
	struct run *r = run;

	r->kernel.found = fleet_find(r->kernel.specs);
}

static void find_done(void *run)
{
	struct run *r = run;
	struct run_kernel *k = &r->kernel;

	fleet_take(k->meter, k->found);
	fleet_free(k->found);
	k->found = NULL;
	if (k->find_again)
		run_kernel_refresh(r);
}

void run_kernel_refresh(struct run *r)
{
	struct run_kernel *k = &r->kernel;

	if (!k->meter)
		return;
	k->find_again = k->find_job.queued;
	if (k->find_again)
		return;
	k->find_job = (struct offload_job){ .work = find_work, .done = find_done, .arg = r };
	owner_do(r->owner, &k->find_job);
}

void run_kernel_turn(struct run *r)
{
	struct run_kernel *k = &r->kernel;
	_cleanup_free_ char *note = k->off ? text_format("kernel measurement is off: %s", k->off) : NULL;

	if (note)
		run_report_progress(r, false, note);
	free(k->off); /* said once */
	k->off = NULL;
	if (!k->meter)
		return;
	run_kernel_refresh(r);
	series_forget(k->series, clock_mono_ns());
	drop_watches(k);
}

static json_t *lost_json(const struct run *r)
{
	const struct meter_snapshot *s = &r->kernel.last;

	return json_pack("{s:I, s:I, s:I, s:i}", "flows_evicted", (json_int_t)s->flows_evicted, "events_lost",
			 (json_int_t)s->events_lost, "requests_unpaired", (json_int_t)s->requests_unpaired,
			 "readings_lost", (int)r->kernel.readings_lost);
}

void run_kernel_close(struct run *r)
{
	struct run_kernel *k = &r->kernel;

	exporter_close(k->exporter);
	k->exporter = NULL;
	if (!k->meter)
		return;
	uv_close((uv_handle_t *)&k->timer, NULL);
	if (k->polling)
		uv_close((uv_handle_t *)&k->poll, NULL);
	if (r->out.manifest)
		json_object_set_new(json_object_get(r->out.manifest, "kernel_measurement"), "lost", lost_json(r));
}

void run_kernel_free(struct run *r)
{
	struct run_kernel *k = &r->kernel;

	drop_watches(k);
	meter_snapshot_free(&k->last);
	meter_close(k->meter);
	series_free(k->series);
	free(k->specs);
	free(k->off);
	memset(&k->last, 0, sizeof(k->last));
	k->meter = NULL;
	k->series = NULL;
	k->specs = NULL;
	k->off = NULL;
}
