// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - the faults of the host, as a list that is at most LOOK_FRESH_NS old. Reading them takes a third of a
 * millisecond a fault (files of their sessions, pinned maps), so it is done beside the loop, and once for all who ask meanwhile.
 */
#include "control/private.h"
#include "fault/life/live.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"

#define LOOK_MS       250 /* while somebody listens to events */
#define LOOK_IDLE_MS  1000
#define LOOK_FRESH_NS (100 * NS_PER_MSEC)

struct looking {
	uv_work_t work;
	bool busy;
	json_t *rows;      /* as seen last */
	uint64_t begun_ns; /* when that look began */
	uint64_t changed_ns;
	struct request *waiting;
	/* Of the look that is made. */
	json_t *found;
	uint64_t since_ns;
	struct fl_error err;
	int r;
};

bool look_init(struct control *c)
{
	c->looking = calloc(1, sizeof(*c->looking));
	return c->looking != NULL;
}

void look_free(struct control *c)
{
	if (!c->looking)
		return;
	json_decref(c->looking->rows);
	free(c->looking);
}

bool look_is_busy(const struct control *c)
{
	return c->looking->busy;
}

static bool is_fresh(const struct looking *l)
{
	return l->rows && l->begun_ns >= l->changed_ns && clock_mono_ns() - l->begun_ns <= LOOK_FRESH_NS;
}

static void on_time(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	look_begin(timer->data);
}

/* Beside the loop: touches nothing of it but what is of the look that is made. */
static void on_work(uv_work_t *work)
{
	struct looking *l = ((struct control *)work->data)->looking;

	l->r = live_faults(&l->found, &l->err);
}

static void answer_waiting(struct looking *l)
{
	struct request *q, *list = l->waiting;

	l->waiting = NULL;
	while ((q = list)) {
		list = *request_next(q);
		request_list(q, l->r ? NULL : l->rows, &l->err);
	}
}

static void on_looked(uv_work_t *work, int status)
{
	LOOP_CALLBACK();
	struct control *c = work->data;
	struct looking *l = c->looking;

	(void)status;
	l->busy = false;
	if (!l->r) {
		json_decref(l->rows);
		l->rows = l->found;
		l->begun_ns = l->since_ns;
		events_look(c->events, l->rows);
	}
	/* What was changed since it began is not in it. */
	if (l->waiting && l->since_ns < l->changed_ns)
		look_begin(c);
	else
		answer_waiting(l);
	uv_timer_start(&c->look, on_time, c->n_subscribers ? LOOK_MS : LOOK_IDLE_MS, 0);
}

void look_begin(struct control *c)
{
	struct looking *l = c->looking;

	if (l->busy || c->stopping)
		return;
	l->busy = true;
	l->found = NULL;
	l->err = (struct fl_error){};
	l->since_ns = clock_mono_ns();
	l->work.data = c;
	if (uv_queue_work(&c->loop, &l->work, on_work, on_looked))
		l->busy = false;
}

void look_changed(struct control *c)
{
	c->looking->changed_ns = clock_mono_ns();
	look_begin(c);
}

void look_for(struct control *c, struct request *q)
{
	struct looking *l = c->looking;

	if (is_fresh(l)) {
		request_list(q, l->rows, NULL);
		return;
	}
	*request_next(q) = l->waiting;
	l->waiting = q;
	look_begin(c);
}
