// SPDX-License-Identifier: GPL-2.0-only
/* course.c - see course.h */
#include <math.h>
#include <string.h>

#include "report/paragraph/course.h"
#include "score/evidence.h"

#define COLUMNS 40

static double point(const json_t *points, size_t i, size_t k)
{
	return json_number_value(json_array_get(json_array_get(points, i), k));
}

static const char *point_text(const json_t *points, size_t i)
{
	return json_string_value(json_array_get(json_array_get(points, i), 2)) ?: "";
}

static void find_ends(struct course *c)
{
	size_t i;

	for (i = 0; i < json_array_size(c->points); i++) {
		double v = point(c->points, i, 1);

		if (!i || v < c->least) {
			c->least = v;
			c->least_text = point_text(c->points, i);
		}
		if (!i || v > c->most) {
			c->most = v;
			c->most_text = point_text(c->points, i);
		}
	}
}

bool course_of(const struct result *r, uint32_t i, struct course *ret)
{
	json_t *fault, *c;
	uint32_t n = 0;
	size_t k, m;

	json_array_foreach(json_object_get(r->detail, "proof"), k, fault) {
		json_array_foreach(json_object_get(fault, "courses"), m, c) {
			const char *word = json_string_value(json_object_get(c, "schedule")) ?: "";

			if (!json_array_size(json_object_get(c, "points")) || n++ != i)
				continue;
			*ret = (struct course){ .param = json_string_value(json_object_get(c, "param")) ?: "",
						.words = json_string_value(json_object_get(c, "words")) ?: "",
						.ended_by = json_string_value(json_object_get(c, "ended_by")),
						.points = json_object_get(c, "points"),
						.flows = !strncmp(word, "ramp:", 5) || !strncmp(word, "sine:", 5) };
			find_ends(ret);
			return true;
		}
	}
	return false;
}

double course_at(const struct course *c, double t, const char **ret_text)
{
	size_t n = json_array_size(c->points), i;
	double share, from, to;

	for (i = 0; i < n && point(c->points, i, 0) <= t; i++)
		;
	if (!i)
		return NAN;
	if (ret_text)
		*ret_text = point_text(c->points, i - 1);
	from = point(c->points, i - 1, 1);
	if (!c->flows || i == n)
		return from;
	to = point(c->points, i, 1);
	share = (t - point(c->points, i - 1, 0)) / (point(c->points, i, 0) - point(c->points, i - 1, 0));
	return from + (to - from) * share;
}

/* The fault window in columns, each as high as the number is in its middle. */
static void draw(const struct result *r, const struct course *c, struct text *out)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	int i;

	for (i = 0; i < COLUMNS; i++) {
		double t = r->inject + (i + 0.5) * (r->end - r->inject) / COLUMNS, v = course_at(c, t, NULL);
		double share = c->most > c->least ? (v - c->least) / (c->most - c->least) : 0;

		text_append(out, "%s", isnan(v) ? " " : bars[(int)fmin(fmax(share, 0) * 8, 7)]);
	}
}

static void say_at(const struct course *c, const char *template, double t, struct text *out)
{
	const char *value = NULL;

	if (!(t > 0) || isnan(course_at(c, t, &value)))
		return;
	text_append(out, " ");
	words_fill(out, template, "value", value, WORDS_END);
}

void report_courses(const struct result *r, const struct words *w, struct text *out)
{
	struct course c;
	char edge[160];
	uint32_t i;

	for (i = 0; r->end > r->inject && course_of(r, i, &c); i++) {
		struct text line = {}, param = {}, words = {};

		draw(r, &c, &line);
		markdown_escape(&param, c.param);
		markdown_escape(&words, c.words);
		text_append(out, "\n\n");
		words_fill(out, w->course, "param", param.s ? param.s : "", "words", words.s ? words.s : "", "line",
			   line.s ? line.s : "", "least", c.least_text, "most", c.most_text, WORDS_END);
		say_at(&c, w->course_symptom, evidence_first_symptom(r, edge, sizeof(edge)), out);
		say_at(&c, w->course_alert, r->detected ? r->inject + r->mttd_s : NAN, out);
		if (c.ended_by && !strcmp(c.ended_by, "set"))
			text_append(out, " %s", w->course_set);
		text_free(&line);
		text_free(&param);
		text_free(&words);
	}
}
