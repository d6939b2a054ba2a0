// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_cost CALL N - time N calls that no filter matches (so a fault on them costs and changes
 * nothing) and print ns per call, those of the fastest thousand: the machine has other things to do.
 * CALL: connect (UDP), getppid.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/units.h"

#define BATCH 1000

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint64_t begin, took, least = UINT64_MAX;
	int64_t n = 0, done, i;
	bool connects;
	int fd;

	if (argc != 3 || units_int(argv[2], 1, 100000000, &n, NULL)) {
		fputs("usage: syscall_cost connect|getppid N\n", stderr);
		return 2;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	connects = !strcmp(argv[1], "connect");
	for (done = 0; done < n; done += BATCH) {
		begin = clock_mono_ns();
		for (i = 0; i < BATCH; i++)
			if (connects)
				connect(fd, (struct sockaddr *)&a, sizeof(a));
			else
				syscall(SYS_getppid);
		took = clock_mono_ns() - begin;
		least = took < least ? took : least;
	}
	printf("%.1f\n", (double)least / BATCH);
	return 0;
}
