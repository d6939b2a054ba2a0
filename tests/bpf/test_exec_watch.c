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

#include "kern/exec_watch.h"
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

static bool looked_since(unsigned long before, int ms)
{
	int i;

	for (i = 0; i < ms && atomic_load(&looks) == before; i++)
		usleep(1000);
	return atomic_load(&looks) != before;
}

static void execs_of_the_target_are_told_at_once(void **state)
{
	const struct cgroup_set none = {};
	struct target t = { .netns_fd = -1, .mntns_fd = -1 };
	const struct exec_watch_target targets[] = { { &t, &none } };
	struct exec_watch *w;
	struct nested n;
	unsigned long before;
	uint64_t t0, worst = 0;
	int i;

	(void)state;
	nested_start(&n);
	t.pidns_inode = n.inode;
	assert_int_equal(exec_watch_open(targets, 1, look, NULL, &w, NULL), 0);
	assert_true(exec_watch_is_told(w));
	for (i = 0; i < 10; i++) {
		before = atomic_load(&looks);
		t0 = clock_mono_ns();
		assert_int_equal(write(n.ask, "x", 1), 1);
		assert_true(looked_since(before, 500));
		if (atomic_load(&look_ns) - t0 > worst)
			worst = atomic_load(&look_ns) - t0;
	}
	print_message("# FIGURE exec reported to its watcher: slowest of 10 after %.1f ms, fork and exec included\n",
		      (double)worst / 1e6);
	/* Execs of others: the thread looks once a second anyway, and no more often. */
	before = atomic_load(&looks);
	for (i = 0; i < 20; i++)
		exec_here();
	assert_in_range(atomic_load(&looks) - before, 0, 2);
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
	unsigned long before;
	int i;

	(void)state;
	assert_int_equal(exec_watch_open(targets, 1, look, NULL, &w, NULL), 0);
	for (i = 0; i < 5; i++) { /* oftener than the clock alone makes it look */
		before = atomic_load(&looks);
		exec_here();
		assert_true(looked_since(before, 150));
	}
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
