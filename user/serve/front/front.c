// SPDX-License-Identifier: GPL-2.0-only
/* front.c - see front.h: listeners, connections and their limits of time, the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/front/private.h"
#include "util/text/address.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define MEMORY    (16u << 10) /* of a connection: its head has to fit */
#define TICK_MS   1000
#define PING_NS   15000000000ull
#define IDLE_S    60u
#define KEPT_IDLE (CONNECTIONS_MAX * 3 / 4) /* above that the oldest idle one goes when another comes */

/* --- connections ----------------------------------------------------------------------------------- */

static void close_oldest_idle(struct front *f)
{
	struct conn *c, *oldest = NULL;

	for (c = f->conns; c; c = c->next)
		if (!c->answering && c->fd >= 0 && (!oldest || c->since_ns < oldest->since_ns))
			oldest = c;
	if (!oldest)
		return;
	shutdown(oldest->fd, SHUT_RDWR);
	oldest->answering = true; /* not again */
}

static void conn_begin(struct front *f, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = peer ? peer->client_addr : NULL;
	struct conn *c = calloc(1, sizeof(*c));

	*context = c;
	if (!c)
		return; /* its requests are refused */
	c->f = f;
	c->fd = fd ? fd->connect_fd : -1;
	c->is_unix = sa && sa->sa_family == AF_UNIX;
	c->since_ns = clock_mono_ns();
	if (sa && !c->is_unix)
		address_text((const union address *)sa, c->from);
	else
		text_copy(c->from, sizeof(c->from), "unix socket");
	if (f->n_conns >= KEPT_IDLE)
		close_oldest_idle(f);
	c->next = f->conns;
	c->self = &f->conns;
	if (c->next)
		c->next->self = &c->next;
	f->conns = c;
	f->n_conns++;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct front *f = cls;
	struct conn *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_begin(f, connection, context);
		return;
	}
	if (!c)
		return;
	*c->self = c->next;
	if (c->next)
		c->next->self = c->self;
	f->n_conns--;
	free(c);
	*context = NULL;
}

/* A client that sends or reads a byte now and then is not idle to the library; it is late all the same. */
static void close_late(struct front *f)
{
	uint64_t now = clock_mono_ns();
	struct conn *c;

	for (c = f->conns; c; c = c->next)
		if (!c->listens && c->fd >= 0 && now - c->since_ns > (c->answering ? RESPONSE_NS : REQUEST_NS))
			shutdown(c->fd, SHUT_RDWR);
}

/* --- the channel ------------------------------------------------------------------------------------ */

static struct exchange *find(struct exchange *list, uint32_t id)
{
	for (; list && list->id != id; list = list->next)
		;
	return list;
}

static void take_message(struct front *f)
{
	struct exchange *x;
	uint32_t status;

	switch (f->in.head.type) {
	case WIRE_EVENT: stream_add(f, f->in.body.s, f->in.body.len); break;
	case WIRE_GONE:
		x = find(f->streams, f->in.head.id);
		if (x)
			x->ended = true;
		break;
	case WIRE_ANSWER:
		x = find(f->waiting, f->in.head.id);
		if (!x || f->in.body.len < sizeof(status))
			break;
		memcpy(&status, f->in.body.s, sizeof(status));
		memmove(f->in.body.s, f->in.body.s + sizeof(status), f->in.body.len - sizeof(status) + 1);
		f->in.body.len -= sizeof(status);
		request_answer(x, status, &f->in.body);
		break;
	default: break;
	}
}

/* False: the privileged half is gone. */
static bool serve_channel(struct front *f, short events)
{
	int r = 0;

	if (events & (POLLIN | POLLHUP | POLLERR)) {
		while ((r = wire_get(&f->in, f->channel, WIRE_ANSWER_MAX)) > 0)
			take_message(f);
	}
	return r >= 0;
}

/* --- the loop --------------------------------------------------------------------------------------- */

static struct MHD_Daemon *start(struct front *f, int listening)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_handle, f,
				MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_NOTIFY_CONNECTION, on_connection, f,
				MHD_OPTION_NOTIFY_COMPLETED, request_completed, f, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
				MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
}

static int daemon_fd(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *epoll = d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD) : NULL;

	return epoll ? epoll->epoll_fd : -1;
}

static int wait_ms(const struct front *f)
{
	MHD_UNSIGNED_LONG_LONG ms, least = TICK_MS;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(f->daemons); i++)
		if (f->daemons[i] && MHD_get_timeout(f->daemons[i], &ms) == MHD_YES && ms < least)
			least = ms;
	return (int)least;
}

static void loop(struct front *f)
{
	uint64_t ticked = 0, pinged = clock_mono_ns(), now;
	size_t i;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = f->channel, .events = POLLIN | (f->out.first ? POLLOUT : 0) },
			{ .fd = daemon_fd(f->daemons[0]), .events = POLLIN },
			{ .fd = daemon_fd(f->daemons[1]), .events = POLLIN },
		};

		if (poll(p, ARRAY_SIZE(p), wait_ms(f)) < 0 && errno != EINTR)
			return;
		if (!serve_channel(f, p[0].revents))
			return;
		now = clock_mono_ns();
		stream_wake(f, now - pinged > PING_NS);
		pinged = now - pinged > PING_NS ? now : pinged;
		for (i = 0; i < ARRAY_SIZE(f->daemons); i++)
			if (f->daemons[i])
				MHD_run(f->daemons[i]);
		if (wire_flush(&f->out, f->channel) < 0)
			return;
		if (now - ticked > TICK_MS * NS_PER_MSEC) {
			close_late(f);
			ticked = now;
		}
	}
}

int front_main(const char *host_name)
{
	static struct front f;
	int r;

	if (fcntl(FRONT_CHANNEL, F_SETFL, O_NONBLOCK)) {
		fputs("faultline serve-front is started by faultline serve\n", stderr);
		return FL_EXIT_USAGE;
	}
	close_range(FRONT_FDS, ~0u, 0); /* what whoever started the server had left open */
	prctl(PR_SET_NAME, "fl-serve");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* of the terminal: the other half ends us */
	f.channel = FRONT_CHANNEL;
	f.host_name = host_name;
	wire_in_init(&f.in);
	f.daemons[0] = start(&f, FRONT_UNIX);
	if (fcntl(FRONT_TCP, F_GETFD) >= 0)
		f.daemons[1] = start(&f, FRONT_TCP);
	r = f.daemons[0] ? front_confine() : -EIO;
	if (r) {
		fprintf(stderr, "faultline: the process that speaks HTTP cannot give up its rights: %s\n",
			strerror(-r));
		return FL_EXIT_ENVIRONMENT;
	}
	loop(&f);
	return FL_EXIT_OK;
}
