// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache_undo.c - put poisoned values back, by what the journal says.
 *
 * The network namespace is found by its inode, in /run/netns or by a process that is in it; when nobody
 * is there any more, the store is gone too. A key that does not hold our value any more (the
 * application wrote it, it expired, the store was started empty) is left alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/cache_keys.h"
#include "fault/store.h"
#include "journal/journal.h"
#include "kern/netns.h"
#include "util/cleanup.h"
#include "util/units.h"

static int open_if(const char *path, uint64_t inode)
{
	struct stat st;

	/* Look before opening: a descriptor would pin every namespace we pass. */
	return stat(path, &st) || st.st_ino != inode ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

/* In a folder with a namespace, or a process, an entry. -1: none. */
static int search(const char *folder, const char *suffix, bool pids, uint64_t inode)
{
	char path[320];
	struct dirent *e;
	int fd = -1;
	DIR *dir = opendir(folder);

	while (dir && fd < 0 && (e = readdir(dir))) {
		int64_t pid;

		if (pids && units_int(e->d_name, 1, INT32_MAX, &pid, NULL))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", folder, e->d_name, suffix);
		fd = open_if(path, inode);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static int find_netns(uint64_t inode)
{
	int fd = open_if("/proc/self/ns/net", inode);

	if (fd < 0)
		fd = search("/run/netns", "", false, inode);
	if (fd < 0)
		fd = search("/proc", "/ns/net", true, inode);
	return fd;
}

static int restore(struct store *s, const struct cache_keys *k, struct fl_error *err)
{
	size_t i, left = 0;
	int r;

	for (i = 0; i < k->n; i++) {
		r = store_swap(s, &k->v[i].name, &k->v[i].poison, &k->v[i].old, err);
		if (r < 0)
			return r;
		left += !r;
	}
	if (left)
		error_env(err, ESTALE, "%zu of %zu keys were written anew or expired meanwhile", left, k->n);
	return 0;
}

static int undo_restore_cache(const json_t *args, struct fl_error *err)
{
	struct store_address a = {};
	json_int_t netns, port, db;
	struct cache_keys k = {};
	struct store *s = NULL;
	_cleanup_fd_ int fd = -1;
	const char *saved;
	int r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:I, s:s, s:I, s:I, s?s}", "saved", &saved,
			"netns", &netns, "host", &a.host, "port", &port, "db", &db, "password",
			&a.password))
		return error_sys(err, EINVAL, "the journal's cache makes no sense");
	a.port = (uint16_t)port;
	a.db = (unsigned int)db;
	fd = find_netns((uint64_t)netns);
	if (fd < 0)
		return 0;
	r = cache_keys_read(saved, &k, err);
	if (!r)
		r = store_open(fd, &a, &s, err);
	if (!r)
		r = restore(s, &k, err);
	else if (r == -ECONNREFUSED)
		error_hint(err, "start the store again, then faultline recover; the values are in %s", saved);
	store_close(s);
	cache_keys_free(&k);
	return r;
}

const struct undo_op undo_cache[] = { { "restore-cache", undo_restore_cache, false }, {} };
