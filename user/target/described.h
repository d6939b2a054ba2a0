/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * described.h - services of a stack of one's own, described once: a name and how it is found.
 *
 *     services:
 *       db: netns:shop-db
 *       web: docker:label=app=web
 *       gw: pid:/run/gw.pid
 *
 * In a suite, or for everybody in /etc/faultline/stack.yaml; the suite's come first. Wherever a service may
 * be named (target, peer, metric, ground truth) the name stands for what is behind it, and results, graph,
 * top and /metrics call it so. Pure.
 */
#ifndef FL_DESCRIBED_H
#define FL_DESCRIBED_H

#include <jansson.h>

#include "util/error.h"

struct yaml;
struct fy_node;

#define DESCRIBED_FILE "/etc/faultline/stack.yaml"

/* A yaml_reader of the map `services`: *out is a json_t * of texts. */
int described_read(struct yaml *y, struct fy_node *node, void *out);

/* From now on in this process, before those of DESCRIBED_FILE. @map may be NULL. */
int described_use(const json_t *map, struct fl_error *err);

/*
 * What stands behind @name, borrowed. -ENOENT, without an error: it is not described; others: DESCRIBED_FILE is
 * there and cannot be used.
 */
int described_find(const char *name, const char **ret_spec, struct fl_error *err);

/* What @spec is called; NULL: nothing. */
const char *described_name(const char *spec);

/* All names, NULL-terminated; the caller frees the array. */
int described_names(const char ***ret, struct fl_error *err);

#endif
