// SPDX-License-Identifier: GPL-2.0-only
/*
 * disk.c - disk_fill: take the free space of the file system that the target sees at a path.
 *
 * The space is held by a file without a name (O_TMPFILE; where the file system has none, a file
 * whose name is taken away at once, journaled around that moment), open in faultline only: when
 * faultline dies, however it dies, the kernel gives the space back, also after a reboot, and also
 * when the target's mount namespace is gone by then. Space is taken with fallocate(), and where
 * that does not exist, by writing. `lsof +L1` shows the file.
 *
 * `percent` is what df shows: used / (used + available). The root-owned reserve is not touched,
 * although faultline is root: 100 % is where an ordinary user gets ENOSPC.
 *
 * Directory and file are opened with the target's own rights (target/process/inside.h).
 *
 * Limits: filled once; space that the target frees later stays free. The file system of the host's
 * root is refused, unless allow-host-root is given. Space on the same file system that another
 * container uses is filled as well: it is the same disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "fault/stress/scratch.h"
#include "fault/syscall/syscall_modes.h"
#include "fault/units.h"
#include "os/meminfo.h"
#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define SLICE_NS   (30 * NS_PER_MSEC) /* of one call: the owner's loop must go on */
#define CHUNK      (16u << 20)        /* of one fallocate() */
#define WRITE_SIZE (1u << 20)
#define ROUNDING   (64u << 10) /* a goal is reached when less than this is missing */

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct disk_fill_params, mode), .name = "mode", .type = PARAM_ENUM, .def = "real",
	  .choices = fault_modes, .help = "really, or as the kernel's answer to the target's calls" },
	{ PARAM_FIELD(struct disk_fill_params, path), .name = "path", .type = PARAM_STRING, .def = "!",
	  .help = "a directory on the file system, as the target sees it" },
	{ PARAM_FIELD(struct disk_fill_params, percent_ppm), .name = "percent", .type = PARAM_PERCENT,
	  .help = "fill it up to this, as df shows it (100%: what users may take)" },
	{ PARAM_FIELD(struct disk_fill_params, bytes), .name = "bytes", .type = PARAM_BYTES,
	  .help = "or: how much to take" },
	{ PARAM_FIELD(struct disk_fill_params, allow_host_root), .name = "allow-host-root", .type = PARAM_BOOL, .def = "no",
	  .help = "also the file system of the host's root; with root's rights" },
	{}
};
/* clang-format on */

/* One file system that is filled. */
struct fill {
	const struct target *target;
	int dir_fd, fd;      /* the directory; the file, -1 while there is none */
	bool by_writing;     /* no fallocate here */
	uint64_t goal, done; /* bytes of the file */
	uint64_t total;      /* what users may take of the file system, used or not */
	uint64_t held;       /* blocks of the file, bytes; at the last look */
	double percent;      /* of the file system, then */
	int error;           /* filling stopped with it */
};

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = true, .backend = "fallocate" };
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct disk_fill_params *own = p->own;

	if (own->path[0] != '/')
		return error_usage(err, "disk_fill: path '%s' is not absolute", own->path);
	if (own->mode == FAULT_MODE_KERNEL)
		return 0;
	if (own->percent_ppm.set == own->bytes.set) {
		error_usage(err, "disk_fill: give either percent or bytes");
		error_hint(err, "percent: 95%% of the file system, or bytes: 200MiB");
		return -EINVAL;
	}
	return 0;
}

static const struct disk_fill_params *params_of(const struct fault *f)
{
	return f->params.own;
}

static enum inside_as rights(const struct fault *f)
{
	return params_of(f)->allow_host_root ? INSIDE_ROOT : INSIDE_TARGET;
}

/* ---- which file system ----------------------------------------------------------------------- */

/*
 * Is it the host's root file system? Overlays and subvolumes (containers on the host's disk) have
 * devices of their own but show the figures of the disk below: no two file systems have the same
 * size, inodes and free space, except by being one.
 */
static bool is_host_root(int fd)
{
	struct stat a, b;
	struct statfs x, y;

	if (fstat(fd, &a) || stat("/", &b) || fstatfs(fd, &x) || statfs("/", &y))
		return true; /* cannot tell: then it is */
	if (a.st_dev == b.st_dev)
		return true;
	if (x.f_type == TMPFS_MAGIC || x.f_bsize != y.f_bsize)
		return false;
	return x.f_blocks == y.f_blocks && x.f_files == y.f_files &&
	       fabs((double)x.f_bfree - (double)y.f_bfree) <= 0.01 * (double)x.f_blocks;
}

struct space {
	uint64_t total, used, available; /* for users: total = used + available */
};

static int read_space(int fd, struct space *ret)
{
	struct statvfs v;

	if (fstatvfs(fd, &v))
		return -errno;
	ret->used = (uint64_t)(v.f_blocks - v.f_bfree) * v.f_frsize;
	ret->available = (uint64_t)v.f_bavail * v.f_frsize;
	ret->total = ret->used + ret->available;
	return ret->total ? 0 : -ENOTSUP;
}

/* How much to take of @s; the bytes of the file in d->goal. */
static int choose_goal(const struct fault *f, struct fill *d, const struct space *s, struct fl_error *err)
{
	const struct disk_fill_params *p = params_of(f);
	char have[32];

	if (p->bytes.set) {
		d->goal = p->bytes.u64;
		if (d->goal <= s->available)
			return 0;
		error_env(err, ENOSPC, "disk_fill on %s: %s has only %s available", d->target->name, p->path,
			  units_format_bytes(s->available, have, sizeof(have)));
		error_hint(err, "percent: 100%% takes all of it");
		return -ENOSPC;
	}
	d->goal = (uint64_t)((double)s->total * ((double)p->percent_ppm.u64 / 1e6));
	if (d->goal <= s->used) {
		error_env(err, EALREADY, "disk_fill on %s: %s is %.1f %% full already", d->target->name, p->path,
			  100.0 * (double)s->used / (double)s->total);
		error_hint(err, "ask for a higher percent");
		return -EALREADY;
	}
	d->goal -= s->used;
	return 0;
}

static int fill_size(const struct fault *f, struct fill *d, struct fl_error *err)
{
	struct statfs fs;
	struct space s;
	int r = read_space(d->dir_fd, &s);

	if (r)
		return error_env(err, -r, "disk_fill on %s: %s has no size", d->target->name, params_of(f)->path);
	d->total = s.total;
	r = choose_goal(f, d, &s, err);
	if (r || fstatfs(d->dir_fd, &fs) || fs.f_type != TMPFS_MAGIC)
		return r;
	return meminfo_spare(d->goal, "disk_fill", d->target->name, err);
}

static int open_path(const struct fault *f, struct fill *d, struct fl_error *err)
{
	const char *path = params_of(f)->path;

	d->dir_fd = inside_open(d->target, rights(f), path, O_RDONLY | O_DIRECTORY, err);
	if (d->dir_fd < 0)
		return d->dir_fd;
	if (is_host_root(d->dir_fd) && !params_of(f)->allow_host_root) {
		error_env(err, EPERM, "disk_fill on %s: %s is on the host's root file system", d->target->name, path);
		error_hint(err, "name a path on a volume of its own, or let the kernel answer as a full disk does "
				"(mode: kernel); allow-host-root: yes fills the host's disk");
		return -EPERM;
	}
	return fill_size(f, d, err);
}

static int ready(const struct fault *f, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++) {
		struct fill d = { .target = &f->targets[i], .dir_fd = -1, .fd = -1 };

		r = open_path(f, &d, err);
		if (d.dir_fd >= 0)
			close(d.dir_fd);
	}
	return r;
}

/* ---- filling --------------------------------------------------------------------------------- */

/* Where there is no O_TMPFILE, the name lives for two system calls, and is journaled. */
static int open_unlinked(struct fault *f, const struct fill *d, struct fl_error *err)
{
	struct scratch s = {};
	uid_t uid;
	gid_t gid;
	int fd, r;

	r = inside_ids(d->target, rights(f), &uid, &gid, err)
		    ?: scratch_announce(f, d->target, params_of(f)->path, d->dir_fd, uid, &s, err);
	if (r)
		return r;
	fd = inside_create(d->target, rights(f), d->dir_fd, s.name);
	r = scratch_remove(f, d->dir_fd, &s, err);
	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}

static int open_file(struct fault *f, struct fill *d, struct fl_error *err)
{
	int fd = inside_create(d->target, rights(f), d->dir_fd, NULL);

	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT)
		fd = open_unlinked(f, d, err);
	if (fd < 0)
		return error_env(err, -fd, "disk_fill on %s: cannot make a file in %s: %s", d->target->name,
				 params_of(f)->path, strerror(-fd));
	d->fd = fd;
	return 0;
}

/* Bytes that no file system compresses or deduplicates away. */
static int write_noise(int fd, uint64_t offset, size_t n)
{
	static uint64_t block[WRITE_SIZE / sizeof(uint64_t)];
	uint64_t x;
	ssize_t w;
	size_t i;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x))
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(block); i++) { /* xorshift64 */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		block[i] = x | 1;
	}
	w = pwrite(fd, block, n, (off_t)offset);
	return w < 0 ? -errno : (int)w;
}

/* One step; how many bytes it took, or a negative errno. */
static int step(struct fill *d)
{
	uint64_t left = d->goal - d->done;

	if (!d->by_writing) {
		size_t n = left < CHUNK ? left : CHUNK;

		if (!fallocate(d->fd, 0, (off_t)d->done, (off_t)n))
			return (int)n;
		if (errno != EOPNOTSUPP && errno != ENOSYS)
			return -errno;
		d->by_writing = true;
	}
	return write_noise(d->fd, d->done, left < WRITE_SIZE ? left : WRITE_SIZE);
}

/* Go on filling for a slice of time. Others may take space at the same moment: ENOSPC is the end
 * of filling, never of the fault. */
static void fill_slice(struct fill *d)
{
	uint64_t until = clock_mono_ns() + SLICE_NS;
	struct space s;

	while (d->fd >= 0 && !d->error && d->done < d->goal && clock_mono_ns() < until) {
		int n;

		/* As root we could fill the reserved blocks too; an ordinary user gets ENOSPC before them. */
		if (read_space(d->dir_fd, &s) || s.available < ROUNDING) {
			d->error = ENOSPC;
			break;
		}
		if (d->goal - d->done > s.available)
			d->goal = d->done + s.available;
		n = step(d);
		if (n < 0)
			d->error = -n;
		else
			d->done += (uint64_t)n;
	}
}

static void measure(struct fill *d)
{
	struct space s;
	struct stat st;

	if (d->fd < 0)
		return;
	if (!fstat(d->fd, &st))
		d->held = (uint64_t)st.st_blocks * 512;
	if (!read_space(d->dir_fd, &s))
		d->percent = 100.0 * (double)s.used / (double)s.total;
}

/* ---- the fault ------------------------------------------------------------------------------- */

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct fill *d = unit;

	*d = (struct fill){ .target = fault_unit_target(f, d), .dir_fd = -1, .fd = -1 };
	return open_path(f, d, err);
}

static int arm(struct fault *f, struct fl_error *err)
{
	text_copy(f->backend, sizeof(f->backend), "fallocate");
	return fault_units_make(f, sizeof(struct fill), err) ?: fault_each(f, arm_unit, err);
}

static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct fill *d = unit;
	int r;

	d->done = 0;
	d->error = 0;
	r = fill_size(f, d, err) ?: open_file(f, d, err);
	if (!r)
		fill_slice(d);
	return r;
}

static int empty(struct fault *f, void *unit, struct fl_error *err)
{
	struct fill *d = unit;
	(void)f;
	(void)err;

	if (!d->target) /* arm did not come that far */
		return 0;
	measure(d);
	if (d->fd >= 0)
		close(take_fd(d->fd));
	return 0;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, begin, empty, err);
}

static int fill_on(struct fault *f, void *unit, struct fl_error *err)
{
	struct fill *d = unit;
	(void)err;

	fill_slice(d);
	if (d->by_writing)
		text_copy(f->backend, sizeof(f->backend), "write");
	return 0;
}

static int tick(struct fault *f, struct fl_error *err)
{
	return fault_each(f, fill_on, err);
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct fill *fills = f->units;
	struct text text = {};
	uint32_t i;
	(void)err;

	for (i = 0; i < f->n_units; i++) {
		struct fill *d = &fills[i];
		char held[32], total[32];

		measure(d);
		if (!d->held)
			continue;
		ret->matched++;
		ret->injected++;
		ret->bytes += d->held;
		text_append(&text, "%s%s: %s filled, %.1f %% of %s", text.len ? "; " : "", d->target->name,
			    units_format_bytes(d->held, held, sizeof(held)), d->percent,
			    units_format_bytes(d->total, total, sizeof(total)));
		if (d->error && d->error != ENOSPC)
			text_append(&text, ", then %s", strerror(d->error));
	}
	fault_tell_effect(f, ret, &text);
	return 0;
}

static const struct fault_ops *variant(const struct params *p)
{
	const struct disk_fill_params *own = p->own;

	return own->mode == FAULT_MODE_KERNEL ? &fault_disk_fill_kernel : NULL;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct fill *d = unit;

	empty(f, d, err);
	if (d->target && d->dir_fd >= 0)
		close(take_fd(d->dir_fd));
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, disarm_unit, err);
}

const struct fault_ops fault_disk_fill = {
	.name = "disk_fill",
	.summary = "Fill the file system that the target sees at a path",
	.class = FAULT_RESOURCE,
	.params = params,
	.need_process = true,
	.supported = supported,
	.variant = variant,
	.ready = ready,
	.validate = validate,
	.arm = arm,
	.activate = activate,
	.tick = tick,
	.proof = proof,
	.disarm = disarm,
};
