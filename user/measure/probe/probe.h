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

#include "model/experiment.h"
#include "util/error.h"

struct probe;

struct probe_sample {
	double wall_s;    /* start of the try, epoch seconds */
	uint64_t mono_ns; /* the same on CLOCK_MONOTONIC */
	bool pass;
	int http_code; /* 0: no answer */
	double latency_ms;
};

/* Pass rate and latency of the samples that began in a window. */
struct probe_summary {
	uint32_t n, passed;
	double pass_rate;                      /* 0..1; NaN when n == 0 */
	double latency_p50_ms, latency_p99_ms; /* NaN when n == 0 */
};

typedef void (*probe_callback)(void *ctx, const struct probe_sample *sample);

/*
 * Start on @loop; the first try is at once, then every interval (a try that outlives the interval
 * does not delay the next). Lines are appended to @log_fd, which it takes over (also on error); -1:
 * no log. @cb may be NULL, and may stop the probe. @config is copied.
 */
int probe_start(uv_loop_t *loop, const struct probe_config *config, int log_fd, probe_callback cb, void *ctx,
		struct probe **ret, struct fl_error *err);

/*
 * Stop at once: a try under way is dropped. The uv handles go in the next turns of the loop, so run
 * it until it has nothing left before uv_loop_close(). NULL is fine.
 */
void probe_stop(struct probe *p);

void probe_summarise(const struct probe *p, uint64_t from_mono_ns, uint64_t to_mono_ns, struct probe_summary *ret);

/* The same of an array of samples, such as one read back from a log. */
void probe_summarise_samples(const struct probe_sample *samples, uint32_t n, uint64_t from_mono_ns, uint64_t to_mono_ns,
			     struct probe_summary *ret);

/* Lines that could not be written to the log (a full disk); the samples are kept all the same. */
uint32_t probe_lines_lost(const struct probe *p);

/* One line of probe.log, without the newline. */
char *probe_format(const struct probe_sample *s, char *buf, size_t size);

/*
 * Read a probe.log back: samples in the order of the file, with mono_ns counted from the epoch.
 * Lines that are no probe lines (a torn one after a crash) are counted, not an error.
 */
int probe_read_log(const char *path, struct probe_sample **ret, uint32_t *ret_n, uint32_t *ret_malformed,
		   struct fl_error *err);

/* All samples so far, in order of their start; valid until the next loop iteration. */
uint32_t probe_samples(const struct probe *p, const struct probe_sample **ret);

#endif
