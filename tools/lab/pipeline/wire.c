// SPDX-License-Identifier: GPL-2.0-only
/* wire.c - see wire.h */
#include <string.h>

#include "tools/lab/pipeline/correlator.h"
#include "tools/lab/pipeline/ranker.h"
#include "tools/lab/pipeline/wire.h"
#include "util/cleanup.h"

/* "payment-svc -> payment-db: edge_latency 0.51 s, usually 0.00 s, alarm from 0.04 s" */
static json_t *sentence(const struct graph *g, const struct alert *a)
{
	const struct metric_rule *rule = &metric_rules[a->signal.metric];
	const char *space = rule->unit[0] == 's' ? " " : "";
	bool edge = a->signal.peer >= 0;
	char usual[48] = "";

	if (!rule->absolute)
		snprintf(usual, sizeof(usual), ", usually %.3g%s%s", a->baseline, space, rule->unit);
	return json_sprintf("%s%s%s: %s %.3g%s%s%s, alarm from %.3g%s%s", g->names[a->signal.service],
			    edge ? " -> " : "", edge ? g->names[a->signal.peer] : "", rule->name, a->signal.value,
			    space, rule->unit, usual, a->level, space, rule->unit);
}

json_t *wire_alert(const struct graph *g, const struct alert *a)
{
	const struct metric_rule *rule = &metric_rules[a->signal.metric];
	json_t *json;

	json = json_pack("{s:i, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:o}", "id", (int)a->id, "service",
			 g->names[a->signal.service], "name", rule->name, "severity", rule->severity, "fired_at",
			 a->fired_at_s, "value", a->signal.value, "baseline", a->baseline, "level", a->level, "message",
			 sentence(g, a));
	if (a->signal.peer >= 0)
		json_object_set_new(json, "peer", json_string(g->names[a->signal.peer]));
	json_object_set_new(json, "ended_at", a->ended_at_s > 0 ? json_real(a->ended_at_s) : json_null());
	return json;
}

bool wire_read_alert(const struct graph *g, const json_t *json, struct alert *ret)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *peer = json_string_value(json_object_get(json, "peer"));
	int m;

	memset(ret, 0, sizeof(*ret));
	for (m = 0; m < METRICS && (!name || strcmp(metric_rules[m].name, name)); m++)
		;
	ret->id = (unsigned int)json_integer_value(json_object_get(json, "id"));
	ret->signal.service = graph_find(g, json_string_value(json_object_get(json, "service")));
	ret->signal.peer = graph_find(g, peer);
	ret->signal.metric = (enum metric)m;
	ret->signal.value = json_number_value(json_object_get(json, "value"));
	ret->fired_at_s = json_number_value(json_object_get(json, "fired_at"));
	ret->baseline = json_number_value(json_object_get(json, "baseline"));
	ret->level = json_number_value(json_object_get(json, "level"));
	return m < METRICS && ret->signal.service >= 0 && (!peer || ret->signal.peer >= 0);
}

static json_t *names_of(const struct graph *g, const bool *members)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < g->n; i++)
		if (members[i])
			json_array_append_new(list, json_string(g->names[i]));
	return list;
}

static json_t *one_cluster(const struct graph *g, const struct alert *alerts, const unsigned int *cluster,
			   unsigned int n, unsigned int which)
{
	bool members[GRAPH_MAX] = { false };
	json_t *list = json_array();
	double start = 0, end = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (cluster[i] != which)
			continue;
		start = start > 0 ? start : alerts[i].fired_at_s;
		end = alerts[i].fired_at_s;
		members[alerts[i].signal.service] = true;
		json_array_append_new(list, wire_alert(g, &alerts[i]));
	}
	return json_pack("{s:o, s:f, s:f, s:o, s:o}", "id", json_sprintf("c%u", which + 1), "start", start, "end", end,
			 "services", names_of(g, members), "alerts", list);
}

/* Insert so that the list stays sorted by number of alerts; equal ones keep their order. */
static void insert_sorted(json_t *list, json_t *cluster)
{
	size_t i, size = json_array_size(json_object_get(cluster, "alerts"));

	for (i = 0; i < json_array_size(list); i++)
		if (json_array_size(json_object_get(json_array_get(list, i), "alerts")) < size)
			break;
	json_array_insert_new(list, i, cluster);
}

json_t *wire_clusters(const struct graph *g, const struct alert *alerts, unsigned int n)
{
	_cleanup_free_ unsigned int *cluster = calloc(n + 1, sizeof(*cluster));
	json_t *list = json_array();
	unsigned int i, clusters = 0;

	if (cluster)
		correlate(g, alerts, n, cluster, &clusters);
	for (i = 0; i < clusters; i++)
		insert_sorted(list, one_cluster(g, alerts, cluster, n, i));
	return json_pack("{s:o}", "clusters", list);
}

static json_t *evidence_of(const struct graph *g, const struct alert *alerts, const double *weight, unsigned int n)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < n; i++)
		if (weight[i] > 0)
			json_array_append_new(list, json_pack("{s:i, s:s, s:f, s:f, s:o}", "alert", (int)alerts[i].id,
							      "metric", metric_rules[alerts[i].signal.metric].name,
							      "weight", weight[i], "at", alerts[i].fired_at_s, "text",
							      sentence(g, &alerts[i])));
	return list;
}

json_t *wire_cause(const struct graph *g, const struct alert *alerts, unsigned int n)
{
	_cleanup_free_ double *weight = calloc(n + 1, sizeof(*weight));
	struct ranked ranked[GRAPH_MAX];
	json_t *causes = json_array();
	unsigned int i, found = 0;
	double sum = 0;

	if (weight)
		found = rank(g, alerts, n, ranked, weight);
	for (i = 0; i < found; i++)
		sum += ranked[i].score;
	for (i = 0; i < found; i++)
		json_array_append_new(causes, json_pack("{s:s, s:f}", "service", g->names[ranked[i].service], "score",
							ranked[i].score / sum));
	if (!found)
		return json_pack("{s:n, s:f, s:[], s:o}", "root_service", "confidence", 0.0, "evidence", "causes",
				 causes);
	return json_pack("{s:s, s:f, s:o, s:o}", "root_service", g->names[ranked[0].service], "confidence",
			 ranked[0].confidence, "evidence", evidence_of(g, alerts, weight, n), "causes", causes);
}
