// SPDX-License-Identifier: GPL-2.0-only
/* run_unseen.c - what the baseline window tells of an experiment whose faults nobody would notice (unseen.h). */
#include "run/run_private.h"
#include "run/unseen.h"

void run_unseen_begin(struct run *r)
{
	struct turn *t = &r->turn;

	meter_snapshot_free(&t->before);
	memset(&t->before, 0, sizeof(t->before));
	if (r->kernel.meter)
		meter_read(r->kernel.meter, &t->before, NULL);
}

static void on_unseen(void *ctx, const struct experiment *x, const char *rule, const char *text)
{
	struct run *r = ctx;

	if (suite_accepts(r->suite, rule))
		return;
	if (!r->turn.unseen)
		r->turn.unseen = json_array();
	json_array_append_new(r->turn.unseen, json_pack("{s:s, s:s}", "rule", rule, "text", text));
	events_write(r->events, "unseen", x->id, json_pack("{s:s, s:s}", "rule", rule, "text", text));
	run_report_progress(r, false, text);
}

void run_unseen_look(struct run *r)
{
	struct turn *t = &r->turn;
	struct meter_snapshot now = {}, seen = {};

	if (!r->kernel.meter || !t->before.taken_ns || meter_read(r->kernel.meter, &now, NULL))
		return;
	if (!meter_subtract(&now, &t->before, &seen, NULL)) {
		unseen_find(t->x, &seen, (double)(now.taken_ns - t->before.taken_ns) / 1e9, on_unseen, r);
		meter_snapshot_free(&seen);
	}
	meter_snapshot_free(&now);
}
