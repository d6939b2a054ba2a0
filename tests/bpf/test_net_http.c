// SPDX-License-Identifier: GPL-2.0-only
/* HTTP errors and slow responses: which responses change, and that nothing else ever does. */
#include "conn.h"
#include "util/cleanup.h"

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
	response(&c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\n");
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
		/* As a proxy is asked. */
		{ "POST http://shop/pay HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true },
		{ "POST HTTP://shop.example:8080/pay?id=1 HTTP/1.1\r\n\r\n", true },
		{ "POST http://pay/other HTTP/1.1\r\n\r\n", false },
		{ "POST http://shop/x/pay HTTP/1.1\r\n\r\n", false },
		{ "POST http://shop HTTP/1.1\r\n\r\n", false },
		{ "POST http://shop?/pay HTTP/1.1\r\n\r\n", false },
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
		response(&c, OK_200, cases[i].hit ? "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello" : OK_200);
	}
	assert_counts(r, 0, 5, 5, 0);
}

/* An absolute target without a path asks for "/". */
static void absolute_root(void **state)
{
	struct fl_rule rule = error_rule(500);
	struct rig *r = *state;
	struct conn c = conn_open(r, &server4);

	rule.http.path_len = 1;
	rule.http.path[0] = '/';
	rig_only(r, &rule);
	request(&c, "GET http://shop HTTP/1.1\r\n\r\n");
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	request(&c, "GET http://shop?id=1 HTTP/1.1\r\n\r\n");
	response(&c, OK_200, "HTTP/1.1 500 OK\r\nContent-Length: 5\r\n\r\nhello");
	request(&c, "OPTIONS * HTTP/1.1\r\n\r\n");
	response(&c, OK_200, OK_200);
	assert_counts(r, 0, 2, 2, 0);
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
		"\x16\x03\x01\x02",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET /pay\r\n",
		"PING\r\n",
		"GET /pay SIP/2.0\r\n\r\n",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ /pay HTTP/1.1\r\n\r\n",
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
	frame_tcp(&f, &server4, true, c.resp + 30, c.req, ok_200 + 30, 5);
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
	struct fl_rule error = error_rule(500), slow = rig_rule(FL_KIND_HTTP_DELAY), delay = rig_rule(FL_KIND_DELAY);
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
		rig_test(keep_alive),       rig_test(target_is_client),       rig_test(only_requests_of_one_direction),
		rig_test(bodies_untouched), rig_test(chunked_body_untouched), rig_test(other_statuses),
		rig_test(path_and_method),  rig_test(absolute_root),          rig_test(percent),
		rig_test(not_http),         rig_test(slow_response),          rig_test(composes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
