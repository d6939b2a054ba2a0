// SPDX-License-Identifier: GPL-2.0-only
/* audit.c - see audit.h */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "control/audit.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/kept.h"
#include "util/text/text.h"

#define UNKNOWN_A_MINUTE 60
#define ASKED_MAX        4096
#define READ_MAX         (1u << 20) /* of the file's end */

static int open_file(struct fl_error *err)
{
	int r = dir_make(FL_STATE_DIR, 0755, err);

	return r ? r : file_append_at(AT_FDCWD, AUDIT_FILE, AUDIT_FILE, 0600, err);
}

int audit_ready(struct fl_error *err)
{
	struct fl_error why = {};
	_cleanup_fd_ int fd = open_file(&why);

	if (fd >= 0)
		return 0;
	error_env(err, EIO, "refused: it cannot be written to the audit log: %s", why.message);
	error_hint(err, "%s", why.hint[0] ? why.hint : "what ends faults is done all the same");
	return -EIO;
}

/* Whoever has no token fills no disk. */
static bool too_many_unknown(void)
{
	static uint64_t minute;
	static unsigned int n;
	uint64_t now = clock_mono_ns() / NS_PER_SEC / 60;

	if (now != minute)
		n = 0;
	minute = now;
	return n++ >= UNKNOWN_A_MINUTE;
}

static json_t *asked_json(const json_t *asked)
{
	_cleanup_free_ char *text = asked ? json_dumps(asked, JSON_COMPACT) : NULL;

	if (!asked)
		return json_null();
	return text && strlen(text) <= ASKED_MAX ? json_incref((json_t *)(uintptr_t)asked)
						 : json_string("(too long to keep)");
}

static json_t *entry_json(const struct audit_entry *e)
{
	const char *brace = strchr(e->route->path, '{');
	_cleanup_free_ char *path =
		brace ? text_format("%.*s%s", (int)(brace - e->route->path), e->route->path, e->object)
		      : strdup(e->route->path);

	return json_pack("{s:f, s:o, s:s, s:o, s:s, s:o, s:o, s:i, s:o}", "time", clock_wall_s(), "who",
			 e->who->role ? json_foreign(e->who->name) : json_null(), "role", role_name(e->who->role),
			 "from", json_foreign(e->from), "method", e->route->method, "path", json_foreign(path ?: ""),
			 "asked", asked_json(e->asked), "status", (int)e->status, "result", json_foreign(e->result));
}

bool audit_write(const struct audit_entry *e)
{
	static bool said;
	struct fl_error err = {};
	_cleanup_free_ char *line = NULL;
	_cleanup_fd_ int fd = -1;
	struct text out = {};
	json_t *o;
	bool done;

	if (!e->who->role && too_many_unknown())
		return true;
	o = entry_json(e);
	line = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(o);
	text_append(&out, "%s\n", line ?: "");
	fd = line && !out.failed ? open_file(&err) : -1;
	done = fd >= 0 && !fd_write_all(fd, out.s, out.len); /* one write: O_APPEND keeps lines whole */
	text_free(&out);
	if (!done && !said)
		fprintf(stderr, "faultline: the audit log cannot be written: %s\n", err.message);
	said = !done;
	return done;
}

json_t *audit_read(size_t n)
{
	_cleanup_free_ char *text = malloc(READ_MAX + 1);
	_cleanup_fd_ int fd = open(AUDIT_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *all = json_array(), *one;
	struct stat st;
	char *end;
	ssize_t len;
	off_t from;

	if (!text || fd < 0 || fstat(fd, &st))
		return all;
	from = st.st_size > READ_MAX ? st.st_size - READ_MAX : 0;
	len = pread(fd, text, READ_MAX, from);
	text[len > 0 ? len : 0] = '\0';
	while (json_array_size(all) < n && (end = strrchr(text, '\n'))) {
		*end = '\0';
		one = json_loads(end + 1, 0, NULL);
		if (one)
			json_array_append_new(all, one);
	}
	/* The first line, where the file begins here. */
	one = !from && json_array_size(all) < n ? json_loads(text, 0, NULL) : NULL;
	if (one)
		json_array_append_new(all, one);
	return all;
}
