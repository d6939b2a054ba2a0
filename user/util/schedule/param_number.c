// SPDX-License-Identifier: GPL-2.0-only
/* param_number.c - parameters as numbers, and all that their schedules make of them (param.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/param.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define SCHEDULES_MAX 6 /* of one fault: all their ends are tried together */

bool param_is_number(const struct param *p)
{
	return p->type == PARAM_DURATION || p->type == PARAM_OFFSET || p->type == PARAM_PERCENT ||
	       p->type == PARAM_RATE || p->type == PARAM_BYTES || p->type == PARAM_INT;
}

static char *offset_text(int64_t ns, char *buf, size_t size)
{
	char plain[40];

	units_format_ns(ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, plain, sizeof(plain));
	snprintf(buf, size, "%s%s", ns < 0 ? "-" : "", plain);
	return buf;
}

char *param_number_text(const struct param *p, int64_t value, char *buf, size_t size)
{
	static const struct {
		int64_t factor;
		const char *unit;
	} rates[] = { { 1000000000, "gbit" }, { 1000000, "mbit" }, { 1000, "kbit" } };
	size_t i;

	switch (p->type) {
	case PARAM_DURATION:
	case PARAM_OFFSET: return offset_text(value, buf, size);
	case PARAM_PERCENT: return units_format_ppm((uint32_t)value, buf, size);
	case PARAM_RATE:
		for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
			if (value >= rates[i].factor && value % (rates[i].factor / 1000) == 0) {
				snprintf(buf, size, "%.9g%s", (double)value / (double)rates[i].factor, rates[i].unit);
				return buf;
			}
		break;
	default: break;
	}
	snprintf(buf, size, "%" PRId64, value);
	return buf;
}

int64_t param_value_number(const struct param_value *v)
{
	return v->i64;
}

uint32_t params_scheduled(const struct params *p)
{
	uint32_t i, n = 0;

	for (i = 0; i < p->n; i++)
		n += p->v[i].schedule != NULL;
	return n;
}

/* Every schedule at one of its ends: the k-th at its greatest if bit k of @ends is set. @at: in words. */
static int put_ends(struct params *p, unsigned int ends, struct text *at)
{
	uint32_t i, k = 0;
	int r = 0;

	for (i = 0; !r && i < p->n; i++) {
		const struct param_value *v = &p->v[i];
		int64_t range[2];

		if (!v->schedule)
			continue;
		schedule_range(v->schedule, &range[0], &range[1]);
		r = params_put_number(p, i, range[ends >> k++ & 1]);
		text_append(at, "%s%s at %s", at->len ? ", " : "", v->param->name, v->text);
	}
	return r;
}

int params_check_range(const struct params *p, int (*check)(const struct params *p, void *ctx, struct fl_error *err),
		       void *ctx, struct fl_error *err)
{
	uint32_t n = params_scheduled(p);
	unsigned int ends;
	int r = 0;

	if (!n)
		return check(p, ctx, err);
	if (n > SCHEDULES_MAX)
		return error_usage(err, "%u schedules: a fault can have %d", n, SCHEDULES_MAX);
	for (ends = 0; !r && ends < 1u << n; ends++) {
		struct params moved = {};
		struct fl_error why = {};
		struct text at = {};

		r = params_copy(&moved, p, err);
		if (!r)
			r = put_ends(&moved, ends, &at);
		if (!r)
			r = check(&moved, ctx, &why);
		if (why.exit) {
			error_set(err, why.exit, -r, "%.300s (with %.120s, by its schedule)", why.message,
				  at.s ? at.s : "");
			error_hint(err, "%s", why.hint);
		}
		text_free(&at);
		params_free(&moved);
	}
	return r;
}
