// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_beside.c - two runs on one page, experiment by experiment: what each said, and its timeline. It
 * shows and does not judge: whether a difference is more than chance is another question. See report.h.
 */
#include <string.h>

#include "report/html/html.h"
#include "report/svg.h"
#include "report/words/words.h"

/* The experiment of that name, or NULL. */
static const struct result *named(const struct folder *f, const char *name)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->results[i].name, name))
			return &f->results[i];
	return NULL;
}

static const char *verdict(const struct result *r)
{
	return json_string_value(json_object_get(json_object_get(r->detail, "hypothesis"), "verdict"));
}

/* What is known of one experiment in a few words: "Y 5.0s payment-svc Y, held". */
static void outcome(const struct result *r, const struct words *w, struct text *out)
{
	char mttd[32];

	if (!r) {
		text_append(out, "<span class='soft'>%s</span>", w->beside_none);
		return;
	}
	if (r->status != RESULT_OK)
		text_append(out, "%s ", result_status_text(r->status));
	if (result_counts(r)) {
		text_append(out, "<span class='%s'>%s</span>", r->detected ? "yes" : "no",
			    r->detected ? w->beside_detected : w->beside_missed);
		if (r->detected)
			text_append(out, " %s", score_seconds(r->mttd_s, mttd, sizeof(mttd)));
	}
	if (result_counts(r) && r->detected && result_rca_asked(r)) {
		text_append(out, ", RCA <span class='%s'>", r->rca_correct ? "yes" : "no");
		html_escape(out, r->rca_service ? r->rca_service : "–");
		text_append(out, "</span>");
	}
	if (verdict(r)) {
		text_append(out, "<br><span class='soft'>%s: ", w->beside_hypothesis);
		html_escape(out, verdict(r));
		text_append(out, "</span>");
	}
}

/* Does anything that outcome() shows differ, but for the seconds? */
static bool differs(const struct result *a, const struct result *b)
{
	const char *of_a = verdict(a) ?: "", *of_b = verdict(b) ?: "";

	return a->status != b->status || result_counts(a) != result_counts(b) || a->detected != b->detected ||
	       a->rca_correct != b->rca_correct || strcmp(of_a, of_b) != 0;
}

static void row(const struct result *a, const struct result *b, const struct words *w, struct text *out)
{
	const struct result *r = a ?: b;
	bool other = !a || !b || differs(a, b);

	text_append(out, "<tr%s><td>%s<a href='#", other ? " class='differs'" : "", other ? "≠ " : "");
	html_escape(out, r->name);
	text_append(out, "'>");
	html_escape(out, r->name);
	text_append(out, "</a></td><td>");
	outcome(a, w, out);
	text_append(out, "</td><td>");
	outcome(b, w, out);
	text_append(out, "</td></tr>\n");
}

static void column(const struct folder *f, const struct result *r, const char *letter, const struct words *w,
		   struct text *out)
{
	text_append(out, "<div><p><b>%s</b> ", letter);
	outcome(r, w, out);
	text_append(out, "</p>");
	if (r)
		svg_timeline(f, r, w, out);
	text_append(out, "</div>");
}

static void experiment(const struct folder *a, const struct folder *b, const char *name, const struct words *w,
		       struct text *out)
{
	text_append(out, "<article id='");
	html_escape(out, name);
	text_append(out, "'><h3>");
	html_escape(out, name);
	text_append(out, "</h3><div class='pair'>");
	column(a, named(a, name), "A", w, out);
	column(b, named(b, name), "B", w, out);
	text_append(out, "</div></article>\n");
}

static void whole(const struct folder *f, const char *letter, const struct words *w, struct text *out)
{
	text_append(out, "<div><h2>%s: ", letter);
	html_escape(out, f->path);
	text_append(out, "</h2><p class='soft'>");
	html_when(f, out);
	text_append(out, "</p>");
	html_cards(f, w, out);
	text_append(out, "</div>");
}

void report_beside(const struct folder *a, const struct folder *b, const struct words *w, struct text *out)
{
	char suite[128];
	uint32_t i;

	folder_manifest(a, "suite", suite, sizeof(suite));
	html_begin(w->lang, *suite ? suite : w->title, out);
	text_append(out, "<h1>");
	html_escape(out, *suite ? suite : w->title);
	text_append(out, "</h1><p class='soft'>%s</p><div class='pair'>", w->beside);
	whole(a, "A", w, out);
	whole(b, "B", w, out);
	text_append(out, "</div><table><tr><th>%s</th><th>A</th><th>B</th></tr>\n", w->experiments);
	for (i = 0; i < a->n; i++)
		row(&a->results[i], named(b, a->results[i].name), w, out);
	for (i = 0; i < b->n; i++)
		if (!named(a, b->results[i].name))
			row(NULL, &b->results[i], w, out);
	text_append(out, "</table><h2>%s</h2>", w->experiments);
	for (i = 0; i < a->n; i++)
		experiment(a, b, a->results[i].name, w, out);
	for (i = 0; i < b->n; i++)
		if (!named(a, b->results[i].name))
			experiment(a, b, b->results[i].name, w, out);
	html_end(out);
}
