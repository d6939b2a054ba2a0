// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_wanted.c - bodies out of templates, and a template out of a refusal: frameworks say which fields are missing
 * (FastAPI: {"detail": [{"loc": ["body", "window_minutes"], "msg": "Field required"}]}), and their names say what belongs there.
 */
#include <math.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"

/* --- templates -------------------------------------------------------------------------------- */

/* "$start" inside a longer text. */
static json_t *fill_text(const char *text, json_t *values)
{
	struct text out = {};
	json_t *made, *v;
	const char *key;

	while (*text) {
		size_t len = *text == '$' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
		char name[24], number[40];

		snprintf(name, sizeof(name), "%.*s", (int)len, text + 1);
		key = len && len < sizeof(name) ? name : "";
		v = json_object_get(values, key);
		if (v && json_scalar_text(v, number, sizeof(number))) {
			text_append(&out, "%s", number);
			text += len + 1;
		} else {
			text_append_bytes(&out, text++, 1);
		}
	}
	made = json_string(out.s ? out.s : "");
	text_free(&out);
	return made;
}

/* A copy of the template @t with the texts "$start", "$end", "$cluster", ... replaced by the values, with
 * their types. */
json_t *pipeline_fill(const json_t *t, json_t *values)
{
	const char *text = json_string_value(t), *key;
	json_t *copy, *v;
	size_t i;

	if (text && *text == '$' && json_object_get(values, text + 1))
		return json_incref(json_object_get(values, text + 1));
	if (text && strchr(text, '$'))
		return fill_text(text, values);
	if (json_is_object(t)) {
		copy = json_object();
		json_object_foreach((json_t *)(uintptr_t)t, key, v)
			json_object_set_new(copy, key, pipeline_fill(v, values));
		return copy;
	}
	if (json_is_array(t)) {
		copy = json_array();
		json_array_foreach((json_t *)(uintptr_t)t, i, v)
			json_array_append_new(copy, pipeline_fill(v, values));
		return copy;
	}
	return json_deep_copy(t);
}

/* Scalars of @filled as a query. */
char *pipeline_query(const char *path, const json_t *filled)
{
	struct text out = {};
	const char *key;
	char value[40];
	json_t *v;

	text_append(&out, "%s", path);
	json_object_foreach((json_t *)(uintptr_t)filled, key, v)
		if (json_scalar_text(v, value, sizeof(value)))
			text_append(&out, "%s%s=%s", strchr(out.s ? out.s : "", '?') ? "&" : "?", key, value);
	return out.s;
}

static json_t *stamp_of(double t)
{
	time_t seconds = (time_t)floor(t);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

json_t *pipeline_values(double start_s, double end_s)
{
	double back = clock_wall_s() - start_s;
	json_int_t window = (json_int_t)ceil(back > 0 && back < 1e8 ? back : end_s - start_s);
	char text[32];

	snprintf(text, sizeof(text), "%llds", (long long)window);
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:s}", "start", (json_int_t)floor(start_s), "end",
			 (json_int_t)ceil(end_s), "start_ms", (json_int_t)floor(start_s * 1e3), "end_ms",
			 (json_int_t)ceil(end_s * 1e3), "start_iso", stamp_of(start_s), "end_iso",
			 stamp_of(ceil(end_s)), "window", window, "minutes", (window + 59) / 60, "window_text", text);
}

/* --- refusals --------------------------------------------------------------------------------- */

/* What a field of that name wants. @text: it is said to be text. */
static const char *value_for(const char *name, bool text)
{
	/* In this order: "end_time" is no window, "window_start" neither. */
	static const struct {
		const char *part, *value, *as_text;
	} rows[] = {
		{ "cluster_id", "$cluster_id", "$cluster_id" },
		{ "clusterid", "$cluster_id", "$cluster_id" },
		{ "incident_id", "$cluster_id", "$cluster_id" },
		{ "group_id", "$cluster_id", "$cluster_id" },
		{ "alerts", "$alerts", "$alerts" },
		{ "services", "$services", "$services" },
		{ "cluster", "$cluster", "$cluster" },
		{ "incident", "$cluster", "$cluster" },
		{ "start_ms", "$start_ms", "$start_ms" },
		{ "end_ms", "$end_ms", "$end_ms" },
		{ "start", "$start", "$start_iso" },
		{ "begin", "$start", "$start_iso" },
		{ "since", "$start", "$start_iso" },
		{ "from", "$start", "$start_iso" },
		{ "after", "$start", "$start_iso" },
		{ "end", "$end", "$end_iso" },
		{ "until", "$end", "$end_iso" },
		{ "before", "$end", "$end_iso" },
		{ "minute", "$minutes", "$minutes" },
		{ "window", "$window", "$window_text" },
		{ "second", "$window", "$window_text" },
		{ "lookback", "$window", "$window_text" },
		{ "duration", "$window", "$window_text" },
		{ "range", "$window", "$window_text" },
		{ "period", "$window", "$window_text" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasestr(name, rows[i].part))
			return text ? rows[i].as_text : rows[i].value;
	return !strcasecmp(name, "to") ? (text ? "$end_iso" : "$end") : !strcasecmp(name, "id") ? "$cluster_id" : NULL;
}

/* One of the complaints: loc is ["body", "window", "start"]. */
static bool take_complaint(const json_t *complaint, json_t *body, bool *ret_query)
{
	const json_t *loc = json_object_get(complaint, "loc");
	const char *place = json_string_value(json_array_get(loc, 0)), *name = NULL, *value;
	const char *what = json_string_value(json_object_get(complaint, "msg"));
	json_t *at = body;
	size_t i, n = json_array_size(loc);

	if (!place || n < 2 || (strcmp(place, "body") != 0 && strcmp(place, "query") != 0))
		return false;
	*ret_query = !strcmp(place, "query");
	for (i = 1; i < n; i++) {
		name = json_string_value(json_array_get(loc, i));
		if (!name)
			return false;
		if (i + 1 < n && !json_is_object(json_object_get(at, name)))
			json_object_set_new(at, name, json_object());
		at = i + 1 < n ? json_object_get(at, name) : at;
	}
	value = value_for(name, what && (strcasestr(what, "string") || strcasestr(what, "datetime")));
	return value && !json_object_set_new(at, name, json_string(value));
}

/* "{window_minutes}", "?start=&end= by POST". */
static void name_made(const json_t *body, struct pipeline_made *ret)
{
	struct text name = {};
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)body, key, v)
		text_append(&name, ret->query ? "%s%s=" : "%s%s", name.len ? (ret->query ? "&" : ", ") : "", key);
	snprintf(ret->name, sizeof(ret->name), ret->query ? "?%s by POST" : "{%s}", name.s ? name.s : "");
	text_free(&name);
}

bool pipeline_wanted(const char *text, size_t len, struct pipeline_made *ret)
{
	json_t *root = json_loadb(text, len, 0, NULL), *complaint;
	json_t *list = json_object_get(root, "detail"), *body = json_object();
	_cleanup_free_ char *dump = NULL;
	bool ok = json_array_size(list) > 0;
	size_t i;

	*ret = (struct pipeline_made){};
	json_array_foreach(list, i, complaint)
		ok = ok && take_complaint(complaint, body, &ret->query);
	dump = ok ? json_dumps(body, JSON_COMPACT) : NULL;
	ok = dump && text_copy(ret->body, sizeof(ret->body), dump);
	if (ok) {
		ret->by_cluster =
			strstr(dump, "\"$cluster") || strstr(dump, "\"$alerts") || strstr(dump, "\"$services");
		name_made(body, ret);
	}
	json_decref(body);
	json_decref(root);
	return ok;
}
