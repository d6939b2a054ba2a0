/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dns.bpf.h - the name that a DNS message asks for (RFC 1035), read byte by byte, and patterns on
 * it. Like http.bpf.h it has no loop over input, so that the verifier sees one byte, and it
 * compiles in user space as well.
 *
 * Limits: one question a message, as every resolver sends; no compression in it, as there is
 * nothing before it that it could refer to.
 */
#ifndef FL_DNS_BPF_H
#define FL_DNS_BPF_H

#include "bpf/abi/abi.h"

#define DNS_PORT        53
#define DNS_HEADER_SIZE 12
#define DNS_TEXT_MAX    256

struct dns_name {
	__u32 len;  /* of text */
	__u16 left; /* bytes of the present label still to come */
	__u8 done;
	__u8 bad;
	__u64 hash;              /* of text */
	__u8 text[DNS_TEXT_MAX]; /* lower case, dotted, no final dot; not terminated */
};

/* Feed one byte of the question, until name->done or name->bad. */
static inline void dns_name_byte(struct dns_name *name, __u8 c)
{
	if (name->left) {
		name->left--;
		/* A dot within a label is none between labels. */
		c = c == '.' ? 0 : c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	} else if (!c) {
		name->done = 1;
		return;
	} else if (c > 63) {
		name->bad = 1;
		return;
	} else {
		name->left = c;
		if (!name->len)
			return;
		c = '.';
	}
	if (name->len >= DNS_TEXT_MAX - 1) {
		name->bad = 1;
		return;
	}
	name->text[name->len & (DNS_TEXT_MAX - 1)] = c;
	name->hash = (name->hash ^ c) * 0x100000001b3ull; /* FNV-1a */
	name->len++;
}

/* Does the name fit the rule's pattern? See struct fl_dns. */
static inline int dns_name_matches(const struct dns_name *name, const struct fl_dns *pattern)
{
	__u32 i, skip;

	if (!pattern->name_len)
		return 1;
	if (pattern->name_len > name->len)
		return 0;
	skip = name->len - pattern->name_len;
	if (!pattern->wildcard && skip)
		return 0;
	/* "a.suffix" at least: something, and the dot before the suffix. */
	if (pattern->wildcard && (skip < 2 || name->text[(skip - 1) & (DNS_TEXT_MAX - 1)] != '.'))
		return 0;
	for (i = 0; i < FL_DNS_NAME_MAX; i++) {
		if (i >= pattern->name_len)
			break;
		if (name->text[(skip + i) & (DNS_TEXT_MAX - 1)] != pattern->name[i])
			return 0;
	}
	return 1;
}

#endif
