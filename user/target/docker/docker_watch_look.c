// SPDX-License-Identifier: GPL-2.0-only
/* docker_watch_look.c - what the watching thread asks the engine about a container: how it is now, who
 * takes the place of one that was removed, whether one belongs to a set. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "target/docker/docker_watch_impl.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

/* --- looking at one ---------------------------------------------------------------------------- */

static bool same_veths(const struct watched *w, const struct target *t)
{
	uint32_t i;

	if (w->n_veths != t->n_veths)
		return false;
	for (i = 0; i < w->n_veths; i++)
		if (w->veths[i].ifindex != t->veths[i].ifindex || w->veths[i].netns_inode != t->veths[i].netns_inode)
			return false;
	return true;
}

void docker_watch_remember(struct watched *w, const struct target *t)
{
	w->pid = t->pid;
	w->start = t->pid_start;
	w->dead_ns = 0;
	w->n_veths = t->n_veths;
	memcpy(w->veths, t->veths, sizeof(w->veths));
	text_copy(w->container, sizeof(w->container), t->id);
}

/* @t is how it is now; taken over. The lock is held. */
static void publish(struct watched *w, struct target *t, uint64_t since_ns)
{
	if (w->has_fresh)
		target_free(&w->fresh);
	docker_watch_remember(w, t);
	text_copy(t->spec, sizeof(t->spec), w->spec);
	text_copy(t->scope, sizeof(t->scope), w->scope);
	text_copy(t->name, sizeof(t->name), w->shown);
	t->watch = w->id;
	w->fresh = *t;
	w->has_fresh = true;
	w->down = false;
	w->since_ns = since_ns;
}

void docker_watch_down(struct watched *w, uint64_t since_ns)
{
	if (w->down)
		return;
	if (w->has_fresh)
		target_free(&w->fresh);
	w->has_fresh = false;
	w->down = true;
	w->since_ns = since_ns;
}

struct watched *docker_watch_find(uint32_t id)
{
	struct watched *w;

	LIST_FOREACH(w, &docker_watch.all, link)
	if (w->id == id)
		return w;
	return NULL;
}

/* When a process began, by the wall clock; to the kernel's tick. */
static uint64_t begin_of(uint64_t start)
{
	uint64_t since_boot_ns = start * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));

	return clock_wall_ns() - clock_read_ns(CLOCK_BOOTTIME) + since_boot_ns;
}

/* The engine connects the networks first: what counts is from when on there was a process. */
static uint64_t later(uint64_t event_ns, uint64_t begin_ns)
{
	return begin_ns > event_ns ? begin_ns : event_ns;
}

/* Resolve @name without the lock; then see whether that is news for @id. */
int docker_watch_look(uint32_t id, const char *name, uint64_t since_ns)
{
	const struct target_options options = { .allow_host_interface = true };
	_cleanup_free_ char *spec = text_format("docker:%s", name);
	_cleanup_free_ struct target *now = calloc(1, sizeof(*now));
	struct watched *w;
	int r = spec && now ? target_resolve(spec, &options, now, NULL) : -ENOMEM;

	if (r)
		return r;
	pthread_mutex_lock(&docker_watch.lock);
	w = docker_watch_find(id);
	if (w && now->pid && (w->down || now->pid != w->pid || now->pid_start != w->start || !same_veths(w, now))) {
		text_copy(w->name, sizeof(w->name), name);
		publish(w, now, later(since_ns, begin_of(now->pid_start)));
	} else {
		if (w && !now->pid)
			docker_watch_down(w, since_ns);
		target_free(now);
	}
	pthread_mutex_unlock(&docker_watch.lock);
	return 0;
}

/* --- one that was removed ---------------------------------------------------------------------- */

/* Does the group of @w hold the container @name already? The lock is held. */
static bool is_held(const struct watched *w, const char *name)
{
	const struct watched *other;

	LIST_FOREACH(other, &docker_watch.all, link)
	if (other->group == w->group && !strcmp(other->name, name))
		return true;
	return false;
}

/* Another container of the set that @id is of, and that its group has not got yet. */
void docker_watch_heir(uint32_t id, const char *scope, uint64_t since_ns)
{
	struct target_names names = {};
	const char *heir = NULL, *colon = strchr(scope, ':');
	const struct watched *w;
	uint32_t i;

	if (!docker_members(colon ? colon + 1 : scope, &names, NULL)) {
		pthread_mutex_lock(&docker_watch.lock);
		w = docker_watch_find(id);
		for (i = 0; w && i < names.n && !heir; i++)
			if (!is_held(w, names.v[i]))
				heir = names.v[i];
		pthread_mutex_unlock(&docker_watch.lock);
	}
	if (heir)
		docker_watch_look(id, heir, since_ns);
	target_names_free(&names);
}

/* --- one that joins ---------------------------------------------------------------------------- */

/* The groups that take all of a set, one entry of each. */
struct sets {
	struct {
		const void *group;
		char scope[256];
	} v[16];
	uint32_t n;
};

static void list_sets(struct sets *ret, const char *name)
{
	const struct watched *w;
	uint32_t i;

	pthread_mutex_lock(&docker_watch.lock);
	LIST_FOREACH(w, &docker_watch.all, link)
	{
		for (i = 0; i < ret->n; i++)
			if (ret->v[i].group == w->group && !strcmp(ret->v[i].scope, w->scope))
				break;
		if (!w->takes_all || i < ret->n || i == ARRAY_SIZE(ret->v) || is_held(w, name))
			continue;
		ret->v[i].group = w->group;
		text_copy(ret->v[i].scope, sizeof(ret->v[i].scope), w->scope);
		ret->n++;
	}
	pthread_mutex_unlock(&docker_watch.lock);
}

static bool is_member(const char *scope, const char *name)
{
	const char *colon = strchr(scope, ':');
	struct target_names names = {};
	bool found = false;
	uint32_t i;

	if (!docker_members(colon ? colon + 1 : scope, &names, NULL))
		for (i = 0; i < names.n; i++)
			found |= !strcmp(names.v[i], name);
	target_names_free(&names);
	return found;
}

/* A place for @name in @group, which docker_watch_look() fills. */
static uint32_t add_joined(const void *group, const char *scope, const char *name)
{
	struct watched *w = calloc(1, sizeof(*w));

	if (!w)
		return 0;
	w->group = group;
	w->joined = w->takes_all = w->down = true;
	snprintf(w->spec, sizeof(w->spec), "docker:%s", name);
	text_copy(w->scope, sizeof(w->scope), scope);
	text_copy(w->shown, sizeof(w->shown), name);
	text_copy(w->name, sizeof(w->name), name);
	pthread_mutex_lock(&docker_watch.lock);
	w->id = ++docker_watch.last_id;
	LIST_INSERT_HEAD(&docker_watch.all, w, link);
	pthread_mutex_unlock(&docker_watch.lock);
	return w->id;
}

void docker_watch_joins(const char *name, uint64_t since_ns)
{
	struct sets sets = {};
	uint32_t i, id;

	list_sets(&sets, name);
	for (i = 0; i < sets.n; i++) {
		if (!is_member(sets.v[i].scope, name))
			continue;
		id = add_joined(sets.v[i].group, sets.v[i].scope, name);
		if (id)
			docker_watch_look(id, name, since_ns);
	}
}
