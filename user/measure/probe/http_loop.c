// SPDX-License-Identifier: GPL-2.0-only
/* http_loop.c - see http_loop.h */
#include <errno.h>
#include <sys/queue.h>

#include "measure/probe/http_loop.h"
#include "util/cleanup.h"
#include "util/loop/loop_time.h"

struct transfer {
	LIST_ENTRY(transfer) link;
	struct http_exchange exchange;
	http_done done;
	void *ctx;
};

struct http_loop {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	LIST_HEAD(transfer_list, transfer) transfers;
	unsigned int handles; /* uv handles not yet closed; the last one frees this */
	bool closing;
};

/* One socket libcurl waits for. */
struct watch {
	uv_poll_t poll;
	struct http_loop *owner;
	curl_socket_t socket;
};

static void put_handle(struct http_loop *h)
{
	if (!--h->handles)
		free(h);
}

static void transfer_free(struct http_loop *h, struct transfer *t)
{
	LIST_REMOVE(t, link);
	curl_multi_remove_handle(h->multi, t->exchange.easy);
	http_exchange_free(&t->exchange);
	free(t);
}

/* Hand finished transfers to their callbacks, any of which may close @h. */
static void reap(struct http_loop *h)
{
	CURLMsg *msg;
	int left;

	while (!h->closing && (msg = curl_multi_info_read(h->multi, &left))) {
		struct transfer *t = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		http_exchange_finish(&t->exchange, msg->data.result);
		t->done(t->ctx, &t->exchange.response);
		if (!h->closing)
			transfer_free(h, t);
	}
}

static void act(struct http_loop *h, curl_socket_t socket, int events)
{
	int running;

	curl_multi_socket_action(h->multi, socket, events, &running);
	reap(h);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	LOOP_CALLBACK();
	struct watch *w = poll->data;
	int what = 0;

	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(w->owner, w->socket, what);
}

static void on_timer(uv_timer_t *timer)
{
	LOOP_CALLBACK();

	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* CURLMOPT_TIMERFUNCTION: wake us in @ms; 0 must not call back into libcurl from here. */
static int set_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_loop *h = ctx;

	(void)multi;
	if (h->closing)
		return 0;
	uv_update_time(h->loop);
	if (ms < 0)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void watch_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	struct watch *w = handle->data;

	put_handle(w->owner);
	free(w);
}

static struct watch *watch_new(struct http_loop *h, curl_socket_t socket)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (uv_poll_init_socket(h->loop, &w->poll, socket)) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->owner = h;
	w->socket = socket;
	h->handles++;
	curl_multi_assign(h->multi, socket, w);
	return w;
}

/* CURLMOPT_SOCKETFUNCTION: wait for @what on @socket from now on. */
static int set_watch(CURL *easy, curl_socket_t socket, int what, void *ctx, void *assigned)
{
	struct http_loop *h = ctx;
	struct watch *w = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			/* Stops polling at once: libcurl closes the socket right after. */
			uv_poll_stop(&w->poll);
			uv_close((uv_handle_t *)&w->poll, watch_closed);
			curl_multi_assign(h->multi, socket, NULL);
		}
		return 0;
	}
	if (!w)
		w = watch_new(h, socket);
	if (!w)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_poll) ? -1 : 0;
}

int http_loop_open(uv_loop_t *loop, struct http_loop **ret, struct fl_error *err)
{
	struct http_loop *h = calloc(1, sizeof(*h));

	if (h)
		h->multi = curl_multi_init();
	if (!h || !h->multi) {
		free(h);
		return error_sys(err, ENOMEM, "cannot start the HTTP client: out of memory");
	}
	h->loop = loop;
	LIST_INIT(&h->transfers);
	uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	h->handles = 1;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	*ret = h;
	return 0;
}

int http_loop_start(struct http_loop *h, const struct http_request *req, http_done done, void *ctx,
		    struct fl_error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	CURLMcode code;
	int rc;

	if (!t)
		return error_sys(err, ENOMEM, "cannot call %s: out of memory", req->url);
	rc = http_exchange_init(&t->exchange, req, err);
	if (rc) {
		http_exchange_free(&t->exchange);
		free(t);
		return rc;
	}
	t->done = done;
	t->ctx = ctx;
	curl_easy_setopt(t->exchange.easy, CURLOPT_PRIVATE, t);
	LIST_INSERT_HEAD(&h->transfers, t, link);
	http_exchange_start(&t->exchange);
	code = curl_multi_add_handle(h->multi, t->exchange.easy);
	if (code) {
		transfer_free(h, t);
		return error_sys(err, EIO, "cannot call %s: %s", req->url, curl_multi_strerror(code));
	}
	return 0;
}

static void timer_closed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	put_handle(handle->data);
}

void http_loop_close(struct http_loop *h)
{
	if (!h || h->closing)
		return;
	h->closing = true;
	while (!LIST_EMPTY(&h->transfers))
		transfer_free(h, LIST_FIRST(&h->transfers));
	curl_multi_cleanup(h->multi);
	uv_close((uv_handle_t *)&h->timer, timer_closed);
}
