// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpwait.c - hold a TCP connection and say how it ends.
 *
 *   tcpwait listen PORT         accept one connection and read until it ends
 *   tcpwait ADDRESS PORT        connect; SIGUSR1 sends a byte
 *
 * Prints "ready" or "connected", and at the end "closed" or the error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/text/units.h"

static int connection = -1;

static void send_byte(int sig)
{
	(void)sig;
	if (send(connection, "x", 1, MSG_NOSIGNAL) < 0)
		return; /* the reader sees the same error */
}

static int say(const char *what)
{
	puts(what);
	fflush(stdout);
	return 0;
}

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 2;
}

static int open_listener(struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)addr, sizeof(*addr)) || listen(fd, 1))
		return -1;
	say("ready");
	return accept(fd, NULL, NULL);
}

static int open_client(struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)addr, sizeof(*addr)))
		return -1;
	say("connected");
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct sigaction on_usr1 = { .sa_handler = send_byte, .sa_flags = SA_RESTART };
	int64_t port;
	char byte;
	ssize_t n;

	if (argc != 3 || units_int(argv[2], 1, 65535, &port, NULL))
		return 2;
	addr.sin_port = htons((uint16_t)port);
	if (!strcmp(argv[1], "listen"))
		connection = open_listener(&addr);
	else if (inet_pton(AF_INET, argv[1], &addr.sin_addr) == 1)
		connection = open_client(&addr);
	if (connection < 0)
		return fail("open");
	sigaction(SIGUSR1, &on_usr1, NULL);
	alarm(20); /* nobody waits for ever */
	do
		n = read(connection, &byte, 1);
	while (n > 0);
	return n ? fail("read") : say("closed");
}
