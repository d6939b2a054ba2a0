// SPDX-License-Identifier: GPL-2.0-only
/*
 * result_foreign.c - entries of chaos_results.json as the runner of the exercise's pack writes them:
 *
 *   id name detected mttd rca_service rca_correct observed_at_ts raw{alerts, rca, mttd_seconds, detected}
 *
 * They say nothing of baseline windows, of proof or of a hypothesis; what they do not say stays unknown.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline/pipeline.h"
#include "score/result.h"
#include "util/json/json_path.h"

bool result_is_foreign(const json_t *entry)
{
	return json_is_object(entry) && !json_object_get(entry, "format") &&
	       !json_object_get(entry, "config_sha256") && /* our own, of before there was a format */
	       json_object_get(entry, "detected") &&
	       (json_object_get(entry, "raw") || json_object_get(entry, "mttd") ||
		json_object_get(entry, "mttd_seconds") || json_object_get(entry, "rca_correct"));
}

static double number_of(const json_t *entry, const char *a, const char *b)
{
	const json_t *v = json_object_get(entry, a);

	if (!json_is_number(v))
		v = json_path(entry, b);
	return json_number_or_nan(v);
}

static char *text_of(const json_t *entry, const char *key, const char *other)
{
	char buf[256];

	if (json_scalar_text(json_object_get(entry, key), buf, sizeof(buf)) && buf[0])
		return strdup(buf);
	return other ? strdup(other) : NULL;
}

static void read_alerts(const json_t *list, struct alerts *ret)
{
	char *text = json_is_array(list) ? json_dumps(list, JSON_COMPACT) : NULL;

	if (text)
		pipeline_read_alerts(NULL, text, strlen(text), ret, NULL);
	free(text);
}

static void read_rca(const json_t *rca, struct result *ret)
{
	char *text = json_is_object(rca) ? json_dumps(rca, JSON_COMPACT) : NULL;

	if (text && !pipeline_read_rca(NULL, text, strlen(text), &ret->causes, &ret->n_causes, &ret->evidence, NULL) &&
	    ret->n_causes)
		ret->confidence = ret->causes[0].confidence;
	free(text);
}

int result_from_foreign(const json_t *entry, int number, struct result *ret, struct fl_error *err)
{
	const json_t *false_alarms = json_object_get(entry, "false_alarms");
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", number);
	*ret = (struct result){
		.number = (int)json_integer_value(json_object_get(entry, "id")),
		.status = RESULT_OK,
		.baseline_start = NAN,
		.baseline_end = NAN,
		.end = NAN,
		.window_end = NAN,
		.recovered = NAN,
		.confidence = NAN,
		.pipeline_reachable_before = true,
		.pipeline_reachable_during = true,
	};
	if (ret->number <= 0)
		ret->number = number;
	ret->id = text_of(entry, "id", digits);
	ret->name = text_of(entry, "name", ret->id);
	ret->target = text_of(entry, "target", NULL);
	ret->fault_type = text_of(entry, "fault_type", NULL);
	ret->detected = json_is_true(json_object_get(entry, "detected"));
	ret->mttd_s = ret->detected ? number_of(entry, "mttd", "raw.mttd_seconds") : NAN;
	if (ret->detected && isnan(ret->mttd_s))
		ret->mttd_s = number_of(entry, "mttd_seconds", "mttd_s");
	ret->rca_service = text_of(entry, "rca_service", NULL);
	ret->rca_correct = json_is_true(json_object_get(entry, "rca_correct"));
	ret->inject = number_of(entry, "observed_at_ts", "raw.observed_at_ts");
	ret->false_alarms = json_is_integer(false_alarms) && json_integer_value(false_alarms) > 0
				    ? (uint32_t)json_integer_value(false_alarms)
				    : 0;
	read_alerts(json_path(entry, "raw.alerts"), &ret->alerts);
	read_rca(json_path(entry, "raw.rca"), ret);
	ret->detail = json_pack("{s:b, s:b}", "foreign", 1, "false_alarms_recorded", json_is_integer(false_alarms));
	if (ret->id && ret->name && ret->detail)
		return 0;
	result_free(ret);
	return error_sys(err, ENOMEM, "out of memory");
}
