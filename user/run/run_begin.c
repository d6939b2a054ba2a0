// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_begin.c - may the fault of the turn begin now? `after` names an experiment that has to be over, for so long;
 * `at` is a time that has to have come; `when` is an expression that has to hold. All are waited for with the faults armed and inert, at the end of the
 * baseline, which so gets longer and stays a baseline: nothing is injected, and scores need to know of nothing new.
 */
#include <errno.h>
#include <string.h>

#include "run/run_private.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

static const struct result *result_of(const struct run *r, const char *id)
{
	uint32_t i;

	for (i = 0; i < r->n_results; i++)
		if (!strcmp(r->results[i].id, id))
			return &r->results[i];
	return NULL;
}

int run_begin_check(const struct run *r, const struct turn *t, struct fl_error *err)
{
	const struct result *before = t->x->after ? result_of(r, t->x->after) : NULL;

	if (!t->x->after || (before && before->end > 0))
		return 0;
	if (!before)
		error_usage(err, "skipped: it begins after '%.60s', which is not part of this run", t->x->after);
	else
		error_usage(err, "skipped: it begins after '%.60s', whose fault was never on: %s", t->x->after,
			    result_status_text(before->status));
	return -EPERM;
}

static int lookup(void *ctx, const struct expr_clause *clause, double *ret)
{
	struct run *r = ctx;

	return metrics_now(r->metrics, clause, 0, ret);
}

void run_begin_watch(struct run *r)
{
	struct turn *t = &r->turn;
	struct fl_error err = {};
	char why[sizeof(t->cause_text)];
	bool holds = false;

	if (r->state != RUN_BASELINE || !t->x->when)
		return;
	t->when_holds = !expr_eval(t->x->when, clock_mono_ns(), lookup, r, &holds, why, sizeof(why), &err) && holds;
}

/* Said once of each. */
static void say_waiting(struct run *r, const char *what, const char *text, uint64_t limit_ns)
{
	struct turn *t = &r->turn;
	_cleanup_free_ char *note = text_format("waits: %s %s", what, text);

	if (t->waits_for && !strcmp(t->waits_for, what))
		return;
	t->waits_for = what;
	events_write(r->events, "waiting", t->x->id,
		     json_pack("{s:s, s:s, s:o}", "for", what, "text", text, "within_s",
			       limit_ns ? json_real(limit_ns / 1e9) : json_null()));
	run_report_progress(r, false, note);
}

/* Has the experiment before it been over for long enough? */
static bool is_after(struct run *r)
{
	const struct experiment *x = r->turn.x;
	const struct result *before = x->after ? result_of(r, x->after) : NULL;

	if (!before || clock_wall_s() >= before->end + x->after_ns / 1e9)
		return true;
	say_waiting(r, "after", x->after, 0);
	return false;
}

/* Has its time come? Where it is so long ago that this is not what was meant, never. */
static enum run_begin is_time(struct run *r)
{
	struct turn *t = &r->turn;
	const struct experiment *x = t->x;
	double at = x->at.set ? moment_at(&x->at, r->begun_s) : 0, now = clock_wall_s();
	char text[40] = "", late[32];
	time_t seconds = (time_t)at;
	struct tm local;

	if (!x->at.set || t->ready_ns)
		return RUN_BEGIN_NOW;
	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%F %T", &local);
	if (now < at) {
		say_waiting(r, "at", text, 0);
		return RUN_BEGIN_WAIT;
	}
	if (now - at <= x->within_ns / 1e9)
		return RUN_BEGIN_NOW;
	units_format_ns((uint64_t)(now - at) * NS_PER_SEC, late, sizeof(late));
	error_env(&t->error, ETIMEDOUT, "skipped: it was to begin at %s, and could not before %s later", text, late);
	t->result.status = RESULT_SKIPPED;
	return RUN_BEGIN_NEVER;
}

enum run_begin run_may_begin(struct run *r)
{
	enum run_begin begin;
	struct turn *t = &r->turn;
	const struct experiment *x = t->x;
	char within[32];

	if (!is_after(r))
		return RUN_BEGIN_WAIT;
	begin = is_time(r);
	if (begin != RUN_BEGIN_NOW)
		return begin;
	if (!t->ready_ns)
		t->ready_ns = clock_mono_ns();
	if (!x->when || t->when_holds)
		return RUN_BEGIN_NOW;
	if (clock_mono_ns() - t->ready_ns < x->within_ns) {
		say_waiting(r, "when", expr_text(x->when), x->within_ns);
		return RUN_BEGIN_WAIT;
	}
	error_env(&t->error, ETIMEDOUT, "skipped: '%.200s' did not hold within %s after the baseline",
		  expr_text(x->when), units_format_ns(x->within_ns, within, sizeof(within)));
	t->result.status = RESULT_SKIPPED;
	return RUN_BEGIN_NEVER;
}
