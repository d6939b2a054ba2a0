// SPDX-License-Identifier: GPL-2.0-only
/* cidr.c - see cidr.h */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text/cidr.h"
#include "util/text/units.h"

static void mask(struct in6_addr *addr, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < 16; i++)
		if (len < 8 * (i + 1))
			addr->s6_addr[i] &= len <= 8 * i ? 0 : (uint8_t)(0xff00u >> (len - 8 * i));
}

int cidr_parse(const char *word, struct in6_addr *ret, uint8_t *ret_len, struct fl_error *err)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	_cleanup_free_ char *copy = strdup(word);
	char *slash = copy ? strchr(copy, '/') : NULL;
	struct in6_addr addr;
	int64_t len, bits;

	if (!copy)
		return error_sys(err, ENOMEM, "addresses: out of memory");
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, copy, addr.s6_addr + 12) == 1) {
		memcpy(addr.s6_addr, mapped, sizeof(mapped));
		bits = 32;
	} else if (inet_pton(AF_INET6, copy, &addr) == 1) {
		bits = 128;
	} else {
		return error_usage(err, "'%s' is no IPv4 or IPv6 address", copy);
	}
	len = bits;
	if (slash && units_int(slash + 1, 0, bits, &len, NULL))
		return error_usage(err, "'/%s' is no prefix length of 0..%d", slash + 1, (int)bits);
	len += 128 - bits;
	mask(&addr, (uint32_t)len);
	*ret = addr;
	*ret_len = (uint8_t)len;
	return 0;
}

int range_parse(const char *text, int64_t min, int64_t max, int64_t *ret_from, int64_t *ret_to, struct fl_error *err)
{
	const char *dash = strchr(text, '-');
	_cleanup_free_ char *first = dash ? strndup(text, (size_t)(dash - text)) : strdup(text);
	int r;

	if (!first)
		return error_sys(err, ENOMEM, "out of memory");
	r = units_int(first, min, max, ret_from, err);
	if (!r)
		r = units_int(dash ? dash + 1 : first, min, max, ret_to, err);
	if (!r && *ret_to < *ret_from)
		r = error_usage(err, "'%s' runs backwards", text);
	return r;
}

int ports_parse(const char *text, uint16_t *ret_min, uint16_t *ret_max, struct fl_error *err)
{
	int64_t min = 0, max = 0;
	int r = range_parse(text, 1, 65535, &min, &max, err);

	if (r)
		return r;
	*ret_min = (uint16_t)min;
	*ret_max = (uint16_t)max;
	return 0;
}

const char *addr_text(const struct in6_addr *addr, char *buf, size_t size)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(addr);

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->s6_addr + 12 : addr->s6_addr, buf, (socklen_t)size))
		buf[0] = '\0';
	return buf;
}
