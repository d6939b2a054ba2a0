// SPDX-License-Identifier: GPL-2.0-only
/* changes.c - see changes.h */
#include <string.h>

#include "fault/life/changes.h"
#include "target/watch.h"
#include "util/clock.h"
#include "util/text/units.h"

#define CHANGES_MAX    100              /* kept; a container in a restart loop makes many */
#define LEFT_BEHIND_NS (2 * NS_PER_SEC) /* nobody went to the new one for so long */

static json_t *wall(uint64_t ns)
{
	return ns ? json_real((double)ns / 1e9) : json_null();
}

void changes_note(struct fault *f, json_t *change, changes_fn fn, void *ctx)
{
	if (!f->changes)
		f->changes = json_array();
	if (change && fn)
		fn(ctx, f, change);
	if (json_array_size(f->changes) < CHANGES_MAX)
		json_array_append_new(f->changes, change);
	else
		json_decref(change);
	f->n_changes++;
}

static json_t *moved(const struct fault *f, const struct target *t)
{
	char text[1024], after[32];
	struct fl_error gap = {};
	double ms = 0;

	if (t->changed_wall_ns && t->moved_wall_ns > t->changed_wall_ns)
		ms = (double)(t->moved_wall_ns - t->changed_wall_ns) / 1e6;
	units_format_ns((uint64_t)(ms * 1e6) / NS_PER_MSEC * NS_PER_MSEC, after, sizeof(after));
	if (f->ops->need_veth)
		target_check_veths(t, &gap);
	snprintf(text, sizeof(text), "%s %s (process %d); the fault is on it%s%s%s%s", t->name,
		 t->same_process ? "has other networks" : "is running again", (int)t->pid, ms > 0 ? ", after " : "",
		 ms > 0 ? after : "", gap.message[0] ? ", but in part: " : "", gap.message);
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:i, s:s, s:s}", "t", wall(t->moved_wall_ns), "what", "moved",
			 "target", t->name, "since", wall(t->changed_wall_ns), "after_ms",
			 ms > 0 ? json_real(ms) : json_null(), "pid", (int)t->pid, "container", t->id, "text", text);
}

static json_t *other(const struct target *t, const char *what, uint64_t since_ns, const char *words)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %s", t->name, words);
	return json_pack("{s:o, s:s, s:s, s:o, s:s, s:s}", "t", wall(clock_wall_ns()), "what", what, "target", t->name,
			 "since", wall(since_ns), "container", t->id, "text", text);
}

/* A network fault is held back, or is on again. */
static json_t *crowd(const struct target *t)
{
	char words[160];

	snprintf(words, sizeof(words),
		 "shares its network namespace with process %d, which is none of its own: the "
		 "fault is held back",
		 (int)t->stranger);
	return other(t, t->stranger ? "crowded" : "alone", clock_wall_ns(),
		     t->stranger ? words : "has its network namespace for itself again: the fault is on");
}

static void look_at(struct fault *f, struct target *t, changes_fn fn, void *ctx)
{
	uint64_t since_ns = 0;
	enum target_news news;

	if (t->moves != t->told.moves) {
		t->told.moves = t->moves;
		t->told.down = t->told.left = false;
		t->told.waiting_ns = 0;
		changes_note(f, moved(f, t), fn, ctx);
	}
	if (!t->stranger != !t->told.stranger)
		changes_note(f, crowd(t), fn, ctx);
	t->told.stranger = t->stranger;
	news = t->watch ? target_watch_peek(t->watch, &since_ns) : TARGET_SAME;
	if (news == TARGET_DOWN && !t->told.down) {
		t->told.down = true;
		changes_note(f, other(t, "down", since_ns, "is no longer running"), fn, ctx);
	}
	if (news != TARGET_NEW || t->told.left)
		return;
	if (!t->told.waiting_ns)
		t->told.waiting_ns = clock_mono_ns();
	if (clock_mono_ns() - t->told.waiting_ns < LEFT_BEHIND_NS)
		return;
	t->told.left = true;
	changes_note(f, other(t, "left", since_ns, "is running again, and this kind of fault does not follow it"), fn,
		     ctx);
}

static bool is_watched(const struct fault *f)
{
	uint32_t i;

	for (i = 0; i < f->n_targets; i++)
		if (f->targets[i].watch)
			return true;
	return false;
}

static void look_at_supervisor(struct fault *f, changes_fn fn, void *ctx)
{
	struct target_watch_status s;
	char text[256];

	target_watch_status(&s);
	if (s.lost == f->supervisor_lost)
		return;
	f->supervisor_lost = s.lost;
	snprintf(text, sizeof(text), "%s%s",
		 s.lost ? "nobody tells what becomes of the target: " : "what becomes of the target is known again",
		 s.lost ? s.why : "");
	changes_note(f,
		     json_pack("{s:o, s:s, s:o, s:s}", "t", wall(clock_wall_ns()), "what",
			       s.lost ? "supervisor-lost" : "supervisor-back", "since", wall(s.changed_wall_ns), "text",
			       text),
		     fn, ctx);
}

bool changes_look(struct fault *f, changes_fn fn, void *ctx)
{
	uint32_t before = f->n_changes, i;

	if (!f->armed)
		return false;
	for (i = 0; i < f->n_targets; i++)
		look_at(f, &f->targets[i], fn, ctx);
	if (is_watched(f))
		look_at_supervisor(f, fn, ctx);
	return f->n_changes != before;
}
