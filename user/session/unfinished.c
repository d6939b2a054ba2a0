// SPDX-License-Identifier: GPL-2.0-only
/* unfinished.c - see unfinished.h */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "session/unfinished.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define NOTE_MAX (16u << 10)

/* After a reboot only the kept directory is there. */
static char *note_path(const char *session)
{
	_cleanup_free_ char *dir = text_format(FL_RUN_DIR "/%s", session);

	if (!dir)
		return NULL;
	return text_format("%s/%s/unfinished.json", access(dir, F_OK) ? FL_KEPT_DIR : FL_RUN_DIR, session);
}

bool unfinished_read(const char *session, struct unfinished *ret)
{
	_cleanup_free_ char *path = note_path(session), *text = NULL;
	const char *message, *hint = "";
	json_t *o = NULL;
	bool there;

	*ret = (struct unfinished){};
	if (path && !access(path, F_OK) && !file_read(path, NOTE_MAX, &text, NULL, NULL))
		o = json_loads(text, 0, NULL);
	there = o &&
		!json_unpack(o, "{s:F, s:s, s?s}", "since_wall", &ret->since_wall, "message", &message, "hint", &hint);
	if (there) {
		text_copy(ret->message, sizeof(ret->message), message);
		text_copy(ret->hint, sizeof(ret->hint), hint);
	}
	json_decref(o);
	return there;
}

void unfinished_write(const char *session, const struct fl_error *why)
{
	_cleanup_free_ char *path = note_path(session), *text = NULL;
	struct unfinished before;
	bool known = unfinished_read(session, &before);
	json_t *o;

	if (known && !strcmp(before.message, why->message))
		return;
	o = json_pack("{s:f, s:s, s:s}", "since_wall", known ? before.since_wall : clock_wall_s(), "message",
		      why->message[0] ? why->message : "something could not be undone", "hint", why->hint);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (path && text)
		file_write(path, text, strlen(text), 0600, NULL);
}
