// SPDX-License-Identifier: GPL-2.0-only
/* address.c - see address.h */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "util/text/address.h"
#include "util/cleanup.h"
#include "util/text/units.h"

int address_parse(const char *option, const char *where, union address *ret, struct fl_error *err)
{
	const char *colon = strrchr(where, ':'), *digits = colon ? colon + 1 : where;
	_cleanup_free_ char *host = colon ? strndup(where, (size_t)(colon - where)) : strdup("127.0.0.1");
	size_t len = host ? strlen(host) : 0;
	int64_t port;
	int r = units_int(digits, 0, 65535, &port, err);

	memset(ret, 0, sizeof(*ret));
	if (r || !host)
		return r ? r : error_sys(err, ENOMEM, "out of memory");
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		r = inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr);
	} else {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		r = inet_pton(AF_INET, host, &ret->v4.sin_addr);
	}
	if (r == 1)
		return 0;
	r = error_usage(err, "%s %.100s: no address", option, where);
	error_hint(err, "PORT, 127.0.0.1:PORT or [::1]:PORT");
	return r;
}

bool address_is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return a->any.sa_family == AF_INET && ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

const char *address_text(const union address *a, char buf[ADDRESS_TEXT])
{
	bool v6 = a->any.sa_family == AF_INET6;
	char host[INET6_ADDRSTRLEN] = "";

	inet_ntop(a->any.sa_family, v6 ? (const void *)&a->v6.sin6_addr : (const void *)&a->v4.sin_addr, host,
		  sizeof(host));
	snprintf(buf, ADDRESS_TEXT, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
		 ntohs(v6 ? a->v6.sin6_port : a->v4.sin_port));
	return buf;
}
