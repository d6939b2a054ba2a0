// SPDX-License-Identifier: GPL-2.0-only
/* owner_order.c - send an order to a living owner (owner.h) and wait for its answer. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "fault/life/owner.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define ANSWER_WITHIN_S 5

static int connect_owner(const char *name, struct fl_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_WITHIN_S };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), FL_RUN_DIR "/%s/control", name);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		error_env(err, errno, "session %s: its owner cannot be reached: %s", name, strerror(errno));
		error_hint(err, "if it is dead, faultline recover cleans up after it");
		return -ENOTCONN;
	}
	return take_fd(fd);
}

static int read_line(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		ssize_t n = recv(fd, buf + len, size - 1 - len, 0);

		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		len += (size_t)n;
		buf[len] = '\0';
		if (strchr(buf, '\n'))
			return 0;
	}
	return -EMSGSIZE;
}

int owner_order(const char *name, const json_t *order, struct fl_error *err)
{
	_cleanup_free_ char *text = json_dumps(order, JSON_COMPACT);
	_cleanup_free_ char *line = text ? text_format("%s\n", text) : NULL;
	_cleanup_fd_ int fd = line ? connect_owner(name, err) : -1;
	char buf[4096];
	json_t *reply;
	int r;

	if (!line)
		return error_sys(err, ENOMEM, "session %s: out of memory", name);
	if (fd < 0)
		return fd;
	r = send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 ? -errno : read_line(fd, buf, sizeof(buf));
	if (r)
		return error_env(err, -r, "session %s: its owner does not answer: %s", name, strerror(-r));
	reply = json_loads(buf, 0, NULL);
	if (!json_is_true(json_object_get(reply, "ok"))) {
		const char *why = json_string_value(json_object_get(reply, "error"));
		const char *hint = json_string_value(json_object_get(reply, "hint"));
		int exit_status = (int)json_integer_value(json_object_get(reply, "exit"));

		r = error_set(err, exit_status ? (enum fl_exit)exit_status : FL_EXIT_INTERNAL, EPROTO, "%s",
			      why ? why : "the owner's answer is not understood");
		if (hint && *hint)
			error_hint(err, "%s", hint);
	}
	json_decref(reply);
	return r;
}
