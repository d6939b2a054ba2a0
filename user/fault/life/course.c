// SPDX-License-Identifier: GPL-2.0-only
/* course.c - see course.h */
#include <errno.h>
#include <string.h>

#include "fault/life/course.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/schedule/schedule.h"

#define TOLD_ALL     500 /* points that are kept at the rate of the form */
#define FLOW_POINTS  100 /* on the way from one end to the other */
#define FLOW_LEAST   NS_PER_SEC
#define BEYOND_LEAST (10 * NS_PER_SEC)

static json_t *find_open(const struct fault *f, const char *name)
{
	json_t *c;
	size_t i;

	json_array_foreach(f->courses, i, c) {
		if (!strcmp(json_string_value(json_object_get(c, "param")), name) &&
		    json_is_null(json_object_get(c, "ended_by")))
			return c;
	}
	return NULL;
}

static void add_point(const struct fault *f, const struct param_value *v)
{
	json_t *c = find_open(f, v->param->name);

	if (!c)
		return;
	json_object_set_new(c, "now", json_string(v->text));
	json_object_set_new(c, "untold", json_integer(v->schedule->n_untold));
	json_array_append_new(json_object_get(c, "points"),
			      json_pack("[f, I, s]", clock_wall_s(), (json_int_t)v->i64, v->text));
}

static void open_course(struct fault *f, const struct param_value *v)
{
	_cleanup_free_ char *word = schedule_text(v->param, v->schedule);
	_cleanup_free_ char *words = schedule_words(v->param, v->schedule);

	if (!f->courses)
		f->courses = json_array();
	json_array_append_new(f->courses, json_pack("{s:s, s:s, s:s, s:s, s:n, s:i, s:[]}", "param", v->param->name,
						    "schedule", word ? word : "", "words", words ? words : "", "now",
						    v->text, "ended_by", "untold", 0, "points"));
}

int course_begin(struct fault *f, struct fl_error *err)
{
	bool moved = false;
	uint32_t i;

	if (!params_scheduled(&f->params))
		return 0;
	json_decref(f->courses);
	f->courses = NULL;
	for (i = 0; i < f->params.n; i++) {
		struct param_value *v = &f->params.v[i];
		int64_t first = v->schedule ? schedule_at(v->schedule, 0) : 0;

		if (!v->schedule)
			continue;
		v->schedule->begun_ns = v->schedule->told_ns = 0;
		v->schedule->n_told = v->schedule->n_untold = 0;
		v->schedule->fresh = false;
		moved |= v->i64 != first;
		if (v->i64 != first && params_put_number(&f->params, i, first))
			return error_sys(err, ENOMEM, "%s: out of memory", f->id);
		open_course(f, v);
	}
	return moved && f->ops->update ? f->ops->update(f, err) : 0;
}

/* Is this change to be told, or one of too many? */
static bool is_telling(struct schedule *s, uint64_t now, bool last)
{
	uint64_t least = 0;

	if (schedule_flows(s)) {
		least = schedule_length_ns(s) / FLOW_POINTS;
		least = least < FLOW_LEAST ? FLOW_LEAST : least;
	}
	if (s->n_told >= TOLD_ALL && least < BEYOND_LEAST)
		least = BEYOND_LEAST;
	if (!last && s->told_ns && now - s->told_ns < least) {
		s->n_untold++;
		return false;
	}
	s->told_ns = now;
	s->n_told++;
	return true;
}

static void tell(struct fault *f, const struct param_value *v, const char *before, changes_fn fn, void *ctx)
{
	json_t *change = json_pack("{s:f, s:s, s:s, s:s, s:s, s:s, s:o}", "t", clock_wall_s(), "what", "value", "by",
				   "schedule", "param", v->param->name, "before", before, "after", v->text, "text",
				   json_sprintf("%s is %s by its schedule", v->param->name, v->text));

	add_point(f, v);
	if (change && fn)
		fn(ctx, f, change);
	json_decref(change);
}

/* One that cannot be followed any more ends where it is: an error ten times a second helps nobody. */
static void give_up(struct fault *f)
{
	uint32_t i;

	for (i = 0; i < f->params.n; i++) {
		struct param_value *v = &f->params.v[i];
		json_t *c = v->schedule ? find_open(f, v->param->name) : NULL;

		if (c)
			json_object_set_new(c, "ended_by", json_string("error"));
		schedule_free(v->schedule);
		v->schedule = NULL;
	}
}

/* The numbers of now, to f->params; those of before to @before. How many are others? */
static int move(struct fault *f, uint64_t now, int64_t *before)
{
	int n = 0, r = 0;
	uint32_t i;

	for (i = 0; !r && i < f->params.n; i++) {
		const struct param_value *v = &f->params.v[i];
		uint64_t since = v->schedule && v->schedule->begun_ns ? v->schedule->begun_ns : f->active_ns;
		int64_t value = v->schedule ? schedule_at(v->schedule, now > since ? now - since : 0) : 0;

		before[i] = v->i64;
		if (!v->schedule || value == v->i64)
			continue;
		r = params_put_number(&f->params, i, value);
		n++;
	}
	return r ? r : n;
}

static void move_back(struct fault *f, const int64_t *before)
{
	uint32_t i;

	for (i = 0; i < f->params.n; i++)
		if (f->params.v[i].schedule)
			params_put_number(&f->params, i, before[i]);
}

static bool is_last(const struct param_value *v)
{
	const struct schedule *s = v->schedule;

	return s->form == SCHEDULE_RAMP && v->i64 == s->v[1];
}

int course_follow(struct fault *f, changes_fn fn, void *ctx, bool *ret_told, struct fl_error *err)
{
	_cleanup_free_ int64_t *before = calloc(f->params.n + 1, sizeof(*before));
	uint64_t now = clock_mono_ns();
	char was[48];
	uint32_t i;
	int n, r = 0;

	if (!before || !f->active || !params_scheduled(&f->params))
		return 0;
	n = move(f, now, before);
	if (!n)
		return 0;
	if (n < 0)
		r = error_sys(err, ENOMEM, "%s: out of memory", f->id);
	if (!r && f->ops->validate)
		r = f->ops->validate(&f->params, err);
	if (!r)
		r = f->ops->update(f, err);
	if (r) {
		move_back(f, before);
		give_up(f);
		*ret_told = true;
		return r;
	}
	for (i = 0; i < f->params.n; i++) {
		const struct param_value *v = &f->params.v[i];

		if (!v->schedule || v->i64 == before[i] || !is_telling(v->schedule, now, is_last(v)))
			continue;
		*ret_told = true;
		tell(f, v, param_number_text(v->param, before[i], was, sizeof(was)), fn, ctx);
	}
	return 0;
}

/* Somebody has set it to something else. */
static void close_course(struct fault *f, const struct param_value *v)
{
	json_t *c = find_open(f, v->param->name);

	if (!c)
		return;
	json_array_append_new(json_object_get(c, "points"),
			      json_pack("[f, I, s]", clock_wall_s(), (json_int_t)v->i64, v->text));
	json_object_set_new(c, "now", json_string(v->text));
	json_object_set_new(c, "ended_by", json_string("set"));
}

void course_set(struct fault *f, const struct params *old)
{
	uint32_t i;

	for (i = 0; f->active && i < f->params.n; i++) {
		const struct param_value *v = &f->params.v[i];

		if (v->schedule && !v->schedule->fresh)
			continue;
		if (old->v[i].schedule)
			close_course(f, v);
		if (!v->schedule)
			continue;
		v->schedule->fresh = false;
		v->schedule->begun_ns = clock_mono_ns();
		open_course(f, v);
		add_point(f, v);
	}
}

void course_mark(struct fault *f)
{
	uint32_t i;

	for (i = 0; i < f->params.n; i++)
		if (f->params.v[i].schedule)
			add_point(f, &f->params.v[i]);
}

const char *course_words(const json_t *courses, const char *name)
{
	const json_t *c;
	size_t i;

	json_array_foreach(courses, i, c) {
		const char *param = json_string_value(json_object_get(c, "param"));

		if (param && !strcmp(param, name) && json_is_null(json_object_get(c, "ended_by")))
			return json_string_value(json_object_get(c, "words")) ?: "";
	}
	return "";
}
