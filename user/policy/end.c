// SPDX-License-Identifier: GPL-2.0-only
/*
 * end.c - see end.h. The note lies in the session's directory before the signal is sent, so the owner
 * finds it when it wakes, and it goes with the directory.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "policy/end.h"
#include "session/unfinished.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/proc.h"
#include "util/text/text.h"

#define END_WITHIN_MS 30000 /* an owner may have a disk to empty and a service to start again */
#define NOTE_MAX      (64u << 10)

/* --- the note ------------------------------------------------------------------------------------ */

json_t *ended_json(const struct ended *e)
{
	json_t *o;

	if (!e->by.known && !e->why[0])
		return json_null();
	o = e->by.known ? caller_json(&e->by) : json_object();
	json_object_set_new(o, "t", json_real(e->when));
	json_object_set_new(o, "why", json_foreign(e->why));
	return o;
}

void ended_from_json(const json_t *o, struct ended *ret)
{
	*ret = (struct ended){ .when = json_number_value(json_object_get(o, "t")) };
	caller_from_json(o, &ret->by);
	text_copy(ret->why, sizeof(ret->why), json_string_value(json_object_get(o, "why")) ?: "");
}

const char *ended_text(const struct ended *e, char *buf, size_t size)
{
	char who[128], at[16] = "";
	time_t t = (time_t)e->when;
	struct tm tm;

	buf[0] = '\0';
	if (!e->by.known && !e->why[0])
		return buf;
	if (localtime_r(&t, &tm))
		strftime(at, sizeof(at), "%T", &tm);
	if (!e->by.known)
		snprintf(buf, size, "at %s: %s", at, e->why);
	else
		snprintf(buf, size, "by %s at %s%s%s", caller_text(&e->by, who, sizeof(who)), at, e->why[0] ? ": " : "",
			 e->why);
	return buf;
}

static char *note_path(const char *name)
{
	return text_format(FL_RUN_DIR "/%s/ended.json", name);
}

/* Who ends it matters less than that it ends: a note that cannot be written stops nothing. The first
 * one stays: it is the one that the owner obeys. */
static void note(const struct session_info *s, const struct ended *e)
{
	_cleanup_free_ char *path = note_path(s->name), *text = NULL;
	json_t *o = ended_json(e);

	text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(o);
	if (path && text && access(path, F_OK))
		file_write(path, text, strlen(text), 0600, NULL);
}

void ended_read(const char *name, struct ended *ret)
{
	_cleanup_free_ char *path = note_path(name), *text = NULL;
	json_t *o = NULL;

	if (path && !file_read(path, NOTE_MAX, &text, NULL, NULL))
		o = json_loads(text, 0, NULL);
	ended_from_json(o, ret);
	json_decref(o);
}

/* --- the end ------------------------------------------------------------------------------------- */

/* A pidfd on the owner; -1: it is gone. It is of whoever has the pid now; only the start time says that
 * this is the owner. */
static int open_owner(const struct session_info *s)
{
	int fd = s->alive ? (int)syscall(SYS_pidfd_open, s->pid, 0) : -1;

	if (fd >= 0 && !proc_same(s->pid, s->pid_start)) {
		close(fd);
		return -1;
	}
	return fd;
}

int end_ask(const struct session_info *s, const struct ended *e, struct fl_error *err)
{
	_cleanup_fd_ int fd = open_owner(s);

	if (fd < 0)
		return 0;
	note(s, e);
	if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) && errno != ESRCH)
		return error_env(err, errno, "session %s: cannot signal its owner %d: %s", s->name, (int)s->pid,
				 strerror(errno));
	return 0;
}

static int wait_owner(const struct session_info *s, struct fl_error *err)
{
	_cleanup_fd_ int fd = open_owner(s);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || poll(&p, 1, END_WITHIN_MS) == 1)
		return 0;
	error_env(err, ETIMEDOUT, "session %s: its owner %d does not end", s->name, (int)s->pid);
	error_hint(err, "kill -KILL %d; its guardian then cleans up", (int)s->pid);
	return -ETIMEDOUT;
}

int end_wait(const struct session_info *s, struct fl_error *err)
{
	struct timespec moment = { .tv_nsec = 20 * 1000000 };
	struct unfinished left;
	char dir[64];
	int r, i;

	if (!s->alive)
		return session_recover(s->name, NULL, err);
	r = wait_owner(s, err);
	/* It removes its directory before it goes, or says what it could not undo; if it was killed instead, its
	 * guardian does. */
	snprintf(dir, sizeof(dir), FL_RUN_DIR "/%s", s->name);
	for (i = 0; !r && i < 150 && !access(dir, F_OK) && !unfinished_read(s->name, &left); i++)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
	return r || access(dir, F_OK) ? r : session_recover(s->name, NULL, err);
}
