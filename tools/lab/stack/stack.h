/* SPDX-License-Identifier: GPL-2.0-only */
/* stack.h - what the files of the stack share and nobody else needs. */
#ifndef LAB_STACK_H
#define LAB_STACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/lab/stack/topology.h"
#include "util/error.h"

/* --- paths.c: where programs and the topology are --- */

/* A program of the lab or the topology, beside our own binary or where it is installed. */
int path_program(const char *name, char *buf, size_t size, struct fl_error *err);
int path_topology(char *buf, size_t size, struct fl_error *err);

/* --- network.c --- */

/* "fl-NAME" into @buf. */
const char *network_namespace(const char *service, char *buf, size_t size);
int network_make(const struct lab_topology *t, struct fl_error *err);
/* Remove the link and the namespaces that @state names; what is gone already is no error. */
void network_remove(const json_t *state);
/* Does everything that @state names still exist? */
bool network_complete(const json_t *state);

/* --- cgroups.c --- */

/* All folders that a unit called @name is to have, v2 and v1; @ret_v2 is the v2 one or "". */
json_t *cgroup_dirs(const char *name, char *ret_v2, size_t size);
/* Path below each v1 controller, "" when there are none. */
const char *cgroup_v1_path(const char *name, char *buf, size_t size);
int cgroup_make(const json_t *dirs, struct fl_error *err);
int cgroup_limit(const json_t *dirs, unsigned int cpu_percent, uint64_t memory_bytes, struct fl_error *err);
/* Thaw and kill every process in them; true when they are empty. */
bool cgroup_kill(const json_t *dirs);
/* Remove them, the folders inside of them, and the lab's own when it is empty. */
void cgroup_remove(const json_t *dirs);

/* --- state.c --- */

/* The state before anything exists, from the topology. NULL and *err on failure. */
json_t *state_build(const struct lab_topology *t, struct fl_error *err);
int state_write(const json_t *state, struct fl_error *err);
/* NULL without an error when there is none. */
int state_read(json_t **ret, struct fl_error *err);
/* Does the process of {"pid", "start"} run? */
bool state_alive(const json_t *process);
/* Signal it, and nobody who has its pid by now. */
void state_signal(const json_t *process, int sig);

/* --- health.c --- */

/* HTTP GET with a limit; the status, 0 when there was no answer. */
unsigned int health_get(const char *url, unsigned int limit_ms);
/* The URL of a service's /health. */
void health_url(const json_t *service, char *buf, size_t size);
/* Nobody listens on 127.0.0.1:@port? */
bool health_port_free(uint16_t port);

#endif
