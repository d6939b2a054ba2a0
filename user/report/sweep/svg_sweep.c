// SPDX-License-Identifier: GPL-2.0-only
/* svg_sweep.c - a sweep as a picture (see sweep_report.h): size on a logarithmic axis, larger faults to the right. */
#include <math.h>

#include "report/sweep/sweep_report.h"

#define WIDTH  720
#define LEFT   172
#define RIGHT  24
#define TOP    26
#define HEIGHT 200
#define LANE   17
#define STEPS  120
#define CATCH  30 /* the strip of the trials without a fault, left of the axis */

struct axis {
	double lo, hi; /* ln size */
	int bottom;
};

static double x_of(const struct axis *a, double size)
{
	double share = (log(size) - a->lo) / (a->hi - a->lo);

	return LEFT + fmin(fmax(share, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(double p)
{
	return TOP + (1 - p) * HEIGHT;
}

/* 1, 2 and 5 times each power of ten, as values of the parameter; of a rate the axis runs down. */
static void ticks(const struct sweep_view *v, const struct axis *a, struct text *out)
{
	static const double heads[] = { 1, 2, 5 };
	const struct sweep_size *z = &v->sweep.size;
	double power = pow(10, floor(log10(z->range.lo)));
	double decades = log10(z->range.hi / z->range.lo);
	char label[32];
	uint32_t i;

	for (; power <= z->range.hi; power *= 10)
		for (i = 0; i < 3; i++) {
			double value = heads[i] * power, size = z->falling ? 1 / value : value;

			if (value < z->range.lo * 0.999 || value > z->range.hi * 1.001 ||
			    (decades > 2.5 && heads[i] == 2) || (decades > 3.5 && heads[i] == 5))
				continue;
			text_append(out,
				    "<line class='grid' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/><text class='tick mid' "
				    "x='%.1f' "
				    "y='%d'>",
				    x_of(a, size), x_of(a, size), TOP, a->bottom, x_of(a, size), a->bottom + 14);
			html_escape(out, sweep_size_text(z, size, label, sizeof(label)));
			text_append(out, "</text>");
		}
}

static void scale(const struct sweep_view *v, const struct axis *a, const struct words *w, struct text *out)
{
	int percent;

	for (percent = 0; percent <= 100; percent += 25)
		text_append(out,
			    "<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%.1f'/><text class='tick end' x='%d' "
			    "y='%.1f'>%d %%</text>",
			    LEFT, WIDTH - RIGHT, y_of(percent / 100.0), y_of(percent / 100.0), LEFT - 6,
			    y_of(percent / 100.0) + 4, percent);
	text_append(out, "<text class='tick' x='4' y='%d'>%s</text>", TOP - 10, w->sweep->probability);
	text_append(out, "<text class='tick end' x='%d' y='%d'>", WIDTH - RIGHT, a->bottom + 30);
	html_escape(out, v->sweep.size.param);
	text_append(out, "</text><text class='tick mid' x='%d' y='%d'>%s</text>", LEFT - CATCH + 10, a->bottom + 30,
		    w->sweep->none);
}

/* From the limit of what is felt to that of what is reported; to the edge where one lies beyond it. */
static void blind_band(const struct sweep_view *v, const struct axis *a, const struct words *w, struct text *out)
{
	const struct limit *felt = &v->limits[SWEEP_FELT], *reported = &v->limits[SWEEP_REPORTED];
	double from = felt->state == LIMIT_FOUND ? x_of(a, limit_at(felt)) : LEFT;
	double to = reported->state == LIMIT_FOUND ? x_of(a, limit_at(reported)) : WIDTH - RIGHT;

	if (v->band.state != BAND_BLIND && v->band.state != BAND_OPEN_ENDED)
		return;
	text_append(out, "<rect class='blind' x='%.1f' y='%d' width='%.1f' height='%d'><title>%s</title></rect>", from,
		    TOP, fmax(to - from, 1), HEIGHT, w->sweep->blind);
}

static void curve(const struct sweep_view *v, const struct axis *a, enum sweep_curve c, const struct words *w,
		  struct text *out)
{
	const struct limit *l = &v->limits[c];
	const char *class = sweep_curve_text(c);
	uint32_t i;

	if (!l->n || !isfinite(l->fit.threshold))
		return;
	text_append(out, "<path class='curve c-%s' d='", class);
	for (i = 0; i <= STEPS; i++) {
		double size = exp(a->lo + (a->hi - a->lo) * i / STEPS);

		text_append(out, "%s%.1f %.1f", i ? "L" : "M", x_of(a, size), y_of(psy_at(&l->fit, size)));
	}
	text_append(out, "'><title>%s</title></path>", w->sweep->who[c]);
	if (l->state != LIMIT_FOUND || c == SWEEP_ROOT)
		return;
	text_append(out,
		    "<line class='span c-%s' x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>"
		    "<line class='limit c-%s' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>",
		    class, x_of(a, l->interval.lo), x_of(a, l->interval.hi), y_of(0.5), y_of(0.5), class,
		    x_of(a, limit_at(l)), x_of(a, limit_at(l)), TOP, a->bottom);
}

static void limit_label(const struct sweep_view *v, const struct axis *a, enum sweep_curve c, struct text *out)
{
	const struct limit *l = &v->limits[c];
	double x = l->state == LIMIT_FOUND ? x_of(a, limit_at(l)) : 0;
	bool left = x > WIDTH - 120 || (c == SWEEP_FELT && x > LEFT + 60);
	char at[32];

	if (l->state != LIMIT_FOUND)
		return;
	text_append(out, "<text class='%s' x='%.1f' y='%d'>", left ? "end" : "", x + (left ? -5 : 5), TOP + 14);
	html_escape(out, sweep_size_text(&v->sweep.size, limit_at(l), at, sizeof(at)));
	text_append(out, "</text>");
}

/* Each trial in the lane of its curve. */
static void trials(const struct sweep_view *v, const struct axis *a, enum sweep_curve c, int y, const struct words *w,
		   struct text *out)
{
	const struct sweep *s = &v->sweep;
	const char *class = sweep_curve_text(c);
	uint32_t i, without = 0;

	text_append(out, "<text class='tick' x='4' y='%d'>%s</text>", y + 4, w->sweep->who[c]);
	for (i = 0; i < s->n; i++) {
		const struct sweep_trial *t = &s->trials[i];
		bool yes = t->answer[c] == ANSWER_YES;
		double x = t->size > 0 ? x_of(a, t->size) : LEFT - CATCH + 5 * (without++ % 5);

		if (!t->counts || t->answer[c] == ANSWER_UNKNOWN)
			continue;
		text_append(out, "<circle class='%s %s-%s' cx='%.1f' cy='%d' r='4'><title>", yes ? "yes" : "no",
			    yes ? "f" : "c", class, x, y);
		html_escape(out, t->text);
		text_append(out, ": %s</title></circle>", yes ? w->sweep->yes : w->sweep->no);
	}
}

void svg_sweep(const struct sweep_view *v, const struct words *w, struct text *out)
{
	const struct sweep *s = &v->sweep;
	struct axis a = { log(s->range.lo), log(s->range.hi), TOP + HEIGHT };
	int y = a.bottom + 48;
	uint32_t c, lanes = 0;

	for (c = 0; c < SWEEP_CURVES; c++)
		lanes += sweep_asks(s, c);
	text_append(out, "<svg class='curves' viewBox='0 0 %d %d' role='img'><title>", WIDTH, y + (int)lanes * LANE);
	html_escape(out, v->name);
	text_append(out, "</title>");
	blind_band(v, &a, w, out);
	scale(v, &a, w, out);
	ticks(v, &a, out);
	for (c = SWEEP_CURVES; c-- > 0;)
		if (sweep_asks(s, c))
			curve(v, &a, c, w, out);
	for (c = 0; c < SWEEP_ROOT; c++)
		if (sweep_asks(s, c))
			limit_label(v, &a, c, out);
	for (c = 0; c < SWEEP_CURVES; c++)
		if (sweep_asks(s, c)) {
			trials(v, &a, c, y, w, out);
			y += LANE;
		}
	text_append(out, "</svg>");
}
