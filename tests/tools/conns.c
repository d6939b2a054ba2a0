// SPDX-License-Identifier: GPL-2.0-only
/*
 * conns.c - many TCP connections to one HTTP server, both ends of them.
 *
 *   conns serve PORT           answer every request; close behind one with "Connection: close"
 *   conns ask ADDRESS PORT     do what each line of standard input says, and say how it went:
 *
 *     hold N      open N connections, ask once on each, keep them
 *     again       ask once more on each that is kept
 *     come N R    N connections, R a second, that ask once and are closed by the server
 *     leave       a last request on each that is kept, which the server then closes
 *
 * {"made", "failed", "connect_p50_us", ..., "p50_us", "p99_us", "p999_us", "total_p50_us",
 * ...}: connect() to connected; a request's first byte to its answer's last; both, from when it
 * was due. What comes (come) is due by the clock, whatever became of those before, so that a
 * slow answer takes no other's place; of the rest WINDOW are under way at a time. The server
 * closes first: it is there that TIME_WAIT is, and no port of the client's is used up.
 *
 * Limit: the server wants a request whole, in one segment; one that is not ends its connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/text/units.h"

#define WINDOW        64
#define MAX_HELD      50000
#define STALL_MS      5000 /* nothing happened for so long: nothing will */
#define EVENTS        256

#define REQUEST(more) "GET /hello HTTP/1.1\r\nHost: conns\r\n" more "\r\n"
#define ANSWER(more)  "HTTP/1.1 200 OK\r\n" more "Content-Length: 6\r\n\r\nhello\n"
#define LAST          "Connection: close\r\n"

static const char *const requests[] = { REQUEST(""), REQUEST(LAST) };
static const char *const answers[] = { ANSWER(""), ANSWER(LAST) };

static int queue; /* epoll's */

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "conns: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void watch(int op, int fd, uint32_t events, void *ptr)
{
	struct epoll_event e = { .events = events, .data.ptr = ptr };

	if (epoll_ctl(queue, op, fd, &e))
		die("epoll_ctl");
}

/* --- the server: of a connection it knows nothing but the descriptor
 * --------------------------- */

static void answer(int fd)
{
	char request[1024];
	ssize_t n = recv(fd, request, sizeof(request), 0), length;
	bool last;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 4 || memcmp(request + n - 4, "\r\n\r\n", 4)) {
		close(fd);
		return;
	}
	last = memmem(request, (size_t)n, LAST, sizeof(LAST) - 1);
	length = (ssize_t)strlen(answers[last]);
	if (send(fd, answers[last], (size_t)length, MSG_NOSIGNAL) != length || last)
		close(fd);
}

static int serve(struct sockaddr_in *addr)
{
	int listener = open_socket(), on = 1, fd, i, n;
	struct epoll_event events[EVENTS];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)addr, sizeof(*addr)) || listen(listener, 65535))
		die("bind or listen");
	watch(EPOLL_CTL_ADD, listener, EPOLLIN, (void *)(intptr_t)listener);
	for (;;) {
		n = epoll_wait(queue, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			fd = (int)(intptr_t)events[i].data.ptr;
			if (fd != listener) {
				answer(fd);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
				watch(EPOLL_CTL_ADD, fd, EPOLLIN, (void *)(intptr_t)fd);
			if (errno != EAGAIN && errno != ECONNABORTED)
				die("accept");
		}
	}
}

/* --- the client
 * -------------------------------------------------------------------------------- */

struct conn {
	int fd;
	enum { CONNECTING, ASKING, ENDING, IDLE, GONE } state;
	bool last;    /* its request is */
	uint32_t got; /* bytes of the answer */
	uint64_t due_ns, began_ns, asked_ns;
};

struct samples {
	uint64_t *ns;
	uint32_t n;
};

/* One command. */
struct round {
	struct sockaddr_in *addr;
	uint32_t count, begun, done, failed;
	uint32_t rate; /* a second; 0: as soon as the window has room */
	bool kept;     /* on those that are kept, not on new ones */
	bool last;
	uint64_t start_ns;
	struct samples connect, request, total;
};

static struct conn *held[MAX_HELD];
static uint32_t n_held;

static void sample(struct samples *s, uint64_t ns)
{
	s->ns[s->n++] = ns;
}

/* It stays in memory, where held[] may have it. One that was idle fails when it is asked again.
 */
static void failed(struct round *r, struct conn *c, const char *what)
{
	if (c->state != IDLE) {
		if (!r->failed++)
			fprintf(stderr, "conns: %s: %s\n", what, errno ? strerror(errno) : "ended");
		r->done++;
	}
	if (c->state != GONE)
		close(c->fd);
	c->state = GONE;
}

static void ask(struct round *r, struct conn *c)
{
	ssize_t length = (ssize_t)strlen(requests[r->last]);

	if (c->state == GONE) {
		errno = 0;
		failed(r, c, "kept connection");
		return;
	}
	c->state = ASKING;
	c->last = r->last;
	c->got = 0;
	c->asked_ns = clock_mono_ns();
	if (send(c->fd, requests[r->last], (size_t)length, MSG_NOSIGNAL) != length)
		failed(r, c, "send");
}

static void begin(struct round *r, uint64_t due_ns)
{
	struct conn *c = r->kept ? held[r->begun] : calloc(1, sizeof(*c));

	r->begun++;
	if (!c)
		die("calloc");
	c->due_ns = due_ns;
	if (r->kept) {
		ask(r, c);
		return;
	}
	c->fd = open_socket();
	c->state = CONNECTING;
	c->began_ns = clock_mono_ns();
	if (connect(c->fd, (struct sockaddr *)r->addr, sizeof(*r->addr)) && errno != EINPROGRESS)
		failed(r, c, "connect");
	else
		watch(EPOLL_CTL_ADD, c->fd, EPOLLIN | EPOLLOUT, c);
}

static void connected(struct round *r, struct conn *c)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
		errno = error;
		failed(r, c, "connect");
		return;
	}
	sample(&r->connect, clock_mono_ns() - c->began_ns);
	watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
	ask(r, c);
}

static void answered(struct round *r, struct conn *c)
{
	uint64_t now_ns = clock_mono_ns();

	sample(&r->request, now_ns - c->asked_ns);
	sample(&r->total, now_ns - c->due_ns);
	c->state = r->last ? ENDING : IDLE;
	if (r->last)
		return;
	r->done++;
	if (!r->kept && n_held < MAX_HELD)
		held[n_held++] = c;
}

static void readable(struct round *r, struct conn *c)
{
	const char *want = answers[c->last];
	size_t length = strlen(want);
	char bytes[256];
	ssize_t n;

	errno = 0;
	n = recv(c->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (c->state == ENDING && !n) {
		r->done++;
		close(c->fd);
		free(c);
	} else if (c->state != ASKING || n <= 0 || (size_t)n > length - c->got ||
		   memcmp(bytes, want + c->got, (size_t)n)) {
		failed(r, c, "answer");
	} else {
		c->got += (uint32_t)n;
		if (c->got == length)
			answered(r, c);
	}
}

/* Begin what is due. Returns how long to wait for what is next: ns, or for ever. */
static uint64_t begin_due(struct round *r)
{
	uint64_t now_ns = clock_mono_ns(), due_ns;

	if (!r->rate) {
		while (r->begun < r->count && r->begun - r->done < WINDOW)
			begin(r, now_ns);
		return UINT64_MAX;
	}
	for (; r->begun < r->count; begin(r, due_ns)) {
		due_ns = r->start_ns + (uint64_t)r->begun * NS_PER_SEC / r->rate;
		if (due_ns > now_ns)
			return due_ns - now_ns;
	}
	return UINT64_MAX;
}

static void run(struct round *r)
{
	struct epoll_event events[EVENTS];
	uint64_t wait_ns, stall_ns = STALL_MS * (uint64_t)NS_PER_MSEC;
	struct timespec ts;
	int i, n;

	r->start_ns = clock_mono_ns();
	while (r->done < r->count) {
		wait_ns = begin_due(r);
		if (r->done == r->count)
			break; /* those that failed at once */
		if (wait_ns > stall_ns)
			wait_ns = stall_ns;
		ts = (struct timespec){ .tv_sec = (time_t)(wait_ns / NS_PER_SEC),
					.tv_nsec = (long)(wait_ns % NS_PER_SEC) };
		n = epoll_pwait2(queue, events, EVENTS, &ts, NULL);
		if (!n && wait_ns == stall_ns)
			break;
		for (i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (c->state == CONNECTING)
				connected(r, c);
			else
				readable(r, c);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void set_quantiles(json_t *o, const char *name, struct samples *s)
{
	static const struct {
		const char *suffix;
		uint64_t permille;
	} quantiles[] = { { "p50_us", 500 }, { "p99_us", 990 }, { "p999_us", 999 } };
	char key[32];
	int i;

	qsort(s->ns, s->n, sizeof(*s->ns), by_value);
	for (i = 0; i < 3 && s->n; i++) {
		uint64_t ns = s->ns[(s->n - 1) * quantiles[i].permille / 1000];

		snprintf(key, sizeof(key), "%s%s", name, quantiles[i].suffix);
		json_object_set_new(o, key, json_real((double)ns / 1e3));
	}
}

/* Print what came of it; what did not come to an end has failed, and there is nothing behind
 * it. */
static void finish(struct round *r)
{
	uint32_t stuck = r->count - r->done;
	json_t *o = json_pack("{s:i, s:i}", "made", (int)(r->done - r->failed), "failed", (int)(r->failed + stuck));

	set_quantiles(o, "connect_", &r->connect);
	set_quantiles(o, "", &r->request);
	set_quantiles(o, "total_", &r->total);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
	free(r->connect.ns);
	free(r->request.ns);
	free(r->total.ns);
	if (stuck)
		exit(1);
	if (r->kept && r->last)
		n_held = 0;
}

static bool number(const char *text, int64_t max, uint32_t *ret)
{
	int64_t value = 0;

	if (!text || units_int(text, 1, max, &value, NULL))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool parse(char *line, struct round *r)
{
	char *rest = line, *word = strsep(&rest, " ");

	if (!strcmp(word, "hold"))
		return number(rest, (int64_t)(MAX_HELD - n_held), &r->count);
	if (!strcmp(word, "come")) {
		r->last = true;
		return number(strsep(&rest, " "), 10000000, &r->count) && number(rest, 100000, &r->rate);
	}
	r->kept = true;
	r->last = !strcmp(word, "leave");
	r->count = n_held;
	return r->last || !strcmp(word, "again");
}

static int ask_all(struct sockaddr_in *addr)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		struct round r = { .addr = addr };

		line[strcspn(line, "\n")] = '\0';
		if (!parse(line, &r))
			return 2;
		r.connect.ns = calloc(r.count + 1, sizeof(uint64_t));
		r.request.ns = calloc(r.count + 1, sizeof(uint64_t));
		r.total.ns = calloc(r.count + 1, sizeof(uint64_t));
		if (!r.connect.ns || !r.request.ns || !r.total.ns)
			die("calloc");
		run(&r);
		finish(&r);
	}
	return 0;
}

/* As many descriptors as may be had. */
static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		die("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("setrlimit");
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int64_t port;

	if (argc < 3 || units_int(argv[argc - 1], 1, 65535, &port, NULL))
		return 2;
	addr.sin_port = htons((uint16_t)port);
	raise_limit();
	queue = epoll_create1(EPOLL_CLOEXEC);
	if (queue < 0)
		die("epoll_create1");
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(&addr);
	if (argc == 4 && !strcmp(argv[1], "ask") && inet_pton(AF_INET, argv[2], &addr.sin_addr) == 1)
		return ask_all(&addr);
	return 2;
}
