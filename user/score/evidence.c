// SPDX-License-Identifier: GPL-2.0-only
/* evidence.c - see evidence.h */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/evidence.h"
#include "score/score.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

#define NAMES_MAX 64

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* Windows of one measurement; the spread is called "sd" or "spread". */
static bool read_shift(const json_t *entry, struct shift *ret)
{
	const json_t *before = json_path(entry, "before.mean"), *sd = json_path(entry, "before.sd");
	const json_t *during = json_path(entry, "during.mean"), *after = json_path(entry, "after.mean");

	if (!sd)
		sd = json_path(entry, "before.spread");
	if (!json_is_number(before) || !json_is_number(during) || !json_is_number(sd))
		return false;
	ret->unit = text_of(entry, "unit");
	ret->before = json_number_value(before);
	ret->during = json_number_value(during);
	ret->after = json_number_or_nan(after);
	/* A baseline that did not move at all (all samples in one histogram bucket) still has the
	 * resolution of the measurement: a hundredth, so that the figure stays finite. */
	ret->spread = fmax(json_number_value(sd), fabs(ret->before) / 100);
	if (ret->spread <= 0)
		return false;
	ret->spreads = fabs(ret->during - ret->before) / ret->spread;
	return true;
}

double evidence_as_percent(struct shift *s)
{
	static const char share[] = "error_rate";

	if (*s->unit || strncmp(s->what, share, strlen(share)) != 0)
		return 1;
	s->unit = "%";
	s->before *= 100;
	s->during *= 100;
	s->after *= 100;
	return 100;
}

static bool kernel_shift(const struct result *r, struct shift *ret)
{
	struct shift s = { .by_kernel = true, .p = NAN };
	const char *client;
	bool found = false;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(r->detail, "kernel"), i, entry) {
		if (!read_shift(entry, &s) || (found && s.spreads <= ret->spreads))
			continue;
		client = text_of(entry, "client");
		snprintf(s.what, sizeof(s.what), "%.30s of %.40s%s%.40s", text_of(entry, "metric"), client,
			 *client ? " > " : "", text_of(entry, "service"));
		*ret = s;
		found = true;
	}
	return found;
}

static bool anomaly_shift(const json_t *a, struct shift *ret)
{
	const char *client = text_of(a, "client");

	if (!json_is_string(json_object_get(a, "metric")))
		return false;
	*ret = (struct shift){
		.by_kernel = true,
		.unit = text_of(a, "unit"),
		.before = json_number_of(a, "before"),
		.during = json_number_of(a, "during"),
		.after = NAN,
		.spread = json_number_of(a, "spread"),
		.spreads = json_number_of(a, "spreads"),
		.p = json_number_of(a, "p"),
		.lasted_s = json_number_of(a, "lasted_s"),
		.usual = !json_is_true(json_object_get(a, "found")),
		.looked_at = (uint32_t)json_integer_value(json_object_get(a, "looked_at")),
		.tried = (uint32_t)json_integer_value(json_object_get(a, "baseline_tried")),
		.spoke = (uint32_t)json_integer_value(json_object_get(a, "baseline_spoke")),
	};
	snprintf(ret->what, sizeof(ret->what), "%.30s of %.40s%s%.40s", text_of(a, "metric"), client,
		 *client ? " > " : "", text_of(a, "service"));
	return true;
}

bool evidence_shift(const struct result *r, struct shift *ret)
{
	const json_t *anomaly = json_object_get(r->detail, "anomaly");
	struct shift s = { .p = NAN };
	bool found = false;
	const char *name;
	json_t *entry;

	if (json_is_object(anomaly) ? anomaly_shift(anomaly, ret) : kernel_shift(r, ret))
		return true;
	json_object_foreach(json_object_get(r->detail, "metrics"), name, entry) {
		if (!read_shift(entry, &s) || (found && s.spreads <= ret->spreads))
			continue;
		snprintf(s.what, sizeof(s.what), "%.115s", name);
		*ret = s;
		found = true;
	}
	return found;
}

uint32_t evidence_targets(const struct result *r, const char **ret, uint32_t max)
{
	json_t *fault, *v;
	uint32_t n = 0;
	size_t i, j;

	json_array_foreach(json_object_get(r->detail, "proof"), i, fault)
		json_array_foreach(json_object_get(fault, "targets"), j, v)
			if (json_is_string(v) && n < max)
				ret[n++] = json_string_value(v);
	if (!n && r->target && max)
		ret[n++] = r->target;
	return n;
}

const char *evidence_hypothesis(const struct result *r)
{
	const json_t *v = json_object_get(r->detail, "hypothesis");

	return json_string_value(json_is_object(v) ? json_object_get(v, "text") : v);
}

const json_t *evidence_verdicts(const struct result *r)
{
	return json_path(r->detail, "hypothesis.clauses");
}

static uint32_t count_for(const char *service, struct loudness *v, uint32_t n, uint32_t max)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (strcasecmp(v[i].service, service))
			continue;
		v[i].alerts++;
		return n;
	}
	if (n == max)
		return n;
	text_copy(v[n].service, sizeof(v[n].service), service);
	v[n].alerts = 1;
	return n + 1;
}

uint32_t evidence_loudness(const struct result *r, struct loudness *ret, uint32_t max)
{
	uint32_t i, j, n = 0;

	for (i = 0; i < r->alerts.n; i++)
		if (r->alerts.v[i].service[0] && alert_place(r, &r->alerts.v[i]) == ALERT_IN_FAULT)
			n = count_for(r->alerts.v[i].service, ret, n, max);
	for (i = 1; i < n; i++) {
		struct loudness at = ret[i];

		for (j = i; j > 0 && ret[j - 1].alerts < at.alerts; j--)
			ret[j] = ret[j - 1];
		ret[j] = at;
	}
	return n;
}

static uint32_t add_name(const char *name, char (*v)[128], uint32_t n, uint32_t max)
{
	uint32_t i;

	if (!name || !*name || n == max)
		return n;
	for (i = 0; i < n; i++)
		if (!strcasecmp(v[i], name))
			return n;
	text_copy(v[n], sizeof(v[n]), name);
	return n + 1;
}

/* A member of a cluster: an alert, the id of one, or a service's name. */
static const char *member_service(const struct result *r, const json_t *member)
{
	static const char *const paths[] = { "service", "svc", "labels.service", "labels.job" };
	const char *text = json_string_value(member);
	size_t p;
	uint32_t i;

	for (i = 0; text && i < r->alerts.n; i++)
		if (!strcmp(r->alerts.v[i].id, text))
			return r->alerts.v[i].service;
	for (p = 0; !text && p < sizeof(paths) / sizeof(*paths); p++)
		text = json_string_value(json_path(member, paths[p]));
	return text;
}

uint32_t evidence_cluster(const struct result *r, const json_t *cluster, char (*ret)[128], uint32_t max)
{
	static const char *const lists[] = { "services", "alerts", "members", "events" };
	const json_t *member;
	uint32_t n = 0;
	size_t l, i;

	for (l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		json_array_foreach(json_object_get(cluster, lists[l]), i, member)
			n = add_name(member_service(r, member), ret, n, max);
	return n;
}

const char *evidence_root(const struct result *r, size_t n)
{
	return json_string_value(json_array_get(json_path(r->detail, "ground_truth.root_services"), n));
}

const char *evidence_why(const struct result *r)
{
	const char *error = json_string_value(json_object_get(r->detail, "error"));
	const char *why = json_string_value(json_path(r->detail, "rollback.why"));

	return error && *error ? error : why && *why ? why : NULL;
}

/* Why nothing was hit, as far as the baseline told. NULL: it told nothing. */
static const char *why_unseen(const struct result *r)
{
	const json_t *unseen = json_array_get(json_object_get(r->detail, "unseen"), 0);

	return r->status == RESULT_NOT_MANIFESTED ? json_string_value(json_object_get(unseen, "text")) : NULL;
}

void evidence_unscored(const struct result *r, char *buf, size_t size)
{
	bool judged = r->status == RESULT_OK || r->status == RESULT_NOT_RECOVERED;
	const char *status = result_status_text(r->status), *why = evidence_why(r);

	why = why ? why : why_unseen(r);
	if (judged && !result_pipeline_asked(r))
		snprintf(buf, size, "%s%sno pipeline was asked", r->status == RESULT_OK ? "" : status,
			 r->status == RESULT_OK ? "" : "; ");
	else
		snprintf(buf, size, "%s%s%s", status, why ? ": " : "", why ? why : "");
}

bool evidence_ended_early(const struct result *r, double *ret_after_s)
{
	const char *cause = json_string_value(json_path(r->detail, "rollback.cause"));

	*ret_after_s = r->end - r->inject;
	return cause && !strcmp(cause, "trigger_when") && result_counts(r) && *ret_after_s > 0;
}

uint32_t evidence_changes(const struct result *r, struct fault_change *ret, uint32_t max)
{
	json_t *fault, *change;
	uint32_t n = 0;
	size_t i, k;

	json_array_foreach(json_object_get(r->detail, "proof"), i, fault)
		json_array_foreach(json_object_get(fault, "changes"), k, change) {
			const char *what = text_of(change, "what");

			if (n == max)
				return n;
			ret[n++] = (struct fault_change){ .time_s = json_number_of(change, "t"),
							  .text = text_of(change, "text"),
							  .by_hand = !strcmp(what, "set") || !strcmp(what, "stopped") };
		}
	return n;
}

bool evidence_was_on(const struct result *r)
{
	bool known = false;
	json_t *fault, *on;
	size_t i;

	if (!(r->inject > 0))
		return false;
	json_array_foreach(json_object_get(r->detail, "proof"), i, fault) {
		on = json_object_get(fault, "on");
		if (json_is_number(on))
			return true;
		known |= on != NULL;
	}
	return !known;
}

bool evidence_rca_right(const struct result *r)
{
	char *roots[NAMES_MAX + 1] = {}, *nots[NAMES_MAX + 1] = {};
	const struct ground_truth truth = { .root_services = roots, .not_services = nots };
	json_t *v;
	size_t i;

	if (result_counts(r) && r->detected)
		return r->rca_correct;
	json_array_foreach(json_path(r->detail, "ground_truth.root_services"), i, v)
		if (i < NAMES_MAX)
			roots[i] = (char *)(uintptr_t)json_string_value(v);
	json_array_foreach(json_path(r->detail, "ground_truth.not_services"), i, v)
		if (i < NAMES_MAX)
			nots[i] = (char *)(uintptr_t)json_string_value(v);
	return score_rca_correct(&truth, r->rca_service);
}

bool evidence_has_baseline(const struct result *r)
{
	return result_pipeline_asked(r) && r->pipeline_reachable_before && r->baseline_start > 0 &&
	       r->baseline_end > r->baseline_start &&
	       !json_is_false(json_object_get(r->detail, "false_alarms_recorded"));
}

double evidence_first_hit(const struct result *r)
{
	double first = NAN;
	json_t *fault;
	size_t i;

	json_array_foreach(json_object_get(r->detail, "proof"), i, fault) {
		const json_t *hit = json_object_get(fault, "first_hit");

		if (json_is_number(hit))
			first = fmin(isnan(first) ? INFINITY : first, json_number_value(hit));
	}
	return first;
}

double evidence_first_symptom(const struct result *r, char *ret_what, size_t size)
{
	const json_t *symptom = json_path(r->detail, "moments.first_symptom");
	const json_t *wall = json_object_get(symptom, "wall");

	text_copy(ret_what, size, "");
	if (!json_is_number(wall))
		return NAN;
	snprintf(ret_what, size, "%.60s > %.60s", text_of(symptom, "client"), text_of(symptom, "server"));
	return json_number_value(wall);
}

const char *evidence_truth_text(const struct result *r, char *buf, size_t size)
{
	static const struct truth_words english = { " or ", "not ", "none", "not recorded" };

	return evidence_truth_in(r, &english, buf, size);
}

const char *evidence_truth_in(const struct result *r, const struct truth_words *w, char *buf, size_t size)
{
	json_t *roots = json_path(r->detail, "ground_truth.root_services");
	bool only_nots = !json_array_size(roots);
	json_t *list = only_nots ? json_path(r->detail, "ground_truth.not_services") : roots, *v;
	size_t i, len = 0;

	text_copy(buf, size, json_array_size(list) ? "" : result_must_detect(r) ? w->unrecorded : w->none);
	json_array_foreach(list, i, v) {
		snprintf(buf + len, size - len, "%s%s%s", i ? w->or : "", only_nots ? w->not : "",
			 json_string_value(v) ? json_string_value(v) : "");
		len = strlen(buf);
	}
	return buf;
}
