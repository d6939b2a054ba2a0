// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_error on every backend that this kernel has: a child in a cgroup of its own makes calls
 * and counts the errors; the kernel's counters must say exactly the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fault/fault.h"
#include "fault/syscall/syscall.h"
#include "fault/undo.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define CALLS 100000u

static char cgroup[256];
static struct session *session;

/* What a child reports: how many of its calls failed with the expected errno, how many otherwise. */
struct report {
	uint32_t failed, other, fine;
};

static void find_cgroup2(char *ret, size_t size)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[1024], at[256], type[64];

	assert_non_null(f);
	ret[0] = '\0';
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %63s", at, type) == 2 && !strcmp(type, "cgroup2"))
			text_copy(ret, size, at);
	fclose(f);
}

static int setup(void **state)
{
	struct fl_error err = {};
	char root[128];
	(void)state;

	find_cgroup2(root, sizeof(root));
	if (!root[0])
		return -1;
	snprintf(cgroup, sizeof(cgroup), "%s/fltest-syscall-%d", root, (int)getpid());
	if (mkdir(cgroup, 0755) || session_begin("test", &session, &err)) {
		error_print(&err, stderr);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	struct fl_error err = {};
	(void)state;

	assert_int_equal(session_end(session, &err), 0);
	return rmdir(cgroup);
}

static bool fails_as(int r, int expected, struct report *report)
{
	if (r >= 0)
		report->fine++;
	else if (errno == expected)
		report->failed++;
	else
		report->other++;
	return r < 0;
}

typedef void (*work)(struct report *report, int expected);

static void connects(struct report *report, int expected)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint32_t i;

	for (i = 0; i < CALLS; i++)
		fails_as(connect(fd, (struct sockaddr *)&a, sizeof(a)), expected, report);
	close(fd);
}

static void connects_two_ports(struct report *report, int expected)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		a.sin6_port = htons(i % 2 ? 5432 : 80);
		fails_as(connect(fd, (struct sockaddr *)&a, sizeof(a)), expected, report);
	}
	close(fd);
}

static void sockets(struct report *report, int expected)
{
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (!fails_as(fd, expected, report))
			close(fd);
	}
}

static void binds(struct report *report, int expected)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint32_t i;

	for (i = 0; i < 200; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		fails_as(bind(fd, (struct sockaddr *)&a, sizeof(a)), expected, report);
		close(fd);
	}
}

static void opens(struct report *report, int expected)
{
	uint32_t i;

	for (i = 0; i < 200; i++) {
		int fd = open(i % 2 ? "/dev/null" : "/proc/self/stat", O_RDONLY);

		if (!fails_as(fd, expected, report))
			close(fd);
	}
}

static void writes(struct report *report, int expected)
{
	int fd = open("/dev/null", O_WRONLY);
	uint32_t i;

	for (i = 0; i < 1000; i++)
		fails_as((int)write(fd, "x", 1), expected, report);
	close(fd);
}

/* brk has no errno: libc compares the break that it gets with the one it wanted. */
static void breaks(struct report *report, int expected)
{
	char *old = sbrk(0);
	uint32_t i;

	for (i = 0; i < 100; i++)
		fails_as(brk(old + 4096), expected, report);
	report->other += sbrk(0) != old;
}

/* Opens that make a file; `fine` counts the files that are there although the open failed. */
static void creates(struct report *report, int expected)
{
	char path[64];
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "/tmp/fltest-created-%d-%d", (int)getpid(), i);
		fails_as(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), expected, report);
		report->fine += !unlink(path);
	}
}

/* One client in the queue, two accepts. */
static void accepts(struct report *report, int expected)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a);

	report->other += bind(server, (struct sockaddr *)&a, sizeof(a)) || listen(server, 1) ||
			 getsockname(server, (struct sockaddr *)&a, &len) ||
			 connect(client, (struct sockaddr *)&a, sizeof(a)) ||
			 poll(&(struct pollfd){ .fd = server, .events = POLLIN }, 1, 5000) != 1;
	fails_as(accept(server, NULL, NULL), expected, report);
	fails_as(accept(server, NULL, NULL), expected, report);
}

/* Set: nobody renews the lease while a child works. */
static bool owner_hangs;

static void wait_as_owner(pid_t pid)
{
	pid_t r;
	int status;

	while (!(r = waitpid(pid, &status, owner_hangs ? 0 : WNOHANG))) {
		session_heartbeat(session);
		usleep(1000);
	}
	assert_int_equal(r, pid);
	assert_int_equal(status, 0);
}

/* Run @w in a child that first moves into the cgroup. */
static struct report in_cgroup(work w, int expected)
{
	struct report *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct report r;
	pid_t pid;

	assert_ptr_not_equal(shared, MAP_FAILED);
	pid = fork();
	if (!pid) {
		char path[300];
		FILE *f;

		snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
		f = fopen(path, "we");
		if (!f || fprintf(f, "0\n") < 0 || fclose(f))
			_exit(1);
		w(shared, expected);
		_exit(0);
	}
	wait_as_owner(pid);
	r = *shared;
	munmap(shared, sizeof(*shared));
	return r;
}

struct setting {
	const char *name, *value;
};

static void fault_on(struct fault *f, const struct setting *settings)
{
	struct fl_error err = {};
	struct target *t;
	struct stat st;
	int r;

	assert_int_equal(stat(cgroup, &st), 0);
	assert_int_equal(fault_init(f, session, "syscall_error", &err), 0);
	for (; settings->name; settings++)
		assert_int_equal(params_set(&f->params, settings->name, settings->value, &err), 0);
	t = calloc(1, sizeof(*t));
	text_copy(t->name, sizeof(t->name), "child");
	text_copy(t->cgroup, sizeof(t->cgroup), cgroup);
	t->cgroup_id = st.st_ino;
	t->netns_fd = -1;
	t->mntns_fd = -1;
	f->targets = t;
	f->n_targets = 1;
	r = fault_validate(f, &err) ?: fault_arm(f, &err) ?: fault_activate(f, true, &err);
	if (r)
		error_print(&err, stderr);
	assert_int_equal(r, 0);
	session_heartbeat(session);
}

static struct fault_proof fault_off(struct fault *f)
{
	struct fault_proof proof = {};
	struct fl_error err = {};

	assert_int_equal(fault_proof(f, &proof, &err), 0);
	assert_int_equal(fault_disarm(f, &err), 0);
	fault_free(f);
	return proof;
}

static const struct syscall_row *row_of(const char *name)
{
	const struct syscall_row *row = syscall_rows;

	while (strcmp(row->name, name))
		row++;
	return row;
}

static bool serves(const char *backend, const char *call, unsigned int filters)
{
	char why[200];

	return syscall_backend_serves(syscall_backend_find(backend), row_of(call), filters, why, sizeof(why));
}

/* Skip the test when this kernel's @backend cannot serve @call; tests/run.sh reads the reason. */
#define NEED(backend, call, filters)                                               \
	do {                                                                       \
		if (!serves(backend, call, filters)) {                             \
			print_message("# missing: syscall backend %s\n", backend); \
			skip();                                                    \
		}                                                                  \
	} while (0)

static void exact(const char *backend)
{
	struct setting s[] = { { "syscall", "connect" }, { "errno", "ETIMEDOUT" }, { "percent", "20%" },
			       { "backend", backend },   { "seed", "7" },          {} };
	/* 99.9 % of a binomial(CALLS, 0.2): 3.29 standard deviations. */
	double sigma = sqrt(CALLS * 0.2 * 0.8);
	struct fault_proof proof;
	struct fault f = {};
	struct report r;

	NEED(backend, "connect", 0);
	fault_on(&f, s);
	r = in_cgroup(connects, ETIMEDOUT);
	proof = fault_off(&f);
	assert_int_equal(r.other, 0);
	assert_int_equal(r.failed, proof.injected);
	assert_int_equal(CALLS, proof.matched);
	assert_true(fabs(r.failed - CALLS * 0.2) < 3.29 * sigma);
	print_message("# FIGURE connect by %s: %u of %u failed, asked 20 %%; the kernel counted %llu\n", backend,
		      r.failed, CALLS, (unsigned long long)proof.injected);
	assert_true(proof.first_hit_ns && proof.last_hit_ns >= proof.first_hit_ns);
	/* and with the fault gone nothing fails */
	r = in_cgroup(connects, ETIMEDOUT);
	assert_int_equal(r.fine, CALLS);
}

static void ports(const char *backend)
{
	struct setting s[] = { { "syscall", "connect" }, { "errno", "ECONNREFUSED" }, { "port", "5432" },
			       { "peer", "::1/128" },    { "backend", backend },      {} };
	struct fault_proof proof;
	struct fault f = {};
	struct report r;

	NEED(backend, "connect", FILTER_ADDRESS);
	fault_on(&f, s);
	r = in_cgroup(connects_two_ports, ECONNREFUSED);
	proof = fault_off(&f);
	assert_int_equal(r.failed, 500);
	assert_int_equal(r.other, 0);
	assert_int_equal(proof.injected, 500);
	assert_int_equal(proof.matched, 500);
}

static void window(const char *backend)
{
	struct setting s[] = { { "syscall", "socket" }, { "errno", "EMFILE" },
			       { "first", "100" },      { "last", "199" },
			       { "nth", "10" },         { "max-hits", "7" },
			       { "backend", backend },  {} };
	struct fault_proof proof;
	struct fault f = {};
	struct report r;

	NEED(backend, "socket", 0);
	fault_on(&f, s);
	r = in_cgroup(sockets, EMFILE);
	proof = fault_off(&f);
	assert_int_equal(r.failed, 7);
	assert_int_equal(r.other, 0);
	assert_int_equal(proof.injected, 7);
}

static void binding(const char *backend)
{
	struct setting s[] = { { "syscall", "bind" }, { "errno", "EADDRINUSE" }, { "backend", backend }, {} };
	struct fault f = {};
	struct report r;

	NEED(backend, "bind", 0);
	fault_on(&f, s);
	r = in_cgroup(binds, EADDRINUSE);
	assert_int_equal(fault_off(&f).injected, 200);
	assert_int_equal(r.failed, 200);
}

static void paths(const char *backend)
{
	struct setting prefix[] = {
		{ "syscall", "open" }, { "errno", "ENFILE" }, { "path", "/dev/nu" }, { "backend", backend }, {}
	};
	struct setting glob[] = {
		{ "syscall", "openat" }, { "errno", "EACCES" }, { "path", "/proc/*/st?t" }, { "backend", backend }, {}
	};
	struct fault f = {};
	struct report r;

	NEED(backend, "openat", FILTER_PATH);
	fault_on(&f, prefix);
	r = in_cgroup(opens, ENFILE);
	assert_int_equal(fault_off(&f).injected, 100);
	assert_int_equal(r.failed, 100);
	assert_int_equal(r.fine, 100);
	memset(&f, 0, sizeof(f));
	fault_on(&f, glob);
	r = in_cgroup(opens, EACCES);
	assert_int_equal(fault_off(&f).injected, 100);
	assert_int_equal(r.failed, 100);
}

static void writing(const char *backend)
{
	struct setting s[] = { { "syscall", "write" },  { "errno", "28" },      { "nth", "4" },
			       { "fd-type", "device" }, { "backend", backend }, {} };
	struct fault f = {};
	struct report r;

	NEED(backend, "write", FILTER_FD);
	fault_on(&f, s);
	r = in_cgroup(writes, ENOSPC);
	assert_int_equal(fault_off(&f).injected, 250);
	assert_int_equal(r.failed, 250);
	assert_int_equal(r.other, 0);
}

/* A failed brk leaves the break where it was, and malloc goes on by mmap. */
static void breaking(const char *backend)
{
	struct setting s[] = { { "syscall", "brk" }, { "errno", "ENOMEM" }, { "backend", backend }, {} };
	struct fault f = {};
	struct report r;

	NEED(backend, "brk", 0);
	fault_on(&f, s);
	r = in_cgroup(breaks, ENOMEM);
	assert_int_equal(fault_off(&f).injected, 100);
	assert_int_equal(r.failed, 100);
	assert_int_equal(r.other, 0);
}

/* A refused open(O_CREAT): on the syscall nothing has happened, on the hook the file is there. */
static void creating(const char *backend)
{
	struct setting s[] = { { "syscall", "open" }, { "errno", "EDQUOT" }, { "backend", backend }, {} };
	struct fault f = {};
	struct report r;
	/* What passes no hook can only be served on the syscall itself. */
	bool at_entry = serves(backend, "futex", 0);

	NEED(backend, "openat", 0);
	fault_on(&f, s);
	r = in_cgroup(creates, EDQUOT);
	assert_int_equal(fault_off(&f).injected, 10);
	assert_int_equal(r.failed, 10);
	assert_int_equal(r.fine, at_entry ? 0 : 10);
}

/* A refused accept leaves the connection in the queue, for the next one. */
static void accepting(const char *backend)
{
	struct setting s[] = {
		{ "syscall", "accept" }, { "errno", "ENFILE" }, { "last", "1" }, { "backend", backend }, {}
	};
	struct fault f = {};
	struct report r;

	NEED(backend, "accept", 0);
	fault_on(&f, s);
	r = in_cgroup(accepts, ENFILE);
	fault_off(&f);
	assert_int_equal(r.failed, 1);
	assert_int_equal(r.fine, 1);
	assert_int_equal(r.other, 0);
}

/* The owner hangs: no heartbeat for longer than the lease, and the fault is over. */
static void lease(const char *backend)
{
	struct setting s[] = { { "syscall", "socket" }, { "errno", "EMFILE" }, { "backend", backend }, {} };
	struct fault f = {};
	struct report r;

	NEED(backend, "socket", 0);
	fault_on(&f, s);
	assert_int_equal(in_cgroup(sockets, EMFILE).failed, 1000);
	usleep(FL_LEASE_NS / NS_PER_USEC + 50000);
	owner_hangs = true;
	r = in_cgroup(sockets, EMFILE);
	assert_int_equal(r.fine, 1000);
	owner_hangs = false;
	session_heartbeat(session);
	assert_int_equal(in_cgroup(sockets, EMFILE).failed, 1000);
	fault_off(&f);
}

#define ON(backend, check)                          \
	static void check##_##backend(void **state) \
	{                                           \
		(void)state;                        \
		check(#backend);                    \
	}

/* clang-format off */
ON(override, exact) ON(modret, exact) ON(cgroup, exact)
ON(override, ports) ON(modret, ports) ON(cgroup, ports)
ON(override, window) ON(modret, window) ON(cgroup, window)
ON(override, binding) ON(modret, binding) ON(cgroup, binding)
ON(override, lease) ON(modret, lease) ON(cgroup, lease)
/* cgroup hooks see neither paths nor descriptors */
ON(override, paths) ON(modret, paths)
ON(override, writing) ON(modret, writing)
ON(override, creating) ON(modret, creating)
ON(override, accepting) ON(modret, accepting)
/* no hook but the syscall itself sees brk */
ON(override, breaking)

#define THREE(check) \
	cmocka_unit_test(check##_override), cmocka_unit_test(check##_modret), cmocka_unit_test(check##_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		THREE(exact),
		THREE(ports),
		THREE(window),
		THREE(binding),
		THREE(lease),
		cmocka_unit_test(paths_override),
		cmocka_unit_test(paths_modret),
		cmocka_unit_test(writing_override),
		cmocka_unit_test(writing_modret),
		cmocka_unit_test(breaking_override),
		cmocka_unit_test(creating_override),
		cmocka_unit_test(creating_modret),
		cmocka_unit_test(accepting_override),
		cmocka_unit_test(accepting_modret),
	};

	journal_know(undo_families);
	return cmocka_run_group_tests(tests, setup, teardown);
}
