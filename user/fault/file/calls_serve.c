// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls_serve.c - see calls_serve.h
 *
 * The server touches no file by path but /proc and the cgroup trees, which are never marked: it would wait for
 * itself. An event's own descriptor makes no events.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/abi/abi.h"
#include "bpf/net/hash.h"
#include "fault/file/calls_queue.h"
#include "fault/file/calls_serve.h"
#include "os/cgroup_mount.h"
#include "os/fan.h"
#include "session/session.h"
#include "target/process/member.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define SEEN        4096                /* processes whose membership is remembered, a power of 2 */
#define SEEN_NS     (100 * NS_PER_MSEC) /* for so long */
#define LOOK_NS     (100 * NS_PER_MSEC) /* at lease, owner and end, when there is nothing else to do */
#define MOVE_NS     (50 * NS_PER_MSEC)  /* at most so often to another CPU */
#define HUNG_NS     (2 * NS_PER_SEC)
#define BATCH       64 /* events read before looking at the clock again */
#define RT_PRIORITY 10 /* as the delay line's (net/hold/hold.c) */
#define DESCRIPTORS 65536u
#define SPARE       512u /* of these, for a batch and for reading /proc */

struct seen {
	pid_t pid;
	int member; /* of which target; -1: of none */
	uint64_t until_ns;
};

/* What the server process has. */
struct serve {
	const struct fault *f;
	const struct calls_place *places;
	struct calls_page *page;
	const struct fl_lease *lease;
	int fan, wake, owner_fd;
	pid_t owner, self;
	uint32_t room;
	struct calls_queue waiting;
	struct seen seen[SEEN];
	pid_t most; /* who asks most, by a vote of majority, since the last move */
	uint32_t votes;
	uint64_t moved_ns;
};

/* One writer: no locked instruction needed. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static void raise_to(_Atomic uint64_t *counter, uint64_t n)
{
	if (n > atomic_load_explicit(counter, memory_order_relaxed))
		atomic_store_explicit(counter, n, memory_order_relaxed);
}

static bool acts(const struct serve *s, uint64_t now)
{
	uint64_t expires = s->page->expires_ns;

	return s->page->on && now < *(const volatile __u64 *)&s->lease->alive_until_ns && (!expires || now < expires);
}

static void answer(const struct serve *s, int fd, uint32_t response)
{
	const struct fanotify_response r = { .fd = fd, .response = response };

	/* ENOENT: the caller was killed meanwhile. */
	if (write(s->fan, &r, sizeof(r)) < 0 && errno == EINVAL && response != FAN_ALLOW) {
		const struct fanotify_response plain = { .fd = fd, .response = FAN_DENY };

		if (write(s->fan, &plain, sizeof(plain)) < 0)
			s->page->no_errno = true;
		s->page->no_errno = true;
	}
	close(fd);
}

/* --- whose call ------------------------------------------------------------------------------------ */

static int find_member(const struct serve *s, pid_t pid)
{
	uint64_t start = proc_start(pid);
	uint32_t i;

	for (i = 0; pid != s->owner && pid != s->self && start && i < s->f->n_targets; i++)
		if (target_is_member(&s->f->targets[i], pid, start))
			return (int)i;
	return -1;
}

/* A process may join or leave a target; that is noticed after a tenth of a second, as everywhere. */
static int member(struct serve *s, pid_t pid, uint64_t now)
{
	struct seen *e = &s->seen[(uint32_t)pid & (SEEN - 1)];

	if (e->pid != pid || now >= e->until_ns)
		*e = (struct seen){ .pid = pid, .member = find_member(s, pid), .until_ns = now + SEEN_NS };
	return e->member;
}

static bool is_meant(const struct serve *s, int target, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (target < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return calls_place_has(&s->places[target], path);
}

/* --- what becomes of it ---------------------------------------------------------------------------- */

/* As all faults decide: the n-th that matched is hit, if hash(seed, n) says so. */
static bool hit(struct calls_page *p, uint64_t n)
{
	uint64_t most = p->max_hits;

	return (!most || p->injected < most) && !(n % p->nth) &&
	       hash_chance(hash_draw(p->seed, HASH_DECIDE, n), p->probability_ppm);
}

static uint64_t delay(const struct calls_page *p, uint64_t n)
{
	uint64_t wanted = p->delay_ns, jitter = p->jitter_ns;
	uint64_t more = jitter ? hash_draw(p->seed, HASH_JITTER, n) % (2 * jitter + 1) : 0;

	return wanted + more > jitter ? wanted + more - jitter : 0;
}

static void count_hit(struct calls_page *p, uint64_t now)
{
	add(&p->injected, 1);
	if (!p->first_hit_ns)
		p->first_hit_ns = now;
	p->last_hit_ns = now;
}

/* One that is matched. True: it has been answered. */
static bool treat(struct serve *s, int fd, uint64_t now)
{
	struct calls_page *p = s->page;
	struct waiting_call call = { .since_ns = now, .fd = fd };
	uint64_t n = p->matched + 1;

	p->matched = n;
	if (!hit(p, n))
		return false;
	if (p->error) {
		count_hit(p, now);
		answer(s, fd, p->no_errno ? FAN_DENY : FAN_DENY | FAN_ERRNO(p->error));
		return true;
	}
	call.due_ns = now + delay(p, n);
	if (s->waiting.n >= s->room || !calls_queue_add(&s->waiting, call)) {
		add(&p->skipped, 1);
		return false;
	}
	count_hit(p, now);
	p->held = s->waiting.n;
	return true;
}

static void take(struct serve *s, const struct fanotify_event_metadata *e)
{
	uint64_t now = clock_mono_ns(), spent;

	if (e->fd < 0)
		return;
	if (!(e->mask & (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_PRE_ACCESS))) {
		close(e->fd);
		return;
	}
	if (acts(s, now) && is_meant(s, member(s, e->pid, now), e->fd) && treat(s, e->fd, now))
		return;
	answer(s, e->fd, FAN_ALLOW);
	spent = clock_mono_ns() - now;
	add(&s->page->others, 1);
	add(&s->page->others_ns, spent);
	raise_to(&s->page->others_max_ns, spent);
}

/* Those that are due; all, if it is over. */
static void release(struct serve *s)
{
	uint64_t now = clock_mono_ns();
	bool all = !acts(s, now);
	struct waiting_call c;

	while (calls_queue_take(&s->waiting, all ? UINT64_MAX : now, &c)) {
		answer(s, c.fd, FAN_ALLOW);
		now = clock_mono_ns();
		if (all)
			continue;
		add(&s->page->waited, 1);
		add(&s->page->waited_ns, now - c.since_ns);
		raise_to(&s->page->late_max_ns, now - c.due_ns);
	}
	s->page->held = s->waiting.n;
}

/* --- where it runs --------------------------------------------------------------------------------- */

/*
 * A call that wakes the server on another CPU waits for two interrupts between CPUs, which is most of what it costs
 * somebody who is let go at once (27 us of 31 in a guest, 4 on one CPU). So it goes to where most calls come from. It
 * is not bound to that CPU: a real-time task wakes where it slept, as long as it may run there.
 */
static void vote(struct serve *s, pid_t pid)
{
	if (pid == s->most) {
		s->votes++;
	} else if (s->votes) {
		s->votes--;
	} else {
		s->most = pid;
		s->votes = 1;
	}
}

static void move_near(struct serve *s, uint64_t now)
{
	int cpu;
	cpu_set_t one, all;

	if (!s->votes || now - s->moved_ns < MOVE_NS)
		return;
	cpu = proc_cpu(s->most);
	s->moved_ns = now;
	s->votes = 0;
	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == sched_getcpu() || sched_getaffinity(0, sizeof(all), &all))
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (!sched_setaffinity(0, sizeof(one), &one))
		sched_setaffinity(0, sizeof(all), &all);
}

static void read_events(struct serve *s)
{
	struct fanotify_event_metadata events[BATCH];
	ssize_t len = read(s->fan, events, sizeof(events));
	const struct fanotify_event_metadata *e = events;

	for (; FAN_EVENT_OK(e, len); e = FAN_EVENT_NEXT(e, len)) {
		take(s, e);
		vote(s, e->pid);
	}
}

static _Noreturn void serve(struct serve *s)
{
	struct pollfd fds[] = {
		{ .fd = s->fan, .events = POLLIN },
		{ .fd = s->owner_fd, .events = POLLIN },
		{ .fd = s->wake, .events = POLLIN },
	};
	uint64_t now, next, count;

	for (;;) {
		release(s);
		now = s->page->beat_ns = clock_mono_ns();
		move_near(s, now);
		next = calls_queue_next_ns(&s->waiting);
		next = next < now ? 0 : next - now < LOOK_NS ? next - now : LOOK_NS;
		if (ppoll(fds, ARRAY_SIZE(fds), &(struct timespec){ .tv_nsec = (long)next }, NULL) < 0)
			continue;
		if (fds[1].revents)
			_exit(0);
		if (fds[2].revents && read(s->wake, &count, sizeof(count)) < 0)
			continue;
		if (fds[0].revents)
			read_events(s);
	}
}

/* --- the process ----------------------------------------------------------------------------------- */

/* Nothing of the owner's stays open here but what is needed: it would outlive the owner for a moment. */
static void close_others(const struct serve *s)
{
	int keep[] = { s->fan, s->owner_fd, s->wake }, i, k, swap;
	unsigned int from = 0;

	for (i = 0; i < 3; i++)
		for (k = i + 1; k < 3; k++)
			if (keep[k] < keep[i]) {
				swap = keep[i];
				keep[i] = keep[k];
				keep[k] = swap;
			}
	for (i = 0; i < 3; i++) {
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static uint32_t take_descriptors(void)
{
	struct rlimit most = { DESCRIPTORS, DESCRIPTORS }, now;

	if (setrlimit(RLIMIT_NOFILE, &most) && !getrlimit(RLIMIT_NOFILE, &most)) {
		most.rlim_cur = most.rlim_max;
		setrlimit(RLIMIT_NOFILE, &most);
	}
	if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur <= 2 * SPARE)
		return 0;
	return (uint32_t)now.rlim_cur - SPARE;
}

static _Noreturn void run(struct serve *s)
{
	struct sched_param fifo = { .sched_priority = RT_PRIORITY };
	sigset_t all;

	sigfillset(&all); /* what ends the owner in order (SIGINT of the terminal) does not end it first */
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "fl-files");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	if (getppid() != s->owner)
		_exit(1);
	cgroup_leave(); /* else it is frozen, or starved, with its owner */
	close_others(s);
	sched_setscheduler(0, SCHED_FIFO, &fifo);
	s->self = getpid();
	s->room = take_descriptors();
	serve(s);
}

static int make_lease(struct calls_server *s, const struct fault *f, struct fl_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *page;
	int r;

	s->lease = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fl_calls_lease", 4, sizeof(struct fl_lease), 1, &opts);
	if (s->lease < 0)
		return error_env(err, errno, "%s: make its lease: %s", f->ops->name, strerror(errno));
	r = session_add_lease(f->session, s->lease, err);
	if (r)
		return r;
	page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, s->lease, 0);
	if (page == MAP_FAILED)
		return error_env(err, errno, "%s: map its lease: %s", f->ops->name, strerror(errno));
	s->lease_page = page;
	return 0;
}

static int make_shared(struct calls_server *s, const struct fault *f, struct fl_error *err)
{
	void *page;

	if (s->page)
		return 0;
	page = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return error_sys(err, ENOMEM, "%s: out of memory", f->ops->name);
	s->page = page;
	return make_lease(s, f, err);
}

int calls_server_start(struct calls_server *s, const struct fault *f, const struct calls_place *places,
		       struct fl_error *err)
{
	_cleanup_fd_ int owner = (int)syscall(SYS_pidfd_open, getpid(), 0);
	_cleanup_free_ struct serve *w = calloc(1, sizeof(*w));
	int r = make_shared(s, f, err);

	if (r)
		return r;
	s->fan = fan_open();
	if (s->fan < 0)
		return error_env(err, -s->fan, "%s: fanotify_init: %s", f->ops->name, strerror(-s->fan));
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!w || s->wake < 0 || owner < 0)
		return error_sys(err, ENOMEM, "%s: no memory, or no descriptor", f->ops->name);
	*w = (struct serve){ .f = f,
			     .places = places,
			     .page = s->page,
			     .lease = s->lease_page,
			     .fan = s->fan,
			     .wake = s->wake,
			     .owner_fd = owner,
			     .owner = getpid() };
	s->page->beat_ns = clock_mono_ns();
	s->pid = fork();
	if (s->pid < 0) {
		s->pid = 0;
		return error_sys(err, errno, "%s: fork: %s", f->ops->name, strerror(errno));
	}
	if (!s->pid)
		run(w);
	return 0;
}

void calls_server_wake(const struct calls_server *s)
{
	const uint64_t one = 1;

	if (s->wake >= 0 && write(s->wake, &one, sizeof(one)) < 0)
		return; /* it is full, so it wakes all the same */
}

void calls_server_release(const struct calls_server *s)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MSEC };
	uint64_t begin = clock_mono_ns();

	if (!s->page)
		return;
	s->page->on = false;
	if (s->fan >= 0)
		fanotify_mark(s->fan, FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD, NULL);
	calls_server_wake(s);
	while (s->pid && s->page->held && clock_mono_ns() - begin < NS_PER_SEC / 2)
		nanosleep(&pause, NULL);
}

bool calls_server_alive(struct calls_server *s)
{
	uint64_t now = clock_mono_ns(), beat = s->page ? s->page->beat_ns : 0;

	if (s->pid && waitpid(s->pid, NULL, WNOHANG) == s->pid)
		s->pid = 0;
	return s->pid && (now < beat || now - beat < HUNG_NS);
}

void calls_server_stop(struct calls_server *s)
{
	/* With the last descriptor of the group all who wait go on. */
	if (s->fan >= 0)
		close(take_fd(s->fan));
	if (s->pid) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		s->pid = 0;
	}
	if (s->wake >= 0)
		close(take_fd(s->wake));
	if (s->page)
		s->page->held = 0;
}

void calls_server_free(struct calls_server *s, const struct fault *f)
{
	calls_server_stop(s);
	if (s->lease >= 0) {
		session_forget_lease(f->session, s->lease);
		close(take_fd(s->lease));
	}
	if (s->lease_page)
		munmap((void *)(uintptr_t)s->lease_page, (size_t)sysconf(_SC_PAGESIZE));
	if (s->page)
		munmap(s->page, sizeof(*s->page));
	*s = CALLS_SERVER_NONE;
}
