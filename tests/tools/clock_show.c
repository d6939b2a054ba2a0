// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock_show FILE [exec|fork] - append a line to FILE ten times a second: what this process makes of
 * the time, next to what the kernel says by system call.
 *
 *     SHIFT_S MONOTONIC_SHIFT_S VDSO_HASH WAIT_MS
 *
 * With exec (or fork) each line is written by a child that has just been made. WAIT_MS is how long
 * after its first instruction a child saw a shifted clock (-1: not within 300 ms).
 * Built by the tests a second time, statically; so nothing of the tree is linked.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double kernel_s(clockid_t id)
{
	struct timespec ts;

	syscall(SYS_clock_gettime, id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double libc_s(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* FNV-1a over the two pages that every x86-64 and arm64 vDSO has at least. */
static uint64_t vdso_hash(void)
{
	const unsigned char *p = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	uint64_t h = 0xcbf29ce484222325;
	int i;

	for (i = 0; p && i < 4096 + 4096 * (sizeof(void *) == 8); i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

static void nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* How long until the clock is off by more than a second? */
static double wait_ms(void)
{
	double begin = kernel_s(CLOCK_MONOTONIC), off, now;

	do {
		now = kernel_s(CLOCK_MONOTONIC);
		off = libc_s(CLOCK_REALTIME) - kernel_s(CLOCK_REALTIME);
		if (off > 1 || off < -1)
			return (now - begin) * 1e3;
		nap_ms(1);
	} while (now - begin < 0.3);
	return -1;
}

static void show(const char *path, double waited)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	dprintf(fd, "%.6f %.6f %016llx %.2f\n", libc_s(CLOCK_REALTIME) - kernel_s(CLOCK_REALTIME),
		libc_s(CLOCK_MONOTONIC) - kernel_s(CLOCK_MONOTONIC), (unsigned long long)vdso_hash(), waited);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/stdout", *how = argc > 2 ? argv[2] : "";

	if (!strcmp(how, "child")) {
		show(path, wait_ms());
		return 0;
	}
	for (;; nap_ms(100)) {
		pid_t pid = *how ? fork() : -1;

		if (pid > 0) {
			waitpid(pid, NULL, 0);
			continue;
		}
		if (pid == 0 && !strcmp(how, "exec"))
			execl("/proc/self/exe", argv[0], path, "child", NULL);
		show(path, pid == 0 ? wait_ms() : 0);
		if (pid == 0)
			_exit(0);
	}
}
