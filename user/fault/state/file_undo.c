// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_undo.c - put a spoiled file back, by what the journal says.
 *
 * The file is looked for by its path in the target's root; when the target's process has gone, in the
 * root of any process, for a service that was started again has the same volume. It is taken for
 * ours when device and inode are the same and each of its bytes is either the old or the spoiled
 * one, so also when our own writing was cut off. Anything else somebody has written, and it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fault/state/file.h"
#include "fault/state/place.h"
#include "session/journal.h"
#include "util/cleanup.h"
#include "util/text/text.h"

struct saved {
	const char *path, *before, *after; /* the file; the saved contents */
	json_t *meta;
};

static enum undo_state leave(struct fl_error *err, const struct saved *w, const char *why)
{
	error_env(err, ESTALE, "%s was %s by somebody meanwhile: it is left as it is", w->path, why);
	return UNDO_NOT_NEEDED;
}

static enum undo_state not_restored(const struct saved *w, const struct fl_error *why, struct fl_error *err)
{
	error_env(err, -why->code, "%s is still spoilt, or may be: %.300s", w->path, why->message);
	error_hint(err, "%sits content is in %s",
		   why->code == -EAGAIN ? "start the target again, then faultline recover; " : "", w->before);
	return UNDO_OPEN;
}

static int read_saved(const char *path, struct bytes *ret, struct fl_error *err)
{
	char *text;
	int r = file_read(path, FILE_MAX_BYTES, &text, &ret->n, err);

	if (!r)
		ret->v = (uint8_t *)text;
	return r;
}

/* 1: somebody else has written it, and it stays. */
static int restore(int fd, const struct saved *w, struct fl_error *err)
{
	struct bytes now = {}, before = {}, after = {};
	int r = read_saved(w->before, &before, err) ?: read_saved(w->after, &after, err) ?:
		file_content_read(fd, &now, err);

	if (!r && !content_is_between(&now, &before, &after))
		r = 1;
	if (!r && !content_equal(&now, &before))
		r = file_content_write(fd, &before, err);
	if (!r)
		r = file_meta_write(fd, w->meta, err);
	/* On disk before the journal says that it is done. */
	if (!r && fsync(fd))
		r = error_env(err, errno, "cannot sync the file: %s", strerror(errno));
	bytes_free(&now);
	bytes_free(&before);
	bytes_free(&after);
	return r;
}

static enum undo_state undo_restore_file(const json_t *args, struct fl_error *err)
{
	struct fl_error why = {};
	const char *other = "";
	struct saved w;
	_cleanup_fd_ int fd = -1;
	int r;

	if (json_unpack((json_t *)(uintptr_t)args, "{s:s, s:s, s:s, s:o}", "path", &w.path, "before", &w.before,
			"after", &w.after, "meta", &w.meta))
		return undo_of(error_sys(err, EINVAL, "the journal's file makes no sense"));
	fd = place_open(args, O_RDWR, &other, &why);
	if (fd == -ESTALE)
		return leave(err, &w, other);
	if (fd == -ENOENT)
		return UNDO_NOT_NEEDED;
	r = fd < 0 ? fd : restore(fd, &w, &why);
	if (r > 0)
		return leave(err, &w, "rewritten");
	return r ? not_restored(&w, &why, err) : UNDO_DONE;
}

const struct undo_op undo_file[] = { { .name = "restore-file", .undo = undo_restore_file, .touches_files = true }, {} };
