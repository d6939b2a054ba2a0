/* SPDX-License-Identifier: GPL-2.0-only */
/* effect_json.h - the effect on each edge of a service, out of two readings of the meter's groups. Pure. */
#ifndef FL_EFFECT_JSON_H
#define FL_EFFECT_JSON_H

#include <jansson.h>

#include "measure/trial/effect.h"

/*
 * What @was and @is (meter_read_groups()) say of @service's edges in between: an array with one entry an edge, as its
 * client saw it, and one without "client" for all that call the service; docs/results.md explains the keys.
 * @peers: the names at the other end that are meant, ended by NULL; NULL: all. A new reference, NULL: no memory.
 */
json_t *effect_edges(const struct meter_snapshot *was, const struct meter_snapshot *is, const char *service,
		     const char *const *peers);

#endif
