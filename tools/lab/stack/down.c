// SPDX-License-Identifier: GPL-2.0-only
/*
 * down.c - see lab.h. The supervisor is asked first; then everything that the state file names is
 * removed, whoever still runs in it, so that it works whatever was killed before.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/stack/lab.h"
#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define GRACE_NS (3 * NS_PER_SEC)
#define POLL_NS  (10 * NS_PER_MSEC)

static void stop_process(const json_t *process, int sig)
{
	uint64_t until = clock_mono_ns() + GRACE_NS;

	if (!state_alive(process))
		return;
	state_signal(process, sig);
	while (state_alive(process)) {
		if (clock_mono_ns() > until)
			state_signal(process, SIGKILL);
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	}
}

/* By cgroup where there are any, which finds every child; by pid otherwise. */
static int stop_unit(const char *name, const json_t *entry, struct fl_error *err)
{
	const json_t *dirs = json_object_get(json_object_get(entry, "run"), "cgroups");

	if (!cgroup_kill(dirs))
		return error_env(err, EBUSY, "processes of %s do not die", name);
	stop_process(entry, SIGKILL);
	cgroup_remove(dirs);
	return 0;
}

static int on_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

int lab_down(bool *ret_was_there, struct fl_error *err)
{
	static const char *const groups[] = { "services", "daemons" };
	json_t *state = NULL, *entry;
	const char *name;
	size_t i;
	int rc = state_read(&state, err), rc2;

	*ret_was_there = rc || state;
	if (rc || !state)
		return rc;
	stop_process(json_object_get(state, "supervisor"), SIGTERM);
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		json_object_foreach(json_object_get(state, groups[i]), name, entry) {
			rc2 = stop_unit(name, entry, err);
			rc = rc ? rc : rc2;
		}
	}
	network_remove(state);
	json_decref(state);
	/* The state goes last: until here a `down` that is killed can be repeated. */
	if (!rc)
		nftw(LAB_DIR, on_entry, 8, FTW_DEPTH | FTW_PHYS);
	return rc;
}
