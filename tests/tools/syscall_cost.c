// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_cost CALL N - time N calls that no filter matches (so a fault on them costs and changes
 * nothing) and print ns per call. CALL: socket (cheap, made to fail), connect (UDP), getppid.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/units.h"

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint64_t begin, end;
	int64_t n = 0, i;
	int fd;

	if (argc != 3 || units_int(argv[2], 1, 100000000, &n, NULL)) {
		fputs("usage: syscall_cost connect|getppid N\n", stderr);
		return 2;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	begin = clock_mono_ns();
	if (!strcmp(argv[1], "connect"))
		for (i = 0; i < n; i++)
			connect(fd, (struct sockaddr *)&a, sizeof(a));
	else
		for (i = 0; i < n; i++)
			syscall(SYS_getppid);
	end = clock_mono_ns();
	printf("%.1f\n", (double)(end - begin) / (double)n);
	return 0;
}
