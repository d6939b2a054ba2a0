/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h - the external black-box probe: calls the URL that users call, on the event loop, and
 * logs a line per try to probe.log:
 *
 *     <ts> pass <latency_ms>
 *     <ts> fail <http_code> <latency_ms>        (000: no answer)
 */
#ifndef FL_PROBE_H
#define FL_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "experiment/experiment.h"
#include "util/error.h"

struct probe;

struct probe_sample {
	double wall_s;	  /* start of the try, epoch seconds */
	uint64_t mono_ns; /* the same on CLOCK_MONOTONIC */
	bool pass;
	int http_code; /* 0: no answer */
	double latency_ms;
};

/* Pass rate and latency of the samples that began in a window. */
struct probe_summary {
	uint32_t n, passed;
	double pass_rate; /* 0..1; NaN when n == 0 */
	double latency_p50_ms, latency_p99_ms; /* NaN when n == 0 */
};

typedef void (*probe_callback)(void *ctx, const struct probe_sample *sample);

/*
 * Start on @loop; the first try is at once, then every interval (a try that outlives the interval
 * does not delay the next). @log_path may be NULL. @cb may be NULL.
 */
int probe_start(uv_loop_t *loop, const struct probe_config *config, const char *log_path,
		probe_callback cb, void *ctx, struct probe **ret, struct fl_error *err);
void probe_stop(struct probe *p);

void probe_summarise(const struct probe *p, uint64_t from_mono_ns, uint64_t to_mono_ns,
		     struct probe_summary *ret);

/* All samples so far, oldest first; valid until the next loop iteration. */
uint32_t probe_samples(const struct probe *p, const struct probe_sample **ret);

#endif
