// SPDX-License-Identifier: GPL-2.0-only
/* compare.c - see compare.h */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/compare/compare.h"
#include "util/cleanup.h"
#include "util/percentile.h"

#define SLOWER_RATIO 1.5
#define SLOWER_S     5.0

static bool much_longer(double is, double was)
{
	return is >= was * SLOWER_RATIO && is >= was + SLOWER_S;
}

static enum pair_change detected_in_both(const struct result *was, const struct result *is)
{
	bool asked = result_rca_asked(was) && result_rca_asked(is);

	if (asked && was->rca_correct != is->rca_correct)
		return was->rca_correct ? PAIR_ROOT_LOST : PAIR_ROOT_FOUND;
	if (much_longer(is->mttd_s, was->mttd_s))
		return PAIR_SLOWER;
	return much_longer(was->mttd_s, is->mttd_s) ? PAIR_FASTER : PAIR_SAME;
}

enum pair_change pair_change_of(const struct result *was, const struct result *is)
{
	bool scored_was = result_counts(was), scored_is = result_counts(is);

	if (scored_was != scored_is)
		return scored_was ? PAIR_UNSCORED : PAIR_SCORED;
	if (!scored_was || (!was->detected && !is->detected))
		return PAIR_SAME;
	if (was->detected && is->detected)
		return detected_in_both(was, is);
	if (!result_must_detect(was) || !result_must_detect(is))
		return PAIR_SAME;
	return was->detected ? PAIR_MISSED : PAIR_DETECTED;
}

bool pair_is_worse(enum pair_change change)
{
	return change >= PAIR_UNSCORED && change <= PAIR_SLOWER;
}

/* --- pairing ---------------------------------------------------------------------------------- */

/* The first of @v with this id that is not taken, and how many of them are; @n: none. */
static uint32_t next_of(const struct result *v, uint32_t n, const char *id, const bool *taken, uint32_t *ret_before)
{
	uint32_t i;

	*ret_before = 0;
	for (i = 0; i < n; i++) {
		if (strcmp(v[i].id, id) != 0)
			continue;
		if (!taken[i])
			return i;
		++*ret_before;
	}
	return n;
}

static int pair_up(const struct result *a, uint32_t n_a, const struct result *b, uint32_t n_b, struct comparison *ret)
{
	_cleanup_free_ bool *taken = calloc(n_b + 1u, sizeof(*taken));
	uint32_t i, j, repeat;

	ret->pairs = calloc(n_a + 1u, sizeof(*ret->pairs));
	ret->only_a = calloc(n_a + 1u, sizeof(*ret->only_a));
	ret->only_b = calloc(n_b + 1u, sizeof(*ret->only_b));
	if (!taken || !ret->pairs || !ret->only_a || !ret->only_b)
		return -ENOMEM;
	for (i = 0; i < n_a; i++) {
		j = next_of(b, n_b, a[i].id, taken, &repeat);
		if (j == n_b) {
			ret->only_a[ret->n_only_a++] = &a[i];
			continue;
		}
		taken[j] = true;
		ret->pairs[ret->n++] = (struct compare_pair){ &a[i], &b[j], repeat, pair_change_of(&a[i], &b[j]) };
	}
	for (j = 0; j < n_b; j++)
		if (!taken[j])
			ret->only_b[ret->n_only_b++] = &b[j];
	return 0;
}

/* --- the questions ------------------------------------------------------------------------------ */

static bool both_scored(const struct compare_pair *p)
{
	return result_counts(p->a) && result_counts(p->b);
}

static bool both_detected(const struct compare_pair *p)
{
	return both_scored(p) && p->a->detected && p->b->detected;
}

static bool has_baseline(const struct result *r)
{
	return r->baseline_start > 0 && r->baseline_end > r->baseline_start;
}

static bool is_asked(enum compare_question q, const struct compare_pair *p)
{
	switch (q) {
	case COMPARE_SCORED: return true;
	case COMPARE_DETECTED: return both_scored(p) && result_must_detect(p->a) && result_must_detect(p->b);
	case COMPARE_ROOT: return both_detected(p) && result_rca_asked(p->a) && result_rca_asked(p->b);
	case COMPARE_QUIET: return both_scored(p) && has_baseline(p->a) && has_baseline(p->b);
	default: return false;
	}
}

static bool is_yes(enum compare_question q, const struct result *r)
{
	switch (q) {
	case COMPARE_SCORED: return result_counts(r);
	case COMPARE_DETECTED: return r->detected;
	case COMPARE_ROOT: return r->rca_correct;
	default: return !r->false_alarms;
	}
}

static void ask(struct comparison *c, enum compare_question q)
{
	struct compare_answer *answer = &c->answers[q];
	struct paired_counts *n = &answer->counts;
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		const struct compare_pair *p = &c->pairs[i];
		bool a = is_yes(q, p->a), b = is_yes(q, p->b);

		if (!is_asked(q, p))
			continue;
		answer->pairs++;
		n->both += a && b;
		n->only_a += a && !b;
		n->only_b += !a && b;
		n->neither += !a && !b;
	}
	answer->difference = paired_difference(n, &answer->interval);
	answer->p = mcnemar_exact(n->only_a, n->only_b);
}

static int compare_delays(struct comparison *c)
{
	_cleanup_free_ double *v = calloc(3 * (c->n + 1u), sizeof(*v));
	uint32_t i, n = 0;
	double *a, *b;

	if (!v)
		return -ENOMEM;
	a = v + c->n + 1;
	b = a + c->n + 1;
	for (i = 0; i < c->n; i++) {
		const struct compare_pair *p = &c->pairs[i];

		if (!both_detected(p) || !isfinite(p->a->mttd_s) || !isfinite(p->b->mttd_s))
			continue;
		a[n] = p->a->mttd_s;
		b[n] = p->b->mttd_s;
		/* A time is a difference of two epochs: what is equal differs in its last digits. */
		v[n] = round((b[n] - a[n]) * 1e3) / 1e3;
		n++;
	}
	c->delays = n;
	c->median_a_s = percentile(a, n, 0.5);
	c->median_b_s = percentile(b, n, 0.5);
	return signed_ranks_compute(v, n, &c->delay);
}

int comparison_make(const struct result *a, uint32_t n_a, const struct result *b, uint32_t n_b, struct comparison *ret)
{
	enum compare_question q;
	uint32_t i;

	memset(ret, 0, sizeof(*ret));
	if (pair_up(a, n_a, b, n_b, ret))
		return -ENOMEM;
	for (i = 0; i < ret->n; i++)
		ret->scored += both_scored(&ret->pairs[i]);
	for (q = 0; q < COMPARE_QUESTIONS; q++)
		ask(ret, q);
	return compare_delays(ret);
}

void comparison_free(struct comparison *c)
{
	free(c->pairs);
	free(c->only_a);
	free(c->only_b);
	memset(c, 0, sizeof(*c));
}

bool answer_is_worse(const struct compare_answer *a)
{
	return a->p < PAIRED_ALPHA && a->counts.only_a > a->counts.only_b;
}

bool answer_is_better(const struct compare_answer *a)
{
	return a->p < PAIRED_ALPHA && a->counts.only_b > a->counts.only_a;
}

/* Positive are the slower ones; by chance they have half of all ranks, n (n + 1) / 4. */
bool delay_is_worse(const struct comparison *c)
{
	return c->delay.p < PAIRED_ALPHA && 4 * c->delay.w_plus > (double)c->delay.n * (c->delay.n + 1);
}

bool delay_is_better(const struct comparison *c)
{
	return c->delay.p < PAIRED_ALPHA && !delay_is_worse(c);
}

bool comparison_regressed(const struct comparison *c)
{
	enum compare_question q;
	bool worse = delay_is_worse(c);

	for (q = 0; q < COMPARE_QUESTIONS; q++)
		worse |= answer_is_worse(&c->answers[q]);
	return worse;
}
