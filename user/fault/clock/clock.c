// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock.c - a wrong wall clock for a target and nobody else.
 *
 * There is no namespace for CLOCK_REALTIME. But programs read it without the kernel's help, in the vDSO
 * page that is mapped into each of them; so that page is changed, in the target's processes (vdso_patch.c
 * says how). REALTIME and its relatives move; MONOTONIC and all others stay as they are.
 *
 * Processes that begin while it is on follow: a fork inherits the page, an exec is reported by the
 * kernel (exec_watch.h) and patched within about a millisecond.
 *
 * Limits: the time is true again for what does not ask the vDSO: a raw system call, a 32-bit program, timers
 * on the wall clock (timerfd, sem_timedwait, file time stamps). A process that is being traced
 * cannot be changed. One clock fault at a time for a process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "fault/clock/clock.h"
#include "fault/clock/vdso_proc.h"
#include "fault/life/follow.h"
#include "os/sealed.h"
#include "session/journal.h"
#include "session/session.h"
#include "target/process/exec_watch.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define RETRY_NS NS_PER_SEC

/* A target as the watching thread needs it; a copy, for f->targets may be replaced meanwhile. */
struct unit {
	struct target target; /* its descriptors are not ours and not used */
	struct cgroup_set cgroups;
};

struct clock_state {
	struct vdso_patch patch;
	struct unit *units;
	uint32_t n_units;
	struct exec_watch *watch;
	unsigned int entry; /* of the journal; 0: nothing is patched */

	pthread_mutex_t lock; /* of units, carriers and slot; held during a pass over the processes */
	struct vdso_slot slot;
	int64_t drifted_ns;          /* what earlier drifts have come to; of who sets the slot */
	struct process_id *carriers; /* seen with the patch, while it is on */
	uint32_t n_carriers, carriers_size;
	/* Programs that began while it is on, those of them that were moved, and the watch's count so far. */
	uint64_t begun, caught, begun_seen;
	bool foreign;      /* a process carries another clock fault */
	uint64_t retry_ns; /* not to look again before, after one could not be held */
	atomic_bool active;
	atomic_ulong patched; /* processes, so far */
	_Atomic uint64_t first_ns, last_ns;
};

void clock_supported(struct fault_support *ret)
{
	struct vdso_patch p;
	struct fl_error err = {};

	*ret = (struct fault_support){ .backend = "vdso" };
	if (vdso_plan("probe", &p, &err)) {
		text_copy(ret->reason, sizeof(ret->reason), err.message);
		return;
	}
	ret->supported = true;
	if (!p.direct)
		text_copy(ret->reason, sizeof(ret->reason),
			  "clocks of the target that are not moved become system calls");
}

/* --- the processes ------------------------------------------------------------------------- */

static void note_hit(struct clock_state *s)
{
	uint64_t now = clock_mono_ns(), none = 0;

	atomic_fetch_add(&s->patched, 1);
	atomic_compare_exchange_strong(&s->first_ns, &none, now);
	atomic_store(&s->last_ns, now);
}

/* Call @visit for each process of the targets; a negative result is kept, the first of them, with
 * its error, and the others are gone on with. */
static int each_process(struct clock_state *s,
			int (*visit)(struct clock_state *s, struct process_id id, struct fl_error *err),
			struct fl_error *err)
{
	uint32_t i, j, n = 0;
	int first = 0;

	for (i = 0; i < s->n_units; i++) {
		_cleanup_free_ struct process_id *ids = NULL;
		struct unit *u = &s->units[i];
		int r = process_list(&u->target, &ids, &n, first ? NULL : err);

		if (r && !first)
			first = r;
		for (j = 0; !r && j < n; j++) {
			struct fl_error why = {};
			int v;

			if (!target_is_member(&u->target, ids[j].pid, ids[j].start))
				continue;
			v = visit(s, ids[j], &why);
			if (v >= 0 || first)
				continue;
			first = v;
			if (err)
				*err = why;
		}
	}
	return first;
}

/* Note a process that has the wrong time, by our hand or by its parent's. */
static int note_carrier(struct clock_state *s, struct process_id id)
{
	uint32_t i;

	for (i = 0; i < s->n_carriers; i++)
		if (s->carriers[i].pid == id.pid && s->carriers[i].start == id.start)
			return 0;
	if (s->n_carriers == s->carriers_size) {
		uint32_t size = s->carriers_size ? 2 * s->carriers_size : 64;
		struct process_id *v = reallocarray(s->carriers, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->carriers = v;
		s->carriers_size = size;
	}
	s->carriers[s->n_carriers++] = id;
	return 0;
}

static bool is_anyones(const struct clock_state *s, struct process_id id)
{
	uint32_t i;

	for (i = 0; i < s->n_units; i++)
		if (target_is_member(&s->units[i].target, id.pid, id.start))
			return true;
	return false;
}

/* The true time for processes that have left the targets without a new program. */
static void release_leavers(struct clock_state *s)
{
	uint32_t i, kept = 0;

	for (i = 0; i < s->n_carriers; i++) {
		struct process_id id = s->carriers[i];

		/* Once it is restored its stub may stay until the end, which finds it by its bytes. */
		if (!process_dead(id) && (is_anyones(s, id) || vdso_revert(id, &s->patch, false, NULL) < 0))
			s->carriers[kept++] = id;
	}
	s->n_carriers = kept;
}

static int visit_apply(struct clock_state *s, struct process_id id, struct fl_error *err)
{
	int r;

	if (!atomic_load(&s->active))
		return 0; /* it is being undone, which waits for us */
	r = note_carrier(s, id);
	if (r)
		return error_sys(err, -r, "out of memory");
	r = vdso_apply(id, &s->patch, &s->slot, err);
	if (r > 0)
		note_hit(s);
	s->foreign |= r == -EEXIST;
	return r;
}

static int visit_set(struct clock_state *s, struct process_id id, struct fl_error *err)
{
	return vdso_set(id, &s->patch, &s->slot, err);
}

/* Programs that have begun in the targets while it is on; of a watch that was closed the last word counts. */
static void count_begun(struct clock_state *s)
{
	uint64_t now;

	if (exec_watch_begun(s->watch, &now) && now > s->begun_seen) {
		s->begun += now - s->begun_seen;
		s->begun_seen = now;
	}
}

/* In the watching thread. What cannot be patched is tried again at the next look; a process with a
 * thread that does not stop is paused by each try, so then there is a while between them. */
static void look(void *arg)
{
	struct clock_state *s = arg;
	unsigned long before;

	if (!atomic_load(&s->active) || clock_mono_ns() < s->retry_ns)
		return;
	pthread_mutex_lock(&s->lock);
	before = atomic_load(&s->patched);
	release_leavers(s);
	if (each_process(s, visit_apply, NULL) == -ETIMEDOUT)
		s->retry_ns = clock_mono_ns() + RETRY_NS;
	s->caught += atomic_load(&s->patched) - before;
	pthread_mutex_unlock(&s->lock);
}

/* --- the life of a clock fault ---------------------------------------------------------------- */

static int copy_targets(struct fault *f, struct clock_state *s, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	s->units = calloc(f->n_targets ?: 1, sizeof(*s->units));
	if (!s->units)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	for (i = 0; !r && i < f->n_targets; i++) {
		s->units[i].target = f->targets[i];
		r = cgroup_find(&f->targets[i], &s->units[i].cgroups, err);
		s->n_units++;
	}
	return r;
}

static int start_watch(struct clock_state *s, struct fl_error *err)
{
	_cleanup_free_ struct exec_watch_target *t = calloc(s->n_units ?: 1, sizeof(*t));
	uint32_t i;

	if (!t)
		return error_sys(err, ENOMEM, "out of memory");
	for (i = 0; i < s->n_units; i++)
		t[i] = (struct exec_watch_target){ &s->units[i].target, &s->units[i].cgroups };
	return exec_watch_open(t, s->n_units, look, s, &s->watch, err);
}

int clock_arm(struct fault *f, struct fl_error *err)
{
	struct clock_state *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	pthread_mutex_init(&s->lock, NULL);
	f->priv = s;
	text_copy(f->backend, sizeof(f->backend), "vdso");
	r = vdso_plan(f->id, &s->patch, err);
	if (!r)
		r = copy_targets(f, s, err);
	if (!r)
		r = start_watch(s, err);
	return r; /* what there is so far goes by disarm */
}

static int begin(struct fault *f, const struct vdso_slot *slot, struct fl_error *err)
{
	struct clock_state *s = f->priv;
	unsigned long before = atomic_load(&s->patched);
	json_t *args = vdso_patch_json(&s->patch);
	bool foreign;
	int r;

	json_object_set_new(args, "sealed", sealed_now());
	r = journal_add(f->session->journal, "clock-restore", args, &s->entry, err);
	if (r)
		return r;
	pthread_mutex_lock(&s->lock);
	s->slot = *slot;
	s->n_carriers = 0;
	s->foreign = false;
	atomic_store(&s->active, true);
	r = each_process(s, visit_apply, err);
	foreign = s->foreign;
	count_begun(s);
	s->begun = s->caught = 0; /* what is there was looked at just now */
	pthread_mutex_unlock(&s->lock);
	/* Two clock faults would share the target by chance: what execs next is whose? */
	if (foreign) {
		error_clear(err);
		error_env(err, EBUSY, "%s: the target has another clock fault", f->ops->name);
		error_hint(err, "stop that first: faultline list");
		return -EBUSY;
	}
	if (atomic_load(&s->patched) > before) {
		error_clear(err); /* some could not be: the proof counts them */
		return 0;
	}
	if (!r)
		r = error_env(err, ESRCH, "%s: none of the target's processes has a clock to move", f->ops->name);
	return r;
}

static int end(struct fault *f, struct fl_error *err)
{
	struct clock_state *s = f->priv;
	int r;

	if (!s->entry)
		return 0;
	if (atomic_load(&s->active))
		count_begun(s);
	atomic_store(&s->active, false);
	pthread_mutex_lock(&s->lock); /* no pass is under way any more, and none begins */
	r = journal_undo(f->session->journal, s->entry, err);
	pthread_mutex_unlock(&s->lock);
	if (!r)
		s->entry = 0;
	return r;
}

int clock_activate(struct fault *f, const struct vdso_slot *slot, struct fl_error *err)
{
	int r = slot ? begin(f, slot, err) : end(f, err);

	if (r && slot)
		end(f, NULL);
	return r;
}

int clock_change(struct fault *f, const struct vdso_slot *slot, struct fl_error *err)
{
	struct clock_state *s = f->priv;
	int r = 0;

	if (!s)
		return 0;
	pthread_mutex_lock(&s->lock);
	s->slot = *slot;
	if (atomic_load(&s->active))
		r = each_process(s, visit_set, err);
	pthread_mutex_unlock(&s->lock);
	return r;
}

struct vdso_slot clock_slot(const struct fault *f)
{
	const struct clock_state *s = f->priv;

	return s->slot; /* only this thread writes it */
}

int64_t *clock_drifted(struct fault *f)
{
	struct clock_state *s = f->priv;

	return &s->drifted_ns;
}

/* Its filter was made for the old pid namespace. */
static void restart_watch(struct clock_state *s)
{
	count_begun(s);
	exec_watch_close(s->watch);
	s->watch = NULL;
	s->begun_seen = 0;
	start_watch(s, NULL);
}

void clock_follow(struct fault *f)
{
	struct clock_state *s = f->priv;
	bool fresh;
	uint32_t i;

	for (i = 0; i < f->n_targets; i++) {
		if (follow_target(&f->targets[i], &fresh) || !fresh)
			continue;
		pthread_mutex_lock(&s->lock);
		s->units[i].target = f->targets[i];
		cgroup_find(&f->targets[i], &s->units[i].cgroups, NULL);
		each_process(s, visit_apply, NULL);
		pthread_mutex_unlock(&s->lock);
		restart_watch(s);
	}
}

int64_t clock_shift_now(const struct vdso_slot *slot)
{
	__int128 grown = (__int128)((int64_t)clock_wall_ns() - slot->base_ns) * slot->drift_ppb;

	return slot->offset_ns + (int64_t)(grown / (int64_t)NS_PER_SEC);
}

/* --- proof ---------------------------------------------------------------------------------- */

struct count {
	unsigned int carrying, without;
	pid_t example; /* of those without */
};

static void count_processes(struct clock_state *s, struct count *c)
{
	uint32_t i, j, n = 0;

	for (i = 0; i < s->n_units; i++) {
		_cleanup_free_ struct process_id *ids = NULL;
		enum vdso_state state;

		if (process_list(&s->units[i].target, &ids, &n, NULL))
			continue;
		for (j = 0; j < n; j++) {
			if (vdso_look(ids[j], &s->patch, &state, NULL))
				continue; /* gone */
			if (state == VDSO_PATCHED) {
				c->carrying++;
			} else {
				c->without++;
				c->example = ids[j].pid;
			}
		}
	}
}

/* Programs that had ended, or made room for another one, before anybody could look; @here still run, and are
 * not moved for another reason. */
static uint64_t too_quick(struct clock_state *s, uint64_t here)
{
	uint64_t begun;

	pthread_mutex_lock(&s->lock);
	if (atomic_load(&s->active))
		count_begun(s);
	begun = s->begun > s->caught ? s->begun - s->caught : 0;
	pthread_mutex_unlock(&s->lock);
	return begun > here ? begun - here : 0;
}

int clock_proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	struct clock_state *s = f->priv;
	struct count c = {};
	int64_t shift = clock_shift_now(&s->slot);
	struct text text = {};
	uint64_t quick;
	char by[32];

	(void)err;
	ret->injected = atomic_load(&s->patched);
	ret->first_hit_ns = atomic_load(&s->first_ns);
	ret->last_hit_ns = atomic_load(&s->last_ns);
	units_format_ns((uint64_t)(shift < 0 ? -shift : shift), by, sizeof(by));
	if (atomic_load(&s->active)) {
		count_processes(s, &c);
		text_append(&text, "wall clock of %u processes moved by %c%s", c.carrying, shift < 0 ? '-' : '+', by);
	} else {
		text_append(&text, "wall clock of %llu processes moved", (unsigned long long)ret->injected);
	}
	quick = too_quick(s, c.without);
	if (c.without)
		text_append(&text, "; %u not (process %d: traced, 32-bit, or without a vDSO)", c.without,
			    (int)c.example);
	if (quick)
		text_append(&text, "; %llu programs had ended before theirs could be", (unsigned long long)quick);
	ret->skipped = c.without + quick;
	ret->matched = ret->injected + ret->skipped;
	text_copy(ret->effect, sizeof(ret->effect), text.s ?: "");
	text_free(&text);
	return 0;
}

int clock_disarm(struct fault *f, struct fl_error *err)
{
	struct clock_state *s = f->priv;
	int r;

	if (!s)
		return 0;
	r = end(f, err);
	if (r)
		return r;
	exec_watch_close(s->watch);
	pthread_mutex_destroy(&s->lock);
	free(s->units);
	free(s->carriers);
	free(s);
	f->priv = NULL;
	return 0;
}

static enum undo_state undo_clock_restore(const json_t *args, struct fl_error *err)
{
	unsigned int restored = 0;
	struct vdso_patch p;

	if (vdso_patch_parse(args, &p, err) || vdso_revert_all(&p, json_object_get(args, "sealed"), &restored, err))
		return UNDO_OPEN;
	return restored ? UNDO_DONE : UNDO_NOT_NEEDED;
}

const struct undo_op undo_clock[] = { { .name = "clock-restore", .undo = undo_clock_restore, .ends_with_boot = true },
				      {} };
