// SPDX-License-Identifier: GPL-2.0-only
/* control.c - see control.h: the loop, its timers, its end. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "control/private.h"
#include "util/cleanup.h"
#include "util/loop/loop_time.h"

#define LOOK_MS      250 /* while somebody listens */
#define LOOK_IDLE_MS 1000
#define CHECK_MS     2000 /* do those who listen still may? */

static void on_event(void *ctx, const char *text, size_t len)
{
	struct control *c = ctx;

	if (c->n_subscribers)
		front_send(c, c->generation, WIRE_EVENT, 0, text, len);
}

/* A token that was taken back or has expired gets no more events. */
static void on_check(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct control *c = timer->data;
	struct token_line *v = NULL;
	size_t n = 0;
	unsigned int i;

	if (!c->n_subscribers)
		return;
	if (tokens_read(&v, &n, NULL))
		n = 0; /* no token is taken then */
	for (i = 0; i < c->n_subscribers;) {
		const struct subscriber *s = &c->subscribers[i];
		const struct token_line *t = s->by_token ? tokens_find(v, n, s->hash) : NULL;

		if (!s->by_token || (t && !token_has_expired(t))) {
			i++;
			continue;
		}
		front_send(c, c->generation, WIRE_GONE, s->id, "", 0);
		c->subscribers[i] = c->subscribers[--c->n_subscribers];
	}
	free(v);
}

static void on_signal(uv_signal_t *handle, int number)
{
	LOOP_CALLBACK();
	struct control *c = handle->data;

	(void)number;
	c->stopping = true;
	requests_drop(c);
	front_end(c);
	uv_stop(&c->loop);
}

static void begin_timers(struct control *c)
{
	uv_timer_t *timers[] = { &c->look, &c->restart, &c->check };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		uv_timer_init(&c->loop, timers[i]);
		timers[i]->data = c;
	}
	uv_signal_init(&c->loop, &c->on_int);
	uv_signal_init(&c->loop, &c->on_term);
	c->on_int.data = c->on_term.data = c;
	uv_signal_start(&c->on_int, on_signal, SIGINT);
	uv_signal_start(&c->on_term, on_signal, SIGTERM);
	uv_timer_start(&c->check, on_check, CHECK_MS, CHECK_MS);
}

static void announce(const struct control *c)
{
	printf("faultline serve listens at %s\n", c->o->socket);
	if (c->tcp_fd >= 0)
		printf("and at http://%s/ for those who have a token\n", c->address);
	fflush(stdout);
}

int control_run(const struct control_options *o, struct fl_error *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c || uv_loop_init(&c->loop))
		return error_sys(err, ENOMEM, "serve: out of memory");
	c->o = o;
	c->unix_fd = c->tcp_fd = c->channel = -1;
	c->last_waiting = &c->waiting;
	signal(SIGPIPE, SIG_IGN);
	c->events = events_new(on_event, c);
	r = c->events && look_init(c) ? front_listen(c, err) : error_sys(err, ENOMEM, "serve: out of memory");
	r = r ?: front_start(c, err);
	if (!r) {
		begin_timers(c);
		look_begin(c);
		announce(c);
		uv_run(&c->loop, UV_RUN_DEFAULT);
		unlink(o->socket);
	}
	/* What runs yet is of children, who go on without us: nothing of a fault is ours to end. */
	while (uv_loop_alive(&c->loop) && c->looking && look_is_busy(c))
		uv_run(&c->loop, UV_RUN_ONCE);
	events_free(c->events);
	look_free(c);
	return r;
}
