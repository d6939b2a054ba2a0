/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dns_answer.bpf.h - what a DNS answer says is changed where it stands: addresses, how long they may be kept. No length
 * changes: names, compressed ones, additional records (EDNS) and other types stay as they are. All of an answer is changed, or
 * nothing: it is read once to find out, and then once more.
 *
 * With an address, the bit that says "authenticated" (AD) goes.
 *
 * Limits: UDP; the answer section, of up to 32 records. One that is signed (it has an RRSIG) keeps its addresses: a program that
 * checks would take the other ones for an attack.
 */
#ifndef FL_DNS_ANSWER_BPF_H
#define FL_DNS_ANSWER_BPF_H

#include "bpf/compat.bpf.h"
#include "bpf/net/maps.bpf.h"
#include "bpf/net/packet.bpf.h"
#include "bpf/net/payload.bpf.h"

#define DNS_RECORDS_MAX 32
#define DNS_LABELS_MAX  128
#define DNS_CLASS_IN    1

enum { DNS_A = 1, DNS_AAAA = 28, DNS_RRSIG = 46 };

/* Behind the name of a record. */
struct dns_head {
	__be16 type, class;
	__be32 ttl;
	__be16 length;
} __attribute__((packed));

static __always_inline __u32 dns_type_bit(__u16 type)
{
	return type == DNS_A ? FL_DNS_TYPE_A : type == DNS_AAAA ? FL_DNS_TYPE_AAAA : FL_DNS_TYPE_OTHER;
}

/* The offset behind the name at @off; 0: it is none. */
apart int dns_skip_name(struct __sk_buff *skb, __u32 off, __u32 end)
{
	__u32 i;

	for (i = 0; i < DNS_LABELS_MAX; i++) {
		__u8 len;

		if (off >= end || bpf_skb_load_bytes(skb, off, &len, 1))
			return 0;
		if (len >= 0xc0) /* the rest stands elsewhere */
			return off + 2;
		if (len > 63)
			return 0;
		off += 1 + len;
		if (!len)
			return off;
	}
	return 0;
}

/* Put the address of @rule, or a random one, over the @size bytes at @off. */
static __always_inline int dns_put_address(struct __sk_buff *skb, struct packet *p, const struct fl_rule *rule,
					   __u32 off, __u32 size)
{
	__u64 draw = hash_mix(p->answer_draw + off);
	bool random = rule->answer.set & (size == 4 ? FL_DNS_RANDOM_A : FL_DNS_RANDOM_AAAA);
	__u32 i;

	for (i = 0; i < 16; i++) {
		__u8 byte;

		if (i >= size)
			break;
		if (i == 8)
			draw = hash_mix(draw);
		byte = size == 4 ? rule->answer.a[i & 3] : rule->answer.aaaa[i];
		if (random)
			byte = draw >> 8 * (i & 7);
		if (payload_set(skb, p, off + i, byte, true))
			return -1;
	}
	return 0;
}

static __always_inline int dns_put_ttl(struct __sk_buff *skb, struct packet *p, const struct fl_rule *rule, __u32 off)
{
	__u32 i;

	for (i = 0; i < 4; i++)
		if (payload_set(skb, p, off + i, rule->answer.ttl_s >> (24 - 8 * i) & 0xff, true))
			return -1;
	return 0;
}

/*
 * One record, at @off. With @change it becomes what the rule @index wants; without, what there would be to change is
 * noted in the packet. Returns the offset behind it; 0: it cannot be read, or written.
 */
apart int dns_record(struct __sk_buff *skb, struct packet *p, __u32 off, __u32 index, __u32 change)
{
	take_packet(p);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct dns_head head;
	__u32 body, size = 0;

	if (!p || !rule)
		return 0;
	off = dns_skip_name(skb, off, p->end);
	if (!off || off + sizeof(head) > p->end || bpf_skb_load_bytes(skb, off, &head, sizeof(head)))
		return 0;
	body = off + sizeof(head);
	if (body + bpf_ntohs(head.length) > p->end)
		return 0;
	if (head.class == bpf_htons(DNS_CLASS_IN)) {
		if (head.type == bpf_htons(DNS_A) && head.length == bpf_htons(4) && rule->answer.set & FL_DNS_SET_A)
			size = 4;
		if (head.type == bpf_htons(DNS_AAAA) && head.length == bpf_htons(16) &&
		    rule->answer.set & FL_DNS_SET_AAAA)
			size = 16;
		if (head.type == bpf_htons(DNS_RRSIG))
			p->answer_signed = 1;
	}
	if (!change) {
		p->answer_fits |= size || rule->answer.set & FL_DNS_SET_TTL;
	} else {
		if (rule->answer.set & FL_DNS_SET_TTL &&
		    dns_put_ttl(skb, p, rule, off + offsetof(struct dns_head, ttl)))
			return 0;
		if (size && dns_put_address(skb, p, rule, body, size))
			return 0;
	}
	return body + bpf_ntohs(head.length);
}

/* All records of the answer section. Returns 0 or negative. */
apart int dns_records(struct __sk_buff *skb, struct packet *p, __u32 index, __u32 change)
{
	take_packet(p);
	__be16 be_count;
	__u32 i, count, off;

	if (!p || bpf_skb_load_bytes(skb, p->payload_off + 6, &be_count, sizeof(be_count)))
		return -1;
	count = bpf_ntohs(be_count);
	off = p->question_end;
	if (count > DNS_RECORDS_MAX)
		return -1;
	for (i = 0; i < DNS_RECORDS_MAX; i++) {
		if (i >= count)
			break;
		off = dns_record(skb, p, off, index, change);
		if (!off)
			return -1;
	}
	return 0;
}

/* Do what the rule @index wants to the answer at hand, over UDP. Returns 0; negative: it stays as it was. */
static __always_inline int dns_change(struct __sk_buff *skb, struct packet *p, __u32 index)
{
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	bool addresses;
	__u8 flags;

	if (!rule)
		return -1;
	addresses = rule->answer.set & (FL_DNS_SET_A | FL_DNS_SET_AAAA);
	p->answer_fits = 0;
	p->answer_signed = 0;
	if (dns_records(skb, p, index, false) || !p->answer_fits || (addresses && p->answer_signed))
		return -1;
	if (dns_records(skb, p, index, true))
		return -1;
	if (!addresses || bpf_skb_load_bytes(skb, p->payload_off + 3, &flags, 1))
		return 0;
	return payload_set(skb, p, p->payload_off + 3, flags & ~0x20, true);
}

#endif
