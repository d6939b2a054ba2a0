// SPDX-License-Identifier: GPL-2.0-only
/* svg_timeline.c - an experiment over time (see svg.h). Lanes stand one below the other. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "report/paragraph/course.h"
#include "report/svg.h"
#include "score/evidence.h"
#include "util/json/json_path.h"

#define WIDTH         720
#define LEFT          52
#define RIGHT         12
#define TOP           22
#define PROBE_H       120
#define SHIFT_H       64
#define COURSE_H      32
#define LANE_H        20
#define LANES_MAX     8
#define CHANGES_DRAWN 64

struct plot {
	double t0, t1; /* epoch seconds */
	double inject;
	int y; /* of the next lane */
};

static double x_of(const struct plot *p, double t)
{
	double share = (t - p->t0) / (p->t1 - p->t0);

	return LEFT + fmin(fmax(share, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static bool inside(const struct plot *p, double t)
{
	return t >= p->t0 && t <= p->t1;
}

static void band(const struct plot *p, const char *class, double from, double to, int y, int height, struct text *out)
{
	if (from > 0 && to > from)
		text_append(out, "<rect class='%s' x='%.1f' y='%d' width='%.1f' height='%d'/>", class, x_of(p, from), y,
			    fmax(x_of(p, to) - x_of(p, from), 1), height);
}

static void mark(const struct plot *p, const char *class, double t, int bottom, const char *label, struct text *out)
{
	if (!(t > 0) || !inside(p, t))
		return;
	text_append(out, "<line class='%s' x1='%.1f' x2='%.1f' y1='%d' y2='%d'><title>", class, x_of(p, t), x_of(p, t),
		    TOP, bottom);
	html_escape(out, label);
	text_append(out, " %+.1f s</title></line>", t - p->inject);
}

/* A step of 1, 2, 5, 10, ... s that gives at most nine labels. */
static double tick_step(double span)
{
	static const double steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600 };
	size_t i;

	for (i = 0; i + 1 < sizeof(steps) / sizeof(*steps); i++)
		if (span / steps[i] <= 9)
			break;
	return fmax(steps[i], span / 20);
}

static void axis(const struct plot *p, const struct words *w, int y, struct text *out)
{
	double step = tick_step(p->t1 - p->t0), s = ceil((p->t0 - p->inject) / step) * step;

	for (; p->inject + s <= p->t1; s += step)
		text_append(out,
			    "<line class='grid' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>"
			    "<text class='tick' x='%.1f' y='%d' text-anchor='middle'>%.0f</text>",
			    x_of(p, p->inject + s), x_of(p, p->inject + s), TOP, y, x_of(p, p->inject + s), y + 14, s);
	text_append(out, "<text class='tick' x='%d' y='%d' text-anchor='end'>%s</text>", WIDTH - RIGHT, y + 29,
		    w->seconds);
}

/* 1, 2, 2.5 or 5 times a power of ten, at least @v. */
static double nice_top(double v)
{
	static const double heads[] = { 1, 2, 2.5, 5, 10 };
	double power = pow(10, floor(log10(v)));
	size_t i;

	for (i = 0; i + 1 < sizeof(heads) / sizeof(*heads) && heads[i] * power < v; i++)
		;
	return heads[i] * power;
}

/* The largest latency in sight, so that one time-out does not leave the rest in the bottom row:
 * a square-root scale. */
static double latency_top(const struct folder *f, const struct plot *p)
{
	double top = 10;
	uint32_t i;

	for (i = 0; i < f->n_probe; i++)
		if (inside(p, f->probe[i].wall_s))
			top = fmax(top, f->probe[i].latency_ms);
	return nice_top(top);
}

/* probe.log has whole seconds. Several tries of one second are spread over it, in their order. */
static double try_time(const struct folder *f, uint32_t i)
{
	double second = f->probe[i].wall_s;
	uint32_t first = i, last = i;

	while (first > 0 && f->probe[first - 1].wall_s == second)
		first--;
	while (last + 1 < f->n_probe && f->probe[last + 1].wall_s == second)
		last++;
	return second + (double)(i - first) / (last - first + 1);
}

static void probe_lane(const struct folder *f, struct plot *p, const struct words *w, struct text *out)
{
	double top = latency_top(f, p);
	uint32_t i, shown = 0;
	int bottom = p->y + PROBE_H;

	text_append(out, "<text class='lane' x='%d' y='%d'>%s</text>", LEFT, p->y - 7, w->latency);
	text_append(out, "<line class='base' x1='%d' x2='%d' y1='%d' y2='%d'/>", LEFT, WIDTH - RIGHT, bottom, bottom);
	for (i = 1; i <= 2; i++) {
		double v = i == 2 ? top : top / 4; /* half-way up on this scale */
		double y = bottom - PROBE_H * sqrt(v / top);

		text_append(out, "<text class='tick' x='%d' y='%.1f' text-anchor='end'>%.4g</text>", LEFT - 6, y + 4,
			    v);
	}
	for (i = 0; i < f->n_probe; i++) {
		const struct probe_sample *s = &f->probe[i];
		double y = bottom - PROBE_H * sqrt(s->latency_ms / top);
		double x = x_of(p, try_time(f, i));

		if (!inside(p, s->wall_s))
			continue;
		shown++;
		if (s->pass)
			text_append(out, "<circle class='pass' cx='%.1f' cy='%.1f' r='2.6'><title>", x, y);
		else
			text_append(out, "<path class='failed' d='M%.1f %.1fl8 8m0 -8l-8 8'><title>%03d ", x - 4, y - 4,
				    s->http_code);
		text_append(out, "%.0f ms</title></%s>", s->latency_ms, s->pass ? "circle" : "path");
	}
	if (!shown)
		text_append(out, "<text class='tick' x='%d' y='%d'>%s</text>", LEFT + 8, p->y + PROBE_H / 2,
			    w->no_probe_lines);
	p->y = bottom;
}

/* The figures of each second, where the run kept them. */
struct points {
	const json_t *values; /* NULL: it did not */
	double start, step, scale;
};

static struct points points_of(const struct result *r)
{
	const json_t *o = json_path(r->detail, "anomaly.points");
	struct points s = { json_object_get(o, "values"), json_number_value(json_object_get(o, "start")),
			    json_number_value(json_object_get(o, "step_s")), 1 };

	if (!json_array_size(s.values) || !(s.step > 0))
		s.values = NULL;
	return s;
}

/* When point @i is, in the middle of its window; false: there is none, or it is out of sight. */
static bool point_at(const struct plot *p, const struct points *s, size_t i, double *ret_t, double *ret_v)
{
	const json_t *v = json_array_get(s->values, i);

	*ret_t = s->start + ((double)i + 0.5) * s->step;
	*ret_v = json_number_value(v) * s->scale;
	return json_is_number(v) && inside(p, *ret_t);
}

static double highest_point(const struct plot *p, const struct points *s)
{
	double top = 0, t, v;
	size_t i;

	for (i = 0; i < json_array_size(s->values); i++)
		if (point_at(p, s, i, &t, &v))
			top = fmax(top, v);
	return top;
}

/* A line through them, which breaks where nothing was measured, and a mark on each to ask for its value. */
static void line(const struct plot *p, const struct points *s, const struct shift *shift, int bottom, double top,
		 struct text *out)
{
	struct text marks = {};
	bool pen = false;
	double t, v;
	size_t i;

	text_append(out, "<path class='shift' d='");
	for (i = 0; i < json_array_size(s->values); i++) {
		bool is = point_at(p, s, i, &t, &v);
		double x = x_of(p, t), y = bottom - SHIFT_H * fmin(v / top, 1);

		if (is) {
			/* (A figure that stands alone is a dot: the line's ends are round.) */
			text_append(out, "%s%.1f %.1f%s", pen ? "L" : "M", x, y, pen ? "" : "h.1");
			text_append(&marks, "<circle class='over' cx='%.1f' cy='%.1f' r='4'><title>%+.0f s: %.3g ", x,
				    y, t - p->inject, v);
			html_escape(&marks, shift->unit);
			text_append(&marks, "</title></circle>");
		}
		pen = is;
	}
	text_append(out, "'><title>");
	html_escape(out, shift->what);
	text_append(out, "</title></path>%s", marks.s ? marks.s : "");
	text_free(&marks);
}

/* A result without figures of each second has three means, drawn as steps. */
static void means(const struct plot *p, const struct result *r, const struct shift *s, int bottom, double top,
		  struct text *out)
{
	text_append(out, "<polyline class='shift' points='");
#define STEP(t, v) text_append(out, "%.1f,%.1f ", x_of(p, t), bottom - SHIFT_H * (v) / top)
	STEP(r->baseline_start, s->before);
	STEP(r->inject, s->before);
	STEP(r->inject, s->during);
	STEP(r->end, s->during);
	if (!isnan(s->after)) {
		STEP(r->end, s->after);
		STEP(p->t1, s->after);
	}
#undef STEP
	text_append(out, "'/>");
}

/* The measurement that moved most, from second to second. */
static void shift_lane(struct plot *p, const struct result *r, struct text *out)
{
	struct points points = points_of(r);
	int bottom = p->y + 26 + SHIFT_H;
	struct shift s;
	double top;

	if (!evidence_shift(r, &s))
		return;
	points.scale = evidence_as_percent(&s);
	top = fmax(fmax(fmax(s.before, s.during), isnan(s.after) ? 0 : s.after), highest_point(p, &points));
	if (!(top > 0))
		return;
	top = nice_top(top);
	text_append(out, "<text class='lane' x='%d' y='%d'>%s", LEFT, p->y + 17, s.by_kernel ? "kernel: " : "");
	html_escape(out, s.what);
	text_append(out, " %.3g → %.3g ", s.before, s.during);
	html_escape(out, s.unit);
	text_append(out, ", %.1f × spread</text>", s.spreads);
	text_append(out,
		    "<line class='grid' x1='%d' x2='%d' y1='%d' y2='%d'/>"
		    "<text class='tick' x='%d' y='%d' text-anchor='end'>%.4g</text>"
		    "<text class='tick' x='%d' y='%d' text-anchor='end'>0</text>",
		    LEFT, WIDTH - RIGHT, bottom - SHIFT_H, bottom - SHIFT_H, LEFT - 6, bottom - SHIFT_H + 4, top,
		    LEFT - 6, bottom + 4);
	if (points.values)
		line(p, &points, &s, bottom, top, out);
	else
		means(p, r, &s, bottom, top, out);
	text_append(out, "<line class='base' x1='%d' x2='%d' y1='%d' y2='%d'/>", LEFT, WIDTH - RIGHT, bottom, bottom);
	p->y = bottom;
}

/* A number that followed a schedule, from what was told of it: its line, and between which values. */
static void course_lane(struct plot *p, const struct course *c, struct text *out)
{
	int bottom = p->y + 24 + COURSE_H;
	double high = c->most > c->least ? c->most - c->least : 1, y = bottom;
	size_t n = json_array_size(c->points), i;

	text_append(out, "<text class='lane' x='%d' y='%d'>", LEFT, p->y + 17);
	html_escape(out, c->param);
	text_append(out, ": ");
	html_escape(out, c->words);
	text_append(out, "</text><text class='tick' x='%d' y='%d' text-anchor='end'>", LEFT - 6, bottom - COURSE_H + 4);
	html_escape(out, c->most_text);
	text_append(out, "</text><text class='tick' x='%d' y='%d' text-anchor='end'>", LEFT - 6, bottom + 4);
	html_escape(out, c->least_text);
	text_append(out, "</text><path class='course' d='");
	for (i = 0; i < n; i++) {
		const json_t *point = json_array_get(c->points, i);
		double x = x_of(p, json_number_value(json_array_get(point, 0))), before = y;

		y = bottom - COURSE_H * (json_number_value(json_array_get(point, 1)) - c->least) / high;
		if (i && !c->flows)
			text_append(out, "L%.1f %.1f", x, before);
		text_append(out, "%s%.1f %.1f", i ? "L" : "M", x, y);
	}
	text_append(out, "'/><line class='base' x1='%d' x2='%d' y1='%d' y2='%d'/>", LEFT, WIDTH - RIGHT, bottom,
		    bottom);
	p->y = bottom;
}

static void course_lanes(struct plot *p, const struct result *r, struct text *out)
{
	struct course c;
	uint32_t i;

	for (i = 0; i < LANES_MAX && course_of(r, i, &c); i++)
		course_lane(p, &c, out);
}

/* Every service that alerted, in either window, most alerts first. */
static uint32_t alert_lanes(const struct result *r, const char *ret[LANES_MAX])
{
	uint32_t i, j, n = 0;

	for (i = 0; i < r->alerts.n; i++) {
		const char *service = r->alerts.v[i].service;

		if (isnan(r->alerts.v[i].time_s))
			continue;
		for (j = 0; j < n && strcasecmp(ret[j], service) != 0; j++)
			;
		if (j == n && n < LANES_MAX)
			ret[n++] = service;
	}
	return n;
}

static void alerts(struct plot *p, const struct result *r, struct text *out)
{
	const char *lanes[LANES_MAX];
	uint32_t n = alert_lanes(r, lanes), l, i;

	for (l = 0; l < n; l++) {
		int y = p->y + 22 + (int)l * LANE_H;

		text_append(out, "<text class='lane' x='%d' y='%d'>", LEFT, y);
		html_escape(out, *lanes[l] ? lanes[l] : "?");
		text_append(out, "</text>");
		for (i = 0; i < r->alerts.n; i++) {
			const struct alert *a = &r->alerts.v[i];

			if (strcasecmp(a->service, lanes[l]) != 0 || !inside(p, a->time_s))
				continue;
			text_append(out, "<path class='alert' d='M%.1f %dl6 -10l6 10z'><title>", x_of(p, a->time_s) - 6,
				    y);
			html_escape(out, a->name);
			text_append(out, " %+.1f s</title></path>", a->time_s - p->inject);
		}
	}
	p->y += 8 + (int)n * LANE_H;
}

static void symptom(const struct plot *p, const struct result *r, int bottom, const struct words *w, struct text *out)
{
	char edge[160], label[224];
	double at = evidence_first_symptom(r, edge, sizeof(edge));

	snprintf(label, sizeof(label), "%.60s: %.150s", w->first_symptom, edge);
	mark(p, "symptom", at, bottom, label, out);
}

static void changes(const struct plot *p, const struct result *r, int bottom, struct text *out)
{
	struct fault_change v[CHANGES_DRAWN];
	uint32_t n = evidence_changes(r, v, CHANGES_DRAWN), i;

	for (i = 0; i < n; i++)
		mark(p, "change", v[i].time_s, bottom, v[i].text, out);
}

static bool plot_range(const struct result *r, struct plot *p)
{
	double end = fmax(fmax(r->window_end > 0 ? r->window_end : 0, r->end > 0 ? r->end : 0),
			  r->recovered > 0 ? r->recovered : 0);

	if (!(r->inject > 0) || end <= r->inject)
		return false;
	p->inject = r->inject;
	p->t0 = r->baseline_start > 0 ? fmin(r->baseline_start, r->inject) : r->inject;
	p->t1 = end + 0.03 * (end - p->t0);
	return true;
}

void svg_timeline(const struct folder *f, const struct result *r, const struct words *w, struct text *out)
{
	struct plot p = { .y = TOP };
	struct text lanes = {};
	int bottom;

	if (!plot_range(r, &p))
		return;
	probe_lane(f, &p, w, &lanes);
	shift_lane(&p, r, &lanes);
	course_lanes(&p, r, &lanes);
	alerts(&p, r, &lanes);
	bottom = p.y + 4;
	text_append(out, "<svg class='timeline' viewBox='0 0 %d %d' role='img' aria-label='", WIDTH, bottom + 36);
	html_escape(out, r->name);
	text_append(out, "'>");
	band(&p, "baseline", r->baseline_start, r->baseline_end, TOP, bottom - TOP, out);
	band(&p, "watch", r->end, r->window_end, TOP, bottom - TOP, out);
	band(&p, "fault", r->inject, r->end, TOP, bottom - TOP, out);
	axis(&p, w, bottom, out);
	text_append(out, "%s", lanes.s ? lanes.s : "");
	mark(&p, "hit", evidence_first_hit(r), bottom, w->first_hit, out);
	symptom(&p, r, bottom, w, out);
	changes(&p, r, bottom, out);
	mark(&p, "back", r->recovered, bottom, w->back, out);
	text_append(out, "</svg>\n");
	text_free(&lanes);
}
