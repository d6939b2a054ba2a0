/* SPDX-License-Identifier: GPL-2.0-only */
/* topology.h - the lab as it is written down in lab.yaml, whose comments explain every key. */
#ifndef LAB_TOPOLOGY_H
#define LAB_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define LAB_MAX_SERVICES 32
#define LAB_MAX_CALLS    8
#define LAB_MAX_ARGS     48
#define LAB_MAX_BESIDE   2
#define LAB_MAX_PORTS    4

/* A dependency with its options as lab-service takes them (",pool=8,timeout=1s"). */
struct lab_call {
	char name[32];
	char options[128];
};

struct lab_service {
	char name[32], role[24], address[16];
	uint16_t port;
	struct lab_call calls[LAB_MAX_CALLS];
	unsigned int n_calls;
	bool cache;
	char *options[LAB_MAX_ARGS];                /* NULL-terminated */
	char *beside[LAB_MAX_BESIDE][LAB_MAX_ARGS]; /* each NULL-terminated */
	unsigned int n_beside;
	uint16_t inside[LAB_MAX_PORTS]; /* ports for the lab alone, closed to the host */
	unsigned int n_inside;
	unsigned int cpu_percent; /* 0: no quota */
	uint64_t memory_bytes;    /* 0: no limit */
	char volume[128];         /* empty: none */
	uint64_t volume_bytes;
	bool restart;
};

struct lab_topology {
	char hub[32], link[16], network[16]; /* network: its first three bytes, "10.213.77" */
	char entry[32], health[64];
	char resolver[32], logs[32], cache[32]; /* service names; empty: none */
	uint64_t restart_delay_ns;
	uint16_t pipeline_port; /* 0: no pipeline */
	unsigned int load_rate; /* 0: no load generator */
	uint16_t load_port;
	struct lab_service services[LAB_MAX_SERVICES];
	unsigned int n_services;
};

/*
 * Load and check @path. Every problem is an error with file:line:column: unknown keys and values,
 * addresses outside of the network or given twice, calls to services that are not there.
 * *ret is released with topology_free().
 */
int topology_load(const char *path, struct lab_topology **ret, struct fl_error *err);
void topology_free(struct lab_topology *t);

const struct lab_service *topology_find(const struct lab_topology *t, const char *name);

#endif
