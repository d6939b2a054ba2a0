// SPDX-License-Identifier: GPL-2.0-only
/*
 * traffic.c - a steady stream of UDP packets to and from two network namespaces, one that faults are
 * done to and one for reference, and an answer to "when was it clean again after this moment?".
 *
 *   traffic NS ADDRESS HOST_ADDRESS REF_NS REF_ADDRESS REF_HOST_ADDRESS
 *
 * Every TICK_NS a packet goes each way in either pair. Its time is the sender's, that of its arrival
 * the receiving kernel's (SO_TIMESTAMPNS), so no start of a program and no turn of a shell is part of
 * what is measured. A packet counts as hit when its twin of the reference came and it was lost or came
 * LATE_NS later than the twin took: what the machine itself does, emulated or busy, it does to both.
 *
 * For each line on standard input, a CLOCK_REALTIME in microseconds, it prints one "MS HITS" as soon
 * as CLEAN_NS of traffic without a hit have been seen: how long after that moment the last packet that
 * was hit had been sent (0: none was), and how many were. "never" when that does not come to pass in
 * GIVE_UP_NS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/netns.h"
#include "util/clock.h"
#include "util/text/units.h"

#define TICK_NS    (5 * NS_PER_MSEC)
#define LATE_NS    (50 * NS_PER_MSEC)
#define LOST_NS    NS_PER_SEC /* who has not come by then does not */
#define CLEAN_NS   (500 * NS_PER_MSEC)
#define GIVE_UP_NS (20 * NS_PER_SEC)
#define PORT       5600
#define RING       (1u << 16) /* ticks: five minutes */

/* Flows: to the target, to the reference, from the target, from the reference. */
#define FLOWS 4

struct tick {
	uint64_t sent_ns;
	bool hit;
	_Atomic uint64_t took_ns[FLOWS]; /* 0: has not come */
};

struct payload {
	uint64_t number, sent_ns; /* CLOCK_REALTIME */
};

static struct tick ticks[RING];
static _Atomic uint64_t n_sent;
static uint64_t n_judged;
static int tx[FLOWS], rx[FLOWS];

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	return a;
}

/* A socket at @here that talks to @there, in the namespace @ns or this one. */
static int open_end(const char *ns, const char *here, const char *there)
{
	struct sockaddr_in a = address(here), b = address(there);
	struct fl_error err = {};
	int old = -1, on = 1, fd, netns = ns ? netns_open_name(ns, &err) : -1;

	if ((ns && netns < 0) || netns_enter(netns, &old, &err)) {
		error_print(&err, stderr);
		exit(2);
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	netns_leave(old);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || connect(fd, (struct sockaddr *)&b, sizeof(b)))
		die(here);
	return fd;
}

static void *send_all(void *arg)
{
	uint64_t due = clock_mono_ns(), n;
	int f;

	for (n = 0;; n++, due += TICK_NS) {
		struct timespec ts = { .tv_sec = (time_t)(due / NS_PER_SEC), .tv_nsec = (long)(due % NS_PER_SEC) };
		struct tick *t = &ticks[n % RING];

		/* After a pause of the machine it goes on, it does not make up for it. */
		if (clock_mono_ns() > due + TICK_NS)
			due = clock_mono_ns();
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		t->sent_ns = clock_wall_ns();
		t->hit = false;
		for (f = 0; f < FLOWS; f++)
			atomic_store(&t->took_ns[f], 0);
		for (f = 0; f < FLOWS; f++) {
			struct payload p = { n, clock_wall_ns() };

			/* (One that cannot be sent is one that does not come.) */
			if (send(tx[f], &p, sizeof(p), 0) < 0)
				continue;
		}
		atomic_store(&n_sent, n + 1);
	}
	return arg;
}

static void receive(int flow)
{
	for (;;) {
		struct payload p;
		char control[256];
		struct iovec iov = { &p, sizeof(p) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};
		struct timespec ts = {};
		struct cmsghdr *c;
		uint64_t now_ns;
		ssize_t n = recvmsg(rx[flow], &msg, 0);

		if (n < 0 && errno == ECONNREFUSED)
			continue;
		if (n != sizeof(p))
			return;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_type == SO_TIMESTAMPNS)
				memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		now_ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
		if (p.number + RING / 2 > n_sent)
			atomic_store(&ticks[p.number % RING].took_ns[flow],
				     now_ns > p.sent_ns ? now_ns - p.sent_ns : 1);
	}
}

/* One way of one tick, @old enough for what has not come to be lost: -1 not known yet, 1 hit, 0 not. */
static int judge_pair(uint64_t target, uint64_t reference, bool old)
{
	if (target && reference)
		return target > reference + LATE_NS;
	if (target && target < LATE_NS)
		return 0;
	if (!old)
		return -1;
	return !target && reference;
}

/* In order, so that what is judged is all there is up to there. */
static void judge(uint64_t now_ns)
{
	for (; n_judged < n_sent; n_judged++) {
		struct tick *t = &ticks[n_judged % RING];
		bool old = now_ns > t->sent_ns + LOST_NS;
		int to = judge_pair(t->took_ns[0], t->took_ns[1], old);
		int from = judge_pair(t->took_ns[2], t->took_ns[3], old);

		if (to < 0 || from < 0)
			return;
		t->hit = to || from;
	}
}

/* Print the answer about @since_ns when there is one. */
static bool answer(uint64_t since_ns, uint64_t asked_ns)
{
	uint64_t i, hits = 0, last_ns = since_ns;

	for (i = n_judged; i && n_judged - i < RING / 2 && ticks[(i - 1) % RING].sent_ns >= since_ns; i--)
		if (ticks[(i - 1) % RING].hit) {
			if (!hits++)
				last_ns = ticks[(i - 1) % RING].sent_ns;
		}
	if (n_judged && ticks[(n_judged - 1) % RING].sent_ns > last_ns + CLEAN_NS)
		printf("%" PRIu64 " %" PRIu64 "\n", (uint64_t)((last_ns - since_ns + NS_PER_MSEC - 1) / NS_PER_MSEC),
		       hits);
	else if (clock_mono_ns() > asked_ns + GIVE_UP_NS)
		puts("never");
	else
		return false;
	fflush(stdout);
	return true;
}

static void serve(void)
{
	uint64_t since_ns = 0, asked_ns = 0;
	int f;

	for (;;) {
		struct pollfd fds[FLOWS + 1];
		uint64_t now_ns;
		char line[64];
		int64_t us;

		for (f = 0; f < FLOWS; f++)
			fds[f] = (struct pollfd){ .fd = rx[f], .events = POLLIN };
		fds[FLOWS] = (struct pollfd){ .fd = since_ns ? -1 : STDIN_FILENO, .events = POLLIN };
		poll(fds, FLOWS + 1, 20);
		if (fds[FLOWS].revents) {
			ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

			if (n <= 1)
				return;
			line[n - 1] = '\0';
			if (units_int(line, 1, INT64_MAX / 1000, &us, NULL))
				die(line);
			since_ns = (uint64_t)us * NS_PER_USEC;
			asked_ns = clock_mono_ns();
		}
		/* What came before this moment is read before it is judged. */
		now_ns = clock_wall_ns();
		for (f = 0; f < FLOWS; f++)
			receive(f);
		judge(now_ns);
		if (since_ns && answer(since_ns, asked_ns))
			since_ns = 0;
	}
}

int main(int argc, char **argv)
{
	pthread_t sender;
	int pair;

	if (argc != 7) {
		fputs("usage: traffic NS ADDRESS HOST_ADDRESS REF_NS REF_ADDRESS REF_HOST_ADDRESS\n", stderr);
		return 2;
	}
	for (pair = 0; pair < 2; pair++) {
		const char *ns = argv[1 + 3 * pair], *in = argv[2 + 3 * pair], *out = argv[3 + 3 * pair];

		rx[pair] = tx[2 + pair] = open_end(ns, in, out);
		rx[2 + pair] = tx[pair] = open_end(NULL, out, in);
	}
	if (pthread_create(&sender, NULL, send_all, NULL))
		die("thread");
	serve();
	return 0;
}
