// SPDX-License-Identifier: GPL-2.0-only
/* follow.c - see follow.h */
#include <errno.h>
#include <string.h>

#include "fault/life/follow.h"
#include "target/process/cgroup.h"
#include "target/process/process.h"
#include "target/watch.h"
#include "util/clock.h"

/* @now is @t as it is now: *t is replaced, its history stays. */
static void take_over(struct target *t, const struct target *now, uint64_t since_ns)
{
	struct target old = *t;

	target_free(t);
	*t = *now;
	t->watch = old.watch;
	t->told = old.told;
	t->moves = old.moves + 1;
	t->same_process = t->pid == old.pid && t->pid_start == old.pid_start;
	t->changed_wall_ns = since_ns;
	t->moved_wall_ns = clock_wall_ns();
}

static int ask_watch(struct target *t)
{
	struct target now;
	uint64_t since_ns;

	switch (target_watch_take(t->watch, &now, &since_ns)) {
	case TARGET_NEW: take_over(t, &now, since_ns); return 0;
	case TARGET_DOWN: return -ESRCH;
	default: return process_dead((struct process_id){ t->pid, t->pid_start }) ? -ESRCH : 0;
	}
}

/* A service in whose cgroup nothing runs does not run: systemd need not be asked. That costs two processes, at
 * every tick, and while systemd is busy seconds in which the owner gives no sign of life. */
static bool is_empty_unit(const struct target *t)
{
	uint64_t populated;
	int r;

	if (strcmp(t->provider, "unit") || !t->cgroup[0])
		return false;
	r = cgroup_read(t->cgroup, "cgroup.events", "populated", &populated);
	return r == -ENOENT || (!r && !populated);
}

static int ask_provider(struct target *t)
{
	/* It passed these checks when it was first named. */
	const struct target_options options = { .allow_host_interface = true };
	struct target now;

	if (t->pid && !process_dead((struct process_id){ t->pid, t->pid_start }))
		return 0;
	if (is_empty_unit(t))
		return -ESRCH;
	if (target_resolve(t->spec, &options, &now, NULL))
		return -ESRCH;
	if (!now.pid || (now.pid == t->pid && now.pid_start == t->pid_start)) {
		target_free(&now);
		return -ESRCH;
	}
	take_over(t, &now, 0);
	return 0;
}

int follow_target(struct target *t, bool *ret_new)
{
	struct process_id old = { t->pid, t->pid_start };
	int r = t->watch ? ask_watch(t) : ask_provider(t);

	if (ret_new)
		*ret_new = !r && (t->pid != old.pid || t->pid_start != old.start);
	return r;
}
