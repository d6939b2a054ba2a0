// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline_watch.c - Prometheus and Alertmanager as pipelines: what faultline has to add to their
 * answers. Both forget an alert once it is resolved, and Alertmanager its group with it; so what the
 * scores need at the end is noted with each alert while it is there, from a second question:
 *
 *   prometheus    /api/v1/rules: `for` of the rule. activeAt is when the condition became true, the
 *                 alert fires that much later
 *   alertmanager  /api/v2/alerts/groups: the labels of its group
 *
 * Neither names root causes. Where a label of the alerts does (pipeline.fields.root_service), the
 * causes are its values, by the number of alerts that bear them.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/text/text.h"

#define CAUSES_MAX  100
#define NOTED_GROUP "group" /* in an alert as it is kept */

bool pipeline_names_causes(const struct pipeline_config *c)
{
	return (!pipeline_is(c, "prometheus") && !pipeline_is(c, "alertmanager")) || pipeline_field(c, "root_service");
}

/* --- notes ----------------------------------------------------------------------------------- */

/* A set of labels as a key: the same labels, the same text. NULL when out of memory. */
static char *labels_key(const json_t *labels)
{
	return json_dumps(labels ? labels : json_null(), JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Labels of an alert -> `for` of its rule in seconds. */
static json_t *holds_by_labels(const json_t *root)
{
	json_t *map = json_object(), *group, *rule, *alert;
	size_t i, j, k;

	json_array_foreach(json_path(root, "data.groups"), i, group)
		json_array_foreach(json_object_get(group, "rules"), j, rule)
			json_array_foreach(json_object_get(rule, "alerts"), k, alert) {
				_cleanup_free_ char *key = labels_key(json_object_get(alert, "labels"));

				if (key)
					json_object_set(map, key, json_object_get(rule, "duration"));
			}
	return map;
}

void pipeline_note_rules(const json_t *root, struct alerts *a, uint32_t from)
{
	json_t *map = holds_by_labels(root);

	for (; from < a->n; from++) {
		_cleanup_free_ char *key = labels_key(json_object_get(a->v[from].raw, "labels"));
		double hold_s = json_number_value(key ? json_object_get(map, key) : NULL);

		if (hold_s > 0)
			a->v[from].time_s += hold_s;
	}
	json_decref(map);
}

void pipeline_note_groups(const json_t *root, struct alerts *a, uint32_t from)
{
	json_t *map = json_object(), *group, *alert, *labels;
	const char *id;
	size_t i, j;

	json_array_foreach(root, i, group)
		json_array_foreach(json_object_get(group, "alerts"), j, alert) {
			id = json_string_value(json_object_get(alert, "fingerprint"));
			labels = json_object_get(group, "labels");
			/* Of several receivers' groups the first one: one alert, one cluster. */
			if (id && json_is_object(labels) && !json_object_get(map, id))
				json_object_set(map, id, labels);
		}
	for (; from < a->n; from++) {
		labels = json_object_get(map, a->v[from].id);
		if (labels && json_is_object(a->v[from].raw))
			json_object_set(a->v[from].raw, NOTED_GROUP, labels);
	}
	json_decref(map);
}

/* --- clusters and causes --------------------------------------------------------------------- */

/* The cluster of @labels in @clusters, made when it is not there. Borrowed. */
static json_t *cluster_of(json_t *clusters, json_t *labels)
{
	json_t *cluster;
	size_t i;

	json_array_foreach(clusters, i, cluster)
		if (json_equal(json_object_get(cluster, "labels"), labels))
			return cluster;
	cluster = json_pack("{s:O, s:[]}", "labels", labels, "alerts");
	json_array_append_new(clusters, cluster);
	return cluster;
}

json_t *pipeline_groups(const struct pipeline_config *c, const struct alerts *seen, double start_s, double end_s)
{
	/* Prometheus does not correlate; a label that names the root speaks for all its alerts. */
	bool all = pipeline_is(c, "prometheus") && pipeline_names_causes(c);
	json_t *clusters = json_array(), *none = json_object(), *labels;
	uint32_t i;

	for (i = 0; i < seen->n; i++) {
		const struct alert *a = &seen->v[i];

		labels = all ? none : json_object_get(a->raw, NOTED_GROUP);
		if (labels && a->time_s >= start_s && a->time_s <= end_s)
			json_array_append(json_object_get(cluster_of(clusters, labels), "alerts"), a->raw);
	}
	json_decref(none);
	return clusters;
}

static struct cause *cause_of(struct cause *v, uint32_t *n, const char *service)
{
	uint32_t i;

	for (i = 0; i < *n; i++)
		if (!strcmp(v[i].service, service))
			return &v[i];
	if (*n == CAUSES_MAX)
		return NULL;
	v[*n] = (struct cause){ .confidence = NAN };
	text_copy(v[*n].service, sizeof(v[*n].service), service);
	return &v[(*n)++];
}

static int by_evidence(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;

	if (x->n_evidence != y->n_evidence)
		return x->n_evidence < y->n_evidence ? 1 : -1;
	return strcmp(x->service, y->service);
}

/* The names of the alerts of @cluster that blame @service. */
static json_t *who_blames(const json_t *cluster, const char *path, const char *service)
{
	json_t *list = json_array(), *alert, *name;
	char blamed[128];
	size_t i;

	json_array_foreach(json_object_get(cluster, "alerts"), i, alert) {
		name = json_path(alert, "labels.alertname");
		if (json_scalar_text(json_path(alert, path), blamed, sizeof(blamed)) && !strcmp(blamed, service) &&
		    json_is_string(name))
			json_array_append(list, name);
	}
	return list;
}

int pipeline_label_causes(const struct pipeline_config *c, const json_t *cluster, struct cause **ret, uint32_t *ret_n,
			  json_t **ret_evidence, struct fl_error *err)
{
	const char *path = pipeline_field(c, "root_service");
	struct cause *v = calloc(CAUSES_MAX, sizeof(*v)), *cause;
	char service[sizeof(v->service)];
	json_t *alert;
	uint32_t n = 0;
	size_t i;

	if (!v)
		return error_sys(err, ENOMEM, "cannot read the causes: out of memory");
	json_array_foreach(json_object_get(cluster, "alerts"), i, alert) {
		if (!path || !json_scalar_text(json_path(alert, path), service, sizeof(service)) || !service[0])
			continue;
		cause = cause_of(v, &n, service);
		if (cause)
			cause->n_evidence++;
	}
	qsort(v, n, sizeof(*v), by_evidence);
	*ret_evidence = n ? who_blames(cluster, path, v[0].service) : NULL;
	if (!n) {
		free(v);
		v = NULL;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}
