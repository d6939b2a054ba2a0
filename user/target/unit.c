// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit.c - unit:NAME.service, a service of the host's systemd. Its processes are those of its cgroup; it is
 * stopped and started by systemd, so that Restart= and the start limit see an order and no crash.
 *
 * systemd is asked through systemctl (arguments, no shell; the unit's name is checked, since systemctl
 * would take a pattern): the same calls on the same bus as by sd-bus, without another library.
 * Waiting is ours: orders are queued, and what came of them is read.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "target/process/cgroup_oom.h"
#include "target/provider.h"
#include "util/clock.h"
#include "util/spawn.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define START_PATIENCE_NS (10 * NS_PER_SEC)
#define LOOK_MS           100
#define SETTLE_LOOKS      4

struct unit {
	char id[128]; /* its first name, whatever alias was asked for */
	char load[32], active[32], place[256];
	pid_t pid; /* 0: none */
};

static int check_name(const char *name, char *ret, size_t size, struct fl_error *err)
{
	static const char suffix[] = ".service";
	const char *dot = strrchr(name, '.'), *c;

	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(":_.@-\\", *c))
			return error_usage(err, "unit:%.80s: not the name of a unit", name);
	if (!*name || *name == '-' || *name == '.')
		return error_usage(err, "unit:%.80s: not the name of a unit", name);
	if (dot && (!strcmp(dot, ".scope") || !strcmp(dot, ".slice") || !strcmp(dot, ".socket") ||
		    !strcmp(dot, ".timer") || !strcmp(dot, ".target") || !strcmp(dot, ".mount")))
		return error_usage(err, "unit:%.80s: services only; name another unit's processes as cgroup:PATH",
				   name);
	if (snprintf(ret, size, "%s%s", name, dot && !strcmp(dot, suffix) ? "" : suffix) >= (int)size)
		return error_usage(err, "unit:%.80s: the name is too long", name);
	return 0;
}

static bool order(const char *verb, const char *option, const char *unit)
{
	char out[256], words[2][32], name[160];
	char *argv[] = { (char[]){ "systemctl" }, words[0], words[1], (char[]){ "--" }, name, NULL };

	snprintf(words[0], sizeof(words[0]), "%s", verb);
	snprintf(words[1], sizeof(words[1]), "%s", option);
	snprintf(name, sizeof(name), "%s", unit);
	return spawn_ask(argv, NULL, out, sizeof(out));
}

static void take_property(struct unit *u, const char *line)
{
	const char *value = strchr(line, '=');
	int64_t pid;

	if (!value++)
		return;
	if (!strncmp(line, "Id=", 3))
		text_copy(u->id, sizeof(u->id), value);
	else if (!strncmp(line, "LoadState=", 10))
		text_copy(u->load, sizeof(u->load), value);
	else if (!strncmp(line, "ActiveState=", 12))
		text_copy(u->active, sizeof(u->active), value);
	else if (!strncmp(line, "ControlGroup=", 13))
		text_copy(u->place, sizeof(u->place), value);
	else if (!strncmp(line, "MainPID=", 8) && !units_int(value, 0, INT32_MAX, &pid, NULL))
		u->pid = (pid_t)pid;
}

/* -ENOENT: systemd knows no such unit. */
static int look(const char *what, struct unit *ret, struct fl_error *err)
{
	char name[128], out[2048] = "", *line, *save = NULL;
	char *argv[] = { (char[]){ "systemctl" },
			 (char[]){ "show" },
			 (char[]){ "--property=Id,LoadState,ActiveState,ControlGroup,MainPID" },
			 (char[]){ "--" },
			 name,
			 NULL };
	int r = check_name(what, name, sizeof(name), err);

	*ret = (struct unit){};
	if (r)
		return r;
	if (access("/run/systemd/system", F_OK))
		return error_env(err, ENOTSUP, "unit:%s: this host does not run systemd", name);
	if (!spawn_ask(argv, NULL, out, sizeof(out)))
		return error_env(err, EIO, "unit:%s: systemctl gives no answer", name);
	for (line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_property(ret, line);
	if (!strcmp(ret->load, "not-found"))
		return error_env(err, ENOENT, "no unit '%s'", name);
	if (strcmp(ret->load, "loaded") || !ret->id[0])
		return error_env(err, EIO, "unit:%s: systemd says it is '%s', not loaded", name, ret->load);
	return 0;
}

static int resolve(const char *what, struct target *t, struct fl_error *err)
{
	struct unit u;
	int r = look(what, &u, err);

	if (r)
		return r;
	if (!text_copy(t->id, sizeof(t->id), u.id))
		return error_usage(err, "unit:%.80s: the name is too long", u.id);
	if (!u.place[0] || !u.pid)
		return 0; /* it does not run */
	r = target_use_cgroup_place(t, u.place, err);
	if (!r)
		r = target_add_pids(t, err);
	return r ? r : target_use_pid(t, u.pid, err);
}

static bool is_up(const struct unit *u)
{
	return u->pid && !strcmp(u->active, "active");
}

/* Is the unit up, and still so with the same process SETTLE_LOOKS later? Until its program has been
 * executed a service of Type=simple passes for active. */
static int wait_up(const char *what, struct unit *u, struct fl_error *err)
{
	uint64_t until = clock_mono_ns() + START_PATIENCE_NS;
	unsigned int looks = 0;
	pid_t pid = 0;
	int r;

	do {
		usleep(LOOK_MS * 1000);
		r = look(what, u, err);
		if (r)
			return r;
		looks = is_up(u) && u->pid == pid ? looks + 1 : 0;
		pid = u->pid;
		if (looks == SETTLE_LOOKS)
			return 0;
	} while (strcmp(u->active, "failed") && clock_mono_ns() < until);
	error_env(err, EIO, "unit:%s was told to start, and is '%s'%s", u->id, u->active,
		  is_up(u) ? ", not for long" : "");
	error_hint(err, "systemctl status %s; journalctl -u %s", u->id, u->id);
	return -EIO;
}

/* A unit that has reached its start limit is "failed", and would refuse. */
static int start(const char *what, struct fl_error *err)
{
	struct unit u;
	int r = look(what, &u, err);

	if (r || is_up(&u))
		return r;
	order("reset-failed", "--quiet", u.id);
	if (!order("start", "--no-block", u.id))
		return error_env(err, EIO, "unit:%s: systemd refuses to start it", u.id);
	return wait_up(what, &u, err);
}

/*
 * To keep it down is a stop: after a signal systemd would start it again, until the start limit leaves it
 * failed. A crash has to be one: the signal is sent directly, and Restart= decides.
 */
static int send_signal(const char *what, int signal, bool keep_down, struct fl_error *err)
{
	struct unit u;
	int r = keep_down ? look(what, &u, err) : -ENOTSUP;

	if (r)
		return r;
	if (!order("stop", "--no-block", u.id))
		return error_env(err, EIO, "unit:%s: systemd refuses to stop it", u.id);
	/* What its grace was too short for. */
	if (signal == SIGKILL && !order("kill", "--signal=KILL", u.id))
		return error_env(err, EIO, "unit:%s: systemd refuses to kill it", u.id);
	return 0;
}

bool target_unit_of(const struct target *t, char *ret, size_t size)
{
	const char *dot;
	bool user;

	if (strcmp(t->provider, "cgroup") || access("/run/systemd/system", F_OK) ||
	    !cgroup_unit(t->members & TARGET_BY_CGROUP ? t->cgroup : t->cgroup_v1, ret, size, &user) || user)
		return false;
	dot = strrchr(ret, '.');
	return dot && !strcmp(dot, ".service");
}

const struct target_provider target_unit = {
	.name = "unit",
	.resolve = resolve,
	.start = start,
	.signal = send_signal,
};
