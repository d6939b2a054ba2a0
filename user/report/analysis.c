// SPDX-License-Identifier: GPL-2.0-only
/*
 * analysis.c - the paragraph on one experiment, from data, in 80 to 150 words.
 *
 * Every statement that the data allow is made into a sentence with a rank: what must be said, what is
 * wanted as far as there is room, and what is spare for when the text would be too short. The order in
 * the text does not depend on the rank.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "report/report.h"
#include "score/evidence.h"
#include "score/pipeline/answers.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

enum rank { MUST, WANTED, SPARE, SPARE_LAST };

#define SENTENCES_MAX 27
#define CHANGES_SAID  16
#define FOREIGN_WORDS 30 /* of any other text that is not ours */

struct sentence {
	struct text text;
	enum rank rank;
	bool in;
};

struct paragraph {
	struct sentence v[SENTENCES_MAX];
	uint32_t n;
	const struct folder *folder;
	const struct result *r;
	const struct words *w;
};

static struct text *sentence(struct paragraph *p, enum rank rank)
{
	struct sentence *s = &p->v[p->n++];

	assert(p->n <= SENTENCES_MAX);
	s->rank = rank;
	return &s->text;
}

/* Foreign text for Markdown, with its first @max words; the caller frees. */
static char *quote(const char *s, uint32_t max)
{
	struct text cut = {}, out = {};
	uint32_t n = 0;

	while (s && *s) {
		size_t blank = strspn(s, " \t\r\n"), word = strcspn(s + blank, " \t\r\n");

		if (!word)
			break;
		if (n++ == max) {
			text_append(&cut, " …");
			break;
		}
		text_append(&cut, "%s%.*s", n > 1 ? " " : "", (int)(word > 80 ? 80 : word), s + blank);
		s += blank + word;
	}
	markdown_escape(&out, cut.s ? cut.s : "");
	text_free(&cut);
	return out.s ? out.s : strdup("");
}

static void say_hypothesis(struct paragraph *p)
{
	_cleanup_free_ char *quoted = quote(evidence_hypothesis(p->r), HYPOTHESIS_WORDS);

	if (quoted && *quoted)
		words_fill(sentence(p, MUST), p->w->hypothesis, "text", quoted, WORDS_END);
	else
		words_fill(sentence(p, MUST), p->w->no_hypothesis, WORDS_END);
}

static void say_injected(struct paragraph *p)
{
	_cleanup_free_ char *fault = quote(p->r->fault_type, 4), *target = quote(p->r->target, 6);
	char duration[32], when[32];
	bool ended = p->r->end > p->r->inject;

	words_fill(sentence(p, MUST),
		   !evidence_was_on(p->r) ? p->w->not_injected
		   : ended                ? p->w->injected
					  : p->w->injected_open,
		   "fault", fault, "target", target, "duration",
		   score_seconds(p->r->end - p->r->inject, duration, sizeof(duration)), "time",
		   report_time(p->r->inject, when, sizeof(when)), WORDS_END);
}

static void say_proof(struct paragraph *p)
{
	double injected = 0, matched = 0, first_ms = 1e3 * (evidence_first_hit(p->r) - p->r->inject);
	char a[32], b[32], c[32];
	json_t *fault;
	size_t i, n = 0;

	json_array_foreach(json_object_get(p->r->detail, "proof"), i, fault) {
		injected += json_number_value(json_object_get(fault, "injected"));
		matched += json_number_value(json_object_get(fault, "matched"));
		n++;
	}
	if (!evidence_was_on(p->r))
		return;
	if (!n) {
		words_fill(sentence(p, SPARE), p->w->no_proof, WORDS_END);
		return;
	}
	snprintf(a, sizeof(a), "%.0f", injected);
	snprintf(b, sizeof(b), "%.0f", matched);
	words_fill(sentence(p, WANTED),
		   !(injected > 0)   ? p->w->proof_none
		   : isnan(first_ms) ? p->w->proof_undated
				     : p->w->proof,
		   "injected", a, "matched", b, "first", report_ms(first_ms, c, sizeof(c)), WORDS_END);
}

/* Another fault than the file says, from then on: whoever did it, and when. */
static void say_changes(struct paragraph *p)
{
	struct fault_change v[CHANGES_SAID];
	uint32_t n = evidence_changes(p->r, v, CHANGES_SAID), i, said = 0;
	char when[32];

	for (i = 0; i < n && said < 2; i++) {
		_cleanup_free_ char *quoted = quote(v[i].text, FOREIGN_WORDS / 2);

		if (isnan(v[i].time_s) || (!v[i].by_hand && n > 1))
			continue;
		said++;
		words_fill(sentence(p, v[i].by_hand && said == 1 ? MUST : WANTED), p->w->changed, "text", quoted,
			   "time", score_seconds(fmax(v[i].time_s - p->r->inject, 0), when, sizeof(when)), WORDS_END);
	}
}

static void say_symptom(struct paragraph *p)
{
	char edge[160], when[32];
	double at = evidence_first_symptom(p->r, edge, sizeof(edge));

	if (isnan(at))
		return;
	_cleanup_free_ char *quoted = quote(edge, 4);

	words_fill(sentence(p, WANTED), p->w->symptom_seen, "time",
		   score_seconds(at - p->r->inject, when, sizeof(when)), "edge", quoted, WORDS_END);
}

/* Of one that is not scored: what was received, and no judgement. */
static void say_received(struct paragraph *p)
{
	uint32_t i, alerts = 0;
	char n[16];

	for (i = 0; i < p->r->alerts.n; i++)
		alerts += p->r->alerts.v[i].time_s >= p->r->inject;
	snprintf(n, sizeof(n), "%u", alerts);
	if (!result_pipeline_asked(p->r))
		words_fill(sentence(p, MUST), p->w->no_pipeline, WORDS_END);
	else if (p->r->inject > 0)
		words_fill(sentence(p, MUST), p->w->received, "alerts", n, WORDS_END);
}

/* Why there was no alert to count, the most certain reason first. */
static void say_silence(struct paragraph *p)
{
	char window[32], symptom[256], cause[256];
	double watched = p->r->window_end - p->r->inject;
	_cleanup_free_ char *said = NULL;

	if (answers_explain(p->r, symptom, cause, sizeof(symptom))) {
		said = quote(symptom, FOREIGN_WORDS);
		words_fill(sentence(p, MUST), p->w->unread, "symptom", said, WORDS_END);
	} else if (!p->r->pipeline_reachable_during) {
		words_fill(sentence(p, MUST), p->w->unreached, WORDS_END);
	} else {
		words_fill(sentence(p, MUST),
			   !result_must_detect(p->r) ? p->w->silent
			   : watched > 0             ? p->w->missed
						     : p->w->missed_undated,
			   "window", score_seconds(watched, window, sizeof(window)), WORDS_END);
	}
}

static void say_detected(struct paragraph *p)
{
	char mttd[32], n[16];
	uint32_t i, alerts = 0;

	for (i = 0; i < p->r->alerts.n; i++)
		alerts += alert_place(p->r, &p->r->alerts.v[i]) == ALERT_IN_FAULT;
	snprintf(n, sizeof(n), "%u", alerts);
	if (!result_counts(p->r))
		say_received(p);
	else if (p->r->detected)
		words_fill(sentence(p, MUST), p->w->detected, "mttd", score_seconds(p->r->mttd_s, mttd, sizeof(mttd)),
			   "alerts", n, WORDS_END);
	else
		say_silence(p);
}

/* A root that was named is right or wrong by the truth, also where no score is made of it. */
static void say_root(struct paragraph *p, bool scored, const char *truth)
{
	_cleanup_free_ char *service = quote(p->r->rca_service, 4);
	char confidence[32], evidence[16];

	snprintf(evidence, sizeof(evidence), "%zu", json_array_size(p->r->evidence));
	words_fill(sentence(p, MUST), scored ? p->w->rca : p->w->rca_unscored, "service", service, "confidence",
		   report_ratio(p->r->confidence, confidence, sizeof(confidence)), "evidence", evidence, "verdict",
		   evidence_rca_right(p->r) ? p->w->right : p->w->wrong, "truth", truth, WORDS_END);
}

static void say_rca(struct paragraph *p)
{
	bool counts = result_counts(p->r), scored = counts && p->r->detected;
	char plain[200], symptom[256], cause[256];
	_cleanup_free_ char *truth = quote(evidence_truth_in(p->r, p->w->truth, plain, sizeof(plain)), 12);

	if (!result_pipeline_asked(p->r))
		return;
	if (!result_rca_asked(p->r))
		words_fill(sentence(p, MUST), p->w->rca_not_asked, WORDS_END);
	else if (p->r->rca_service)
		say_root(p, scored, truth);
	else if (scored && answers_explain(p->r, symptom, cause, sizeof(symptom)))
		words_fill(sentence(p, MUST), p->w->rca_unread, "truth", truth, WORDS_END);
	else if (scored)
		words_fill(sentence(p, MUST), p->w->rca_none, "truth", truth, WORDS_END);
	else if (counts)
		words_fill(sentence(p, MUST), p->w->rca_silent, "truth", truth, WORDS_END);
}

static void say_ended_early(struct paragraph *p)
{
	_cleanup_free_ char *why = quote(evidence_why(p->r), FOREIGN_WORDS);
	char after[32], window[32];
	double after_s;

	if (evidence_ended_early(p->r, &after_s))
		words_fill(sentence(p, MUST), p->w->ended_early, "after", score_seconds(after_s, after, sizeof(after)),
			   "why", why, "window", score_seconds(p->r->window_end - p->r->inject, window, sizeof(window)),
			   WORDS_END);
}

/* Not scored, and why. */
static void say_excused(struct paragraph *p)
{
	_cleanup_free_ char *why = quote(evidence_why(p->r), FOREIGN_WORDS);
	bool judged = p->r->status == RESULT_OK || p->r->status == RESULT_NOT_RECOVERED;

	words_fill(sentence(p, MUST),
		   judged ? p->w->excused_no_pipeline
		   : *why ? p->w->excused_why
			  : p->w->excused,
		   "status", result_status_text(p->r->status), "why", why, WORDS_END);
}

/* What came out as it should have: by which of the ways. */
static const char *match_text(const struct paragraph *p)
{
	if (!p->r->detected)
		return p->w->match_silent;
	if (!result_rca_asked(p->r))
		return p->w->noticed;
	if (!p->r->rca_service)
		return p->w->match_no_root;
	return evidence_root(p->r, 0) ? p->w->match : p->w->match_not_wrong;
}

static void say_match(struct paragraph *p)
{
	uint32_t i = 0;
	const struct gap *gap = folder_next_gap(p->folder, p->r, &i);
	bool good = p->r->detected ? p->r->rca_correct || !result_rca_asked(p->r) : !result_must_detect(p->r);
	_cleanup_free_ char *symptom = NULL, *cause = NULL;
	struct text said = {}, why = {};

	if (!result_counts(p->r)) {
		say_excused(p);
		return;
	}
	if (good) {
		words_fill(sentence(p, MUST), match_text(p), WORDS_END);
		return;
	}
	if (gap)
		report_gap(p->folder, gap, p->w, &said, &why);
	symptom = quote(said.s ? said.s : "", FOREIGN_WORDS);
	cause = quote(why.s ? why.s : "", FOREIGN_WORDS);
	text_free(&said);
	text_free(&why);
	words_fill(sentence(p, MUST), gap ? p->w->mismatch : p->w->mismatch_unknown, "symptom", symptom, "cause", cause,
		   WORDS_END);
}

static void say_probe(struct paragraph *p)
{
	double before = report_number(p->r, "probe.before.pass_rate");
	double during = report_number(p->r, "probe.during.pass_rate");
	char a[32], b[32], c[32], d[32], e[32];

	if (isnan(before) || isnan(during)) {
		words_fill(sentence(p, WANTED), p->w->no_probe, WORDS_END);
		return;
	}
	words_fill(sentence(p, WANTED), p->w->probe, "before", report_percent(before, a, sizeof(a)), "during",
		   report_percent(during, b, sizeof(b)), "after",
		   report_percent(report_number(p->r, "probe.after.pass_rate"), c, sizeof(c)), "p50_before",
		   report_ms(report_number(p->r, "probe.before.latency_p50_ms"), d, sizeof(d)), "p50_during",
		   report_ms(report_number(p->r, "probe.during.latency_p50_ms"), e, sizeof(e)), WORDS_END);
}

static void say_felt(struct paragraph *p)
{
	const char *felt = json_string_value(json_object_get(p->r->detail, "felt"));
	const char *by = json_string_value(json_object_get(p->r->detail, "felt_by"));
	double least = 1;
	char n[24], chance[32];
	json_t *test, *v;
	size_t i, tested = 0;

	json_array_foreach(json_object_get(p->r->detail, "felt_tests"), i, test) {
		tested += json_is_true(json_object_get(test, "tested"));
		v = json_object_get(test, "p");
		least = json_is_number(v) ? fmin(least, json_number_value(v)) : least;
	}
	if (!felt || !tested)
		return;
	_cleanup_free_ char *quoted = quote(by ? by : "", 4);

	snprintf(n, sizeof(n), "%zu", tested);
	snprintf(chance, sizeof(chance), "%.2g", least);
	words_fill(sentence(p, WANTED), !strcmp(felt, "yes") ? p->w->felt : p->w->unfelt, "by", quoted, "p", chance,
		   "n", n, WORDS_END);
}

static void say_shift(struct paragraph *p)
{
	char before[32], during[32], spreads[32], figures[16];
	struct shift s;

	if (!evidence_shift(p->r, &s)) {
		words_fill(sentence(p, SPARE), p->w->no_shift, WORDS_END);
		return;
	}
	evidence_as_percent(&s);
	_cleanup_free_ char *what = quote(s.what, 8), *unit = quote(s.unit, 2);

	snprintf(before, sizeof(before), "%.3g", s.before);
	snprintf(during, sizeof(during), "%.3g", s.during);
	snprintf(spreads, sizeof(spreads), "%.1f", s.spreads);
	snprintf(figures, sizeof(figures), "%u", s.looked_at);
	words_fill(sentence(p, WANTED), s.usual ? p->w->shift_usual : p->w->shift, "n", figures, "what", what, "before",
		   before, "during", during, "unit", unit, "gap", *unit ? " " : "", "spreads", spreads, WORDS_END);
}

static void say_verdicts(struct paragraph *p)
{
	const json_t *verdicts = evidence_verdicts(p->r), *v;
	unsigned int held = 0, refuted = 0, unknown = 0;
	char a[16], b[16], c[16];
	size_t i;

	json_array_foreach(verdicts, i, v) {
		const char *s = json_string_value(json_object_get(v, "verdict"));

		held += s && !strcmp(s, "held");
		refuted += s && !strcmp(s, "refuted");
		unknown += !s || (strcmp(s, "held") && strcmp(s, "refuted"));
	}
	if (!json_array_size(verdicts)) {
		words_fill(sentence(p, SPARE), p->w->no_verdicts, WORDS_END);
		return;
	}
	snprintf(a, sizeof(a), "%u", held);
	snprintf(b, sizeof(b), "%u", refuted);
	snprintf(c, sizeof(c), "%u", unknown);
	words_fill(sentence(p, WANTED), p->w->verdicts, "held", a, "refuted", b, "unknown", c, WORDS_END);
}

static void say_recovery(struct paragraph *p)
{
	bool probed = !isnan(report_number(p->r, "probe.during.pass_rate"));
	char s[32];

	if (!evidence_was_on(p->r))
		return;
	if (!probed)
		words_fill(sentence(p, WANTED), p->w->recovery_unknown, WORDS_END);
	else if (p->r->recovered > 0 && p->r->end > 0)
		words_fill(sentence(p, WANTED), p->w->recovered, "time",
			   score_seconds(fmax(p->r->recovered - p->r->end, 0), s, sizeof(s)), WORDS_END);
	else
		words_fill(sentence(p, WANTED),
			   p->r->status == RESULT_ABORTED ? p->w->recovery_unwatched : p->w->not_recovered, WORDS_END);
}

static void say_loudness(struct paragraph *p)
{
	struct loudness v[4];
	struct text list = {};
	uint32_t i, count = evidence_loudness(p->r, v, ARRAY_SIZE(v));

	for (i = 0; i < count; i++) {
		_cleanup_free_ char *name = quote(v[i].service, 3);

		text_append(&list, "%s%s %u", i ? ", " : "", name ? name : "", v[i].alerts);
	}
	if (count)
		words_fill(sentence(p, SPARE), p->w->loudness, "list", list.s, WORDS_END);
	text_free(&list);
}

static void say_windows(struct paragraph *p)
{
	double baseline = p->r->baseline_end - p->r->baseline_start, window = p->r->window_end - p->r->inject;
	char a[32], b[32], n[16];

	snprintf(n, sizeof(n), "%u", p->r->false_alarms);
	if (p->r->false_alarms || evidence_has_baseline(p->r))
		words_fill(sentence(p, p->r->false_alarms ? WANTED : SPARE), p->w->false_alarms, "n", n, WORDS_END);
	if (evidence_was_on(p->r) && result_pipeline_asked(p->r) && !p->r->pipeline_reachable_during)
		words_fill(sentence(p, WANTED), p->w->blind, WORDS_END);
	if (baseline > 0 && window > 0)
		words_fill(sentence(p, SPARE), p->w->windows, "baseline", score_seconds(baseline, a, sizeof(a)),
			   "window", score_seconds(window, b, sizeof(b)), WORDS_END);
}

static void say_side_notes(struct paragraph *p)
{
	say_loudness(p);
	say_windows(p);
	words_fill(sentence(p, SPARE), p->w->status, "status", result_status_text(p->r->status), WORDS_END);
	words_fill(sentence(p, SPARE_LAST), result_counts(p->r) ? p->w->rule_basis : p->w->unscored_basis, WORDS_END);
	words_fill(sentence(p, SPARE_LAST), p->w->reader_note, WORDS_END);
	words_fill(sentence(p, SPARE_LAST), p->w->where_note, WORDS_END);
}

static uint32_t length(const struct sentence *s)
{
	return count_words(s->text.s ? s->text.s : "");
}

/*
 * Which sentences are in: all of MUST, then those of WANTED that fit, the first first, then spare ones
 * until it is long enough.
 */
static void choose(struct paragraph *p)
{
	uint32_t words = 0, i;
	int rank;

	for (rank = MUST; rank <= SPARE_LAST; rank++)
		for (i = 0; i < p->n; i++) {
			struct sentence *s = &p->v[i];
			uint32_t more = length(s);

			if (s->rank != (enum rank)rank || !more)
				continue;
			s->in = rank == MUST     ? true
				: rank == WANTED ? words + more <= ANALYSIS_MAX
						 : words < ANALYSIS_MIN;
			words += s->in ? more : 0;
		}
}

/* Most of what is said of an experiment would be about its fault: there was none. */
static void say_control(const struct result *r, const struct words *w, struct text *out)
{
	char window[32], n[16], why[512];
	struct text safe = {};

	score_seconds(r->window_end - r->inject, window, sizeof(window));
	snprintf(n, sizeof(n), "%u", score_control_alerts(r));
	evidence_unscored(r, why, sizeof(why));
	markdown_escape(&safe, why);
	words_fill(out, w->control, "window", window, WORDS_END);
	text_append(out, "\n\n");
	words_fill(out,
		   !result_counts(r)         ? w->control_unscored
		   : score_control_alerts(r) ? w->control_alarmed
					     : w->control_silent,
		   "n", n, "status", safe.s ? safe.s : "", WORDS_END);
	text_append(out, "\n");
	text_free(&safe);
}

void report_analysis(const struct folder *f, const struct result *r, const struct words *w, struct text *out)
{
	struct paragraph p = { .folder = f, .r = r, .w = w };
	const char *separator = "";
	uint32_t i;

	if (result_is_control(r)) {
		say_control(r, w, out);
		return;
	}
	say_hypothesis(&p);
	say_injected(&p);
	say_proof(&p);
	say_changes(&p);
	say_symptom(&p);
	say_ended_early(&p);
	say_detected(&p);
	say_rca(&p);
	say_match(&p);
	say_probe(&p);
	say_felt(&p);
	say_shift(&p);
	say_verdicts(&p);
	say_recovery(&p);
	say_side_notes(&p);
	choose(&p);
	for (i = 0; i < p.n; i++) {
		if (p.v[i].in && p.v[i].text.s) {
			/* A sentence that begins with a bold word begins a paragraph. */
			bool opens = !strncmp(p.v[i].text.s, "**", 2);

			text_append(out, "%s%s", *separator ? opens ? "\n\n" : " " : "", p.v[i].text.s);
			separator = " ";
		}
		text_free(&p.v[i].text);
	}
	text_append(out, "\n");
}
