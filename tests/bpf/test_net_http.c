// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP errors and slow responses: which responses change, and that nothing else ever does. Each
 * frame that comes out has a right checksum and the length it had.
 */
#include "rig.h"
#include "bpf/hash.h"
#include "util/cleanup.h"

#define MS	 1000000ull
#define REQ_SEQ	 1000u
#define RESP_SEQ 5000u
#define OK_200	 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define GET	 "GET /pay HTTP/1.1\r\nHost: a\r\n\r\n"

static const struct flow server4 = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static const struct flow server6 = { "fd00::5", "fd00:8::2", 8080, 40000 };

/* A connection in a test: the target is the server unless it says otherwise. */
struct conn {
	struct rig *rig;
	const struct flow *flow;
	bool target_is_client;
	uint32_t req, resp; /* where the two streams stand */
};

static struct conn conn_open(struct rig *r, const struct flow *flow)
{
	return (struct conn){ .rig = r, .flow = flow, .req = REQ_SEQ, .resp = RESP_SEQ };
}

/* One segment at @seq; verifies length and checksum of what comes out. */
static uint32_t segment(struct conn *c, bool request, uint32_t seq, uint32_t ack, const char *text,
			size_t n)
{
	enum fl_direction dir = request == c->target_is_client ? FL_DIR_FROM : FL_DIR_TO;
	uint32_t verdict;
	struct frame f;

	frame_tcp(&f, c->flow, dir == FL_DIR_FROM, seq, ack, text, (uint32_t)n);
	verdict = rig_run(c->rig, dir, &f);
	if (verdict == VERDICT_PASS) {
		assert_int_equal(c->rig->out.len, f.len);
		assert_int_equal(frame_l4_sum(&c->rig->out), 0xffff);
		assert_memory_equal(c->rig->out.bytes, f.bytes, f.l4 + 16);
	}
	return verdict;
}

static void request_part(struct conn *c, const char *text, size_t n)
{
	assert_int_equal(segment(c, true, c->req, c->resp, text, n), VERDICT_PASS);
	assert_memory_equal(c->rig->out.bytes + c->rig->out.payload, text, n);
	c->req += (uint32_t)n;
}

static void request(struct conn *c, const char *text)
{
	request_part(c, text, strlen(text));
}

/* The next part of the responses must come out as @expected. */
static void response_part(struct conn *c, const char *text, const char *expected, size_t n)
{
	assert_int_equal(segment(c, false, c->resp, c->req, text, n), VERDICT_PASS);
	assert_memory_equal(c->rig->out.bytes + c->rig->out.payload, expected, n);
	c->resp += (uint32_t)n;
}

static void response(struct conn *c, const char *text, const char *expected)
{
	assert_int_equal(strlen(text), strlen(expected));
	response_part(c, text, expected, strlen(text));
}

static struct fl_rule error_rule(uint16_t status)
{
	struct fl_rule rule = rig_rule(FL_KIND_HTTP_ERROR);

	rule.http.status = status;
	return rule;
}

static void assert_counts(struct rig *r, uint32_t rule, uint64_t matched, uint64_t injected,
			  uint64_t skipped)
{
	struct fl_proof proof = rig_proof(r, rule);

	assert_int_equal(proof.matched, matched);
	assert_int_equal(proof.injected, injected);
	assert_int_equal(proof.skipped, skipped);
}

static void keep_alive(void **state)
{
	struct fl_rule rule = error_rule(503);
	struct rig *r = *state;
	struct conn c4 = conn_open(r, &server4), c6 = conn_open(r, &server6);
	int i;

	rig_only(r, &rule);
	for (i = 0; i < 20; i++) {
		request(&c4, GET);
		response(&c4, OK_200, "HTTP/1.1 503 OK\r\nContent-Length: 5\r\n\r\nhello");
		request(&c6, GET);
		response(&c6, OK_200, "HTTP/1.1 503 OK\r\nContent-Length: 5\r\n\r\nhello");
	}
	assert_counts(r, 0, 40, 40, 0);
}

/* The target calls others: requests leave it, responses come. */
static void target_is_client(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	c.target_is_client = true;
	rig_only(r, &rule);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_counts(r, 0, 1, 1, 0);
}

/* A rule for what the target serves leaves alone what it asks of others. */
static void only_requests_of_one_direction(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn served = conn_open(r, &server4), asked = conn_open(r, &server6);

	rule.http.requests = 1 << FL_DIR_TO;
	asked.target_is_client = true;
	rig_only(r, &rule);
	request(&served, GET);
	response(&served, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	request(&asked, GET);
	response(&asked, OK_200, OK_200);
	assert_counts(r, 0, 1, 1, 0);
}

/* Cut at every byte: also within the digits, where the first part is lost once. */
static void split_status_line(void **state)
{
	static const char want[] = "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	size_t cut;

	rig_only(r, &rule);
	for (cut = 1; cut < strlen(OK_200); cut++) {
		struct flow flow = server4;
		struct conn c = conn_open(r, &flow);

		flow.peer_port = (uint16_t)(30000 + cut);
		request(&c, GET);
		if (cut == 10 || cut == 11) {
			assert_int_equal(segment(&c, false, c.resp, c.req, OK_200, cut), TC_SHOT);
			c.resp += (uint32_t)cut;
			response_part(&c, OK_200 + cut, want + cut, strlen(want) - cut);
			c.resp = RESP_SEQ;
			response_part(&c, OK_200, want, cut);
		} else {
			response_part(&c, OK_200, want, cut);
			response_part(&c, OK_200 + cut, want + cut, strlen(want) - cut);
		}
	}
	assert_counts(r, 0, strlen(OK_200) - 1, strlen(OK_200) - 1, 0);
}

/* Within the digits, and sent again before the rest was: it passes, and is counted. */
static void split_digits_unknown(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	rig_only(r, &rule);
	request(&c, GET);
	assert_int_equal(segment(&c, false, c.resp, c.req, OK_200, 10), TC_SHOT);
	response_part(&c, OK_200, OK_200, 10);
	response(&c, OK_200 + 10, OK_200 + 10);
	assert_counts(r, 0, 1, 0, 1);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static void retransmission(void **state)
{
	static const char want[] = "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	int i;

	rig_only(r, &rule);
	for (i = 0; i < 3; i++) {
		uint32_t req = c.req, resp = c.resp;

		request(&c, GET);
		assert_int_equal(segment(&c, true, req, resp, GET, strlen(GET)), VERDICT_PASS);
		response(&c, OK_200, want);
		/* The whole again, its beginning, its middle. */
		c.resp = resp;
		response(&c, OK_200, want);
		c.resp = resp;
		response_part(&c, OK_200, want, 11);
		c.resp = resp + 10;
		response_part(&c, OK_200 + 10, want + 10, 8);
		c.resp = resp + (uint32_t)strlen(want);
	}
	assert_counts(r, 0, 3, 3, 0);
}

/* Bodies are never looked at, in neither direction. */
static void bodies_untouched(void **state)
{
	static const char post[] = "POST /pay HTTP/1.1\r\nContent-Length: 44\r\n\r\n";
	static const char body[] = "GET /pay HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n123";
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	assert_int_equal(strlen(body), 43);
	rig_only(r, &rule);
	request(&c, post);
	request(&c, body);
	request(&c, "!");
	response(&c, head, "HTTP/1.1 500 OK\r\nContent-Length: 44\r\n\r\n");
	response(&c, body + 21, body + 21);
	response(&c, body, body); /* begins where 22 bytes are left: a new response is no such thing */
	assert_counts(r, 0, 1, 1, 0);
}

static void chunked_body_untouched(void **state)
{
	static const char chunks[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				     "13\r\nHTTP/1.1 200 OK\r\n\r\n\r\n5;x=y\r\nhello\r\n";
	static const char more[] = "11\r\nHTTP/1.1 200 OK\r\n\r\n0\r\nTrailer: HTTP/1.1 200\r\n\r\n";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	char want[sizeof(chunks)];

	memcpy(want, chunks, sizeof(want));
	want[9] = '5';
	rig_only(r, &rule);
	request(&c, GET);
	response(&c, chunks, want);
	response(&c, more, more);
	request(&c, GET);
	response(&c, chunks, want);
	assert_counts(r, 0, 2, 2, 0);
}

/* Requests sent ahead; responses together in one packet, then cut anywhere. */
static void pipelining(void **state)
{
	static const char three[] = OK_200 "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" OK_200;
	struct fl_rule rule = error_rule(503);
	struct rig *r = *state;
	size_t cut;

	snprintf((char *)rule.http.path, sizeof(rule.http.path), "/pay");
	rule.http.path_len = 4;
	rig_only(r, &rule);
	for (cut = 0; cut < strlen(three); cut++) {
		struct flow flow = server4;
		struct conn c = conn_open(r, &flow);
		char want[sizeof(three)];
		size_t second = strlen(OK_200), third = strlen(three) - strlen(OK_200);

		memcpy(want, three, sizeof(want));
		memcpy(want + 9, "503", 3);
		memcpy(want + third + 9, "503", 3);
		flow.peer_port = (uint16_t)(30000 + cut);
		request(&c, GET "GET /other HTTP/1.1\r\n\r\nGE");
		request(&c, "T /payment HTTP/1.1\r\n\r\n");
		if (cut == 10 || cut == 11 || cut == third + 10 || cut == third + 11)
			continue; /* see split_status_line */
		if (cut)
			response_part(&c, three, want, cut);
		response_part(&c, three + cut, want + cut, strlen(three) - cut);
		assert_memory_equal(want + second, "HTTP/1.1 404", 12);
	}
	assert_counts(r, 0, 2 * strlen(three), 2 * (strlen(three) - 4), 0);
}

/* The second request comes while the first response is half done: that ends where its length says. */
static void pipelining_midway(void **state)
{
	static const char want[] = "HTTP/1.1 503 OK\r\nContent-Length: 5\r\n\r\nhello";
	struct fl_rule rule = error_rule(503);
	struct rig *r = *state;
	size_t cut;

	rig_only(r, &rule);
	for (cut = 12; cut < strlen(want); cut++) {
		struct flow flow = server4;
		struct conn c = conn_open(r, &flow);

		flow.peer_port = (uint16_t)(30000 + cut);
		request(&c, GET);
		response_part(&c, OK_200, want, cut);
		request(&c, GET);
		response_part(&c, OK_200 + cut, want + cut, strlen(want) - cut);
		response(&c, OK_200, want);
	}
	assert_int_equal(rig_proof(r, 0).skipped, 0);
	assert_int_equal(rig_proof(r, 0).injected, 2 * (strlen(want) - 12));
}

/* A chunk that looks like the end of a response and the next one. */
static void pipelining_chunked(void **state)
{
	static const char got[] = "HTTP/1.1 200 OK\r\ntransfer-ENCODING: gzip, chunked\r\n\r\n"
				  "1d\r\nx\r\n\r\nHTTP/1.1 200 OK\r\n\r\n0\r\n\r\n\r\n"
				  "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct fl_rule rule = error_rule(503);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	char want[sizeof(got)];

	memcpy(want, got, sizeof(got));
	memcpy(want + 9, "503", 3);
	memcpy(want + strlen(got) - 38 + 9, "503", 3);
	rig_only(r, &rule);
	request(&c, GET GET);
	response(&c, got, want);
	assert_counts(r, 0, 2, 2, 0);
}

/* 1xx is not the answer; 204 and 304 have no body, so no other status will do. */
static void other_statuses(void **state)
{
	static const char post[] = "POST /pay HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
	static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
	static const char none[] = "HTTP/1.1 204 No Content\r\n\r\n";
	static const char same[] = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	rig_only(r, &rule);
	request(&c, post);
	response(&c, go, go);
	request(&c, "ab");
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	request(&c, GET);
	response(&c, none, none);
	request(&c, GET);
	response(&c, same, same);
	assert_counts(r, 0, 3, 1, 2);
	/* HEAD: a length, but no body. */
	request(&c, "HEAD / HTTP/1.1\r\n\r\n");
	response(&c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		 "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\n");
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_counts(r, 0, 5, 3, 2);
}

static void path_and_method(void **state)
{
	static const struct {
		const char *request;
		bool hit;
	} cases[] = {
		{ "POST /pay HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true },
		{ "POST /payments?id=1 HTTP/1.0\r\n\r\n", true },
		{ "GET /pay HTTP/1.1\r\n\r\n", false },
		{ "POST /pa HTTP/1.1\r\n\r\n", false },
		{ "POST /Pay HTTP/1.1\r\n\r\n", false },
		{ "POSTS /pay HTTP/1.1\r\n\r\n", false },
		{ "PUT /pay HTTP/1.1\r\n\r\n", true },
	};
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	size_t i;

	rule.http.methods = FL_HTTP_POST | FL_HTTP_PUT;
	rule.http.path_len = 4;
	memcpy(rule.http.path, "/pay", 4);
	rig_only(r, &rule);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		request(&c, cases[i].request);
		response(&c, OK_200, cases[i].hit ? "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello"
						  : OK_200);
	}
	assert_counts(r, 0, 3, 3, 0);
}

/* A request line of many segments; a path longer than what is kept. */
static void request_in_pieces(void **state)
{
	char text[600] = "GET /pay/";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	size_t i, n;

	memset(text + strlen(text), 'x', 300);
	memcpy(text + strlen(text), " HTTP/1.1\r\n\r\n", 14);
	rule.http.path_len = FL_HTTP_PATH_MAX;
	memcpy(rule.http.path, text + 4, FL_HTTP_PATH_MAX);
	rig_only(r, &rule);
	n = strlen(text);
	for (i = 0; i < n; i++)
		request_part(&c, text + i, 1);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_counts(r, 0, 1, 1, 0);
}

/* The decision is by seed, flow and position; the share of hits is the asked one. */
static void percent(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	struct fl_proof proof;
	int i;

	rule.probability_ppm = 200000;
	rig_only(r, &rule);
	for (i = 0; i < 2000; i++) {
		request(&c, GET);
		assert_int_equal(segment(&c, false, c.resp, c.req, OK_200, strlen(OK_200)), VERDICT_PASS);
		c.resp += (uint32_t)strlen(OK_200);
	}
	proof = rig_proof(r, 0);
	assert_int_equal(proof.matched, 2000);
	assert_in_range(proof.injected, 400 - 59, 400 + 59); /* 99.9 % of binomial(2000, 0.2) */
}

/* Not HTTP/1: it passes, whatever it is, and so does what follows. */
static void not_http(void **state)
{
	static const char *const others[] = {
		"\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /pay\r\n", "PING\r\n",
		"GET /pay SIP/2.0\r\n\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZ /pay HTTP/1.1\r\n\r\n",
		"GET  HTTP/1.1\r\n\r\n",
	};
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	size_t i;

	rig_only(r, &rule);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		struct flow flow = server4;
		struct conn c = conn_open(r, &flow);

		flow.peer_port = (uint16_t)(30000 + i);
		request(&c, others[i]);
		response(&c, OK_200, OK_200);
	}
	assert_counts(r, 0, 0, 0, 0);
}

/* A response that makes no sense, and a hole in the headers: counted, and the next one is fine. */
static void lost_and_found(void **state)
{
	static const char bad[] = "HTTP/1.1 2x0 OK\r\n\r\n";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	rig_only(r, &rule);
	request(&c, GET);
	response(&c, bad, bad);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_counts(r, 0, 2, 1, 1);
	request(&c, GET);
	c.resp += 4;
	response(&c, OK_200 + 4, OK_200 + 4);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	assert_counts(r, 0, 4, 2, 2);
}

/* A rule that starts in the middle of a connection finds its place by the next request. */
static void joins_late(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	rule.enabled = 0;
	rig_only(r, &rule);
	request(&c, GET);
	response_part(&c, OK_200, OK_200, 20);
	rule.enabled = 1;
	rig_set(r, 0, &rule);
	response(&c, OK_200 + 20, OK_200 + 20);
	request(&c, GET);
	rule.enabled = 0; /* off for a while, in the middle */
	rig_set(r, 0, &rule);
	response(&c, OK_200, OK_200);
	request(&c, GET);
	response(&c, OK_200, OK_200);
	rule.enabled = 1;
	rig_set(r, 0, &rule);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
}

/* After 101 and after an accepted CONNECT the connection speaks something else. */
static void tunnels(void **state)
{
	static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4), d = conn_open(r, &server6);

	rig_only(r, &rule);
	request(&c, "GET /ws HTTP/1.1\r\nUpgrade: x\r\n\r\n");
	response(&c, upgrade, upgrade);
	request(&c, GET);
	response(&c, OK_200, OK_200);
	assert_counts(r, 0, 1, 0, 1);
	rule.http.methods = FL_HTTP_GET;
	rig_set(r, 0, &rule);
	request(&d, "CONNECT a:443 HTTP/1.1\r\n\r\n");
	response(&d, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n");
	request(&d, GET);
	response(&d, OK_200, OK_200);
	assert_counts(r, 0, 1, 0, 1);
}

/* A port that is used again begins anew. */
static void reused_port(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	struct frame syn;

	rule.http.path_len = 4;
	memcpy(rule.http.path, "/pay", 4);
	rig_only(r, &rule);
	request(&c, "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	frame_tcp(&syn, &server4, false, REQ_SEQ - 1, 0, "", 0);
	syn.bytes[syn.l4 + 13] = 2;
	assert_int_equal(rig_run(r, FL_DIR_TO, &syn), VERDICT_PASS);
	c = conn_open(r, &server4);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
}

/* More requests in flight than are remembered: the first eight have their answers. */
static void deep_pipeline(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	int i;

	rig_only(r, &rule);
	for (i = 0; i < 10; i++)
		request(&c, GET);
	assert_int_equal(rig_proof(r, 0).matched, 10);
	assert_int_equal(rig_proof(r, 0).skipped, 2);
	for (i = 0; i < 8; i++)
		response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	response(&c, OK_200, OK_200);
	response(&c, OK_200, OK_200);
	assert_counts(r, 0, 10, 8, 2);
	request(&c, GET);
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
}

/* Only the answers wait; later packets of the flow do not overtake them; others do. */
static void slow_response(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_HTTP_DELAY);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4), other = conn_open(r, &server6);
	struct fl_hold_header first, second;
	struct frame f;

	rule.delay.delay_ns = 300 * MS;
	rule.http.path_len = 4;
	memcpy(rule.http.path, "/pay", 4);
	rig_only(r, &rule);
	request(&c, GET);
	frame_tcp(&f, &server4, true, c.resp, c.req, OK_200, 30);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	first = rig_held(r, &f);
	assert_int_equal(first.due_ns - rig_proof(r, 0).last_hit_ns, 300 * MS);
	assert_int_equal(first.flags, FL_HOLD_ORDERED);
	frame_tcp(&f, &server4, true, c.resp + 30, c.req, OK_200 + 30, 5);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	second = rig_held(r, &f);
	assert_int_equal(second.due_ns, first.due_ns);
	assert_int_equal(second.flags, FL_HOLD_ORDERED);
	assert_counts(r, 0, 1, 1, 0);
	/* The other direction and other flows go on. */
	c.resp += 35;
	request(&c, "GET /other HTTP/1.1\r\n\r\n");
	request(&other, "GET /other HTTP/1.1\r\n\r\n");
	response(&other, OK_200, OK_200);
}

/* An error that is slow as well; a plain delay on top. */
static void composes(void **state)
{
	struct fl_rule error = error_rule(500), slow = rig_rule(FL_KIND_HTTP_DELAY),
		       delay = rig_rule(FL_KIND_DELAY);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);
	struct fl_hold_header header;
	struct frame f;

	delay.delay.delay_ns = 7 * MS;
	delay.local_port = (struct fl_port_range){ 8080, 8080 };
	slow.delay.delay_ns = 300 * MS;
	rig_set(r, 0, &error);
	rig_set(r, 1, &slow);
	rig_everybody(r, 2);
	request(&c, GET);
	rig_set(r, 2, &delay);
	rig_everybody(r, 3);
	frame_tcp(&f, &server4, true, c.resp, c.req, OK_200, sizeof(OK_200) - 1);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	memcpy(&header, r->out.bytes, sizeof(header));
	assert_int_equal(header.due_ns - rig_proof(r, 0).last_hit_ns, 307 * MS);
	assert_memory_equal(r->out.bytes + sizeof(header) + f.payload, "HTTP/1.1 500", 12);
	assert_counts(r, 0, 1, 1, 0);
	assert_counts(r, 1, 1, 1, 0);
	assert_counts(r, 2, 1, 1, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(keep_alive),	     rig_test(target_is_client),
		rig_test(only_requests_of_one_direction),
		rig_test(split_status_line), rig_test(split_digits_unknown),
		rig_test(retransmission),    rig_test(bodies_untouched),
		rig_test(chunked_body_untouched), rig_test(pipelining),
		rig_test(pipelining_midway), rig_test(pipelining_chunked),
		rig_test(other_statuses),    rig_test(path_and_method),
		rig_test(request_in_pieces), rig_test(percent),
		rig_test(not_http),	     rig_test(lost_and_found),
		rig_test(joins_late),	     rig_test(tunnels),
		rig_test(reused_port),	     rig_test(deep_pipeline),
		rig_test(slow_response),     rig_test(composes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
