/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * docker_events.h - the engine's stream of events, one JSON object a line, as long as it lasts.
 * Bounded: a line of more than 64 KiB ends the stream like a broken one.
 */
#ifndef FL_DOCKER_EVENTS_H
#define FL_DOCKER_EVENTS_H

#include <curl/curl.h>
#include <jansson.h>

#include "util/error.h"
#include "util/text/text.h"

struct docker_events {
	CURLM *multi; /* the caller's: curl_multi_wakeup() interrupts the waiting */
	CURL *easy;
	char *url;
	struct text lines;
	char error[CURL_ERROR_SIZE];
	char socket[108];
	bool open; /* it was answered with 200 */
};

/* Begin to listen for what happens to containers and their networks, and for what has happened
 * since @since_ns (wall clock; 0: from now on). Returns at once. */
int docker_events_begin(struct docker_events *e, CURLM *multi, uint64_t since_ns, struct fl_error *err);

/*
 * Wait at most @timeout_ms, and hand each event to @handle (borrowed). 0: it goes on; -EPIPE or
 * another negative errno, with an error: the stream is over.
 */
int docker_events_wait(struct docker_events *e, int timeout_ms, void (*handle)(const json_t *event, void *arg),
		       void *arg, struct fl_error *err);

void docker_events_end(struct docker_events *e);

#endif
