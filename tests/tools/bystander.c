// SPDX-License-Identifier: GPL-2.0-only
/*
 * bystander - a process that notices whatever a fault might do to it, and counts that.
 *
 *   bystander FILE [--family] [--peer ADDRESS] [--file PATH] [--stopped MS]   watch, until killed
 *   bystander --read FILE...                                   what they have noticed, a line a process
 *   bystander --serve                                          the peer: HTTP on 8080, DNS on 53
 *
 * Each process (with --family: a thread and a child besides) has a slot in FILE, which is mapped, so that a
 * process without a free descriptor, or one that is stopped, can be read all the same. Counters only
 * grow; a test reads them before and after. The limits are far from what a busy machine does by itself; on
 * an emulated one, --stopped says from which gap on a process takes itself for stopped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_MS   50
#define SLOW_MS     400
#define PATIENCE_MS 800
#define BODY        4000

enum counter { LOOPS, CLOCK, STOP, FD, CALL, NET, SLOW, HTTP, DNS, DUP, STRESS, CONTENT, N_COUNTERS };

static const char *const names[] = { "loops", "clock", "stop", "fd",  "call",   "net",
				     "slow",  "http",  "dns",  "dup", "stress", "content" };

enum { SELF, THREAD, CHILD, N_SLOTS };

static const char *const slots[] = { "self", "thread", "child" };

struct slot {
	volatile int pid;
	volatile uint64_t count[N_COUNTERS];
};

static struct slot *all;
static const char *peer, *path;
static uint64_t body_hash;
static int64_t stopped_ms = 500;
static volatile sig_atomic_t continued;

static int64_t now_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void on_cont(int signal)
{
	(void)signal;
	continued++;
}

/* ---- what is looked at --------------------------------------------------------------------------- */

static void look_at_clock(struct slot *s, int64_t *offset)
{
	int64_t now = now_ms(CLOCK_REALTIME) - now_ms(CLOCK_MONOTONIC);

	if (!*offset)
		*offset = now;
	if (llabs(now - *offset) > 500)
		s->count[CLOCK]++;
}

/* Sleep for a period: to be stopped shows as a sleep that was too long, and most ways by SIGCONT. */
static void rest(struct slot *s, sig_atomic_t *seen)
{
	const struct timespec period = { .tv_nsec = PERIOD_MS * 1000000 };
	int64_t before = now_ms(CLOCK_MONOTONIC);

	nanosleep(&period, NULL);
	if (now_ms(CLOCK_MONOTONIC) - before > stopped_ms || continued != *seen)
		s->count[STOP]++;
	*seen = continued;
}

static void look_at_files(struct slot *s)
{
	char buf[4096];
	uint64_t hash = 14695981039346656037u;
	int fd = open(path ? path : "/dev/null", O_RDONLY | O_CLOEXEC);
	ssize_t n, i;

	if (fd < 0) {
		s->count[errno == EMFILE ? FD : CALL]++;
		return;
	}
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		s->count[CALL]++;
	for (i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)buf[i]) * 1099511628211u;
	if (!body_hash)
		body_hash = hash;
	if (hash != body_hash)
		s->count[CONTENT]++;
	close(fd);
}

/* Is there a stressor in a cgroup that we are in, so that what it takes of CPU time or memory is our loss? */
static void look_at_cgroups(struct slot *s)
{
	char line[512], dir[700], name[64], comm[32];
	FILE *f = fopen("/proc/self/cgroup", "re"), *procs, *c;
	int pid;

	while (f && fgets(line, sizeof(line), f)) {
		char *controller = strchr(line, ':'), *place = controller ? strchr(controller + 1, ':') : NULL;

		if (!place || !strcmp(place, ":/\n"))
			continue;
		if (!strstr(line, ":cpu:") && !strstr(line, ":cpu,") && !strstr(line, ":memory:") &&
		    (strncmp(line, "0::", 3) || !access("/sys/fs/cgroup/memory", F_OK)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		*place++ = '\0';
		controller++;
		snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%s%s/cgroup.procs", controller, place);
		procs = fopen(dir, "re");
		while (procs && fscanf(procs, "%d", &pid) == 1) {
			snprintf(name, sizeof(name), "/proc/%d/comm", pid);
			c = fopen(name, "re");
			if (c && fgets(comm, sizeof(comm), c) && !strncmp(comm, "stress-ng", 9))
				s->count[STRESS]++;
			if (c)
				fclose(c);
		}
		if (procs)
			fclose(procs);
	}
	if (f)
		fclose(f);
}

static struct sockaddr_in address(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, peer, &a.sin_addr);
	return a;
}

/* A socket with an address and a patience; -1, counted. */
static int reach(struct slot *s, int type, int port)
{
	struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
	struct sockaddr_in a = address(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		s->count[errno == EMFILE ? FD : CALL]++;
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	s->count[NET]++;
	close(fd);
	return -1;
}

/* One connection stays open until the next one is: who may have no second one notices. */
static void hold(int fd)
{
	static int held = -1;

	if (held >= 0)
		close(held);
	held = fd;
}

static void look_at_http(struct slot *s)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: peer\r\nConnection: close\r\n\r\n";
	int64_t before = now_ms(CLOCK_MONOTONIC);
	int fd = reach(s, SOCK_STREAM, 8080);
	char buf[BODY + 1024];
	size_t len = 0, i, wrong = 0;
	ssize_t n;

	if (fd < 0) {
		hold(-1);
		return;
	}
	n = send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL);
	while (n > 0 && len < sizeof(buf)) {
		n = recv(fd, buf + len, sizeof(buf) - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	for (i = len > BODY ? len - BODY : len; i < len; i++)
		wrong += buf[i] != 'x';
	if (n < 0 || len < BODY)
		s->count[NET]++;
	else if (strncmp(buf, "HTTP/1.1 200", 12) || wrong)
		s->count[HTTP]++;
	if (now_ms(CLOCK_MONOTONIC) - before > SLOW_MS)
		s->count[SLOW]++;
	hold(fd);
}

/* What the peer answers to every question. */
static const unsigned char dns_record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1 };

static void look_at_dns(struct slot *s, uint16_t id)
{
	unsigned char query[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 'p', 'e', 'e', 'r', 0, 0, 1, 0, 1 };
	int64_t before = now_ms(CLOCK_MONOTONIC);
	int fd = reach(s, SOCK_DGRAM, 53);
	unsigned char answer[512];
	ssize_t n;

	if (fd < 0)
		return;
	query[0] = (unsigned char)(id >> 8);
	query[1] = (unsigned char)id;
	n = send(fd, query, sizeof(query), 0);
	if (n > 0)
		n = recv(fd, answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(query) + sizeof(dns_record)) || memcmp(answer, query, 2) || (answer[3] & 15) ||
	    memcmp(answer + 12, query + 12, sizeof(query) - 12) ||
	    memcmp(answer + sizeof(query), dns_record, sizeof(dns_record)))
		s->count[DNS]++;
	else if (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		s->count[DUP]++;
	if (now_ms(CLOCK_MONOTONIC) - before > SLOW_MS)
		s->count[SLOW]++;
	close(fd);
}

/* ---- the processes --------------------------------------------------------------------------------- */

_Noreturn static void watch(struct slot *s)
{
	sig_atomic_t seen = continued;
	int64_t offset = 0;
	uint16_t id = 0;

	s->pid = getpid();
	for (;;) {
		look_at_clock(s, &offset);
		look_at_files(s);
		if (s->count[LOOPS] % 4 == 0)
			look_at_cgroups(s);
		if (peer) {
			look_at_http(s);
			look_at_dns(s, ++id);
		}
		s->count[LOOPS]++;
		rest(s, &seen);
	}
}

static void *watch_in_thread(void *arg)
{
	struct slot *s = &all[THREAD];
	sig_atomic_t seen = continued;
	int64_t offset = 0;

	(void)arg;
	s->pid = getpid();
	for (;;) {
		look_at_clock(s, &offset);
		s->count[LOOPS]++;
		rest(s, &seen);
	}
	return NULL;
}

static struct slot *map(const char *file, int flags)
{
	size_t size = N_SLOTS * sizeof(struct slot);
	int fd = open(file, flags | O_CLOEXEC, 0666);
	struct slot *s;

	if (fd < 0 || (flags & O_CREAT && ftruncate(fd, (off_t)size)))
		return NULL;
	s = mmap(NULL, size, flags & O_CREAT ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return s == MAP_FAILED ? NULL : s;
}

static int read_file(const char *file)
{
	const char *name = strrchr(file, '/');
	int i, j;

	all = map(file, O_RDONLY);
	if (!all)
		return 1;
	for (i = 0; i < N_SLOTS; i++) {
		if (!all[i].pid)
			continue;
		printf("%s %s", name ? name + 1 : file, slots[i]);
		for (j = 0; j < N_COUNTERS; j++)
			printf(" %s=%llu", names[j], (unsigned long long)all[i].count[j]);
		putchar('\n');
	}
	munmap(all, N_SLOTS * sizeof(*all));
	return 0;
}

/* ---- the peer -------------------------------------------------------------------------------------- */

static int listen_on(int type, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || (type == SOCK_STREAM && listen(fd, 64))) {
		perror("bystander --serve");
		exit(1);
	}
	return fd;
}

static void serve_http(int server)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = accept(server, NULL, NULL);
	char out[BODY + 200], in[512];
	int head;

	if (fd < 0 || fork())
		goto out;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (recv(fd, in, sizeof(in), 0) <= 0)
		_exit(0);
	head = snprintf(out, 200, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
	memset(out + head, 'x', BODY);
	send(fd, out, (size_t)head + BODY, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	recv(fd, in, sizeof(in), 0);
	_exit(0);
out:
	if (fd >= 0)
		close(fd);
}

static void serve_dns(int server)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	unsigned char buf[600];
	ssize_t n = recvfrom(server, buf, 500, 0, (struct sockaddr *)&from, &size);

	if (n < 12)
		return;
	buf[2] = 0x81;
	buf[3] = 0x80;
	buf[7] = 1;
	memcpy(buf + n, dns_record, sizeof(dns_record));
	sendto(server, buf, (size_t)n + sizeof(dns_record), 0, (struct sockaddr *)&from, size);
}

_Noreturn static void serve(void)
{
	struct pollfd fds[2] = { { listen_on(SOCK_STREAM, 8080), POLLIN, 0 },
				 { listen_on(SOCK_DGRAM, 53), POLLIN, 0 } };

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			serve_http(fds[0].fd);
		if (fds[1].revents)
			serve_dns(fds[1].fd);
	}
}

int main(int argc, char **argv)
{
	struct sigaction cont = { .sa_handler = on_cont, .sa_flags = SA_RESTART };
	bool family = false;
	pthread_t thread;
	int i;

	if (argc == 2 && !strcmp(argv[1], "--serve"))
		serve();
	if (argc > 2 && !strcmp(argv[1], "--read")) {
		for (i = 2; i < argc; i++)
			if (read_file(argv[i]))
				return 1;
		return 0;
	}
	for (i = 2; i < argc; i++) {
		family |= !strcmp(argv[i], "--family");
		if (i + 1 < argc && !strcmp(argv[i], "--peer"))
			peer = argv[i + 1];
		if (i + 1 < argc && !strcmp(argv[i], "--file"))
			path = argv[i + 1];
		if (i + 1 < argc && !strcmp(argv[i], "--stopped"))
			stopped_ms = strtoll(argv[i + 1], NULL, 10);
	}
	all = argc > 1 ? map(argv[1], O_RDWR | O_CREAT) : NULL;
	if (!all) {
		fprintf(stderr, "bystander: no file\n");
		return 2;
	}
	sigaction(SIGCONT, &cont, NULL);
	if (family && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch(&all[CHILD]);
	}
	if (family && pthread_create(&thread, NULL, watch_in_thread, NULL))
		return 2;
	watch(&all[SELF]);
}
