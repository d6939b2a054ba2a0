/* SPDX-License-Identifier: GPL-2.0-only */
/* load.h - between the parts of the loader, exercise/ among them; nobody else includes it. */
#ifndef FL_LOAD_H
#define FL_LOAD_H

#include "model/experiment.h"
#include "util/json/yaml.h"
#include "fault/fault.h"

struct exercise;

/* What the readers share: struct yaml's user. */
struct load {
	const struct fault_ops *const *table;
	struct suite *suite;
	bool collect;                  /* every error becomes a finding of the suite */
	const struct exercise *source; /* the text came out of it: for lines; or NULL */
};

/* The suite-level keys (`suite:`). */
int load_suite_settings(struct yaml *y, struct fy_node *node, void *suite);
/* Is @key one of those? */
bool load_is_setting(const char *key);

/* One experiment, appended to the suite: the mapping, or one with `experiment:` around it. */
int load_experiment(struct yaml *y, struct fy_node *node, void *suite);

/* One plan from a mapping of `faults:`, appended to the experiment. */
int load_fault(struct yaml *y, struct fy_node *node, void *experiment);

/* The one fault of `fault_type:` and `params:` (may be NULL). */
int load_single_fault(struct yaml *y, struct fy_node *type, struct fy_node *params, struct experiment *x);

/* {ramp: 0ms..500ms, over: 10min} for the parameter @slot (NULL: there is no such), as one word (util/schedule/schedule.h);
 * the caller's to free. */
int load_schedule(struct yaml *y, struct fy_node *node, const struct param_value *slot, char **ret);

/* Between the two ends of an edge in a list of targets, until the fault has taken its peer. */
#define EDGE_MARK "<->"

/* "payment-svc", "1 instance of payment-svc", "a <-> b"; *ret_n stays when no number is said. */
int load_target_words(struct yaml *y, struct fy_node *node, const char *text, char ***ret, uint32_t *ret_n);

void experiment_release(struct experiment *x);

#endif
