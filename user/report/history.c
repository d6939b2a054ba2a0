// SPDX-License-Identifier: GPL-2.0-only
/* history.c - see history.h */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/history.h"
#include "score/compare/compare.h"

double folder_started(const struct folder *f)
{
	const json_t *v = json_object_get(f->manifest, "started");

	if (json_is_number(v))
		return json_number_value(v);
	return f->n ? f->results[0].inject : NAN;
}

void history_sort(struct folder *runs, uint32_t n)
{
	uint32_t i, j;

	for (i = 1; i < n; i++) {
		struct folder at = runs[i];

		for (j = i; j > 0 && folder_started(&runs[j - 1]) > folder_started(&at); j--)
			runs[j] = runs[j - 1];
		runs[j] = at;
	}
}

static const struct result *find(const struct folder *f, const char *id)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->results[i].id, id))
			return &f->results[i];
	return NULL;
}

/* What is comparable of an experiment: that it was carried out, and how the pipeline did. */
enum standing { CARRIED_OUT, SCORED };

/* The same experiment in the last run before @run in which it stands so. */
static const struct result *before(const struct folder *runs, uint32_t run, const char *id, enum standing standing)
{
	while (run-- > 0) {
		const struct result *r = find(&runs[run], id);

		if (r && (standing == SCORED ? result_counts(r) : r->status == RESULT_OK))
			return r;
	}
	return NULL;
}

/* By the same judgement as compare. */
static bool detection_regressed(const struct result *was, const struct result *is, struct change *ret)
{
	ret->before_s = was->mttd_s;
	ret->now_s = is->mttd_s;
	switch (pair_change_of(was, is)) {
	case PAIR_MISSED: ret->kind = REGRESSION_DETECTION; return true;
	case PAIR_ROOT_LOST: ret->kind = REGRESSION_RCA; return true;
	case PAIR_SLOWER: ret->kind = REGRESSION_SLOWER; return true;
	default: return false;
	}
}

static bool has_verdict(const struct result *r, const char *verdict)
{
	const char *said = json_string_value(json_object_get(json_object_get(r->detail, "hypothesis"), "verdict"));

	return said && !strcmp(said, verdict);
}

/* --- the list ----------------------------------------------------------------------------------- */

struct changes {
	struct change *v;
	uint32_t n;
};

static void add(struct changes *c, uint32_t run, const char *experiment, const struct change *what)
{
	struct change *to = &c->v[c->n++];

	*to = *what;
	to->run = run;
	text_copy(to->experiment, sizeof(to->experiment), experiment);
}

static void compare_experiment(const struct folder *runs, uint32_t run, const struct result *is, struct changes *c)
{
	const struct result *scored = before(runs, run, is->id, SCORED);
	const struct result *ran = before(runs, run, is->id, CARRIED_OUT);
	struct change change = {};

	if (ran && is->status != RESULT_OK) {
		change.kind = REGRESSION_STATUS;
		text_copy(change.now, sizeof(change.now), result_status_text(is->status));
		add(c, run, is->id, &change);
		return;
	}
	if (scored && result_counts(is) && detection_regressed(scored, is, &change))
		add(c, run, is->id, &change);
	change.kind = REGRESSION_HYPOTHESIS;
	if (ran && has_verdict(ran, "held") && has_verdict(is, "refuted"))
		add(c, run, is->id, &change);
}

/* The last run before @run that got to its verdict: an aborted one says nothing of what was there before. */
static void compare_run(const struct folder *runs, uint32_t run, struct changes *c)
{
	struct change change = { .kind = REGRESSION_RUN };
	char verdict[160];
	uint32_t i = run;
	bool accepted;

	history_verdict(&runs[run], &accepted, change.now, sizeof(change.now));
	if (accepted)
		return;
	while (i-- > 0) {
		history_verdict(&runs[i], &accepted, verdict, sizeof(verdict));
		if (accepted)
			add(c, run, "", &change);
		if (accepted || strncmp(verdict, "aborted", strlen("aborted")))
			return;
	}
}

int history_compare(const struct folder *runs, uint32_t n, struct change **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct changes c = {};
	uint32_t most = n, run, i;

	for (run = 0; run < n; run++)
		most += 2 * runs[run].n;
	c.v = calloc(most + 1u, sizeof(*c.v));
	if (!c.v)
		return error_sys(err, ENOMEM, "cannot compare the runs: out of memory");
	for (run = 1; run < n; run++) {
		compare_run(runs, run, &c);
		for (i = 0; i < runs[run].n; i++)
			compare_experiment(runs, run, &runs[run].results[i], &c);
	}
	*ret = c.v;
	*ret_n = c.n;
	return 0;
}

const char *history_verdict(const struct folder *f, bool *ret_accepted, char *buf, size_t size)
{
	const json_t *verdict = json_object_get(f->manifest, "verdict");
	const char *why = json_string_value(json_object_get(verdict, "why"));

	*ret_accepted = f->score.accepted;
	if (why) {
		*ret_accepted = json_integer_value(json_object_get(verdict, "exit_status")) == 0;
		text_copy(buf, size, why);
	} else if (f->manifest && json_is_null(json_object_get(f->manifest, "ended"))) {
		*ret_accepted = false;
		text_copy(buf, size, "aborted: the run did not get to its end");
	} else {
		text_copy(buf, size, f->score.accepted ? "accepted" : "acceptance failed");
	}
	return buf;
}

const char *regression_text(enum regression kind)
{
	static const char *const texts[] = {
		[REGRESSION_RUN] = "run",        [REGRESSION_STATUS] = "status", [REGRESSION_DETECTION] = "detection",
		[REGRESSION_RCA] = "root_cause", [REGRESSION_SLOWER] = "slower", [REGRESSION_HYPOTHESIS] = "hypothesis",
	};

	return texts[kind];
}

const char *change_text(const struct change *c, char *buf, size_t size)
{
	char was[32], is[32];

	switch (c->kind) {
	case REGRESSION_RUN: snprintf(buf, size, "the run: accepted before, now %s", c->now); break;
	case REGRESSION_STATUS: snprintf(buf, size, "%s: carried out before, %s now", c->experiment, c->now); break;
	case REGRESSION_DETECTION: snprintf(buf, size, "%s: detected before, missed now", c->experiment); break;
	case REGRESSION_RCA: snprintf(buf, size, "%s: the right root before, not now", c->experiment); break;
	case REGRESSION_SLOWER:
		snprintf(buf, size, "%s: detected after %s before, %s now", c->experiment,
			 score_seconds(c->before_s, was, sizeof(was)), score_seconds(c->now_s, is, sizeof(is)));
		break;
	case REGRESSION_HYPOTHESIS:
		snprintf(buf, size, "%s: the hypothesis held before, refuted now", c->experiment);
		break;
	}
	return buf;
}
