/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - one thing to keep running: a service in namespaces of its own, or a plain process. It
 * is described by its entry in the lab's state file, under "run".
 */
#ifndef LAB_UNIT_H
#define LAB_UNIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define UNIT_MAX_COMMANDS 4
#define UNIT_MAX_ARGS     64
#define UNIT_MAX_CGROUPS  16

struct unit {
	const char *name;
	json_t *entry;     /* borrowed from the state: pid and start are written back to it */
	const char *netns; /* name below /run/netns; NULL: a plain process */
	const char *commands[UNIT_MAX_COMMANDS][UNIT_MAX_ARGS]; /* the first one is the main one */
	unsigned int n_commands;
	const char *cgroups[UNIT_MAX_CGROUPS]; /* folders; the unit's processes are put in each */
	unsigned int n_cgroups;
	const char *volume, *resolv, *log; /* volume, resolv: NULL when there is none */
	uint64_t volume_bytes;
	uid_t uid; /* and group: its own, of no account */
	bool restart;
	pid_t pid; /* 0: does not run */
	uint64_t start;
	uint64_t due_ns; /* CLOCK_MONOTONIC of the next start; 0: none planned */
};

/* Read "run" of @entry. False when the file was not made by the lab's own code. */
bool unit_read(struct unit *u, const char *name, json_t *entry);

/* Start it; u->pid and u->start tell who it is. Negative errno when it could not be forked: what
 * goes wrong later is in its log and ends it. */
int unit_start(struct unit *u);

#endif
