// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - server-sent events: all readers read one ring, each at its own place. A reader that has fallen out of it is
 * ended, and asks again with the id of what it has seen last; nothing is kept for a reader.
 */
#include <string.h>

#include "serve/front/private.h"
#include "util/cleanup.h"

static size_t copy(const char *from, size_t len, size_t *sent, char *buf, size_t max)
{
	size_t n = len - *sent < max ? len - *sent : max;

	memcpy(buf, from + *sent, n);
	*sent += n;
	return n;
}

/* What is to be sent next, at most @max; 0: nothing now. */
static size_t next_bytes(struct exchange *x, char *buf, size_t max)
{
	struct front *f = x->f;
	size_t n, at = x->cursor % RING;

	if (!x->in_ring && x->sent < x->answer.len)
		return copy(x->answer.s, x->answer.len, &x->sent, buf, max);
	if (!x->in_ring) {
		text_free(&x->answer);
		x->in_ring = true;
		x->sent = 0;
	}
	if (x->cursor < f->n_events) {
		if (f->n_events - x->cursor > RING) {
			x->ended = true;
			return 0;
		}
		n = copy(f->ring[at], f->ring_len[at], &x->sent, buf, max);
		if (x->sent == f->ring_len[at]) {
			x->cursor++;
			x->sent = 0;
		}
		return n;
	}
	if (!x->ping || max < 3)
		return 0;
	x->ping = false;
	memcpy(buf, ":\n\n", 3);
	return 3;
}

static ssize_t on_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct exchange *x = cls;
	size_t n = 0, part;

	(void)pos;
	while (n < max && !x->ended && (part = next_bytes(x, buf + n, max - n)))
		n += part;
	if (n)
		return (ssize_t)n;
	if (x->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	x->suspended = true;
	MHD_suspend_connection(x->c);
	return 0;
}

enum MHD_Result stream_begin(struct exchange *x)
{
	struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 2048, on_read, x, NULL);
	enum MHD_Result queued;

	if (!r)
		return MHD_NO;
	x->conn->listens = true;
	exchange_link(x, &x->f->streams);
	reply_headers(r, MHD_HTTP_OK, "text/event-stream");
	queued = MHD_queue_response(x->c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return queued;
}

void stream_add(struct front *f, const char *text, size_t n)
{
	char *copied = malloc(n);
	size_t at = f->n_events % RING;

	if (!copied)
		return;
	memcpy(copied, text, n);
	free(f->ring[at]);
	f->ring[at] = copied;
	f->ring_len[at] = n;
	f->n_events++;
}

void stream_wake(struct front *f, bool ping)
{
	struct exchange *x;

	for (x = f->streams; x; x = x->next) {
		x->ping |= ping;
		if (!x->suspended || (!ping && !x->ended && x->cursor >= f->n_events))
			continue;
		x->suspended = false;
		MHD_resume_connection(x->c);
	}
}
