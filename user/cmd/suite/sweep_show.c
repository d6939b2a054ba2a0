// SPDX-License-Identifier: GPL-2.0-only
/* sweep_show.c - see sweep_show.h */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/suite/sweep_show.h"
#include "fault/fault.h"
#include "score/sweep/sweep_map.h"
#include "util/cleanup.h"
#include "util/text/printable.h"
#include "util/text/text.h"

void sweep_show_init(struct sweep_show *s, const struct sweeps *sweeps, bool quiet)
{
	struct winsize size;

	*s = (struct sweep_show){ .sweeps = sweeps, .quiet = quiet, .live = isatty(STDERR_FILENO) };
	s->width = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

const char *sweep_show_time(double seconds, char *buf, size_t size)
{
	double whole = round(seconds);

	if (seconds < 10)
		snprintf(buf, size, "%.2g s", seconds);
	else if (whole < 60)
		snprintf(buf, size, "%.0f s", whole);
	else
		snprintf(buf, size, "%.0f min %.0f s", floor(whole / 60), fmod(whole, 60));
	return buf;
}

static void print_range(FILE *out, const struct sweep *s)
{
	char from[32], to[32];

	fprintf(out, "%s from %s to %s", s->size.param, sweep_size_text(&s->size, s->range.lo, from, sizeof(from)),
		sweep_size_text(&s->size, s->range.hi, to, sizeof(to)));
}

void sweep_show_begin(const struct sweep_show *s)
{
	char budget[32], least[32];
	uint32_t i;

	for (i = 0; !s->quiet && i < s->sweeps->n; i++) {
		const struct sweep_one *o = &s->sweeps->v[i];
		double least_s = sweep_trial_s(s->sweeps->suite, o->x);

		fprintf(stderr, "%s: ", o->x->name);
		print_range(stderr, &o->sweep);
		fprintf(stderr, ", a trial takes %s or more, %s at most: up to %.0f trials, seed %llu\n",
			sweep_show_time(least_s, least, sizeof(least)),
			sweep_show_time(o->budget_s, budget, sizeof(budget)), floor(o->budget_s / least_s),
			(unsigned long long)o->sweep.seed);
	}
}

/* --- progress -------------------------------------------------------------------------------- */

static void wipe(struct sweep_show *s)
{
	if (s->drawn)
		printable_control(stderr, "\r\033[K");
	s->drawn = false;
}

static const char *answer_text(const struct result *r, bool pipeline)
{
	const char *felt = json_string_value(json_object_get(r->detail, "felt")) ?: "unknown";

	if (pipeline)
		return r->detected ? "reported" : "not reported";
	return !strcmp(felt, "yes") ? "felt" : !strcmp(felt, "no") ? "not felt" : "felt or not: unknown";
}

static void print_result(const struct sweep_show *s, const struct run_progress *p)
{
	const struct result *r = p->result;
	const char *size = json_string_value(json_object_get(json_object_get(r->detail, "trial"), "size"));
	struct sweep_trial t = { .size = size && strcmp(size, "none") ? 1 : 0 };

	sweep_read(s->sweeps->suite, r, &t);
	fprintf(stderr, "trial %u, %s %s: ", p->index, r->name, !size || t.size <= 0 ? "without a fault" : size);
	if (!t.counts)
		fprintf(stderr, "does not count: %s\n", t.note);
	else if (result_pipeline_asked(r))
		fprintf(stderr, "%s, %s%s\n", answer_text(r, false), answer_text(r, true),
			r->detected && result_rca_asked(r) ? r->rca_correct ? ", right root" : ", wrong root" : "");
	else
		fprintf(stderr, "%s\n", answer_text(r, false));
}

static const char *state_words(const struct sweep_show *s, enum run_state state)
{
	switch (state) {
	case RUN_BASELINE: return "baseline";
	case RUN_INJECT: return s->sweeps->trial.size[0] ? "FAULT ON" : "no fault";
	case RUN_RECOVER: return "recovering";
	case RUN_COOLDOWN: return "cooling down";
	case RUN_STEADY: return "waiting for steady state";
	default: return "preparing";
	}
}

static void draw(struct sweep_show *s, const struct run_progress *p)
{
	struct text line = {};

	text_append(&line, "[%u] %s %s: %s", p->index, p->x ? p->x->name : "",
		    s->sweeps->trial.size[0] ? s->sweeps->trial.size : "none", state_words(s, p->state));
	if (isfinite(p->left_s))
		text_append(&line, " %.0f s", ceil(p->left_s));
	text_append(&line, " | %s", s->sweeps->shown);
	wipe(s);
	fprintf(stderr, "%.*s", (int)s->width - 1, line.s ? line.s : "");
	fflush(stderr);
	s->drawn = true;
	text_free(&line);
}

void sweep_show_progress(void *ctx, const struct run_progress *p)
{
	struct sweep_show *s = ctx;

	if (p->result) {
		wipe(s);
		if (!s->quiet)
			print_result(s, p);
		return;
	}
	if (s->quiet || !p->x)
		return;
	if (p->note) {
		wipe(s);
		fprintf(stderr, "%s: %s\n", p->x->name, p->note);
	}
	if (s->live && p->state >= RUN_STEADY && p->state <= RUN_RECOVER)
		draw(s, p);
	else if (!s->live && p->changed && p->state == RUN_STEADY)
		fprintf(stderr, "%s\n", s->sweeps->shown);
}

/* --- what was found --------------------------------------------------------------------------- */

static const char *ended_words(enum sweep_end end)
{
	switch (end) {
	case SWEEP_PRECISE: return "as narrow as asked";
	case SWEEP_BUDGET: return "the time is spent";
	case SWEEP_USELESS: return "trials say nothing";
	default: return "ended early";
	}
}

static void print_curve(const struct sweep *s, enum sweep_curve c, const struct limit *l)
{
	static const char *const names[] = { "felt", "reported", "right root" };
	char at[32] = "-", lo[32], hi[32], between[80] = "-", noticed[32], guessed[32];

	if (l->state == LIMIT_FOUND)
		sweep_size_text(&s->size, limit_at(l), at, sizeof(at));
	if (l->state == LIMIT_FOUND)
		snprintf(between, sizeof(between), "%s..%s", sweep_size_text(&s->size, l->interval.lo, lo, sizeof(lo)),
			 sweep_size_text(&s->size, l->interval.hi, hi, sizeof(hi)));
	snprintf(noticed, sizeof(noticed), "%u/%u", l->yes - l->catch_yes, l->n - l->n_catch);
	snprintf(guessed, sizeof(guessed), "%u/%u", l->catch_yes, l->n_catch);
	printf("  %-11s %-12s %-10s %-22s %-9s %s\n", names[c], limit_state_text(l->state), at, between, noticed,
	       guessed);
}

static void print_one(const struct sweep_one *o)
{
	const struct sweep *s = &o->sweep;
	struct limit limits[SWEEP_CURVES];
	struct text sentence = {}, carried = {};
	char spent[32];
	uint32_t c;

	printf("%s: %s, ", o->x->name, o->x->faults[0].ops->name);
	print_range(stdout, s);
	printf("; %u trial%s in %s, %s\n", s->n, s->n == 1 ? "" : "s",
	       sweep_show_time(o->spent_s, spent, sizeof(spent)), ended_words(o->end));
	if (o->end == SWEEP_USELESS)
		printf("  the last one: %s\n", o->why);
	printf("  %-11s %-12s %-10s %-22s %-9s %s\n", "", "limit", "at", "95 %", "noticed", "without a fault");
	for (c = 0; c < SWEEP_CURVES; c++) {
		sweep_limit(s, c, false, &limits[c]);
		if (sweep_asks(s, c))
			print_curve(s, c, &limits[c]);
	}
	sweep_sentence(s, limits, o->x->name, &sentence);
	cmd_print_wrapped(sentence.s ? sentence.s : "", 0, isatty(STDOUT_FILENO) ? 80 : 100000);
	sweep_carry_sentence(s, &carried);
	if (carried.len)
		cmd_print_wrapped(carried.s, 0, isatty(STDOUT_FILENO) ? 80 : 100000);
	text_free(&carried);
	text_free(&sentence);
}

static void print_map(const struct sweep_cell *cells, uint32_t n, const char **words)
{
	const char **services = words, **kinds = words + n;
	uint32_t n_services = sweep_map_words(cells, n, false, services);
	uint32_t n_kinds = sweep_map_words(cells, n, true, kinds), i, k;

	printf("%-22s", "felt / reported");
	for (k = 0; k < n_kinds; k++)
		printf("  %-18s", kinds[k]);
	for (i = 0; i < n_services; i++) {
		printf("\n%-22s", services[i]);
		for (k = 0; k < n_kinds; k++) {
			struct text t = {};

			sweep_map_at(cells, n, services[i], kinds[k], &t);
			printf("  %-18s", t.s ? t.s : "");
			text_free(&t);
		}
	}
	printf("\n\n");
}

static void show_map(const struct sweeps *sweeps)
{
	_cleanup_free_ struct sweep_cell *cells = calloc(sweeps->n, sizeof(*cells));
	_cleanup_free_ const char **words = calloc(2 * (size_t)sweeps->n, sizeof(*words));
	uint32_t i;

	for (i = 0; cells && i < sweeps->n; i++) {
		const struct experiment *x = sweeps->v[i].x;

		cells[i] = (struct sweep_cell){ .service = x->targets ? x->targets[0] : "?",
						.kind = x->faults[0].ops->name };
		sweep_cell_text(&sweeps->v[i].sweep, cells[i].text, sizeof(cells[i].text));
	}
	if (cells && words)
		print_map(cells, sweeps->n, words);
}

void sweep_show_found(const struct sweeps *sweeps)
{
	uint32_t i;

	if (sweeps->n > 1)
		show_map(sweeps);
	for (i = 0; i < sweeps->n; i++) {
		if (i)
			putchar('\n');
		print_one(&sweeps->v[i]);
	}
}
