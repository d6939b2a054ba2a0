// SPDX-License-Identifier: GPL-2.0-only
/*
 * html.c - report.html: one page with everything in it (style, pictures), which asks the network for
 * nothing and runs no script. See report.h.
 */
#include <math.h>
#include <string.h>

#include "report/history.h"
#include "report/paragraph/course.h"
#include "report/html/html.h"
#include "report/report.h"
#include "report/svg.h"
#include "report/sweep/sweep_report.h"
#include "report/words/words.h"
#include "score/evidence.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

static const char style[] =
	":root{--ink:#1d2430;--soft:#5b6576;--line:#d9dee7;--page:#f6f7f9;--card:#fff;--good:#1a7f4b;"
	"--bad:#c22f3d;--fault:#c22f3d;--blue:#2563b0;--amber:#b56a00;--violet:#7440a8}"
	"@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa4b5;--line:#343c49;"
	"--page:#14181f;--card:#1c222c;--good:#4cc38a;--bad:#ff7b84;--fault:#ff7b84;--blue:#79b0ff;"
	"--amber:#f0b44d;--violet:#c79bff}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
	"font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
	"main{max-width:58rem;margin:0 auto;padding:1.25rem 1rem 3rem}"
	"h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.2rem;margin:2rem 0 .6rem}"
	"a{color:var(--blue)}h3{font-size:1.05rem;margin:0}.soft{color:var(--soft);font-size:.9rem;margin:.1rem 0}"
	".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:.6rem;"
	"margin:1rem 0}.card{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:.55rem .8rem}.card "
	"b{display:block;font-size:1.15rem;white-space:nowrap;font-variant-numeric:tabular-nums}"
	".card span{color:var(--soft);font-size:.85rem}"
	".verdict{display:inline-block;padding:.1rem .7rem;border-radius:1rem;font-weight:600;"
	"color:#fff;background:#1a7f4b}.verdict.fail{background:#b3202e}"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;background:var(--card);"
	"font-size:.92rem}th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;"
	"white-space:nowrap}td.num{text-align:right;font-variant-numeric:tabular-nums}"
	".yes{color:var(--good);font-weight:600}.no{color:var(--bad);font-weight:600}"
	"article{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:.9rem 1rem;margin:0 0 1rem}article p{margin:.5rem 0}"
	"svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font-size:12px;"
	"paint-order:stroke;stroke:var(--card);stroke-width:2.5px;stroke-linejoin:round}"
	"svg .tick{fill:var(--soft);font-size:11px}svg .lane{font-size:12px}"
	".timeline{min-width:34rem;margin:.6rem 0}.graph{min-width:30rem;margin:.8rem 0 .2rem}"
	".baseline{fill:var(--blue);opacity:.06}.watch{fill:var(--amber);opacity:.1}"
	"rect.fault{fill:var(--fault);opacity:.17}.grid{stroke:var(--line)}.base{stroke:var(--soft)}"
	".pass{fill:var(--blue)}.failed{stroke:var(--bad);stroke-width:2;fill:none}"
	".course{fill:none;stroke:var(--fault);stroke-width:1.6}"
	".shift{fill:none;stroke:var(--violet);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}.over{fill:"
	"transparent}.alert{fill:var(--amber)}"
	"line.hit{stroke:var(--fault);stroke-width:2;stroke-dasharray:4 3}"
	"line.symptom{stroke:var(--fault);stroke-width:2;stroke-dasharray:1 3}"
	"line.change{stroke:var(--amber);stroke-width:2}"
	"line.back{stroke:var(--good);stroke-width:2;stroke-dasharray:4 3}"
	".edge{fill:none;stroke:var(--soft);opacity:.6}.box rect{fill:var(--page);stroke:var(--line)}"
	".box.shared rect{stroke-dasharray:2 3}.box.hit rect{stroke:var(--fault);stroke-width:2.5}"
	".box.blamed rect{stroke:var(--amber);stroke-width:2.5;stroke-dasharray:5 3}"
	".box.hitblamed rect{stroke:var(--good);stroke-width:3}"
	"circle.count{fill:var(--amber)}svg text.count{fill:#111;font-size:10px;font-weight:600;stroke:none}"
	".legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;color:var(--soft);font-size:.85rem;"
	"list-style:none;padding:0;margin:.2rem 0}.legend i{display:inline-block;width:.8rem;"
	"height:.8rem;margin-right:.35rem;vertical-align:-.1rem;border-radius:2px}"
	".k-fault{background:var(--fault);opacity:.3}.k-blue{background:var(--blue)}"
	".k-course{background:var(--fault)}.k-bad{background:var(--bad)}.k-amber{background:var(--amber)}"
	".k-baseline{background:var(--blue);opacity:.2}.k-watch{background:var(--amber);opacity:.3}"
	".legend .k-hit,.legend .k-symptom{width:0;border-left:2px dashed var(--fault)}.legend "
	".k-symptom{border-left-style:dotted}"
	".k-violet{background:var(--violet)}.k-good{background:var(--good)}"
	"ul.gaps li{margin:.35rem 0}"
	".curves{min-width:34rem;margin:.6rem 0}.curve{fill:none;stroke-width:2.5;stroke-linejoin:round}"
	".c-felt{stroke:var(--blue)}.c-reported{stroke:var(--amber)}.c-right_root{stroke:var(--violet)}"
	"path.c-right_root{stroke-dasharray:2 4}"
	".blind{fill:var(--fault);opacity:.14}.span{stroke-width:7;opacity:.35}.curves line.limit{stroke-width:1.5;"
	"stroke-dasharray:5 3}"
	"circle.yes{stroke:none}circle.no{fill:var(--card);stroke-width:1.5}"
	".f-felt{fill:var(--blue)}.f-reported{fill:var(--amber)}.f-right_root{fill:var(--violet)}"
	"svg text.mid{text-anchor:middle}svg text.end{text-anchor:end}"
	/* Two runs beside each other, one below the other where there is no room. */
	".pair{display:grid;grid-template-columns:1fr 1fr;gap:0 1.2rem}.pair>div{min-width:0}.pair h2{margin:.8rem 0 0;"
	"overflow-wrap:anywhere;font-size:1rem}.pair .timeline{min-width:0}.pair .timeline text{font-size:17px}"
	".pair .cards{grid-template-columns:repeat(3,1fr)}.pair .card{padding:.4rem .5rem}.pair .card b{font-size:1rem}"
	"tr.differs td{background:rgba(181,106,0,.13)}td "
	".soft{font-size:inherit}main:has(.pair){max-width:76rem}main:has(.pair) "
	"td{white-space:normal}"
	/* A phone: pictures are as wide as it is, with text that can still be read; what is wider than that
	 * scrolls, and a shadow at its edge says so. */
	"@media screen and (max-width:40rem){.pair{grid-template-columns:1fr}main{padding:1rem .6rem "
	"2rem}article{padding:.8rem .7rem}"
	"table{font-size:.74rem}th,td{padding:.25rem .28rem;white-space:normal;overflow-wrap:anywhere}"
	"th{overflow-wrap:normal;font-size:.66rem}td.num{white-space:nowrap}.timeline,.graph,.curves{min-width:0}."
	"curves text{font-size:17px}.timeline "
	"text{font-size:20px}.graph "
	"text{font-size:15px}"
	".timeline .tick{font-size:18px}"
	"article .wide{background:linear-gradient(90deg,var(--card) 40%,transparent) local 0 0/2rem 100% no-repeat,"
	"linear-gradient(270deg,var(--card) 40%,transparent) local 100% 0/2rem 100% no-repeat,"
	"linear-gradient(90deg,var(--line),transparent) 0 0/.7rem 100% no-repeat,"
	"linear-gradient(270deg,var(--line),transparent) 100% 0/.7rem 100% no-repeat}}"
	/* Colours mean something here: browsers leave them out of print unless told. */
	"@media print{*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
	":root{--page:#fff}body{font-size:10.5pt}h2{break-after:avoid}tr,article,.card{break-inside:avoid}"
	".cards{grid-template-columns:repeat(6,1fr)}.card b{font-size:1rem}article,.card{border-color:#bbb}"
	"main{max-width:none;padding:0}.wide{overflow:visible}.timeline,.graph,.curves{min-width:0}"
	"a{color:inherit;text-decoration:none}}";

static void card(struct text *out, const char *value, const char *label)
{
	text_append(out, "<div class='card'><b>");
	html_escape(out, value);
	text_append(out, "</b><span>%s</span></div>", label);
}

/* " · embedded lab 0.1.0 0abc1def" */
static void under_test(const struct folder *f, const char *what, struct text *out)
{
	static const char *const keys[] = { "version", "commit" };
	char path[32], value[128];
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(path, sizeof(path), "%s.%s", what, keys[i]);
		folder_manifest(f, path, value, sizeof(value));
		text_append(out, "%s", !*value ? "" : i ? " " : " · ");
		html_escape(out, value);
	}
}

void html_begin(const char *lang, const char *title, struct text *out)
{
	text_append(out,
		    "<!DOCTYPE html>\n<html lang='%s'><head><meta charset='utf-8'>"
		    "<meta name='viewport' content='width=device-width,initial-scale=1'>"
		    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none';"
		    "style-src 'unsafe-inline'\"><title>",
		    lang);
	html_escape(out, title);
	text_append(out, "</title><style>%s</style></head><body><main>\n", style);
}

void html_end(struct text *out)
{
	text_append(out, "</main></body></html>\n");
}

void html_when(const struct folder *f, struct text *out)
{
	char kernel[128], when[64];

	folder_manifest(f, "host.kernel", kernel, sizeof(kernel));
	text_append(out, "%s%s", report_time(folder_started(f), when, sizeof(when)), *kernel ? " · Linux " : "");
	html_escape(out, kernel);
	under_test(f, "stack", out);
	under_test(f, "pipeline", out);
}

/* How many hypotheses have a verdict, and how many of those held. */
static uint32_t hypotheses_judged(const struct folder *f, uint32_t *ret_held)
{
	uint32_t i, n = 0;

	*ret_held = 0;
	for (i = 0; i < f->n; i++) {
		const char *verdict = json_string_value(json_path(f->results[i].detail, "hypothesis.verdict"));

		n += verdict && (!strcmp(verdict, "held") || !strcmp(verdict, "refuted"));
		*ret_held += verdict && !strcmp(verdict, "held");
	}
	return n;
}

void html_cards(const struct folder *f, const struct words *w, struct text *out)
{
	const struct score *s = &f->score;
	char a[64], p50[24], p95[24];

	uint32_t held, judged = hypotheses_judged(f, &held);

	text_append(out, "<p><span class='verdict%s'>Acceptance: %s%s%s</span></p>\n<div class='cards'>",
		    s->accepted ? "" : " fail", s->accepted ? w->pass : w->fail, s->total ? "" : ": ",
		    s->total ? "" : w->html_unscored);
	snprintf(a, sizeof(a), "%u/%u", s->tp, s->total);
	card(out, a, w->html_detected);
	card(out, score_rca(s, a, sizeof(a)), w->html_rca);
	card(out, report_ratio(s->precision, a, sizeof(a)), w->html_precision);
	card(out, report_ratio(s->recall, a, sizeof(a)), w->html_recall);
	snprintf(a, sizeof(a), "%s / %s", score_seconds(s->mttd_p50_s, p50, sizeof(p50)),
		 score_seconds(s->mttd_p95_s, p95, sizeof(p95)));
	card(out, a, w->html_mttd);
	snprintf(a, sizeof(a), "%u", s->false_alarms);
	card(out, a, w->html_false);
	snprintf(a, sizeof(a), "%u/%u", held, judged);
	if (judged)
		card(out, a, w->hypotheses_held);
	text_append(out, "</div>\n");
}

static void head(const struct folder *f, const struct words *w, struct text *out)
{
	char suite[128];

	folder_manifest(f, "suite", suite, sizeof(suite));
	html_begin(w->lang, *suite ? suite : w->title, out);
	text_append(out, "<h1>");
	html_escape(out, *suite ? suite : w->title);
	text_append(out, "</h1><p class='soft'>%s · ", folder_is_exercise(f) ? w->title : w->own_title);
	html_when(f, out);
	text_append(out, "</p>");
}

static void yes_no(struct text *out, bool applies, bool yes)
{
	text_append(out, "<td class='%s'>%s</td>",
		    !applies ? ""
		    : yes    ? "yes"
			     : "no",
		    !applies ? "–"
		    : yes    ? "Y"
			     : "N");
}

/* "2. Results" -> "Results": the page has no numbered sections. */
static const char *without_number(const char *heading)
{
	return heading + strspn(heading, "0123456789. ");
}

static void board(const struct folder *f, const struct words *w, struct text *out)
{
	char mttd[32];
	uint32_t i;

	text_append(out,
		    "<h2>%s</h2><div class='wide'><table><tr><th>#</th><th>name</th><th>detected</th>"
		    "<th>mttd</th><th>rca_<wbr>service</th><th>rca_<wbr>correct</th><th>status</th></tr>\n",
		    without_number(w->results));
	for (i = 0; i < f->n; i++) {
		const struct result *r = &f->results[i];
		bool counts = result_counts(r);

		text_append(out, "<tr><td class='num'>%d</td><td><a href='#e%u'>", r->number, i);
		html_escape(out, r->name);
		text_append(out, "</a></td>");
		yes_no(out, counts && !result_is_control(r), r->detected);
		text_append(out, "<td class='num'>%s</td><td>",
			    counts && r->detected ? score_seconds(r->mttd_s, mttd, sizeof(mttd)) : "–");
		html_escape(out, !result_rca_asked(r) ? "n/a" : counts && r->rca_service ? r->rca_service : "–");
		text_append(out, "</td>");
		yes_no(out, counts && r->detected && result_rca_asked(r), r->rca_correct);
		text_append(out, "<td>%s</td></tr>\n", result_status_text(r->status));
	}
	text_append(out, "</table></div>\n");
}

static void hypothesis_list(const struct folder *f, const struct words *w, struct text *out)
{
	bool begun = false;
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		struct text verdict = {};

		if (scoreboard_hypothesis(&f->results[i], &verdict)) {
			if (!begun)
				text_append(out, "<h2>%s</h2><ul class='gaps'>", w->hypotheses);
			begun = true;
			text_append(out, "<li><a href='#e%u'>", i);
			html_escape(out, f->results[i].name);
			text_append(out, "</a>: ");
			html_escape(out, verdict.s ? verdict.s : "");
			text_append(out, "</li>");
		}
		text_free(&verdict);
	}
	text_append(out, "%s", begun ? "</ul>\n" : "");
}

static void gap_list(const struct folder *f, const struct words *w, struct text *out)
{
	uint32_t i;

	text_append(out, "<h2>Gaps</h2>");
	if (!f->n_gaps) {
		text_append(out, "<p>");
		report_no_gaps(f, w, out);
		text_append(out, "</p>\n");
	}
	text_append(out, "<ul class='gaps'>");
	for (i = 0; i < f->n_gaps; i++) {
		struct text symptom = {}, cause = {};

		text_append(out, "<li><b>");
		html_escape(out, f->gaps[i].experiment);
		text_append(out, "</b>: ");
		report_gap(f, &f->gaps[i], w, &symptom, &cause);
		html_escape(out, symptom.s ? symptom.s : "");
		text_append(out, " → ");
		html_escape(out, cause.s ? cause.s : "");
		text_append(out, "</li>");
		text_free(&symptom);
		text_free(&cause);
	}
	text_append(out, "</ul>\n");
}

/* What the pictures show, and nothing that none of them has. */
static void legend(const struct folder *f, const struct words *w, const char *pictures, struct text *out)
{
	bool watched = false;
	uint32_t i;

	for (i = 0; i < f->n; i++)
		watched |= result_pipeline_asked(&f->results[i]);

	const struct {
		const char *class, *colour, *label;
	} keys[] = {
		{ "rect class='baseline'", "baseline", w->baseline_band },
		{ "rect class='fault'", "fault", w->fault },
		{ "rect class='watch'", "watch", watched ? w->watch_band : w->after_band },
		{ "circle class='pass'", "blue", w->probe_pass },
		{ "path class='failed'", "bad", w->probe_fail },
		{ "path class='alert'", "amber", w->alert },
		{ " class='shift'", "violet", w->measured },
		{ "line class='hit'", "hit", w->first_hit },
		{ "line class='symptom'", "symptom", w->first_symptom },
		{ "line class='back'", "good", w->back },
		{ "line class='change'", "amber", w->change },
		{ "path class='course'", "course", w->scheduled },
	};

	text_append(out, "<ul class='legend'>");
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (strstr(pictures, keys[i].class))
			text_append(out, "<li><i class='k-%s'></i>%s</li>", keys[i].colour, keys[i].label);
	text_append(out, "</ul>");
	if (!strstr(pictures, "<svg class='graph'"))
		return;
	text_append(out, "<p class='soft'>%s: <span style='color:var(--fault)'>%s</span>", w->dependencies, w->hit);
	if (watched)
		text_append(out,
			    " · <span style='color:var(--amber)'>%s</span> · <span style='color:var(--good)'>%s</span>",
			    w->blamed, w->hit_blamed);
	text_append(out, "</p>\n");
}

/* The analysis of the Markdown report: **bold** and escaped characters to HTML. */
static void prose(const char *s, struct text *out)
{
	bool bold = false;

	text_append(out, "<p>");
	for (; s && *s; s++) {
		char one[2] = { *s, '\0' };

		if (s[0] == '*' && s[1] == '*') {
			text_append(out, bold ? "</b>" : "<b>");
			bold = !bold;
			s++;
		} else if (s[0] == '\n' && s[1] == '\n') {
			text_append(out, "</p><p>");
			s++;
		} else if (s[0] == '\\' && s[1]) {
			one[0] = *++s;
			html_escape(out, one);
		} else {
			html_escape(out, one);
		}
	}
	text_append(out, "%s</p>\n", bold ? "</b>" : "");
}

static void experiment(const struct folder *f, uint32_t i, const struct words *w, struct text *out)
{
	const struct result *r = &f->results[i];
	const char *hypothesis = evidence_hypothesis(r);
	struct text analysis = {};

	text_append(out, "<article id='e%u'><h3>%d. ", i, r->number);
	html_escape(out, r->name);
	text_append(out, "</h3><p class='soft'>");
	html_escape(out, r->fault_type);
	text_append(out, " · ");
	html_escape(out, r->target);
	text_append(out, "</p>");
	if (hypothesis && count_words(hypothesis) > HYPOTHESIS_WORDS) { /* the paragraph below cuts it */
		text_append(out, "<p class='soft'>“");
		html_escape(out, hypothesis);
		text_append(out, "”</p>");
	}
	text_append(out, "<div class='wide'>");
	svg_timeline(f, r, w, out);
	text_append(out, "</div><div class='wide'>");
	svg_graph(f, r, w, out);
	text_append(out, "</div>");
	report_analysis(f, r, w, &analysis);
	report_courses(r, w, &analysis);
	report_effects(r, w, &analysis);
	prose(analysis.s, out);
	text_free(&analysis);
	text_append(out, "</article>\n");
}

void report_html(const struct folder *f, const struct words *w, struct text *out)
{
	struct text pictures = {};
	uint32_t i;

	head(f, w, out);
	if (f->sweep) {
		sweep_html(f, w, out);
		html_end(out);
		return;
	}
	html_cards(f, w, out);
	board(f, w, out);
	hypothesis_list(f, w, out);
	gap_list(f, w, out);
	text_append(out, "<h2>%s</h2>", w->experiments);
	for (i = 0; i < f->n; i++)
		experiment(f, i, w, &pictures);
	if (pictures.s) {
		legend(f, w, pictures.s, out);
		text_append(out, "%s", pictures.s);
	}
	text_free(&pictures);
	html_end(out);
}
