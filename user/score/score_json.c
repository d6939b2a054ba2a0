// SPDX-License-Identifier: GPL-2.0-only
/* score_json.c - scores and gaps as JSON: stable names, numbers as numbers, undefined as null. */
#include <math.h>

#include "score/score.h"
#include "score/statistics.h"

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *score_json(const struct score *s)
{
	json_t *o =
		json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b}", "total",
			  (int)s->listed, "scored", (int)s->total, "detected", (int)s->tp, "tp", (int)s->tp, "fn",
			  (int)s->fn, "fp", (int)s->fp, "tn", (int)s->tn, "rca_asked", (int)s->rca_asked, "rca_correct",
			  (int)s->rca_correct, "rca_wrong", (int)s->rca_wrong, "rca_none", (int)s->rca_none,
			  "false_alarms", (int)s->false_alarms, "controls", (int)s->controls, "controls_alarmed",
			  (int)s->controls_alarmed, "control_alerts", (int)s->control_alerts, "accepted", s->accepted);

	json_object_set_new(o, "precision", number_or_null(s->precision));
	json_object_set_new(o, "recall", number_or_null(s->recall));
	json_object_set_new(o, "f1", number_or_null(s->f1));
	json_object_set_new(o, "rca_accuracy", number_or_null(s->rca_accuracy));
	json_object_set_new(o, "mttd_mean_s", number_or_null(s->mttd_mean_s));
	json_object_set_new(o, "mttd_p50_s", number_or_null(s->mttd_p50_s));
	json_object_set_new(o, "mttd_p95_s", number_or_null(s->mttd_p95_s));
	return o;
}

json_t *gap_json(const struct gap *g)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:O?}", "experiment", g->experiment, "mode", g->mode, "symptom",
			 g->symptom, "cause", g->cause, "evidence", g->evidence);
}

static json_t *estimate_json(const struct estimate *e)
{
	return json_pack("{s:i, s:o, s:o}", "n", (int)e->n, "mean", number_or_null(e->mean), "se",
			 number_or_null(e->se));
}

json_t *more_json(const struct more_scores *m)
{
	const struct {
		const char *name;
		double value;
	} numbers[] = {
		{ "ac1", m->ac1 },
		{ "ac3", m->ac3 },
		{ "ac5", m->ac5 },
		{ "avg5", m->avg5 },
		{ "mrr", m->mrr },
		{ "set_precision", m->set_precision },
		{ "set_recall", m->set_recall },
		{ "set_f1", m->set_f1 },
		{ "proximity", m->proximity },
		{ "ntam", m->ntam },
		{ "any_root", m->any_root },
		{ "all_roots", m->all_roots },
		{ "hops_mean", m->hops_mean },
		{ "tuple_exact", m->tuple_exact },
		{ "tuple_partial", m->tuple_partial },
		{ "delay_p50_s", m->delay_p50_s },
		{ "delay_p95_s", m->delay_p95_s },
		{ "to_hit_s", m->to_hit_s },
		{ "to_symptom_s", m->to_symptom_s },
		{ "to_alert_s", m->to_alert_s },
		{ "alerts_per_fault", m->alerts_per_fault },
		{ "clearance_s", m->clearance_s },
		{ "false_alarms_per_hour", m->false_alarms_per_hour },
	};
	json_t *o = json_pack("{s:i, s:i}", "ranked", (int)m->ranked, "hops_known", (int)m->hops_known);
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		json_object_set_new(o, numbers[i].name, number_or_null(numbers[i].value));
	json_object_set_new(o, "felt",
			    json_pack("{s:i, s:i, s:i, s:i, s:i, s:o}", "yes", (int)m->felt, "no", (int)m->unfelt,
				      "unknown", (int)m->felt_unknown, "detected", (int)m->felt_detected, "seen_before",
				      (int)m->seen_before_felt, "recall", number_or_null(m->felt_recall)));
	json_object_set_new(o, "repeats",
			    json_pack("{s:o, s:o, s:o}", "recall", estimate_json(&m->recall), "rca_accuracy",
				      estimate_json(&m->rca_accuracy), "mttd_s", estimate_json(&m->mttd_s)));
	return o;
}
