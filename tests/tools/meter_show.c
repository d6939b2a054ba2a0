// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter_show TARGET[=NAME]... - measure the targets, say "ready" on standard error, print what was seen
 * as JSON at each line of standard input (since the line before) and at its end (since the
 * beginning). For tests.
 *
 * "rows" are {"client", "server", "vantage", "protocol", "requests", "p50_us", "p99_us", ...}, over all
 * methods and paths; "requests" are the rows of one method each, with "method" and "path". Of the
 * environment: METER_PATHS, prefixes, with commas; METER_MAX_CONNECTIONS, the size of the table of flows.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/hist.h"
#include "measure/meter/meter.h"
#include "util/http/http_method.h"
#include "util/text/text.h"
#include "util/text/units.h"

static const char *const protocols[METER_PROTOCOLS] = { "http", "dns", "turns", "opaque" };

static void fail(const struct fl_error *err)
{
	error_print(err, stderr);
	exit(err->exit);
}

static void set_times(json_t *row, const char *name, const struct fl_hist *h)
{
	static const struct {
		const char *suffix;
		double q;
	} quantiles[] = { { "p50_us", 0.5 }, { "p90_us", 0.9 }, { "p99_us", 0.99 } };
	char key[32];
	uint32_t i;

	for (i = 0; i < 3; i++) {
		double v = hist_quantile_ns(h, quantiles[i].q);

		snprintf(key, sizeof(key), "%s%s", name, quantiles[i].suffix);
		json_object_set_new(row, key, isnan(v) ? json_null() : json_real(v / 1e3));
	}
	snprintf(key, sizeof(key), "%smean_us", name);
	json_object_set_new(row, key, h->count ? json_real(hist_mean_ns(h) / 1e3) : json_null());
}

/* [[lower, upper, count], ...] in us, of the buckets that are not empty. */
static json_t *buckets(const struct fl_hist *h)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < FL_HIST_BUCKETS; i++)
		if (h->buckets[i])
			json_array_append_new(all,
					      json_pack("[f, f, I]", (double)hist_lower_ns(i) / 1e3,
							(double)hist_upper_ns(i) / 1e3, (json_int_t)h->buckets[i]));
	return all;
}

static json_t *row_json(const struct meter_snapshot *s, const struct meter_row *r)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:i}", "client", s->services[r->client], "server",
				s->services[r->server], "vantage", r->vantage == METER_AS_SERVER ? "server" : "client",
				"protocol", protocols[r->protocol], "port", r->port);
	json_t *status = json_array();
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{ "requests", r->requests },
		{ "resets", r->resets },
		{ "timeouts", r->timeouts },
		{ "refused", r->refused },
		{ "bytes_to_server", r->bytes_to_server },
		{ "bytes_to_client", r->bytes_to_client },
		{ "connects", r->connects },
		{ "retransmits", r->retransmits },
		{ "first_ns", r->first_ns },
		{ "last_ns", r->last_ns },
		{ "rtts", r->rtt.count },
	};
	uint32_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		json_object_set_new(row, counts[i].name, json_integer((json_int_t)counts[i].value));
	for (i = 0; i < 6; i++)
		json_array_append_new(status, json_integer((json_int_t)r->status[i]));
	if (r->method) {
		json_object_set_new(row, "method", json_string(http_method_text(r->method)));
		json_object_set_new(row, "path", json_pack("s?", meter_path_text(&s->paths, r->path)));
	}
	json_object_set_new(row, "status", status);
	json_object_set_new(row, "buckets_us", buckets(&r->latency));
	set_times(row, "", &r->latency);
	set_times(row, "connect_", &r->connect);
	set_times(row, "rtt_", &r->rtt);
	return row;
}

static void show(struct meter *m, const struct meter_snapshot *s)
{
	json_t *rows = json_array(), *requests = json_array(), *out;
	struct meter_snapshot edges;
	struct meter_cost cost = {};
	struct fl_error err = {};
	uint32_t i;

	if (meter_by_edge(s, &edges, &err))
		fail(&err);
	for (i = 0; i < edges.n_rows; i++)
		json_array_append_new(rows, row_json(&edges, &edges.rows[i]));
	for (i = 0; i < s->n_rows; i++)
		if (s->rows[i].method)
			json_array_append_new(requests, row_json(s, &s->rows[i]));
	meter_snapshot_free(&edges);
	meter_cost(m, &cost);
	out = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "rows", rows, "requests", requests, "flows_evicted",
			(json_int_t)s->flows_evicted, "events_lost", (json_int_t)s->events_lost, "requests_unpaired",
			(json_int_t)s->requests_unpaired, "runs", (json_int_t)cost.runs, "run_ns", (json_int_t)cost.ns);
	json_dumpf(out, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(out);
}

static void on_event(void *ctx, const struct meter_event *e)
{
	(void)ctx;
	fprintf(stderr, "event %llu %u %u %s %llu %u\n", (unsigned long long)e->at_ns, e->client, e->server,
		e->vantage == METER_AS_SERVER ? "server" : "client", (unsigned long long)e->latency_ns, e->status);
}

static void add(struct meter *m, char *spec)
{
	struct target_options options = { .need_veth = true };
	struct fl_error err = {};
	struct target t;
	char *name = strchr(spec, '=');

	if (name)
		*name++ = '\0';
	if (target_resolve(spec, &options, &t, &err))
		fail(&err);
	if (name)
		text_copy(t.name, sizeof(t.name), name);
	if (meter_add(m, &t, &err) ||
	    (getenv("METER_WATCH_NS") && meter_watch(m, t.name, strtoull(getenv("METER_WATCH_NS"), NULL, 10), &err)))
		fail(&err);
	target_free(&t);
}

static void set_paths(struct meter_paths *paths, char *list)
{
	struct fl_error err = {};
	char *prefix;

	while (list && (prefix = strsep(&list, ",")))
		if (meter_paths_add(paths, prefix, &err))
			fail(&err);
}

static uint32_t max_connections(void)
{
	const char *text = getenv("METER_MAX_CONNECTIONS");
	struct fl_error err = {};
	int64_t n = 0;

	if (text && units_int(text, 1, UINT32_MAX, &n, &err))
		fail(&err);
	return (uint32_t)n;
}

int main(int argc, char **argv)
{
	struct meter_paths paths = {};
	const struct meter_options options = { .max_connections = max_connections(), .paths = &paths };
	struct meter_snapshot first, before, now, delta;
	struct fl_error err = {};
	char line[64];
	struct meter *m;
	int i;

	set_paths(&paths, getenv("METER_PATHS"));
	if (meter_open(&options, &m, &err))
		fail(&err);
	for (i = 1; i < argc; i++)
		add(m, argv[i]);
	if (meter_read(m, &before, &err))
		fail(&err);
	first = before;
	fprintf(stderr, "ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		meter_poll(m, on_event, NULL);
		if (meter_read(m, &now, &err) || meter_subtract(&now, &before, &delta, &err))
			fail(&err);
		show(m, &delta);
		meter_snapshot_free(&delta);
		if (before.rows != first.rows)
			meter_snapshot_free(&before);
		before = now;
	}
	meter_poll(m, on_event, NULL);
	if (meter_read(m, &now, &err) || meter_subtract(&now, &first, &delta, &err))
		fail(&err);
	show(m, &delta);
	meter_close(m);
	return 0;
}
