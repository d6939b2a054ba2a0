// SPDX-License-Identifier: GPL-2.0-only
/* figures.c - see figures.h */
#include <math.h>

#include "measure/figures.h"
#include "measure/hist.h"
#include "util/cleanup.h"

uint64_t row_tries(const struct meter_row *row)
{
	return row->requests + row->timeouts + row->refused + row->resets;
}

uint64_t row_errors(const struct meter_row *row)
{
	return row->status[5] + row->timeouts + row->refused + row->resets;
}

void figures_of(const struct meter_row *row, double seconds, struct figures *ret)
{
	double tries = (double)row_tries(row), errors = (double)row_errors(row);

	*ret = (struct figures){
		.rate = seconds > 0 ? tries / seconds : 0,
		.error_rate = tries > 0 ? errors / tries : NAN,
		.mean_s = hist_mean_ns(&row->latency) / 1e9,
		.p50_s = hist_quantile_ns(&row->latency, 0.50) / 1e9,
		.p95_s = hist_quantile_ns(&row->latency, 0.95) / 1e9,
		.p99_s = hist_quantile_ns(&row->latency, 0.99) / 1e9,
		.retransmits = seconds > 0 ? (double)row->retransmits / seconds : 0,
		.resets = seconds > 0 ? (double)row->resets / seconds : 0,
	};
}

void row_add(struct meter_row *a, const struct meter_row *b)
{
	bool first = !a->first_ns;
	size_t i;

	a->requests += b->requests;
	for (i = 0; i < ARRAY_SIZE(a->status); i++)
		a->status[i] += b->status[i];
	a->resets += b->resets;
	a->timeouts += b->timeouts;
	a->refused += b->refused;
	a->bytes_to_server += b->bytes_to_server;
	a->bytes_to_client += b->bytes_to_client;
	a->connects += b->connects;
	a->retransmits += b->retransmits;
	if (b->first_ns)
		a->port = first || a->port == b->port ? b->port : 0;
	if (first || (b->first_ns && b->first_ns < a->first_ns))
		a->first_ns = b->first_ns;
	if (b->last_ns > a->last_ns)
		a->last_ns = b->last_ns;
	hist_add(&a->latency, &b->latency);
	hist_add(&a->connect, &b->connect);
	hist_add(&a->rtt, &b->rtt);
}

const char *protocol_text(enum meter_protocol protocol)
{
	static const char *const words[METER_PROTOCOLS] = { "http", "dns", "turns", "opaque" };

	return words[protocol];
}
