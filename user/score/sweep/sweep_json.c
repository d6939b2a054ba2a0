// SPDX-License-Identifier: GPL-2.0-only
/* sweep_json.c - see sweep.h; the form is docs/schema/sweep.json. Sizes are values of the parameter: ns, ppm, bit/s, bytes. */
#include <math.h>

#include "score/sweep/sweep.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *value(const struct sweep *s, double size)
{
	return number(s->size.falling && size > 0 ? 1 / size : size);
}

static json_t *interval(const struct sweep *s, const struct psy_range *r)
{
	if (!isfinite(r->lo) || !isfinite(r->hi))
		return json_null();
	return s->size.falling ? json_pack("[o, o]", value(s, r->hi), value(s, r->lo))
			       : json_pack("[o, o]", value(s, r->lo), value(s, r->hi));
}

static json_t *carry_json(const struct sweep *s, enum sweep_curve curve)
{
	struct carry c;

	sweep_carry(s, curve, &c);
	return isfinite(c.p) ? json_pack("{s:f, s:f, s:i}", "p", c.p, "factor", c.factor, "trials", (int)c.n)
			     : json_null();
}

static json_t *limit_json(const struct sweep *s, enum sweep_curve curve, const struct limit *l)
{
	bool found = l->state == LIMIT_FOUND;
	char at[32] = "";
	double median = sqrt(l->interval.lo * l->interval.hi);

	if (found)
		sweep_size_text(&s->size, limit_at(l), at, sizeof(at));
	return json_pack("{s:s, s:o, s:s?, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:b}", "state",
			 limit_state_text(l->state), "threshold", found ? value(s, limit_at(l)) : json_null(),
			 "threshold_text", found ? at : NULL, "interval",
			 l->n ? interval(s, &l->interval) : json_null(), "precise", l->precise, "middle",
			 l->n ? value(s, median) : json_null(), "bootstrap", interval(s, &l->bootstrap), "width",
			 number(l->fit.width), "guess", number(l->fit.guess), "lapse", number(l->fit.lapse), "trials",
			 (int)l->n, "yes", (int)l->yes, "catch_trials", (int)l->n_catch, "catch_yes", (int)l->catch_yes,
			 "asked", sweep_asks(s, curve));
}

static json_t *answer_json(enum sweep_answer a)
{
	return a == ANSWER_UNKNOWN ? json_null() : json_boolean(a == ANSWER_YES);
}

static json_t *trials_json(const struct sweep *s)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		const struct sweep_trial *t = &s->trials[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:s}", "id", t->id, "size",
						      t->size > 0 ? value(s, t->size) : json_real(0), "text", t->text,
						      "counts", t->counts, "felt", answer_json(t->answer[SWEEP_FELT]),
						      "reported", answer_json(t->answer[SWEEP_REPORTED]), "right_root",
						      answer_json(t->answer[SWEEP_ROOT]), "note", t->note));
	}
	return list;
}

json_t *sweep_json(const struct sweep *s, const char *name, bool bootstrap)
{
	struct limit limits[SWEEP_CURVES];
	json_t *curves = json_object();
	struct text sentence = {};
	struct band b;
	json_t *ret;
	uint32_t c;

	for (c = 0; c < SWEEP_CURVES; c++) {
		sweep_limit(s, c, bootstrap, &limits[c]);
		json_object_set_new(curves, sweep_curve_text(c), limit_json(s, c, &limits[c]));
		json_object_set_new(json_object_get(curves, sweep_curve_text(c)), "carry_over",
				    bootstrap ? carry_json(s, c) : json_null());
	}
	sweep_band(s, &limits[SWEEP_FELT], &limits[SWEEP_REPORTED], &b);
	sweep_sentence(s, limits, name, &sentence);
	ret = json_pack("{s:s, s:{s:s, s:s, s:b, s:b, s:[o, o]}, s:f, s:I, s:s, s:{s:s, s:o, s:o}, s:o, s:o}", "name",
			name, "size", "param", s->size.param, "type", sweep_type_text(s->size.type), "falling",
			s->size.falling, "negative", s->size.negative, "range", number(s->size.range.lo),
			number(s->size.range.hi), "precision", s->precision, "seed", (json_int_t)s->seed, "sentence",
			sentence.s ? sentence.s : "", "blind_band", "state", band_state_text(b.state), "factor",
			number(b.factor), "interval",
			isfinite(b.interval.lo) ? json_pack("[f, f]", b.interval.lo, b.interval.hi) : json_null(),
			"curves", curves, "trials", trials_json(s));
	text_free(&sentence);
	return ret;
}
