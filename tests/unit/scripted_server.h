/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scripted_server.h - an HTTP server for tests that answers exactly the bytes a test wants, also
 * wrong ones: a thread that takes one connection after the other on 127.0.0.1.
 */
#ifndef FLTEST_SCRIPTED_SERVER_H
#define FLTEST_SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/text/text.h"

struct scripted_server {
	/* What to answer to the n-th request (from 0), whose text is @request: bytes to send, then
	 * the connection ends. "" closes without an answer; "ENDLESS" sends until the peer goes;
	 * "HANG" says nothing until the peer goes. */
	const char *(*answer)(struct scripted_server *s, int n, const char *request);
	void *ctx;
	int fd, port;
	atomic_int requests;
	char url[64];
	char last[8192]; /* the last request */
	pthread_t thread;
};

static inline void server_send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

/* Until the peer is gone, at most 10 s. */
static inline void server_wait_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c[64];

	while (poll(&p, 1, 10000) == 1 && recv(fd, c, sizeof(c), 0) > 0)
		;
}

static inline void server_endless(int fd)
{
	char zeros[65536];

	memset(zeros, '0', sizeof(zeros));
	server_send_all(fd, "HTTP/1.1 200 OK\r\n\r\n[", 20);
	while (send(fd, zeros, sizeof(zeros), MSG_NOSIGNAL) > 0)
		;
}

/* A whole request: its head, and as much body as Content-Length says. */
static inline bool server_read_request(int fd, char *buf, size_t size)
{
	size_t n = 0, want = 0;
	char *head, *length;

	while (n + 1 < size) {
		ssize_t got = recv(fd, buf + n, size - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
		head = strstr(buf, "\r\n\r\n");
		if (!head)
			continue;
		length = strcasestr(buf, "content-length:");
		want = length ? strtoul(length + 15, NULL, 10) : 0;
		if (n >= (size_t)(head + 4 - buf) + want)
			return true;
	}
	return false;
}

static inline void *server_main(void *arg)
{
	struct scripted_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		if (server_read_request(fd, s->last, sizeof(s->last))) {
			const char *answer = s->answer(s, atomic_fetch_add(&s->requests, 1), s->last);

			if (!strcmp(answer, "ENDLESS"))
				server_endless(fd);
			else if (!strcmp(answer, "HANG"))
				server_wait_gone(fd);
			else
				server_send_all(fd, answer, strlen(answer));
		}
		close(fd);
	}
	return NULL;
}

static inline void server_start(struct scripted_server *s)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(s->fd, 64) ||
	    getsockname(s->fd, (struct sockaddr *)&addr, &len))
		abort();
	s->port = ntohs(addr.sin_port);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", s->port);
	atomic_store(&s->requests, 0);
	if (pthread_create(&s->thread, NULL, server_main, s))
		abort();
}

static inline void server_stop(struct scripted_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

#endif
