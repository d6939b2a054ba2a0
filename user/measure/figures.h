/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * figures.h - what a row of the meter says in the figures that people use: rate, share of errors,
 * quantiles. One definition for top, /metrics, results and expressions.
 */
#ifndef FL_FIGURES_H
#define FL_FIGURES_H

#include "measure/meter/meter.h"

/*
 * A try is a request, answered or not, or a call that came to none: complete requests, and the
 * failures that the meter counts beside them, each once: no answer (timeouts), refused, reset. An
 * error is a try that ended in 5xx or in such a failure; an answer 4xx is the client's doing and no
 * error.
 */
struct figures {
	double rate;                        /* tries a second */
	double error_rate;                  /* errors / tries; NaN without a try */
	double mean_s, p50_s, p95_s, p99_s; /* NaN without a request */
	double retransmits, resets;         /* a second */
};

uint64_t row_tries(const struct meter_row *row);
uint64_t row_errors(const struct meter_row *row);

/* @row is what happened in @seconds. */
void figures_of(const struct meter_row *row, double seconds, struct figures *ret);

/* Add the counts and histograms of @b; times are joined; the labels of *a stay, but for the port,
 * which is 0 when they differ. */
void row_add(struct meter_row *a, const struct meter_row *b);

/* "http", "dns", "turns", "opaque" */
const char *protocol_text(enum meter_protocol protocol);

#endif
