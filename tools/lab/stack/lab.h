/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lab.h - the embedded lab, brought up and taken down.
 *
 * What exists is written down in LAB_STATE before it is made, so that a lab whose `up` was killed
 * half-way can be taken down. From the start of the supervisor on, only that process writes there.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define LAB_DIR   "/run/faultline/lab"
#define LAB_STATE LAB_DIR "/lab.json"

struct lab_options {
	const char *topology;   /* NULL: lab.yaml beside the binary, or where it was installed */
	uint16_t pipeline_port; /* 0: what the topology says */
	bool load;              /* start the load generator */
	/* Called about four times a second while the services become healthy; may be NULL. */
	void (*progress)(void *context, unsigned int healthy, unsigned int total);
	void *context;
};

enum lab_up_result {
	LAB_STARTED,
	LAB_WAS_RUNNING,
	LAB_REPAIRED, /* it ran, and something that was missing was started again */
};

/* Bring it up and wait until a whole checkout works. On failure everything is taken down again. */
int lab_up(const struct lab_options *options, enum lab_up_result *ret, struct fl_error *err);

/* Take it down, whatever is left of it. *ret_was_there: something was. */
int lab_down(bool *ret_was_there, struct fl_error *err);

/*
 * {"state": "running"|"degraded"|"stopped", "entry", "health", "healthy", "pipeline", "services":
 * [{"name", "state": "healthy"|"unhealthy"|"down", "pid", "addr", "port", "netns"}]}; new reference.
 */
int lab_status(json_t **ret, struct fl_error *err);

#endif
