// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp_watch NETNS ADDRESS PORT MILLISECONDS - send small UDP packets to ADDRESS, whose
 * namespace is NETNS, one every 50 us or so; print a line whenever they stop or begin to
 * arrive: lost|back <wall time at which the first such packet was sent, seconds>
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/text/units.h"

static int receiver(const char *netns, const struct sockaddr_in *addr)
{
	char path[128];
	int home = open("/proc/self/ns/net", O_RDONLY), there, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY);
	if (there < 0 || setns(there, CLONE_NEWNET))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) || setns(home, CLONE_NEWNET))
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = 50000 };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int64_t port, ms;
	uint64_t sent = 0, got = 0, end;
	bool arriving = true;
	int in, out;

	if (argc != 5 || inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1 ||
	    units_int(argv[3], 1, 65535, &port, NULL) || units_int(argv[4], 1, 60000, &ms, NULL))
		return 2;
	addr.sin_port = htons((uint16_t)port);
	in = receiver(argv[1], &addr);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	if (in < 0 || out < 0 || connect(out, (struct sockaddr *)&addr, sizeof(addr)))
		return 1;
	prctl(PR_SET_TIMERSLACK, 1);
	end = clock_mono_ns() + (uint64_t)ms * NS_PER_MSEC;
	while (clock_mono_ns() < end) {
		uint64_t wall = clock_wall_ns(), last;

		sent++;
		if (send(out, &sent, sizeof(sent), 0) != sizeof(sent))
			return 1;
		nanosleep(&pause, NULL);
		while (recv(in, &last, sizeof(last), MSG_DONTWAIT) == sizeof(last))
			got = last;
		if ((got == sent) == arriving)
			continue;
		arriving = !arriving;
		printf("%s %.6f\n", arriving ? "back" : "lost", (double)wall / 1e9);
		fflush(stdout);
	}
	return 0;
}
