// SPDX-License-Identifier: GPL-2.0-only
/*
 * openmetrics.c - see openmetrics.h. A family is written whole, in one pass over the rows, because
 * OpenMetrics wants the samples of a family side by side. A set of labels may be there once in a
 * family: what has no labels of method and path is written of the rows added up by edge.
 *
 * The buckets are 2^k and 1.5 * 2^k ns. Both are bounds of the kernel's histogram (a power of two is
 * cut into 16), so each count is exact: nothing is interpolated.
 */
#include <string.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "serve/openmetrics.h"
#include "util/cleanup.h"
#include "util/http/http_method.h"
#include "util/json/json_path.h"
#include "util/text/printable.h"

#define FIRST_OCTAVE 14 /* 16.4 us */
#define LAST_OCTAVE  35 /* 34.4 s */

/* Label values may hold anything: backslash, quote and newline are escaped, and what would command a terminal
 * that shows the answer is made readable (printable.h). */
static void put_value(struct text *out, const char *value)
{
	struct printable p = {};
	struct text safe = {};
	const char *s;

	printable_append(&p, &safe, value, strlen(value));
	printable_end(&p, &safe);
	for (s = safe.s ?: ""; *s; s++) {
		if (*s == '\\' || *s == '"')
			text_append(out, "\\%c", *s);
		else if (*s == '\n')
			text_append(out, "\\n");
		else
			text_append_bytes(out, s, 1);
	}
	text_free(&safe);
}

static void put_label(struct text *out, const char *name, const char *value, bool first)
{
	text_append(out, "%s%s=\"", first ? "" : ",", name);
	put_value(out, value);
	text_append(out, "\"");
}

/*
 * NAME{client="a",server="b",side="client",protocol="http",method="POST",path="/pay" - the brace is
 * left open. Method and path are left out where the row has none: Prometheus takes that for empty.
 */
static void put_row(struct text *out, const char *name, const struct meter_snapshot *s, const struct meter_row *r)
{
	text_append(out, "%s{", name);
	put_label(out, "client", s->services[r->client], true);
	put_label(out, "server", s->services[r->server], false);
	put_label(out, "side", r->vantage == METER_AS_CLIENT ? "client" : "server", false);
	put_label(out, "protocol", protocol_text(r->protocol), false);
	if (r->method)
		put_label(out, "method", http_method_text(r->method), false);
	if (r->path)
		put_label(out, "path", meter_path_text(&s->paths, r->path), false);
}

static void put_head(struct text *out, const char *name, const char *type, const char *unit, const char *help)
{
	text_append(out, "# TYPE %s %s\n", name, type);
	if (unit)
		text_append(out, "# UNIT %s %s\n", name, unit);
	text_append(out, "# HELP %s %s\n", name, help);
}

/* --- histograms ------------------------------------------------------------------------------ */

static uint64_t count_below(const struct fl_hist *h, uint64_t bound_ns, uint32_t *at, uint64_t sum)
{
	for (; *at < FL_HIST_BUCKETS && hist_upper_ns(*at) <= bound_ns; (*at)++)
		sum += h->buckets[*at];
	return sum;
}

static void put_histogram(struct text *out, const char *name, const struct meter_snapshot *s, const struct meter_row *r,
			  const struct fl_hist *h)
{
	_cleanup_free_ char *bucket = text_format("%s_bucket", name);
	_cleanup_free_ char *count = text_format("%s_count", name);
	_cleanup_free_ char *sum = text_format("%s_sum", name);
	uint64_t below = 0, total = 0;
	uint32_t at = 0, i;

	if (!bucket || !count || !sum) {
		out->failed = true;
		return;
	}
	/* Read while it is written to: the buckets are what is consistent among themselves. */
	for (i = 0; i < FL_HIST_BUCKETS; i++)
		total += h->buckets[i];
	for (i = 2 * FIRST_OCTAVE; i <= 2 * LAST_OCTAVE; i++) {
		uint64_t bound = (i % 2 ? 3ull << (i / 2 - 1) : 1ull << (i / 2));

		below = count_below(h, bound, &at, below);
		put_row(out, bucket, s, r);
		text_append(out, ",le=\"%.9g\"} %llu\n", (double)bound / 1e9, (unsigned long long)below);
	}
	put_row(out, bucket, s, r);
	text_append(out, ",le=\"+Inf\"} %llu\n", (unsigned long long)total);
	put_row(out, count, s, r);
	text_append(out, "} %llu\n", (unsigned long long)total);
	put_row(out, sum, s, r);
	text_append(out, "} %.9f\n", (double)h->sum_ns / 1e9);
}

static void put_histograms(struct text *out, const struct meter_snapshot *requests, const struct meter_snapshot *edges)
{
	const struct {
		const char *name, *help;
		size_t offset;
		const struct meter_snapshot *s;
	} families[] = {
		{ "faultline_request_duration_seconds", "Request's first byte to response's first byte.",
		  offsetof(struct meter_row, latency), requests },
		{ "faultline_connect_duration_seconds", "TCP SYN to established.", offsetof(struct meter_row, connect),
		  edges },
		{ "faultline_rtt_seconds", "The kernel's smoothed round-trip time, sampled.",
		  offsetof(struct meter_row, rtt), edges },
	};
	size_t f;
	uint32_t i;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		const struct meter_snapshot *s = families[f].s;

		put_head(out, families[f].name, "histogram", "seconds", families[f].help);
		for (i = 0; i < s->n_rows; i++) {
			const char *row = (const char *)&s->rows[i];
			const struct fl_hist *h = (const struct fl_hist *)(row + families[f].offset);

			if (h->count)
				put_histogram(out, families[f].name, s, &s->rows[i], h);
		}
	}
}

/* --- counters -------------------------------------------------------------------------------- */

static void put_counter(struct text *out, const char *name, const struct meter_snapshot *s, const struct meter_row *r,
			const char *label, const char *value, uint64_t n)
{
	put_row(out, name, s, r);
	if (label)
		put_label(out, label, value, false);
	text_append(out, "} %llu\n", (unsigned long long)n);
}

static void put_requests(struct text *out, const struct meter_snapshot *s)
{
	static const char *const classes[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
	uint32_t i, k;

	put_head(out, "faultline_requests", "counter", NULL, "Complete requests, by class of status.");
	for (i = 0; i < s->n_rows; i++)
		for (k = 0; k < ARRAY_SIZE(classes); k++)
			if (s->rows[i].status[k])
				put_counter(out, "faultline_requests_total", s, &s->rows[i], "status", classes[k],
					    s->rows[i].status[k]);
}

static void put_errors(struct text *out, const struct meter_snapshot *s)
{
	uint32_t i;

	put_head(out, "faultline_request_errors", "counter", NULL,
		 "Answers 5xx, requests without an answer, refused and reset connections.");
	for (i = 0; i < s->n_rows; i++) {
		const struct meter_row *r = &s->rows[i];
		const char *name = "faultline_request_errors_total";

		put_counter(out, name, s, r, "kind", "5xx", r->status[5]);
		put_counter(out, name, s, r, "kind", "timeout", r->timeouts);
		put_counter(out, name, s, r, "kind", "refused", r->refused);
		put_counter(out, name, s, r, "kind", "reset", r->resets);
	}
}

static void put_traffic(struct text *out, const struct meter_snapshot *s)
{
	uint32_t i;

	put_head(out, "faultline_bytes", "counter", NULL, "Payload and headers, by direction.");
	for (i = 0; i < s->n_rows; i++) {
		put_counter(out, "faultline_bytes_total", s, &s->rows[i], "direction", "to_server",
			    s->rows[i].bytes_to_server);
		put_counter(out, "faultline_bytes_total", s, &s->rows[i], "direction", "to_client",
			    s->rows[i].bytes_to_client);
	}
	put_head(out, "faultline_connects", "counter", NULL, "TCP connections established.");
	for (i = 0; i < s->n_rows; i++)
		put_counter(out, "faultline_connects_total", s, &s->rows[i], NULL, NULL, s->rows[i].connects);
	put_head(out, "faultline_retransmits", "counter", NULL, "TCP segments sent again.");
	for (i = 0; i < s->n_rows; i++)
		put_counter(out, "faultline_retransmits_total", s, &s->rows[i], NULL, NULL, s->rows[i].retransmits);
}

static void put_lost(struct text *out, const struct meter_snapshot *s)
{
	const struct {
		const char *name, *help;
		uint64_t n;
	} v[] = {
		{ "faultline_measure_events_lost", "Events the ring buffer had no room for.", s->events_lost },
		{ "faultline_measure_flows_evicted", "Open flows that the table had no room for.", s->flows_evicted },
		{ "faultline_measure_requests_unpaired", "Requests whose answer could not be told.",
		  s->requests_unpaired },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		put_head(out, v[i].name, "counter", NULL, v[i].help);
		text_append(out, "%s_total %llu\n", v[i].name, (unsigned long long)v[i].n);
	}
}

/* --- faults ---------------------------------------------------------------------------------- */

static void put_fault(struct text *out, const char *name, const json_t *fault, json_int_t n)
{
	_cleanup_free_ char *targets = json_joined(json_object_get(fault, "targets"));

	text_append(out, "%s{", name);
	put_label(out, "id", json_string_value(json_object_get(fault, "id")) ?: "", true);
	put_label(out, "kind", json_string_value(json_object_get(fault, "kind")) ?: "", false);
	put_label(out, "target", targets ?: "", false);
	put_label(out, "backend", json_string_value(json_object_get(fault, "backend")) ?: "", false);
	text_append(out, "} %lld\n", (long long)n);
}

static void put_faults(struct text *out, const json_t *faults)
{
	static const struct {
		const char *family, *sample, *key, *type, *help;
	} v[] = {
		{ "faultline_faults_hits", "faultline_faults_hits_total", "injected", "counter",
		  "Packets, calls or messages that a fault has hit." },
		{ "faultline_faults_matched", "faultline_faults_matched_total", "matched", "counter",
		  "Packets, calls or messages that met its rule." },
		{ "faultline_fault_active", "faultline_fault_active", "active", "gauge", "1 while a fault is on." },
	};
	json_t *fault;
	size_t f, i;

	for (f = 0; f < ARRAY_SIZE(v); f++) {
		put_head(out, v[f].family, v[f].type, NULL, v[f].help);
		json_array_foreach(faults, i, fault) {
			const json_t *n = json_object_get(fault, v[f].key);

			put_fault(out, v[f].sample, fault,
				  json_is_boolean(n) ? json_is_true(n) : json_integer_value(n));
		}
	}
}

void openmetrics_write(const struct meter_snapshot *s, const json_t *faults, struct text *out)
{
	struct meter_snapshot edges;

	if (meter_by_edge(s, &edges, NULL)) {
		out->failed = true;
		return;
	}
	put_histograms(out, s, &edges);
	put_requests(out, s);
	put_errors(out, &edges);
	put_traffic(out, &edges);
	put_lost(out, s);
	meter_snapshot_free(&edges);
	put_faults(out, faults);
	text_append(out, "# EOF\n");
}
