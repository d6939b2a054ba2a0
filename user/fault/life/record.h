/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - faults.json of a session: what its owner holds, for `list`, `set` and `stop`.
 *
 *     [{"id": "k3x9aa.1", "kind": "latency", "targets": ["payment-svc"], "backend": "hold",
 *       "identities": [{"name": "payment-svc", "netns": 4026532411, "cgroup": 91, "pid": 812}],
 *       "params": {"delay": "200ms", ...}, "rules": [0], "active": true,
 *       "expires_wall": 1764000000.5 or null, "matched": 12, "injected": 12, "effect": "",
 *       "courses": [{"param": "delay", "now": "12ms", "schedule": ..., see course.h, without the points}]}]
 *
 * Counters here are the owner's last look (once a second); those of kinds with rules are read
 * from the pinned maps instead.
 */
#ifndef FL_RECORD_H
#define FL_RECORD_H

#include <jansson.h>

#include "fault/fault.h"

/* Write the faults of @s (array of @n). */
int record_write(const struct session *s, struct fault *const *faults, uint32_t n, struct fl_error *err);

/* Read those of session @name; an empty array when it has none yet. New reference. */
int record_read(const char *name, json_t **ret, struct fl_error *err);

/* Find fault @id ("SESSION.N", or "SESSION" when it has only one). New references. */
int record_find(const char *id, char ret_session[16], json_t **ret, struct fl_error *err);

/* The parameters of a recorded fault of kind @ops. */
int record_params(const json_t *fault, const struct fault_ops *ops, struct params *ret, struct fl_error *err);

#endif
