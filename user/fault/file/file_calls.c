// SPDX-License-Identifier: GPL-2.0-only
/*
 * file_calls.c - file_latency, file_error: calls of the target's processes on some of its files are late, or fail.
 *
 * By fanotify permission events of the target's own mounts (calls_place.h), answered by a process of
 * its own (calls_serve.h). Whoever else uses such a mount is let go at once; the effect says how many calls that
 * was, and what it took to tell.
 *
 *   at    asked for          what waits, or fails
 *   open  FAN_OPEN_PERM      open, also of a program that is executed
 *   read  FAN_ACCESS_PERM    read, pread, readv, sendfile, ...
 *   any   both of these
 *   data  FAN_PRE_ACCESS     read, write, truncate, mmap: Linux 6.14, on ext4, XFS, btrfs
 *
 * The kernel undoes it: the events end with the group, and the group with its processes.
 *
 * Limits: pages that are mapped already, io_uring's registered buffers of them and direct access to a device are
 * not seen. A kernel from 6.14 on does not ask about reads of a file that was opened before the fault was on. A
 * member with a mount namespace that is new is met after a tenth of a second, the first 64 namespaces of a target are.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "fault/fault.h"
#include "fault/file/calls_place.h"
#include "fault/file/calls_serve.h"
#include "fault/syscall/syscall_table.h"
#include "os/fan.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

enum at { AT_OPEN, AT_READ, AT_ANY, AT_DATA };
static const char *const at_words[] = { "open", "read", "any", "data", NULL };

/* What either fault is asked for. */
struct file_calls {
	const char *path, *number; /* the errno by its name */
	uint32_t at;               /* enum at */
	uint32_t percent_ppm, nth;
	int64_t max_hits, seed;
	uint64_t delay_ns, jitter_ns;
};

/* clang-format off */
#define PARAM_WHICH                                                                                                    \
	{ .name = "path", .type = PARAM_STRING, PARAM_FIELD(struct file_calls, path), .def = "!",                                                            \
	  .help = "a file, a directory with all below it, or a glob with * and ?, as the target sees it" },           \
	{ .name = "at", .type = PARAM_ENUM, PARAM_FIELD(struct file_calls, at), .def = "read", .choices = at_words,                                        \
	  .help = "opening, reading, any of these, or data: reading, writing, truncating, mapping (Linux 6.14)" }
#define PARAM_HOW_OFTEN(what)                                                                                          \
	{ .name = "percent", .type = PARAM_PERCENT, PARAM_FIELD(struct file_calls, percent_ppm), .def = "100%", .live = true, .from = "0.5%", .to = "100%",         \
	  .help = "share of the matching calls that " what },                                                          \
	{ .name = "nth", .type = PARAM_INT, PARAM_FIELD(struct file_calls, nth), .def = "1", .min = 1, .max = UINT32_MAX, .live = true,                     \
	  .help = "only every n-th matching call" },                                                                   \
	{ .name = "max-hits", .type = PARAM_INT, PARAM_FIELD(struct file_calls, max_hits), .def = "0", .max = INT64_MAX, .live = true,                           \
	  .help = "stop after so many calls, 0: no bound" },                                                           \
	{ .name = "seed", .type = PARAM_INT, PARAM_FIELD(struct file_calls, seed), .def = "0", .max = INT64_MAX,                                             \
	  .help = "of the random decisions, 0: a new one" }

static const struct param latency_params[] = {
	{ .name = "delay", .type = PARAM_DURATION, PARAM_FIELD(struct file_calls, delay_ns), .def = "!", .live = true, .from = "1ms", .to = "1s",
	  .help = "how much later such a call goes on" },
	{ .name = "jitter", .type = PARAM_DURATION, PARAM_FIELD(struct file_calls, jitter_ns), .def = "0", .live = true, .help = "up to so much more or less, evenly" },
	PARAM_WHICH,
	PARAM_HOW_OFTEN("are late"),
	{},
};

static const struct param error_params[] = {
	PARAM_WHICH,
	{ .name = "errno", .type = PARAM_STRING, PARAM_FIELD(struct file_calls, number),
	  .help = "EIO, ENOSPC, EDQUOT, EBUSY, EAGAIN, ETXTBSY or EPERM; default: EIO, or EPERM where that is all there is" },
	PARAM_HOW_OFTEN("fail"),
	{},
};
/* clang-format on */

/* What the kernel takes beside FAN_DENY. */
static const int errnos[] = { EPERM, EIO, EBUSY, ETXTBSY, EAGAIN, ENOSPC, EDQUOT };

/* Mount namespaces of a target whose mounts are marked, or have no such place. */
#define NAMESPACES_MAX 64
struct seen_namespaces {
	uint64_t inode[NAMESPACES_MAX];
	uint32_t n;
};

struct calls {
	struct calls_server server;
	struct calls_place *places; /* one for each target */
	struct seen_namespaces *seen;
	bool *lost; /* the target has moved, and the place was not there (yet) */
	uint32_t n;
};

static bool is_late(const struct fault *f)
{
	return !strcmp(f->ops->name, "file_latency");
}

static uint64_t mask_of(const struct file_calls *asked)
{
	static const uint64_t masks[] = { FAN_OPEN_PERM, FAN_ACCESS_PERM, FAN_OPEN_PERM | FAN_ACCESS_PERM,
					  FAN_PRE_ACCESS };

	return masks[asked->at];
}

static void supported(struct fault_support *ret)
{
	int r = fan_try(FAN_ACCESS_PERM, EIO), data;

	*ret = (struct fault_support){ .supported = r > 0 };
	text_copy(ret->backend, sizeof(ret->backend), "fanotify");
	if (r <= 0) {
		snprintf(ret->reason, sizeof(ret->reason), "no permission events: %s",
			 r ? strerror(-r) : "a call was not asked about");
		return;
	}
	data = fan_try(FAN_PRE_ACCESS, EIO);
	if (r == EPERM || data == -EINVAL)
		snprintf(ret->reason, sizeof(ret->reason), "%s%s%s", r == EPERM ? "no errno but EPERM" : "",
			 r == EPERM && data == -EINVAL ? "; " : "", data == -EINVAL ? "opening and reading only" : "");
}

/* --- parameters ------------------------------------------------------------------------------------ */

static int latency_validate(const struct params *p, struct fl_error *err)
{
	const struct file_calls *asked = p->own;

	if (params_has(p, "delay") && !asked->delay_ns && !asked->jitter_ns)
		return error_usage(err, "file_latency: a delay of 0 is none");
	if (asked->delay_ns > 3600 * NS_PER_SEC || asked->jitter_ns > 3600 * NS_PER_SEC)
		return error_usage(err, "file_latency: delay and jitter can be at most one hour");
	return asked->path ? calls_place_check(asked->path, "file_latency", err) : 0;
}

static int error_number(const struct file_calls *asked, int *ret, struct fl_error *err)
{
	int r;
	size_t i;

	*ret = EIO;
	r = asked->number ? syscall_errno(asked->number, ret, err) : 0;
	for (i = 0; !r && i < ARRAY_SIZE(errnos); i++)
		if (errnos[i] == *ret)
			return 0;
	if (r)
		return r;
	error_usage(err, "file_error: errno %s cannot be given for a file call", asked->number);
	error_hint(err, "the kernel takes EPERM, EIO, EBUSY, ETXTBSY, EAGAIN, ENOSPC and EDQUOT; syscall_error has all "
			"others");
	return -EINVAL;
}

static int error_validate(const struct params *p, struct fl_error *err)
{
	const struct file_calls *asked = p->own;
	int number, r = error_number(asked, &number, err);

	return r || !asked->path ? r : calls_place_check(asked->path, "file_error", err);
}

static void write_page(const struct fault *f, struct calls_page *page)
{
	const struct file_calls *asked = f->params.own;
	int number = 0;

	page->delay_ns = asked->delay_ns;
	page->jitter_ns = asked->jitter_ns;
	if (!is_late(f) && !error_number(asked, &number, NULL))
		page->error = (uint32_t)number;
	page->probability_ppm = asked->percent_ppm;
	page->nth = asked->nth;
	page->max_hits = (uint64_t)asked->max_hits;
	page->expires_ns = f->expires_ns;
}

/* --- the life of it -------------------------------------------------------------------------------- */

static int ready(const struct fault *f, struct fl_error *err)
{
	const struct file_calls *asked = f->params.own;
	struct calls_place place;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < f->n_targets; i++)
		r = calls_place_find(f, &f->targets[i], asked->path, &place, err);
	return r;
}

/* An errno that was asked for is not silently another one. */
static int check_errno(const struct fault *f, struct calls_page *page, struct fl_error *err)
{
	const struct file_calls *asked = f->params.own;
	int number, r;

	if (is_late(f) || error_number(asked, &number, NULL) || number == EPERM)
		return 0;
	r = fan_try(FAN_ACCESS_PERM, number);
	page->no_errno = r != number;
	if (!page->no_errno || !asked->number)
		return 0;
	error_env(err, ENOTSUP, "file_error: this kernel denies with EPERM only, not with %s", asked->number);
	error_hint(err, "leave errno out, or say EPERM; with other errnos: syscall_error");
	return -ENOTSUP;
}

static int grow(struct calls *c, uint32_t n)
{
	struct calls_place *places = reallocarray(c->places, n, sizeof(*places));
	struct seen_namespaces *seen = reallocarray(c->seen, n, sizeof(*seen));
	bool *lost;

	c->places = places ?: c->places;
	c->seen = seen ?: c->seen;
	if (!places || !seen)
		return -ENOMEM;
	lost = reallocarray(c->lost, n, sizeof(*lost));
	if (!lost)
		return -ENOMEM;
	c->lost = lost;
	for (; c->n < n; c->n++) {
		places[c->n] = (struct calls_place){};
		seen[c->n].n = 0;
		lost[c->n] = true;
	}
	return 0;
}

static int arm(struct fault *f, struct fl_error *err)
{
	const struct file_calls *asked = f->params.own;
	struct calls *c = calloc(1, sizeof(*c));
	uint64_t seed = (uint64_t)asked->seed;
	uint32_t i;
	int r = 0;

	if (!c)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	c->server = CALLS_SERVER_NONE;
	f->priv = c;
	text_copy(f->backend, sizeof(f->backend), "fanotify");
	if (grow(c, f->n_targets))
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	for (i = 0; !r && i < c->n; i++)
		r = calls_place_find(f, &f->targets[i], asked->path, &c->places[i], err);
	if (!r)
		r = calls_server_start(&c->server, f, c->places, err);
	if (r)
		return r;
	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = clock_mono_ns();
	c->server.page->seed = seed;
	write_page(f, c->server.page);
	return check_errno(f, c->server.page, err);
}

/* True: it was there, or there is no room to remember it. */
static bool is_seen(struct seen_namespaces *s, uint64_t inode)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->inode[i] == inode)
			return true;
	if (s->n == NAMESPACES_MAX)
		return true;
	s->inode[s->n++] = inode;
	return false;
}

/* Members may have mount namespaces of their own (`ip netns exec` makes one each time). Where the path leads to the same
 * place in one of these, its mounts are marked as well. */
static void mark_others(struct fault *f, uint32_t i)
{
	const struct file_calls *asked = f->params.own;
	struct calls *c = f->priv;
	_cleanup_free_ struct process_id *ids = NULL;
	struct target other = f->targets[i];
	struct calls_place place;
	uint32_t n = 0, k;

	if (process_list(&f->targets[i], &ids, &n, NULL))
		return;
	for (k = 0; k < n; k++) {
		uint64_t inode = process_namespace(ids[k].pid, "mnt");

		if (!inode || is_seen(&c->seen[i], inode))
			continue;
		other.pid = ids[k].pid;
		other.pid_start = ids[k].start;
		if (!calls_place_find(f, &other, asked->path, &place, NULL) && !strcmp(place.root, c->places[i].root) &&
		    !strcmp(place.folder, c->places[i].folder))
			calls_place_mark(f, &other, &place, c->server.fan, mask_of(asked), NULL);
	}
}

static int mark_target(struct fault *f, uint32_t i, struct fl_error *err)
{
	struct calls *c = f->priv;
	int r = calls_place_mark(f, &f->targets[i], &c->places[i], c->server.fan, mask_of(f->params.own), err);

	c->lost[i] = r != 0;
	c->seen[i].n = 0;
	if (r)
		return r;
	is_seen(&c->seen[i], process_namespace(f->targets[i].pid, "mnt"));
	mark_others(f, i);
	return 0;
}

static int activate(struct fault *f, bool on, struct fl_error *err)
{
	struct calls *c = f->priv;
	uint32_t i;
	int r = 0;

	if (on && !calls_server_alive(&c->server)) { /* it has died while the fault was off */
		calls_server_stop(&c->server);
		r = calls_server_start(&c->server, f, c->places, err);
	}
	if (on && !r) {
		write_page(f, c->server.page);
		c->server.page->on = true;
		calls_server_wake(&c->server);
	}
	for (i = 0; on && !r && i < c->n; i++)
		r = mark_target(f, i, err);
	if (!on || r)
		calls_server_release(&c->server);
	return r;
}

static int update(struct fault *f, struct fl_error *err)
{
	struct calls *c = f->priv;
	(void)err;

	write_page(f, c->server.page);
	return 0;
}

/* The server has a copy of the targets as they were: another one for what they are now. Where the place is not there
 * (a container that is still starting), tick() looks again. */
static int moved(struct fault *f, uint32_t i, struct fl_error *err)
{
	const struct file_calls *asked = f->params.own;
	struct calls *c = f->priv;
	uint32_t k;
	int r = 0;

	if (grow(c, f->n_targets))
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	calls_server_stop(&c->server);
	c->lost[i] = calls_place_find(f, &f->targets[i], asked->path, &c->places[i], NULL);
	r = calls_server_start(&c->server, f, c->places, err);
	for (k = 0; !r && f->active && k < c->n; k++)
		mark_target(f, k, NULL);
	return r;
}

static int tick(struct fault *f, struct fl_error *err)
{
	const struct file_calls *asked = f->params.own;
	struct calls *c = f->priv;
	struct calls_place place;
	uint32_t i;

	if (!calls_server_alive(&c->server)) {
		calls_server_stop(&c->server);
		return error_sys(err, EPIPE,
				 "%s: the process that answers file calls has died, or hangs: all were let go",
				 f->ops->name);
	}
	for (i = 0; i < c->n; i++)
		if (c->lost[i] && proc_same(f->targets[i].pid, f->targets[i].pid_start) &&
		    !calls_place_find(f, &f->targets[i], asked->path, &place, NULL))
			return moved(f, i, err);
		else if (!c->lost[i])
			mark_others(f, i);
	return 0;
}

static void describe_late(const struct calls_page *p, struct text *text)
{
	char mean[32], most[32];
	uint64_t n = p->waited;

	if (n)
		text_append(text, "%llu %s on after %s on average, at most %s later than asked for",
			    (unsigned long long)n, n == 1 ? "call went" : "calls went",
			    units_format_ns(p->waited_ns / n / 1000 * 1000, mean, sizeof(mean)),
			    units_format_ns(p->late_max_ns / 1000 * 1000, most, sizeof(most)));
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct calls *c = f->priv;
	const struct calls_page *p = c->server.page;
	struct text text = {};
	char mean[32], most[32];
	uint64_t others;
	(void)err;

	if (!p)
		return 0;
	*ret = (struct fault_proof){ .matched = p->matched,
				     .injected = p->injected,
				     .skipped = p->skipped,
				     .first_hit_ns = p->first_hit_ns,
				     .last_hit_ns = p->last_hit_ns };
	describe_late(p, &text);
	if (!is_late(f) && p->injected)
		text_append(&text, "%llu %s failed with %s", (unsigned long long)p->injected,
			    p->injected == 1 ? "call" : "calls", strerrorname_np(p->no_errno ? EPERM : (int)p->error));
	others = p->others;
	if (others)
		text_append(&text, "%s%llu other %s let go at once, after %s on average, %s at most",
			    text.len ? "; " : "", (unsigned long long)others, others == 1 ? "call was" : "calls were",
			    units_format_ns(p->others_ns / others / 100 * 100, mean, sizeof(mean)),
			    units_format_ns(p->others_max_ns / 1000 * 1000, most, sizeof(most)));
	text_copy(ret->effect, sizeof(ret->effect), text.s);
	text_free(&text);
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	struct calls *c = f->priv;
	(void)err;

	if (!c)
		return 0;
	calls_server_release(&c->server);
	calls_server_free(&c->server, f);
	free(c->places);
	free(c->lost);
	free(c->seen);
	free(take_ptr(f->priv));
	return 0;
}

#define CALLS_OPS                                                                                                     \
	.class = FAULT_KERNEL, .need_process = true, .supported = supported, .ready = ready, .arm = arm,              \
	.activate = activate, .update = update, .tick = tick, .moved = moved, .proof = proof, .disarm = disarm,       \
	.hints = {                                                                                                    \
		.unmatched = "No call of the target on these files was seen. Reading a file that was opened before "  \
			     "the fault was on is not, on Linux 6.14 or later; what it has mapped is not, anywhere.", \
		.spared = "None of them was to be hit: more --percent, a smaller --nth, or more calls.",              \
		.skipped = "More calls waited at once than the server has descriptors for.",                          \
	}

const struct fault_ops fault_file_latency = {
	.name = "file_latency",
	.summary = "Make calls of the target on its files late",
	.params = latency_params,
	.validate = latency_validate,
	CALLS_OPS,
};

const struct fault_ops fault_file_error = {
	.name = "file_error",
	.summary = "Let calls of the target on its files fail",
	.params = error_params,
	.validate = error_validate,
	CALLS_OPS,
};
