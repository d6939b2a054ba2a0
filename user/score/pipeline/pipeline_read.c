// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_read.c - bodies of a pipeline to alerts and clusters, read liberally (see pipeline.h).
 *
 * Every field is looked for under the names people use, or under the one the config gives. What is
 * no alert is counted and skipped; a body that holds no list at all is an error.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline/pipeline_read.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

#define WRAPS_MAX 3

/* What says when it fired before what says when it began, and both before when it was last seen. */
static const char *const time_paths[] = { "fired_at",   "fire_ts",      "fire_time",   "firedAt",       "fireTs",
					  "fired_ts",   "triggered_at", "triggeredAt", "timestamp",     "ts",
					  "time",       "startsAt",     "activeAt",    "starts_at",     "startedAt",
					  "started_at", "created_at",   "createdAt",   "detected_at",   "detectedAt",
					  "event_time", "eventTime",    "alert_time",  "date_happened", "occurred_at",
					  "@timestamp", "epoch",        "start_time",  "startTime",     "start",
					  "clock",      "date",         "datetime",    "when",          "first_seen",
					  "firstSeen",  "lastReceived", NULL };
/* clang-format off */
static const char *const service_paths[] = {
	"service", "svc", "service_name", "serviceName", "labels.service", "labels.service_name", "labels.svc",
	"labels.app", "labels.job", "tags.service", "affected_service", "component", "target", "resource", "app",
	"application", "entity", "host", "hosts", "node", "source_service", NULL
};
/* clang-format on */
static const char *const name_paths[] = { "name",    "alert",       "alertname", "alert_name", "labels.alertname",
					  "title",   "type",        "metric",    "rule",       "summary",
					  "message", "description", NULL };
static const char *const severity_paths[] = { "severity", "tier", "labels.severity", "level", "urgency",
					      "priority", NULL };
static const char *const id_paths[] = { "id", "alert_id", "alertId", "fingerprint", "uid", "eventid", "uuid", NULL };

bool pipeline_is(const struct pipeline_config *c, const char *adapter)
{
	return c && c->adapter && !strcmp(c->adapter, adapter);
}

const char *pipeline_field(const struct pipeline_config *c, const char *what)
{
	return c ? json_string_value(json_object_get(c->fields, what)) : NULL;
}

json_t *pipeline_pick(const struct pipeline_config *c, const char *what, const json_t *object, const char *const *paths)
{
	const char *given = pipeline_field(c, what);
	json_t *v;

	if (given)
		return json_path(object, given);
	for (; *paths; paths++) {
		v = json_path(object, *paths);
		if (v && !json_is_null(v))
			return v;
	}
	return NULL;
}

int pipeline_wrong_shape(const char *what, const char *want, const json_t *found, struct fl_error *err)
{
	char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);

	error_env(err, EBADMSG, "the pipeline answered %s without %s: %.120s", what, want, text ? text : "");
	error_hint(err, "pipeline.fields in the config can name the fields; docs/pipeline.md has "
			"the shapes that are understood");
	free(text);
	return -EBADMSG;
}

/* "data" of {"status": "ok", "data": {...}}: the only thing in it that is an answer. NULL: there is none. */
static json_t *unwrapped(const json_t *root)
{
	static const char *const names[] = { "data", "result", "response", "payload", "body", "detail" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *v = json_object_get(root, names[i]);

		if (json_is_object(v))
			return v;
	}
	return NULL;
}

/* Of a map under a name that says nothing of alerts, only what has a time is an entry. */
static bool is_entry(const json_t *v, bool timed)
{
	const char *const *p;

	for (p = time_paths; timed && *p; p++)
		if (isfinite(pipeline_time(json_path(v, *p))))
			return true;
	return json_is_object(v) && !timed;
}

/* {"a1": {...}, "a2": {...}}: entries by their id, or by their service; {"payment-svc": [{...}, ...]}: lists of them. */
static bool is_map_of_entries(const json_t *v, bool timed)
{
	json_t *member, *item;
	size_t i, known = 0;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)v, key, member) {
		/* {"errors": [], "notes": []} says nothing of alerts, {"payment-svc": []} that it has none. */
		known += !timed || json_array_size(member) || json_is_object(member) || strchr(key, '-');
		if (!json_is_array(member) && !is_entry(member, timed))
			return false;
		json_array_foreach(member, i, item)
			if (!is_entry(item, timed))
				return false;
	}
	return known > 0;
}

/* What a map is by: a service, where its entries name none, and else their id. */
static void take_entry(json_t *list, const char *key, json_t *entry, bool of_list)
{
	const char *const *p;
	bool named = false;

	for (p = service_paths; !named && *p; p++)
		named = json_path(entry, *p) != NULL;
	if (!named)
		json_object_set_new(entry, "service", json_string(key));
	else if (!of_list && !json_object_get(entry, "id"))
		json_object_set_new(entry, "id", json_string(key));
	json_array_append(list, entry);
}

/*
 * The alerts of such a map, below "alerts" or @root itself where each entry has a time, or where it is wrapped, as a list
 * that @root owns from then on.
 */
static json_t *list_of_map(json_t *root, int levels)
{
	static const char *const names[] = { "alerts", "alerts_by_service", "alertsByService", "by_service", NULL };
	json_t *map = pipeline_pick(NULL, "", root, names), *list, *entry, *item;
	const char *key;
	size_t i;

	if (!map && levels && unwrapped(root))
		return list_of_map(unwrapped(root), levels - 1);
	if (!map && is_map_of_entries(root, true))
		map = root;
	if (!json_is_object(map) || (json_object_size(map) && !is_map_of_entries(map, map == root)))
		return NULL;
	list = json_array();
	json_object_foreach(map, key, entry) {
		if (json_is_object(entry))
			take_entry(list, key, entry, false);
		json_array_foreach(entry, i, item)
			take_entry(list, key, item, true);
	}
	json_object_set_new(root, "alerts", list);
	return list;
}

/* The list in @root: itself, or under one of @names, or what the config says. NULL: none. */
static json_t *find_list(const struct pipeline_config *c, const char *what, json_t *root, const char *const *names)
{
	json_t *v, *found = NULL;
	const char *key;

	if (json_is_array(root) && !pipeline_field(c, what))
		return root;
	v = pipeline_pick(c, what, root, names);
	if (json_is_array(v))
		return v;
	if (pipeline_field(c, what))
		return NULL;
	if (unwrapped(root)) {
		found = find_list(c, what, unwrapped(root), names);
		if (found)
			return found;
	}
	/* One list under a name nobody could guess is that list; of several, who knows. */
	json_object_foreach(root, key, v) {
		if (!json_is_array(v))
			continue;
		if (found)
			return NULL;
		found = v;
	}
	return found;
}

/* An alert that brings no id is known by what it says: the same words, the same alert. */
static void set_id(const struct pipeline_config *c, const json_t *entry, struct alert *a)
{
	char hex[65];

	if (json_scalar_text(pipeline_pick(c, "alert_id", entry, id_paths), a->id, sizeof(a->id)))
		return;
	snprintf(a->id, sizeof(a->id), "%.50s/%.50s/%.20s", a->service, a->name, a->severity);
	text_sha256(a->id, strlen(a->id), hex);
	snprintf(a->id, sizeof(a->id), "%.16s", hex);
}

/* One that waits (Prometheus: pending) has not fired; one that is silenced or inhibited
 * (Alertmanager: suppressed) tells nobody. */
static bool has_fired(const struct pipeline_config *c, const json_t *entry)
{
	const char *state = json_string_value(json_path(entry, "state"));
	const char *status = json_string_value(json_path(entry, "status.state"));

	if (pipeline_is(c, "prometheus"))
		return !state || strcmp(state, "pending") != 0;
	if (pipeline_is(c, "alertmanager"))
		return !status || strcmp(status, "suppressed") != 0;
	return true;
}

/* A service may be an object of its own, or a list with one: {"summary": "pay"}, [{"host": "pay"}]. */
static json_t *service_of(const struct pipeline_config *c, const json_t *entry)
{
	static const char *const names[] = { "name", "summary", "service", "host", "id", NULL };
	json_t *v = pipeline_pick(c, "alert_service", entry, service_paths);

	if (json_is_array(v))
		v = json_array_get(v, 0);
	return json_is_object(v) ? pipeline_pick(NULL, "", v, names) : v;
}

static bool read_alert(const struct pipeline_config *c, json_t *entry, struct alert *a)
{
	json_t *when;

	memset(a, 0, sizeof(*a));
	if (!json_is_object(entry))
		return false;
	when = pipeline_pick(c, "alert_time", entry, time_paths);
	a->time_s = pipeline_time(when);
	a->resolution_s = pipeline_time_resolution(when);
	if (when && isnan(a->time_s))
		return false; /* a time that is none */
	a->time_s = pipeline_time_here(when, a->time_s);
	json_scalar_text(service_of(c, entry), a->service, sizeof(a->service));
	json_scalar_text(pipeline_pick(c, "alert_name", entry, name_paths), a->name, sizeof(a->name));
	json_scalar_text(pipeline_pick(c, "alert_severity", entry, severity_paths), a->severity, sizeof(a->severity));
	if (!when && !a->service[0] && !a->name[0])
		return false; /* an object, but no alert */
	set_id(c, entry, a);
	a->raw = entry;
	return true;
}

int pipeline_read_alerts(const struct pipeline_config *c, const char *body, size_t len, struct alerts *ret,
			 struct fl_error *err)
{
	static const char *const names[] = { "alerts",    "data.alerts", "data",   "items",  "results",
					     "incidents", "value",       "result", "events", "records",
					     "fired",     "firing",      "active", NULL };
	json_t *root, *list, *entry;
	struct alert a;
	size_t i;
	int rc = pipeline_parse_lines("/alerts", body, len, &root, err);

	if (rc)
		return rc;
	list = find_list(c, "alerts", root, names);
	if (!list)
		list = list_of_map(root, WRAPS_MAX);
	if (!list && read_alert(c, root, &a) && isfinite(a.time_s) && a.service[0]) {
		/* A lone alert, as a stream of one line has it. */
		list = json_pack("[O]", root);
		json_decref(root);
		root = list;
	}
	if (!list && json_is_object(root) && !json_object_size(root))
		goto out; /* {}: no alerts */
	if (!list) {
		rc = pipeline_wrong_shape("/alerts", "a list of alerts", root, err);
		goto out;
	}
	json_array_foreach(list, i, entry) {
		if (!read_alert(c, entry, &a))
			ret->malformed++;
		else if (has_fired(c, entry) && alerts_add(ret, &a))
			rc = error_sys(err, ENOMEM, "cannot keep the alerts: out of memory");
	}
out:
	json_decref(root);
	return rc;
}

/* Is it one cluster, not a wrapper around several? */
static bool looks_like_cluster(const json_t *v)
{
	return json_is_array(json_object_get(v, "alerts")) || json_is_array(json_object_get(v, "services")) ||
	       json_is_array(json_object_get(v, "members")) || json_object_get(v, "cluster_id");
}

int pipeline_read_clusters(const struct pipeline_config *c, const char *body, size_t len, json_t **ret,
			   struct fl_error *err)
{
	static const char *const names[] = { "clusters",    "incidents",      "groups",       "data.clusters",
					     "data.groups", "data.incidents", "alert_groups", "data",
					     "items",       "results",        "result",       NULL };
	json_t *root, *list = NULL;
	int rc = pipeline_parse_lines("/correlate", body, len, &root, err);
	json_t *last = rc ? NULL : json_array_get(root, json_array_size(root) - 1);

	if (rc)
		return rc;
	if (json_is_object(last) && !looks_like_cluster(last) &&
	    json_is_array(pipeline_pick(c, "clusters", last, names))) {
		json_incref(last); /* a stream, whose last line is the answer */
		json_decref(root);
		root = last;
	}
	if (json_is_object(json_object_get(root, "cluster")))
		list = json_pack("[O]", json_object_get(root, "cluster"));
	else if (!pipeline_pick(c, "clusters", root, names) && looks_like_cluster(root))
		list = json_pack("[O]", root);
	else
		list = json_incref(find_list(c, "clusters", root, names));
	if (list)
		*ret = list;
	else if (json_is_object(root) && !json_object_size(root))
		*ret = json_array();
	else
		rc = pipeline_wrong_shape("/correlate", "a list of clusters", root, err);
	json_decref(root);
	return rc;
}
