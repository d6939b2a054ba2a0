// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every sentence that is generated has a condition. Here are the runs that would make one false: each is
 * written out as scoreboard, chaos_report.md, SUBMIT.md and report.html, in both languages, and none of them
 * may say what did not happen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/report.h"
#include "result_maker.h"
#include "score/evidence.h"
#include "util/json/json_path.h"

#define WHY "order_success_rate is 41 and its limit is 90"

static void put(struct result *r, const char *key, json_t *v)
{
	json_object_set_new(r->detail, key, v);
}

static void put_text(struct result *r, const char *key, const char *json)
{
	put(r, key, json_loads(json, 0, NULL));
}

/* --- experiments, each of a kind --------------------------------------------------------------- */

static void usual(struct result *r)
{
	put_text(r, "probe",
		 "{\"before\": {\"pass_rate\": 1, \"latency_p50_ms\": 4}, \"during\": {\"pass_rate\": 0.5,"
		 "\"latency_p50_ms\": 90}, \"after\": {\"pass_rate\": 1}}");
	put_text(r, "proof",
		 "[{\"on\": 1300.0, \"off\": 1360.0, \"matched\": 10, \"injected\": 4, \"first_hit\": 1300.1,"
		 "\"targets\": [\"payment-svc\"]}]");
	put_text(r, "rollback", "{\"cause\": \"duration\", \"why\": \"\"}");
}

static void detected(struct result *r)
{
	usual(r);
	make_alert(r, 1305, "payment-svc");
	make_blame(r, "payment-svc", true, 0.9);
}

static void missed(struct result *r)
{
	usual(r);
}

/* Aborted by its own condition, with a cause named that is right and of which no score is made. */
static void aborted(struct result *r)
{
	usual(r);
	r->status = RESULT_ABORTED;
	r->window_end = r->recovered = NAN;
	make_blame(r, "payment-svc", false, 0.9);
	put_text(r, "rollback", "{\"cause\": \"abort_conditions\", \"why\": \"" WHY "\"}");
}

/* Ended before its fault began. */
static void never_began(struct result *r)
{
	r->status = RESULT_ABORTED;
	r->inject = r->end = r->window_end = r->recovered = r->baseline_end = NAN;
	r->pipeline_reachable_during = false;
	put_text(r, "proof",
		 "[{\"on\": null, \"off\": null, \"matched\": 0, \"injected\": 0, \"targets\": [\"payment-svc\"]}]");
	put_text(r, "rollback", "{\"cause\": \"signal\", \"why\": \"" WHY "\"}");
}

static void failed(struct result *r)
{
	never_began(r);
	r->status = RESULT_FAILED;
	r->baseline_start = NAN;
	put(r, "error", json_string(WHY));
}

static void skipped(struct result *r)
{
	failed(r);
	r->status = RESULT_SKIPPED;
}

static void not_manifested(struct result *r)
{
	usual(r);
	r->status = RESULT_NOT_MANIFESTED;
	put_text(
		r, "proof",
		"[{\"on\": 1300.0, \"off\": 1360.0, \"matched\": 7, \"injected\": 0, \"targets\": [\"payment-svc\"]}]");
	make_alert(r, 1305, "payment-svc");
	make_blame(r, "payment-svc", true, 0.9);
}

static void no_pipeline(struct result *r)
{
	usual(r);
	r->pipeline_reachable_before = r->pipeline_reachable_during = false;
	put(r, "pipeline_asked", json_false());
}

static void pipeline_down(struct result *r)
{
	usual(r);
	r->pipeline_reachable_before = r->pipeline_reachable_during = false;
	r->pipeline_error = strdup("connection refused");
}

static void went_blind(struct result *r)
{
	usual(r);
	r->pipeline_reachable_during = false;
	r->pipeline_error = strdup("connection refused");
}

/* It said something, and nobody understood it. */
static void unread(struct result *r)
{
	usual(r);
	make_alert(r, NAN, "payment-svc");
}

static void no_probe(struct result *r)
{
	detected(r);
	put_text(r, "probe", "{\"before\": null, \"during\": null, \"after\": null}");
}

static void no_proof(struct result *r)
{
	detected(r);
	put_text(r, "proof", "[]");
}

/* A pipeline that names no roots. */
static void no_rca(struct result *r)
{
	usual(r);
	make_alert(r, 1305, "payment-svc");
	put(r, "rca_asked", json_false());
}

static void no_root(struct result *r)
{
	usual(r);
	make_alert(r, 1305, "payment-svc");
}

static void right_to_be_silent(struct result *r)
{
	usual(r);
	put_text(r, "ground_truth", "{\"root_services\": [], \"must_detect\": false}");
}

static void only_not(struct result *r)
{
	detected(r);
	put_text(r, "ground_truth", "{\"not_services\": [\"checkout-svc\"]}");
}

/* A silent pipeline whose own answer of the cause is right all the same. */
static void missed_but_named(struct result *r)
{
	usual(r);
	make_blame(r, "payment-svc", false, 0.9);
}

/* Somebody made another fault of it while it was on. */
static void changed_by_hand(struct result *r)
{
	detected(r);
	put_text(r, "proof",
		 "[{\"on\": 1300.0, \"off\": 1360.0, \"matched\": 10, \"injected\": 4, \"first_hit\": 1300.1,"
		 "\"targets\": [\"payment-svc\"], \"changes\": [{\"t\": 1304.25, \"what\": \"set\", \"text\": "
		 "\"alice set delay=300ms (was 200ms)\"}]}]");
}

/* Two gaps in one experiment. */
static void missed_and_false_alarm(struct result *r)
{
	usual(r);
	make_alert(r, 1100, "auth-svc");
}

typedef void (*maker)(struct result *r);

static const struct {
	const char *name;
	maker make[4]; /* in turn, NULL ends them */
	uint32_t n;
} runs[] = {
	{ "nothing", { NULL }, 0 },
	{ "detected", { detected }, 1 },
	{ "missed", { missed }, 1 },
	{ "aborted", { aborted }, 1 },
	{ "never began", { never_began }, 1 },
	{ "failed", { failed }, 1 },
	{ "skipped", { skipped }, 1 },
	{ "not manifested", { not_manifested }, 1 },
	{ "no pipeline", { no_pipeline }, 1 },
	{ "pipeline down", { pipeline_down }, 1 },
	{ "went blind", { went_blind }, 1 },
	{ "unread", { unread }, 1 },
	{ "no probe", { no_probe }, 1 },
	{ "no proof", { no_proof }, 1 },
	{ "no rca", { no_rca }, 1 },
	{ "no root", { no_root }, 1 },
	{ "right to be silent", { right_to_be_silent }, 1 },
	{ "only not", { only_not }, 1 },
	{ "missed but named", { missed_but_named }, 1 },
	{ "missed, and a false alarm", { missed_and_false_alarm }, 1 },
	{ "changed by hand", { changed_by_hand }, 1 },
	{ "a mix", { detected, aborted, missed, skipped }, 4 },
	{ "all aborted", { aborted, never_began }, 10 },
	{ "detected and silent", { detected, right_to_be_silent }, 10 },
	{ "a hundred", { detected, missed, not_manifested, no_root }, 100 },
	{ "a hundred detected", { detected }, 100 },
};

/* --- what they are written out as ---------------------------------------------------------------- */

struct written {
	const char *name, *lang;
	struct folder f;
	struct text all[4]; /* scoreboard, chaos_report.md, SUBMIT.md, report.html */
};

static const char *const documents[] = { "scoreboard", "chaos_report.md", "SUBMIT.md", "report.html" };

static void write_out(struct written *w, struct result *r, uint32_t n)
{
	const struct words *words = words_find(w->lang);

	w->f = (struct folder){ .path = strdup("/nowhere"), .results = r, .n = n };
	w->f.manifest = json_pack("{s:{s:[[s,s]]}}", "graph", "edges", "checkout-svc", "payment-svc");
	score_compute(r, n, &w->f.score);
	more_compute(r, n, folder_graph(&w->f), NULL, 0, &w->f.more);
	assert_int_equal(score_gaps(r, n, folder_graph(&w->f), &w->f.gaps, &w->f.n_gaps, NULL), 0);
	memset(w->all, 0, sizeof(w->all));
	scoreboard_print(r, n, &w->f.score, w->f.gaps, w->f.n_gaps, &w->all[0]);
	report_markdown(&w->f, words, &w->all[1]);
	report_submit(&w->f, words, &w->all[2]);
	report_html(&w->f, words, &w->all[3]);
}

static void absent(const struct written *w, int from, int to, const char *sentence)
{
	int i;

	for (i = from; i < to; i++)
		if (strstr(w->all[i].s, sentence))
			fail_msg("%s, %s, %s says '%s':\n%s", w->name, w->lang, documents[i], sentence, w->all[i].s);
}

static void present(const struct written *w, int i, const char *sentence)
{
	if (!strstr(w->all[i].s, sentence))
		fail_msg("%s, %s, %s does not say '%s':\n%s", w->name, w->lang, documents[i], sentence, w->all[i].s);
}

/* The beginning of a text in words.h: what stands before its first {value}. */
static void never_says(const struct written *w, const char *template)
{
	char head[200];

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(template, "{"), template);
	if (*head)
		absent(w, 1, 4, head);
}

/* --- what may not be said of the whole ----------------------------------------------------------- */

static void check_whole(const struct written *w)
{
	const struct words *words = words_find(w->lang);
	const struct score *s = &w->f.score;

	absent(w, 0, 4, "everything was detected");
	absent(w, 1, 3, "{"); /* report.html has its style */
	if (!s->total) {
		absent(w, 0, 1, "- none\n");
		never_says(w, words->no_gaps);
		never_says(w, words->none_missed);
		never_says(w, words->nothing_open);
		never_says(w, words->fact_time);
		never_says(w, words->rejected);
		present(w, 1, words->unscored);
		present(w, 3, words->no_gaps_unscored);
	} else {
		absent(w, 1, 4, words->no_gaps_unscored);
		absent(w, 1, 4, words->unscored);
	}
	if (!s->tp) {
		never_says(w, words->fact_time);
		never_says(w, words->fact_rca);
	}
	if (s->fn)
		absent(w, 1, 4, words->none_missed);
	if (s->fn || s->rca_wrong || s->rca_none || s->false_alarms)
		never_says(w, words->no_gaps);
	if (s->accepted != (strstr(w->all[1].s, words->accepted) || strstr(w->all[1].s, words->accepted_no_rca)))
		fail_msg("%s, %s: acceptance", w->name, w->lang);
	if (!s->rca_asked)
		absent(w, 1, 2, words->accepted);
}

/* "11 of 10 experiments" */
static void check_counts(const struct written *w)
{
	const char *at = w->all[1].s;
	unsigned int n, total;

	while (!strcmp(w->lang, "en") && (at = strstr(at, "**Symptom:** "))) {
		at += strlen("**Symptom:** ");
		assert_int_equal(sscanf(at, "%u of %u", &n, &total), 2);
		if (n > total)
			fail_msg("%s: %u of %u", w->name, n, total);
	}
}

/* --- what may not be said of one ----------------------------------------------------------------- */

static void not_in(const struct written *w, const struct result *r, const char *analysis, const char *template)
{
	char head[200];

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(template, "{"), template);
	if (*head && strstr(analysis, head))
		fail_msg("%s (%s), %s says '%s':\n%s", w->name, r->id, w->lang, head, analysis);
}

static void check_one(const struct written *w, const struct result *r)
{
	const struct words *words = words_find(w->lang);
	struct text t = {};
	const char *why = evidence_why(r);
	char right[64];

	report_analysis(&w->f, r, words, &t);
	if (strstr(t.s, "n/a"))
		fail_msg("%s (%s), %s: a sentence without a figure:\n%s", w->name, r->id, w->lang, t.s);
	if (!evidence_was_on(r)) {
		not_in(w, r, t.s, words->proof_none);
		not_in(w, r, t.s, words->recovered);
		not_in(w, r, t.s, words->not_recovered);
		not_in(w, r, t.s, words->blind);
		not_in(w, r, t.s, words->received);
		assert_non_null(strstr(t.s, "payment-svc"));
		if (w->f.n == 1)
			absent(w, 3, 4, "class='box hit");
	}
	if (!result_counts(r)) {
		not_in(w, r, t.s, words->detected);
		not_in(w, r, t.s, words->missed);
		not_in(w, r, t.s, words->rca_silent);
		not_in(w, r, t.s, words->match);
		not_in(w, r, t.s, words->mismatch);
		not_in(w, r, t.s, words->rule_basis);
	}
	if (isnan(report_number(r, "probe.during.pass_rate")))
		not_in(w, r, t.s, words->recovered);
	if (!result_pipeline_asked(r)) {
		not_in(w, r, t.s, words->false_alarms);
		not_in(w, r, t.s, words->blind);
	}
	if (!r->pipeline_reachable_during || isnan(r->alerts.n ? r->alerts.v[0].time_s : 0))
		not_in(w, r, t.s, words->missed);
	if (!r->detected && !result_must_detect(r))
		not_in(w, r, t.s, words->mismatch_unknown);
	if (!strcmp(w->name, "changed by hand")) {
		int i;

		assert_non_null(strstr(t.s, "alice set delay=300ms (was 200ms)"));
		for (i = 0; i < 4; i += i ? 2 : 1) /* the submission has no room for it */
			present(w, i, "alice set delay=300ms (was 200ms)");
		present(w, 0, "4.2 s after the injection");
		present(w, 3, "class='change'");
	}
	/* "RCA named db, which is wrong; the truth is db" */
	snprintf(right, sizeof(right), "%s", words->wrong);
	if (r->rca_service && !strcmp(r->rca_service, "payment-svc") && strstr(t.s, right) &&
	    strcmp(w->name, "only not") != 0)
		fail_msg("%s, %s calls the truth wrong:\n%s", w->name, w->lang, t.s);
	if (!result_counts(r) && why) {
		assert_non_null(strstr(t.s, why));
		present(w, 0, why);
		present(w, 1, why);
		present(w, 3, why);
	}
	text_free(&t);
}

static void nothing_false_is_said(void **state)
{
	static const char *const langs[] = { "en", "vi" };
	size_t i, l, k;
	uint32_t e;
	(void)state;

	for (i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		for (l = 0; l < 2; l++) {
			struct written w = { .name = runs[i].name, .lang = langs[l] };
			struct result *r = calloc(runs[i].n + 1, sizeof(*r));
			uint32_t makers = 0;

			while (makers < 4 && runs[i].make[makers])
				makers++;
			for (e = 0; e < runs[i].n; e++) {
				char id[32];

				snprintf(id, sizeof(id), "experiment_%u", e + 1);
				r[e] = make_result((int)e + 1, id);
				runs[i].make[e % makers](&r[e]);
				score_detect(&r[e]);
			}
			write_out(&w, r, runs[i].n);
			check_whole(&w);
			check_counts(&w);
			for (e = 0; e < runs[i].n && e < 8; e++)
				check_one(&w, &r[e]);
			for (k = 0; k < 4; k++)
				text_free(&w.all[k]);
			folder_close(&w.f);
		}
}

static uint32_t gaps_of(maker make, char *ret, size_t size)
{
	struct result *r = calloc(2, sizeof(*r));
	struct written w = { .name = "one", .lang = "en" };
	uint32_t n, k;

	r[0] = make_result(1, "experiment_1");
	make(&r[0]);
	score_detect(&r[0]);
	write_out(&w, r, 1);
	n = w.f.n_gaps;
	snprintf(ret, size, "%s", n ? w.f.gaps[0].symptom : "");
	for (k = 0; k < 4; k++)
		text_free(&w.all[k]);
	folder_close(&w.f);
	return n;
}

/* What stands between the pipeline and us is named, and is not taken for its silence. */
static void gaps_name_the_reason(void **state)
{
	char symptom[256];
	(void)state;

	assert_int_equal(gaps_of(pipeline_down, symptom, sizeof(symptom)), 1);
	assert_non_null(strstr(symptom, "could not be reached, before it or during it"));
	assert_int_equal(gaps_of(went_blind, symptom, sizeof(symptom)), 1);
	assert_non_null(strstr(symptom, "stopped answering with the fault"));
	assert_int_equal(gaps_of(no_pipeline, symptom, sizeof(symptom)), 0);
	assert_int_equal(gaps_of(right_to_be_silent, symptom, sizeof(symptom)), 0);
	assert_int_equal(gaps_of(missed_and_false_alarm, symptom, sizeof(symptom)), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_false_is_said),
		cmocka_unit_test(gaps_name_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
