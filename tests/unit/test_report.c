// SPDX-License-Identifier: GPL-2.0-only
/* The reports: their sections, their lengths, foreign text in them, and that they invent nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/report.h"
#include "report/weakness.h"
#include "result_maker.h"
#include "util/json/json_path.h"

#define EVIL "<script>alert(1)</script>|`*x*`\x1b[31m"

static const char *const langs[] = { "en", "vi" };

static void fold(struct folder *f, struct result *r, uint32_t n)
{
	uint32_t i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < n; i++)
		if (!r[i].detected)
			score_detect(&r[i]);
	f->path = strdup("/nowhere");
	f->results = r;
	f->n = n;
	f->manifest =
		json_pack("{s:{s:[[s,s],[s,s]]}}", "graph", "edges", "frontend", "payment-svc", "payment-svc", EVIL);
	score_compute(r, n, &f->score);
	assert_int_equal(score_gaps(r, n, folder_graph(f), &f->gaps, &f->n_gaps, NULL), 0);
}

/* The results are on the stack of the test. */
static void unfold(struct folder *f)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		result_free(&f->results[i]);
	f->results = NULL;
	f->n = 0;
	folder_close(f);
}

static void put(struct result *r, const char *key, json_t *v)
{
	json_object_set_new(r->detail, key, v);
}

/* Everything that can be known of an experiment. */
static void add_measurements(struct result *r)
{
	put(r, "hypothesis",
	    json_loads("{\"text\": \"order_success_rate ≥ 99.5%, checkout_p99 ≤ 800ms\","
		       "\"clauses\": [{\"verdict\": \"held\"}, {\"verdict\": \"refuted\"},"
		       "{\"verdict\": \"not_measurable\"}]}",
		       0, NULL));
	put(r, "probe",
	    json_loads("{\"before\": {\"pass_rate\": 1, \"latency_p50_ms\": 41},"
		       "\"during\": {\"pass_rate\": 0.25, \"latency_p50_ms\": 700.4},"
		       "\"after\": {\"pass_rate\": 1}}",
		       0, NULL));
	put(r, "kernel",
	    json_loads("[{\"service\": \"payment-svc\", \"metric\": \"p50\", \"unit\": \"ms\","
		       "\"before\": {\"mean\": 40, \"sd\": 10}, \"during\": {\"mean\": 90}}]",
		       0, NULL));
	put(r, "moments",
	    json_loads("{\"first_symptom\": {\"wall\": 1300.25, \"client\": \"api-gateway\","
		       "\"server\": \"payment-svc\"}}",
		       0, NULL));
	put(r, "proof", json_loads("[{\"matched\": 10, \"injected\": 4, \"first_hit\": 1300.02}]", 0, NULL));
}

static char *long_text(unsigned int words)
{
	struct text t = {};

	while (words--)
		text_append(&t, "word%u ", words);
	return t.s;
}

static void check_words(const struct folder *f, const struct result *r, const char *what)
{
	size_t l;

	for (l = 0; l < 2; l++) {
		struct text t = {};
		uint32_t n;

		report_analysis(f, r, words_find(langs[l]), &t);
		n = count_words(t.s);
		if (n < ANALYSIS_MIN || n > ANALYSIS_MAX)
			fail_msg("%s, %s: %u words:\n%s", what, langs[l], n, t.s);
		if (strchr(t.s, '{'))
			fail_msg("%s, %s: a name without a value:\n%s", what, langs[l], t.s);
		text_free(&t);
	}
}

/* Every status, found or missed, blamed or not, with and without measurements, hypotheses from none
 * to 500 words: always 80 to 150 words, in both languages. */
static void lengths(void **state)
{
	static const unsigned int hypotheses[] = { 0, 1, 30, 500 };
	int status, found, blame, measured;
	size_t h;
	(void)state;

	for (status = RESULT_OK; status <= RESULT_SKIPPED; status++)
		for (found = 0; found < 2; found++)
			for (blame = 0; blame < 3; blame++)
				for (measured = 0; measured < 2; measured++)
					for (h = 0; h < 4; h++) {
						struct result r = make_result(1, "payment_latency");
						char *text = long_text(hypotheses[h]), what[96];
						struct folder f;

						r.status = (enum result_status)status;
						if (found)
							make_alert(&r, 1310, "payment-svc");
						if (found && blame)
							make_blame(&r, blame == 1 ? "payment-svc" : "auth-svc",
								   blame == 1, 0.9);
						if (measured)
							add_measurements(&r);
						if (text)
							put(&r, "hypothesis", json_string(text));
						snprintf(what, sizeof(what),
							 "%s found %d blame %d measured %d hypothesis %u",
							 result_status_text(r.status), found, blame, measured,
							 hypotheses[h]);
						fold(&f, &r, 1);
						check_words(&f, &r, what);
						unfold(&f);
						free(text);
					}
}

static void numbers_come_from_the_run(void **state)
{
	struct result r = make_result(1, "payment_latency");
	struct folder f;
	struct text t = {};
	(void)state;

	make_alert(&r, 1328, "payment-svc");
	make_blame(&r, "payment-svc", true, 0.86);
	add_measurements(&r);
	fold(&f, &r, 1);
	report_analysis(&f, &r, words_find("en"), &t);
	assert_non_null(strstr(t.s, "“order_success_rate ≥ 99.5%, checkout_p99 ≤ 800ms”"));
	assert_non_null(strstr(t.s, "first alert after 28s; alerts in the fault window: 1."));
	assert_non_null(strstr(t.s, "RCA named payment-svc (confidence 0.86, pieces of evidence: 1), which is right"));
	assert_non_null(strstr(t.s, "passed 100 % before, 25 % during and 100 % after"));
	assert_non_null(strstr(t.s, "41 ms, then 700 ms"));
	assert_non_null(strstr(t.s, "It hit 4 of 10 matches, the first 20 ms after"));
	assert_non_null(strstr(t.s, "p50 of payment-svc: 40 to 90 ms, which is 5.0 times the spread"));
	text_free(&t);
	unfold(&f);
}

static const char *section(const char *text, const char *heading)
{
	const char *s = strstr(text, heading);

	if (!s)
		fail_msg("no section '%s' in:\n%s", heading, text);
	return s;
}

static void five_sections(void **state)
{
	struct result r[2] = { make_result(1, "payment_latency"), make_result(2, "checkout_retry_storm") };
	struct folder f;
	struct text t = {};
	const char *s;
	int i;
	(void)state;

	make_alert(&r[0], 1328, "payment-svc");
	make_blame(&r[0], "payment-svc", true, 0.9);
	for (i = 0; i < 9; i++)
		make_alert(&r[1], 1310 + i, "checkout-svc");
	make_blame(&r[1], "checkout-svc", false, 0.7);
	fold(&f, r, 2);
	report_markdown(&f, words_find("en"), &t);
	s = section(t.s, "# Chaos Engineering Report");
	s = section(s, "## 1. Setup");
	section(s, "Total experiments run:** 2");
	section(s, "not recorded by this run (author: fill in)"); /* no stack version: not made up */
	s = section(s, "## 2. Results table");
	section(s, "==== Chaos Run ====");
	s = section(s, "## 3. Detailed per-experiment analysis");
	section(s, "### 1. payment_latency");
	section(s, "### 2. checkout_retry_storm");
	s = section(s, "## 4. Gap analysis");
	section(s, "**Symptom:** 1 of 2 experiments (checkout_retry_storm)");
	section(s, "(§7.3)");
	s = section(s, "## 5. Hypotheses");
	section(s, "retries limited to one");
	assert_null(strchr(t.s, '{'));
	text_free(&t);
	unfold(&f);
}

static void at_most_three_weaknesses(void **state)
{
	static const char *const modes[] = { "-", "7.1", "-", "-", "7.3", "7.3", "7.4", "7.5" };
	struct weakness v[WEAKNESSES_MAX];
	struct gap gaps[8] = {};
	struct folder f = { .gaps = gaps, .n_gaps = 8 };
	struct text t = {};
	int i;
	(void)state;

	for (i = 0; i < 8; i++)
		snprintf(gaps[i].mode, sizeof(gaps[i].mode), "%s", modes[i]);
	assert_int_equal(weaknesses_rank(&f, v), 5);
	assert_string_equal(v[0].mode, "7.3"); /* twice */
	assert_string_equal(v[1].mode, "7.1");
	assert_string_equal(v[4].mode, "-"); /* the unexplained last, however many */
	assert_int_equal(v[4].gaps, 3);
	report_markdown(&f, words_find("en"), &t);
	assert_non_null(strstr(t.s, "### 3. "));
	assert_null(strstr(t.s, "### 4. "));
	text_free(&t);
}

static void submit(void **state)
{
	struct result r[2] = { make_result(1, "payment_latency"), make_result(2, "cache_cpu") };
	struct folder f;
	size_t l;
	(void)state;

	make_alert(&r[0], 1328, "payment-svc");
	make_blame(&r[0], "payment-svc", true, 0.9);
	fold(&f, r, 2);
	for (l = 0; l < 2; l++) {
		struct text t = {};

		report_submit(&f, words_find(langs[l]), &t);
		section(t.s, "- detected: 1/2\n- rca_correct: 1/1\n- mttd_p50: 28s\n- false_alarms: 0\n- verdict: ");
		section(t.s, "2. cache_cpu (latency, payment-svc)"); /* the one that was missed */
		section(t.s, l ? "**[Tác giả:" : "**[Author:");
		assert_null(strchr(t.s, '{'));
		text_free(&t);
	}
	unfold(&f);
}

/* A "<" that Markdown would take for a tag. */
static bool has_raw_tag(const char *s)
{
	const char *at = s;

	while ((at = strchr(at, '<'))) {
		if (at == s || at[-1] != '\\')
			return true;
		at++;
	}
	return false;
}

static void foreign_text(void **state)
{
	struct result r = make_result(1, EVIL);
	struct folder f;
	struct text html = {}, md = {}, sub = {};
	(void)state;

	free(r.target);
	r.target = strdup(EVIL);
	make_alert(&r, 1310, EVIL);
	make_blame(&r, EVIL, false, 0.99);
	json_array_clear(r.evidence);
	put(&r, "hypothesis", json_string(EVIL " \" onload='x'"));
	fold(&f, &r, 1);
	report_html(&f, words_find("en"), &html);
	report_markdown(&f, words_find("en"), &md);
	report_submit(&f, words_find("en"), &sub);
	assert_null(strstr(html.s, "<script"));
	assert_non_null(strstr(html.s, "&lt;script&gt;"));
	assert_null(strchr(html.s, 0x1b));
	assert_null(strchr(md.s, 0x1b));
	/* In Markdown a raw tag may stand only inside the fenced scoreboard. */
	assert_false(has_raw_tag(strstr(md.s, "## 3.")));
	assert_false(has_raw_tag(sub.s));
	/* Nothing is fetched. */
	assert_null(strstr(html.s, "src="));
	assert_null(strstr(html.s, "url("));
	assert_null(strstr(html.s, "href='http"));
	text_free(&html);
	text_free(&md);
	text_free(&sub);
	unfold(&f);
}

static void templates(void **state)
{
	struct text t = {};
	(void)state;

	words_fill(&t, "{b} before {a}{a}, {c} {", "a", "1", "b", "{a}", WORDS_END);
	assert_string_equal(t.s, "{a} before 11, {c} "); /* values are not filled again */
	text_free(&t);
	assert_int_equal(count_words("  one two\n\nthree "), 3);
	assert_int_equal(count_words(""), 0);
	assert_null(words_find("fr"));
	markdown_escape(&t, "a_b _c_ *d* <e> \x01");
	assert_string_equal(t.s, "a_b \\_c\\_ \\*d\\* \\<e\\>  ");
	text_free(&t);
}

/* No text of one language may miss in the other. */
static void both_languages_whole(void **state)
{
	const char *const *en = (const char *const *)words_find("en");
	const char *const *vi = (const char *const *)words_find("vi");
	size_t i, n = sizeof(struct words) / sizeof(char *);
	(void)state;

	for (i = 0; i < n; i++)
		if (!en[i] || !vi[i])
			fail_msg("text %zu of %zu is missing in %s", i, n, en[i] ? "vi" : "en");
	/* Gaps are told by the scoreboard in English; in any other language by the report. */
	vi = (const char *const *)words_find("vi")->gap;
	for (i = 0; i < sizeof(struct gap_words) / sizeof(char *); i++)
		if (!vi[i])
			fail_msg("gap text %zu is missing in vi", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),       cmocka_unit_test(numbers_come_from_the_run),
		cmocka_unit_test(five_sections), cmocka_unit_test(at_most_three_weaknesses),
		cmocka_unit_test(submit),        cmocka_unit_test(foreign_text),
		cmocka_unit_test(templates),     cmocka_unit_test(both_languages_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
