/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_flow.bpf.h - HTTP errors and slow responses, made by changing packets in flight.
 *
 * A parser follows each direction of a connection. The side that sends a request line is the client.
 * When a request line is complete, the rules are asked, and what they decide is queued; responses take
 * their answers from that queue in order. So pipelining works, and a body that looks like a response
 * is never touched. Three digits of status replace three digits: no length changes, and only the
 * checksum has to follow.
 *
 * Where the parser of responses has to start: the acknowledgement number of a request is the
 * position of its response, as long as no earlier one is outstanding.
 *
 * A segment that was seen before (a retransmission) is not parsed again, but the digits that it
 * carries are rewritten again. 1xx, 204 and 304 are left alone: their framing differs.
 *
 * Limits: 8 requests in flight on a connection; 8 KiB of headers in one packet; of two rules of a
 * kind that hit the same request, the first one acts. What is beyond passes and is counted as
 * skipped.
 */
#ifndef FL_HTTP_FLOW_BPF_H
#define FL_HTTP_FLOW_BPF_H

#include "bpf/compat.bpf.h"
#include "bpf/net/hold.bpf.h"
#include "http.bpf.h"
#include "bpf/net/jitter.bpf.h"
#include "bpf/net/match.bpf.h"
#include "bpf/net/payload.bpf.h"
#include "bpf/net/proof.bpf.h"
#include "bpf/net/rule.bpf.h"

#define HTTP_PENDING   8
#define HTTP_CHUNK     32  /* bytes that are read from the packet at a time */
#define HTTP_STEPS_MAX 256 /* chunks parsed and bodies skipped in one packet */
#define HTTP_DIGITS_AT 9   /* the status, from the start of a response */

enum {
	PENDING_REWRITE = 1 << 0, /* the response is to have new_status */
	PENDING_PEEKED = 1 << 1,  /* a packet that ended within the digits was dropped once */
};

/* A request whose response has not ended; the last eight are remembered. */
struct http_pending {
	__u32 start; /* sequence number of the response */
	__u16 status, new_status;
	__u16 error_rule, delay_rule; /* index + 1; 0: none */
	__u8 flags;
	__u8 parser_flags; /* HTTP_NO_BODY, HTTP_CONNECT */
	__u16 pad;
};

struct http_flow {
	struct http_parser request, response;
	__u8 client;  /* enum fl_direction of the requests */
	__u8 head;    /* requests seen, modulo 256 */
	__u8 tail;    /* responses ended, modulo 256 */
	__u8 lost;    /* the place in the responses is not known */
	__u32 beyond; /* requests that did not fit into pending[] */
	struct http_pending pending[HTTP_PENDING];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* http_key() */
	__type(value, struct http_flow);
} http_flows SEC(".maps");

/* A zeroed struct http_flow: it is too large for the stack. */
const __u8 http_flow_fresh[sizeof(struct http_flow)] = {};

static __always_inline __u64 http_key(const struct packet *p)
{
	return hash_mix(p->flow + p->ifindex);
}

static __always_inline struct http_flow *http_flow_of(const struct packet *p)
{
	__u64 key = p ? http_key(p) : 0;

	return bpf_map_lookup_elem(&http_flows, &key);
}

static __always_inline struct http_pending *http_slot(struct http_flow *f, __u8 i)
{
	return &f->pending[bounded(i, HTTP_PENDING)];
}

/* The outstanding responses cannot be told apart any more: their rules have skipped them. */
static __always_inline void http_lose(struct http_flow *f)
{
	__u32 i;

	for (i = 0; i < HTTP_PENDING; i++) {
		struct http_pending *e;

		if (f->tail == f->head)
			break;
		e = http_slot(f, f->tail);
		if (!e->status && e->error_rule)
			proof_skipped(e->error_rule - 1);
		if (!e->status && e->delay_rule)
			proof_skipped(e->delay_rule - 1);
		e->error_rule = 0;
		e->delay_rule = 0;
		e->flags = 0;
		f->tail++;
	}
	f->tail = f->head;
	f->beyond = 0;
}

/* A response has ended. */
static __always_inline void http_answered(struct http_flow *f)
{
	if (f->tail != f->head)
		f->tail++;
	else if (f->beyond)
		f->beyond--;
}

/* Does the request meet the rule? Counts it as matched. Returns the kind, 0 for no. */
apart int http_wants(struct packet *p, struct http_flow *f, __u32 index)
{
	take_packet(p);
	take_flow(f, p);
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	const struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	__u32 i;

	if (!p || !f || !rule || !state)
		return 0;
	if (rule->kind != FL_KIND_HTTP_ERROR && rule->kind != FL_KIND_HTTP_DELAY)
		return 0;
	if (rule->http.requests && !(rule->http.requests & 1 << p->direction))
		return 0;
	if (rule->http.methods && !(rule->http.methods & f->request.method))
		return 0;
	if (rule->http.path_len > f->request.path_len)
		return 0;
	for (i = 0; i < FL_HTTP_PATH_MAX; i++) {
		if (i >= rule->http.path_len)
			break;
		if (rule->http.path[i] != f->request.path[i])
			return 0;
	}
	if (!match_packet(rule, p) || !rule_live(rule, state, p))
		return 0;
	proof_matched(index);
	if (!hash_chance(hash_draw(rule->seed, HASH_DECIDE, hash_mix(p->flow) + f->request.start),
			 rule->probability_ppm))
		return 0;
	return rule->kind;
}

/* A request line is complete: queue what is to be done to its response. */
apart int http_request(struct packet *p, struct http_flow *f)
{
	take_packet(p);
	take_flow(f, p);
	const struct fl_ruleset *set;
	struct http_pending e = {};
	bool full;
	__u32 i;

	if (!p || !f)
		return 0;
	set = match_again(p);
	full = f->beyond || (__u8)(f->head - f->tail) >= HTTP_PENDING;
	for (i = 0; i < FL_MAX_RULES_PER_PEER; i++) {
		__u16 *slot;
		__u32 index;
		int kind;

		if (!set || i >= set->count)
			break;
		index = set->rules[i];
		kind = http_wants(p, f, index);
		if (!kind)
			continue;
		slot = kind == FL_KIND_HTTP_ERROR ? &e.error_rule : &e.delay_rule;
		if (*slot || full)
			proof_skipped(index);
		else
			*slot = index + 1;
	}
	if (full) {
		f->beyond++;
		return 0;
	}
	if (f->request.method == FL_HTTP_HEAD)
		e.parser_flags |= HTTP_NO_BODY;
	if (f->request.flags & HTTP_CONNECT)
		e.parser_flags |= HTTP_CONNECT;
	*http_slot(f, f->head) = e;
	f->head++;
	return 0;
}

static __always_inline void http_slow(struct packet *p, __u32 index)
{
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);
	__u64 n, delay;

	if (!rule || !state || rule->kind != FL_KIND_HTTP_DELAY || !rule_live(rule, state, p))
		return;
	if (!p->hold_ifindex) {
		proof_skipped(index);
		return;
	}
	if (!rule_claim(rule, state))
		return;
	n = state_take(state, &state->matched);
	delay = jitter_delay(&rule->delay, state, rule->seed, n);
	hold_stall(p, index, delay);
	proof_injected(index, p);
}

static __always_inline void http_fail(struct packet *p, struct http_pending *e, __u32 index)
{
	const struct fl_rule *rule = bpf_map_lookup_elem(&rules, &index);
	struct fl_state *state = bpf_map_lookup_elem(&states, &index);

	if (!rule || !state || rule->kind != FL_KIND_HTTP_ERROR || !rule_live(rule, state, p))
		return;
	if (e->status == 204 || e->status == 304 || e->status == 101) {
		proof_skipped(index);
		return;
	}
	if (!rule_claim(rule, state))
		return;
	e->new_status = rule->http.status;
	e->flags |= PENDING_REWRITE;
	proof_injected(index, p);
}

/* The status of a response is known: the first that is not interim answers the request. */
apart int http_answer(struct packet *p, struct http_flow *f)
{
	take_packet(p);
	take_flow(f, p);
	struct http_pending *e;

	if (!p || !f || f->tail == f->head)
		return 0;
	e = http_slot(f, f->tail);
	f->response.flags |= e->parser_flags;
	if (f->response.status < 200 && f->response.status != 101)
		return 0;
	e->start = f->response.start;
	e->status = f->response.status;
	if (e->error_rule)
		http_fail(p, e, e->error_rule - 1);
	if (e->delay_rule)
		http_slow(p, e->delay_rule - 1);
	return 0;
}

/* Take what the parser found. Returns negative when it can make nothing of the connection. */
apart int http_handle(struct packet *p, struct http_flow *f, __u32 event)
{
	take_packet(p);
	take_flow(f, p);
	bool response;

	if (!p || !f)
		return -1;
	response = p->direction != f->client;
	switch (event) {
	case HTTP_REQUEST_LINE: return http_request(p, f);
	case HTTP_STATUS_LINE: return http_answer(p, f);
	case HTTP_END:
		if (response)
			http_answered(f);
		return 0;
	case HTTP_LOST:
		if (response)
			f->lost = 1;
		return -1;
	}
	return 0;
}

#define HTTP_SKIPS 256 /* beside the event: the bytes that follow are to be skipped */

apart int http_step(struct http_flow *f, __u32 response, __u32 c)
{
	take_packet(p);
	take_flow(f, p);
	struct http_parser *parser;
	int event;

	if (!f)
		return HTTP_LOST;
	parser = response ? &f->response : &f->request;
	event = http_byte(parser, c);
	return http_skips(parser) ? event | HTTP_SKIPS : event;
}

/* Parse up to HTTP_CHUNK bytes of the payload at @off. Returns how many; negative: give up. */
static __always_inline int http_chunk(struct __sk_buff *skb, struct packet *p, struct http_flow *f, __u32 off)
{
	bool response = p->direction != f->client;
	__u8 bytes[HTTP_CHUNK] = {};
	__u32 i, n;

	n = load_some(skb, p->payload_off + off, bytes, HTTP_CHUNK, p->payload_len - off);
	if (!n)
		return -1;
	for (i = 0; i < HTTP_CHUNK; i++) {
		int event;

		if (i >= n)
			break;
		event = http_step(f, response, bytes[i]);
		if (!event)
			continue;
		if (http_handle(p, f, event & ~HTTP_SKIPS) < 0)
			return -1;
		if (event & HTTP_SKIPS)
			return i + 1;
	}
	return n;
}

/* Go on at @off of the payload, by skipping or by parsing. Returns how many bytes are done. */
apart int http_advance(struct __sk_buff *skb, struct packet *p, struct http_flow *f, __u32 off)
{
	take_packet(p);
	take_flow(f, p);
	struct http_parser *parser;
	__u32 skipped;
	int event;

	if (!p || !f)
		return -1;
	parser = p->direction != f->client ? &f->response : &f->request;
	if (!http_skips(parser))
		return http_chunk(skb, p, f, off);
	event = http_skip(parser, p->payload_len - off, &skipped);
	if (event)
		http_handle(p, f, event);
	return skipped;
}

/* Parse the payload from @off to its end. Returns 0, or negative when that is impossible. */
apart int http_parse(struct __sk_buff *skb, struct packet *p, struct http_flow *f, __u32 off)
{
	take_packet(p);
	take_flow(f, p);
	__u32 i;

	if (!p || !f)
		return -1;
	for (i = 0; i < HTTP_STEPS_MAX; i++) {
		int n;

		if (off >= p->payload_len)
			return 0;
		n = http_advance(skb, p, f, off);
		if (n < 0)
			return n;
		off += n;
	}
	return -1;
}

/* Put the new digits into what the packet carries of the response's status. */
apart int http_rewrite(struct __sk_buff *skb, struct packet *p, struct http_pending *e, __u32 i)
{
	take_packet(p);
	take_flow(f, p);
	take_pending(e, f, i);
	__u16 old, new;
	__u32 k;

	if (!p || !e)
		return -1;
	old = e->status;
	new = e->new_status;
	for (k = 3; k > 0; k--, old /= 10, new /= 10) {
		__u32 at = e->start + HTTP_DIGITS_AT + k - 1 - p->seq;
		__u8 byte;

		if (at >= p->payload_len)
			continue;
		if (bpf_skb_load_bytes(skb, p->payload_off + at, &byte, 1) || byte != '0' + old % 10 ||
		    payload_set(skb, p, p->payload_off + at, '0' + new % 10, true)) {
			e->flags &= ~PENDING_REWRITE;
			proof_retract(e->error_rule - 1, p);
			return -1;
		}
	}
	return 0;
}

/*
 * A packet that ends within the three digits: 20 may become 200 or 204, and only one of them may be
 * changed. It is lost once; by the time it is sent again, the rest has been seen. If not, it passes.
 */
static __always_inline int http_peek(struct http_flow *f)
{
	struct http_pending *e;

	if (f->response.phase != HTTP_STATUS || !f->response.at || f->tail == f->head)
		return RULE_NEXT;
	e = http_slot(f, f->tail);
	if (!e->error_rule)
		return RULE_NEXT;
	if (!(e->flags & PENDING_PEEKED)) {
		e->flags |= PENDING_PEEKED;
		return RULE_DROP;
	}
	proof_skipped(e->error_rule - 1);
	e->error_rule = 0;
	return RULE_NEXT;
}

static __always_inline int http_response(struct __sk_buff *skb, struct packet *p, struct http_flow *f)
{
	struct http_parser *parser = &f->response;
	__s32 ahead = p->seq - parser->next;
	__u32 i;

	if (ahead > 0 && http_skips(parser)) {
		__u32 skipped;

		if (http_skip(parser, ahead, &skipped) == HTTP_END)
			http_answered(f);
		ahead -= skipped;
	}
	if (ahead > 0) {
		/* A hole where a message begins or in its header. */
		http_lost(parser);
		f->lost = 1;
		return RULE_NEXT;
	}
	if (http_parse(skb, p, f, -ahead) < 0) {
		http_lost(parser);
		f->lost = 1;
	}
	for (i = 0; i < HTTP_PENDING; i++)
		if (f->pending[i].flags & PENDING_REWRITE)
			http_rewrite(skb, p, &f->pending[i], i);
	return http_peek(f);
}

/* Does the payload begin as a request line does? */
static __always_inline bool http_looks_like_request(struct __sk_buff *skb, const struct packet *p)
{
	__u8 bytes[8] = {};
	__u32 i, n;

	n = load_some(skb, p->payload_off, bytes, sizeof(bytes), p->payload_len);
	if (!n)
		return false;
	for (i = 0; i < sizeof(bytes); i++) {
		if (i >= n)
			break;
		if (bytes[i] == ' ')
			return i > 0;
		if (!http_is_token(bytes[i]))
			return false;
	}
	return true;
}

static __always_inline void http_follow_request(struct __sk_buff *skb, struct packet *p, struct http_flow *f)
{
	struct http_parser *parser = &f->request;
	__s32 ahead = p->seq - parser->next;

	if (f->response.flags & HTTP_TUNNEL || ahead + (__s32)p->payload_len <= 0)
		return;
	if (ahead > 0 && parser->phase != HTTP_OPAQUE && http_skips(parser)) {
		__u32 skipped;

		http_skip(parser, ahead, &skipped);
		ahead -= skipped;
	}
	if (ahead > 0 || parser->phase == HTTP_OPAQUE) {
		/* Something was missed: go on where a request begins for certain. */
		if (!http_looks_like_request(skb, p))
			return;
		http_restart(parser, p->seq);
		f->lost = 1;
		ahead = 0;
	}
	if (parser->phase == HTTP_START) {
		if (f->lost)
			http_lose(f);
		if (f->tail == f->head && !f->beyond)
			http_restart(&f->response, p->ack);
		f->lost = 0;
	}
	if (http_parse(skb, p, f, -ahead) < 0)
		http_lost(parser);
}

static __always_inline struct http_flow *http_open(struct __sk_buff *skb, const struct packet *p, __u64 key)
{
	struct http_flow *f;

	if (!http_looks_like_request(skb, p))
		return NULL;
	bpf_map_update_elem(&http_flows, &key, &http_flow_fresh, BPF_ANY);
	f = bpf_map_lookup_elem(&http_flows, &key);
	if (!f)
		return NULL;
	f->client = p->direction;
	f->response.flags = HTTP_RESPONSE;
	http_restart(&f->request, p->seq);
	return f;
}

/* The HTTP stage of a packet, for all its HTTP rules at once. */
apart int http_packet(struct __sk_buff *skb, struct packet *p)
{
	take_packet(p);
	struct http_flow *f;
	__u64 key;

	if (!p || !(p->flags & PACKET_TCP))
		return RULE_NEXT;
	key = http_key(p);
	if (p->tcp_flags & TCP_SYN) {
		bpf_map_delete_elem(&http_flows, &key);
		return RULE_NEXT;
	}
	if (!p->payload_len)
		return RULE_NEXT;
	f = bpf_map_lookup_elem(&http_flows, &key);
	if (!f)
		f = http_open(skb, p, key);
	if (!f)
		return RULE_NEXT;
	if (p->direction != f->client)
		return http_response(skb, p, f);
	http_follow_request(skb, p, f);
	return RULE_NEXT;
}

#endif
