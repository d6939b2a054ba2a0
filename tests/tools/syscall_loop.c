// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_loop [--in CGROUP] CALL N cost|errors ERRNO|last|count - make N calls, one after the other.
 * With --in, first move into the cgroup: so nothing that a program does to get started is hit.
 *
 *   cost           print ns per call: the median over batches of 50, so that what else the machine
 *                  does in between is no part of it
 *   errors ERRNO   print how many answered ERRNO; exit status 1 when one failed otherwise
 *   last           with a millisecond in between: print when the last of them began that failed, in
 *                  microseconds of CLOCK_REALTIME (0: none did)
 *   count          print the number of each call when it has come back
 *
 * CALL: connect (UDP to loopback's port 9, which always succeeds), socket, getppid.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault/syscall/syscall_table.h"
#include "util/clock.h"
#include "util/text/units.h"

#define BATCH 50

static int udp = -1;

static int call_connect(void)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
				       .sin_port = htons(9),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(udp, (const struct sockaddr *)&a, sizeof(a));
}

static int call_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? -1 : close(fd);
}

static int call_getppid(void)
{
	return syscall(SYS_getppid) < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = { { "connect", call_connect }, { "socket", call_socket }, { "getppid", call_getppid }, {} };

static int count_errors(int (*call)(void), int64_t n, int expected)
{
	int64_t failed = 0, other = 0;

	while (n--) {
		if (!call())
			continue;
		if (errno == expected)
			failed++;
		else
			other++;
	}
	printf("%lld\n", (long long)failed);
	return other != 0;
}

static int print_last(int (*call)(void), int64_t n)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MSEC };
	uint64_t last_ns = 0;

	for (; n--; clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL)) {
		uint64_t begin_ns = clock_wall_ns();

		if (call())
			last_ns = begin_ns;
	}
	printf("%llu\n", (unsigned long long)(last_ns / NS_PER_USEC));
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int print_cost(int (*call)(void), int64_t n)
{
	int64_t batches = n / BATCH, i, j;
	double *ns = calloc((size_t)batches, sizeof(*ns));

	if (!ns)
		return 2;
	for (i = 0; i < batches; i++) {
		uint64_t begin = clock_mono_ns();

		for (j = 0; j < BATCH; j++)
			call();
		ns[i] = (double)(clock_mono_ns() - begin) / BATCH;
	}
	qsort(ns, (size_t)batches, sizeof(*ns), by_value);
	printf("%.1f\n", ns[batches / 2]);
	free(ns);
	return 0;
}

static int enter(const char *cgroup)
{
	char path[400];
	int fd, r;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;
	if (r)
		perror(path);
	if (fd >= 0)
		close(fd);
	return r;
}

static int usage(void)
{
	fputs("usage: syscall_loop [--in CGROUP] connect|socket|getppid N cost|errors ERRNO|last|count\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int64_t n, i;
	int k = 0, expected;

	if (argc > 2 && !strcmp(argv[1], "--in")) {
		if (enter(argv[2]))
			return 2;
		argv += 2;
		argc -= 2;
	}
	while (argc > 3 && calls[k].name && strcmp(calls[k].name, argv[1]))
		k++;
	if (argc < 4 || !calls[k].name || units_int(argv[2], BATCH, 100000000, &n, NULL))
		return usage();
	/* Not of the calls that are counted: only who connects needs it. */
	if (calls[k].call == call_connect)
		udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (!strcmp(argv[3], "last"))
		return print_last(calls[k].call, n);
	if (!strcmp(argv[3], "errors")) {
		if (argc != 5 || syscall_errno(argv[4], &expected, NULL))
			return usage();
		return count_errors(calls[k].call, n, expected);
	}
	if (!strcmp(argv[3], "cost"))
		return print_cost(calls[k].call, n);
	for (i = 1; i <= n; i++) {
		calls[k].call();
		printf("%lld\n", (long long)i);
		fflush(stdout);
	}
	return 0;
}
