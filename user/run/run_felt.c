// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_felt.c - did users feel the experiment under way? The tests of measure/visible/felt.h on the probe and on the
 * metrics that the hypothesis names, into its result as `felt` and `felt_tests` (docs/results.md).
 */
#include <math.h>
#include <string.h>

#include "measure/visible/felt.h"
#include "run/run_private.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define FLOOR_LATENCY_S 0.002
#define FLOOR_SHARE     0.01

struct asked {
	const struct run *r;
	const struct turn *t;
	struct felt_test v[FELT_TESTS_MAX];
	uint32_t n;
};

/* The share of tries that pass, or what takes larger values (@worse 1) or smaller ones when it is bad. */
static void ask(struct asked *a, const char *name, bool share, int worse, double floor)
{
	_cleanup_free_ double *before = NULL, *during = NULL;
	struct felt_test *test = &a->v[a->n];
	double fault_s = (double)(a->t->end_ns - a->t->inject_ns) / 1e9;
	uint32_t n = 0, m = 0, i;

	for (i = 0; i < a->n; i++)
		if (!strcmp(a->v[i].what, name))
			return;
	if (a->n == FELT_TESTS_MAX ||
	    metrics_samples(a->r->metrics, name, a->t->baseline_ns, a->t->inject_ns, &before, &n) ||
	    metrics_samples(a->r->metrics, name, a->t->inject_ns, a->t->end_ns, &during, &m))
		return;
	text_copy(test->what, sizeof(test->what), name);
	a->n++;
	if (share)
		felt_by_share(before, n, during, m, fault_s, test);
	else
		felt_by_values(before, n, during, m, fault_s, worse, floor, test);
}

/* A clause "x <= 3" is hurt by larger values, "x >= 99 %" by smaller ones. */
static void ask_clause(struct asked *a, const struct expr_clause *c)
{
	struct metric_source source;
	char name[EXPR_NAME_MAX];
	int worse = c->op == EXPR_LE || c->op == EXPR_LT ? 1 : c->op == EXPR_GE || c->op == EXPR_GT ? -1 : 0;

	expr_clause_name(c, name, sizeof(name));
	if (!worse || metric_resolve(a->r->suite, name, &source, NULL))
		return;
	if (source.kind == METRIC_PROMETHEUS)
		ask(a, name, false, worse, 0);
	else if (source.kind == METRIC_KERNEL)
		ask(a, name, false, worse, source.kernel.stat <= KERNEL_MEAN ? FLOOR_LATENCY_S : FLOOR_SHARE);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *tests_json(const struct asked *a)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		const struct felt_test *t = &a->v[i];
		bool any = t->n_before && t->n_during;

		json_array_append_new(list, json_pack("{s:s, s:b, s:o, s:o, s:i, s:i, s:o, s:o}", "what", t->what,
						      "tested", t->tested, "before", number(any ? t->before : NAN),
						      "during", number(any ? t->during : NAN), "n_before",
						      (int)t->n_before, "n_during", (int)t->n_during, "p",
						      number(t->tested ? t->p : NAN), "first_bad_s", number(t->at_s)));
	}
	return list;
}

void run_add_felt(const struct run *r, struct turn *t)
{
	struct asked a = { .r = r, .t = t };
	const struct felt_test *by = NULL;
	enum felt felt = FELT_UNKNOWN;
	uint32_t i;

	if (t->inject_ns && t->end_ns > t->inject_ns) {
		if (r->probe) {
			ask(&a, "probe_success_rate", true, -1, 0);
			ask(&a, "probe_p50", false, 1, FLOOR_LATENCY_S);
		}
		for (i = 0; i < t->x->n_clauses; i++)
			ask_clause(&a, &t->x->clauses[i]);
		felt = felt_judge(a.v, a.n, &by);
	}
	json_object_set_new(t->result.detail, "felt", json_string(felt_text(felt)));
	json_object_set_new(t->result.detail, "felt_by", felt == FELT_YES ? json_string(by->what) : json_null());
	json_object_set_new(t->result.detail, "felt_after_s", felt == FELT_YES ? number(by->at_s) : json_null());
	json_object_set_new(t->result.detail, "felt_tests", tests_json(&a));
}
