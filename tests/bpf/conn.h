/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn.h - an HTTP connection in a test, segment by segment. Each frame that comes out has a right
 * checksum and the length it had.
 */
#ifndef TEST_CONN_H
#define TEST_CONN_H

#include "rig.h"

#define MS       1000000ull
#define REQ_SEQ  1000u
#define RESP_SEQ 5000u
#define OK_200   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define GET      "GET /pay HTTP/1.1\r\nHost: a\r\n\r\n"

static const char ok_200[] = OK_200;
static const struct flow server4 = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static const struct flow server6 = { "fd00::5", "fd00:8::2", 8080, 40000 };

/* A connection in a test: the target is the server unless it says otherwise. */
struct conn {
	struct rig *rig;
	const struct flow *flow;
	bool target_is_client;
	uint32_t req, resp; /* where the two streams stand */
};

static inline struct conn conn_open(struct rig *r, const struct flow *flow)
{
	return (struct conn){ .rig = r, .flow = flow, .req = REQ_SEQ, .resp = RESP_SEQ };
}

/* One segment at @seq; verifies length and checksum of what comes out. */
static inline uint32_t segment(struct conn *c, bool request, uint32_t seq, uint32_t ack, const char *text, size_t n)
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

static inline void request_part(struct conn *c, const char *text, size_t n)
{
	assert_int_equal(segment(c, true, c->req, c->resp, text, n), VERDICT_PASS);
	assert_memory_equal(c->rig->out.bytes + c->rig->out.payload, text, n);
	c->req += (uint32_t)n;
}

static inline void request(struct conn *c, const char *text)
{
	request_part(c, text, strlen(text));
}

/* The next part of the responses must come out as @expected. */
static inline void response_part(struct conn *c, const char *text, const char *expected, size_t n)
{
	assert_int_equal(segment(c, false, c->resp, c->req, text, n), VERDICT_PASS);
	assert_memory_equal(c->rig->out.bytes + c->rig->out.payload, expected, n);
	c->resp += (uint32_t)n;
}

static inline void response(struct conn *c, const char *text, const char *expected)
{
	assert_int_equal(strlen(text), strlen(expected));
	response_part(c, text, expected, strlen(text));
}

static inline struct fl_rule error_rule(uint16_t status)
{
	struct fl_rule rule = rig_rule(FL_KIND_HTTP_ERROR);

	rule.http.status = status;
	return rule;
}

static inline void assert_counts(struct rig *r, uint32_t rule, uint64_t matched, uint64_t injected, uint64_t skipped)
{
	struct fl_proof proof = rig_proof(r, rule);

	assert_int_equal(proof.matched, matched);
	assert_int_equal(proof.injected, injected);
	assert_int_equal(proof.skipped, skipped);
}

#endif
