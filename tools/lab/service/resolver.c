// SPDX-License-Identifier: GPL-2.0-only
/*
 * resolver.c - see resolver.h. One thread owns the c-ares channel and runs all lookups; callers
 * wait for the cache entry to become fresh. A caller whose deadline passes leaves, the lookup goes
 * on and serves those who come later. One lookup a name at a time.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tools/lab/service/resolver.h"
#include "tools/lab/service/upstream.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define TRY_MS      1500 /* of one query; c-ares doubles it for the second */
#define TRIES       2
#define MAX_NAMES   16
#define MAX_SOCKETS 32 /* of c-ares: a name server has one for UDP, and one for what came truncated */
/* A failed lookup is not repeated at once by everybody who waits. */
#define FAILED_NS (200 * NS_PER_MSEC)

struct entry {
	char host[128];
	bool wanted, asked;
	int error; /* of the last lookup */
	struct in_addr addr;
	uint64_t fresh_until_ns, asked_ns;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct entry entries[MAX_NAMES];
static unsigned int n_entries;
static int wake_fd = -1;
static ares_channel channel;
static struct pollfd sockets[MAX_SOCKETS];
static unsigned int n_sockets;
static struct peer_metrics *metrics;

static int error_of(int status)
{
	switch (status) {
	case ARES_SUCCESS: return 0;
	case ARES_ENOTFOUND:
	case ARES_ENODATA: return -ENOENT;
	case ARES_ETIMEOUT: return -ETIMEDOUT;
	default: return -EIO;
	}
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct entry *e = arg;
	uint64_t now = clock_mono_ns();
	const struct ares_addrinfo_node *node = info ? info->nodes : NULL;

	(void)timeouts;
	peer_metrics_record(metrics,
			    status == ARES_SUCCESS    ? CALL_OK
			    : status == ARES_ETIMEOUT ? CALL_TIMEOUT
						      : CALL_ERROR,
			    now - e->asked_ns);
	pthread_mutex_lock(&lock);
	e->error = node ? error_of(status) : status == ARES_SUCCESS ? -ENOENT : error_of(status);
	e->fresh_until_ns = now + FAILED_NS;
	if (!e->error) {
		e->addr = ((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
		e->fresh_until_ns = now + (uint64_t)(node->ai_ttl > 0 ? node->ai_ttl : 1) * NS_PER_SEC;
	}
	e->asked = e->wanted = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (info)
		ares_freeaddrinfo(info);
}

static void ask(void)
{
	static const struct ares_addrinfo_hints hints = { .ai_family = AF_INET, .ai_flags = ARES_AI_NOSORT };
	struct entry *todo[MAX_NAMES];
	unsigned int i, n = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < n_entries; i++) {
		if (!entries[i].wanted || entries[i].asked)
			continue;
		entries[i].asked = true;
		entries[i].asked_ns = clock_mono_ns();
		todo[n++] = &entries[i];
	}
	pthread_mutex_unlock(&lock);
	/* c-ares may answer from within the call, and on_answer takes the lock. */
	for (i = 0; i < n; i++)
		ares_getaddrinfo(channel, todo[i]->host, NULL, &hints, on_answer, todo[i]);
}

/*
 * c-ares says what it wants to know of a socket; neither of both when it is about to close it.
 * Called from within the other calls of c-ares, so by the resolver's thread alone. Where the table is
 * full the socket is not watched, and its query ends by its timeout.
 */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	unsigned int i;

	(void)arg;
	for (i = 0; i < n_sockets && sockets[i].fd != fd; i++)
		;
	if (i == n_sockets && events && n_sockets < MAX_SOCKETS)
		n_sockets++;
	if (i == n_sockets)
		return;
	if (events)
		sockets[i] = (struct pollfd){ .fd = fd, .events = events };
	else
		sockets[i] = sockets[--n_sockets];
}

/* One round: wait for a socket, a timeout of c-ares or a caller, and let c-ares go on. */
static void resolver_step(void)
{
	struct pollfd fds[MAX_SOCKETS + 1];
	unsigned int i, n = n_sockets;
	struct timeval limit, *wait;
	uint64_t token;

	/* A copy: what c-ares does below changes the table. */
	memcpy(fds, sockets, n * sizeof(fds[0]));
	fds[n] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
	wait = ares_timeout(channel, NULL, &limit);
	if (poll(fds, n + 1, wait ? (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1) : -1) < 0)
		return;
	/* The counter only wakes: that it was empty already is as good. */
	if (fds[n].revents & POLLIN && read(wake_fd, &token, sizeof(token)) < 0)
		token = 0;
	for (i = 0; i < n; i++)
		if (fds[i].revents)
			ares_process_fd(channel, fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
					fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void *resolver_run(void *arg)
{
	(void)arg;
	for (;;) {
		ask();
		resolver_step();
	}
	return NULL;
}

int resolver_start(const char *server, const char *name, struct fl_error *err)
{
	struct ares_options options = { .timeout = TRY_MS, .tries = TRIES, .sock_state_cb = on_socket };
	pthread_condattr_t attr;
	pthread_t thread;
	int status;

	/* The local files are left out: a name fault must not be hidden by /etc/hosts. Only where
	 * there is a name server to ask, though: else the system decides. */
	options.lookups = server ? (char[]){ "b" } : (char[]){ "fb" };
	metrics = peer_metrics_get(name);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (!status)
		status = ares_init_options(&channel, &options,
					   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
						   ARES_OPT_SOCK_STATE_CB);
	if (!status && server)
		status = ares_set_servers_ports_csv(channel, server);
	if (status)
		return error_env(err, EINVAL, "resolver '%s': %s", server ? server : "of the system",
				 ares_strerror(status));
	if (wake_fd < 0 || pthread_create(&thread, NULL, resolver_run, NULL))
		return error_sys(err, EAGAIN, "cannot start the resolver");
	pthread_detach(thread);
	return 0;
}

/* The entry of @host, made when there is none; NULL when the table is full. Call locked. */
static struct entry *entry_get(const char *host)
{
	unsigned int i;

	for (i = 0; i < n_entries; i++)
		if (!strcmp(entries[i].host, host))
			return &entries[i];
	if (n_entries == MAX_NAMES || !text_copy(entries[n_entries].host, sizeof(entries[0].host), host))
		return NULL;
	return &entries[n_entries++];
}

int resolver_lookup(const char *host, uint64_t deadline_ns, struct in_addr *ret)
{
	struct timespec until = { .tv_sec = (time_t)(deadline_ns / NS_PER_SEC),
				  .tv_nsec = (long)(deadline_ns % NS_PER_SEC) };
	uint64_t began = clock_mono_ns();
	struct entry *e;
	int rc = 0;

	if (inet_pton(AF_INET, host, ret) == 1)
		return 0;
	pthread_mutex_lock(&lock);
	e = entry_get(host);
	if (!e)
		rc = -ENOSPC;
	while (!rc && clock_mono_ns() >= e->fresh_until_ns) {
		if (!e->wanted) {
			e->wanted = true;
			if (write(wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
				rc = -EIO;
		}
		if (pthread_cond_timedwait(&changed, &lock, &until))
			rc = -ETIMEDOUT;
	}
	if (!rc) {
		rc = e->error;
		*ret = e->addr;
	}
	pthread_mutex_unlock(&lock);
	/* For this caller it is the name server that did not answer, not the peer it wanted. */
	if (rc == -ETIMEDOUT)
		peer_metrics_record(metrics, CALL_TIMEOUT, clock_mono_ns() - began);
	return rc;
}
