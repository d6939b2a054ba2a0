/* SPDX-License-Identifier: GPL-2.0-only */
/* plan_cmd.h - between the parts of `faultline plan`. */
#ifndef FL_PLAN_CMD_H
#define FL_PLAN_CMD_H

#include "plan/plan.h"

struct plan_command {
	char **words;
	const char *out, *project, *probe;
	uint64_t watch_ns;
	bool json, named;
	struct plan_options options;
	struct plan plan;
	json_t *described;          /* as the suite will have it under `services` */
	struct meter_snapshot seen; /* a difference, when has_seen */
	bool has_seen;
	char title[128], made[200], said[700];
	struct fl_error err;
};

/* plan_watch.c: have the services known by their names in this process. */
int plan_cmd_describe(struct plan_command *o, struct fl_error *err);
/* What they say to one another for a while. That nothing can be measured is no error: it is a fact. */
int plan_cmd_watch(struct plan_command *o, struct fl_error *err);
/* The probe's URL, and the pipeline. */
int plan_cmd_ask(struct plan_command *o, struct fl_error *err);

/* plan_show.c: check what was written; then the file, and who would be hit. */
int plan_cmd_hand_out(struct plan_command *o, const struct text *suite, struct fl_error *err);
/* The first reason why something is not in the plan. */
const char *plan_cmd_reason(const struct plan *p);

#endif
