// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - lab-supervisor STATE_FILE: start everything that the state file describes, start again
 * what ended and has a restart policy, and write pids back to the file on every change.
 *
 * SIGTERM ends all. SIGHUP starts at once whatever does not run. One thread, no polling.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lab/common/proc.h"
#include "tools/lab/supervisor/unit.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define MAX_UNITS       40
#define MAX_STATE_BYTES (1024 * 1024)
#define DAEMON_GRACE_NS (1 * NS_PER_SEC)

struct supervisor {
	const char *path;
	json_t *state;
	struct unit units[MAX_UNITS];
	unsigned int n;
	uint64_t restart_delay_ns;
};

static void state_write(struct supervisor *s)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	_cleanup_free_ char *text = NULL;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		json_object_set_new(s->units[i].entry, "pid", json_integer(s->units[i].pid));
		json_object_set_new(s->units[i].entry, "start", json_integer((json_int_t)s->units[i].start));
	}
	text = json_dumps(s->state, JSON_INDENT(1));
	if (!text || file_write(s->path, text, strlen(text), 0644, &err))
		fprintf(stderr, "state not written: %s\n", text ? err.message : "out of memory");
}

static bool read_units(struct supervisor *s, const char *group)
{
	const char *name;
	json_t *entry;

	json_object_foreach(json_object_get(s->state, group), name, entry) {
		if (s->n == MAX_UNITS || !unit_read(&s->units[s->n], name, entry)) {
			fprintf(stderr, "%s: '%s' cannot be read\n", s->path, name);
			return false;
		}
		s->n++;
	}
	return true;
}

static bool state_read(struct supervisor *s)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	_cleanup_free_ char *text = NULL;
	json_error_t why;
	size_t len;

	if (file_read(s->path, MAX_STATE_BYTES, &text, &len, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return false;
	}
	s->state = json_loadb(text, len, 0, &why);
	if (!s->state) {
		fprintf(stderr, "%s:%d: %s\n", s->path, why.line, why.text);
		return false;
	}
	s->restart_delay_ns = NS_PER_MSEC * (uint64_t)json_integer_value(json_object_get(s->state, "restart_delay_ms"));
	json_object_set_new(s->state, "supervisor",
			    json_pack("{s:i, s:I}", "pid", (int)getpid(), "start", (json_int_t)proc_start(getpid())));
	return read_units(s, "services") && read_units(s, "daemons");
}

/* Start what is due; returns when the next one is (0: none). */
static uint64_t start_due(struct supervisor *s)
{
	uint64_t now = clock_mono_ns(), next = 0;
	bool changed = false;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		struct unit *u = &s->units[i];
		int rc;

		if (u->due_ns && u->due_ns <= now) {
			rc = unit_start(u);
			printf("%.3f %s %s (pid %d)\n", clock_wall_s(), u->name, rc ? strerror(-rc) : "started",
			       (int)u->pid);
			changed = true;
			if (rc)
				u->due_ns = now + s->restart_delay_ns + NS_PER_SEC;
		}
		if (u->due_ns && (!next || u->due_ns < next))
			next = u->due_ns;
	}
	if (changed)
		state_write(s);
	return next;
}

static void reap(struct supervisor *s)
{
	bool changed = false;
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < s->n && s->units[i].pid != pid; i++)
			;
		if (i == s->n)
			continue;
		printf("%.3f %s ended (%s %d)\n", clock_wall_s(), s->units[i].name,
		       WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		s->units[i].pid = 0;
		s->units[i].start = 0;
		if (s->units[i].restart)
			s->units[i].due_ns = clock_mono_ns() + s->restart_delay_ns;
		changed = true;
	}
	if (changed)
		state_write(s);
}

/* Everything that does not run is due now. */
static void all_due(struct supervisor *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (!s->units[i].pid)
			s->units[i].due_ns = clock_mono_ns();
}

/* A service has nothing to lose: SIGKILL to its init takes the namespace. The plain processes are
 * asked first. */
static void stop_all(struct supervisor *s)
{
	uint64_t until = clock_mono_ns() + DAEMON_GRACE_NS;
	unsigned int i, left = 1;

	for (i = 0; i < s->n; i++)
		if (s->units[i].pid)
			kill(s->units[i].pid, s->units[i].netns ? SIGKILL : SIGTERM);
	while (left) {
		reap(s);
		for (i = left = 0; i < s->n; i++) {
			if (!s->units[i].pid)
				continue;
			left++;
			if (clock_mono_ns() > until)
				kill(s->units[i].pid, SIGKILL);
		}
		if (left)
			nanosleep(&(struct timespec){ .tv_nsec = 10 * NS_PER_MSEC }, NULL);
	}
}

static void run(struct supervisor *s, const sigset_t *set)
{
	struct timespec wait;
	uint64_t next, now;
	int sig;

	for (;;) {
		next = start_due(s);
		now = clock_mono_ns();
		next = !next ? 3600 * NS_PER_SEC : next > now ? next - now : 0;
		wait = (struct timespec){ .tv_sec = (time_t)(next / NS_PER_SEC), .tv_nsec = (long)(next % NS_PER_SEC) };
		sig = sigtimedwait(set, NULL, &wait);
		if (sig == SIGCHLD)
			reap(s);
		else if (sig == SIGHUP) {
			reap(s); /* what died just before it counts: SIGHUP overtakes SIGCHLD */
			all_due(s);
		} else if (sig == SIGTERM || sig == SIGINT)
			return;
	}
}

int main(int argc, char **argv)
{
	static struct supervisor s;
	sigset_t set;

	if (argc != 2) {
		fprintf(stderr, "usage: lab-supervisor STATE_FILE\n");
		return 2;
	}
	s.path = argv[1];
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!state_read(&s))
		return 1;
	json_object_set_new(s.state, "state", json_string("running"));
	all_due(&s);
	run(&s, &set);
	stop_all(&s);
	json_object_set_new(s.state, "state", json_string("stopped"));
	state_write(&s);
	return 0;
}
