// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - `config_corruption`: a file of the target is wrong while the fault is on: some of its bytes,
 * cut off, or other words altogether.
 *
 * It is opened with the target's own rights (target/process/inside.h): a file that the target could not write
 * itself is not written for it, whatever it has mounted or linked there.
 *
 * The file is changed in place, so the inode stays and who has it open sees it too. What it takes to
 * put everything back (content, owner, mode, times, extended attributes) is saved in the session's
 * directory and journaled first (file_undo.c).
 *
 * Limits: a program that has read its configuration does not notice before it reads it again. For a
 * moment between two writes a reader sees half of each. Files up to 16 MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "fault/state/file.h"
#include "fault/state/place.h"
#include "fault/state/place_host.h"
#include "fault/units.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/process/inside.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

enum mode { MODE_FLIP, MODE_TRUNCATE, MODE_REPLACE };

static const char *const modes[] = { "flip", "truncate", "replace", NULL };

struct config_corruption_params {
	const char *path;
	enum mode mode;
	uint32_t count;
	struct param_optional size_bytes;
	const char *content;
	uint64_t seed;
	bool allow_host_root, allow_persistent;
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct config_corruption_params, member)

static const struct param params[] = {
	{ FIELD(path), .name = "path", .type = PARAM_STRING, .def = "!", .help = "the file, as the target sees it" },
	{ FIELD(mode), .name = "mode", .type = PARAM_ENUM, .def = "flip", .choices = modes,
	  .help = "flip bits, truncate, or replace by other content" },
	{ FIELD(count), .name = "count", .type = PARAM_INT, .def = "16", .min = 1, .max = FILE_MAX_BYTES,
	  .help = "flip: how many bytes to change" },
	{ FIELD(size_bytes), .name = "size", .type = PARAM_BYTES, .help = "truncate: what is left; default: half of it" },
	{ FIELD(content), .name = "content", .type = PARAM_STRING, .help = "replace: the new content" },
	{ FIELD(seed), .name = "seed", .type = PARAM_INT, .def = "0", .max = INT64_MAX,
	  .help = "flip: of the choice of bytes, 0: a new one" },
	{ FIELD(allow_host_root), .name = "allow-host-root", .type = PARAM_BOOL, .def = "no",
	  .help = "also the host's own file, or one that the target's user may not write" },
	{ FIELD(allow_persistent), .name = "allow-persistent", .type = PARAM_BOOL, .def = "no",
	  .help = "also a lasting file that the host does not see, and recover not after a power cut" },
	{}
};
/* clang-format on */

struct unit {
	struct fault_undo undo;
	const struct target *target;
	int fd; /* O_PATH: keeps the inode from being used again, and closing it asks no file system; -1 */
	dev_t dev;
	ino_t ino;
	json_t *meta;
	struct bytes before, after;
	size_t changed; /* bytes */
};

/* All of f->priv. */
struct file_state {
	uint64_t first_ns, last_ns;
};

static const struct config_corruption_params *params_of(const struct fault *f)
{
	return f->params.own;
}

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = true, .backend = "write" };
}

static int only_with(const struct params *p, const char *name, enum mode mode, struct fl_error *err)
{
	const struct config_corruption_params *own = p->own;

	if (!params_get(p, name)->given || own->mode == mode)
		return 0;
	error_usage(err, "config_corruption: %s needs mode %s", name, modes[mode]);
	error_hint(err, "give mode: %s, or leave %s out", modes[mode], name);
	return -EINVAL;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct config_corruption_params *own = p->own;
	int r;

	if (own->path && own->path[0] != '/')
		return error_usage(err, "config_corruption: path '%s' is not absolute", own->path);
	r = only_with(p, "count", MODE_FLIP, err) ?: only_with(p, "size", MODE_TRUNCATE, err) ?:
	    only_with(p, "content", MODE_REPLACE, err);
	if (!r && own->mode == MODE_REPLACE && !own->content) {
		error_usage(err, "config_corruption: mode replace without content");
		error_hint(err, "give the new content: content: 'port = 1'");
		r = -EINVAL;
	}
	return r;
}

/* --- arm: find it, read it, think out what it will be -------------------------------------------- */

/* A target that shares the host's root is refused by default: its /etc is the host's. */
static bool host_sees_it(const struct unit *u, const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_dev == u->dev && st.st_ino == u->ino;
}

/*
 * What the file was is kept on disk (FL_KEPT_DIR), and after a power cut `recover` puts it back where the
 * host sees the file. One that the host does not see (in a network file system that the target alone has
 * mounted) would stay as it is spoilt until the target runs again: not without being told.
 */
static int refuse_persistent(const struct fault *f, const struct unit *u, struct fl_error *err)
{
	struct place_host h;

	place_host_find(u->target->pid, u->fd, &h);
	if (params_of(f)->allow_persistent || !h.lasts || h.path[0])
		return 0;
	error_env(err, EPERM,
		  "config_corruption on %s: %s is on a file system that outlives a reboot and that the "
		  "host does not see: it could not be put back after a power cut",
		  u->target->name, params_of(f)->path);
	error_hint(err, "keep a copy of it and give allow-persistent: yes");
	return -EPERM;
}

static int spoil(const struct fault *f, struct unit *u, struct fl_error *err)
{
	const struct config_corruption_params *p = params_of(f);
	uint64_t seed = p->seed, size;

	switch (p->mode) {
	case MODE_FLIP:
		if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			seed = clock_mono_ns();
		if (bytes_copy(u->before.v, u->before.n, &u->after))
			break;
		u->changed = content_flip(&u->after, p->count, seed);
		return 0;
	case MODE_TRUNCATE:
		size = p->size_bytes.set ? p->size_bytes.u64 : u->before.n / 2;
		if (size > u->before.n)
			size = u->before.n;
		if (bytes_copy(u->before.v, (size_t)size, &u->after))
			break;
		u->changed = u->before.n - (size_t)size;
		return 0;
	case MODE_REPLACE:
		if (bytes_copy(p->content, strlen(p->content), &u->after))
			break;
		u->changed = u->after.n;
		return 0;
	}
	return error_sys(err, ENOMEM, "config_corruption: out of memory");
}

static void forget(struct unit *u)
{
	bytes_free(&u->before);
	bytes_free(&u->after);
	json_decref(u->meta);
	u->meta = NULL;
}

/* What the file is now, and what it is going to be. */
static int study(struct fault *f, struct unit *u, int fd, struct fl_error *err)
{
	const char *path = params_of(f)->path;
	int r;

	forget(u);
	r = file_content_read(fd, &u->before, err) ?: file_meta_read(fd, &u->meta, err) ?: spoil(f, u, err);
	if (!r && content_equal(&u->before, &u->after)) {
		error_usage(err, "config_corruption on %s: that would not change %s", u->target->name, path);
		error_hint(err, "it has %zu bytes; choose another mode", u->before.n);
		r = -EINVAL;
	}
	return r;
}

/* Once more, what is open as @fd. */
static int reopen(const struct unit *u, int fd, int flags, struct fl_error *err)
{
	char self[64];
	int r;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	r = open(self, flags | O_CLOEXEC);
	return r >= 0 ? r
		      : error_env(err, errno, "config_corruption on %s: cannot open the file once more: %s",
				  u->target->name, strerror(errno));
}

static int prepare(struct fault *f, struct unit *u, struct fl_error *err)
{
	const char *path = params_of(f)->path, *name = u->target->name;
	enum inside_as as = params_of(f)->allow_host_root ? INSIDE_ROOT : INSIDE_TARGET;
	_cleanup_fd_ int fd = inside_open(u->target, as, path, O_RDWR, err);
	struct stat st;

	if (fd < 0)
		return fd;
	u->fd = reopen(u, fd, O_PATH, err);
	if (u->fd < 0)
		return u->fd;
	if (fstat(u->fd, &st))
		return error_env(err, errno, "config_corruption on %s: %s: %s", name, path, strerror(errno));
	u->dev = st.st_dev;
	u->ino = st.st_ino;
	if (host_sees_it(u, path) && !params_of(f)->allow_host_root) {
		error_env(err, EPERM, "config_corruption on %s: %s is the host's own file", name, path);
		error_hint(err, "name a file of the target alone, or give allow-host-root: yes");
		return -EPERM;
	}
	return refuse_persistent(f, u, err) ?: study(f, u, fd, err);
}

static int arm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct unit *u = unit;

	*u = (struct unit){ .target = fault_unit_target(f, u), .fd = -1 };
	return prepare(f, u, err);
}

static int arm(struct fault *f, struct fl_error *err)
{
	f->priv = calloc(1, sizeof(struct file_state));
	if (!f->priv)
		return error_sys(err, ENOMEM, "config_corruption: out of memory");
	text_copy(f->backend, sizeof(f->backend), "write");
	return fault_units_make(f, sizeof(struct unit), err) ?: fault_each(f, arm_unit, err);
}

/* --- activate ----------------------------------------------------------------------------------- */

/* file-N-I.before and .after, where they are found after a power cut. */
static int save(const struct fault *f, const struct unit *u, const char *what, const struct bytes *b, char path[128],
		struct fl_error *err)
{
	const char *dir;
	int r = journal_kept_dir(f->session->journal, &dir, err);

	snprintf(path, 128, "%s/file-%u-%u.%s", dir, f->number, fault_unit_index(f, u), what);
	return r ? r : file_write(path, b->v, b->n, 0600, err);
}

static json_t *undo_args(const struct fault *f, const struct unit *u, const char *before, const char *after)
{
	json_t *args = place_json(u->target->pid, u->target->pid_start, params_of(f)->path, u->fd);

	json_object_set_new(args, "before", json_string(before));
	json_object_set_new(args, "after", json_string(after));
	json_object_set(args, "meta", u->meta);
	return args;
}

/* Read once more: between arming and now lies a baseline, in which somebody may have written. */
static int begin(struct fault *f, void *unit, struct fl_error *err)
{
	struct file_state *s = f->priv;
	struct unit *u = unit;
	char before[128], after[128];
	_cleanup_fd_ int fd = -1;
	int r;

	if (u->undo.entry)
		return 0;
	fd = reopen(u, u->fd, O_RDWR, err);
	if (fd < 0)
		return fd;
	r = study(f, u, fd, err) ?: save(f, u, "before", &u->before, before, err) ?:
	    save(f, u, "after", &u->after, after, err);
	if (!r)
		r = journal_add(f->session->journal, "restore-file", undo_args(f, u, before, after), &u->undo.entry,
				err);
	if (!r)
		r = file_content_write(fd, &u->after, err);
	if (r)
		return r;
	s->last_ns = clock_mono_ns();
	if (!s->first_ns)
		s->first_ns = s->last_ns;
	return 0;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	return fault_each_switch(f, on, begin, fault_unit_settle, err);
}

/* --- proof, disarm ------------------------------------------------------------------------------ */

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct file_state *s = f->priv;
	const struct unit *units = f->units;
	const char *path = params_of(f)->path, *remark = "";
	uint32_t i;

	(void)err;
	if (!s->first_ns)
		return 0;
	for (i = 0; i < f->n_units; i++) {
		ret->bytes += units[i].changed;
		if (units[i].undo.remark[0])
			remark = units[i].undo.remark;
	}
	ret->matched = ret->injected = f->n_units;
	ret->first_hit_ns = s->first_ns;
	ret->last_hit_ns = s->last_ns;
	snprintf(ret->effect, sizeof(ret->effect), "%s: %s, %llu of %zu bytes%s%s", path, modes[params_of(f)->mode],
		 (unsigned long long)ret->bytes, units[0].before.n, remark[0] ? "; " : "", remark);
	return 0;
}

static int disarm_unit(struct fault *f, void *unit, struct fl_error *err)
{
	struct unit *u = unit;
	int r = fault_unit_settle(f, u, err);

	if (r || !u->target) /* arm did not come that far */
		return r;
	forget(u);
	if (u->fd >= 0)
		close(take_fd(u->fd));
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	return fault_each_disarm(f, disarm_unit, err);
}

const struct fault_ops fault_config_corruption = {
	.name = "config_corruption",
	.summary = "Make a file of the target wrong, and put it back byte for byte",
	.class = FAULT_STATE,
	.params = params,
	.need_process = true,
	.supported = supported,
	.validate = validate,
	.arm = arm,
	.activate = activate,
	.proof = proof,
	.disarm = disarm,
};
