/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * seat.h - the connection that the person sits on: SSH, and the Docker engine's when it is reached over
 * TCP. A fault that hit it would take away the means to end it.
 *
 * SSH: the established sockets that the sshd (or dropbear) among this process's ancestors holds and
 * that came in by a port somebody listens on there; so it is found under sudo, too, where SSH_CONNECTION
 * is lost. In tmux and screen, whose server is nobody's child, those of all attached clients. What
 * SSH_CONNECTION says is added. Docker: the address in DOCKER_HOST=tcp://.
 */
#ifndef FL_SEAT_H
#define FL_SEAT_H

#include <netinet/in.h>
#include <stdint.h>

#include "util/error.h"

#define SEAT_MAX 32

struct seat {
	char name[16];                  /* "ssh", "docker" */
	struct in6_addr local, peer;    /* IPv4 as ::ffff:a.b.c.d */
	uint16_t local_port, peer_port; /* peer_port 0: an endpoint, whoever talks to it is local */
};

/* At most SEAT_MAX; returns how many. None is no error: a console, a service manager. Error: there is an
 * sshd, and its connections cannot be read. */
int seat_find(struct seat *ret, uint32_t *ret_n, struct fl_error *err);

/* "your ssh connection 192.0.2.7:50122 > 10.0.0.5:22". Returns @buf. */
const char *seat_text(const struct seat *s, char *buf, size_t size);

#endif
