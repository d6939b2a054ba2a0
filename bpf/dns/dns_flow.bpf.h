/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dns_flow.bpf.h - slow and failing DNS: responses (QR = 1, from port 53) whose question fits the
 * pattern wait, or get another response code, or say something else, or are dropped. One response is one hit.
 *
 * Over UDP an error keeps header and question and nothing else. Over TCP the code is changed in place
 * and the answers stay, because no length may change; the beginnings of messages are tracked through
 * the stream, and a retransmitted segment is changed again.
 *
 * Limits: over TCP no answer is changed (dns_answer.bpf.h) or emptied; 8 messages in one packet, and a question must not be cut by a segment's end;
 * a stream that is joined in the middle must begin with a message. What cannot be read passes and
 * is counted as skipped.
 */
#ifndef FL_DNS_FLOW_BPF_H
#define FL_DNS_FLOW_BPF_H

#include "bpf/compat.bpf.h"
#include "dns_answer.bpf.h"
#include "dns_local.bpf.h"
#include "bpf/net/hold.bpf.h"
#include "bpf/net/jitter.bpf.h"
#include "bpf/net/match.bpf.h"
#include "bpf/net/payload.bpf.h"
#include "bpf/net/proof.bpf.h"
#include "bpf/net/rule.bpf.h"

#define DNS_MESSAGES_MAX 8

/* One direction of a DNS connection over TCP. */
struct dns_stream {
	__u32 next;     /* sequence number of the next length prefix, or of the rest of one */
	__u8 have;      /* bytes of that prefix seen already: 0, 1, 2 */
	__u8 error;     /* there is an error to repeat */
	__u16 length;   /* the prefix, as far as seen */
	__u32 error_at; /* sequence number of the byte with the response code */
	__u8 rcode;
	__u8 pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* hold_flow() */
	__type(value, struct dns_stream);
} dns_streams SEC(".maps");

static __always_inline struct dns_stream *dns_stream_of(const struct packet *p)
{
	__u64 key = p ? hold_flow(p) : 0;

	return bpf_map_lookup_elem(&dns_streams, &key);
}

/* Is it something that cannot be done without another length, or in the middle of a stream? */
static __always_inline bool dns_changes(const struct fl_rule *rule)
{
	return rule->dns.rcode == FL_DNS_EMPTY || rule->dns.rcode == FL_DNS_CHANGE;
}

/* A rule meets a response. Returns the response code to set plus 1, or 0. */
apart int dns_rule(struct packet *p, struct dns_name *name, __u32 index, __u32 readable)
{
	take_packet(p);
	take_name(name);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	__u64 n, delay;

	if (!p || !name || !rule || !state)
		return 0;
	if (rule->kind != FL_KIND_DNS_DELAY && rule->kind != FL_KIND_DNS_ERROR)
		return 0;
	if (!match_packet(rule, p) || !rule_live(rule, state, p) || !dns_counts(rule, p))
		return 0;
	if (!readable) {
		proof_skipped(index);
		return 0;
	}
	if (!dns_name_matches(name, &rule->dns) ||
	    (rule->dns.types && !(rule->dns.types & dns_type_bit(p->question_type))))
		return 0;
	n = state_take(state, &state->matched);
	proof_matched(index);
	if (!hash_chance(hash_draw(rule->seed, HASH_DECIDE, n), rule->probability_ppm))
		return 0;
	if (rule->kind == FL_KIND_DNS_DELAY && !p->hold_ifindex) {
		proof_skipped(index);
		return 0;
	}
	if (rule->kind == FL_KIND_DNS_ERROR && p->flags & PACKET_TCP && dns_changes(rule)) {
		proof_skipped(index);
		return 0;
	}
	if (!rule_claim(rule, state))
		return 0;
	proof_injected(index, p);
	p->answer_draw = hash_draw(rule->seed, HASH_BYTES, n);
	if (rule->kind == FL_KIND_DNS_ERROR)
		return rule->dns.rcode + 1;
	delay = jitter_delay(&rule->delay, state, rule->seed, n);
	if (p->flags & PACKET_TCP)
		hold_stall(p, index, delay);
	else
		hold_delay(p, index, delay, rule->delay.jitter_ns);
	return 0;
}

/* All DNS rules on one message at @off of the frame. Returns as dns_rule(). */
apart int dns_message(struct __sk_buff *skb, struct packet *p, __u32 off, __u32 end)
{
	take_packet(p);
	__u32 i;
	struct dns_name *name = dns_name_at_hand();
	const struct fl_ruleset *set;
	int question, error = 0;

	if (!p || !name)
		return 0;
	set = match_again(p);
	if (!set)
		return 0;
	question = dns_question(skb, name, off, end, DNS_RESPONSE);
	if (!question)
		return 0;
	p->question_end = question > 0 ? question : 0;
	p->question_type = question > 0 ? dns_type(skb, question) : 0;
	p->fetched_for = question > 0 && p->loopback ? dns_fetched_for(skb, p, name) : 0;
	for (i = 0; i < FL_MAX_RULES_PER_PEER; i++) {
		int wanted;

		if (i >= set->count)
			break;
		wanted = dns_rule(p, name, set->rules[i], question > 0);
		if (wanted && !error) {
			error = wanted;
			p->error_rule = set->rules[i];
		}
	}
	return error;
}

static __always_inline int dns_set_rcode(struct __sk_buff *skb, const struct packet *p, __u32 off, __u8 rcode,
					 bool fix_checksum)
{
	__u8 byte;

	if (bpf_skb_load_bytes(skb, off, &byte, 1))
		return -1;
	return payload_set(skb, p, off, (byte & 0xf0) | (rcode & 0x0f), fix_checksum);
}

/* What is left of an answer: the header, with the code and no counts but the question's, and the question. */
static __always_inline int dns_fail_udp(struct __sk_buff *skb, struct packet *p, __u8 rcode)
{
	static const __u8 no_answers[6] = {};

	if (dns_set_rcode(skb, p, p->payload_off + 3, rcode, false) ||
	    bpf_skb_store_bytes(skb, p->payload_off + 6, no_answers, sizeof(no_answers), BPF_F_RECOMPUTE_CSUM))
		return -1;
	return payload_trim_udp(skb, p, p->question_end);
}

apart int dns_udp(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	int error;

	if (!p)
		return RULE_NEXT;
	error = dns_message(skb, p, p->payload_off, p->end);
	if (!error)
		return RULE_NEXT;
	if (error - 1 == FL_DNS_DROP)
		return RULE_DROP;
	if (error - 1 == FL_DNS_CHANGE ? dns_change(skb, p, p->error_rule) : dns_fail_udp(skb, p, error - 1))
		proof_retract(p->error_rule, p);
	return RULE_NEXT;
}

/* Read what the packet has of a length prefix. Returns the offset in the payload behind it. */
static __always_inline __u32 dns_prefix(struct __sk_buff *skb, const struct packet *p, struct dns_stream *stream,
					__u32 off)
{
	__u32 i;

	for (i = 0; i < 2; i++) {
		__u8 byte;

		if (stream->have >= 2 || off >= p->payload_len ||
		    bpf_skb_load_bytes(skb, p->payload_off + off, &byte, 1))
			break;
		stream->length = stream->length << 8 | byte;
		stream->have++;
		stream->next++;
		off++;
	}
	return off;
}

/*
 * The next message of a stream, if the packet has its beginning. Returns false when there is no
 * more in this packet.
 */
apart int dns_next(struct __sk_buff *skb, struct packet *p, struct dns_stream *stream)
{
	take_packet(p);
	take_stream(stream, p);
	__u32 off, end;
	int error;

	if (!p || !stream)
		return 0;
	off = stream->next - p->seq;
	if (off >= p->payload_len)
		return 0;
	off = dns_prefix(skb, p, stream, off);
	if (stream->have < 2 || off >= p->payload_len)
		return 0;
	end = off + stream->length;
	if (end > p->payload_len)
		end = p->payload_len;
	error = dns_message(skb, p, p->payload_off + off, p->payload_off + end);
	if (error) {
		stream->error = 1;
		stream->error_at = stream->next + 3;
		stream->rcode = error - 1;
	}
	stream->next += stream->length;
	stream->length = 0;
	stream->have = 0;
	return 1;
}

/* Do (again) to this packet what was decided on a message that it carries. */
static __always_inline int dns_repeat_error(struct __sk_buff *skb, const struct packet *p, struct dns_stream *stream)
{
	__u32 off = stream->error_at - p->seq;

	if (!stream->error || off >= p->payload_len)
		return RULE_NEXT;
	if (stream->rcode == FL_DNS_DROP)
		return RULE_DROP;
	dns_set_rcode(skb, p, p->payload_off + off, stream->rcode, true);
	return RULE_NEXT;
}

apart int dns_tcp(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	struct dns_stream *stream;
	__u64 key;
	__u32 i;

	if (!p)
		return RULE_NEXT;
	key = hold_flow(p);
	if (p->tcp_flags & TCP_SYN) {
		bpf_map_delete_elem(&dns_streams, &key);
		return RULE_NEXT;
	}
	if (!p->payload_len)
		return RULE_NEXT;
	stream = bpf_map_lookup_elem(&dns_streams, &key);
	if (!stream) {
		struct dns_stream fresh = { .next = p->seq };

		bpf_map_update_elem(&dns_streams, &key, &fresh, BPF_ANY);
		stream = bpf_map_lookup_elem(&dns_streams, &key);
		if (!stream)
			return RULE_NEXT;
	}
	for (i = 0; i < DNS_MESSAGES_MAX; i++) {
		if (!dns_next(skb, p, stream) || dns_repeat_error(skb, p, stream) == RULE_DROP)
			break;
	}
	return dns_repeat_error(skb, p, stream);
}

/* The DNS stage of a packet, for all its DNS rules at once. */
apart int dns_packet(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	if (!p)
		return RULE_NEXT;
	if (p->loopback && p->direction == FL_DIR_TO && p->local_port == DNS_PORT)
		dns_asked(skb, p);
	if ((p->direction == FL_DIR_FROM ? p->local_port : p->peer_port) != DNS_PORT)
		return RULE_NEXT;
	if (p->flags & PACKET_UDP)
		return dns_udp(skb, p);
	if (p->flags & PACKET_TCP)
		return dns_tcp(skb, p);
	return RULE_NEXT;
}

#endif
