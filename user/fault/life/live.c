// SPDX-License-Identifier: GPL-2.0-only
/* live.c - see live.h */
#include <string.h>
#include <time.h>

#include "fault/life/live.h"
#include "fault/life/record.h"
#include "net/pins.h"
#include "session/session.h"
#include "session/unfinished.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

/* Hits at this moment where the kind has rules; the owner's last word otherwise. */
static void count_hits(const char *session, const json_t *fault, uint64_t *matched, uint64_t *injected)
{
	json_t *rules = json_object_get(fault, "rules"), *rule;
	struct fl_proof sum = {};
	struct pins pins;
	size_t i;

	*matched = (uint64_t)json_integer_value(json_object_get(fault, "matched"));
	*injected = (uint64_t)json_integer_value(json_object_get(fault, "injected"));
	if (!json_array_size(rules) || pins_open(session, &pins, NULL))
		return;
	json_array_foreach(rules, i, rule) {
		pins_add_proof(&pins, (uint32_t)json_integer_value(rule), &sum, NULL);
	}
	pins_close(&pins);
	*matched = sum.matched;
	*injected = sum.injected;
}

static json_t *open_json(const struct unfinished *u)
{
	return json_pack("{s:s, s:o, s:f}", "message", u->message, "hint",
			 u->hint[0] ? json_string(u->hint) : json_null(), "since_wall", u->since_wall);
}

static json_t *row(const struct session_info *s, const json_t *fault)
{
	json_t *expires = json_object_get(fault, "expires_wall");
	bool alive = s->alive || s->unknown;
	struct unfinished left_open;
	uint64_t matched, injected;
	double left = json_number_value(expires) - clock_wall_s();

	count_hits(s->name, fault, &matched, &injected);
	return json_pack("{s:O, s:O, s:O, s:O, s:O, s:I, s:I, s:o, s:O, s:s, s:i, s:b, s:o, s:O, s:o, s:f, s:o, s:O*, "
			 "s:O*}",
			 "id", json_object_get(fault, "id"), "kind", json_object_get(fault, "kind"), "targets",
			 json_object_get(fault, "targets"), "backend", json_object_get(fault, "backend"), "params",
			 json_object_get(fault, "params"), "matched", (json_int_t)matched, "injected",
			 (json_int_t)injected, "expires_in_s",
			 json_is_number(expires) && alive ? json_real(left > 0 ? left : 0) : json_null(), "active",
			 json_object_get(fault, "active"), "purpose", s->purpose, "pid", (int)s->pid, "owner_alive",
			 s->alive, "open",
			 !alive && unfinished_read(s->name, &left_open) ? open_json(&left_open) : json_null(),
			 "changes", json_object_get(fault, "changes") ?: json_null(), "owner", caller_json(&s->by),
			 "since_wall", s->started_wall, "run", s->results[0] ? json_string(s->results) : json_null(),
			 "identities", json_object_get(fault, "identities"), "courses",
			 json_object_get(fault, "courses"));
}

int live_faults(json_t **ret, struct fl_error *err)
{
	_cleanup_free_ struct session_info *sessions = NULL;
	json_t *rows = json_array();
	uint32_t n = 0, i;
	int r = session_list(&sessions, &n, err);

	for (i = 0; !r && i < n; i++) {
		json_t *faults, *fault;
		size_t k;

		if (record_read(sessions[i].name, &faults, NULL))
			continue; /* it ended in between */
		json_array_foreach(faults, k, fault) {
			json_array_append_new(rows, row(&sessions[i], fault));
		}
		json_decref(faults);
	}
	if (r)
		json_decref(rows);
	else
		*ret = rows;
	return r;
}

char *live_course_text(const json_t *c)
{
	const char *by = json_string_value(json_object_get(c, "ended_by"));

	return text_format("%s is %s%s%s%s", json_string_value(json_object_get(c, "param")) ?: "",
			   json_string_value(json_object_get(c, "now")) ?: "", by ? ", by " : ": ", by ?: "",
			   by ? ", which ended its schedule"
			      : json_string_value(json_object_get(c, "words")) ?: "");
}

const char *live_owner_text(const json_t *row, bool with_day, char *buf, size_t size)
{
	time_t t = (time_t)json_number_value(json_object_get(row, "since_wall"));
	char who[128], at[32] = "";
	struct caller by;
	struct tm tm;

	caller_from_json(json_object_get(row, "owner"), &by);
	if (localtime_r(&t, &tm))
		strftime(at, sizeof(at), with_day ? "%F %T" : "%T", &tm);
	snprintf(buf, size, "by %s since %s", caller_text(&by, who, sizeof(who)), at);
	return buf;
}
