// SPDX-License-Identifier: GPL-2.0-only
/* Several true roots, lists of causes, nearness in the graph: the cases of docs/scoring.md, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "result_maker.h"
#include "score/roots.h"
#include "score/statistics.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* a calls b, b calls c and d: b has three neighbours, the others one. */
static json_t *edges(void)
{
	return json_pack("{s:[[s,s],[s,s],[s,s]]}", "edges", "a", "b", "b", "c", "b", "d");
}

static struct root_scores score(const char *truth, const char *named)
{
	static struct graph g;
	struct root_lists l = {};
	struct root_scores s;
	json_t *e = edges();
	static char letters[26][2];
	const char *p;

	for (p = truth; *p; p++) {
		letters[*p - 'a'][0] = *p;
		l.truth[l.n_truth++] = letters[*p - 'a'];
	}
	for (p = named; *p; p++) {
		letters[*p - 'a'][0] = *p;
		l.named[l.n_named++] = letters[*p - 'a'];
	}
	graph_init(&g, e);
	root_scores_compute(&l, &g, &s);
	json_decref(e);
	return s;
}

static bool is(struct root_scores s, double precision, double recall, double f1, double proximity, double ntam)
{
	return near(s.precision, precision) && near(s.recall, recall) && near(s.f1, f1) &&
	       near(s.proximity, proximity) && near(s.ntam, ntam);
}

static void by_hand(void **state)
{
	/* a way of cost 6 (a call, 2, to b with its 3 neighbours), of 8 (back from b to a leaf: 2 more) */
	const double six = pow(1.0 / 7, 0.289), eight = pow(1.0 / 9, 0.289), two = pow(1.0 / 3, 0.289);
	(void)state;

	assert_true(is(score("c", "c"), 1, 1, 1, 1, 1));
	assert_true(is(score("c", "b"), 0, 0, 0, 1.0 / 2, six * six));
	assert_true(is(score("b", "c"), 0, 0, 0, 1.0 / 2, two * two));
	assert_true(is(score("c", "d"), 0, 0, 0, 1.0 / 3, eight * eight));
	assert_true(is(score("c", "cb"), 1.0 / 2, 1, 2.0 / 3, 1.0 / 2, 1.0 / 2));
	assert_true(is(score("c", "bdc"), 1.0 / 3, 1, 1.0 / 2, 1.0 / 3, 1.0 / 3));
	/* Of two roots one: (1 + x)^2 / 2 / 2 over 2 (1 + x) / 2, x being what the other is worth. */
	assert_true(is(score("cd", "c"), 1, 1.0 / 2, 2.0 / 3, (1 + 1.0 / 3) / 2, (1 + eight) / 4));
	assert_true(is(score("cd", "dc"), 1, 1, 1, 1, 1));
	/* What the graph does not know is infinitely far, and so is a list of nothing. */
	assert_true(is(score("c", "z"), 0, 0, 0, 0, 0));
	assert_true(is(score("c", ""), 0, 0, 0, 0, 0));
	assert_true(score("cd", "c").any && !score("cd", "c").all && score("cd", "cd").all && !score("c", "b").any);
}

/* Of a run: means over the detected whose pipeline names causes and whose truth names a root. */
static void of_a_run(void **state)
{
	static const char *const lists[][3] = { { "payment-svc", "b" }, { "b" }, { "payment-svc", "PAYMENT-SVC" } };
	struct more_scores m;
	struct result r[4];
	uint32_t i, k;
	(void)state;

	for (i = 0; i < 4; i++) {
		r[i] = make_result((int)i + 1, "x");
		if (i == 3) /* missed: no list to judge */
			continue;
		make_alert(&r[i], 1310, "b");
		score_detect(&r[i]);
		r[i].causes = calloc(3, sizeof(*r[i].causes));
		for (k = 0; k < 3 && lists[i][k]; k++)
			snprintf(r[i].causes[r[i].n_causes++].service, 128, "%s", lists[i][k]);
	}
	more_compute(r, 4, NULL, NULL, 0, &m);
	assert_int_equal(m.rooted, 3);
	/* 1/2, 0, and 1: a service counts once */
	assert_true(near(m.set_precision, 0.5) && near(m.set_recall, 2.0 / 3) && near(m.any_root, 2.0 / 3));
	assert_true(near(m.set_f1, (2.0 / 3 + 0 + 1) / 3) && near(m.all_roots, 2.0 / 3));
	assert_true(near(m.proximity, 0.5) && near(m.ntam, 0.5));
	for (i = 0; i < 4; i++)
		result_free(&r[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(of_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
