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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fault/stress.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/units.h"

#define DIR_PREFIX ".faultline-"

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

static const char *dir_name(const struct fault *f, char *buf, size_t size)
{
	snprintf(buf, size, DIR_PREFIX "%s", f->id);
	return buf;
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

/* The directory: written down by the identity of its parent and its name, which no one else has. */
static int begin(struct fault *f, struct stress_unit *u, char *word, size_t size,
		 struct fl_error *err)
{
	char name[64];
	struct stat st;
	int r;

	text_copy(word, size, dir_name(f, name, sizeof(name)));
	if (u->entry)
		return 0;
	if (fstat(u->path_fd, &st))
		return error_env(err, errno, "disk_io: %s", strerror(errno));
	r = journal_add(f->session->journal, "remove-dir",
			json_pack("{s:i, s:s, s:s, s:I, s:I}", "pid", (int)u->target->pid, "path",
				  params_text(&f->params, "path"), "name", name, "dev",
				  (json_int_t)st.st_dev, "ino", (json_int_t)st.st_ino),
			&u->entry, err);
	if (r)
		return r;
	if (mkdirat(u->path_fd, name, 0700))
		return error_env(err, errno, "disk_io on %s: cannot make a directory in %s: %s",
				 u->target->name, params_text(&f->params, "path"), strerror(errno));
	return 0;
}

/* Remove @name with what is in it: one level of directories made by stress-ng, with files whose
 * names it had no time to take away. Never follows a link, never leaves the directory. */
static int remove_dir(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r == -ENOENT ? 0 : r;
	}
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) && errno == EISDIR && depth < 2)
			remove_dir(fd, e->d_name, depth + 1);
	}
	closedir(dir);
	if (unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
		r = -errno;
	return r;
}

static int end(struct fault *f, struct stress_unit *u, struct fl_error *err)
{
	char name[64];
	int r;

	if (!u->entry)
		return 0;
	r = remove_dir(u->path_fd, dir_name(f, name, sizeof(name)), 0);
	if (r)
		return error_env(err, -r, "disk_io on %s: cannot remove %s in %s: %s", u->target->name,
				 name, params_text(&f->params, "path"), strerror(-r));
	r = journal_done(f->session->journal, u->entry, err);
	u->entry = 0;
	return r;
}

static bool effect(const struct stress_unit *u, double seconds, struct text *text, uint64_t *bytes)
{
	uint64_t wrote = u->usage.write_bytes + u->past.write_bytes;
	uint64_t all = wrote + u->usage.read_bytes + u->past.read_bytes;
	uint64_t device = u->usage.device_bytes + u->past.device_bytes;
	double rate = seconds > 0 ? (double)all / seconds : 0;
	char w[32], d[32], r[32];

	text_append(text, "%s: %s written by %s workers, %s to and from the device, %s/s",
		    u->target->name, units_format_bytes(wrote, w, sizeof(w)), u->words[0],
		    units_format_bytes(device, d, sizeof(d)),
		    units_format_bytes((uint64_t)rate, r, sizeof(r)));
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

/* ---- undo ------------------------------------------------------------------------------------ */

/* Open @path as process @pid sees it, if it is the directory (@dev, @ino). */
static int open_same(pid_t pid, const char *path, const json_t *args)
{
	int fd = process_open_path(pid, path, O_RDONLY | O_DIRECTORY, NULL);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) &&
	    (json_int_t)st.st_dev == json_integer_value(json_object_get(args, "dev")) &&
	    (json_int_t)st.st_ino == json_integer_value(json_object_get(args, "ino")))
		return fd;
	close(fd);
	return -1;
}

/* The target's process may be gone while its volume is not: whoever sees the directory will do.
 * When nobody does, it went with the target's mount namespace. */
static int undo_remove_dir(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	const char *name = json_string_value(json_object_get(args, "name"));
	_cleanup_fd_ int fd = -1;
	struct dirent *e;
	DIR *proc;
	int64_t pid;
	int r;

	if (!path || !name || strncmp(name, DIR_PREFIX, strlen(DIR_PREFIX)) || strchr(name, '/'))
		return error_sys(err, EBADMSG, "remove-dir: the journal names no directory of ours");
	fd = open_same((pid_t)json_integer_value(json_object_get(args, "pid")), path, args);
	proc = fd < 0 ? opendir("/proc") : NULL;
	while (proc && fd < 0 && (e = readdir(proc)))
		if (!units_int(e->d_name, 1, INT_MAX, &pid, NULL))
			fd = open_same((pid_t)pid, path, args);
	if (proc)
		closedir(proc);
	r = fd < 0 ? 0 : remove_dir(fd, name, 0);
	return r ? error_env(err, -r, "cannot remove %s in %s: %s", name, path, strerror(-r)) : 0;
}

const struct undo_op undo_stress_io[] = { { "remove-dir", undo_remove_dir }, {} };
