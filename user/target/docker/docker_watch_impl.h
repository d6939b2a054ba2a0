/* SPDX-License-Identifier: GPL-2.0-only */
/* docker_watch_impl.h - what the parts of watch.h for containers share: docker_watch.c (thread, events,
 * the loop's side) and docker_watch_look.c (what is asked about a container). */
#ifndef FL_DOCKER_WATCH_IMPL_H
#define FL_DOCKER_WATCH_IMPL_H

#include <pthread.h>
#include <sys/queue.h>

#include "target/docker/docker.h"
#include "target/watch.h"

/* One container that is watched for a group. */
struct watched {
	uint32_t id;
	const void *group;
	char spec[256], scope[256], shown[128]; /* of the target: spec, scope, name */
	char container[DOCKER_ID_SIZE], name[128];
	pid_t pid;
	uint64_t start;
	uint64_t since_ns; /* of the state it is in, by the engine's clock */
	uint64_t dead_ns;  /* its process is known to have ended; 0: it lives */
	bool down, has_fresh;
	bool takes_all;
	bool joined; /* found by the thread, and not taken by its group yet: fresh is its first */
	struct target fresh;
	struct target_veth veths[TARGET_MAX_VETHS]; /* as last resolved, to see a change */
	uint32_t n_veths;
	LIST_ENTRY(watched) link;
};

/* All of them; the lock is for the list, its entries and last_id. */
struct docker_watch {
	pthread_mutex_t lock;
	LIST_HEAD(, watched) all;
	uint32_t last_id;
};
extern struct docker_watch docker_watch;

/* The lock is held by the caller of these. */
struct watched *docker_watch_find(uint32_t id);
void docker_watch_remember(struct watched *w, const struct target *t);
void docker_watch_down(struct watched *w, uint64_t since_ns);

/* And by nobody who calls these: they ask the engine. */

/* Resolve @name, and see whether that is news for @id. -ENOENT: there is no such container. */
int docker_watch_look(uint32_t id, const char *name, uint64_t since_ns);
/* Look for another container of the set that @id is of, and that its group has not got yet. */
void docker_watch_heir(uint32_t id, const char *scope, uint64_t since_ns);
/* @name has started: is it of a set of which a group takes all? */
void docker_watch_joins(const char *name, uint64_t since_ns);

#endif
