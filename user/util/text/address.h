/* SPDX-License-Identifier: GPL-2.0-only */
/* address.h - where to listen, as it is typed. */
#ifndef FL_ADDRESS_H
#define FL_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>

#include "util/error.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "PORT" (on 127.0.0.1), "ADDR:PORT" or "[ADDR6]:PORT"; port 0 takes a free one. @option begins the message. */
int address_parse(const char *option, const char *where, union address *ret, struct fl_error *err);

/* 127.0.0.0/8 or ::1 */
bool address_is_loopback(const union address *a);

/* "127.0.0.1:80", "[::1]:80". Returns @buf. */
#define ADDRESS_TEXT 64
const char *address_text(const union address *a, char buf[ADDRESS_TEXT]);

#endif
