/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure_flow.bpf.h - the maps of measurement, what is remembered of a connection, and how what
 * happens on it gets into the rows (abi_measure.h).
 *
 * The two directions of a connection may be on two CPUs at once. So each field of a flow is written
 * by one direction alone: the queue of requests has its head on the client's side and its tail on
 * the server's; bytes are counted by the side that sees them pass, and booked by the answers. (But for what
 * happens rarely, where one side must set the other right: `heed`, and a queue that is given up.)
 */
#ifndef FL_MEASURE_FLOW_BPF_H
#define FL_MEASURE_FLOW_BPF_H

#include "bpf/compat.bpf.h"
#include "bpf/abi/abi_measure.h"
#include "bpf/net/share.h"
#include "measure_hist.bpf.h"
#define HTTP_WITHOUT_PATH
#include "bpf/http/http_memo.bpf.h"

#define HTTP_DESKS   256 /* a CPU */
#define FLOW_PENDING 8   /* requests of a connection whose answers are awaited */

/*
 * One end's view of a flow: the same connection is two flows at the veths of its two ends. Two words, which
 * are never both 0.
 */
struct flow_key {
	__u64 ends; /* local and peer address; of IPv6 a hash of each */
	__u16 local_port, peer_port;
	__u16 id; /* DNS: of the transaction */
	__u8 version;
	__u8 pad;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct flow_key) == 16, "flow_key");

enum {
	FLOW_CLIENT_LOCAL = 1 << 0,              /* the container is the client */
	FLOW_SPOKEN = 1 << 1,                    /* edge.spoken is known, not guessed */
	FLOW_CONNECTING = 1 << 2,                /* SYN seen, no SYN-ACK yet */
	FLOW_TALKED = 1 << 3,                    /* it is HTTP, and a whole request line was seen */
	FLOW_GIVEN_UP = 1 << 4,                  /* nobody answers its SYN, and that was booked */
	FLOW_STEADY = FLOW_SPOKEN | FLOW_TALKED, /* and nothing else but who is local */
};

enum {
	FLOW_SIDE_SEEN = 1 << 0,   /* the parser's `next` is known */
	FLOW_SIDE_ENDED = 1 << 1,  /* FIN */
	FLOW_SIDE_LOST = 1 << 2,   /* HTTP: the place in it is not known */
	FLOW_SIDE_INSIDE = 1 << 3, /* HTTP: ... is inside a message */
	FLOW_SIDE_BEYOND = 1 << 4, /* the client's: `beyond` may not be 0 */
};

/* A request that waits for its answer. */
struct asked {
	__u64 ns;
	__u32 ack;         /* HTTP: what its client had of the server by then, so where its answer begins */
	__u8 flags;        /* HTTP_NO_BODY, HTTP_CONNECT */
	__u8 method, path; /* as in struct fl_edge */
	__u8 pad;
};

/* What only those need who follow a conversation byte by byte, or one that is not one request at a time. */
struct talk {
	struct http_parser request; /* its `next` only while a packet is parsed */
	__u64 began_ns;             /* first byte of the present request */
	struct http_parser response;
	__u64 answer_ns; /* first byte of the present response */
	struct asked asked[FLOW_PENDING];
};

/*
 * The two ends of a connection lie in one place, in halves of the same cache lines: what is `beside` is the other
 * end's. A packet that comes by the second hook finds there what the first one has fetched, and with many
 * connections that takes longer than all else that is done.
 *
 * The client's packets are often handled on another CPU than the server's, and a line that both write moves
 * between the two with each packet. So in the usual way of a conversation (http_steady()) the client's packets
 * read the first two lines and write the second; the server's read three and write the third.
 */
#define FLOW_HALF 32

struct flow {
	struct flow_key key;
	struct fl_edge edge; /* without method and path */
	__u16 port;          /* the server's */
	__u16 desk;          /* where its heads are read: http_desk() */
	__u8 flags;          /* FLOW_* */
	__u8 end;            /* which half it has: 0 or 1 */
	__u16 veth;          /* the lower bits of its interface's number: flow_is_here() */
	__u8 beside[FLOW_HALF];

	struct asked newest; /* the last request; the ones before it are in asked[] */
	__u32 request_next;  /* sequence number of the next byte that was not seen yet */
	__u32 to_server;     /* bytes, modulo 2^32 */
	__u8 head;           /* requests seen, modulo 256 */
	__u8 client_side;    /* FLOW_SIDE_* */
	__u8 path;           /* of the present request: class of its target */
	__u8 heed;           /* the next request must look at the server's line: set when its place is lost */
	__u32 beyond;        /* requests that did not fit into asked[] */
	__u8 beside2[FLOW_HALF];

	__u32 response_next;
	__u32 to_client;
	__u32 booked_to_server, booked_to_client; /* how many of the bytes are in a row */
	__u32 row;                                /* the last one that was counted in: row_get() */
	__u8 tail;                                /* responses begun, modulo 256 */
	__u8 server_side;                         /* FLOW_SIDE_* */
	__u8 pad2[2];
	__u64 last_ns; /* of a packet with payload, or a SYN; not of those that http_steady() takes */
	__u8 beside3[FLOW_HALF];

	__u64 syn_ns, connect_ns; /* connect_ns: not booked yet */
	__u32 syn_seq;
	__u32 began_ack; /* the present request's */
	__u64 hash;      /* as the rules of faults have it (bpf/net/share.h) */
	__u8 beside4[FLOW_HALF];

	struct talk talks[2]; /* [end] is its own: flow_talk() */
};
_Static_assert(sizeof(struct talk) == 256 - FLOW_HALF, "lines, behind the half that is the other's");
_Static_assert(sizeof(struct flow) == 256 + 2 * sizeof(struct talk), "whole cache lines");

static __always_inline struct talk *flow_talk(struct flow *f)
{
	return &f->talks[bounded(f->end, 2)];
}

/* The packet at hand. */
struct seen {
	struct flow_key key;
	__u64 now_ns;
	__u32 seq, ack;
	__u32 payload_off, payload_len;
	__u16 transport_off;
	__u8 tcp_flags;
	__u8 from;       /* the container sent it */
	__u8 is_request; /* so did the client */
	__u8 pad[3];
};

struct service_port {
	__u16 service, port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16 * FL_MEASURE_SERVICES);
	__type(key, __u8[16]);
	__type(value, __u32);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16 * FL_MEASURE_SERVICES);
	__type(key, struct fl_place);
	__type(value, __u8);
} places SEC(".maps");

/* DNS queries, each a flow of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow);
} queries SEC(".maps");

/* How many rows there may be, at most ROW_MASK - 1; user space says it here and to the three maps. */
const volatile __u32 max_rows = 512;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct fl_row);
} rows SEC(".maps");

/* Which of them an edge has. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct fl_edge);
	__type(value, __u32);
} edges SEC(".maps");

/* How many were given away. */
__u32 n_rows = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct fl_edge);
	__type(value, struct fl_path);
} paths SEC(".maps");

/* What was last spoken on a port: for connections that end before a word. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct service_port);
	__type(value, __u8);
} spoken_at SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_MEASURE_SERVICES);
	__type(key, __u32);
	__type(value, struct fl_watch);
} watches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_PREFIXES);
	__type(key, __u32);
	__type(value, struct fl_prefix);
} prefixes SEC(".maps");

/* How many of them are set, from the first on. */
__u32 n_prefixes = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_MEASURE_SERVICES);
	__type(key, __u32);
	__type(value, struct fl_trial);
} trials SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16 * FL_MEASURE_SERVICES);
	__type(key, struct fl_instance);
	__type(value, __u8);
} instances SEC(".maps");

/* How often they were changed, in FL_TRIAL_STAMP's bits of struct flow's `row`. Rows are found anew then. */
__u32 trial_stamp = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_MEASURE_STATS);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* Any of `watches` is on. */
__u32 watching = 0;

/* Zeroed ones: they are too large for the stack. */
const __u8 flow_fresh[sizeof(struct flow)] = {};
const __u8 path_fresh[sizeof(struct fl_path)] = {};

static __always_inline void loss_count(__u32 which, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &which);

	if (count)
		__sync_fetch_and_add(count, n);
}

/* --- rows ------------------------------------------------------------------------------------ */

/* The number of the row of @edge, which gets one when it has none; negative: there is no room. */
static __always_inline int row_find(const struct fl_edge *edge)
{
	struct fl_edge key;
	__u32 *row, fresh;

	key = *edge;
	row = bpf_map_lookup_elem(&edges, &key);
	if (row)
		return *row;
	/* Groups of a trial leave half of them to what is measured without it. */
	if (n_rows >= (key.group ? max_rows / 2 : max_rows))
		return -1;
	fresh = __sync_fetch_and_add(&n_rows, 1);
	if (fresh >= max_rows)
		return -1;
	/* Given one on another CPU meanwhile: that is it, and this one is lost. */
	bpf_map_update_elem(&edges, &key, &fresh, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&edges, &key);
	return row ? (int)*row : -1;
}

/* In struct flow's `row`: its number + 1, and behind that what it is of, and FL_TRIAL_STAMP's bits. Of one piece: both
 * sides write it. */
#define ROW_MASK   0x1fff
#define ROW_SPOKEN 13
#define ROW_METHOD 16
#define ROW_PATH   24

/* The flow's group in the trial of @service, at that end of it; 0: it has none. */
static __always_inline __u8 trial_group(const struct flow *f, __u32 service, bool local, bool client)
{
	const struct fl_trial *t = bpf_map_lookup_elem(&trials, &service);
	__u16 own = local ? f->key.local_port : f->key.peer_port;
	__u16 other = local ? f->key.peer_port : f->key.local_port;
	__u8 protocol = f->edge.spoken == FL_SPOKEN_DNS ? IPPROTO_UDP : IPPROTO_TCP;
	struct fl_instance instance = { service, local ? f->key.ends >> 32 : f->key.ends };
	const __u8 *group;
	__u64 draw;

	if (!t || !t->by || (t->protocol && t->protocol != protocol))
		return 0;
	if (!port_is_in(t->port, own) && !port_is_in(t->port, other))
		return 0;
	if (!port_is_in(t->local_port, own) || !port_is_in(t->peer_port, other))
		return 0;
	if (t->by != FL_TRIAL_FLOWS) {
		group = bpf_map_lookup_elem(&instances, &instance);
		if (!group || !*group || t->by == FL_TRIAL_INSTANCES)
			return group ? *group : 0;
	}
	if (t->attempts && (!f->syn_ns || !(t->attempts & 1 << (client ? FL_DIR_FROM : FL_DIR_TO))))
		return 0;
	/* (Attempts as the rules draw them, flows as share_draw() does: in one call, which stays inlined, as the verifier
	 * allows eight frames.) */
	draw = hash_draw(t->seed, t->attempts ? HASH_DECIDE : HASH_SHARE,
			 t->attempts ? attempt_number(f->hash, f->syn_seq) : f->hash);
	/* (The share goes by the upper half of the draw.) */
	return 1 + (draw & (FL_TRIAL_GROUPS - 1)) + (hash_chance(draw, t->share_ppm) ? FL_TRIAL_GROUPS : 0);
}

/* The number of the row of @f with that method and path, in its group of a trial; negative: there is no room. */
apart int row_find_for(const struct flow *f, __u32 method, __u32 path)
{
	struct fl_edge edge;
	bool client_local;
	int found = -1;

	if (!f)
		return -1;
	edge = f->edge;
	edge.method = method;
	edge.path = path;
	client_local = f->flags & FLOW_CLIENT_LOCAL;
	edge.group = trial_group(f, edge.client, client_local, true);
	if (!edge.group)
		edge.group = trial_group(f, edge.server, !client_local, false);
	if (edge.group) {
		found = row_find(&edge);
		if (found < 0)
			loss_count(FL_MEASURE_NO_GROUP, 1);
		edge.group = 0;
	}
	return found < 0 ? row_find(&edge) : found;
}

/*
 * This CPU's row of @f's requests with that method and path, made when there is none; NULL: no room. (@spoken
 * is @f's: who knows it need not fetch it.)
 */
static __always_inline struct fl_row *row_get(struct flow *f, __u8 spoken, __u8 method, __u8 path, __u64 now_ns)
{
	__u32 of = (__u32)spoken << ROW_SPOKEN | (__u32)method << ROW_METHOD | (__u32)path << ROW_PATH |
		   *(volatile __u32 *)&trial_stamp;
	__u32 known = *(volatile __u32 *)&f->row, i;
	bool fresh = !(known & ROW_MASK) || (known ^ of) & ~ROW_MASK;
	struct fl_row *row;

	if (fresh) {
		int found = row_find_for(f, method, path);

		known = found < 0 ? 0 : of | (found + 1);
		f->row = known;
	}
	/* (Without one, the last number there is: of no row.) */
	i = (known & ROW_MASK) - 1;
	row = bpf_map_lookup_elem(&rows, &i);
	if (!row) {
		loss_count(FL_MEASURE_NO_ROW, 1);
		return NULL;
	}
	if (!row->first_ns) {
		row->first_ns = now_ns;
		fresh = true;
	}
	row->last_ns = now_ns;
	if (fresh && row->port != f->port)
		row->port = row->port ? FL_PORTS_MANY : f->port;
	return row;
}

static __always_inline struct fl_path *path_get(const struct flow *f)
{
	struct fl_edge edge = f->edge;
	struct fl_path *path = bpf_map_lookup_elem(&paths, &edge);

	if (path)
		return path;
	bpf_map_update_elem(&paths, &edge, &path_fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&paths, &edge);
}

/* Book the bytes that went by since the last time. */
static __always_inline void row_bytes(struct fl_row *row, struct flow *f)
{
	__u32 to_server = f->to_server, to_client = f->to_client;

	row->bytes_to_server += (__u32)(to_server - f->booked_to_server);
	row->bytes_to_client += (__u32)(to_client - f->booked_to_client);
	f->booked_to_server = to_server;
	f->booked_to_client = to_client;
}

static __always_inline bool watch_wants(__u32 service, __u64 latency_ns, bool failed)
{
	const struct fl_watch *w = bpf_map_lookup_elem(&watches, &service);

	return w && w->on && (failed || (w->slow_ns && latency_ns > w->slow_ns));
}

/* Tell user space, if it wants to know of either end. */
static __always_inline void watch_tell(const struct flow *f, __u64 now_ns, __u64 latency_ns, __u32 status, bool failed)
{
	struct fl_measure_event *e;

	if (!watching ||
	    (!watch_wants(f->edge.client, latency_ns, failed) && !watch_wants(f->edge.server, latency_ns, failed)))
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		loss_count(FL_MEASURE_EVENTS_LOST, 1);
		return;
	}
	*e = (struct fl_measure_event){
		.at_ns = now_ns,
		.latency_ns = latency_ns,
		.client = f->edge.client,
		.server = f->edge.server,
		.status = status,
		.vantage = f->edge.vantage,
	};
	bpf_ringbuf_submit(e, 0);
}

/* Request number @slot. */
static __always_inline struct asked flow_asked(const struct flow *f, __u32 slot)
{
	struct asked newest = f->newest;
	const struct talk *talk = &f->talks[bounded(f->end, 2)];

	/* (Another CPU may take the next one meanwhile: see flow_ask_next().) */
	barrier();
	return (__u8)(slot + 1) == *(volatile __u8 *)&f->head ? newest : talk->asked[bounded(slot, FLOW_PENDING)];
}

/* @asked is answered, with @status (0: the protocol has none that is known). */
static __always_inline int flow_answer(struct flow *f, __u64 now_ns, const struct asked *asked, __u8 spoken,
				       __u32 status)
{
	__u64 latency_ns = now_ns - asked->ns;
	__u32 class = bounded(status / 100, 8);
	struct fl_row *row = row_get(f, spoken, asked->method, asked->path, now_ns);

	if (!row)
		return -1;
	hist_record(&row->latency, latency_ns);
	row->status[class < 6 ? class : 0]++;
	row_bytes(row, f);
	watch_tell(f, now_ns, latency_ns, status, status >= 400);
	return 0;
}

/* The same of request number @slot, out of line. */
apart int flow_answered(struct flow *f, __u64 now_ns, __u32 slot, __u32 status)
{
	struct asked asked;

	if (!f)
		return -1;
	asked = flow_asked(f, slot);
	return flow_answer(f, now_ns, &asked, f->edge.spoken, status);
}

/* The rarer things. */
enum flow_event {
	FLOW_CONNECTED, /* @n: after so many ns */
	FLOW_REFUSED,
	FLOW_RESET,
	FLOW_UNANSWERED, /* @n requests */
	FLOW_RETRANSMITTED,
	FLOW_BYTES, /* book them */
};

apart int flow_note(struct flow *f, __u64 now_ns, __u32 event, __u64 n)
{
	struct fl_path *path = NULL;
	struct fl_row *row;

	if (!f)
		return -1;
	row = row_get(f, f->edge.spoken, 0, 0, now_ns);
	if (event == FLOW_CONNECTED)
		path = path_get(f);
	if (!row)
		return -1;
	switch (event) {
	case FLOW_CONNECTED:
		row->connects++;
		if (path)
			hist_record_shared(&path->connect, n);
		return 0;
	case FLOW_RETRANSMITTED: row->retransmits++; return 0;
	case FLOW_BYTES: row_bytes(row, f); return 0;
	case FLOW_REFUSED: row->refused++; break;
	case FLOW_RESET: row->resets++; break;
	case FLOW_UNANSWERED: __sync_fetch_and_add(&row->timeouts, n); break;
	}
	watch_tell(f, now_ns, 0, 0, true);
	return 0;
}

/* --- requests and their answers -------------------------------------------------------------- */

/* The position of the next byte of one side. */
static __always_inline __u32 *flow_next(struct flow *f, bool request)
{
	return request ? &f->request_next : &f->response_next;
}

static __always_inline __u8 *flow_side(struct flow *f, bool request)
{
	return request ? &f->client_side : &f->server_side;
}

/* Requests that wait for their answer. */
static __always_inline __u32 flow_waiting(const struct flow *f)
{
	return (__u8)(f->head - f->tail) + f->beyond;
}

/* The next request, for which there is room: the one before it goes to the others, in case it still waits. */
static __always_inline void flow_ask_next(struct flow *f, const struct asked *asked)
{
	flow_talk(f)->asked[bounded(f->head - 1, FLOW_PENDING)] = f->newest;
	barrier();
	f->head++;
	barrier();
	f->newest = *asked;
}

/* A request is complete enough to be one. */
static __always_inline void flow_ask(struct flow *f, const struct asked *asked)
{
	if (f->beyond || (__u8)(f->head - f->tail) >= FLOW_PENDING) {
		f->client_side |= FLOW_SIDE_BEYOND;
		f->beyond++;
		loss_count(FL_MEASURE_UNPAIRED, 1);
		return;
	}
	flow_ask_next(f, asked);
}

/* The answers that are awaited can no longer be told apart, or will not come. Returns how many. */
static __always_inline __u32 flow_forget(struct flow *f)
{
	__u32 n = (__u8)(f->head - f->tail);

	f->tail = f->head;
	f->beyond = 0;
	return n;
}

#endif
