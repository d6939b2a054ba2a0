// SPDX-License-Identifier: GPL-2.0-only
/* pid.c - pid:N or pid:/FILE, a process with its descendants, its namespaces and its cgroup. */
#include <errno.h>
#include <string.h>

#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define PID_FILE_MAX 64

/* A file with a process number, as daemons write; read anew each time, so a restart is followed. */
static int read_file(const char *path, int64_t *ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(path, PID_FILE_MAX, &text, NULL, err);

	if (r)
		return r;
	text[strcspn(text, " \t\r\n")] = '\0';
	if (!units_int(text, 1, INT32_MAX, ret, NULL))
		return 0;
	error_usage(err, "pid:%.200s: there is no process number in that file", path);
	error_hint(err, "a daemon writes it when it starts; is the service running?");
	return -ESRCH;
}

static int resolve(const char *name, struct target *t, struct fl_error *err)
{
	int64_t pid;
	int r;

	r = name[0] == '/' ? read_file(name, &pid, err) : units_int(name, 1, INT32_MAX, &pid, NULL);
	if (r)
		return name[0] == '/' ? r : error_usage(err, "'%.60s' is no process number", name);
	if (pid == 1) /* before anything of it is read, which may not be allowed */
		return error_usage(err, "refused: init: %s is init", t->spec);
	t->members = TARGET_BY_TREE;
	r = target_use_pid(t, (pid_t)pid, err);
	return r ? r : target_add_pids(t, err);
}

const struct target_provider target_pid = { .name = "pid", .resolve = resolve };
