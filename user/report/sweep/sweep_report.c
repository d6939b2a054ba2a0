// SPDX-License-Identifier: GPL-2.0-only
/* sweep_report.c - see sweep_report.h. One line of figures a curve, one a trial, in two forms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/sweep/sweep_report.h"
#include "score/sweep/sweep_map.h"

/* False: it is none that this version understands. To be released in any case. */
static bool view_open(struct sweep_view *v, const json_t *json)
{
	uint32_t c;

	*v = (struct sweep_view){ .json = json, .name = json_string_value(json_object_get(json, "name")) ?: "?" };
	if (sweep_from_json(json, &v->sweep))
		return false;
	for (c = 0; c < SWEEP_CURVES; c++)
		sweep_limit(&v->sweep, c, false, &v->limits[c]);
	sweep_band(&v->sweep, &v->limits[SWEEP_FELT], &v->limits[SWEEP_REPORTED], &v->band);
	return true;
}

static void view_close(struct sweep_view *v)
{
	sweep_free(&v->sweep);
}

/* All of a folder, and their map. */
struct views {
	struct sweep_view *v;
	struct sweep_cell *cells;
	const char **services, **kinds;
	uint32_t n, n_services, n_kinds, unread;
};

static const char *word_of(const struct sweep_view *v, const char *key)
{
	return json_string_value(json_object_get(v->json, key)) ?: "?";
}

static const char *target_of(const struct sweep_view *v)
{
	return json_string_value(json_array_get(json_object_get(v->json, "targets"), 0)) ?: "?";
}

static void make_map(struct views *all)
{
	uint32_t i;

	for (i = 0; i < all->n; i++) {
		all->cells[i] =
			(struct sweep_cell){ .service = target_of(&all->v[i]), .kind = word_of(&all->v[i], "kind") };
		sweep_cell_text(&all->v[i].sweep, all->cells[i].text, sizeof(all->cells[i].text));
	}
	all->n_services = sweep_map_words(all->cells, all->n, false, all->services);
	all->n_kinds = sweep_map_words(all->cells, all->n, true, all->kinds);
}

/* To be closed in any case; without memory there is none. */
static void views_open(struct views *all, const struct folder *f)
{
	const json_t *list = json_object_get(f->sweep, "sweeps"), *one;
	size_t room = json_array_size(list) + 1, i;

	*all = (struct views){ .v = calloc(room, sizeof(*all->v)),
			       .cells = calloc(room, sizeof(*all->cells)),
			       .services = calloc(room, sizeof(*all->services)),
			       .kinds = calloc(room, sizeof(*all->kinds)) };
	if (!all->v || !all->cells || !all->services || !all->kinds)
		return;
	json_array_foreach(list, i, one) {
		if (view_open(&all->v[all->n], one)) {
			all->n++;
		} else {
			view_close(&all->v[all->n]);
			all->unread++;
		}
	}
	make_map(all);
}

static void views_close(struct views *all)
{
	uint32_t i;

	for (i = 0; i < all->n; i++)
		view_close(&all->v[i]);
	free(all->v);
	free(all->cells);
	free(all->services);
	free(all->kinds);
}

/* What is there and not told. Plain text, without a character that means something to Markdown or HTML. */
static void tell_unread(const struct views *all, const struct words *w, struct text *out)
{
	char n[16];

	snprintf(n, sizeof(n), "%u", all->unread);
	if (all->unread)
		words_fill(out, w->sweep->unread, "n", n, WORDS_END);
}

/* By enum sweep_end of run/sweep/sweep_run.h. */
static uint32_t end_of(const struct sweep_view *v)
{
	static const char *const words[] = { "unfinished", "precise", "budget", "useless" };
	uint32_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i], word_of(v, "ended")))
			return i;
	return 0;
}

static void summary(const struct sweep_view *v, const struct words *w, struct text *out)
{
	const struct sweep *s = &v->sweep;
	double spent = json_number_value(json_object_get(v->json, "spent_s"));
	char from[32], to[32], n[16], time[32], seed[32];

	snprintf(n, sizeof(n), "%u", s->n);
	snprintf(time, sizeof(time), "%.0f:%02.0f min", floor(spent / 60), floor(fmod(spent, 60)));
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)s->seed);
	words_fill(out, w->sweep->summary, "kind", word_of(v, "kind"), "target", target_of(v), "param", s->size.param,
		   "from", sweep_size_text(&s->size, s->range.lo, from, sizeof(from)), "to",
		   sweep_size_text(&s->size, s->range.hi, to, sizeof(to)), "n", n, "time", time, "end",
		   w->sweep->ends[end_of(v)], "seed", seed, WORDS_END);
}

/* --- the sentence ----------------------------------------------------------------------------- */

static void number_text(double v, char *buf, size_t size)
{
	snprintf(buf, size, isfinite(v) ? "%.2g" : "?", v);
}

static void fill_clause(const struct sweep_view *v, const struct words *w, enum sweep_curve c, const char *it,
			struct text *out)
{
	const struct sweep_words *sw = w->sweep;
	const struct sweep *s = &v->sweep;
	const struct limit *l = &v->limits[c];
	char from[32], to[32], at[32], lo[32], hi[32], yes[16], n[16], cy[16], cn[16], all[16];
	bool falling = s->size.falling;

	snprintf(yes, sizeof(yes), "%u", l->yes - l->catch_yes);
	snprintf(n, sizeof(n), "%u", l->n - l->n_catch);
	snprintf(cy, sizeof(cy), "%u", l->catch_yes);
	snprintf(cn, sizeof(cn), "%u", l->n_catch);
	snprintf(all, sizeof(all), "%u", l->n);
	words_fill(out, sw->clauses[l->state], "does", sw->does[c], "does_not", sw->does_not[c], "it", it, "from",
		   sweep_size_text(&s->size, s->range.lo, from, sizeof(from)), "to",
		   sweep_size_text(&s->size, s->range.hi, to, sizeof(to)), "at",
		   sweep_size_text(&s->size, limit_at(l), at, sizeof(at)), "lo",
		   sweep_size_text(&s->size, falling ? l->interval.hi : l->interval.lo, lo, sizeof(lo)), "hi",
		   sweep_size_text(&s->size, falling ? l->interval.lo : l->interval.hi, hi, sizeof(hi)), "way",
		   falling ? sw->down : sw->up, "yes", yes, "n", n, "catch_yes", cy, "catch", cn, "all", all,
		   WORDS_END);
}

static void fill_sentence(const struct sweep_view *v, const struct words *w, struct text *out)
{
	const struct sweep_words *sw = w->sweep;
	char factor[16], lo[16], hi[16];

	number_text(v->band.factor, factor, sizeof(factor));
	number_text(v->band.interval.lo, lo, sizeof(lo));
	number_text(v->band.interval.hi, hi, sizeof(hi));
	fill_clause(v, w, SWEEP_FELT, v->name, out);
	text_append(out, "; ");
	if (!sweep_asks(&v->sweep, SWEEP_REPORTED)) {
		text_append(out, "%s.", sw->no_pipeline);
		return;
	}
	fill_clause(v, w, SWEEP_REPORTED, v->name, out);
	text_append(out, ": ");
	words_fill(out, sw->bands[v->band.state], "factor", factor, "factor_lo", lo, "factor_hi", hi, WORDS_END);
	if (sweep_asks(&v->sweep, SWEEP_ROOT)) {
		text_append(out, "; ");
		fill_clause(v, w, SWEEP_ROOT, v->name, out);
	}
	text_append(out, ".");
}

void sweep_told(const struct sweep_view *v, const struct words *w, struct text *out)
{
	size_t start = out->len;

	if (w->sweep->clauses[0])
		fill_sentence(v, w, out);
	if (out->s && out->s[start] >= 'a' && out->s[start] <= 'z')
		out->s[start] -= 'a' - 'A';
	if (!w->sweep->clauses[0])
		sweep_sentence(&v->sweep, v->limits, v->name, out);
}

/* That the answers depend on one another, as far as that can be seen. */
static void carried(const struct sweep_view *v, const struct words *w, struct text *out)
{
	enum sweep_curve c;

	if (!w->sweep->carry) {
		sweep_carry_sentence(&v->sweep, out);
		return;
	}
	for (c = 0; c < SWEEP_ROOT; c++) {
		struct carry carry;
		char p[16], factor[16];

		sweep_carry(&v->sweep, c, &carry);
		if (!sweep_asks(&v->sweep, c) || !(carry.p < CARRY_TOLD))
			continue;
		number_text(carry.p, p, sizeof(p));
		number_text(carry.factor, factor, sizeof(factor));
		words_fill(out, w->sweep->carry, "who", w->sweep->who[c], "p", p, "factor", factor, WORDS_END);
		text_append(out, " ");
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

#define CELLS 6

struct row {
	char cell[CELLS][200];
};

static void curve_row(const struct sweep_view *v, enum sweep_curve c, const struct words *w, struct row *ret)
{
	const struct sweep *s = &v->sweep;
	const struct limit *l = &v->limits[c];
	bool found = l->state == LIMIT_FOUND;
	char lo[32], hi[32];

	text_copy(ret->cell[0], sizeof(ret->cell[0]), w->sweep->who[c]);
	text_copy(ret->cell[1], sizeof(ret->cell[1]), w->sweep->states[l->state]);
	text_copy(ret->cell[2], sizeof(ret->cell[2]), "-");
	text_copy(ret->cell[3], sizeof(ret->cell[3]), "-");
	if (found) {
		sweep_size_text(&s->size, limit_at(l), ret->cell[2], 32);
		snprintf(ret->cell[3], sizeof(ret->cell[3]), "%s..%s",
			 sweep_size_text(&s->size, s->size.falling ? l->interval.hi : l->interval.lo, lo, sizeof(lo)),
			 sweep_size_text(&s->size, s->size.falling ? l->interval.lo : l->interval.hi, hi, sizeof(hi)));
	}
	snprintf(ret->cell[4], sizeof(ret->cell[4]), "%u/%u", l->yes - l->catch_yes, l->n - l->n_catch);
	snprintf(ret->cell[5], sizeof(ret->cell[5]), "%u/%u", l->catch_yes, l->n_catch);
}

static void head_row(const struct words *w, struct row *ret)
{
	const struct sweep_words *sw = w->sweep;
	const char *const cells[CELLS] = { "", sw->limit, sw->at, "95 %", sw->noticed, sw->without_fault };
	uint32_t i;

	for (i = 0; i < CELLS; i++)
		text_copy(ret->cell[i], sizeof(ret->cell[i]), cells[i]);
}

static const char *answer_word(const struct words *w, enum sweep_answer a)
{
	return a == ANSWER_YES ? w->sweep->yes : a == ANSWER_NO ? w->sweep->no : w->sweep->unknown;
}

static void trial_row(const struct sweep_view *v, const struct sweep_trial *t, uint32_t number, const struct words *w,
		      struct row *ret)
{
	uint32_t c;

	(void)v;
	snprintf(ret->cell[0], sizeof(ret->cell[0]), "%u", number);
	text_copy(ret->cell[1], sizeof(ret->cell[1]), t->size > 0 ? t->text : w->sweep->none);
	for (c = 0; c < SWEEP_CURVES; c++)
		text_copy(ret->cell[2 + c], sizeof(ret->cell[2 + c]), answer_word(w, t->answer[c]));
	text_copy(ret->cell[5], sizeof(ret->cell[5]), t->note);
}

static void trial_head(const struct words *w, struct row *ret)
{
	const struct sweep_words *sw = w->sweep;
	const char *const cells[CELLS] = { "#", sw->size, sw->who[0], sw->who[1], sw->who[2], "" };
	uint32_t i;

	for (i = 0; i < CELLS; i++)
		text_copy(ret->cell[i], sizeof(ret->cell[i]), cells[i]);
}

/* --- Markdown --------------------------------------------------------------------------------- */

static void markdown_row(const struct row *r, bool head, struct text *out)
{
	uint32_t i;

	for (i = 0; i < CELLS; i++) {
		text_append(out, "| ");
		markdown_escape(out, r->cell[i]);
		text_append(out, " ");
	}
	text_append(out, "|\n%s", head ? "|---|---|---|---|---|---|\n" : "");
}

static void markdown_one(const struct sweep_view *v, const struct words *w, struct text *out)
{
	struct text told = {}, sum = {}, carry = {};
	struct row row = {};
	uint32_t i;

	text_append(out, "\n### ");
	markdown_escape(out, v->name);
	text_append(out, "\n\n**");
	sweep_told(v, w, &told);
	markdown_escape(out, told.s ? told.s : "");
	text_append(out, "**\n\n");
	carried(v, w, &carry);
	markdown_escape(out, carry.s ? carry.s : "");
	text_append(out, "%s", carry.len ? "\n\n" : "");
	text_free(&carry);
	summary(v, w, &sum);
	markdown_escape(out, sum.s ? sum.s : "");
	text_append(out, "\n\n");
	head_row(w, &row);
	markdown_row(&row, true, out);
	for (i = 0; i < SWEEP_CURVES; i++)
		if (sweep_asks(&v->sweep, i)) {
			curve_row(v, i, w, &row);
			markdown_row(&row, false, out);
		}
	text_append(out, "\n%s:\n\n", w->sweep->trials);
	trial_head(w, &row);
	markdown_row(&row, true, out);
	for (i = 0; i < v->sweep.n; i++) {
		trial_row(v, &v->sweep.trials[i], i + 1, w, &row);
		markdown_row(&row, false, out);
	}
	text_free(&told);
	text_free(&sum);
}

static void markdown_map(const struct views *all, const struct words *w, struct text *out)
{
	uint32_t i, k;

	text_append(out, "\n| %s |", w->sweep->map);
	for (k = 0; k < all->n_kinds; k++) {
		text_append(out, " ");
		markdown_escape(out, all->kinds[k]);
		text_append(out, " |");
	}
	text_append(out, "\n|---|");
	for (k = 0; k < all->n_kinds; k++)
		text_append(out, "---|");
	for (i = 0; i < all->n_services; i++) {
		text_append(out, "\n| ");
		markdown_escape(out, all->services[i]);
		text_append(out, " |");
		for (k = 0; k < all->n_kinds; k++) {
			struct text cell = {};

			sweep_map_at(all->cells, all->n, all->services[i], all->kinds[k], &cell);
			text_append(out, " ");
			markdown_escape(out, cell.s ? cell.s : "");
			text_append(out, " |");
			text_free(&cell);
		}
	}
	text_append(out, "\n");
}

void sweep_markdown(const struct folder *f, const struct words *w, struct text *out)
{
	struct views all;
	uint32_t i;

	views_open(&all, f);
	text_append(out, "\n## 2. %s\n\n%s\n\n", w->sweep->heading, w->sweep->method);
	tell_unread(&all, w, out);
	text_append(out, "%s", all.unread ? "\n" : "");
	if (all.n > 1)
		markdown_map(&all, w, out);
	for (i = 0; i < all.n; i++)
		markdown_one(&all.v[i], w, out);
	views_close(&all);
}

/* --- HTML ------------------------------------------------------------------------------------- */

static void html_row(const struct row *r, const char *cell, struct text *out)
{
	uint32_t i;

	text_append(out, "<tr>");
	for (i = 0; i < CELLS; i++) {
		text_append(out, "<%s>", cell);
		html_escape(out, r->cell[i]);
		text_append(out, "</%s>", cell);
	}
	text_append(out, "</tr>\n");
}

static void html_tables(const struct sweep_view *v, const struct words *w, struct text *out)
{
	struct row row = {};
	uint32_t i;

	text_append(out, "<div class='wide'><table>");
	head_row(w, &row);
	html_row(&row, "th", out);
	for (i = 0; i < SWEEP_CURVES; i++)
		if (sweep_asks(&v->sweep, i)) {
			curve_row(v, i, w, &row);
			html_row(&row, "td", out);
		}
	text_append(out, "</table></div><details><summary>%s (%u)</summary><div class='wide'><table>", w->sweep->trials,
		    v->sweep.n);
	trial_head(w, &row);
	html_row(&row, "th", out);
	for (i = 0; i < v->sweep.n; i++) {
		trial_row(v, &v->sweep.trials[i], i + 1, w, &row);
		html_row(&row, "td", out);
	}
	text_append(out, "</table></div></details>");
}

static void html_one(const struct sweep_view *v, const struct words *w, struct text *out)
{
	struct text told = {}, sum = {}, carry = {};

	text_append(out, "<article><h3>");
	html_escape(out, v->name);
	text_append(out, "</h3><p class='soft'>");
	summary(v, w, &sum);
	html_escape(out, sum.s ? sum.s : "");
	text_append(out, "</p><p><b>");
	sweep_told(v, w, &told);
	html_escape(out, told.s ? told.s : "");
	text_append(out, "</b></p><p>");
	carried(v, w, &carry);
	html_escape(out, carry.s ? carry.s : "");
	text_free(&carry);
	text_append(out, "</p><div class='wide'>");
	svg_sweep(v, w, out);
	text_append(out, "</div>");
	html_tables(v, w, out);
	text_append(out, "</article>\n");
	text_free(&told);
	text_free(&sum);
}

static void html_map(const struct views *all, const struct words *w, struct text *out)
{
	uint32_t i, k;

	text_append(out, "<div class='wide'><table><tr><th>%s</th>", w->sweep->map);
	for (k = 0; k < all->n_kinds; k++) {
		text_append(out, "<th>");
		html_escape(out, all->kinds[k]);
		text_append(out, "</th>");
	}
	for (i = 0; i < all->n_services; i++) {
		text_append(out, "</tr>\n<tr><td>");
		html_escape(out, all->services[i]);
		text_append(out, "</td>");
		for (k = 0; k < all->n_kinds; k++) {
			struct text cell = {};

			sweep_map_at(all->cells, all->n, all->services[i], all->kinds[k], &cell);
			text_append(out, "<td>");
			html_escape(out, cell.s ? cell.s : "");
			text_append(out, "</td>");
			text_free(&cell);
		}
	}
	text_append(out, "</tr></table></div>\n");
}

void sweep_html(const struct folder *f, const struct words *w, struct text *out)
{
	struct views all;
	uint32_t i;

	views_open(&all, f);
	text_append(out, "<h2>%s</h2><p class='soft'>%s</p><p>", w->sweep->heading, w->sweep->method);
	tell_unread(&all, w, out);
	text_append(out, "</p>\n");
	if (all.n > 1)
		html_map(&all, w, out);
	text_append(out,
		    "<ul class='legend'><li><i class='k-blue'></i>%s</li><li><i class='k-amber'></i>%s</li>"
		    "<li><i class='k-violet'></i>%s</li><li><i class='k-fault'></i>%s</li><li>%s</li></ul>\n",
		    w->sweep->who[SWEEP_FELT], w->sweep->who[SWEEP_REPORTED], w->sweep->who[SWEEP_ROOT],
		    w->sweep->blind, w->sweep->legend);
	for (i = 0; i < all.n; i++)
		html_one(&all.v[i], w, out);
	views_close(&all);
}
