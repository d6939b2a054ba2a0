// SPDX-License-Identifier: GPL-2.0-only
/*
 * stressor.c - see stressor.h.
 *
 * Two forks. The builder makes the jail's root (at the cost of faultline, not of the target's memory
 * cgroup) and moves into the target's cgroups; the guard, made by it with CLONE_PARENT, is
 * faultline's own child. The third, stress-ng, is made by the guard when the word comes.
 *
 * They are forked from a process with threads: between fork and exec there are system calls only,
 * on memory made ready before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fault/stress/jail.h"
#include "fault/stress/stressor.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/fd_pass.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

/* A cgroup that has used up its CPU gets to it in its turn, and so does a slow machine; but nobody waits for ever. */
#define SPAWN_TIMEOUT_MS 10000
#define WORD_MAX         32

/* What the children need, made ready before the fork. */
struct plan {
	struct jail jail;
	char *argv[STRESSOR_MAX_ARGS + 2];
	char *env[1];
	char word[WORD_MAX]; /* in the place of "?" */
	const char *root;    /* where the jail is built */
	uid_t uid;
	gid_t gid;
	int procs[CGROUP_MAX_DIRS]; /* cgroup.procs files */
	uint32_t n_procs;
	int owner_fd, target_fd, null_fd, log_fd;
	int gate[2], report[2];
};

/* How far a child came; the messages of builder and guard. */
enum step { STEP_ROOT, STEP_CGROUP, STEP_FORK, STEP_CLOSE, STEP_FORKED, STEP_READY };
struct report {
	int step, error;
	uint32_t cgroup; /* STEP_CGROUP: which one */
	pid_t pid;       /* STEP_FORKED: the guard's */
};

bool stressor_program(char *ret, size_t size)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(ret, size, "%s/stress-ng", dirs[i]);
		if (!access(ret, X_OK))
			return true;
	}
	return false;
}

void stressor_init(struct stressor *st)
{
	*st = (struct stressor){ .gate = -1, .log = -1, .target = -1 };
}

/* ---- between fork and exec ------------------------------------------------------------------- */

static void tell(const struct plan *p, const struct report *r)
{
	/* When nobody listens any more, faultline is dead, and so are we. */
	if (write(p->report[1], r, sizeof(*r)) != sizeof(*r))
		_exit(1);
}

static void fail(const struct plan *p, int step, int code)
{
	struct report r = { .step = step, .error = code };

	tell(p, &r);
	_exit(1);
}

/* Die with the owner, which may have died already. */
static void follow_owner(const struct plan *p)
{
	struct pollfd owner = { .fd = p->owner_fd, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&owner, 1, 0))
		_exit(1);
}

/* stress-ng */
static void run(struct plan *p, int cwd_fd)
{
	sigset_t none;
	int i;

	if (setsid() < 0 || dup2(p->null_fd, 0) < 0 || dup2(p->log_fd, 1) < 0 || dup2(p->log_fd, 2) < 0 ||
	    (cwd_fd >= 0 && fchdir(cwd_fd)))
		_exit(126);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(JAIL_PROGRAM, p->argv, p->env);
	_exit(127);
}

/* The word, and the working directory that may come with it. False: the gate was closed. */
static bool pass_gate(struct plan *p, int *ret_cwd_fd)
{
	return fd_receive(p->gate[0], p->word, sizeof(p->word), ret_cwd_fd) == sizeof(p->word);
}

/* What a shell would say of it. */
static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first process of the namespace: whatever ends it, ends all of them. */
static void guard(struct plan *p)
{
	struct pollfd watch[] = { { .fd = p->owner_fd, .events = POLLIN },
				  { .fd = p->target_fd, .events = POLLIN },
				  { .fd = p->gate[0], .events = POLLIN } };
	int r = jail_close(&p->jail, p->uid, p->gid), cwd_fd, status;
	struct report ready = { .step = STEP_READY };
	long pid;

	if (r)
		fail(p, STEP_CLOSE, -r);
	prctl(PR_SET_NAME, "fl-stressor");
	follow_owner(p); /* behind the change of user, which forgets it */
	/* An end of ours would keep the gate from closing with the owner. */
	close(p->gate[1]);
	tell(p, &ready);
	while (poll(watch, ARRAY_SIZE(watch), -1) < 0)
		;
	if (watch[0].revents || watch[1].revents || !pass_gate(p, &cwd_fd))
		_exit(0);
	pid = syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		run(p, cwd_fd);
	if (pid < 0)
		_exit(125);
	if (cwd_fd >= 0)
		close(cwd_fd);
	watch[2].fd = pidfd_open((pid_t)pid, 0);
	while (poll(watch, ARRAY_SIZE(watch), -1) < 0)
		;
	if (waitpid((pid_t)pid, &status, WNOHANG) == pid)
		_exit(exit_status(status));
	_exit(0);
}

/* Into the cgroups of the target, and no other part of it. */
static void build(struct plan *p)
{
	struct report r = { .step = STEP_CGROUP };
	long pid;
	int error;

	follow_owner(p);
	error = jail_build(&p->jail, p->root);
	if (error)
		fail(p, STEP_ROOT, -error);
	for (r.cgroup = 0; r.cgroup < p->n_procs; r.cgroup++)
		if (write(p->procs[r.cgroup], "0", 1) != 1)
			goto out;
	r.step = STEP_FORK;
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWIPC | CLONE_PARENT | (unsigned long)SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		guard(p);
	if (pid > 0) {
		r.step = STEP_FORKED;
		r.pid = (pid_t)pid;
		errno = 0;
	}
out:
	r.error = errno;
	tell(p, &r);
	_exit(0);
}

/* ---- spawning -------------------------------------------------------------------------------- */

static void plan_free(struct plan *p)
{
	const int fds[] = { p->owner_fd, p->target_fd, p->null_fd,   p->log_fd,
			    p->gate[0],  p->gate[1],   p->report[0], p->report[1] };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (i = 0; i < p->n_procs; i++)
		close(p->procs[i]);
	jail_release(&p->jail);
	free(p);
}

static void plan_args(struct plan *p, const struct stressor_spec *spec)
{
	static char name[] = "stress-ng";
	union { /* execve() wants char *, and writes none of them */
		const char *in;
		char *out;
	} arg;
	uint32_t i;

	p->argv[0] = name;
	for (i = 0; spec->argv[i]; i++) {
		arg.in = spec->argv[i];
		p->argv[i + 1] = strcmp(arg.in, "?") ? arg.out : p->word;
	}
}

/* Open now what the builder, in the jail, cannot find any more. */
static int plan_cgroups(struct plan *p, const struct stressor_spec *spec, struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < spec->cgroups->n; i++) {
		const char *dir = spec->cgroups->dirs[i].join;
		_cleanup_free_ char *path = text_format("%s/cgroup.procs", dir);
		int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

		if (fd < 0)
			return error_env(err, path ? errno : ENOMEM, "stressor on %s: cannot join the cgroup %s: %s",
					 spec->target->name, dir, strerror(path ? errno : ENOMEM));
		p->procs[p->n_procs++] = fd;
	}
	return 0;
}

/* The main process, and not another one that has its number now. */
static int plan_target(struct plan *p, const struct target *t, struct fl_error *err)
{
	if (!t->pid)
		return 0;
	p->target_fd = pidfd_open(t->pid, 0);
	if (p->target_fd >= 0 && proc_same(t->pid, t->pid_start))
		return 0;
	return error_env(err, ESRCH, "stressor on %s: its main process (%d) is gone", t->name, (int)t->pid);
}

static int plan_fds(struct plan *p, const struct stressor_spec *spec, struct fl_error *err)
{
	p->owner_fd = pidfd_open(getpid(), 0);
	p->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	p->log_fd = memfd_create("stress-ng", MFD_CLOEXEC);
	if (p->owner_fd < 0 || p->null_fd < 0 || p->log_fd < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->gate) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->report))
		return error_sys(err, errno, "stressor on %s: %s", spec->target->name, strerror(errno));
	return 0;
}

static int plan_make(const struct session *s, const struct stressor_spec *spec, struct plan **ret, struct fl_error *err)
{
	struct plan *p = calloc(1, sizeof(*p));
	char program[PATH_MAX];
	int r;

	if (!p)
		return error_sys(err, ENOMEM, "stressor: out of memory");
	p->owner_fd = p->target_fd = p->null_fd = p->log_fd = -1;
	p->gate[0] = p->gate[1] = p->report[0] = p->report[1] = -1;
	p->jail.program_fd = -1;
	p->root = s->dir;
	p->uid = spec->uid;
	p->gid = spec->gid;
	plan_args(p, spec);
	if (stressor_program(program, sizeof(program))) {
		r = jail_prepare(program, &p->jail, err) ?: plan_cgroups(p, spec, err) ?:
		    plan_target(p, spec->target, err) ?: plan_fds(p, spec, err);
	} else {
		r = error_env(err, ENOENT, "stress-ng is not installed");
		error_hint(err, "apt-get install stress-ng");
	}
	if (r)
		plan_free(p);
	else
		*ret = p;
	return r;
}

static int spawn_failed(const struct stressor_spec *spec, const struct report *r, struct fl_error *err)
{
	static const char *const what[] = { "make a root for it", "join the cgroup", "fork", "give up its rights" };
	bool cgroup = r->step == STEP_CGROUP;

	if (r->step > STEP_CLOSE) {
		error_env(err, ETIMEDOUT, "stressor on %s: no sign of it within %d s", spec->target->name,
			  SPAWN_TIMEOUT_MS / 1000);
		error_hint(err, "what joins the target's cgroup does not get to run there: it is at its limit of CPU "
				"or memory, or this machine is too busy");
		return -ETIMEDOUT;
	}
	error_env(err, r->error, "stressor on %s: cannot %s%s%s: %s", spec->target->name, what[r->step],
		  cgroup ? " " : "", cgroup ? spec->cgroups->dirs[r->cgroup].join : "", strerror(r->error));
	if (r->step == STEP_FORK && r->error == EAGAIN)
		error_hint(err, "the target's limit on processes (pids.max) is reached");
	return -r->error;
}

/* The next message. False: none within the time. */
static bool next_report(int fd, struct report *ret)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, SPAWN_TIMEOUT_MS) == 1 && read(fd, ret, sizeof(*ret)) == sizeof(*ret);
}

static void reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Fork, and listen until the guard is ready (*ret_pid) or one of them has failed. */
static int fork_children(struct plan *p, pid_t *ret_pid, struct report *ret)
{
	struct report r = { .step = STEP_READY };
	bool ready = false;
	pid_t first = fork(), second = 0;

	if (!first)
		build(p);
	if (first < 0)
		return -errno;
	/* The guard's number and its message come in any order. */
	while (!(second && ready) && next_report(p->report[0], &r) && r.step > STEP_CLOSE) {
		if (r.step == STEP_READY)
			ready = true;
		else
			second = r.pid;
	}
	if (!second || !ready) {
		kill(first, SIGKILL);
		if (second)
			kill(second, SIGKILL);
		reap(second);
		second = 0;
	}
	reap(first);
	*ret_pid = second;
	*ret = r;
	return 0;
}

int stressor_spawn(struct session *s, const struct stressor_spec *spec, struct stressor *ret, struct fl_error *err)
{
	struct stressor st;
	struct report report = {};
	struct plan *p = NULL;
	pid_t pid = 0;
	int r;

	stressor_init(ret);
	stressor_init(&st);
	r = plan_make(s, spec, &p, err);
	if (r)
		return r;
	r = fork_children(p, &pid, &report);
	if (r) {
		error_sys(err, -r, "stressor: cannot fork: %s", strerror(-r));
		goto out;
	}
	if (!pid) {
		r = spawn_failed(spec, &report, err);
		goto out;
	}
	st.id = (struct process_id){ pid, proc_start(pid) };
	st.pidns = process_namespace(pid, "pid");
	st.gate = take_fd(p->gate[1]);
	st.log = take_fd(p->log_fd);
	st.target = take_fd(p->target_fd);
	/* Until it gets its word it does nothing and dies with us: there is no moment at which
	 * it could act and is not in the journal. */
	r = journal_add(s->journal, "kill-process", process_json(st.id), &st.entry, err);
	if (r)
		stressor_stop(s, &st, NULL);
	else
		*ret = st;
out:
	plan_free(p);
	return r;
}

int stressor_go(struct stressor *st, const char *word, int cwd_fd, struct fl_error *err)
{
	char buf[WORD_MAX] = "";
	ssize_t n;

	text_copy(buf, sizeof(buf), word);
	n = fd_send(st->gate, buf, sizeof(buf), cwd_fd);
	if (n != (ssize_t)sizeof(buf))
		return error_sys(err, n < 0 ? errno : EIO, "the stressor is gone");
	close(take_fd(st->gate));
	return 0;
}

/* ---- its end --------------------------------------------------------------------------------- */

static void last_line(int fd, char *ret, size_t size)
{
	char buf[512];
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(buf) - 1 ? end - (off_t)sizeof(buf) + 1 : 0;
	ssize_t n = end > 0 ? pread(fd, buf, sizeof(buf) - 1, from) : 0;
	char *line;

	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	line = strrchr(buf, '\n');
	text_copy(ret, size, line ? line + 1 : buf);
}

static void forget(struct stressor *st)
{
	if (st->gate >= 0)
		close(st->gate);
	if (st->log >= 0)
		close(st->log);
	if (st->target >= 0)
		close(st->target);
	stressor_init(st);
}

bool stressor_alive(struct stressor *st, char *why, size_t size)
{
	struct pollfd target = { .fd = st->target, .events = POLLIN };
	int status;

	if (!st->id.pid)
		return false;
	/* The guard sees that as well, unless it is frozen with the target's cgroup. */
	if (poll(&target, 1, 0) == 1)
		kill(st->id.pid, SIGKILL);
	if (waitpid(st->id.pid, &status, WNOHANG) != st->id.pid)
		return true;
	last_line(st->log, why, size);
	if (*why)
		;
	else if (WIFSIGNALED(status))
		snprintf(why, size, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) > 128)
		snprintf(why, size, "killed by signal %d", WEXITSTATUS(status) - 128);
	else
		snprintf(why, size, "exit status %d", WEXITSTATUS(status));
	st->id.pid = 0; /* entry stays: stressor_stop() marks it done */
	return false;
}

int stressor_stop(struct session *s, struct stressor *st, struct fl_error *err)
{
	int r = 0;

	if (st->id.pid) {
		/* The first process is reaped after all others of its namespace are gone. */
		kill(st->id.pid, SIGKILL);
		while (waitpid(st->id.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (st->entry)
		r = journal_done(s->journal, st->entry, err);
	forget(st);
	return r;
}

/* ---- what it uses ---------------------------------------------------------------------------- */

static uint64_t io_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long long v = 0;

	return at && sscanf(at + strlen(name), " %llu", &v) == 1 ? v : 0;
}

static void add_usage(pid_t pid, struct stressor_usage *u)
{
	unsigned long long ticks[4];
	_cleanup_free_ char *stat = NULL, *io = NULL;
	char path[64];
	const char *tail;
	long pages;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, 4096, &stat, NULL, NULL))
		return;
	tail = strrchr(stat, ')');
	/* utime stime cutime cstime are fields 14 to 17, rss is 24; the state behind ')' is 3 */
	if (!tail || sscanf(tail + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu"
			    " %*d %*d %*d %*d %*u %*u %ld",
			    &ticks[0], &ticks[1], &ticks[2], &ticks[3], &pages) != 5)
		return;
	u->processes++;
	u->cpu_ns += (ticks[0] + ticks[1] + ticks[2] + ticks[3]) * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	u->rss_bytes += (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	if (file_read(path, 4096, &io, NULL, NULL))
		return;
	u->read_bytes += io_field(io, "rchar:");
	u->write_bytes += io_field(io, "wchar:");
	u->device_bytes += io_field(io, "\nread_bytes:") + io_field(io, "\nwrite_bytes:");
}

void stressor_usage(const struct stressor *st, struct stressor_usage *ret)
{
	struct dirent *e;
	int64_t pid;
	DIR *proc;

	memset(ret, 0, sizeof(*ret));
	proc = st->id.pid ? opendir("/proc") : NULL;
	if (!proc)
		return;
	while ((e = readdir(proc)))
		if (!units_int(e->d_name, 1, INT_MAX, &pid, NULL) && process_namespace((pid_t)pid, "pid") == st->pidns)
			add_usage((pid_t)pid, ret);
	closedir(proc);
}

/* ---- undo ------------------------------------------------------------------------------------ */

#define KILL_WAIT_NS (1 * NS_PER_SEC)

static enum undo_state undo_kill(const json_t *args, struct fl_error *err)
{
	struct process_id id = process_from_json(args);
	int r = process_signal(id, SIGKILL);

	if (r == -ESRCH)
		return UNDO_NOT_NEEDED;
	if (!r)
		r = process_wait_gone(id, KILL_WAIT_NS);
	if (!r)
		return UNDO_DONE;
	error_sys(err, -r, "the load in process %d goes on: cannot end it: %s", (int)id.pid, strerror(-r));
	return UNDO_OPEN;
}

const struct undo_op undo_stressor[] = { { .name = "kill-process", .undo = undo_kill, .ends_with_boot = true }, {} };
