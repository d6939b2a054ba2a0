// SPDX-License-Identifier: GPL-2.0-only
/*
 * stressor.c - see stressor.h.
 *
 * Three forks. The first child moves itself into the target's cgroups and its pid namespace, which
 * only its children see; the second is born there, as the kernel demands of whoever makes a
 * namespace below it (copy_pid_ns()); the third is the first process of the nested one. All are
 * made with CLONE_PARENT, so that they are faultline's own children: it can wait for them, and
 * they die with it. The third tells its pid by a message: the kernel puts the sender's number,
 * as faultline sees it, beside it (SCM_CREDENTIALS).
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

#include "fault/stressor.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text.h"
#include "util/units.h"

#define SPAWN_TIMEOUT_MS 2000 /* an overfull cgroup must not hang faultline */
#define WORD_MAX	 32

/* What the children need, made ready before the fork. */
struct plan {
	char program[PATH_MAX];
	char *argv[STRESSOR_MAX_ARGS + 2];
	char word[WORD_MAX]; /* in the place of "?" */
	char *procs[CGROUP_MAX_DIRS]; /* cgroup.procs files */
	uint32_t n_procs;
	int pidns_fd, cwd_fd, owner_fd, null_fd, log_fd;
	int gate[2], report[2];
};

/* How far a child came; the messages of the three. */
enum step { STEP_CGROUP, STEP_PIDNS, STEP_FORK, STEP_FORKED, STEP_READY };
struct report {
	int step, error;
	uint32_t cgroup; /* STEP_CGROUP: which one */
	pid_t pid;	 /* STEP_FORKED: the second child's */
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
	*st = (struct stressor){ .gate = -1, .log = -1 };
}

/* ---- between fork and exec ------------------------------------------------------------------- */

static void tell(const struct plan *p, const struct report *r)
{
	/* When nobody listens any more, faultline is dead, and so are we. */
	if (write(p->report[1], r, sizeof(*r)) != sizeof(*r))
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

static long clone_sibling(unsigned long flags)
{
	return syscall(SYS_clone, flags | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}

/* Third child: wait for the word, become stress-ng. */
static void wait_and_run(struct plan *p)
{
	struct report r = { .step = STEP_READY };
	sigset_t none;
	int i;

	follow_owner(p);
	tell(p, &r);
	/* An end of ours would keep the gate from closing with the owner. */
	close(p->gate[1]);
	if (setsid() < 0 || dup2(p->null_fd, 0) < 0 || dup2(p->log_fd, 1) < 0 ||
	    dup2(p->log_fd, 2) < 0 || fchdir(p->cwd_fd))
		_exit(126);
	if (read(p->gate[0], p->word, sizeof(p->word)) != sizeof(p->word))
		_exit(0);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(p->program, p->argv);
	_exit(127);
}

/* Second child, in the target's pid namespace: make the nested one. */
static void nest(struct plan *p)
{
	struct report r = { .step = STEP_FORK };
	long pid;

	follow_owner(p);
	pid = clone_sibling(CLONE_NEWPID);
	if (!pid)
		wait_and_run(p);
	if (pid < 0) {
		r.error = errno;
		tell(p, &r);
	}
	_exit(0);
}

/* First child: into the cgroups and, for its children, the pid namespace. */
static void join_and_fork(struct plan *p)
{
	struct report r = { .step = STEP_CGROUP };
	long pid;
	int fd;

	follow_owner(p);
	for (r.cgroup = 0; r.cgroup < p->n_procs; r.cgroup++) {
		fd = open(p->procs[r.cgroup], O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			goto out;
		close(fd);
	}
	r.step = STEP_PIDNS;
	if (p->pidns_fd >= 0 && setns(p->pidns_fd, CLONE_NEWPID))
		goto out;
	r.step = STEP_FORK;
	pid = clone_sibling(0);
	if (!pid)
		nest(p);
	if (pid > 0) {
		r.step = STEP_FORKED;
		r.pid = (pid_t)pid;
	}
out:
	r.error = errno;
	tell(p, &r);
	_exit(0);
}

/* ---- spawning -------------------------------------------------------------------------------- */

static void plan_free(struct plan *p)
{
	const int fds[] = { p->pidns_fd, p->owner_fd, p->null_fd,	  p->log_fd,	p->cwd_fd,
			    p->gate[0],	 p->gate[1],  p->report[0], p->report[1] };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (i = 0; i < p->n_procs; i++)
		free(p->procs[i]);
	free(p);
}

static int plan_args(struct plan *p, const struct stressor_spec *spec)
{
	union { /* execv() wants char *, and writes none of them */
		const char *in;
		char *out;
	} arg;
	uint32_t i;

	p->argv[0] = p->program;
	for (i = 0; spec->argv[i]; i++) {
		arg.in = spec->argv[i];
		p->argv[i + 1] = strcmp(arg.in, "?") ? arg.out : p->word;
	}
	for (i = 0; i < spec->cgroups->n; i++) {
		p->procs[i] = text_format("%s/cgroup.procs", spec->cgroups->dirs[i].path);
		if (!p->procs[i])
			return -ENOMEM;
		p->n_procs++;
	}
	return 0;
}

static int plan_make(const struct session *s, const struct stressor_spec *spec, struct plan **ret,
		     struct fl_error *err)
{
	struct plan *p = calloc(1, sizeof(*p));
	const int yes = 1;
	char path[64];
	int r;

	if (!p)
		return error_sys(err, ENOMEM, "stressor: out of memory");
	p->pidns_fd = p->owner_fd = p->null_fd = p->log_fd = p->cwd_fd = -1;
	p->gate[0] = p->gate[1] = p->report[0] = p->report[1] = -1;
	if (!stressor_program(p->program, sizeof(p->program))) {
		r = error_env(err, ENOENT, "stress-ng is not installed");
		error_hint(err, "apt-get install stress-ng");
		goto fail;
	}
	r = plan_args(p, spec);
	if (r) {
		error_sys(err, -r, "stressor: out of memory");
		goto fail;
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)spec->target->pid);
	p->owner_fd = pidfd_open(getpid(), 0);
	p->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	p->log_fd = memfd_create("stress-ng", MFD_CLOEXEC);
	p->cwd_fd = spec->cwd_fd >= 0 ? fcntl(spec->cwd_fd, F_DUPFD_CLOEXEC, 0) :
					open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spec->target->pid)
		p->pidns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->owner_fd < 0 || p->null_fd < 0 || p->log_fd < 0 || p->cwd_fd < 0 ||
	    (spec->target->pid && p->pidns_fd < 0) || pipe2(p->gate, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->report) ||
	    setsockopt(p->report[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes))) {
		r = error_sys(err, errno, "stressor on %s: %s", spec->target->name,
			      strerror(errno));
		goto fail;
	}
	*ret = p;
	return 0;
fail:
	plan_free(p);
	return r;
}

static int spawn_failed(const struct stressor_spec *spec, const struct report *r,
			struct fl_error *err)
{
	static const char *const what[] = { "join the cgroup", "enter the pid namespace", "fork" };

	if (r->step > STEP_FORK)
		return error_sys(err, ETIMEDOUT, "stressor on %s: no sign of it within %d ms",
				 spec->target->name, SPAWN_TIMEOUT_MS);
	error_env(err, r->error, "stressor on %s: cannot %s%s%s: %s", spec->target->name,
		  what[r->step], r->step ? "" : " ",
		  r->step ? "" : spec->cgroups->dirs[r->cgroup].path, strerror(r->error));
	if (r->step == STEP_FORK && r->error == EAGAIN)
		error_hint(err, "the target's limit on processes (pids.max) is reached");
	return -r->error;
}

/* The next message and its sender's pid. False: none within the time. */
static bool next_report(int fd, struct report *ret, pid_t *ret_sender)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	const struct cmsghdr *c;
	struct ucred sender;

	if (poll(&wait, 1, SPAWN_TIMEOUT_MS) != 1 || recvmsg(fd, &m, 0) != sizeof(*ret))
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&sender, CMSG_DATA(c), sizeof(sender));
	*ret_sender = sender.pid;
	return true;
}

static void reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Fork, and listen until the third child is ready (*ret_pid) or one of them has failed. */
static int fork_children(struct plan *p, pid_t *ret_pid, struct report *ret)
{
	pid_t first = fork(), second = 0, sender = 0;
	struct report r = { .step = STEP_READY };
	bool forked = false, ready = false;

	if (!first)
		join_and_fork(p);
	if (first < 0)
		return -errno;
	/* The second child's pid and the third's message come in any order. */
	while (!(forked && ready) && next_report(p->report[0], &r, &sender)) {
		if (r.step <= STEP_FORK)
			break;
		if (r.step == STEP_READY) {
			ready = true;
			*ret_pid = sender;
		} else {
			forked = true;
			second = r.pid;
		}
	}
	if (!ready) {
		kill(first, SIGKILL);
		if (second)
			kill(second, SIGKILL);
	}
	reap(first);
	reap(second);
	*ret = r;
	return 0;
}

int stressor_spawn(struct session *s, const struct stressor_spec *spec, struct stressor *ret,
		   struct fl_error *err)
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

int stressor_go(struct stressor *st, const char *word, struct fl_error *err)
{
	char buf[WORD_MAX] = "";
	ssize_t n;

	text_copy(buf, sizeof(buf), word);
	n = write(st->gate, buf, sizeof(buf));
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
	stressor_init(st);
}

bool stressor_alive(struct stressor *st, char *why, size_t size)
{
	int status;

	if (!st->id.pid)
		return false;
	if (waitpid(st->id.pid, &status, WNOHANG) != st->id.pid)
		return true;
	last_line(st->log, why, size);
	if (!*why && WIFSIGNALED(status))
		snprintf(why, size, "killed by signal %d", WTERMSIG(status));
	else if (!*why)
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
	u->cpu_ns += (ticks[0] + ticks[1] + ticks[2] + ticks[3]) *
		     (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
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
		if (!units_int(e->d_name, 1, INT_MAX, &pid, NULL) &&
		    process_namespace((pid_t)pid, "pid") == st->pidns)
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

const struct undo_op undo_stressor[] = { { "kill-process", undo_kill, true }, {} };
