// SPDX-License-Identifier: GPL-2.0-only
/* events.c - see events.h */
#include <string.h>

#include "control/events.h"
#include "policy/gate.h"
#include "policy/halt.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

struct events {
	void (*emit)(void *ctx, const char *text, size_t len);
	void *ctx;
	json_t *seen; /* id -> row */
	json_t *halt;
	uint64_t begin, n; /* ids given out: 1..n */
	char *kept[EVENTS_KEPT];
};

struct events *events_new(void (*emit)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->emit = emit;
	e->ctx = ctx;
	e->begin = clock_wall_ns() / NS_PER_MSEC;
	e->seen = json_object();
	return e;
}

void events_free(struct events *e)
{
	size_t i;

	if (!e)
		return;
	for (i = 0; i < EVENTS_KEPT; i++)
		free(e->kept[i]);
	json_decref(e->seen);
	json_decref(e->halt);
	free(e);
}

/* @data is stolen. Compact JSON has no line ends, so it is one line of the event. */
static void say(struct events *e, const char *name, json_t *data)
{
	_cleanup_free_ char *json = data ? json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	char *text;

	json_decref(data);
	text = json ? text_format("id: %llu-%llu\nevent: %s\ndata: %s\n\n", (unsigned long long)e->begin,
				  (unsigned long long)(e->n + 1), name, json)
		    : NULL;
	if (!text)
		return;
	free(e->kept[++e->n % EVENTS_KEPT]);
	e->kept[e->n % EVENTS_KEPT] = text;
	e->emit(e->ctx, text, strlen(text));
}

/* What of a row tells that the fault is another one than before; its counters and its time run by themselves. */
static bool same_state(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "params", "active", "targets", "owner_alive", "open", "changes" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	return true;
}

static void compare(struct events *e, json_t *before, json_t *row, const char *id)
{
	if (!before)
		say(e, "fault-on", json_incref(row));
	else if (!same_state(before, row))
		say(e, "fault-changed", json_incref(row));
	else if (!json_equal(json_object_get(before, "matched"), json_object_get(row, "matched")) ||
		 !json_equal(json_object_get(before, "injected"), json_object_get(row, "injected")))
		say(e, "fault-hits",
		    json_pack("{s:s, s:O, s:O}", "id", id, "matched", json_object_get(row, "matched"), "injected",
			      json_object_get(row, "injected")));
}

static void look_at_faults(struct events *e, json_t *rows)
{
	json_t *row, *now = json_object();
	const char *id;
	size_t i;

	json_array_foreach(rows, i, row) {
		id = json_string_value(json_object_get(row, "id"));
		if (!id)
			continue;
		compare(e, json_object_get(e->seen, id), row, id);
		json_object_set(now, id, row);
	}
	json_object_foreach(e->seen, id, row) {
		if (!json_object_get(now, id))
			say(e, "fault-off",
			    json_pack("{s:s, s:O, s:O, s:O, s:O}", "id", id, "kind", json_object_get(row, "kind"),
				      "targets", json_object_get(row, "targets"), "matched",
				      json_object_get(row, "matched"), "injected", json_object_get(row, "injected")));
	}
	json_decref(e->seen);
	e->seen = now;
}

json_t *events_halt_json(void)
{
	struct fl_error closed = {};
	struct halt h;

	halt_read(&h);
	gate_check(&closed);
	return json_pack("{s:b, s:o, s:o}", "halted", h.on, "halt", halt_json(&h), "refused",
			 closed.exit ? json_string(closed.message) : json_null());
}

void events_look(struct events *e, json_t *rows)
{
	json_t *halt = events_halt_json();

	look_at_faults(e, rows);
	if (e->halt && halt && !json_equal(e->halt, halt))
		say(e, "halt", json_incref(halt));
	json_decref(e->halt);
	e->halt = halt;
}

/* "BEGIN-NUMBER" of this server: the number; -1: it is none. */
static int64_t number_of(const struct events *e, const char *after)
{
	char begin[32];
	size_t len = (size_t)snprintf(begin, sizeof(begin), "%llu-", (unsigned long long)e->begin);
	int64_t n;

	if (strncmp(after, begin, len) != 0 || units_int(after + len, 0, (int64_t)e->n, &n, NULL))
		return -1;
	return n;
}

void events_since(const struct events *e, const char *after, struct text *out)
{
	int64_t n = after[0] ? number_of(e, after) : (int64_t)e->n;
	uint64_t i;

	if (n < 0 || (uint64_t)n + EVENTS_KEPT <= e->n) {
		text_append(out, "id: %llu-%llu\nevent: reset\ndata: {}\n\n", (unsigned long long)e->begin,
			    (unsigned long long)e->n);
		return;
	}
	/* An id at once, so that a connection that breaks before the first event is resumed as well. */
	text_append(out, "id: %llu-%lld\n\n", (unsigned long long)e->begin, (long long)n);
	for (i = (uint64_t)n + 1; i <= e->n; i++)
		text_append(out, "%s", e->kept[i % EVENTS_KEPT]);
}
