/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_dns.bpf.h - DNS over UDP port 53: a query and its answer have the same transaction id between
 * the same two sockets. A query that is sent again keeps its first time, which is what whoever asked feels.
 *
 * An answer with any other code than NOERROR counts as a status of class 5.
 */
#ifndef FL_MEASURE_DNS_BPF_H
#define FL_MEASURE_DNS_BPF_H

#include "measure_flow.bpf.h"
#include "measure_packet.bpf.h"

#define DNS_PORT        53
#define DNS_HEADER_SIZE 12
#define DNS_FAILED      500

struct dns_start {
	__be16 id;
	__u8 flags; /* the upper bit: an answer */
	__u8 code;  /* in the lower four bits */
};

/* NULL: it is nobody's. */
static __always_inline struct flow *dns_open(struct __sk_buff *skb, struct seen *s)
{
	struct flow_key key = s->key; /* on the stack: before 6.3 a key may not be in memory at large */
	__u16 local = service_here(skb, s);
	struct flow *f;

	if (!local)
		return NULL;
	/* Made on the other CPU meanwhile: it is counted there. */
	if (!bpf_map_update_elem(&queries, &key, &flow_fresh, BPF_NOEXIST))
		loss_count(FL_MEASURE_FLOWS_MADE, 1);
	f = bpf_map_lookup_elem(&queries, &key);
	if (f)
		flow_begin(skb, s, f, local, true, IPPROTO_UDP);
	return f;
}

static __always_inline void dns_query(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	if (f) {
		if (s->from)
			flow_note(f, s->now_ns, FLOW_RETRANSMITTED, 1);
		f->to_server += s->payload_len;
		f->last_ns = s->now_ns;
		return;
	}
	f = dns_open(skb, s);
	if (!f)
		return;
	f->edge.spoken = FL_SPOKEN_DNS;
	f->to_server = s->payload_len;
	f->last_ns = s->now_ns;
	flow_ask(f, &(struct asked){ .ns = s->now_ns });
}

static __always_inline void dns_answer(struct seen *s, struct flow *f, __u8 code)
{
	struct flow_key key = s->key;

	f->to_client += s->payload_len;
	if (f->tail != f->head) {
		f->tail++;
		flow_answered(f, s->now_ns, 0, code & 0x0f ? DNS_FAILED : 0);
	}
	if (!bpf_map_delete_elem(&queries, &key))
		loss_count(FL_MEASURE_FLOWS_ENDED, 1);
}

apart int measure_dns(struct __sk_buff *skb, struct seen *s)
{
	struct dns_start start;
	struct flow_key key;
	__u16 source, dest;
	struct flow *f;

	if (!s)
		return -1;
	source = s->from ? s->key.local_port : s->key.peer_port;
	dest = s->from ? s->key.peer_port : s->key.local_port;
	if ((source != DNS_PORT && dest != DNS_PORT) || s->payload_len < DNS_HEADER_SIZE ||
	    bpf_skb_load_bytes(skb, s->payload_off, &start, sizeof(start)))
		return 0;
	s->key.id = start.id;
	s->now_ns = bpf_ktime_get_ns();
	key = s->key;
	f = bpf_map_lookup_elem(&queries, &key);
	if (f && !flow_is_here(skb, f))
		return 0;
	if (!(start.flags & 0x80) && dest == DNS_PORT)
		dns_query(skb, s, f);
	else if (start.flags & 0x80 && source == DNS_PORT && f)
		dns_answer(s, f, start.code);
	return 0;
}

#endif
