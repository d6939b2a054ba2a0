// SPDX-License-Identifier: GPL-2.0-only
/*
 * sshd.c - a stand-in for the session process of sshd: its name, an accepted connection that it keeps, and
 * a command as its descendant. It is found as the real one is, by name and socket.
 *
 *     sshd ADDR PORT COMMAND...
 *
 * Listens, accepts one connection, starts COMMAND, and echoes what comes until COMMAND ends. A forwarded
 * connection: with FORWARD=ADDR:PORT in the environment it opens one to there as well, and keeps it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(const char *addr, const char *port, int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *a;
	int fd, one = 1;

	if (getaddrinfo(addr, port, &hints, &a))
		return -1;
	fd = socket(a->ai_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (use(fd, a->ai_addr, a->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(a);
	return fd;
}

static int session = -1;

/* Whoever is at the other end reads what is still there, and then the end. */
static void on_child(int number)
{
	(void)number;
	if (session >= 0)
		shutdown(session, SHUT_WR);
}

int main(int argc, char **argv)
{
	char buf[4096], *forward = getenv("FORWARD"), *colon;
	int listening, fd;
	ssize_t n;
	pid_t pid;

	if (argc < 4)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	listening = open_socket(argv[1], argv[2], bind);
	if (listening < 0 || listen(listening, 4))
		return 1;
	fd = accept(listening, NULL, NULL);
	if (fd < 0)
		return 1;
	colon = forward ? strrchr(forward, ':') : NULL;
	if (colon) {
		*colon = '\0';
		open_socket(forward, colon + 1, connect);
	}
	session = fd;
	signal(SIGCHLD, on_child);
	pid = fork();
	if (!pid) {
		close(fd);
		close(listening);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && write(fd, buf, (size_t)n) < 0 && errno != EPIPE)
			return 1;
	return 0;
}
