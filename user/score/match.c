// SPDX-License-Identifier: GPL-2.0-only
/*
 * match.c - one experiment against what the pipeline said: which alert falls into which window, and
 * whether the blamed service is right. See score.h.
 *
 * Polling brings the same alert many times; an alert is one by its id and its time.
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "score/score.h"

/* A set of strings is a JSON object here: a body of 8 MiB may hold 200,000 alerts. */
static bool first_time_seen(json_t *seen, const struct alert *a)
{
	char key[sizeof(a->id) + sizeof(a->service) + sizeof(a->name) + 64];

	snprintf(key, sizeof(key), "%.17g\n%s\n%s\n%s", a->time_s, a->id, a->service, a->name);
	if (json_object_get(seen, key))
		return false;
	json_object_set_new_nocheck(seen, key, json_true());
	return true;
}

void alerts_unique(struct alerts *a)
{
	json_t *seen = json_object();
	uint32_t i, kept = 0;

	for (i = 0; i < a->n; i++) {
		if (first_time_seen(seen, &a->v[i]))
			a->v[kept++] = a->v[i];
		else
			json_decref(a->v[i].raw);
	}
	a->n = kept;
	json_decref(seen);
}

/*
 * A time in whole seconds is the beginning of its second: one that began before the fault may end behind it.
 * It is the fault's, unless the alert was seen before.
 */
static bool may_be_after(const struct result *r, const struct alert *a)
{
	return a->resolution_s > 0 && a->time_s < r->inject && a->time_s + a->resolution_s > r->inject &&
	       (a->seen_s <= 0 || a->seen_s >= r->inject);
}

bool alert_is_late_stamped(const struct alert *a)
{
	return a->seen_s > 0 && a->time_s > a->seen_s + ALERT_CLOCK_SLACK_S;
}

enum alert_place alert_place(const struct result *r, const struct alert *a)
{
	if (isnan(a->time_s))
		return ALERT_NO_TIME;
	if ((a->time_s >= r->inject || may_be_after(r, a)) && a->time_s <= r->window_end)
		return ALERT_IN_FAULT;
	if (a->time_s >= r->baseline_start && a->time_s < r->baseline_end)
		return ALERT_IN_BASELINE;
	return a->time_s > r->window_end ? ALERT_LATER : ALERT_ELSEWHERE;
}

void score_detect(struct result *r)
{
	uint32_t count[ALERT_PLACES] = {}, late = 0, i;
	double first = INFINITY;

	alerts_unique(&r->alerts);
	for (i = 0; i < r->alerts.n; i++) {
		const struct alert *a = &r->alerts.v[i];
		enum alert_place place = alert_place(r, a);

		count[place]++;
		late += alert_is_late_stamped(a);
		if (place == ALERT_IN_FAULT && a->time_s < first)
			first = a->time_s;
	}
	/* There was no fault that could have been detected. */
	r->detected = count[ALERT_IN_FAULT] > 0 && !result_is_control(r);
	if (r->detected && first < r->inject)
		first = r->inject; /* within the second that the pipeline gives */
	r->mttd_s = r->detected ? first - r->inject : NAN;
	r->false_alarms = count[ALERT_IN_BASELINE] + (result_is_control(r) ? count[ALERT_IN_FAULT] : 0);
	if (!r->detail)
		r->detail = json_object();
	json_object_set_new(r->detail, "alerts_by_window",
			    json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "stamped_late", (int)late, "fault",
				      (int)count[ALERT_IN_FAULT], "baseline", (int)count[ALERT_IN_BASELINE],
				      "without_time", (int)count[ALERT_NO_TIME], "after_the_window",
				      (int)count[ALERT_LATER], "elsewhere", (int)count[ALERT_ELSEWHERE]));
}

uint32_t score_control_alerts(const struct result *r)
{
	uint32_t i, n = 0;

	for (i = 0; result_is_control(r) && i < r->alerts.n; i++)
		n += alert_place(r, &r->alerts.v[i]) == ALERT_IN_FAULT;
	return n;
}

static bool listed(char *const *services, const char *service)
{
	for (; services && *services; services++)
		if (!strcasecmp(*services, service))
			return true;
	return false;
}

bool score_rca_correct(const struct ground_truth *truth, const char *service)
{
	bool roots = truth->root_services && truth->root_services[0];
	bool nots = truth->not_services && truth->not_services[0];

	if (!service || !*service)
		return !roots && !nots;
	if (listed(truth->not_services, service))
		return false;
	return roots ? listed(truth->root_services, service) : nots;
}
