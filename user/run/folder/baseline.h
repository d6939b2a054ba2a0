/* SPDX-License-Identifier: GPL-2.0-only */
/* baseline.h - how the stack is when nothing is wrong: baseline.json without an experiment. */
#ifndef FL_BASELINE_H
#define FL_BASELINE_H

#include <jansson.h>

#include "model/experiment.h"

/*
 * Watch the services of the suite for @for_ns, or until SIGINT or SIGTERM, and describe them: from the
 * kernel, and from Prometheus when the suite has queries for it. *ret is a new reference to what
 * docs/results.md says of baseline.json, one window without an experiment. An error when neither can be
 * had; when one of them cannot, its reason is in the window's "errors".
 */
int baseline_capture(const struct suite *s, uint64_t for_ns, json_t **ret, struct fl_error *err);

/* Add what the exercise's capture_baseline.py would have written, of the last window: baseline_form.c. */
void baseline_add_exercise_form(json_t *baseline, const struct suite *s);

#endif
