/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * docker.h - containers as the Engine API describes them, and sets of them:
 *
 *     NAME                a container's name, an id or its beginning, else a Compose service, a
 *                         Swarm service (its tasks on this node), a Swarm task
 *     PROJECT/SERVICE     the containers of a Compose service
 *     label=KEY[=VALUE]   those with the label
 *     image=REFERENCE     those made from the image
 */
#ifndef FL_DOCKER_H
#define FL_DOCKER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "target/provider.h"

#define DOCKER_ID_SIZE 65 /* 64 hex digits */

/* One container, inspected. */
/* SERVICE.SLOT.ID, or SERVICE.NODE.ID */
#define DOCKER_LABEL_TASK "com.docker.swarm.task.name"

struct docker_container {
	char id[DOCKER_ID_SIZE];
	char name[128];
	char network[128]; /* HostConfig.NetworkMode: "bridge", "host", "container:ID", a name */
	char stop_signal[24];
	char task[128]; /* of a Swarm, SERVICE.SLOT.ID; empty: it is none */
	pid_t pid;      /* 0: it does not run */
	bool running, paused;
	bool restarts; /* it has a restart policy */
};

/* @name: an id, a name. -ENOENT, without an error: there is none. */
int docker_inspect(const char *name, struct docker_container *ret, struct fl_error *err);

/* The names of the running containers that @what means (see above), sorted. -ENOENT: none. */
int docker_members(const char *what, struct target_names *ret, struct fl_error *err);

/* What @container, an entry of the engine's list, goes by: its Compose or Swarm service, its own name. NULL:
 * nothing that is a name. */
const char *docker_service_of(const json_t *container);

/* docker_list.c: services by theirs, other running containers by their own name. */
int docker_list(struct target_names *names, struct fl_error *err);
/* The running services, each as a spec that fits no other one ("docker:PROJECT/SERVICE"), sorted; of a Compose project
 * alone, where one is given. An engine that does not answer is an error. */
int docker_specs(const char *project, struct target_names *ret, struct fl_error *err);
/* The error for an id's beginning that fits several, with which; -ENOENT: it does not. */
int docker_list_ids(const char *prefix, struct fl_error *err);
/* The error for a set where one is wanted. */
int docker_too_many(const char *what, const struct target_names *names, struct fl_error *err);

/* Could this be a container's or a service's name? Nothing else gets into a path. */
bool docker_is_name(const char *text);

#endif
