// SPDX-License-Identifier: GPL-2.0-only
/* schedule.c - see schedule.h: the arithmetic. Reading and printing are schedule_text.c and schedule_replay.c. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/param.h"
#include "util/schedule/schedule.h"

#define FINENESS 10000

struct schedule *schedule_copy(const struct schedule *s)
{
	struct schedule *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	*c = *s;
	c->v = calloc(s->n ? s->n : 1, sizeof(*c->v));
	c->file = s->file ? strdup(s->file) : NULL;
	c->column = s->column ? strdup(s->column) : NULL;
	c->unit = s->unit ? strdup(s->unit) : NULL;
	if (!c->v || (s->file && !c->file) || (s->column && !c->column) || (s->unit && !c->unit)) {
		schedule_free(c);
		return NULL;
	}
	memcpy(c->v, s->v, s->n * sizeof(*c->v));
	return c;
}

void schedule_free(struct schedule *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->file);
	free(s->column);
	free(s->unit);
	free(s);
}

/* @share of the way from @from to @to, rounded so that a person can read it. The ends are exact. */
static int64_t between(int64_t from, int64_t to, long double share)
{
	long double way = (long double)to - (long double)from, grain = 1;

	if (share <= 0)
		return from;
	if (share >= 1)
		return to;
	while (grain * 10 * FINENESS <= fabsl(way))
		grain *= 10;
	return (int64_t)((long double)from + roundl(way * share / grain) * grain);
}

int64_t schedule_at(const struct schedule *s, uint64_t t_ns)
{
	uint64_t i = t_ns / s->ns;

	switch (s->form) {
	case SCHEDULE_RAMP: return between(s->v[0], s->v[1], (long double)t_ns / (long double)s->ns);
	case SCHEDULE_PULSE: return s->v[t_ns % (s->ns + s->off_ns) < s->ns ? 0 : 1];
	case SCHEDULE_SINE: {
		long double turn = 2 * M_PIl * (long double)(t_ns % s->ns) / (long double)s->ns;

		return between(s->v[0], s->v[1], (1 - cosl(turn)) / 2);
	}
	case SCHEDULE_STEPS:
	case SCHEDULE_REPLAY: break;
	}
	return s->v[i < s->n ? i : s->n - 1];
}

void schedule_range(const struct schedule *s, int64_t *ret_least, int64_t *ret_most)
{
	uint32_t i;

	*ret_least = *ret_most = s->v[0];
	for (i = 1; i < s->n; i++) {
		if (s->v[i] < *ret_least)
			*ret_least = s->v[i];
		if (s->v[i] > *ret_most)
			*ret_most = s->v[i];
	}
}

bool schedule_flows(const struct schedule *s)
{
	return s->form == SCHEDULE_RAMP || s->form == SCHEDULE_SINE;
}

uint64_t schedule_length_ns(const struct schedule *s)
{
	switch (s->form) {
	case SCHEDULE_PULSE: return s->ns + s->off_ns;
	case SCHEDULE_STEPS:
	case SCHEDULE_REPLAY: return s->ns * s->n;
	default: return s->ns;
	}
}

static uint64_t scaled(uint64_t ns, double factor)
{
	return (uint64_t)((double)ns * factor + 0.5);
}

int schedule_scale(struct schedule *s, double factor, struct fl_error *err)
{
	uint64_t ns = scaled(s->ns, factor), off_ns = scaled(s->off_ns, factor);

	if (ns < SCHEDULE_TICK_NS || (s->off_ns && off_ns < SCHEDULE_TICK_NS)) {
		error_usage(err, "scaled by %g, a schedule would change more often than ten times a second", factor);
		error_hint(err, "a value cannot be kept for less than 100ms");
		return -EINVAL;
	}
	s->ns = ns;
	s->off_ns = off_ns;
	return 0;
}
