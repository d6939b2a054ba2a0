// SPDX-License-Identifier: GPL-2.0-only
/*
 * throttle_io.c - io_throttle: what the target may read from and write to one disk in a second.
 *
 *   io.max                        "254:0 rbps=1048576 wbps=max riops=max wiops=max"
 *   blkio.throttle.*_device (v1)  "254:0 1048576", a file for each of the four
 *
 * The disk is the one below a path of the target. The proof is how often the kernel held back a request of the target to
 * that disk (throttle_met.h). One that never wanted more than it was left was not hit.
 *
 * Limits: what reaches the disk: reads out of the page cache do not. On v1 writes through the cache are written back by the
 * kernel, which has no limit, and groups below the target's own have none either; on v2 both have. Where the group has a
 * limit of its own in another unit (bytes, operations) for the same direction, a request that is held back by
 * that counts as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault/process/throttle.h"
#include "fault/process/throttle_met.h"
#include "fault/units.h"
#include "os/block.h"
#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define BYTES_LEAST 4096 /* a page a second */
#define V2_FILE     "io.max"

enum { RBPS, WBPS, RIOPS, WIOPS, N_RATES };

struct io_throttle_params {
	const char *path;
	struct param_optional rbps, wbps, riops, wiops;
};

struct io_priv {
	struct throttle_met *met;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct io_throttle_params, path), .name = "path", .type = PARAM_STRING, .def = "!",
	  .help = "a file or directory on that disk, as the target sees it" },
	{ PARAM_FIELD(struct io_throttle_params, rbps), .name = "rbps", .type = PARAM_BYTES, .live = true,
	  .help = "how much it may read in a second" },
	{ PARAM_FIELD(struct io_throttle_params, wbps), .name = "wbps", .type = PARAM_BYTES, .live = true,
	  .help = "how much it may write in a second" },
	{ PARAM_FIELD(struct io_throttle_params, riops), .name = "riops", .type = PARAM_INT, .min = 1, .max = INT32_MAX,
	  .live = true, .help = "how often it may read in a second" },
	{ PARAM_FIELD(struct io_throttle_params, wiops), .name = "wiops", .type = PARAM_INT, .min = 1, .max = INT32_MAX,
	  .live = true, .help = "how often it may write in a second" },
	{},
};
/* clang-format on */

static const struct {
	const char *name, *v1_file;
	bool write;
} rates[N_RATES] = {
	[RBPS] = { "rbps", "blkio.throttle.read_bps_device", false },
	[WBPS] = { "wbps", "blkio.throttle.write_bps_device", true },
	[RIOPS] = { "riops", "blkio.throttle.read_iops_device", false },
	[WIOPS] = { "wiops", "blkio.throttle.write_iops_device", true },
};

/* UINT64_MAX: not asked for. */
static uint64_t asked(const struct io_throttle_params *p, size_t rate)
{
	const struct param_optional *const all[] = { &p->rbps, &p->wbps, &p->riops, &p->wiops };

	return all[rate]->set ? all[rate]->u64 : UINT64_MAX;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct io_throttle_params *own = p->own;
	size_t i;
	bool any = false;

	if (own->path[0] != '/')
		return error_usage(err, "io_throttle: path '%s' is not absolute", own->path);
	for (i = 0; i < N_RATES; i++) {
		any |= asked(own, i) != UINT64_MAX;
		if (i < RIOPS && asked(own, i) < BYTES_LEAST)
			return error_usage(err, "io_throttle: %s of %s is less than 4KiB, a page a second",
					   rates[i].name, params_text(p, rates[i].name));
	}
	if (any)
		return 0;
	error_usage(err, "io_throttle: it says no limit");
	error_hint(err, "one at least of rbps, wbps (1MiB), riops, wiops (100): a second's");
	return -EINVAL;
}

/* --- which disk ------------------------------------------------------------------------------------ */

static int find_disk(const struct fault *f, const struct target *t, char ret[THROTTLE_KEY], struct fl_error *err)
{
	const char *path = ((const struct io_throttle_params *)f->params.own)->path;
	struct fl_error why = {};
	_cleanup_fd_ int fd = inside_open(t, INSIDE_TARGET, path, O_RDONLY | O_DIRECTORY, err);
	int r;

	if (fd == -ENOTDIR)
		fd = inside_open(t, INSIDE_TARGET, path, O_RDONLY, err);
	if (fd < 0)
		return fd;
	r = block_disk_of(fd, ret, THROTTLE_KEY, &why);
	if (!r)
		return 0;
	error_env(err, -r, "io_throttle on %s: %s: %s", t->name, path, why.message);
	error_hint(err, "name a path on a volume of the target that lies on a disk (in it: df PATH)");
	return r;
}

static int check(const struct fault *f, const struct target *t, struct fl_error *err)
{
	char disk[THROTTLE_KEY];

	return find_disk(f, t, disk, err);
}

/* --- the limits ------------------------------------------------------------------------------------ */

/* The one in @file, added if it is not there. */
static struct throttle_limit *limit_in(struct throttle_unit *u, const char *file)
{
	uint32_t i;

	for (i = 0; i < u->n_limits; i++)
		if (!strcmp(u->limits[i].file, file))
			return &u->limits[i];
	u->limits[i].file = file;
	u->n_limits++;
	return &u->limits[i];
}

static int choose(const struct fault *f, struct throttle_unit *u, const struct target *t, struct fl_error *err)
{
	const struct io_throttle_params *p = f->params.own;
	const struct io_priv *priv = f->priv;
	char disk[THROTTLE_KEY];
	size_t i;
	int r = 0;

	/* The disk stays the same as long as the group does. */
	if (u->n_limits)
		text_copy(disk, sizeof(disk), u->limits[0].key);
	else
		r = find_disk(f, t, disk, err);
	for (i = 0; !r && i < N_RATES; i++) {
		if (asked(p, i) == UINT64_MAX)
			continue;
		text_copy(limit_in(u, u->v2 ? V2_FILE : rates[i].v1_file)->key, THROTTLE_KEY, disk);
		r = throttle_met_watch(priv->met, u->ino, disk, rates[i].write, err);
	}
	return r;
}

/* Of the four in a line of io.max; UINT64_MAX: none. */
static uint64_t rate_in(const char *line, const char *name)
{
	size_t len = strlen(name);

	while (*line) {
		if (!strncmp(line, name, len) && line[len] == '=')
			return throttle_number(line + len + 1);
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return UINT64_MAX;
}

static int goal_v2(const struct fault *f, const struct throttle_limit *l, char *ret, struct fl_error *err)
{
	const struct io_throttle_params *p = f->params.own;
	size_t i, n = 0;

	for (i = 0; i < N_RATES; i++) {
		uint64_t before = rate_in(l->before, rates[i].name), now = asked(p, i);
		char text[32];

		if (now != UINT64_MAX && now >= before) {
			snprintf(text, sizeof(text), "%s=%llu", rates[i].name, (unsigned long long)now);
			return throttle_no_lower(f, l, text, err);
		}
		if (now == UINT64_MAX)
			now = before;
		if (now == UINT64_MAX)
			text_copy(text, sizeof(text), "max");
		else
			snprintf(text, sizeof(text), "%llu", (unsigned long long)now);
		n += (size_t)snprintf(ret + n, n < THROTTLE_VALUE ? THROTTLE_VALUE - n : 0, "%s%s=%s", i ? " " : "",
				      rates[i].name, text);
	}
	return 0;
}

static int goal(const struct fault *f, struct throttle_unit *u, const struct throttle_limit *l, char *ret,
		struct fl_error *err)
{
	uint64_t before = throttle_number(l->before), now = UINT64_MAX;
	size_t i;

	if (u->v2)
		return goal_v2(f, l, ret, err);
	for (i = 0; i < N_RATES; i++)
		if (!strcmp(l->file, rates[i].v1_file))
			now = asked(f->params.own, i);
	snprintf(ret, THROTTLE_VALUE, "%llu", (unsigned long long)now);
	return !before || now < before ? 0 : throttle_no_lower(f, l, ret, err);
}

static uint64_t count(const struct fault *f, const struct throttle_unit *u)
{
	const struct io_priv *priv = f->priv;
	const char *disk = u->n_limits ? u->limits[0].key : "";

	return throttle_met_count(priv->met, u->ino, disk, false) + throttle_met_count(priv->met, u->ino, disk, true);
}

/* --- the life of it -------------------------------------------------------------------------------- */

static int ready(const struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++)
		r = check(f, &f->targets[i], err);
	return r;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct io_priv *priv = f->priv; /* freed with the units, when nothing is left to be done */
	struct throttle_met *met = priv ? priv->met : NULL;
	int r = throttle_disarm(f, err);

	if (!r)
		throttle_met_close(met);
	return r;
}

static int arm(struct fault *f, struct fl_error *err)
{
	struct io_priv *priv = calloc(1, sizeof(*priv));
	int r;

	if (!priv)
		return error_sys(err, ENOMEM, "out of memory");
	r = throttle_met_open(&priv->met, err);
	if (r) {
		free(priv);
		return r;
	}
	f->priv = priv;
	return throttle_arm(f, err);
}

static void supported(struct fault_support *ret)
{
	struct fl_error err = {};

	throttle_supported("io", "blkio", ret);
	if (!ret->supported || !throttle_met_supported(&err))
		return;
	ret->supported = false;
	text_copy(ret->reason, sizeof(ret->reason), err.message);
}

static const struct throttle_kind kind = {
	.v2_file = V2_FILE,
	.v1_file = "blkio.throttle.read_bps_device",
	.controller = "io",
	.v1_controller = "blkio",
	.count = count,
	.late = true,
	.check = check,
	.choose = choose,
	.goal = goal,
	.met_words = "held back",
};

const struct fault_ops fault_io_throttle = {
	.class = FAULT_RESOURCE,
	.need_process = true,
	.name = "io_throttle",
	.family = &kind,
	.summary = "Let the target read and write only so much of a disk in a second",
	.hints.unmatched =
		"No request of it to that disk had to wait: reads out of the page cache do not reach it (nor, on "
		"cgroup v1, writes that the kernel writes back later); or the limit is more than it wants.",
	.params = params,
	.supported = supported,
	.validate = validate,
	.ready = ready,
	.arm = arm,
	.activate = throttle_activate,
	.update = throttle_update,
	.tick = throttle_tick,
	.proof = throttle_proof,
	.disarm = disarm,
};
