// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_more.c - what a fault may ask of single packets beyond their ends: size, state, hops left, code point.
 *
 * A state is read from the packet alone: "new" is the handshake (SYN, SYN and ACK), "established" every other
 * packet of TCP. What is not TCP has none.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>

#include "fault/net/net.h"
#include "util/text/cidr.h"
#include "util/text/units.h"

const char *const net_states[] = { "new", "established", NULL };

/* RFC 2474, 2597, 3246, 8622. */
static const struct {
	const char *name;
	uint8_t point;
} points[] = {
	{ "cs0", 0 },
	{ "cs1", 8 },
	{ "cs2", 16 },
	{ "cs3", 24 },
	{ "cs4", 32 },
	{ "cs5", 40 },
	{ "cs6", 48 },
	{ "cs7", 56 },
	{ "af11", 10 },
	{ "af12", 12 },
	{ "af13", 14 },
	{ "af21", 18 },
	{ "af22", 20 },
	{ "af23", 22 },
	{ "af31", 26 },
	{ "af32", 28 },
	{ "af33", 30 },
	{ "af41", 34 },
	{ "af42", 36 },
	{ "af43", 38 },
	{ "ef", 46 },
	{ "le", 1 },
	{},
};

static int point_of(const char *word, int64_t *ret, struct fl_error *err)
{
	size_t i;

	for (i = 0; points[i].name; i++) {
		if (!strcasecmp(points[i].name, word)) {
			*ret = points[i].point;
			return 0;
		}
	}
	if (!units_int(word, 0, 63, ret, NULL))
		return 0;
	error_usage(err, "dscp: '%.40s' is no code point", word);
	error_hint(err, "a number from 0 to 63, or a name: ef, af11 to af43, cs0 to cs7, le");
	return -EINVAL;
}

static int parse_points(const char *text, __u64 *ret, struct fl_error *err)
{
	char word[48];
	int64_t point;
	int r = 0;

	*ret = 0;
	do {
		size_t len = strcspn(text, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), text);
		r = point_of(word, &point, err);
		if (!r)
			*ret |= 1ull << point;
		text += len;
	} while (!r && *text++);
	return r;
}

static void ask_for_state(struct fl_more *more, bool established)
{
	more->tcp = 1;
	if (established)
		more->tcp_mask = TH_SYN;
	else
		more->tcp_any = TH_SYN;
}

int net_match_more(const struct net_matching *m, struct fl_more *ret, struct fl_error *err)
{
	int r = 0;

	*ret = (struct fl_more){ .ttl_max = UINT8_MAX, .size_max = UINT32_MAX };
	if (m->size.set) {
		ret->size_min = (__u32)m->size.from;
		ret->size_max = (__u32)m->size.to;
	}
	if (m->ttl.set) {
		ret->ttl_min = (__u8)m->ttl.from;
		ret->ttl_max = (__u8)m->ttl.to;
	}
	if (m->dscp)
		r = parse_points(m->dscp, &ret->dscp, err);
	if (m->established.set)
		ask_for_state(ret, m->established.u64);
	ret->asked = m->size.set || m->ttl.set || m->dscp || m->established.set;
	return r;
}

int net_refuse(const struct params *p, const char *kind, const char *const *names, struct fl_error *err)
{
	for (; *names; names++)
		if (params_find(p, *names) && params_has(p, *names))
			return error_usage(err,
					   "%s: '%s' cannot be given: which packets these are is what the kind says",
					   kind, *names);
	return 0;
}
