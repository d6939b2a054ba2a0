// SPDX-License-Identifier: GPL-2.0-only
/* check_host.c - see check_host.h */
#include <errno.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/suite/check_host.h"
#include "run/host_check.h"
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

static bool wait_ns(void *ctx, uint64_t ns)
{
	struct check_host *c = ctx;

	c->interrupted = !cmd_wait_ns(ns);
	return !c->interrupted;
}

int check_host(struct suite *s, struct check_host *c, struct fl_error *err)
{
	const struct host_check check = {
		.watch_ns = c->watch_ns, .wait = wait_ns, .found = on_found, .fact = on_fact, .ctx = c
	};
	int r = suite_file_use(s, &c->addresses, err);

	if (!r)
		host_check(s, &check); /* -EINTR: ->interrupted */
	return r;
}
