// SPDX-License-Identifier: GPL-2.0-only
/*
 * latefault.c - a session that begins now and injects later, as a suite's does: prints "begun", waits
 * for SIGUSR1, puts a delay on a target, prints "active", and ends at SIGTERM.
 *
 *   latefault TARGET DELAY
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "fault/fault.h"
#include "fault/undo.h"
#include "session/session.h"

static volatile sig_atomic_t go, end;

static void on_signal(int sig)
{
	*(sig == SIGUSR1 ? &go : &end) = 1;
}

static __attribute__((noreturn)) void die(const struct fl_error *err)
{
	error_print(err, stderr);
	exit(err->exit);
}

static void wait_until(const volatile sig_atomic_t *flag, struct session *s)
{
	while (!*flag) {
		poll(NULL, 0, 50);
		session_heartbeat(s);
	}
}

int main(int argc, char **argv)
{
	struct fl_error err = {};
	struct session *s;
	struct fault f;

	if (argc != 3)
		return 2;
	journal_know(undo_families);
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	if (session_begin("test", &s, &err) || fault_init(&f, s, "latency", &err) ||
	    params_set(&f.params, "delay", argv[2], &err) || fault_add_target(&f, argv[1], &err))
		die(&err);
	puts("begun");
	fflush(stdout);
	wait_until(&go, s);
	if (fault_arm(&f, &err) || fault_activate(&f, true, &err))
		die(&err);
	puts("active");
	fflush(stdout);
	wait_until(&end, s);
	fault_free(&f);
	return session_end(s, &err) ? 1 : 0;
}
