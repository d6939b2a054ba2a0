// SPDX-License-Identifier: GPL-2.0-only
/*
 * null.c - the fault that does nothing but count. It runs the whole life of a fault (journal,
 * guardian, expiry, proof) without touching a target, so runner and commands can be tried out
 * where there is no kernel to break, and every failure can be asked for.
 *
 * Limit: its "hits" are those it was told to report; it proves the tool, not the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fault/fault.h"
#include "session/journal.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

enum null_stage { FAIL_NEVER, FAIL_ARM, FAIL_ACTIVATE, FAIL_PROOF, FAIL_DISARM };

static const char *const stages[] = { "never", "arm", "activate", "proof", "disarm", NULL };

struct null_params {
	uint64_t hits;
	enum null_stage fail;
	uint64_t delay_ns, switching_ns;
	const char *file;
};

/* clang-format off */
static const struct param null_params[] = {
	{ PARAM_FIELD(struct null_params, hits), .name = "hits", .type = PARAM_INT, .def = "1", .max = INT64_MAX,
	  .live = true, .help = "how many hits to report while it is on" },
	{ PARAM_FIELD(struct null_params, fail), .name = "fail", .type = PARAM_ENUM, .def = "never", .choices = stages,
	  .help = "the step that fails" },
	{ PARAM_FIELD(struct null_params, delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "0",
	  .help = "how long arming takes" },
	{ PARAM_FIELD(struct null_params, switching_ns), .name = "switching", .type = PARAM_DURATION, .def = "0",
	  .help = "how long switching on and off takes" },
	{ PARAM_FIELD(struct null_params, file), .name = "file", .type = PARAM_STRING,
	  .help = "a file to make while it is on; its removal is journaled" },
	{}
};
/* clang-format on */

struct null_state {
	unsigned int entry; /* of the journal; 0: no file was made */
	bool disarm_failed; /* it fails once; the second try goes through */
};

static int fails(const struct fault *f, enum null_stage stage, struct fl_error *err)
{
	const struct null_params *p = f->params.own;

	if (p->fail != stage)
		return 0;
	error_env(err, ENOTSUP, "null: %s fails, as asked", stages[stage]);
	error_hint(err, "leave out the parameter 'fail'");
	return -ENOTSUP;
}

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = true, .backend = "none" };
}

static void take(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static int arm(struct fault *f, struct fl_error *err)
{
	const struct null_params *p = f->params.own;
	int r = fails(f, FAIL_ARM, err);

	if (r)
		return r;
	f->priv = calloc(1, sizeof(struct null_state));
	if (!f->priv)
		return error_sys(err, ENOMEM, "null: out of memory");
	text_copy(f->backend, sizeof(f->backend), "none");
	take(p->delay_ns);
	return 0;
}

/*
 * Which file it is. An inode number alone is not enough, file systems give it to the next file;
 * with the time of birth it is. Where there is no time of birth it counts as 0.
 */
static json_t *identity(int dirfd, const char *path, int flags)
{
	struct statx st;

	if (statx(dirfd, path, flags, STATX_INO | STATX_BTIME, &st))
		return NULL;
	if (!(st.stx_mask & STATX_BTIME))
		st.stx_btime.tv_sec = st.stx_btime.tv_nsec = 0;
	return json_pack("[I, I, I, I, I]", (json_int_t)st.stx_dev_major, (json_int_t)st.stx_dev_minor,
			 (json_int_t)st.stx_ino, (json_int_t)st.stx_btime.tv_sec, (json_int_t)st.stx_btime.tv_nsec);
}

/*
 * The inode must be known before the file has a name, or the journal could not say which file
 * to remove: so it is born nameless (O_TMPFILE), written down, and then linked.
 */
static int make_file(struct fault *f, const char *path, struct fl_error *err)
{
	struct null_state *s = f->priv;
	_cleanup_free_ char *dir = strdup(path);
	char link[40];
	json_t *which;
	_cleanup_fd_ int fd = -1;
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int r;

	if (!slash)
		return error_usage(err, "null: file '%s' is not an absolute path", path);
	slash[slash == dir] = '\0';
	fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	which = fd < 0 ? NULL : identity(fd, "", AT_EMPTY_PATH);
	if (!which)
		return error_env(err, errno, "null: cannot make a file in %s: %s", dir, strerror(errno));
	r = journal_add(f->session->journal, "remove-file", json_pack("{s:s, s:o}", "path", path, "identity", which),
			&s->entry, err);
	if (r)
		return r;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		return error_env(err, errno, "null: cannot make %s: %s", path, strerror(errno));
	return 0;
}

static int remove_file(struct fault *f, struct fl_error *err)
{
	struct null_state *s = f->priv;

	return s ? journal_settle(f->session->journal, &s->entry, NULL, 0, err) : 0;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	const struct null_params *p = f->params.own;
	int r = on ? fails(f, FAIL_ACTIVATE, err) : 0;

	take(p->switching_ns);
	if (r || !p->file)
		return r;
	return on ? make_file(f, p->file, err) : remove_file(f, err);
}

static int update(struct fault *f, struct fl_error *err)
{
	(void)f;
	(void)err;
	return 0; /* `hits` is read when it is asked for */
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	const struct null_params *p = f->params.own;
	int r = fails(f, FAIL_PROOF, err);

	if (r || !f->active_ns)
		return r;
	ret->matched = ret->injected = p->hits;
	if (ret->injected) {
		ret->first_hit_ns = f->active_ns;
		ret->last_hit_ns = f->active ? clock_mono_ns() : f->inactive_ns;
	}
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct null_state *s = f->priv;
	int r = remove_file(f, err);

	if (!r && s && !s->disarm_failed) {
		r = fails(f, FAIL_DISARM, err);
		s->disarm_failed = r != 0;
	}
	if (r)
		return r;
	free(take_ptr(f->priv));
	return 0;
}

const struct fault_ops fault_null = {
	.name = "null",
	.summary = "Do nothing, and count it: to try out runner and commands",
	.class = FAULT_KERNEL,
	.params = null_params,
	.supported = supported,
	.arm = arm,
	.activate = activate,
	.update = update,
	.proof = proof,
	.disarm = disarm,
};

static enum undo_state undo_remove_file(const json_t *args, struct fl_error *err)
{
	const char *path = json_string_value(json_object_get(args, "path"));
	json_t *now = path ? identity(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW) : NULL;
	bool same = now && json_equal(now, json_object_get(args, "identity"));
	int code = now ? 0 : errno;

	json_decref(now);
	if (now ? !same : path && (code == ENOENT || code == ENOTDIR))
		return UNDO_NOT_NEEDED;
	if (same && !unlink(path))
		return UNDO_DONE;
	code = same ? errno : code;
	error_env(err, code, "%s may still be there: cannot remove it: %s", path ? path : "a file", strerror(code));
	return UNDO_OPEN;
}

const struct undo_op undo_null[] = { { .name = "remove-file", .undo = undo_remove_file }, {} };
