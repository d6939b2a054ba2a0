/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_tcp.bpf.h - the life of a TCP connection as one veth sees it: who is the client, what is
 * spoken, when it is answered, and how it ends.
 */
#ifndef FL_MEASURE_TCP_BPF_H
#define FL_MEASURE_TCP_BPF_H

#include "flow_table.bpf.h"
#include "measure_flow.bpf.h"
#include "measure_http.bpf.h"
#include "measure_packet.bpf.h"

#define GOODBYE_NS     10000000 /* nobody gives up waiting so soon */
#define TLS_ALERT_MAX  64       /* bytes of a record with an alert, encrypted and padded */
#define RTT_SAMPLE     16       /* one request in so many; a power of two */
#define PORT_EPHEMERAL 32768    /* net.ipv4.ip_local_port_range begins here */

/* --- a new flow ------------------------------------------------------------------------------ */

/* Of a connection that was there before us: did its client send the packet? */
static __always_inline bool sent_by_client(struct __sk_buff *skb, const struct seen *s)
{
	__u16 source = s->from ? s->key.local_port : s->key.peer_port;
	__u16 dest = s->from ? s->key.peer_port : s->key.local_port;

	if (s->tcp_flags & TCP_SYN)
		return !(s->tcp_flags & TCP_ACK);
	if (http_looks_like_request(skb, s))
		return true;
	if ((source >= PORT_EPHEMERAL) != (dest >= PORT_EPHEMERAL))
		return source >= PORT_EPHEMERAL;
	return source > dest;
}

/* What is usually spoken there, until the connection's own first word. */
static __always_inline __u8 spoken_guess(const struct flow *f)
{
	struct service_port at = { f->edge.server, f->port };
	const __u8 *spoken = bpf_map_lookup_elem(&spoken_at, &at);

	return spoken ? *spoken : FL_SPOKEN_TURNS;
}

/* NULL: it is nobody's, or being made on the other CPU. */
static __always_inline struct flow *flow_open(struct __sk_buff *skb, struct seen *s)
{
	__u16 local = service_here(skb, s);
	int slot = local ? flow_take(&s->key) : -1;
	struct flow *f = slot < 0 ? NULL : flow_at(slot, flow_home(&s->key).end);

	if (!f)
		return NULL;
	loss_count(FL_MEASURE_FLOWS_MADE, 1);
	flow_begin(skb, s, f, local, sent_by_client(skb, s), IPPROTO_TCP);
	f->edge.spoken = spoken_guess(f);
	return f;
}

/* --- what is spoken -------------------------------------------------------------------------- */

static __always_inline __u8 spoken_in(struct __sk_buff *skb, const struct seen *s)
{
	__u8 bytes[4] = {};
	__u32 n;

	n = load_some(skb, s->payload_off, bytes, sizeof(bytes), s->payload_len);
	if (n > 1 && bytes[0] == 0x16 && bytes[1] == 3)
		return FL_SPOKEN_OPAQUE; /* a TLS handshake */
	if (n == 4 && bytes[0] == 'P' && bytes[1] == 'R' && bytes[2] == 'I' && bytes[3] == ' ')
		return FL_SPOKEN_OPAQUE; /* HTTP/2 with prior knowledge */
	return http_looks_like_request(skb, s) ? FL_SPOKEN_HTTP : FL_SPOKEN_TURNS;
}

static __always_inline void flow_speaks(struct flow *f, __u8 spoken, __u64 now_ns)
{
	struct service_port at = { f->edge.server, f->port };

	if (f->edge.spoken != spoken || !(f->flags & FLOW_SPOKEN))
		bpf_map_update_elem(&spoken_at, &at, &spoken, BPF_ANY);
	f->edge.spoken = spoken;
	f->flags |= FLOW_SPOKEN;
	if (spoken != FL_SPOKEN_HTTP)
		f->flags &= ~FLOW_TALKED;
	if (f->connect_ns) {
		flow_note(f, now_ns, FLOW_CONNECTED, f->connect_ns);
		f->connect_ns = 0;
	}
}

/* --- round trip time ------------------------------------------------------------------------- */

/*
 * A segment that the container sent still belongs to its socket here, whose TCP knows the smoothed round
 * trip time. The first request of a connection and each 16th behind it are looked at.
 */
static __always_inline void flow_sample_rtt(struct __sk_buff *skb, const struct flow *f)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_tcp_sock *tcp;
	struct fl_path *path;

	if ((f->head & (RTT_SAMPLE - 1)) != 1 || !sk)
		return;
	sk = bpf_sk_fullsock(sk);
	tcp = sk ? bpf_tcp_sock(sk) : NULL;
	/* (In eighths of a us; 0 until a segment was acknowledged.) */
	path = tcp && tcp->srtt_us ? path_get(f) : NULL;
	if (path)
		hist_record_shared(&path->rtt, (__u64)(tcp->srtt_us >> 3) * 1000);
}

/* --- turns ----------------------------------------------------------------------------------- */

/*
 * A client's last words, which nobody answers: Terminate of PostgreSQL, COM_QUIT of MySQL, an alert of
 * TLS (close_notify, mostly).
 */
static __always_inline bool turn_is_goodbye(struct __sk_buff *skb, const struct seen *s, const struct flow *f)
{
	bool tls = f->edge.spoken == FL_SPOKEN_OPAQUE;
	__u8 b[5];

	if ((s->payload_len != 5 && !(tls && s->payload_len <= TLS_ALERT_MAX)) || s->payload_len < 5 ||
	    bpf_skb_load_bytes(skb, s->payload_off, b, sizeof(b)))
		return false;
	if (tls)
		return b[0] == 0x15 && b[1] == 3;
	return (b[0] == 'X' && !b[1] && !b[2] && !b[3] && b[4] == 4) ||
	       (b[0] == 1 && !b[1] && !b[2] && !b[3] && b[4] == 1);
}

static __always_inline void turn_request(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	if (!flow_waiting(f) && !turn_is_goodbye(skb, s, f))
		flow_ask(f, &(struct asked){ .ns = s->now_ns });
}

static __always_inline void turn_response(struct seen *s, struct flow *f)
{
	__u32 slot = f->tail;

	if (f->tail == f->head)
		return;
	f->tail++;
	flow_answered(f, s->now_ns, slot, 0);
}

/* The connection is none of HTTP/1.x any more, or never was: what is awaited is a turn. */
static __always_inline void turns_from_now(struct __sk_buff *skb, struct seen *s, struct flow *f, __u8 spoken)
{
	http_forget(f);
	flow_speaks(f, spoken, s->now_ns);
	if (s->is_request)
		turn_request(skb, s, f);
}

/* --- payload --------------------------------------------------------------------------------- */

static __always_inline void payload_http(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	if (flow_talk(f)->response.flags & HTTP_TUNNEL) {
		turns_from_now(skb, s, f, FL_SPOKEN_OPAQUE);
		return;
	}
	if (!s->is_request) {
		http_response(skb, s, f);
		return;
	}
	http_request(skb, s, f);
	/* Its first line was none: it only looked like one. */
	if (f->client_side & FLOW_SIDE_LOST && !(f->flags & FLOW_TALKED))
		turns_from_now(skb, s, f, FL_SPOKEN_TURNS);
}

/* New bytes of the connection? The parser goes on at its side's next byte, which payload_done() takes back. */
static __always_inline bool payload_is_new(struct seen *s, struct flow *f)
{
	struct http_parser *parser = http_side(f, s->is_request);
	__u8 *side = flow_side(f, s->is_request);
	__s32 old;

	parser->next = *flow_next(f, s->is_request);
	if (!(*side & FLOW_SIDE_SEEN)) {
		*side |= FLOW_SIDE_SEEN;
		parser->next = s->seq;
	}
	old = parser->next - s->seq;
	if (old > 0 && s->from)
		flow_note(f, s->now_ns, FLOW_RETRANSMITTED, 1);
	return old < (__s32)s->payload_len;
}

static __always_inline void flow_payload(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	struct http_parser *parser = http_side(f, s->is_request);

	f->last_ns = s->now_ns;
	if (s->is_request)
		f->to_server += s->payload_len;
	else
		f->to_client += s->payload_len;
	/* Long before they wrap around. */
	if ((f->to_server - f->booked_to_server) >> 30 || (f->to_client - f->booked_to_client) >> 30)
		flow_note(f, s->now_ns, FLOW_BYTES, 0);
	if (!payload_is_new(s, f))
		return;
	if (!(f->flags & FLOW_SPOKEN)) {
		/* A server that greets first says nothing about what the client will speak. */
		if (!s->is_request)
			goto turn;
		flow_speaks(f, spoken_in(skb, s), s->now_ns);
	}
	if (f->edge.spoken == FL_SPOKEN_HTTP) {
		payload_http(skb, s, f);
		if (f->edge.spoken == FL_SPOKEN_HTTP)
			return;
	} else if (s->is_request) {
		turn_request(skb, s, f);
	} else {
		turn_response(s, f);
	}
turn:
	parser->next = s->seq + s->payload_len;
}

static __always_inline void payload_done(const struct seen *s, struct flow *f)
{
	const struct http_parser *parser = http_side(f, s->is_request);
	__u8 *side = flow_side(f, s->is_request);

	*flow_next(f, s->is_request) = parser->next;
	*side &= ~(FLOW_SIDE_INSIDE | (f->beyond ? 0 : FLOW_SIDE_BEYOND));
	if (parser->phase != HTTP_START)
		*side |= FLOW_SIDE_INSIDE;
}

/* --- beginning and end ----------------------------------------------------------------------- */

/* Whoever waits for an answer gets none. */
static __always_inline void flow_give_up(struct seen *s, struct flow *f)
{
	__u32 n = flow_forget(f);

	if (n)
		flow_note(f, s->now_ns, FLOW_UNANSWERED, n);
}

static __always_inline void flow_end(struct seen *s, struct flow *f)
{
	if (f->connect_ns)
		flow_speaks(f, f->edge.spoken, s->now_ns);
	if (f->to_server != f->booked_to_server || f->to_client != f->booked_to_client)
		flow_note(f, s->now_ns, FLOW_BYTES, 0);
	if (!flow_drop(&s->key))
		loss_count(FL_MEASURE_FLOWS_ENDED, 1);
}

static __always_inline struct flow *flow_syn(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	if (f && f->flags & FLOW_CONNECTING && f->syn_seq == s->seq) {
		f->last_ns = s->now_ns;
		if (s->from)
			flow_note(f, s->now_ns, FLOW_RETRANSMITTED, 1);
		return f;
	}
	if (f) {
		flow_give_up(s, f);
		flow_end(s, f);
	}
	f = flow_open(skb, s);
	if (!f)
		return NULL;
	f->flags |= FLOW_CONNECTING;
	f->syn_seq = s->seq;
	f->syn_ns = s->now_ns;
	f->last_ns = s->now_ns;
	f->client_side |= FLOW_SIDE_SEEN;
	f->request_next = s->seq + 1;
	return f;
}

static __always_inline void flow_syn_ack(struct seen *s, struct flow *f)
{
	if (!(f->flags & FLOW_CONNECTING)) {
		if (s->from && f->server_side & FLOW_SIDE_SEEN && f->response_next == s->seq + 1)
			flow_note(f, s->now_ns, FLOW_RETRANSMITTED, 1);
		return;
	}
	f->flags &= ~FLOW_CONNECTING;
	f->connect_ns = s->now_ns - f->syn_ns;
	f->server_side |= FLOW_SIDE_SEEN;
	f->response_next = s->seq + 1;
}

static __always_inline void flow_rst(struct seen *s, struct flow *f)
{
	if (f->flags & FLOW_CONNECTING) {
		flow_note(f, s->now_ns, FLOW_REFUSED, 1);
	} else if (!(f->client_side & FLOW_SIDE_ENDED)) {
		/* One connection, one failure, however many requests it took with it. */
		flow_forget(f);
		flow_note(f, s->now_ns, FLOW_RESET, 1);
	}
	flow_end(s, f);
}

/* Last words that are not known as such (turn_is_goodbye()): who says them does not wait. */
static __always_inline bool flow_says_goodbye(const struct seen *s, const struct flow *f)
{
	return s->is_request && f->edge.spoken != FL_SPOKEN_HTTP && s->now_ns - flow_asked(f, f->tail).ns < GOODBYE_NS;
}

static __always_inline void flow_fin(struct seen *s, struct flow *f)
{
	if (s->is_request)
		f->client_side |= FLOW_SIDE_ENDED;
	else
		f->server_side |= FLOW_SIDE_ENDED;
	if (flow_says_goodbye(s, f))
		flow_forget(f);
	else
		flow_give_up(s, f);
	if (f->client_side & f->server_side & FLOW_SIDE_ENDED)
		flow_end(s, f);
}

/* Whatever a packet may be. @f is NULL where there is no flow yet. */
apart int tcp_packet(struct __sk_buff *skb, struct seen *s, struct flow *f)
{
	if (!s)
		return -1;
	if ((s->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		flow_syn(skb, s, f);
		return 0;
	}
	if (!f && s->payload_len)
		f = flow_open(skb, s);
	if (!f)
		return 0;
	s->is_request = !!(f->flags & FLOW_CLIENT_LOCAL) == !!s->from;
	if (s->tcp_flags & TCP_SYN)
		flow_syn_ack(s, f);
	if (s->payload_len) {
		flow_payload(skb, s, f);
		payload_done(s, f);
		if (s->from)
			flow_sample_rtt(skb, f);
	}
	if (s->tcp_flags & TCP_RST)
		flow_rst(s, f);
	else if (s->tcp_flags & TCP_FIN)
		flow_fin(s, f);
	return 0;
}

static __always_inline void measure_tcp(struct __sk_buff *skb, struct seen *s)
{
	struct flow *f = flow_find(&s->key);

	if (f && !flow_is_here(skb, f))
		return;
	s->now_ns = bpf_ktime_get_ns();
	if (f && !(s->tcp_flags & ~(TCP_ACK | TCP_PSH))) {
		s->is_request = !!(f->flags & FLOW_CLIENT_LOCAL) == !!s->from;
		if (http_steady(skb, s, f)) {
			if (s->from)
				flow_sample_rtt(skb, f);
			return;
		}
	}
	tcp_packet(skb, s, f);
}

#endif
