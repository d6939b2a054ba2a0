// SPDX-License-Identifier: GPL-2.0-only
/* score_json.c - scores and gaps as JSON: stable names, numbers as numbers, undefined as null. */
#include <math.h>

#include "score/score.h"

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *score_json(const struct score *s)
{
	json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b}", "listed",
			      (int)s->listed, "total", (int)s->total, "tp", (int)s->tp, "fn",
			      (int)s->fn, "fp", (int)s->fp, "tn", (int)s->tn, "rca_correct",
			      (int)s->rca_correct, "rca_wrong", (int)s->rca_wrong, "rca_none",
			      (int)s->rca_none, "false_alarms", (int)s->false_alarms, "accepted",
			      s->accepted);

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
	return json_pack("{s:s, s:s, s:s, s:s, s:O?}", "experiment", g->experiment, "mode", g->mode,
			 "symptom", g->symptom, "cause", g->cause, "evidence", g->evidence);
}
