// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* Who a process is: gone only when that is known. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fault/state/byteman.h"
#include "target/process/process.h"
#include "util/proc.h"

static pid_t start_child(int (*run)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(run());
	return pid;
}

static int wait_for_signal(void)
{
	pause();
	return 0;
}

static void here_and_gone(void **state)
{
	pid_t pid = start_child(wait_for_signal);
	uint64_t start = proc_start(pid);
	(void)state;

	assert_int_equal(proc_is(pid, start), PROC_HERE);
	assert_int_equal(proc_is(pid, start + 1), PROC_GONE);
	assert_int_equal(proc_is(pid, 0), PROC_UNKNOWN);
	kill(pid, SIGKILL);
	while (process_state(pid) != 'Z')
		sched_yield();
	assert_int_equal(proc_is(pid, start), PROC_GONE);
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_is(pid, start), PROC_GONE);
	assert_int_equal(process_signal((struct process_id){ pid, start }, 0), -ESRCH);
}

/* What is asked of a process goes to no other one that has its pid now. */
static void a_stranger_gets_nothing(void **state)
{
	pid_t pid = start_child(wait_for_signal);
	struct process_id stale = { pid, proc_start(pid) - 1 };
	struct fl_error err = {};
	(void)state;

	assert_int_equal(proc_open(stale.pid, stale.start), -ESRCH);
	assert_int_equal(proc_signal(stale.pid, stale.start, SIGKILL), -ESRCH);
	assert_int_equal(byteman_ask(stale, 1, 100, "VERSION\n", NULL, &err), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(proc_signal(pid, proc_start(pid), SIGKILL), 0);
	waitpid(pid, NULL, 0);
}

static void *outlive(void *arg)
{
	pause();
	return arg;
}

static _Noreturn int end_first_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, outlive, NULL);
	pthread_exit(NULL);
}

/* The first thread is a zombie; the process runs. */
static void first_thread_ended(void **state)
{
	pid_t pid = start_child(end_first_thread);
	uint64_t start = proc_start(pid);
	(void)state;

	while (process_state(pid) != 'Z')
		sched_yield();
	assert_int_equal(proc_is(pid, start), PROC_HERE);
	assert_false(process_dead((struct process_id){ pid, start }));
	assert_int_equal(process_signal((struct process_id){ pid, start }, SIGKILL), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_is(pid, start), PROC_GONE);
}

/* Without /proc nobody is gone: exit status 1 to 3 says who thinks so. */
static int blind(void)
{
	pid_t parent = getppid();
	uint64_t start = proc_start(parent);

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		return 4;
	if (proc_is(parent, start) != PROC_UNKNOWN)
		return 1;
	if (process_dead((struct process_id){ parent, start }))
		return 2;
	return process_signal((struct process_id){ parent, start }, 0) == -EIO ? 0 : 3;
}

static void no_proc(void **state)
{
	int status;
	pid_t pid;
	(void)state;

	if (geteuid())
		skip();
	pid = start_child(blind);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A /proc that hides others' processes (hidepid=2) is no proof that they have ended. */
static int hidden(void)
{
	pid_t parent = getppid();
	uint64_t start = proc_start(parent);
	DIR *dir;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") || setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		return 4;
	if (proc_is(parent, start) != PROC_UNKNOWN)
		return 1;
	dir = proc_scan();
	if (!dir)
		return 0;
	closedir(dir);
	return 2;
}

static void hidepid(void **state)
{
	int status;
	pid_t pid;
	(void)state;

	if (geteuid())
		skip();
	pid = start_child(hidden);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(here_and_gone),
		cmocka_unit_test(a_stranger_gets_nothing),
		cmocka_unit_test(first_thread_ended),
		cmocka_unit_test(no_proc),
		cmocka_unit_test(hidepid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
