// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_hold.c - the session of one fault, from begin to end, on one event loop. Signals are
 * caught from before the session exists: one that comes while the fault is being armed ends the
 * hold at its first turn, and the way back is always the same.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <uv.h>

#include "cmd/fault/inject.h"
#include "fault/life/owner.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"
#include "util/loop/loop_work.h"
#include "util/text/printable.h"
#include "util/text/text.h"

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };

struct hold {
	struct inject *in;
	const struct inject_watcher *watcher;
	struct session *session;
	struct owner *owner;
	uv_loop_t loop;
	uv_signal_t signals[ARRAY_SIZE(end_signals)];
	uv_timer_t deadline, progress;
};

static void on_signal(uv_signal_t *handle, int number)
{
	LOOP_CALLBACK();
	struct hold *h = handle->data;

	(void)number;
	h->in->signalled = true;
	uv_stop(handle->loop);
}

static void on_deadline(uv_timer_t *timer)
{
	LOOP_CALLBACK();

	uv_stop(timer->loop);
}

/* The host was halted, or a forbidden window has begun. */
static void on_gate(void *ctx, const struct ended *why)
{
	struct hold *h = ctx;

	h->in->ended = *why;
	uv_stop(&h->loop);
}

/* It has been ended because its target is protected now: so is its session. */
static void on_change(void *ctx, const struct fault *f, const json_t *change)
{
	struct hold *h = ctx;

	if (!strcmp(json_string_value(json_object_get(change, "what")) ?: "", "protected")) {
		h->in->ended = (struct ended){ .when = clock_wall_s() };
		text_copy(h->in->ended.why, sizeof(h->in->ended.why),
			  json_string_value(json_object_get(change, "text")) ?: "");
		uv_stop(&h->loop);
	} else if (h->watcher->changed && strcmp(json_string_value(json_object_get(change, "what")) ?: "", "value")) {
		h->watcher->changed(h->watcher->arg, f, change);
	}
}

static void on_progress(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct hold *h = timer->data;
	struct fault *f = &h->in->fault;
	struct fault_proof p = f->shown;
	double left = f->expires_ns ? ((double)f->expires_ns - (double)clock_mono_ns()) / 1e9 : 0;

	printable_control(stdout, "\r\033[K");
	printf("%s: matched %llu, injected %llu", f->ops->name, (unsigned long long)p.matched,
	       (unsigned long long)p.injected);
	if (f->expires_ns)
		printf(", %.0f s left", left > 0 ? left : 0);
	fflush(stdout);
}

static int start_loop(struct hold *h, struct fl_error *err)
{
	int r = uv_loop_init(&h->loop);
	size_t i;

	for (i = 0; !r && i < ARRAY_SIZE(end_signals); i++) {
		r = uv_signal_init(&h->loop, &h->signals[i]);
		h->signals[i].data = h;
		if (!r)
			r = uv_signal_start(&h->signals[i], on_signal, end_signals[i]);
	}
	if (!r)
		r = uv_timer_init(&h->loop, &h->deadline);
	if (!r)
		r = uv_timer_init(&h->loop, &h->progress);
	h->progress.data = h;
	return r ? error_sys(err, -r, "event loop: %s", uv_strerror(r)) : 0;
}

static void end_loop(struct hold *h)
{
	if (h->owner)
		owner_stop(h->owner);
	loop_end(&h->loop);
}

/* An arm that failed because this kernel cannot do it says so, with the reason doctor has. */
static int explain(const struct fault_ops *ops, int r, struct fl_error *err)
{
	struct fault_support support = {};

	if (ops->supported)
		ops->supported(&support);
	if (support.supported || !ops->supported)
		return r;
	error_clear(err);
	error_env(err, ENOTSUP, "%s cannot be done here: %s", ops->name, support.reason);
	error_hint(err, "faultline doctor shows what this kernel can do");
	return -ENOTSUP;
}

static int begin(struct hold *h, struct fl_error *err)
{
	struct fault *f = &h->in->fault;
	int r = session_begin("inject", &h->session, err);

	if (r)
		return r;
	fault_attach_session(f, h->session);
	r = owner_start(&h->loop, h->session, &h->owner, err);
	if (!r)
		r = owner_add(h->owner, f, err);
	if (!r)
		r = owner_publish(h->owner, err);
	if (r)
		return r;
	owner_on_change(h->owner, on_change, h);
	owner_on_gate(h->owner, on_gate, h);
	session_heartbeat(h->session);
	r = fault_arm(f, err);
	if (r)
		return explain(f->ops, r, err);
	session_heartbeat(h->session);
	f->expires_ns = h->in->for_ns ? clock_mono_ns() + h->in->for_ns : 0;
	r = fault_activate(f, true, err);
	if (r)
		return r;
	r = owner_publish(h->owner, err);
	if (!r && h->watcher->active(h->in, h->watcher->arg))
		r = error_sys(err, EPIPE, "nobody listens any more");
	return r;
}

static void wait_for_end(struct hold *h)
{
	uv_update_time(&h->loop);
	/* The loop's clock is cut to milliseconds: one more, or it would end too soon. */
	if (h->in->for_ns)
		uv_timer_start(&h->deadline, on_deadline, h->in->for_ns / NS_PER_MSEC + 1, 0);
	if (h->watcher->progress)
		uv_timer_start(&h->progress, on_progress, 1000, 1000);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	if (h->watcher->progress)
		printable_control(stdout, "\r\033[K");
}

/* Everything back, whatever went wrong before; the first error is the one that is told. */
static int roll_back(struct hold *h, struct fault_proof *ret, struct fl_error *err)
{
	struct fault *f = &h->in->fault;
	int r = fault_activate(f, false, err), r2;

	r2 = fault_proof(f, ret, err);
	r = r ? r : r2;
	r2 = fault_disarm(f, err);
	return r ? r : r2;
}

int inject_hold(struct inject *in, const struct inject_watcher *w, struct fault_proof *ret, struct fl_error *err)
{
	struct hold h = { .in = in, .watcher = w };
	int r = start_loop(&h, err), r2;

	if (!r)
		r = begin(&h, err);
	if (!r)
		wait_for_end(&h);
	if (h.owner)
		owner_settle(h.owner);
	if (h.session && !in->ended.when)
		ended_read(h.session->name, &in->ended);
	r2 = roll_back(&h, ret, err);
	if (!r && h.owner && owner_trouble(h.owner)) {
		*err = *owner_trouble(h.owner);
		r = err->code;
	}
	end_loop(&h);
	r = r ? r : r2;
	r2 = h.session ? session_end(h.session, err) : 0;
	in->fault.session = NULL;
	/* What was open and is not any more: the end of the session has tried it again. */
	if (r && !r2 && err->open) {
		error_clear(err);
		r = 0;
	}
	return r ? r : r2;
}
