/* SPDX-License-Identifier: GPL-2.0-only */
/* wire.h - alerts, clusters and causes as JSON, and back. All returns are new references. */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

#include <jansson.h>

#include "tools/lab/pipeline/detector.h"

json_t *wire_alert(const struct graph *g, const struct alert *a);

/* False when it is not one of ours: a service or metric that we do not know. */
bool wire_read_alert(const struct graph *g, const json_t *json, struct alert *ret);

/* {"clusters": [{"id", "start", "end", "services": [...], "alerts": [...]}]}, biggest first. */
json_t *wire_clusters(const struct graph *g, const struct alert *alerts, unsigned int n);

/* {"root_service", "confidence", "evidence": [...], "causes": [...]} of a cluster's alerts. */
json_t *wire_cause(const struct graph *g, const struct alert *alerts, unsigned int n);

#endif
