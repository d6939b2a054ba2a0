// SPDX-License-Identifier: GPL-2.0-only
/* HTTP as TCP brings it: cut anywhere, sent again, ahead of answers, joined late, with holes. */
#include "conn.h"
#include "util/cleanup.h"

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
			response_part(&c, ok_200 + cut, want + cut, strlen(want) - cut);
			c.resp = RESP_SEQ;
			response_part(&c, OK_200, want, cut);
		} else {
			response_part(&c, OK_200, want, cut);
			response_part(&c, ok_200 + cut, want + cut, strlen(want) - cut);
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
	response(&c, ok_200 + 10, ok_200 + 10);
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
		response_part(&c, ok_200 + 10, want + 10, 8);
		c.resp = resp + (uint32_t)strlen(want);
	}
	assert_counts(r, 0, 3, 3, 0);
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
		response_part(&c, ok_200 + cut, want + cut, strlen(want) - cut);
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
	response(&c, ok_200 + 4, ok_200 + 4);
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
	response(&c, ok_200 + 20, ok_200 + 20);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(split_status_line), rig_test(split_digits_unknown), rig_test(retransmission),
		rig_test(pipelining),        rig_test(pipelining_midway),    rig_test(pipelining_chunked),
		rig_test(request_in_pieces), rig_test(lost_and_found),       rig_test(joins_late),
		rig_test(tunnels),           rig_test(reused_port),          rig_test(deep_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
