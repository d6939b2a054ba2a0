// SPDX-License-Identifier: GPL-2.0-only
/* Two runs, experiment by experiment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/compare/compare.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void found(struct result *r, double after_s, const char *blamed)
{
	make_alert(r, 1300 + after_s, "payment-svc");
	if (blamed)
		make_blame(r, blamed, !strcmp(blamed, "payment-svc"), 0.9);
	score_detect(r);
}

static void free_all(struct result *r, int n)
{
	while (n--)
		result_free(&r[n]);
}

static void make_all(struct result *r, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		char id[16];

		snprintf(id, sizeof(id), "e%d", i);
		r[i] = make_result(i + 1, id);
	}
}

static enum pair_change change_of(struct comparison *c, uint32_t i)
{
	return c->pairs[i].change;
}

/* Every change there is; and what is in one run only. */
static void changes(void **state)
{
	struct result a[10], b[9];
	struct comparison c;
	char buf[200];
	(void)state;

	make_all(a, 10);
	make_all(b, 9);
	free(b[8].id);
	b[8].id = strdup("new");
	found(&a[0], 10, "payment-svc"); /* missed in b */
	found(&b[1], 10, "payment-svc"); /* found in b */
	found(&a[2], 10, "payment-svc");
	found(&b[2], 10, "auth-svc");
	found(&a[3], 10, "payment-svc");
	found(&b[3], 15, "payment-svc"); /* half as long again and 5 s */
	found(&a[4], 10, "payment-svc");
	found(&b[4], 14.9, "payment-svc"); /* not quite */
	found(&a[5], 20, "payment-svc");
	found(&b[5], 10, "payment-svc");
	a[6].status = RESULT_FAILED;
	b[7].status = RESULT_NOT_MANIFESTED;
	assert_int_equal(comparison_make(a, 10, b, 9, &c), 0);
	assert_int_equal(c.n, 8);
	assert_int_equal(c.scored, 6);
	assert_int_equal(change_of(&c, 0), PAIR_MISSED);
	assert_int_equal(change_of(&c, 1), PAIR_DETECTED);
	assert_int_equal(change_of(&c, 2), PAIR_ROOT_LOST);
	assert_int_equal(change_of(&c, 3), PAIR_SLOWER);
	assert_int_equal(change_of(&c, 4), PAIR_SAME);
	assert_int_equal(change_of(&c, 5), PAIR_FASTER);
	assert_int_equal(change_of(&c, 6), PAIR_SCORED);
	assert_int_equal(change_of(&c, 7), PAIR_UNSCORED);
	assert_string_equal(pair_text(&c.pairs[2], buf, sizeof(buf)), "e2: right root in A, not in B (auth-svc)");
	assert_string_equal(pair_text(&c.pairs[3], buf, sizeof(buf)), "e3: detected after 10s in A, 15s in B");
	assert_string_equal(pair_text(&c.pairs[7], buf, sizeof(buf)), "e7: scored in A, not_manifested in B");
	assert_true(c.n_only_a == 2 && !strcmp(c.only_a[0]->id, "e8") && !strcmp(c.only_a[1]->id, "e9"));
	assert_true(c.n_only_b == 1 && !strcmp(c.only_b[0]->id, "new"));
	/* 8 in both, 7 scored in A, 7 in B; 6 in both: 5 detected in A, 5 in B, 4 in both; 4 asked, 4 and 3 right. */
	assert_true(c.answers[COMPARE_SCORED].pairs == 8 && c.answers[COMPARE_SCORED].counts.both == 6);
	assert_true(c.answers[COMPARE_DETECTED].pairs == 6 && c.answers[COMPARE_DETECTED].counts.both == 4);
	assert_true(near(c.answers[COMPARE_DETECTED].difference, 0) && near(c.answers[COMPARE_DETECTED].p, 1));
	assert_true(c.answers[COMPARE_ROOT].pairs == 4 && near(c.answers[COMPARE_ROOT].difference, -0.25));
	assert_true(c.answers[COMPARE_QUIET].pairs == 6 && c.answers[COMPARE_QUIET].counts.both == 6);
	/* 0, +5, +4.9, -10: one zero; ranks 2, 1, 3; W+ 3 */
	assert_true(c.delays == 4 && c.delay.n == 3 && c.delay.zeros == 1 && near(c.delay.w_plus, 3));
	assert_false(comparison_regressed(&c));
	comparison_free(&c);
	free_all(a, 10);
	free_all(b, 9);
}

/* Six of ten that are not found any more: p = 2 / 64, worse; five: 2 / 32, not. The other way round it is better. */
static void significant(void **state)
{
	struct result a[10], b[10];
	struct comparison c;
	int lost, i;
	(void)state;

	for (lost = 5; lost <= 6; lost++) {
		make_all(a, 10);
		make_all(b, 10);
		for (i = 0; i < 10; i++) {
			found(&a[i], 10, NULL);
			if (i >= lost)
				found(&b[i], 10, NULL);
		}
		assert_int_equal(comparison_make(a, 10, b, 10, &c), 0);
		assert_true(near(c.answers[COMPARE_DETECTED].p, lost == 6 ? 2.0 / 64 : 2.0 / 32));
		assert_int_equal(comparison_regressed(&c), lost == 6);
		comparison_free(&c);
		assert_int_equal(comparison_make(b, 10, a, 10, &c), 0);
		assert_false(comparison_regressed(&c));
		assert_int_equal(answer_is_better(&c.answers[COMPARE_DETECTED]), lost == 6);
		comparison_free(&c);
		free_all(a, 10);
		free_all(b, 10);
	}
}

/* Each a second or more later: of 6 pairs p = 2 / 64. A millionth of a second is no delay at all. */
static void slower(void **state)
{
	struct result a[6], b[6];
	struct comparison c;
	int i, later;
	(void)state;

	for (later = 0; later < 2; later++) {
		make_all(a, 6);
		make_all(b, 6);
		for (i = 0; i < 6; i++) {
			found(&a[i], 10, NULL);
			found(&b[i], later ? 11 + i : 10 + 1e-6, NULL);
		}
		assert_int_equal(comparison_make(a, 6, b, 6, &c), 0);
		assert_true(near(c.delay.p, later ? 2.0 / 64 : 1));
		assert_int_equal(delay_is_worse(&c), later);
		assert_int_equal(comparison_regressed(&c), later);
		comparison_free(&c);
		assert_int_equal(comparison_make(b, 6, a, 6, &c), 0);
		assert_int_equal(delay_is_better(&c), later);
		assert_false(comparison_regressed(&c));
		comparison_free(&c);
		free_all(a, 6);
		free_all(b, 6);
	}
}

/* Repeats are paired in their order; a run without a pipeline has nothing that could be compared. */
static void repeats(void **state)
{
	struct result a[3], b[3];
	struct comparison c;
	char buf[200];
	int i;
	(void)state;

	for (i = 0; i < 3; i++) {
		a[i] = make_result(i + 1, "same");
		b[i] = make_result(i + 1, "same");
		json_object_set_new(b[i].detail, "pipeline_asked", json_boolean(i != 2));
	}
	found(&a[1], 10, NULL);
	assert_int_equal(comparison_make(a, 3, b, 2, &c), 0);
	assert_true(c.n == 2 && c.n_only_a == 1 && c.pairs[1].repeat == 1);
	assert_string_equal(pair_text(&c.pairs[1], buf, sizeof(buf)), "same (repeat 2): detected in A, missed in B");
	comparison_free(&c);
	assert_int_equal(comparison_make(a, 1, b + 2, 1, &c), 0);
	assert_true(c.n == 1 && c.scored == 0 && isnan(c.answers[COMPARE_DETECTED].difference));
	comparison_free(&c);
	free_all(a, 3);
	free_all(b, 3);
}

/* No line is wider than 80 columns, whatever the names are, and none of them begins a line of its own. */
static void narrow(void **state)
{
	struct result a[40], b[40];
	struct comparison c;
	struct text out = {};
	const char *line;
	int i;
	(void)state;

	make_all(a, 40);
	make_all(b, 40);
	for (i = 0; i < 40; i++) {
		if (i % 3 == 0) {
			free(b[i].id);
			b[i].id = strdup("an\nexperiment of another name");
		}
		found(&a[i], 5 + i, "a service with a long name, longer than most");
		if (i % 2)
			found(&b[i], 150 + i, "payment-svc");
	}
	assert_int_equal(comparison_make(a, 40, b, 40, &c), 0);
	comparison_print(&c, &out);
	for (line = out.s; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!*line)
			break;
		assert_true(strcspn(line, "\n") <= 80);
		assert_true(strncmp(line, "experiment of", 13) != 0);
	}
	assert_non_null(strstr(out.s, "\nB is worse than chance explains:"));
	text_free(&out);
	comparison_free(&c);
	free_all(a, 40);
	free_all(b, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes), cmocka_unit_test(significant), cmocka_unit_test(slower),
		cmocka_unit_test(repeats), cmocka_unit_test(narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
