// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_read.c - bodies of a pipeline to alerts and clusters, read liberally (see pipeline.h).
 *
 * Every field is looked for under the names people use, or under the one the config gives. What is
 * no alert is counted and skipped; a body that holds no list at all is an error.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline_read.h"
#include "util/json_path.h"
#include "util/text.h"

#define LEVELS_MAX 256

static const char *const time_paths[] = { "fired_at", "timestamp", "ts",	   "time",
					  "startsAt", "activeAt",  "starts_at", NULL };
static const char *const service_paths[] = { "service", "svc", "labels.service", "labels.job",
					     NULL };
static const char *const name_paths[] = { "name",  "alert", "alertname", "labels.alertname",
					  "title", "type",  NULL };
static const char *const severity_paths[] = { "severity", "tier", "labels.severity", "level", NULL };
static const char *const id_paths[] = { "id", "alert_id", "fingerprint", "uid", NULL };

bool pipeline_is(const struct pipeline_config *c, const char *adapter)
{
	return c && c->adapter && !strcmp(c->adapter, adapter);
}

const char *pipeline_field(const struct pipeline_config *c, const char *what)
{
	return c ? json_string_value(json_object_get(c->fields, what)) : NULL;
}

json_t *pipeline_pick(const struct pipeline_config *c, const char *what, const json_t *object,
		      const char *const *paths)
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

/* Is @v nested no deeper than @levels? What is kept goes into chaos_results.json, a few levels further
 * down, and that has to be readable again. */
static bool shallow(json_t *v, int levels)
{
	const char *key;
	json_t *member;
	size_t i;

	if (levels == 0)
		return false;
	json_array_foreach(v, i, member)
		if (!shallow(member, levels - 1))
			return false;
	json_object_foreach(v, key, member)
		if (!shallow(member, levels - 1))
			return false;
	return true;
}

int pipeline_parse(const char *what, const char *body, size_t len, json_t **ret,
		   struct fl_error *err)
{
	json_error_t why;
	size_t i = 0;

	while (i < len && isspace((unsigned char)body[i]))
		i++;
	if (i == len)
		return error_env(err, EBADMSG, "the pipeline answered %s with an empty body", what);
	if (body[i] == '<')
		return error_env(err, EBADMSG, "the pipeline answered %s with HTML, not JSON", what);
	*ret = json_loadb(body, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (*ret && shallow(*ret, LEVELS_MAX))
		return 0;
	if (*ret) {
		json_decref(*ret);
		*ret = NULL;
		return error_env(err, EBADMSG, "the pipeline answered %s with more than %d levels",
				 what, LEVELS_MAX);
	}
	return error_env(err, EBADMSG, "the pipeline answered %s with no JSON: %s at byte %d", what,
			 why.text, why.position);
}

int pipeline_wrong_shape(const char *what, const char *want, const json_t *found,
			 struct fl_error *err)
{
	char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);

	error_env(err, EBADMSG, "the pipeline answered %s without %s: %.120s", what, want,
		  text ? text : "");
	error_hint(err, "pipeline.fields in the config can name the fields; docs/pipeline.md has "
			"the shapes that are understood");
	free(text);
	return -EBADMSG;
}

/* The list in @root: itself, or under one of @names, or what the config says. NULL: none. */
static json_t *find_list(const struct pipeline_config *c, const char *what, json_t *root,
			 const char *const *names)
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

static bool read_alert(const struct pipeline_config *c, json_t *entry, struct alert *a)
{
	json_t *when;

	memset(a, 0, sizeof(*a));
	if (!json_is_object(entry))
		return false;
	when = pipeline_pick(c, "alert_time", entry, time_paths);
	a->time_s = pipeline_time(when);
	if (when && isnan(a->time_s))
		return false; /* a time that is none */
	json_scalar_text(pipeline_pick(c, "alert_service", entry, service_paths), a->service,
			 sizeof(a->service));
	json_scalar_text(pipeline_pick(c, "alert_name", entry, name_paths), a->name,
			 sizeof(a->name));
	json_scalar_text(pipeline_pick(c, "alert_severity", entry, severity_paths), a->severity,
			 sizeof(a->severity));
	if (!when && !a->service[0] && !a->name[0])
		return false; /* an object, but no alert */
	set_id(c, entry, a);
	a->raw = entry;
	return true;
}

int pipeline_read_alerts(const struct pipeline_config *c, const char *body, size_t len,
			 struct alerts *ret, struct fl_error *err)
{
	static const char *const names[] = { "alerts", "data.alerts", "data",  "items",
					     "results", "incidents",   "value", NULL };
	json_t *root, *list, *entry;
	struct alert a;
	size_t i;
	int rc = pipeline_parse("/alerts", body, len, &root, err);

	if (rc)
		return rc;
	list = find_list(c, "alerts", root, names);
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
	return json_is_array(json_object_get(v, "alerts")) ||
	       json_is_array(json_object_get(v, "services")) ||
	       json_is_array(json_object_get(v, "members")) || json_object_get(v, "cluster_id");
}

int pipeline_read_clusters(const struct pipeline_config *c, const char *body, size_t len,
			   json_t **ret, struct fl_error *err)
{
	static const char *const names[] = { "clusters", "incidents", "groups",	  "data.clusters",
					     "data",	 "items",     "results", NULL };
	json_t *root, *list = NULL;
	int rc = pipeline_parse("/correlate", body, len, &root, err);

	if (rc)
		return rc;
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
