// SPDX-License-Identifier: GPL-2.0-only
/* sweep_words.c - sizes and what was found, in words. Every clause is true of the numbers that it is made of: see sweep.h. */
#include <math.h>
#include <string.h>

#include "score/sweep/sweep.h"
#include "util/text/units.h"

const char *limit_state_text(enum limit_state state)
{
	static const char *const words[] = { "untested", "noisy", "below_range", "above_range", "found", "open" };

	return words[state];
}

const char *band_state_text(enum band_state state)
{
	static const char *const words[] = { "unknown", "blind", "open_ended", "none", "even", "outside" };

	return words[state];
}

const char *sweep_curve_text(enum sweep_curve curve)
{
	static const char *const words[] = { "felt", "reported", "right_root" };

	return words[curve];
}

/* --- sizes ------------------------------------------------------------------------------------ */

static double value_of(const struct sweep_size *z, double size)
{
	return z->falling ? 1 / size : size;
}

static double three_digits(double v)
{
	double unit = pow(10, floor(log10(v)) - 2);

	return round(v / unit) * unit;
}

double sweep_size_round(const struct sweep_size *z, double size)
{
	double v = fmax(round(three_digits(value_of(z, size))), 1);

	v = fmin(fmax(v, z->range.lo), z->range.hi);
	return z->falling ? 1 / v : v;
}

static const char *rate_text(double bps, char *buf, size_t len)
{
	if (bps >= 1e9)
		snprintf(buf, len, "%.6ggbit", bps / 1e9);
	else if (bps >= 1e6)
		snprintf(buf, len, "%.6gmbit", bps / 1e6);
	else if (bps >= 1e3)
		snprintf(buf, len, "%.6gkbit", bps / 1e3);
	else
		snprintf(buf, len, "%.0f", bps);
	return buf;
}

const char *sweep_size_text(const struct sweep_size *z, double size, char *buf, size_t len)
{
	uint64_t v;

	if (!(size > 0)) {
		snprintf(buf, len, "none");
		return buf;
	}
	v = (uint64_t)fmax(round(three_digits(value_of(z, size))), 1);
	switch (z->type) {
	case PARAM_OFFSET:
		buf[0] = z->negative ? '-' : '+';
		units_format_ns(v, buf + 1, len - 1);
		break;
	case PARAM_DURATION: units_format_ns(v, buf, len); break;
	case PARAM_PERCENT: units_format_ppm((uint32_t)v, buf, len); break;
	case PARAM_RATE: rate_text((double)v, buf, len); break;
	default: snprintf(buf, len, "%llu", (unsigned long long)v);
	}
	return buf;
}

/* "62ms [55ms..71ms]"; of a falling one the interval's ends by size of the value. */
static void append_interval(const struct sweep *s, double at, const struct psy_range *i, struct text *out)
{
	char a[32], b[32], c[32];

	text_append(out, "%s [%s..%s]", sweep_size_text(&s->size, at, a, sizeof(a)),
		    sweep_size_text(&s->size, s->size.falling ? i->hi : i->lo, b, sizeof(b)),
		    sweep_size_text(&s->size, s->size.falling ? i->lo : i->hi, c, sizeof(c)));
}

/* The fitted threshold, where the interval has it; rarely the two disagree, and then the interval's middle is told. */
double limit_at(const struct limit *l)
{
	bool inside = l->fit.threshold >= l->interval.lo && l->fit.threshold <= l->interval.hi;

	return inside ? l->fit.threshold : sqrt(l->interval.lo * l->interval.hi);
}

/* --- the clauses ------------------------------------------------------------------------------ */

/* What stands for the two curves in each clause. */
struct voice {
	const char *does, *does_not, *whether, *noise;
};

static const struct voice voices[] = {
	[SWEEP_FELT] = { "users feel", "users do not feel", "whether users feel",
			 "what users see leaves its baseline" },
	[SWEEP_REPORTED] = { "the pipeline reports", "the pipeline does not report", "whether the pipeline reports",
			     "the pipeline reports something" },
	[SWEEP_ROOT] = { "the pipeline names the right root of", "the pipeline does not name the right root of",
			 "whether the pipeline names the right root of", "the pipeline names that root" },
};

static const char *onwards(const struct sweep *s)
{
	return s->size.falling ? "down" : "on";
}

static void clause(const struct sweep *s, enum sweep_curve curve, const struct limit *l, const char *it,
		   struct text *out)
{
	const struct voice *v = &voices[curve];
	char lo[32], hi[32];

	sweep_size_text(&s->size, s->range.lo, lo, sizeof(lo));
	sweep_size_text(&s->size, s->range.hi, hi, sizeof(hi));
	switch (l->state) {
	case LIMIT_UNTESTED: text_append(out, "%s %s could be told of no trial", v->whether, it); break;
	case LIMIT_NOISY:
		text_append(out,
			    "%s without a fault as well (in %u of %u windows), so from which size on it is for %s "
			    "cannot be told",
			    v->noise, l->catch_yes, l->n_catch, it);
		break;
	case LIMIT_BELOW: text_append(out, "%s %s in the whole range, from %s %s", v->does, it, lo, onwards(s)); break;
	case LIMIT_ABOVE:
		text_append(out, "%s %s %s to %s (%u of %u trials)", v->does_not, it, s->size.falling ? "down" : "up",
			    hi, l->yes - l->catch_yes, l->n - l->n_catch);
		break;
	case LIMIT_FOUND:
		text_append(out, "%s %s from ", v->does, it);
		append_interval(s, limit_at(l), &l->interval, out);
		text_append(out, " %s", onwards(s));
		break;
	case LIMIT_OPEN:
		text_append(out, "from which size on %s %s is open after %u trial%s", v->does, it, l->n,
			    l->n == 1 ? "" : "s");
		break;
	}
}

/* --- the end of the sentence ------------------------------------------------------------------ */

static void open_ended(const struct sweep *s, const struct limit *felt, const struct limit *reported, struct text *out)
{
	char at[32], to[32];

	if (felt->state == LIMIT_FOUND) { /* and not reported in the range */
		text_append(out, ": blind from %s to %s and beyond, a factor of %.2g at least",
			    sweep_size_text(&s->size, limit_at(felt), at, sizeof(at)),
			    sweep_size_text(&s->size, s->range.hi, to, sizeof(to)), s->range.hi / felt->interval.hi);
		return;
	}
	if (reported->state == LIMIT_ABOVE) {
		text_append(out, ": blind in the whole range and beyond, a factor of %.2g at least",
			    s->range.hi / s->range.lo);
		return;
	}
	text_append(out, ": blind from %s or less to %s, a factor of %.2g at least",
		    sweep_size_text(&s->size, s->range.lo, at, sizeof(at)),
		    sweep_size_text(&s->size, limit_at(reported), to, sizeof(to)), reported->interval.lo / s->range.lo);
}

static void conclusion(const struct sweep *s, const struct limit limits[SWEEP_CURVES], struct text *out)
{
	const struct limit *felt = &limits[SWEEP_FELT], *reported = &limits[SWEEP_REPORTED];
	struct band b;

	sweep_band(s, felt, reported, &b);
	switch (b.state) {
	case BAND_UNKNOWN: text_append(out, ": the blind band is not known"); break;
	case BAND_BLIND:
		text_append(out, ": blind for a factor of %.2g [%.2g..%.2g]", b.factor, b.interval.lo, b.interval.hi);
		break;
	case BAND_OPEN_ENDED: open_ended(s, felt, reported, out); break;
	case BAND_NONE:
		text_append(out, ": it warns before users feel it, there is no blind band%s",
			    isfinite(b.factor) ? "" : " in this range");
		break;
	case BAND_EVEN:
		text_append(out, ": no difference between the two can be told (a factor of %.2g [%.2g..%.2g])",
			    b.factor, b.interval.lo, b.interval.hi);
		break;
	case BAND_OUTSIDE:
		text_append(out, felt->state == LIMIT_BELOW
					 ? ": both notice the smallest size tried, a smaller --from would tell"
					 : ": neither notices the largest size tried, a larger --to would tell");
		break;
	}
}

/* "payment_latency" is "payment latency" in a sentence. */
static void plain_name(const char *name, char *buf, size_t len)
{
	text_copy(buf, len, name);
	text_one_line(buf);
	for (; *buf; buf++)
		if (*buf == '_')
			*buf = ' ';
}

void sweep_sentence(const struct sweep *s, const struct limit limits[SWEEP_CURVES], const char *name, struct text *out)
{
	char plain[120];
	size_t start = out->len;

	plain_name(name, plain, sizeof(plain));
	clause(s, SWEEP_FELT, &limits[SWEEP_FELT], plain, out);
	if (sweep_asks(s, SWEEP_REPORTED)) {
		text_append(out, ", ");
		clause(s, SWEEP_REPORTED, &limits[SWEEP_REPORTED], "it", out);
		conclusion(s, limits, out);
	} else {
		text_append(out, "; no pipeline was asked");
	}
	if (sweep_asks(s, SWEEP_ROOT)) {
		text_append(out, "; ");
		clause(s, SWEEP_ROOT, &limits[SWEEP_ROOT], "it", out);
	}
	text_append(out, ".");
	if (out->s && out->s[start] >= 'a' && out->s[start] <= 'z')
		out->s[start] -= 'a' - 'A';
}
