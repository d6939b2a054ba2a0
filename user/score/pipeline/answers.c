// SPDX-License-Identifier: GPL-2.0-only
/*
 * answers.c - see answers.h. An alert without a time, one stamped later than it was seen, an entry or a whole
 * answer that is not understood: each of them is something that the pipeline said.
 */
#include <math.h>
#include <string.h>

#include "score/pipeline/answers.h"
#include "util/json/json_path.h"

struct answers {
	uint32_t alerts, no_time, late, malformed, polls, unread;
	double latest_s; /* of those stamped late: by how much */
	const char *error;
};

static uint32_t count_of(const struct result *r, const char *path)
{
	return (uint32_t)json_integer_value(json_path(r->detail, path));
}

static struct answers answers_of(const struct result *r)
{
	struct answers a = { .alerts = r->alerts.n,
			     .malformed = r->alerts.malformed,
			     .polls = count_of(r, "polls.n"),
			     .unread = count_of(r, "polls.not_understood"),
			     .error = r->pipeline_error ? r->pipeline_error : "" };
	uint32_t i;

	for (i = 0; i < r->alerts.n; i++) {
		const struct alert *alert = &r->alerts.v[i];

		a.no_time += isnan(alert->time_s);
		if (!alert_is_late_stamped(alert))
			continue;
		a.late++;
		if (alert->time_s - alert->seen_s > a.latest_s)
			a.latest_s = alert->time_s - alert->seen_s;
	}
	return a;
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

bool answers_explain(const struct result *r, char *ret_symptom, char *ret_cause, size_t size)
{
	struct answers a = answers_of(r);

	snprintf(ret_cause, size, "what it says could not be read: no rule judges the detector by it");
	if (!r->detected && a.no_time)
		snprintf(ret_symptom, size, "%u alert%s without a time that is understood", a.no_time,
			 plural(a.no_time));
	else if (!r->detected && a.late)
		snprintf(ret_symptom, size, "%u alert%s stamped up to %.0f s later than first seen", a.late,
			 plural(a.late), a.latest_s);
	else if (!r->detected && a.malformed)
		snprintf(ret_symptom, size, "%u alert%s that could not be read", a.malformed, plural(a.malformed));
	else if (!r->detected && a.unread && a.unread * 2 >= a.polls)
		snprintf(ret_symptom, size, "%u of %u answers were not understood (%.150s)", a.unread, a.polls,
			 a.error);
	else if (r->detected && !r->rca_service && a.unread)
		snprintf(ret_symptom, size, "detected; what it says of the cause was not understood (%.150s)", a.error);
	else
		return false;
	return true;
}

/* Words of a pipeline reach a terminal here. */
static void put_words(struct text *out, const char *s)
{
	for (; *s; s++)
		text_append(out, "%c", (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void begin(struct text *out, bool *begun, const struct result *r)
{
	if (!*begun)
		text_append(out, "\nThe pipeline's answers:\n");
	*begun = true;
	text_append(out, "- ");
	put_words(out, r->id ? r->id : "?");
	text_append(out, ": ");
}

static void print_one(const struct result *r, struct text *out, bool *begun)
{
	struct answers a = answers_of(r);

	if (a.no_time) {
		begin(out, begun, r);
		text_append(
			out,
			"%u of %u alerts without a time that is understood: in no window (pipeline.fields.alert_time "
			"names it)\n",
			a.no_time, a.alerts);
	}
	if (a.late) {
		begin(out, begun, r);
		text_append(out,
			    "%u of %u alerts stamped later than first seen, by up to %.0f s: their times are not those "
			    "of the alerts\n",
			    a.late, a.alerts, a.latest_s);
	}
	if (a.malformed) {
		begin(out, begun, r);
		text_append(out, "%u entr%s not understood as alerts\n", a.malformed, a.malformed == 1 ? "y" : "ies");
	}
	if (a.unread) {
		begin(out, begun, r);
		text_append(out, "%u of %u answers not understood: ", a.unread, a.polls);
		put_words(out, a.error);
		text_append(out, "\n");
	}
}

/* Silence in all experiments, and nothing wrong with the answers: as a pipeline is that waits to be told. */
static void print_silence(const struct result *results, uint32_t n, struct text *out)
{
	const char *doors = NULL;
	uint32_t i, counted = 0;

	for (i = 0; i < n; i++) {
		const struct result *r = &results[i];
		const char *told = json_string_value(json_object_get(r->detail, "told_by"));

		if (json_is_true(json_object_get(r->detail, "foreign")))
			return;
		if (!result_counts(r))
			continue;
		counted++;
		doors = doors ? doors : told;
		if (r->alerts.n || r->alerts.malformed || r->pipeline_error)
			return;
	}
	if (counted < 2 && !(counted && doors))
		return;
	text_append(
		out,
		"\nNot one alert in %u experiment%s, before or after the faults began. A pipeline that is told of "
		"its faults\n(by a POST of its runner, by a file) is silent like this: faultline tells it nothing, it "
		"has to see them itself.\n",
		counted, plural(counted));
	if (doors) {
		text_append(out, "It can be told: ");
		put_words(out, doors);
		text_append(out, ".\n");
	}
}

/* Another tool's results: what they do not say is not 0. */
static void print_foreign(const struct result *results, uint32_t n, struct text *out)
{
	uint32_t i, foreign = 0, silent = 0;

	for (i = 0; i < n; i++) {
		foreign += json_is_true(json_object_get(results[i].detail, "foreign"));
		silent += json_is_false(json_object_get(results[i].detail, "false_alarms_recorded"));
	}
	if (!foreign)
		return;
	text_append(out,
		    "\n%u of %u entries were written by another tool: that a fault hit, and that the stack was steady "
		    "before, is\nnot recorded in them.%s\n",
		    foreign, n,
		    silent ? " Neither are alerts before a fault: 0 false alarms is what they say, not what was seen."
			   : "");
}

void answers_print(const struct result *results, uint32_t n, struct text *out)
{
	bool begun = false;
	uint32_t i;

	print_foreign(results, n, out);
	for (i = 0; i < n; i++)
		print_one(&results[i], out, &begun);
	if (!begun)
		print_silence(results, n, out);
}
