// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_io.c - disk_io: keep the file system busy that the target sees at a path.
 *
 * Workers write and read files of their own in blocks, each write through to the device, in a
 * directory made for them at the path; the files have no names (stress-ng unlinks them as it
 * makes them), the directory goes at the end. The path is opened by faultline through the
 * target's root, links resolved inside it, and handed down as working directory: it is the
 * target's disk, in the target's I/O cgroup, without a program in its mount namespace.
 *
 * Limits: space for workers x size is needed. A file system in memory has no device to wait for.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fault/stress.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/units.h"

static const struct param params[] = {
	{ .name = "path", .type = PARAM_STRING, .def = "/tmp",
	  .help = "a directory on the file system, as the target sees it" },
	{ .name = "workers", .type = PARAM_INT, .def = "2", .min = 1, .max = 256,
	  .help = "processes that read and write" },
	{ .name = "block-size", .type = PARAM_BYTES, .def = "1MiB",
	  .help = "bytes of one write, 1 B to 4 MiB" },
	{ .name = "size", .type = PARAM_BYTES, .def = "64MiB",
	  .help = "size of each worker's file, 1 MiB or more" },
	{}
};

static int validate(const struct params *p, struct fl_error *err)
{
	uint64_t block = params_u64(p, "block-size"), size = params_u64(p, "size");

	if (params_text(p, "path")[0] != '/')
		return error_usage(err, "disk_io: path '%s' is not absolute", params_text(p, "path"));
	if (!block || block > 4u << 20)
		return error_usage(err, "disk_io: block-size is not within 1 B and 4 MiB");
	if (size < 1u << 20 || size < block)
		return error_usage(err, "disk_io: size is less than 1 MiB or than one block");
	return 0;
}

static int check(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	const char *path = params_text(&f->params, "path");
	uint64_t need = params_u64(&f->params, "size") * params_u64(&f->params, "workers");
	struct statvfs fs;

	u->path_fd = process_open_path(u->target->pid, path, O_RDONLY | O_DIRECTORY, err);
	if (u->path_fd < 0)
		return u->path_fd;
	if (fstatvfs(u->path_fd, &fs))
		return error_env(err, errno, "disk_io on %s: %s: %s", u->target->name, path,
				 strerror(errno));
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
	snprintf(u->words[0], sizeof(u->words[0]), "%lld",
		 (long long)params_i64(&f->params, "workers"));
	snprintf(u->words[1], sizeof(u->words[1]), "%llu",
		 (unsigned long long)params_u64(&f->params, "block-size"));
	snprintf(u->words[2], sizeof(u->words[2]), "%llu",
		 (unsigned long long)params_u64(&f->params, "size"));
	*argv++ = "--temp-path";
	*argv++ = "?";
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

static int begin(struct fault *f, struct stress_unit *u, char *word, size_t size,
		 struct fl_error *err)
{
	const char *path = params_text(&f->params, "path");
	int r;

	if (!u->scratch.entry) {
		r = scratch_announce(f, u->target, path, u->path_fd, &u->scratch, err);
		if (r)
			return r;
		if (mkdirat(u->path_fd, u->scratch.name, 0700))
			return error_env(err, errno, "disk_io on %s: cannot make a directory in %s: %s",
					 u->target->name, path, strerror(errno));
	}
	text_copy(word, size, u->scratch.name);
	return 0;
}

static int end(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	return scratch_remove(f, u->path_fd, &u->scratch, err);
}

static bool effect(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes)
{
	uint64_t wrote = u->usage.write_bytes + u->past.write_bytes;
	uint64_t all = wrote + u->usage.read_bytes + u->past.read_bytes;
	uint64_t device = u->usage.device_bytes + u->past.device_bytes;
	double rate = seconds > 0 ? (double)wrote / seconds : 0;
	char w[32], d[32], r[32];

	text_append(text, "%s: %s written by %s workers, %s/s; %s to and from the device",
		    u->target->name, units_format_bytes(wrote, w, sizeof(w)), u->words[0],
		    units_format_bytes((uint64_t)rate, r, sizeof(r)),
		    units_format_bytes(device, d, sizeof(d)));
	*bytes += all;
	return wrote > 0;
}

static const struct stress_kind kind = {
	.check = check,
	.args = args,
	.begin = begin,
	.end = end,
	.effect = effect,
};

static int arm(struct fault *f, struct fl_error *err)
{
	return stress_arm(f, &kind, err);
}

static const char *const aliases[] = { "disk_stress", "io", NULL };

const struct fault_ops fault_disk_io = {
	.name = "disk_io",
	.aliases = aliases,
	.summary = "Keep busy the file system that the target sees at a path",
	.class = FAULT_RESOURCE,
	.params = params,
	.need_process = true,
	.supported = stress_supported,
	.validate = validate,
	.arm = arm,
	.activate = stress_activate,
	.tick = stress_tick,
	.proof = stress_proof,
	.disarm = stress_disarm,
};
