// SPDX-License-Identifier: GPL-2.0-only
/* compare_words.c - a comparison for people, 80 columns wide. See compare.h. */
#include <math.h>
#include <string.h>

#include "score/compare/compare.h"
#include "score/score.h"

#define WIDTH 80
/* With fewer pairs that differ no p is below 0.05: 2 * 2^-5 is 0.0625. */
#define FEWEST_THAT_TELL 6

const char *compare_question_text(enum compare_question q)
{
	static const char *const words[] = { "scored", "detected", "right root", "no false alarm" };

	return words[q];
}

const char *pair_change_text(enum pair_change change)
{
	static const char *const words[] = { "same",   "unscored", "missed",     "root_lost", "slower",
					     "scored", "detected", "root_found", "faster" };

	return words[change];
}

static const char *root_of(const struct result *r)
{
	return r->rca_service ? r->rca_service : "no cause";
}

static void change_words(const struct compare_pair *p, char *buf, size_t size)
{
	char a[32], b[32];

	switch (p->change) {
	case PAIR_UNSCORED: snprintf(buf, size, "scored in A, %s in B", result_status_text(p->b->status)); break;
	case PAIR_SCORED: snprintf(buf, size, "%s in A, scored in B", result_status_text(p->a->status)); break;
	case PAIR_MISSED: snprintf(buf, size, "detected in A, missed in B"); break;
	case PAIR_DETECTED: snprintf(buf, size, "missed in A, detected in B"); break;
	case PAIR_ROOT_LOST: snprintf(buf, size, "right root in A, not in B (%.60s)", root_of(p->b)); break;
	case PAIR_ROOT_FOUND: snprintf(buf, size, "wrong root in A (%.60s), right in B", root_of(p->a)); break;
	default:
		snprintf(buf, size, "detected after %s in A, %s in B", score_seconds(p->a->mttd_s, a, sizeof(a)),
			 score_seconds(p->b->mttd_s, b, sizeof(b)));
	}
}

const char *pair_text(const struct compare_pair *p, char *buf, size_t size)
{
	char what[160], repeat[32] = "";

	buf[0] = '\0';
	if (p->change == PAIR_SAME)
		return buf;
	change_words(p, what, sizeof(what));
	if (p->repeat)
		snprintf(repeat, sizeof(repeat), " (repeat %u)", p->repeat + 1);
	snprintf(buf, size, "%.128s%s: %s", p->a->id, repeat, what);
	text_one_line(buf);
	return buf;
}

/* --- lines ------------------------------------------------------------------------------------ */

static size_t columns(const char *s, size_t bytes)
{
	size_t n = 0;

	while (bytes--)
		n += ((unsigned char)*s++ & 0xc0) != 0x80;
	return n;
}

/* @text broken between words; what follows the first line stands @indent columns in. */
static void print_wrapped(struct text *out, const char *text, int indent)
{
	size_t at = 0;

	while (*text) {
		size_t len = strcspn(text, " "), wide = columns(text, len);

		if (at && at + 1 + wide > WIDTH) {
			text_append(out, "\n%*s", indent, "");
			at = (size_t)indent;
		} else if (at) {
			text_append(out, " ");
			at++;
		}
		text_append_bytes(out, text, len);
		at += wide;
		text += len;
		text += strspn(text, " ");
	}
	text_append(out, "\n");
}

static void print_p(struct text *out, double p)
{
	if (p < 0.001)
		text_append(out, "  %6s\n", "<0.001");
	else
		text_append(out, "  %6.3f\n", p);
}

static void print_answer(const struct comparison *c, enum compare_question q, struct text *out)
{
	const struct compare_answer *a = &c->answers[q];
	char effect[40];

	if (!a->pairs) {
		text_append(out, "%-14s  %5u  %5s  %5s  %5s  %6s  %-20s  %6s\n", compare_question_text(q), 0, "-", "-",
			    "-", "-", "-", "-");
		return;
	}
	snprintf(effect, sizeof(effect), "%+.0f %% [%+.0f..%+.0f]", 100 * a->difference, 100 * a->interval.low,
		 100 * a->interval.high);
	text_append(out, "%-14s  %5u  %5u  %5u  %5u  %6u  %-20s", compare_question_text(q), a->pairs,
		    a->counts.both + a->counts.only_a, a->counts.both + a->counts.only_b, a->counts.only_a,
		    a->counts.only_b, effect);
	print_p(out, a->p);
}

/* "+2.1 s [-0.4..+9.0]", no wider than its column. */
static void delay_effect(const struct signed_ranks *d, char *buf, size_t size)
{
	bool bounded = isfinite(d->interval.low) && isfinite(d->interval.high);
	double most = bounded ? fmax(fabs(d->interval.low), fabs(d->interval.high)) : fabs(d->shift);
	int digits = most < 99.95 ? 1 : 0;

	if (bounded)
		snprintf(buf, size, "%+.*f s [%+.*f..%+.*f]", digits, d->shift, digits, d->interval.low, digits,
			 d->interval.high);
	else
		snprintf(buf, size, "%+.*f s [n/a]", digits, d->shift);
}

static void print_delay(const struct comparison *c, struct text *out)
{
	const struct signed_ranks *d = &c->delay;
	char a[32], b[32], effect[64];

	if (!c->delays) {
		text_append(out, "%-14s  %5u  %5s  %5s  %5s  %6s  %-20s  %6s\n", "delay, median", 0, "-", "-", "-", "-",
			    "-", "-");
		return;
	}
	delay_effect(d, effect, sizeof(effect));
	text_append(out, "%-14s  %5u  %5s  %5s  %5u  %6u  %-20s", "delay, median", c->delays,
		    score_seconds(c->median_a_s, a, sizeof(a)), score_seconds(c->median_b_s, b, sizeof(b)), d->positive,
		    d->n - d->positive, effect);
	print_p(out, d->p);
}

static void print_changes(const struct comparison *c, bool worse, struct text *out)
{
	char line[400];
	uint32_t i, n = 0;

	for (i = 0; i < c->n; i++) {
		const struct compare_pair *p = &c->pairs[i];

		if (p->change == PAIR_SAME || pair_is_worse(p->change) != worse)
			continue;
		if (!n++)
			text_append(out, worse ? "\nWorse in B:\n" : "\nBetter in B:\n");
		text_append(out, "- ");
		print_wrapped(out, pair_text(p, line, sizeof(line)), 2);
	}
}

static void print_only(const struct result *const *v, uint32_t n, const char *run, struct text *out)
{
	struct text names = {};
	uint32_t i;

	if (!n)
		return;
	text_append(&names, "Only in %s:", run);
	for (i = 0; i < n; i++)
		text_append(&names, " %.128s%s", v[i]->id, i + 1 < n ? "," : "");
	if (names.s) {
		text_one_line(names.s);
		text_append(out, "\n");
		print_wrapped(out, names.s, 2);
	}
	text_free(&names);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void add_verdict(struct text *t, const char *what, double p)
{
	if (p < 0.001)
		text_append(t, "%s %s (p < 0.001)", t->len ? "," : "", what);
	else
		text_append(t, "%s %s (p = %.3f)", t->len ? "," : "", what, p);
}

static void print_significant(const struct comparison *c, bool worse, struct text *out)
{
	struct text names = {}, line = {};
	enum compare_question q;

	for (q = 0; q < COMPARE_QUESTIONS; q++)
		if (worse ? answer_is_worse(&c->answers[q]) : answer_is_better(&c->answers[q]))
			add_verdict(&names, compare_question_text(q), c->answers[q].p);
	if (worse ? delay_is_worse(c) : delay_is_better(c))
		add_verdict(&names, "delay", c->delay.p);
	if (names.s) {
		text_append(&line, "B is %s than chance explains:%s.", worse ? "worse" : "better", names.s);
		print_wrapped(out, line.s ? line.s : "", 2);
	}
	text_free(&names);
	text_free(&line);
}

static uint32_t most_that_differ(const struct comparison *c)
{
	uint32_t most = c->delay.n, q;

	for (q = 0; q < COMPARE_QUESTIONS; q++)
		if (c->answers[q].counts.only_a + c->answers[q].counts.only_b > most)
			most = c->answers[q].counts.only_a + c->answers[q].counts.only_b;
	return most;
}

static void print_verdict(const struct comparison *c, struct text *out)
{
	struct text line = {};
	size_t before;

	text_append(out, "\n");
	if (!c->scored) {
		print_wrapped(out,
			      "No experiment was scored in both runs: nothing is compared, and that is no success.", 0);
		return;
	}
	before = out->len;
	print_significant(c, true, out);
	print_significant(c, false, out);
	if (out->len > before)
		return;
	text_append(&line, "Nothing that chance does not explain: no p is below 0.05.");
	if (most_that_differ(c) < FEWEST_THAT_TELL)
		text_append(&line, " None could be: for that at least %d pairs have to differ.", FEWEST_THAT_TELL);
	print_wrapped(out, line.s ? line.s : "", 0);
	text_free(&line);
}

void comparison_print(const struct comparison *c, struct text *out)
{
	enum compare_question q;

	text_append(out, "\nExperiments in both: %u, scored in both: %u\n\n", c->n, c->scored);
	text_append(out, "%-14s  %5s  %5s  %5s  %5s  %6s  %-20s  %6s\n", "", "pairs", "A", "B", "worse", "better",
		    "B - A [95 %]", "p");
	for (q = 0; q < COMPARE_QUESTIONS; q++)
		print_answer(c, q, out);
	print_delay(c, out);
	print_changes(c, true, out);
	print_changes(c, false, out);
	print_only(c->only_a, c->n_only_a, "A", out);
	print_only(c->only_b, c->n_only_b, "B", out);
	print_verdict(c, out);
}
