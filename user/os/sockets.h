/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sockets.h - the TCP connections of a network namespace, with how long ago each last carried something:
 * sock_diag(7). Limits: what another host's end of a connection closed, and UDP, leave no trace there.
 */
#ifndef FL_SOCKETS_H
#define FL_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct tcp_connection {
	struct in6_addr local, peer; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t local_port, peer_port;
	uint32_t idle_ms; /* since data or an acknowledgement passed, either way */
	bool closed;      /* TIME-WAIT: it ended so long ago */
};

/* Those of the namespace of @netns_fd (-1: the caller's). *ret is the caller's to free. */
int sockets_tcp(int netns_fd, struct tcp_connection **ret, uint32_t *ret_n, struct fl_error *err);

#endif
