// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_io.c - disk_io: keep the file system busy that the target sees at a path.
 *
 * Workers write and read files of their own in blocks, each write through to the device, in a
 * directory made for them at the path; the files have no names (stress-ng unlinks them as it
 * makes them), the directory goes at the end. Path and directory are opened and made with the
 * target's own rights (target/process/inside.h), and the workers have its user and group. What they get is no
 * path but a mount of that directory alone: whatever the target renames or links meanwhile, they
 * write in it and nowhere else. It is the target's disk, in the target's I/O cgroup, without a program
 * in its mount namespace.
 *
 * Limits: space for workers x size is needed. A file system in memory has no device to wait for.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fault/stress/stress.h"
#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct disk_io_params {
	const char *path;
	uint32_t workers;
	uint64_t block_bytes, file_bytes;
	bool allow_host_root;
};

/* clang-format off */
static const struct param params[] = {
	{ PARAM_FIELD(struct disk_io_params, path), .name = "path", .type = PARAM_STRING, .def = "/tmp",
	  .help = "a directory on the file system, as the target sees it" },
	{ PARAM_FIELD(struct disk_io_params, workers), .name = "workers", .type = PARAM_INT, .def = "2", .min = 1, .max = 256,
	  .help = "processes that read and write" },
	{ PARAM_FIELD(struct disk_io_params, block_bytes), .name = "block-size", .type = PARAM_BYTES, .def = "1MiB",
	  .help = "bytes of one write, 1 B to 4 MiB" },
	{ PARAM_FIELD(struct disk_io_params, file_bytes), .name = "size", .type = PARAM_BYTES, .def = "64MiB",
	  .help = "size of each worker's file, 1 MiB or more" },
	{ PARAM_FIELD(struct disk_io_params, allow_host_root), .name = "allow-host-root", .type = PARAM_BOOL, .def = "no",
	  .help = "with root's rights, where the target's own user may not write" },
	{}
};
/* clang-format on */

static const struct disk_io_params *params_of(const struct fault *f)
{
	return f->params.own;
}

static enum inside_as rights(const struct fault *f)
{
	return params_of(f)->allow_host_root ? INSIDE_ROOT : INSIDE_TARGET;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct disk_io_params *own = p->own;
	uint64_t block = own->block_bytes, size = own->file_bytes;

	if (own->path[0] != '/')
		return error_usage(err, "disk_io: path '%s' is not absolute", own->path);
	if (!block || block > 4u << 20)
		return error_usage(err, "disk_io: block-size is not within 1 B and 4 MiB");
	if (size < 1u << 20 || size < block)
		return error_usage(err, "disk_io: size is less than 1 MiB or than one block");
	return 0;
}

static int check(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	const char *path = params_of(f)->path;
	uint64_t need = params_of(f)->file_bytes * params_of(f)->workers;
	struct statvfs fs;
	int r = stress_need_cgroup(f, u, "blkio", err);

	if (r)
		return r;
	u->path_fd = inside_open(u->target, rights(f), path, O_RDONLY | O_DIRECTORY, err);
	if (u->path_fd < 0)
		return u->path_fd;
	if (fstatvfs(u->path_fd, &fs))
		return error_env(err, errno, "disk_io on %s: %s: %s", u->target->name, path, strerror(errno));
	if ((uint64_t)fs.f_bavail * fs.f_frsize < need) {
		char want[32];

		error_env(err, ENOSPC, "disk_io on %s: %s has no room for %s", u->target->name, path,
			  units_format_bytes(need, want, sizeof(want)));
		error_hint(err, "ask for a smaller size or fewer workers");
		return -ENOSPC;
	}
	return 0;
}

static void args(struct fault *f, struct stress_unit *u, const char **argv)
{
	const struct disk_io_params *p = params_of(f);

	snprintf(u->words[0], sizeof(u->words[0]), "%u", p->workers);
	snprintf(u->words[1], sizeof(u->words[1]), "%llu", (unsigned long long)p->block_bytes);
	snprintf(u->words[2], sizeof(u->words[2]), "%llu", (unsigned long long)p->file_bytes);
	*argv++ = "--hdd";
	*argv++ = u->words[0];
	*argv++ = "--hdd-write-size";
	*argv++ = u->words[1];
	*argv++ = "--hdd-bytes";
	*argv++ = u->words[2];
	*argv++ = "--hdd-opts";
	*argv++ = "wr-seq,rd-seq,dsync,fadv-dontneed";
	*argv = NULL;
}

static int user(struct fault *f, struct stress_unit *u, uid_t *ret_uid, gid_t *ret_gid, struct fl_error *err)
{
	return inside_ids(u->target, rights(f), ret_uid, ret_gid, err);
}

static int make_work(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	const char *path = params_of(f)->path;
	_cleanup_fd_ int dir = inside_mkdir(u->target, rights(f), u->path_fd, u->scratch.name);

	if (dir < 0)
		return error_env(err, -dir, "disk_io on %s: cannot make a directory in %s: %s", u->target->name, path,
				 strerror(-dir));
	u->work_fd = inside_detach(u->target, dir, err);
	return u->work_fd < 0 ? u->work_fd : 0;
}

static int begin(struct fault *f, struct stress_unit *u, char *word, size_t size, struct fl_error *err)
{
	const char *path = params_of(f)->path;
	uid_t uid;
	gid_t gid;

	(void)word;
	(void)size;
	if (u->scratch.entry)
		return 0;
	return inside_ids(u->target, rights(f), &uid, &gid, err) ?:
	       scratch_announce(f, u->target, path, u->path_fd, uid, &u->scratch, err) ?:
	       make_work(f, u, err);
}

static int end(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	if (u->work_fd >= 0)
		close(take_fd(u->work_fd));
	return scratch_remove(f, u->path_fd, &u->scratch, err);
}

static bool effect(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes)
{
	uint64_t wrote = u->usage.write_bytes + u->past.write_bytes;
	uint64_t all = wrote + u->usage.read_bytes + u->past.read_bytes;
	uint64_t device = u->usage.device_bytes + u->past.device_bytes;
	double rate = seconds > 0 ? (double)wrote / seconds : 0;
	char w[32], d[32], r[32];

	text_append(text, "%s: %s written by %s workers, %s/s; %s to and from the device", u->target->name,
		    units_format_bytes(wrote, w, sizeof(w)), u->words[0],
		    units_format_bytes((uint64_t)rate, r, sizeof(r)), units_format_bytes(device, d, sizeof(d)));
	*bytes += all;
	return wrote > 0;
}

static const struct stress_kind kind = {
	.check = check,
	.args = args,
	.user = user,
	.begin = begin,
	.end = end,
	.effect = effect,
};

static const char *const aliases[] = { "disk_stress", "io", NULL };

static void supported(struct fault_support *ret)
{
	stress_supported(ret);
	if (!ret->supported || inside_detaches())
		return;
	ret->supported = false;
	text_copy(ret->reason, sizeof(ret->reason),
		  "the stressor is kept to one directory by mount_setattr(2), "
		  "which this kernel lacks (Linux 5.12 has it)");
}

const struct fault_ops fault_disk_io = {
	STRESS_OPS,           .name = "disk_io",
	.aliases = aliases,   .summary = "Keep busy the file system that the target sees at a path",
	.params = params,     .supported = supported,
	.validate = validate,
};
