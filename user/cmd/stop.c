// SPDX-License-Identifier: GPL-2.0-only
/*
 * stop.c - faultline stop ID|--all. A whole session is ended by its owner (SIGTERM through a
 * pidfd, so it can hit no stranger), and awaited; one fault of a longer session is switched off
 * by the owner; where the owner is dead, what it left is cleaned up.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "fault/owner.h"
#include "fault/record.h"
#include "kern/session.h"
#include "measure/meter.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text.h"

#define END_WITHIN_MS 30000 /* an owner may have a disk to empty and a service to start again */

struct options {
	char **ids;
	int n_ids;
	bool all, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'a':
		o->all = true;
		return 0;
	case 'o':
		o->json = cmd_output_json(arg, state);
		return 0;
	case ARGP_KEY_ARGS:
		o->ids = state->argv + state->next;
		o->n_ids = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->all == (o->n_ids > 0))
			argp_error(state, "either ID... or --all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{ "all", 'a', NULL, 0, "Every session on this host, runs too", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{}
};

static const struct argp argp = {
	option_table, parse, "ID...\n--all",
	"End faults and roll them back; returns when that is done.\v"
	"ID is SESSION.N as `faultline list` shows it, or SESSION for all of its faults.",
	NULL, NULL, NULL
};

/* Signal the owner and wait until it is gone. */
static int end_owner(const struct session_info *s, struct fl_error *err)
{
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	/* The pidfd is of whoever has the pid now; only the start time says that it is the
	 * owner. */
	if (fd < 0 || !proc_same(s->pid, s->pid_start))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) && errno != ESRCH)
		return error_env(err, errno, "session %s: cannot signal its owner %d: %s",
				 s->name, (int)s->pid, strerror(errno));
	if (poll(&p, 1, END_WITHIN_MS) == 1)
		return 0;
	error_env(err, ETIMEDOUT, "session %s: its owner %d does not end", s->name,
		  (int)s->pid);
	error_hint(err, "kill -KILL %d; its guardian then cleans up", (int)s->pid);
	return -ETIMEDOUT;
}

static int end_session(const struct session_info *s, struct fl_error *err)
{
	struct timespec moment = { .tv_nsec = 20 * 1000000 };
	char dir[64];
	int r, i;

	if (!s->alive)
		return session_recover(s->name, NULL, err);
	r = end_owner(s, err);
	/* It removes its directory before it goes; if it was killed instead, its guardian does.
	 */
	snprintf(dir, sizeof(dir), FL_RUN_DIR "/%s", s->name);
	for (i = 0; !r && i < 150 && !access(dir, F_OK); i++)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
	return r || access(dir, F_OK) ? r : session_recover(s->name, NULL, err);
}

static int stop_all(json_t *done, struct fl_error *err)
{
	_cleanup_free_ struct session_info *all = NULL;
	uint32_t n = 0, i;
	int r = session_list(&all, &n, err);

	for (i = 0; i < n; i++) {
		int one;

		/* It has no faults. */
		if (all[i].alive && !strcmp(all[i].purpose, METER_PURPOSE))
			continue;
		one = end_session(&all[i], err);
		if (one)
			r = one;
		else
			json_array_append_new(done, json_string(all[i].name));
	}
	return r;
}

static int find_session(const char *name, struct session_info *ret, struct fl_error *err)
{
	_cleanup_free_ struct session_info *all = NULL;
	uint32_t n = 0, i;
	int r = session_list(&all, &n, err);

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name)) {
			*ret = all[i];
			return 0;
		}
	if (r)
		return r;
	error_usage(err, "no session '%.40s'", name);
	error_hint(err, "faultline list shows those that are there");
	return -ENOENT;
}

static int stop_one(const char *id, json_t *done, struct fl_error *err)
{
	_cleanup_free_ char *name = strndup(id, strcspn(id, "."));
	struct session_info s;
	json_t *fault = NULL, *order;
	char session[16];
	int r = name ? find_session(name, &s, err) : -ENOMEM;

	if (!r && strchr(id, '.'))
		r = record_find(id, session, &fault, err);
	if (r)
		return r;
	if (fault && s.alive && strcmp(s.purpose, "inject")) {
		order = json_pack("{s:s, s:s}", "op", "stop", "id", id);
		r = owner_order(session, order, err);
		json_decref(order);
	} else {
		r = end_session(&s, err);
	}
	json_decref(fault);
	if (!r)
		json_array_append_new(done, json_string(id));
	return r;
}

int cmd_stop(int argc, char **argv)
{
	json_t *done = json_array(), *id;
	struct fl_error err = {};
	struct options o = {};
	int i, r = 0;
	size_t k;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.all)
		r = stop_all(done, &err);
	for (i = 0; !r && i < o.n_ids; i++)
		r = stop_one(o.ids[i], done, &err);
	if (o.json) {
		cmd_print_json(json_pack("{s:O}", "stopped", done));
	} else {
		json_array_foreach(done, k, id) {
			printf("%s stopped\n", json_string_value(id));
		}
		if (!r && !json_array_size(done))
			puts("nothing to stop");
	}
	json_decref(done);
	return r ? cmd_fail(&err) : FL_EXIT_OK;
}
