// SPDX-License-Identifier: GPL-2.0-only
/* sweep_run.c - see sweep_run.h */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "fault/fault.h"
#include "run/sweep/sweep_run.h"
#include "score/pipeline/pipeline.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define USELESS_MAX 3 /* trials in a row without an answer: the next will have none either */

const char *sweep_end_text(enum sweep_end end)
{
	static const char *const words[] = { "unfinished", "precise", "budget", "useless" };

	return words[end];
}

/* --- what a trial says ------------------------------------------------------------------------ */

static enum sweep_answer yes_if(bool yes)
{
	return yes ? ANSWER_YES : ANSWER_NO;
}

static enum sweep_answer felt_of(const struct result *r)
{
	const char *felt = json_string_value(json_object_get(r->detail, "felt")) ?: "unknown";

	return !strcmp(felt, "unknown") ? ANSWER_UNKNOWN : yes_if(!strcmp(felt, "yes"));
}

/* Packets, calls that the fault was to look at; kinds that have no such thing count what they did. */
static bool met_anything(const struct result *r)
{
	const json_t *proof;
	size_t i;

	json_array_foreach(json_object_get(r->detail, "proof"), i, proof) {
		if (json_integer_value(json_object_get(proof, "matched")) > 0 ||
		    json_integer_value(json_object_get(proof, "injected")) > 0)
			return true;
	}
	return false;
}

/* Was it watched from the beginning to the end? */
static bool is_whole(const struct result *r)
{
	return isfinite(r->inject) && isfinite(r->window_end) && r->status != RESULT_FAILED &&
	       r->status != RESULT_SKIPPED;
}

void sweep_read(const struct suite *s, const struct result *r, struct sweep_trial *ret)
{
	const char *error = json_string_value(json_object_get(r->detail, "error"));
	enum sweep_curve c;

	text_copy(ret->id, sizeof(ret->id), r->id);
	for (c = 0; c < SWEEP_CURVES; c++)
		ret->answer[c] = ANSWER_UNKNOWN;
	ret->counts = false;
	if (!is_whole(r)) {
		snprintf(ret->note, sizeof(ret->note), "%s%s%s", result_status_text(r->status),
			 error && *error ? ": " : "", error ? error : "");
		text_one_line(ret->note);
		return;
	}
	if (ret->size > 0 && !met_anything(r)) {
		text_copy(ret->note, sizeof(ret->note), "nothing met the fault");
		return;
	}
	ret->counts = true;
	ret->answer[SWEEP_FELT] = felt_of(r);
	if (!s->pipeline.url)
		return;
	if (!r->pipeline_reachable_during) {
		text_copy(ret->note, sizeof(ret->note), "the pipeline could not be reached");
		return;
	}
	ret->answer[SWEEP_REPORTED] = yes_if(r->detected);
	if (result_rca_asked(r))
		ret->answer[SWEEP_ROOT] = yes_if(r->rca_correct);
}

/* --- which trial is next ---------------------------------------------------------------------- */

double sweep_trial_s(const struct suite *s, const struct experiment *x)
{
	uint64_t after = s->grace_ns;

	if (s->probe.url && s->probe.steady_window_ns > after)
		after = s->probe.steady_window_ns;
	return (double)(s->baseline_ns + x->duration_ns + after + s->cooldown_ns) / 1e9;
}

static void tell_curve(const struct sweep *s, enum sweep_curve c, const char *word, struct text *out)
{
	struct limit l;
	char lo[32], hi[32];

	if (!sweep_asks(s, c))
		return;
	sweep_limit(s, c, false, &l);
	text_append(out, " | %s ", word);
	if (l.state == LIMIT_FOUND)
		text_append(out, "%s..%s (%.0f %%)", sweep_size_text(&s->size, l.interval.lo, lo, sizeof(lo)),
			    sweep_size_text(&s->size, l.interval.hi, hi, sizeof(hi)),
			    100 * (sqrt(l.interval.hi / l.interval.lo) - 1));
	else
		text_append(out, "%s", l.state == LIMIT_UNTESTED ? "?" : limit_state_text(l.state));
}

static void tell(struct sweeps *all)
{
	const struct sweep_one *o = &all->v[all->at];
	struct text t = {};

	text_append(&t, "%.0f:%02.0f of %.0f:%02.0f", floor(o->spent_s / 60), floor(fmod(o->spent_s, 60)),
		    floor(o->budget_s / 60), floor(fmod(o->budget_s, 60)));
	tell_curve(&o->sweep, SWEEP_FELT, "felt", &t);
	tell_curve(&o->sweep, SWEEP_REPORTED, "reported", &t);
	text_append(&t, " | asked %.0f %%", 100 * o->sweep.precision);
	text_copy(all->told, sizeof(all->told), t.s ? t.s : "");
	text_free(&t);
}

/* What the next trial will take: nobody waits for the first one's stack again. */
static double expected_s(const struct suite *s, const struct sweep_one *o)
{
	double least_s = sweep_trial_s(s, o->x);

	return o->sweep.n > 1 ? fmax(o->trial_s, least_s) : least_s;
}

static bool prepare_one(struct sweeps *all, struct sweep_one *o)
{
	if (o->end != SWEEP_GOES_ON)
		return false;
	if (o->useless >= USELESS_MAX)
		o->end = SWEEP_USELESS;
	else if (o->spent_s + expected_s(all->suite, o) > o->budget_s)
		o->end = SWEEP_BUDGET;
	else if (!sweep_next(&o->sweep, &all->next))
		o->end = SWEEP_PRECISE;
	return o->end == SWEEP_GOES_ON;
}

/* The next trial, of the sweep under way or of the one behind it. */
static void prepare(struct sweeps *all)
{
	struct sweep_one *o;

	while (all->at < all->n && !prepare_one(all, &all->v[all->at]))
		all->at++;
	all->over = all->at == all->n;
	if (all->over) {
		all->at = all->n - 1;
		return;
	}
	o = &all->v[all->at];
	all->trial = (struct run_trial){ .x = o->x, .param = o->sweep.size.param };
	snprintf(all->trial.id, sizeof(all->trial.id), "%.60s.%03u", o->x->id, o->sweep.n + 1);
	if (all->next.size > 0)
		text_copy(all->trial.size, sizeof(all->trial.size), all->next.text);
	tell(all);
}

static bool next(void *ctx, struct run_trial *ret)
{
	struct sweeps *all = ctx;

	if (all->over)
		return false;
	*ret = all->trial;
	text_copy(all->shown, sizeof(all->shown), all->told);
	if (!all->mark_ns)
		all->mark_ns = clock_mono_ns();
	return true;
}

static void taken(void *ctx, const struct result *result)
{
	struct sweeps *all = ctx;
	struct sweep_one *o = &all->v[all->at];
	uint64_t now = clock_mono_ns();
	double took_s;

	sweep_read(all->suite, result, &all->next);
	if (!all->next.counts)
		o->useless++;
	else if (all->next.size > 0) /* one without a fault tells nothing of it */
		o->useless = 0;
	if (!all->next.counts)
		text_copy(o->why, sizeof(o->why), all->next.note);
	took_s = (double)(now - all->mark_ns) / 1e9;
	o->trial_s = o->trial_s > 0 ? fmin(o->trial_s, took_s) : took_s; /* the first may have waited for the stack */
	o->spent_s += took_s;
	all->mark_ns = now;
	if (sweep_take(&o->sweep, &all->next))
		o->end = SWEEP_USELESS;
	prepare(all);
}

static json_t *document(void *ctx)
{
	return sweeps_json(ctx, false);
}

void sweeps_trials(struct sweeps *s, struct run_trials *ret)
{
	*ret = (struct run_trials){ .next = next, .taken = taken, .document = document, .ctx = s };
}

/* --- beginning and end ------------------------------------------------------------------------ */

int sweeps_open(struct sweeps *ret, const struct suite *s, const struct experiment *const *x, uint32_t n,
		const struct sweep_wish *w, struct fl_error *err)
{
	bool roots = s->pipeline.url && pipeline_names_causes(&s->pipeline);
	struct sweep_size size;
	uint32_t i;
	int r = 0;

	*ret = (struct sweeps){ .suite = s, .v = calloc(n ? n : 1, sizeof(*ret->v)) };
	if (!ret->v)
		return error_sys(err, ENOMEM, "sweep: out of memory");
	for (i = 0; !r && i < n; i++) {
		r = sweep_size_find(s, x[i], &w->choice, &size, err);
		if (r)
			break;
		ret->v[i] = (struct sweep_one){ .x = x[i], .budget_s = (double)w->budget_ns / 1e9 };
		ret->n++;
		r = sweep_init(&ret->v[i].sweep, &size, w->precision, w->seed + i, s->pipeline.url, roots);
		if (r)
			r = error_sys(err, -r, "sweep of %s: %s", x[i]->name, strerror(-r));
	}
	if (!r && n)
		prepare(ret);
	return r;
}

void sweeps_free(struct sweeps *s)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		sweep_free(&s->v[i].sweep);
	free(s->v);
	*s = (struct sweeps){};
}

static json_t *one_json(const struct sweep_one *o, bool final)
{
	json_t *j = sweep_json(&o->sweep, o->x->name, final), *targets = json_array();
	char **t;

	for (t = o->x->targets; t && *t; t++)
		json_array_append_new(targets, json_string(*t));
	json_object_set_new(j, "number", json_integer(o->x->number));
	json_object_set_new(j, "kind", json_string(o->x->faults[0].ops->name));
	json_object_set_new(j, "targets", targets);
	json_object_set_new(j, "ended", json_string(sweep_end_text(o->end)));
	json_object_set_new(j, "why", o->end == SWEEP_USELESS ? json_string(o->why) : json_null());
	json_object_set_new(j, "budget_s", json_real(o->budget_s));
	json_object_set_new(j, "spent_s", json_real(o->spent_s));
	return j;
}

json_t *sweeps_json(const struct sweeps *s, bool final)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < s->n; i++)
		json_array_append_new(list, one_json(&s->v[i], final));
	return json_pack("{s:i, s:s, s:o}", "format", 1, "suite", s->suite->name, "sweeps", list);
}
