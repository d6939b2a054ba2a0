// SPDX-License-Identifier: GPL-2.0-only
/* Execs are reported at once for the targets that were named, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "target/process/exec_watch.h"
#include "util/clock.h"

static atomic_ulong looks;
static _Atomic uint64_t look_ns;

static void look(void *arg)
{
	(void)arg;
	atomic_store(&look_ns, clock_mono_ns());
	atomic_fetch_add(&looks, 1);
}

/* A process in a pid namespace of its own that execs this program's `true` for each byte. */
struct nested {
	pid_t pid; /* of the process that made the namespace */
	int ask;
	uint64_t inode;
};

static void exec_for_each_byte(int in)
{
	char c;

	while (read(in, &c, 1) == 1) {
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "exec-nothing", NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static void nested_start(struct nested *n)
{
	int fds[2], back[2];
	struct stat st;

	assert_int_equal(pipe(fds) | pipe(back), 0);
	n->pid = fork();
	if (!n->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		if (unshare(CLONE_NEWPID))
			_exit(1);
		if (!fork())
			exec_for_each_byte(fds[0]);
		if (stat("/proc/self/ns/pid_for_children", &st) ||
		    write(back[1], &st.st_ino, sizeof(st.st_ino)) != sizeof(st.st_ino))
			_exit(1);
		wait(NULL);
		_exit(0);
	}
	close(fds[0]);
	close(back[1]);
	n->ask = fds[1];
	assert_int_equal(read(back[0], &st.st_ino, sizeof(st.st_ino)), sizeof(st.st_ino));
	close(back[0]);
	n->inode = st.st_ino;
}

static void nested_stop(struct nested *n)
{
	close(n->ask);
	waitpid(n->pid, NULL, 0);
}

static void exec_here(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "exec-nothing", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* Half of the execs are seen sooner than this. The clock alone, once a second, would need luck. */
#define TRIES       21
#define TOLD_NS     (200 * NS_PER_MSEC)
#define PATIENCE_MS 5000

static bool looked_since(unsigned long before, int ms)
{
	int i;

	for (i = 0; i < ms && atomic_load(&looks) == before; i++)
		usleep(1000);
	return atomic_load(&looks) != before;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* From an exec to the look that follows, ns: sorted. @ask: who is to exec; -1: this process. */
static void time_looks(int ask, uint64_t ret_ns[TRIES])
{
	int i;

	for (i = 0; i < TRIES; i++) {
		unsigned long before = atomic_load(&looks);
		uint64_t t0 = clock_mono_ns();

		if (ask < 0)
			exec_here();
		else
			assert_int_equal(write(ask, "x", 1), 1);
		assert_true(looked_since(before, PATIENCE_MS));
		ret_ns[i] = atomic_load(&look_ns) - t0;
	}
	qsort(ret_ns, TRIES, sizeof(ret_ns[0]), by_value);
}

static void execs_of_the_target_are_told_at_once(void **state)
{
	const struct cgroup_set none = {};
	struct target t = { .netns_fd = -1, .mntns_fd = -1 };
	const struct exec_watch_target targets[] = { { &t, &none } };
	struct exec_watch *w;
	uint64_t took[TRIES], t0;
	unsigned long before;
	struct nested n;
	int i;

	(void)state;
	nested_start(&n);
	t.pidns_inode = n.inode;
	assert_int_equal(exec_watch_open(targets, 1, look, NULL, &w, NULL), 0);
	assert_true(exec_watch_is_told(w));
	time_looks(n.ask, took);
	print_message("# FIGURE exec reported to its watcher: median of %d after %.1f ms, slowest after %.1f, fork and "
		      "exec included\n",
		      TRIES, (double)took[TRIES / 2] / 1e6, (double)took[TRIES - 1] / 1e6);
	assert_in_range(took[TRIES / 2], 0, TOLD_NS);
	/* Execs of others: the thread looks once a second anyway, and no more often. */
	t0 = clock_mono_ns();
	before = atomic_load(&looks);
	for (i = 0; i < 20; i++)
		exec_here();
	assert_in_range(atomic_load(&looks) - before, 0, 2 + (clock_mono_ns() - t0) / NS_PER_SEC);
	exec_watch_close(w);
	before = atomic_load(&looks);
	assert_int_equal(write(n.ask, "x", 1), 1);
	assert_false(looked_since(before, 50));
	nested_stop(&n);
}

static void without_a_filter_all_are_told(void **state)
{
	const struct cgroup_set none = {};
	struct target t = { .netns_fd = -1, .mntns_fd = -1 };
	const struct exec_watch_target targets[] = { { &t, &none } };
	struct exec_watch *w;
	uint64_t took[TRIES];

	(void)state;
	assert_int_equal(exec_watch_open(targets, 1, look, NULL, &w, NULL), 0);
	time_looks(-1, took);
	assert_in_range(took[TRIES / 2], 0, TOLD_NS);
	exec_watch_close(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(execs_of_the_target_are_told_at_once),
		cmocka_unit_test(without_a_filter_all_are_told),
	};

	if (argc && !strcmp(argv[0], "exec-nothing"))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
