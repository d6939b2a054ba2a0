// SPDX-License-Identifier: GPL-2.0-only
/*
 * logship.c - see logship.h. The queue is a ring; the shipper sends a batch from its tail and
 * moves the tail only when the collector answered 2xx, so that lines are kept in order and none is
 * lost but by overflow.
 */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "tools/lab/common/metrics.h"
#include "tools/lab/service/logship.h"
#include "tools/lab/service/upstream.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define QUEUE_LINES 4096
#define BATCH_LINES 256
#define LINE_BYTES  160
#define PERIOD_NS   (250 * NS_PER_MSEC)

struct line {
	uint64_t mono_ns, wall_ns;
	char level[8];
	char text[LINE_BYTES];
};

struct logship {
	struct upstream *collector;
	char service[64];
	pthread_mutex_t lock;
	struct line lines[QUEUE_LINES];
	uint64_t head, tail; /* head: next to write; tail: oldest kept */
	_Atomic int64_t *lag, *dropped, *queued, *failed;
};

void logship_send(struct logship *l, const char *level, const char *text)
{
	struct line *line;

	pthread_mutex_lock(&l->lock);
	if (l->head - l->tail == QUEUE_LINES) {
		metric_add(l->dropped, 1);
	} else {
		line = &l->lines[l->head++ % QUEUE_LINES];
		line->mono_ns = clock_mono_ns();
		line->wall_ns = clock_wall_ns();
		text_copy(line->level, sizeof(line->level), level);
		text_copy(line->text, sizeof(line->text), text);
	}
	pthread_mutex_unlock(&l->lock);
}

/* The oldest lines as a body for the collector; *ret_n tells how many. NULL when there are none. */
static char *batch(struct logship *l, uint64_t *ret_n)
{
	json_t *lines = json_array();
	json_t *body;
	char *text;
	uint64_t i;

	pthread_mutex_lock(&l->lock);
	*ret_n = l->head - l->tail;
	if (*ret_n > BATCH_LINES)
		*ret_n = BATCH_LINES;
	for (i = l->tail; i < l->tail + *ret_n; i++) {
		const struct line *line = &l->lines[i % QUEUE_LINES];

		json_array_append_new(lines, json_pack("{s:f, s:s, s:s}", "t", (double)line->wall_ns / 1e9, "level",
						       line->level, "text", line->text));
	}
	pthread_mutex_unlock(&l->lock);
	body = json_pack("{s:s, s:o}", "service", l->service, "lines", lines);
	text = *ret_n && body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

static void measure(struct logship *l)
{
	uint64_t lag_ns = 0;

	pthread_mutex_lock(&l->lock);
	if (l->head != l->tail)
		lag_ns = clock_mono_ns() - l->lines[l->tail % QUEUE_LINES].mono_ns;
	metric_set(l->queued, (int64_t)(l->head - l->tail));
	pthread_mutex_unlock(&l->lock);
	metric_set(l->lag, (int64_t)(lag_ns / 1000));
}

/* True when the collector took a full batch: there may be more. */
static bool ship(struct logship *l)
{
	struct upstream_reply reply;
	_cleanup_free_ char *body = NULL;
	uint64_t n;
	bool taken;

	measure(l);
	body = batch(l, &n);
	if (!body)
		return false;
	upstream_call(l->collector, "/ingest", body, NULL, &reply);
	taken = reply.result == CALL_OK && reply.status < 300;
	upstream_reply_free(&reply);
	if (taken) {
		pthread_mutex_lock(&l->lock);
		l->tail += n;
		pthread_mutex_unlock(&l->lock);
	} else {
		metric_add(l->failed, 1);
	}
	measure(l);
	return taken && n == BATCH_LINES;
}

static void *logship_run(void *arg)
{
	for (;;) {
		if (!ship(arg))
			nanosleep(&(struct timespec){ .tv_nsec = PERIOD_NS }, NULL);
	}
	return NULL;
}

int logship_open(const char *spec, const char *service, struct logship **ret, struct fl_error *err)
{
	struct logship *l = calloc(1, sizeof(*l));
	pthread_t thread;
	int rc;

	if (!l)
		return error_sys(err, ENOMEM, "out of memory");
	rc = upstream_open(spec, &l->collector, err);
	if (rc) {
		free(l);
		return rc;
	}
	text_copy(l->service, sizeof(l->service), service);
	pthread_mutex_init(&l->lock, NULL);
	l->lag = metric_gauge("lab_log_lag_seconds", "");
	l->queued = metric_gauge("lab_log_queue_lines", "");
	l->dropped = metric_counter("lab_log_dropped_total", "");
	l->failed = metric_counter("lab_log_batches_failed_total", "");
	if (pthread_create(&thread, NULL, logship_run, l))
		return error_sys(err, EAGAIN, "cannot start the log shipper");
	pthread_detach(thread);
	*ret = l;
	return 0;
}
