// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdso_proc.c - write to the vDSO pages of another process by /proc/PID/mem.
 *
 * The pages are shared by all until the first write, which the kernel answers with a private copy
 * (FOLL_FORCE), as for a debugger's breakpoint. A fork inherits the copy, an exec maps a fresh vDSO.
 * The process is held (tracee.h) for the writes, some hundred microseconds; a kernel with
 * proc_mem.force_override=ptrace asks for that anyway.
 *
 * Code that a thread may be in must not change under it. Putting in a jump covers some instructions of
 * the kernel's: when a thread stands between those, it is let go and caught again. Taking the
 * jump out is always safe; the stub it led to stays until no thread is in it or returns to it.
 *
 * What is put in goes into a process that is known by pid and start time. What is taken out is told by the
 * bytes, not by a list: forked processes carry it without ever having been noted.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "fault/clock/vdso_proc.h"
#include "fault/process/tracee.h"
#include "os/sealed.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define TRIES_MAX   50
#define TRY_NAP_NS  (200 * NS_PER_USEC)
#define PASSES_MAX  20 /* of vdso_revert_all */
#define HOLD_PASSES 2  /* when nothing is left but what cannot be held: the caller comes back */
#define PASS_NAP_NS (10 * NS_PER_MSEC)

enum action { APPLY, SET, RESTORE, ERASE };

struct job {
	pid_t pid;
	const struct vdso_patch *patch;
	const struct vdso_slot *slot;
	enum action action;
	bool erase; /* the stub, although a thread seems to be in it */
	uint64_t start;
	size_t size;
	int mem; /* /proc/PID/mem */
	uint8_t image[VDSO_MAX];
};

/*
 * Where the kernel told the process its vDSO is. Not /proc/PID/maps: while threads map and unmap, a
 * read of that can miss a line (seen on 6.18). -ENOENT: it has none (a kernel thread, a zombie).
 */
static int locate(pid_t pid, pid_t tid, uint64_t *ret)
{
	char path[64];
	Elf64_auxv_t aux[64];
	_cleanup_fd_ int fd = -1;
	ssize_t n, i;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/auxv", (int)pid, (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, aux, sizeof(aux));
	if (n < 0)
		return -errno;
	for (i = 0; i < n / (ssize_t)sizeof(aux[0]); i++)
		if (aux[i].a_type == AT_SYSINFO_EHDR) {
			*ret = aux[i].a_un.a_val;
			return 0;
		}
	return -ENOENT;
}

/* The first thread may have ended before the others, and has no memory then: ask any that has. */
static int locate_any(pid_t pid, pid_t *ret_tid, uint64_t *ret)
{
	char path[64];
	struct dirent *e;
	int64_t tid;
	int r = locate(pid, pid, ret);
	DIR *dir;

	*ret_tid = pid;
	/* (Newer kernels refuse to open what has no memory, with ESRCH: seen on 6.18.) */
	if ((r != -ENOENT && r != -ESRCH) || process_state(pid) != 'Z')
		return r;
	r = -ENOENT;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == -ENOENT && (e = readdir(dir))) {
		if (units_int(e->d_name, 1, INT32_MAX, &tid, NULL))
			continue;
		*ret_tid = (pid_t)tid;
		r = locate(pid, (pid_t)tid, ret);
		r = r == -ESRCH ? -ENOENT : r; /* that thread ended; the next one */
	}
	closedir(dir);
	return r;
}

/* -ENOENT when it is not there: the process ended (nothing is read), or has unmapped it (EIO is what the
 * kernel says of an address without memory). Anything else does not say what is in it. */
static int read_image(struct job *j)
{
	ssize_t n = pread(j->mem, j->image, j->size, (off_t)j->start);

	if (n == (ssize_t)j->size)
		return 0;
	return n >= 0 || errno == EIO || errno == ESRCH ? -ENOENT : -errno;
}

static int write_bytes(const struct job *j, uint32_t offset, const void *bytes, size_t n, struct fl_error *err)
{
	ssize_t done = pwrite(j->mem, bytes, n, (off_t)(j->start + offset));

	if (done == (ssize_t)n)
		return 0;
	error_env(err, done < 0 ? errno : EIO, "cannot write to the vDSO of process %d: %s", (int)j->pid,
		  done < 0 ? strerror(errno) : "not all of it");
	error_hint(err, "the kernel may run with proc_mem.force_override=never");
	return done < 0 ? -errno : -EIO;
}

static int write_slot(const struct job *j, struct fl_error *err)
{
	return write_bytes(j, j->patch->slot, j->slot, sizeof(*j->slot), err);
}

/* Code first, then the jumps to it: a writer killed in between leaves a process that runs. */
static int write_patch(const struct job *j, struct fl_error *err)
{
	const struct vdso_patch *p = j->patch;
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < p->n_edits; i++) {
		r = write_bytes(j, p->edits[i].offset, p->edits[i].after, p->edits[i].size, err);
		if (!r && i == 0)
			r = write_slot(j, err);
	}
	return r;
}

static int write_original(const struct job *j, uint32_t from, uint32_t to, struct fl_error *err)
{
	const struct vdso_edit *e = j->patch->edits;
	uint32_t i;
	int r = 0;

	for (i = from; !r && i < to; i++)
		r = write_bytes(j, e[i].offset, e[i].before, e[i].size, err);
	return r;
}

/* Is a thread behind the first byte of a head, where a jump would be cut in two? */
static bool in_a_head(const struct job *j, const struct tracee *t)
{
	const struct vdso_patch *p = j->patch;
	uint32_t i;

	for (i = 1; i < p->n_edits; i++) {
		uint64_t at = j->start + p->edits[i].offset;

		if (tracee_touches(t, j->mem, at + 1, at + p->edits[i].size))
			return true;
	}
	return false;
}

static bool in_the_stub(const struct job *j, const struct tracee *t)
{
	const struct vdso_edit *stub = &j->patch->edits[0];

	return tracee_touches(t, j->mem, j->start + stub->offset, j->start + stub->offset + stub->size);
}

static int foreign(const struct job *j, struct fl_error *err)
{
	error_env(err, EEXIST, "the vDSO of process %d is not as the kernel made it", (int)j->pid);
	error_hint(err, "another clock fault or tool has changed it: stop that first (faultline list)");
	return -EEXIST;
}

/* Somebody has changed it on top of ours: it cannot be told what would be left. */
static bool has_our_stub(const struct job *j)
{
	const struct vdso_edit *stub = &j->patch->edits[0];

	return !memcmp(j->image + stub->offset, stub->after, offsetof(struct vdso_stub, slot));
}

/* What is to be done to a process in @state? false: nothing. */
static bool needs(enum action action, enum vdso_state state)
{
	switch (action) {
	case APPLY: return state != VDSO_PATCHED;
	case SET: return state == VDSO_PATCHED;
	case RESTORE:
	case ERASE: return state == VDSO_PATCHED || state == VDSO_PARTLY;
	}
	return false;
}

/* Are all functions the kernel's again, and only the stub left over? */
static bool only_stub_left(const struct job *j)
{
	const struct vdso_edit *e = j->patch->edits;
	uint32_t i;

	for (i = 1; i < j->patch->n_edits; i++)
		if (memcmp(j->image + e[i].offset, e[i].before, e[i].size))
			return false;
	return true;
}

static int erase(struct job *j, const struct tracee *t, struct fl_error *err)
{
	int r;

	if (!j->erase && in_the_stub(j, t))
		return -EAGAIN;
	r = write_original(j, 0, 1, err);
	if (!r && (read_image(j) || vdso_patch_state(j->patch, j->image, j->size) != VDSO_CLEAN))
		r = error_env(err, EIO, "the vDSO of process %d is not as it was", (int)j->pid);
	return r;
}

/* With the process held: judge what is there now, and do what is to be done. */
static int work(struct tracee *t, void *arg, struct fl_error *err)
{
	struct job *j = arg;
	enum vdso_state state;
	int r = read_image(j);

	if (r)
		return r;
	state = vdso_patch_state(j->patch, j->image, j->size);
	if (state == VDSO_FOREIGN && (j->action == APPLY || has_our_stub(j)))
		return foreign(j, err);
	if (!needs(j->action, state))
		return 0;
	if (j->action == APPLY)
		r = in_a_head(j, t) ? -EAGAIN : write_patch(j, err);
	else if (j->action == SET)
		r = in_the_stub(j, t) ? -EAGAIN : write_slot(j, err);
	else if (only_stub_left(j))
		r = erase(j, t, err);
	else
		r = write_original(j, 1, j->patch->n_edits, err);
	return r ? r : 1;
}

/* Open the process and judge it without holding it. */
static int look(struct job *j, enum vdso_state *ret, struct fl_error *err)
{
	char path[64];
	pid_t tid;
	int r;

	j->size = j->patch->image_size;
	r = locate_any(j->pid, &tid, &j->start);
	if (r == -ENOENT || r == -ESRCH)
		return r;
	if (!r) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", (int)j->pid, (int)tid);
		j->mem = open(path, O_RDWR | O_CLOEXEC);
		if (j->mem < 0)
			r = errno == ENOENT ? -ESRCH : -errno;
	}
	if (!r)
		r = read_image(j);
	if (!r)
		*ret = vdso_patch_state(j->patch, j->image, j->size);
	else if (r != -ENOENT && r != -ESRCH)
		error_env(err, -r, "cannot look into process %d: %s", (int)j->pid, strerror(-r));
	return r;
}

static void nap(uint64_t ns)
{
	struct timespec ts = { .tv_nsec = (long)ns };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static int run(struct process_id id, const struct vdso_patch *p, const struct vdso_slot *slot, enum action action,
	       struct fl_error *err)
{
	struct job *j = calloc(1, sizeof(*j));
	enum vdso_state state = VDSO_FOREIGN;
	int r, tries = 0;

	if (!j)
		return error_sys(err, ENOMEM, "process %d: out of memory", (int)id.pid);
	*j = (struct job){
		.pid = id.pid, .patch = p, .slot = slot, .action = action, .erase = action == ERASE, .mem = -1
	};
	r = look(j, &state, err);
	if (!r && state == VDSO_FOREIGN && (action == APPLY || has_our_stub(j)))
		r = foreign(j, err);
	if (!r && needs(action, state))
		r = tracee_hold(id, work, j, err);
	while (r == -EAGAIN && (action == APPLY || action == SET) && tries++ < TRIES_MAX) {
		nap(TRY_NAP_NS);
		r = tracee_hold(id, work, j, err);
	}
	if (j->mem >= 0)
		close(j->mem);
	free(j);
	if (r == -ESRCH || r == -ENOENT) {
		error_clear(err);
		return 0;
	}
	if (r == -EAGAIN)
		error_env(err, EAGAIN, "a thread of process %d is never out of its clock functions", (int)id.pid);
	return r;
}

int vdso_apply(struct process_id id, const struct vdso_patch *p, const struct vdso_slot *slot, struct fl_error *err)
{
	return run(id, p, slot, APPLY, err);
}

int vdso_set(struct process_id id, const struct vdso_patch *p, const struct vdso_slot *slot, struct fl_error *err)
{
	return run(id, p, slot, SET, err);
}

int vdso_revert(struct process_id id, const struct vdso_patch *p, bool erase, struct fl_error *err)
{
	return run(id, p, NULL, erase ? ERASE : RESTORE, err);
}

int vdso_look(struct process_id id, const struct vdso_patch *p, enum vdso_state *ret, struct fl_error *err)
{
	struct job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return error_sys(err, ENOMEM, "process %d: out of memory", (int)id.pid);
	*j = (struct job){ .pid = id.pid, .patch = p, .mem = -1 };
	*ret = VDSO_FOREIGN;
	r = look(j, ret, err);
	if (!r && id.start && !proc_same(id.pid, id.start))
		r = -ESRCH;
	if (j->mem >= 0)
		close(j->mem);
	free(j);
	return r == -ENOENT ? 0 : r;
}

/* Who holds the process, for a message: " by process 812 (strace)". */
static void tracer_of(pid_t pid, char *ret, size_t size)
{
	char path[64], comm[32] = "?";
	_cleanup_free_ char *status = NULL, *name = NULL;
	const char *at;
	int tracer = 0;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(path, 65536, &status, NULL, NULL))
		return;
	at = strstr(status, "\nTracerPid:");
	if (!at || sscanf(at, "\nTracerPid: %d", &tracer) != 1 || !tracer)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", tracer);
	if (!file_read(path, 64, &name, NULL, NULL))
		snprintf(comm, sizeof(comm), "%.*s", (int)strcspn(name, "\n"), name);
	snprintf(ret, size, " (by process %d, %s)", tracer, comm);
}

static void still_moved(pid_t pid, const struct fl_error *why, struct fl_error *err)
{
	char tracer[80];

	tracer_of(pid, tracer, sizeof(tracer));
	error_env(err, -why->code, "the wall clock of process %d is still moved, or may be: %.200s%s", (int)pid,
		  why->message, tracer);
	error_hint(err,
		   "%s it is tried again every few seconds, and by faultline recover; restarting that "
		   "process ends it too",
		   tracer[0] ? "let its tracer go;" : "");
}

/* What one pass over all processes came to. */
struct pass {
	unsigned int done, lingering;
	int first_failure;
};

static void revert_one(const struct vdso_patch *p, const char *name, bool erase, const json_t *sealed,
		       struct pass *pass, struct fl_error *err)
{
	struct fl_error why = {};
	int64_t pid;
	int r;

	if (units_int(name, 1, INT32_MAX, &pid, NULL))
		return;
	r = vdso_revert((struct process_id){ .pid = (pid_t)pid }, p, erase, &why);
	/* Whom nobody could look into before the fault began was not patched either. */
	if (r < 0 && sealed_errno(-r) && sealed_had(sealed, name))
		return;
	pass->done += r > 0;
	pass->lingering += r == -EAGAIN;
	if (r >= 0 || r == -EAGAIN || pass->first_failure)
		return;
	pass->first_failure = r;
	still_moved((pid_t)pid, &why, err);
}

static void revert_pass(const struct vdso_patch *p, bool erase, const json_t *sealed, struct pass *pass,
			struct fl_error *err)
{
	struct dirent *e;
	DIR *dir = proc_scan();

	if (!dir) {
		pass->first_failure =
			error_env(err, errno, "clocks may still be moved: cannot read /proc: %s", strerror(errno));
		return;
	}
	while ((e = readdir(dir)))
		revert_one(p, e->d_name, erase, sealed, pass, err);
	closedir(dir);
}

/*
 * All functions first, all stubs after a while, in which threads leave them. One that could not be
 * held is tried again in each pass; what is left at the end is an error, and the journal keeps it.
 */
int vdso_revert_all(const struct vdso_patch *p, const json_t *sealed, unsigned int *ret_count, struct fl_error *err)
{
	uint64_t until = clock_mono_ns() + VDSO_REVERT_NS;
	struct fl_error why;
	struct pass pass;
	int i;

	for (i = 0; i < PASSES_MAX; i++) {
		bool last = i == PASSES_MAX - 1 || clock_mono_ns() > until;

		why = (struct fl_error){};
		pass = (struct pass){};
		revert_pass(p, last, sealed, &pass, &why);
		if (i == 0)
			*ret_count = pass.done;
		if (last || (!pass.done && !pass.lingering && (!pass.first_failure || i >= HOLD_PASSES)))
			break;
		nap(PASS_NAP_NS);
	}
	if (!pass.first_failure && pass.lingering)
		pass.first_failure = error_env(&why, EAGAIN, "a thread is never out of the clock functions");
	if (pass.first_failure && err)
		*err = why;
	return pass.first_failure;
}

/* The mapping is that of the ELF file, in whole pages. */
int vdso_plan(const char *id, struct vdso_patch *ret, struct fl_error *err)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	Elf64_Ehdr eh;
	struct vdso v;
	size_t size;
	int r;

	if (!image) {
		error_env(err, ENOTSUP, "this kernel gives processes no vDSO");
		error_hint(err, "it was started with vdso=0");
		return -ENOTSUP;
	}
	memcpy(&eh, image, sizeof(eh));
	size = eh.e_shoff + (size_t)eh.e_shnum * eh.e_shentsize;
	r = vdso_parse(image, size, &v, err);
	if (r)
		return r;
	size = (v.end + page - 1) / page * page;
	return vdso_patch_make(image, size, id, ret, err);
}
