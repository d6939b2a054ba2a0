/* SPDX-License-Identifier: GPL-2.0-only */
/* dns_read.bpf.h - the question of a DNS message in a packet, read in chunks. */
#ifndef FL_DNS_READ_BPF_H
#define FL_DNS_READ_BPF_H

#include "bpf/compat.bpf.h"
#include "dns.bpf.h"
#include "bpf/net/payload.bpf.h"

#define DNS_CHUNK 32

/* Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_name);
} dns_names SEC(".maps");

static __always_inline struct dns_name *dns_name_at_hand(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&dns_names, &zero);
}

apart int dns_name_feed(struct dns_name *name, __u32 c)
{
	take_name(name);
	if (!name)
		return 1;
	dns_name_byte(name, c);
	return name->done || name->bad;
}

/* Feed up to DNS_CHUNK bytes at @off of the frame. Returns how many; negative when there are none. */
apart int dns_name_chunk(struct __sk_buff *skb, struct dns_name *name, __u32 off, __u32 end)
{
	take_name(name);
	__u8 bytes[DNS_CHUNK] = {};
	__u32 i, n;

	if (!name || off >= end)
		return -1;
	n = load_some(skb, off, bytes, DNS_CHUNK, end - off);
	if (!n)
		return -1;
	for (i = 0; i < DNS_CHUNK; i++) {
		if (i >= n)
			break;
		if (dns_name_feed(name, bytes[i]))
			return i + 1;
	}
	return n;
}

enum dns_sort { DNS_QUERY = 0, DNS_RESPONSE = 0x80 };

/*
 * Read the question of the message at @off of the frame, which ends at @end. Returns the offset
 * behind the question; 0: not of the wanted sort; negative: one that cannot be read.
 */
apart int dns_question(struct __sk_buff *skb, struct dns_name *name, __u32 off, __u32 end, __u32 sort)
{
	take_name(name);
	__u8 header[DNS_HEADER_SIZE];
	__u32 i;

	if (!name || off + DNS_HEADER_SIZE > end || bpf_skb_load_bytes(skb, off, header, sizeof(header)))
		return -1;
	if ((header[2] & 0x80) != sort)
		return 0;
	if (header[4] || header[5] != 1)
		return -1;
	name->len = 0;
	name->left = 0;
	name->done = 0;
	name->bad = 0;
	name->hash = 0xcbf29ce484222325ull;
	off += DNS_HEADER_SIZE;
	for (i = 0; i < DNS_TEXT_MAX / DNS_CHUNK; i++) {
		int n = dns_name_chunk(skb, name, off, end);

		if (n < 0)
			return -1;
		off += n;
		if (name->done || name->bad)
			break;
	}
	off += 4; /* type and class */
	return name->done && off <= end ? (int)off : -1;
}

#endif
