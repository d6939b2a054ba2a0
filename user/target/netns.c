// SPDX-License-Identifier: GPL-2.0-only
/* netns.c - netns:NAME, a network namespace of `ip netns`, with what runs in it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "os/netns.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/text/text.h"

int target_netns_names(struct target_names *names, struct fl_error *err)
{
	DIR *d = opendir("/run/netns");
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : error_env(err, errno, "cannot read /run/netns: %s", strerror(errno));
	while (!r && (e = readdir(d)))
		if (e->d_name[0] != '.')
			r = target_names_add(names, e->d_name);
	closedir(d);
	return r ? error_sys(err, -r, "cannot read /run/netns: out of memory") : 0;
}

static void suggest(const char *name, struct fl_error *err)
{
	struct target_names names = {};
	const char *near = NULL;

	target_netns_names(&names, NULL);
	if (!target_names_add(&names, NULL))
		near = text_nearest(name, (const char *const *)names.v);
	if (near)
		error_hint(err, "did you mean netns:%s?", near);
	else
		error_hint(err, "'ip netns list' shows the named ones");
	target_names_free(&names);
}

static int resolve(const char *name, struct target *t, struct fl_error *err)
{
	int fd = netns_open_name(name, NULL);
	int r;

	if (fd < 0) {
		error_usage(err, "no network namespace '%.60s'", name);
		suggest(name, err);
		return -ENOENT;
	}
	target_use_netns(t, fd);
	t->members = TARGET_BY_NETNS;
	r = target_add_pids(t, err);
	return r ? r : target_use_oldest(t, err);
}

const struct target_provider target_netns = { .name = "netns", .resolve = resolve };
