// SPDX-License-Identifier: GPL-2.0-only
/* docker_events.c - see docker_events.h */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "target/docker/docker_api.h"
#include "target/docker/docker_events.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define LINE_MAX_BYTES     (64u << 10)
#define CONNECT_TIMEOUT_MS 2000L

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
	struct docker_events *e = arg;

	text_append_bytes(&e->lines, bytes, size * n);
	/* Whole lines are taken out after each round: what is left is one that has not ended. */
	return e->lines.failed || e->lines.len > 2 * LINE_MAX_BYTES ? 0 : size * n;
}

static char *make_url(const char *base, uint64_t since_ns)
{
	_cleanup_free_ char *filters =
		docker_filters(json_pack("{s:[s, s], s:[s, s, s, s, s, s]}", "type", "container", "network", "event",
					 "start", "die", "destroy", "rename", "connect", "disconnect"));
	_cleanup_free_ char *since = NULL;

	since = since_ns ? text_format("&since=%" PRIu64 ".%09" PRIu64, (uint64_t)(since_ns / NS_PER_SEC),
				       (uint64_t)(since_ns % NS_PER_SEC))
			 : strdup("");
	return filters && since ? text_format("%s/events%s%s", base, filters, since) : NULL;
}

int docker_events_begin(struct docker_events *e, CURLM *multi, uint64_t since_ns, struct fl_error *err)
{
	char base[64];
	int r;

	*e = (struct docker_events){ .multi = multi };
	r = docker_base(base, sizeof(base), e->socket, err);
	if (r)
		return r;
	e->url = make_url(base, since_ns);
	e->easy = e->url ? curl_easy_init() : NULL;
	if (!e->easy) {
		docker_events_end(e);
		return error_sys(err, ENOMEM, "Docker: out of memory");
	}
	curl_easy_setopt(e->easy, CURLOPT_URL, e->url);
	curl_easy_setopt(e->easy, CURLOPT_UNIX_SOCKET_PATH, e->socket);
	curl_easy_setopt(e->easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(e->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e->easy, CURLOPT_USERAGENT, "faultline");
	curl_easy_setopt(e->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e->easy, CURLOPT_ERRORBUFFER, e->error);
	curl_easy_setopt(e->easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(e->easy, CURLOPT_WRITEDATA, e);
	curl_multi_add_handle(multi, e->easy);
	return 0;
}

/* Every whole line; a line that is no JSON is nothing that an engine sends. */
static int hand_out(struct docker_events *e, void (*handle)(const json_t *event, void *arg), void *arg,
		    struct fl_error *err)
{
	char *line = e->lines.s, *end;
	int r = 0;

	while (!r && line && (end = strchr(line, '\n'))) {
		json_t *event = json_loadb(line, (size_t)(end - line), 0, NULL);

		if (json_is_object(event))
			handle(event, arg);
		else if (end > line)
			r = error_env(err, EBADMSG, "Docker: an event of the stream is no JSON");
		json_decref(event);
		line = end + 1;
	}
	if (!line)
		return r;
	e->lines.len -= (size_t)(line - e->lines.s);
	memmove(e->lines.s, line, e->lines.len + 1);
	if (!r && e->lines.len > LINE_MAX_BYTES)
		r = error_env(err, EBADMSG, "Docker: an event of more than %u bytes", LINE_MAX_BYTES);
	return r;
}

static int over(const struct docker_events *e, const CURLMsg *msg, struct fl_error *err)
{
	long status = 0;

	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status && status != 200)
		return error_env(err, EPROTO, "Docker: events are answered with %ld", status);
	return error_env(err, EPIPE, "Docker: the stream of events from %s ended: %.100s", e->socket,
			 e->error[0]        ? e->error
			 : msg->data.result ? curl_easy_strerror(msg->data.result)
					    : "the engine closed it");
}

int docker_events_wait(struct docker_events *e, int timeout_ms, void (*handle)(const json_t *event, void *arg),
		       void *arg, struct fl_error *err)
{
	int running = 0, left, r;
	long status = 0;
	CURLMsg *msg;

	curl_multi_poll(e->multi, NULL, 0, timeout_ms, NULL);
	curl_multi_perform(e->multi, &running);
	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	e->open = status == 200;
	r = e->open ? hand_out(e, handle, arg, err) : 0;
	while (!r && (msg = curl_multi_info_read(e->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			r = over(e, msg, err);
	return r;
}

void docker_events_end(struct docker_events *e)
{
	if (e->easy) {
		curl_multi_remove_handle(e->multi, e->easy);
		curl_easy_cleanup(e->easy);
	}
	text_free(&e->lines);
	free(e->url);
	*e = (struct docker_events){};
}
