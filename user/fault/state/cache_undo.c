// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache_undo.c - put poisoned values back, by what the journal says.
 *
 * The network namespace is found by its inode, in /run/netns or by a process that is in it; when nobody
 * is there any more, the store is gone too. A key that does not hold our value any more (the
 * application wrote it, it expired, the store was started empty) is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fault/state/cache_keys.h"
#include "fault/state/store.h"
#include "os/netns.h"
#include "session/journal.h"
#include "target/docker/docker_api.h"
#include "target/target.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"

#define UNDO_NS (5 * NS_PER_SEC) /* of one try */

/* Is it as it was? It never was poisoned, or an earlier try has put it back. */
static int holds_old(struct store *s, const struct cache_key *key, struct fl_error *err)
{
	struct bytes now = {};
	int r = store_get(s, &key->name, &now, err);

	if (r > 0)
		r = content_equal(&now, &key->old);
	bytes_free(&now);
	return r;
}

/* A slow store is given up and tried again later; it begins elsewhere each time, so that each key has its
 * turn. */
static int restore(struct store *s, const struct cache_keys *k, struct fl_error *err)
{
	size_t i, left = 0, from = k->n ? clock_mono_ns() / NS_PER_MSEC % k->n : 0;
	int r;

	for (i = 0; i < k->n; i++) {
		const struct cache_key *key = &k->v[(from + i) % k->n];

		r = store_swap(s, &key->name, &key->poison, &key->old, err);
		if (!r)
			r = holds_old(s, key, err);
		if (r < 0)
			return r;
		left += !r;
	}
	if (left)
		error_env(err, ESTALE, "%zu of %zu keys were written anew or expired meanwhile", left, k->n);
	return 0;
}

static enum undo_state not_restored(const char *saved, const struct fl_error *why, struct fl_error *err)
{
	error_env(err, -why->code, "values in the cache are still wrong, or may be: %.300s", why->message);
	error_hint(err, "once the store answers, faultline recover puts them back; they are in %s", saved);
	return UNDO_OPEN;
}

/*
 * The network namespace of a target that was started again. -ENOENT: whoever supervises it says that it was
 * removed; in this boot, also when a target that nobody supervises is gone, for its namespace is.
 */
static int find_target(const json_t *args, bool this_boot, struct fl_error *err)
{
	const struct target_options options = { .allow_host_interface = true };
	const char *spec = json_string_value(json_object_get(args, "target"));
	struct target t;
	int fd, r = !spec ? -EINVAL : docker_undo_begin(args, err);

	if (!r)
		r = target_resolve(spec, &options, &t, err);
	if (r && this_boot && (r == -ENOENT || !json_object_get(args, "engine")))
		return -ENOENT;
	if (r)
		return r == -ENOENT ? -EAGAIN : r;
	fd = t.netns_fd < 0 ? -1 : fcntl(t.netns_fd, F_DUPFD_CLOEXEC, 3);
	target_free(&t);
	return fd >= 0 ? fd : error_env(err, EAGAIN, "%s does not run", spec);
}

/* What was poisoned may have been written to a disk: a store that was started again has it too. */
static int find_store(const json_t *args, uint64_t netns, struct fl_error *err)
{
	const char *then = json_string_value(json_object_get(args, "boot"));
	char now[PROC_BOOT_SIZE];
	bool this_boot;
	int fd;

	proc_boot(now);
	this_boot = !then || !*then || !*now || !strcmp(then, now);
	fd = this_boot ? netns_find_inode(netns, json_object_get(args, "sealed"), err) : -ENOENT;
	if (fd != -ENOENT)
		return fd;
	error_clear(err);
	return find_target(args, this_boot, err);
}

static enum undo_state undo_restore_cache(const json_t *args, struct fl_error *err)
{
	struct store_address a = { .patience_ns = UNDO_NS };
	json_int_t netns, port, db;
	struct cache_keys k = {};
	struct store *s = NULL;
	struct fl_error why = {};
	_cleanup_fd_ int fd = -1;
	const char *saved;
	int r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:I, s:s, s:I, s:I, s?s}", "saved", &saved, "netns", &netns,
			"host", &a.host, "port", &port, "db", &db, "password", &a.password))
		return undo_of(error_sys(err, EINVAL, "the journal's cache makes no sense"));
	a.port = (uint16_t)port;
	a.db = (unsigned int)db;
	fd = find_store(args, (uint64_t)netns, &why);
	if (fd == -ENOENT)
		return UNDO_NOT_NEEDED;
	r = fd < 0 ? fd : cache_keys_read(saved, &k, &why);
	if (!r)
		r = store_open(fd, &a, &s, &why);
	if (!r)
		r = restore(s, &k, &why);
	store_close(s);
	cache_keys_free(&k);
	if (r)
		return not_restored(saved, &why, err);
	if (why.message[0] && err)
		*err = why; /* a remark */
	return UNDO_DONE;
}

const struct undo_op undo_cache[] = { { .name = "restore-cache", .undo = undo_restore_cache, .asks_others = true },
				      {} };
