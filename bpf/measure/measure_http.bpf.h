/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_http.bpf.h - requests of an HTTP/1.x connection and the answers to them, in order: keep-alive,
 * pipelining, chunked bodies, interim responses and HEAD are framed right, so a count is exact.
 *
 * Most packets are one message with a head like the one before (http_memo.bpf.h); they are done in one
 * piece, http_steady(). Any other head that is in one packet is scanned line by line (http_scan.bpf.h), and
 * where even that does not do, byte by byte (http.bpf.h), wherever it is cut. Where the responses go on
 * after something was missed: the acknowledgement number of a request is the position of its response,
 * when no other one is awaited.
 *
 * Limits: 8 requests in flight on a connection and 8 KiB of unusual heads in one packet; what is beyond
 * is counted as unpaired.
 */
#ifndef FL_MEASURE_HTTP_BPF_H
#define FL_MEASURE_HTTP_BPF_H

#include "bpf/http/http_memo.bpf.h"
#include "measure_flow.bpf.h"

#define HTTP_CHUNK     32  /* bytes that are parsed at a time */
#define HTTP_STEPS_MAX 256 /* heads, chunks, and bodies skipped in one packet */
#define HTTP_STOPS     256 /* beside an event: what follows is a body, or another message */

/*
 * Where a CPU reads the heads of an edge: what those that it saw look like (requests, responses), and a copy of the
 * beginning of the present one. (Not of each connection: what all of them share is in the cache when a packet
 * comes. And in one place: after a system call the CPU may have to walk the page tables for each page.) Where
 * two edges share one, the layout is of the last.
 */
struct http_desk {
	struct http_memo memo[2];
	struct http_head head;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HTTP_DESKS);
	__type(key, __u32);
	__type(value, struct http_desk);
} desks SEC(".maps");

static __always_inline struct http_desk *http_desk(const struct flow *f)
{
	__u32 i = f->desk;

	return bpf_map_lookup_elem(&desks, &i);
}

static __always_inline struct http_parser *http_side(struct flow *f, bool request)
{
	return request ? &flow_talk(f)->request : &flow_talk(f)->response;
}

/* The requests that wait can no longer be told apart, but for the newest @but. */
static __always_inline void http_forget_but(struct flow *f, __u8 but)
{
	__u8 n = f->head - f->tail - but;

	f->tail = f->head - but;
	f->beyond = 0;
	if (n)
		loss_count(FL_MEASURE_UNPAIRED, n);
}

static __always_inline void http_forget(struct flow *f)
{
	http_forget_but(f, 0);
}

/* The status of a response is known: the first that is not interim answers the request. */
static __always_inline void http_answers(struct flow *f)
{
	struct http_parser *parser = &flow_talk(f)->response;
	__u32 slot = f->tail;

	if (f->tail == f->head) {
		/* One beyond those that are remembered: its framing is a guess. */
		if (f->beyond && (parser->status >= 200 || parser->status == 101))
			f->beyond--;
		return;
	}
	parser->flags |= flow_asked(f, slot).flags;
	if (parser->status < 200 && parser->status != 101)
		return;
	f->tail++;
	flow_answered(f, flow_talk(f)->answer_ns, slot, parser->status);
}

static __always_inline void http_asks(struct flow *f)
{
	struct asked asked = {
		.ns = flow_talk(f)->began_ns,
		.ack = f->began_ack,
		.flags = flow_talk(f)->request.flags & HTTP_CONNECT,
		.method = flow_talk(f)->request.method,
		.path = f->path,
	};

	if (flow_talk(f)->request.method == FL_HTTP_HEAD)
		asked.flags |= HTTP_NO_BODY;
	if (!(f->flags & FLOW_TALKED))
		f->flags |= FLOW_TALKED;
	flow_ask(f, &asked);
}

/* Take what was found. Returns negative when nothing can be made of this direction any more. */
apart int http_found(struct flow *f, __u32 event)
{
	if (!f)
		return -1;
	switch (event) {
	case HTTP_REQUEST_LINE: http_asks(f); return 0;
	case HTTP_STATUS_LINE: http_answers(f); return 0;
	case HTTP_LOST: return -1;
	}
	return 0;
}

apart int http_step(struct flow *f, __u32 request, __u32 c)
{
	struct http_parser *parser;
	int event;

	if (!f)
		return HTTP_LOST;
	parser = http_side(f, request);
	event = http_byte(parser, c);
	return http_skips(parser) || parser->phase == HTTP_START ? event | HTTP_STOPS : event;
}

/* Parse up to HTTP_CHUNK bytes of the payload at @off. Returns how many; negative: give up. */
apart int http_chunk(struct __sk_buff *skb, struct seen *s, struct flow *f, __u32 off)
{
	__u8 bytes[HTTP_CHUNK] = {};
	__u32 i, n;

	if (!s || !f)
		return -1;
	n = load_some(skb, s->payload_off + off, bytes, HTTP_CHUNK, s->payload_len - off);
	if (!n)
		return -1;
	for (i = 0; i < HTTP_CHUNK; i++) {
		int event;

		if (i >= n)
			break;
		event = http_step(f, s->is_request, bytes[i]);
		if (!event)
			continue;
		if (http_found(f, event & ~HTTP_STOPS) < 0)
			return -1;
		if (event & HTTP_STOPS)
			return i + 1;
	}
	return n;
}

/* --- the fast way ---------------------------------------------------------------------------- */

static __always_inline bool http_has_prefix(const struct http_head *h, __u32 at, const struct fl_prefix *p)
{
	const __u64 *text = (const __u64 *)p->text, *mask = (const __u64 *)p->mask;
	__u64 differs = 0;
	__u32 i;

	for (i = 0; i < FL_PREFIX_MAX / 8; i++)
		differs |= (http_load(&h->bytes[http_scan_index(at) + 8 * i]) ^ text[i]) & mask[i];
	return !differs;
}

/* The class of the target of the request whose beginning is in @h, with zeros behind what is there. */
apart int http_path_class(const struct http_head *h)
{
	__u64 blanks;
	__u32 at, i;

	if (!h)
		return 0;
	/* Behind the first blank; a method of eight letters or more is none that is looked for. */
	blanks = http_equal(http_word(h, 0), ' ');
	if (!blanks)
		return 0;
	at = http_first_byte(blanks) + 1;
	for (i = 0; i < FL_PREFIXES; i++) {
		__u32 key = i;
		const struct fl_prefix *p = bpf_map_lookup_elem(&prefixes, &key);

		if (!p || i >= n_prefixes)
			return 0;
		if (http_has_prefix(h, at, p))
			return i + 1;
	}
	return 0;
}

/* Everything through the byte-wise parser, so that a test can compare: neither scan nor, as nothing is kept, memo. */
const volatile __u8 http_bytewise = 0;

/*
 * A message begins at @off: its head, if all of it is here and nothing about it unusual. Returns how many
 * bytes that are; 0: it is for the slow way.
 */
apart int http_fast(struct __sk_buff *skb, struct seen *s, struct flow *f, __u32 off)
{
	struct http_parser *parser;
	struct http_desk *desk;
	struct http_head *head;
	__u32 n, left;

	if (!s || !f)
		return 0;
	desk = http_desk(f);
	if (!desk)
		return 0;
	head = &desk->head;
	parser = http_side(f, s->is_request);
	left = s->payload_len - off;
	n = load_some(skb, s->payload_off + off, head->bytes, HTTP_SCAN_SIZE, left);
	if (!n)
		return 0;
	if (s->is_request && n_prefixes) {
		/* What others left behind is none of this target. */
		__builtin_memset(&head->bytes[n], 0, HTTP_SCAN_SLACK);
		f->path = http_path_class(head);
	}
	if (http_bytewise)
		return 0;
	n = http_scan(parser, head, n, !s->is_request && flow_waiting(f) == 1 ? left : 0);
	if (!n)
		return 0;
	http_memo_keep(&desk->memo[bounded(s->is_request, 2)], parser, head, n);
	parser->start = parser->next;
	parser->next += n;
	http_found(f, s->is_request ? HTTP_REQUEST_LINE : HTTP_STATUS_LINE);
	http_headers_end(parser);
	return n;
}

static __always_inline void http_begins(struct seen *s, struct flow *f)
{
	if (s->is_request) {
		flow_talk(f)->began_ns = s->now_ns;
		f->began_ack = s->ack;
	} else {
		flow_talk(f)->answer_ns = s->now_ns;
	}
}

/* Go on at @off of the payload, by skipping or by parsing. Returns how many bytes are done. */
apart int http_advance(struct __sk_buff *skb, struct seen *s, struct flow *f, __u32 off)
{
	struct http_parser *parser;
	__u32 skipped;
	int n;

	if (!s || !f)
		return -1;
	parser = http_side(f, s->is_request);
	if (http_skips(parser)) {
		http_skip(parser, s->payload_len - off, &skipped);
		return skipped;
	}
	if (parser->phase == HTTP_START) {
		http_begins(s, f);
		n = http_fast(skb, s, f, off);
		if (n)
			return n;
	}
	return http_chunk(skb, s, f, off);
}

/* Follow the payload from @off to its end. Returns 0, or negative when that was impossible. */
apart int http_follow(struct __sk_buff *skb, struct seen *s, struct flow *f, __u32 off)
{
	__u32 i;

	if (!s || !f)
		return -1;
	for (i = 0; i < HTTP_STEPS_MAX; i++) {
		int n;

		if (off >= s->payload_len)
			return 0;
		n = http_advance(skb, s, f, off);
		if (n < 0)
			return n;
		off += n;
	}
	return -1;
}

/* Does the payload begin as a request line does? */
static __always_inline bool http_looks_like_request(struct __sk_buff *skb, const struct seen *s)
{
	__u8 bytes[8] = {};
	__u32 i, n;

	n = load_some(skb, s->payload_off, bytes, sizeof(bytes), s->payload_len);
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

/* What was not seen, before the payload of @s, was the rest of a body. Returns what is still missing. */
static __always_inline __s32 http_bridge(struct http_parser *parser, __s32 ahead)
{
	__u32 skipped;

	if (ahead <= 0 || !http_skips(parser))
		return ahead;
	http_skip(parser, ahead, &skipped);
	return ahead - (__s32)skipped;
}

static __always_inline void http_response(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	__s32 ahead = http_bridge(&flow_talk(f)->response, s->seq - flow_talk(f)->response.next);

	/* What the newest request's client had of us by then ended here: answers before it were not seen. */
	if (ahead > 0 && flow_waiting(f) && f->newest.ack == s->seq) {
		http_forget_but(f, 1);
		http_restart(&flow_talk(f)->response, s->seq);
		ahead = 0;
	}
	/* A hole where a message begins or in its head is the end of what can be told. */
	if (ahead > 0 || http_follow(skb, s, f, -ahead) < 0) {
		http_lost(&flow_talk(f)->response);
		f->server_side |= FLOW_SIDE_LOST;
		f->heed = 1;
	}
}

static __always_inline void http_answers_from(struct flow *f, __u32 next)
{
	http_restart(&flow_talk(f)->response, next);
	f->response_next = next;
	/* Known, if not seen: an answer behind it is not the one that begins there. */
	f->server_side |= FLOW_SIDE_SEEN;
	f->server_side &= ~FLOW_SIDE_INSIDE;
}

/*
 * The next request begins here. When its client acknowledges more than we saw of the server, an answer
 * went by before both of our hooks were there: what waited for it must not take the next one.
 */
static __always_inline void http_align(struct seen *s, struct flow *f)
{
	bool missed = f->server_side & FLOW_SIDE_LOST || (__s32)(s->ack - f->response_next) > 0;

	if (missed)
		http_forget(f);
	else if (flow_waiting(f) || f->flags & FLOW_TALKED)
		return;
	f->server_side &= ~FLOW_SIDE_LOST;
	f->heed = 0;
	http_answers_from(f, s->ack);
}

static __always_inline void http_request(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	struct http_parser *parser = &flow_talk(f)->request;
	__s32 ahead = http_bridge(parser, s->seq - parser->next);

	if (ahead > 0 || f->client_side & FLOW_SIDE_LOST) {
		/* Something was missed: go on where a request begins for certain. */
		if (!http_looks_like_request(skb, s)) {
			f->client_side |= FLOW_SIDE_LOST;
			return;
		}
		http_restart(parser, s->seq);
		f->client_side &= ~FLOW_SIDE_LOST;
		f->server_side |= FLOW_SIDE_LOST;
		f->heed = 1;
		ahead = 0;
	}
	if (parser->phase == HTTP_START)
		http_align(s, f);
	if (http_follow(skb, s, f, -ahead) < 0) {
		http_lost(parser);
		f->client_side |= FLOW_SIDE_LOST;
	}
}

/* --- what mostly comes ----------------------------------------------------------------------- */

/*
 * Is the packet one that begins a message in a conversation that is under way as it should be: all bytes
 * before it were seen, one request at a time?
 */
static __always_inline bool http_is_steady(const struct seen *s, const struct flow *f)
{
	if ((f->flags & ~FLOW_CLIENT_LOCAL) != FLOW_STEADY || f->client_side != FLOW_SIDE_SEEN)
		return false;
	/* Since the request before it the server has said something. */
	if (s->is_request)
		return f->request_next == s->seq && f->newest.ack != s->ack && !f->heed;
	return f->response_next == s->seq && f->server_side == FLOW_SIDE_SEEN && (__u8)(f->head - f->tail) == 1 &&
	       !f->newest.flags;
}

/*
 * Take the packet, if it is a head like the one before it and what belongs to it; false: nothing was done,
 * and it goes the general way. (Which does the same, but for answers that were missed: http_align() finds them with
 * the next request, http_response() with its answer.)
 */
static __always_inline bool http_steady(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	const struct http_memo *memo;
	struct http_parser *parser;
	struct http_desk *desk;
	struct http_head *head;
	__u32 n, number, body;
	struct asked asked;

	if (!http_is_steady(s, f))
		return false;
	desk = http_desk(f);
	if (!desk)
		return false;
	head = &desk->head;
	memo = &desk->memo[bounded(s->is_request, 2)];
	if (!memo->after)
		return false;
	n = memo->size + HTTP_MEMO_SLACK;
	n = load_some(skb, s->payload_off, head->bytes, HTTP_SCAN_SIZE, n < s->payload_len ? n : s->payload_len);
	if (!n)
		return false;
	n = http_memo_scan(memo, head, n, !s->is_request, &number);
	body = s->payload_len - n;
	/* What follows the body is another message. */
	if (!n || number < body)
		return false;
	*flow_next(f, s->is_request) = s->seq + s->payload_len;
	if (number > body) {
		parser = http_side(f, s->is_request);
		parser->left = number - body;
		parser->phase = HTTP_BODY;
		*flow_side(f, s->is_request) |= FLOW_SIDE_INSIDE;
	}
	if (s->is_request) {
		f->to_server += s->payload_len;
		flow_ask_next(f, &(struct asked){
					 .ns = s->now_ns,
					 .ack = s->ack,
					 .flags = memo->what == FL_HTTP_HEAD ? HTTP_NO_BODY : 0,
					 .method = memo->what,
					 .path = n_prefixes ? http_path_class(head) : 0,
				 });
	} else {
		asked = f->newest;
		f->to_client += s->payload_len;
		f->tail++;
		flow_answer(f, s->now_ns, &asked, FL_SPOKEN_HTTP, memo->what);
	}
	return true;
}

#endif
