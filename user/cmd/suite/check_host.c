// SPDX-License-Identifier: GPL-2.0-only
/* check_host.c - see check_host.h */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "cmd/suite/check_host.h"
#include "run/host_check.h"
#include "util/clock.h"
#include "util/text/url.h"

static void on_found(void *ctx, bool error, const char *rule, const struct experiment *x, const char *text,
		     const char *hint)
{
	struct check_host *c = ctx;

	c->errors += error;
	c->found(c->ctx, error, rule, x, text, hint);
}

static void on_fact(void *ctx, const char *text)
{
	const struct check_host *c = ctx;
	char line[800];

	snprintf(line, sizeof(line), "%s", text);
	url_mask(line);
	if (!c->quiet)
		fprintf(stderr, "%s\n", line);
}

/* SIGINT and SIGTERM end the wait, and what was found until then is printed. */
static bool wait_ns(void *ctx, uint64_t ns)
{
	const struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };
	struct check_host *c = ctx;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	c->interrupted = sigtimedwait(&set, NULL, &ts) > 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return !c->interrupted;
}

int check_host(struct suite *s, struct check_host *c, struct fl_error *err)
{
	const struct host_check check = { .watch_ns = c->watch_ns, .wait = wait_ns, .found = on_found, .fact = on_fact,
					  .ctx = c };
	int r = suite_file_use(s, &c->addresses, err);

	if (!r)
		host_check(s, &check); /* -EINTR: ->interrupted */
	return r;
}
