// SPDX-License-Identifier: GPL-2.0-only
/* What is measured of a connection, frame by frame: which requests count, and as what. */
#include <time.h>

#include "measure_rig.h"
#include "util/cleanup.h"
#include "util/clock.h"

static void keep_alive(void **state)
{
	struct measure_rig *r = *state;
	struct conn c4 = conn_open(r, &shop4), c6 = conn_open(r, &shop6);
	struct fl_row row;
	int i;

	handshake(&c4);
	handshake(&c6);
	for (i = 0; i < 20; i++) {
		request(&c4, GET);
		response(&c4, OK_200);
		request(&c6, GET);
		response(&c6, "HTTP/1.1 503 Oh\r\nServer: x\r\nContent-length: 0\r\n\r\n");
	}
	assert_classes(r, 20, 0, 20);
	row = http_row(r);
	assert_int_equal(row.connects, 2);
	assert_int_equal(row.bytes_to_server, 40 * strlen(GET));
	assert_int_equal(row.port, 80);
	assert_int_equal(row.retransmits + row.resets + row.refused + row.timeouts, 0);
}

/* The same at the veth of the one who asks: another row. */
static void local_is_client(void **state)
{
	static const struct flow out = { "10.9.0.5", "10.8.1.2", 40000, 80 };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &out);

	c.local_is_client = true;
	handshake(&c);
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(rig_row(r, SHOP, USER, FL_AS_CLIENT, FL_SPOKEN_HTTP).latency.count, 1);
	assert_int_equal(http_row(r).latency.count, 0);
}

/* Neither end is known to be measured; the peer alone is not enough. */
static void strangers(void **state)
{
	static const struct flow other = { "10.9.0.6", "10.8.1.2", 80, 40000 };
	static const struct flow outside = { "10.9.0.5", "10.7.7.7", 80, 40000 };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &other), o = conn_open(r, &outside);

	handshake(&c);
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 0);
	request(&o, GET);
	response(&o, OK_200);
	assert_int_equal(rig_row(r, 0, SHOP, FL_AS_SERVER, FL_SPOKEN_HTTP).latency.count, 1);
}

/* A packet that comes back from a delay line was seen when it went in. */
static void from_a_delay_line(void **state)
{
	static const struct flow out = { "10.9.0.5", "10.8.1.2", 40000, 80 };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &out);

	c.local_is_client = true;
	r->mark = FL_MARK_MAGIC | 7;
	request(&c, GET);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 0);
	/* The other way there are no marks of ours; a user's is nothing to us. */
	r->mark = 7;
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(rig_row(r, SHOP, USER, FL_AS_CLIENT, FL_SPOKEN_HTTP).latency.count, 1);
}

static void bodies(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	handshake(&c);
	request(&c, "POST /pay HTTP/1.1\r\nContent-Length: 44\r\n\r\nGET /pay HTTP/1.1\r\n\r\n");
	request(&c, "HTTP/1.1 500 Oh\r\n\r\n....");
	response(&c, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n");
	response(&c, "HTTP/1.1 500 Oh\r\n\r\n..");
	request(&c, GET);
	response(&c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\nHTTP/1.1 500 Oh\r\n\r\n\r\n");
	response(&c, "5;x=y\r\nhello\r\n0\r\nTrailer: HTTP/1.1 500\r\n\r\n");
	request(&c, GET);
	response(&c, OK_200);
	assert_classes(r, 3, 0, 0);
}

static void other_answers(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	handshake(&c);
	request(&c, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	response(&c, "HTTP/1.1 100 Continue\r\n\r\n");
	request(&c, "ab");
	response(&c, OK_200);
	request(&c, "HEAD / HTTP/1.1\r\n\r\n");
	response(&c, "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n");
	request(&c, GET);
	response(&c, "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n");
	request(&c, GET);
	response(&c, "HTTP/1.1 204 None\r\n\r\n");
	request(&c, GET);
	response(&c, OK_200);
	assert_classes(r, 3, 1, 0);
	assert_int_equal(http_row(r).status[3], 1);
}

/* Behind an upgrade it is turns of something unknown. */
static void upgrade(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	handshake(&c);
	request(&c, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
	response(&c, "HTTP/1.1 101 Switching\r\n\r\n");
	request(&c, "\x81\x05hello");
	response(&c, "\x81\x05hello");
	assert_int_equal(http_row(r).status[1], 1);
	assert_int_equal(rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_OPAQUE).latency.count, 1);
}

static void pipelined(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 5; i++) {
		request(&c, GET GET "HEAD / HTTP/1.1\r\n\r\n" GET);
		request(&c, GET);
		response(&c, OK_200 "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"
				    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" OK_200 OK_200);
	}
	assert_classes(r, 20, 5, 0);
	/* A body in the first answer looks like the end of its head, seen from the end of both. */
	request(&c, GET GET);
	response(&c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nX: y\r\n\r\n"
		     "HTTP/1.1 500 Oh..\r\nContent-Length: 1\r\n\r\n.........."
		     "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
	assert_classes(r, 21, 6, 0);
}

/* Heads that come again are known again, and only those: whatever stands behind them or differs. */
static void repeated(void **state)
{
	static const char post[] = "POST /pay HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
	static const char head_only[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 40; i++) {
		request(&c, GET);
		response(&c, i % 4 == 3 ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!" : OK_200);
	}
	for (i = 0; i < 40; i++) {
		/* A head alone, its body behind it; the answer to HEAD has the head of one to GET. */
		request(&c, post);
		request(&c, i % 2 ? "GET /" : "HTTP/");
		response(&c, OK_200);
		request(&c, "HEAD / HTTP/1.1\r\n\r\n");
		response(&c, head_only);
		request(&c, GET GET);
		response(&c, OK_200 OK_200);
		request(&c, GET);
		response(&c, head_only);
		response(&c, "HTTP/");
	}
	assert_classes(r, 40 + 5 * 40, 0, 0);
	/* Another status in every second answer, then never the same again. */
	for (i = 0; i < 100; i++) {
		char text[128];

		request(&c, GET);
		snprintf(text, sizeof(text), "HTTP/1.1 %d OK\r\nX: %d\r\nContent-Length: 5\r\n\r\nhello",
			 i % 2 ? 404 : 500, i);
		response(&c, text);
	}
	assert_classes(r, 40 + 5 * 40, 50, 50);
}

/* Each byte of a head counts: with another one in its place it is another head. */
static void each_byte(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nServer: aaaaaaaa\r\nContent-Length: 10\r\n\r\n0123456789";
	static const struct {
		size_t at;
		char c;
		const char *more; /* of the body */
	} changes[] = {
		{ 10, '1', "" },  { 14, 'k', "" }, { 25, 'b', "" },           { 26, 'b', "" }, { 27, 'b', "" },
		{ 28, 'b', "" },  { 29, 'b', "" }, { 30, 'b', "" },           { 31, 'b', "" }, { 32, 'b', "" },
		{ 52, '1', "!" }, { 17, 's', "" }, { 51, '2', "HTTP/1.1 5" },
	};
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	char text[sizeof(answer)];
	size_t i;

	handshake(&c);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		request(&c, GET);
		response(&c, answer);
		memcpy(text, answer, sizeof(text));
		text[changes[i].at] = changes[i].c;
		request(&c, GET);
		response(&c, text);
		response(&c, changes[i].more);
	}
	request(&c, GET);
	response(&c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
	assert_classes(r, 2 * ARRAY_SIZE(changes), 0, 1);
}

/* By method, and by the prefix of the target. */
static void methods_and_paths(void **state)
{
	static const char *const prefixes[] = { "/pay/card", "/pay", "/a/path/that/has/the/full/length", NULL };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(rig_requests(r, FL_HTTP_GET, 0).latency.count, 1);
	/* (What is known of a connection's heads stays known: a new one.) */
	rig_prefixes(r, prefixes);
	c = conn_open(r, &(struct flow){ "10.9.0.5", "10.8.1.2", 80, 40001 });
	handshake(&c);
	for (i = 0; i < 3; i++) {
		request(&c, GET);
		response(&c, OK_200);
		request(&c, "GET /pay/card/7 HTTP/1.1\r\n\r\n");
		response(&c, OK_200);
		request(&c, "POST /payment HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
		response(&c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
		request(&c, "GET /pa HTTP/1.1\r\n\r\n");
		response(&c, OK_200);
		request(&c, "DELETE /a/path/that/has/the/full/length HTTP/1.1\r\n\r\n");
		response(&c, OK_200);
		/* Not the fast way: a method that is no common one, a head in two packets. */
		request(&c, "OPTIONS /pay HTTP/1.1\r\n\r\n");
		response(&c, OK_200);
		request(&c, "PUT /pay HTTP/1.1\r\nHo");
		request(&c, "st: a\r\nContent-Length: 0\r\n\r\n");
		response(&c, OK_200);
		request(&c, "PROPFIND /pay HTTP/1.1\r\n\r\n");
		response(&c, OK_200);
		request(&c, GET "GET /pay/card HTTP/1.1\r\n\r\n"
				"HEAD /x HTTP/1.1\r\n\r\n");
		response(&c, OK_200 OK_200 "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n");
	}
	assert_int_equal(rig_requests(r, FL_HTTP_GET, 2).latency.count, 6);
	assert_int_equal(rig_requests(r, FL_HTTP_GET, 1).latency.count, 6);
	assert_int_equal(rig_requests(r, FL_HTTP_POST, 2).status[5], 3);
	assert_int_equal(rig_requests(r, FL_HTTP_GET, 0).latency.count, 1 + 3);
	assert_int_equal(rig_requests(r, FL_HTTP_DELETE, 3).latency.count, 3);
	assert_int_equal(rig_requests(r, FL_HTTP_OPTIONS, 2).latency.count, 3);
	assert_int_equal(rig_requests(r, FL_HTTP_PUT, 2).latency.count, 3);
	assert_int_equal(rig_requests(r, FL_HTTP_OTHER, 0).latency.count, 3);
	assert_int_equal(rig_requests(r, FL_HTTP_HEAD, 0).status[4], 3);
	/* What is of the connection and of no request. */
	assert_int_equal(rig_requests(r, 0, 0).connects, 2);
	assert_int_equal(rig_requests(r, 0, 0).latency.count, 0);
	assert_classes(r, 1 + 3 * 9, 3, 3);
}

/* More in flight than are remembered: those are said to be missing, the others are right. */
static void too_many(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 11; i++)
		request(&c, GET);
	for (i = 0; i < 2; i++)
		response(&c, OK_200);
	request(&c, GET); /* there is room, but not in its place */
	for (i = 0; i < 10; i++)
		response(&c, OK_200);
	request(&c, GET);
	response(&c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 4);
	assert_int_equal(http_row(r).status[2], 8);
	assert_int_equal(http_row(r).status[5], 1);
}

/* The same two requests cut at every place, and the answers as well. */
static void cut_anywhere(void **state)
{
	static const char ask[] = "POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" GET;
	static const char answer[] = "HTTP/1.1 404 No\r\nContent-Type: x\r\nContent-Length: 5\r\n\r\nhello" OK_200;
	struct measure_rig *r = *state;
	struct flow flow = shop4;
	size_t i, k = 1, n = 0;

	for (i = 1; i < sizeof(ask) - 1; i++, n++) {
		struct conn c;

		flow.peer_port++;
		c = conn_open(r, &flow);
		handshake(&c);
		request_bytes(&c, ask, i);
		request_bytes(&c, ask + i, sizeof(ask) - 1 - i);
		k = k % (sizeof(answer) - 2) + 1;
		response_bytes(&c, answer, k);
		response_bytes(&c, answer + k, sizeof(answer) - 1 - k);
	}
	for (k = 1; k < sizeof(answer) - 1; k++, n++) {
		struct conn c;

		flow.peer_port++;
		c = conn_open(r, &flow);
		request_bytes(&c, ask, sizeof(ask) - 1);
		response_bytes(&c, answer, k);
		response_bytes(&c, answer + k, sizeof(answer) - 1 - k);
	}
	assert_classes(r, n, n, 0);
}

static void sent_again(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	uint32_t at;
	int i;

	handshake(&c);
	for (i = 0; i < 3; i++) {
		request(&c, GET);
		segment(&c, true, c.req - (uint32_t)strlen(GET), ACK, GET, strlen(GET));
		at = c.resp;
		response(&c, OK_200);
		segment(&c, false, at, ACK, OK_200, strlen(OK_200));
	}
	assert_classes(r, 3, 0, 0);
	/* Those of the server: what its own container sent. */
	assert_int_equal(http_row(r).retransmits, 3);
}

/* Joined in the middle, and a request lost to us: counting goes on with the next. */
static void gaps(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	response(&c, "the rest of some body");
	request(&c, GET);
	response(&c, OK_200);
	assert_classes(r, 1, 0, 0);
	request(&c, GET);
	c.resp += 100; /* not seen */
	response(&c, "....");
	c.req += 50;
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(http_row(r).status[2], 2);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 1);
	request(&c, GET);
	request(&c, GET);
	response(&c, OK_200 OK_200);
	assert_int_equal(http_row(r).status[2], 4);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 1);
}

/* --- other protocols ------------------------------------------------------------------------- */

static uint64_t turns(struct measure_rig *r, enum fl_spoken spoken)
{
	return rig_row(r, USER, SHOP, FL_AS_SERVER, spoken).latency.count;
}

static void redis(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 10; i++) {
		request(&c, "*2\r\n$3\r\nGET\r\n$1\r\n");
		request(&c, "a\r\n");
		response(&c, "$5\r\nhe");
		segment(&c, true, c.req - 3, ACK, "a\r\n", 3); /* again: no turn of its own */
		response(&c, "llo\r\n");
	}
	assert_int_equal(turns(r, FL_SPOKEN_TURNS), 10);
	assert_int_equal(http_row(r).latency.count, 0);
}

/* One turn, then last words, then a pause, then the end. Returns the timeouts so far. */
static uint64_t farewell(struct measure_rig *r, uint16_t port, const char *first, const char *last, size_t n,
			 long pause_ns)
{
	struct timespec wait = { .tv_nsec = pause_ns };
	struct flow flow = shop4;
	struct conn c;

	flow.peer_port = port;
	c = conn_open(r, &flow);
	handshake(&c);
	request_bytes(&c, first, 6);
	response_bytes(&c, first, 6);
	request_bytes(&c, last, n);
	nanosleep(&wait, NULL);
	segment(&c, true, c.req++, FIN | ACK, "", 0);
	return rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_TURNS).timeouts +
	       rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_OPAQUE).timeouts;
}

/* Last words have no answer; who says anything else, waits and then closes has given up. */
static void goodbye(void **state)
{
	static const char tls[] = "\x16\x03\x01\x00\x01x";
	struct measure_rig *r = *state;
	long long_ns = 15 * NS_PER_MSEC;

	assert_int_equal(farewell(r, 41000, "Q\0\0\0\5;", "X\0\0\0\4", 5, long_ns), 0);
	assert_int_equal(farewell(r, 41001, "\2\0\0\0\3S", "\1\0\0\0\1", 5, long_ns), 0);
	assert_int_equal(farewell(r, 41002, tls, "\x15\x03\x03\x00\x02\x01\x00", 7, long_ns), 0);
	assert_int_equal(farewell(r, 41003, "PING\r\n", "BYE\r\n", 5, 0), 0);
	assert_int_equal(farewell(r, 41004, "PING\r\n", "BYE\r\n", 5, long_ns), 1);
	assert_int_equal(farewell(r, 41005, tls, "\x17\x03\x03\x00\x02hi", 7, long_ns), 2);
	/* The turns were answered; the last words are none. */
	assert_int_equal(turns(r, FL_SPOKEN_TURNS), 4);
	assert_int_equal(turns(r, FL_SPOKEN_OPAQUE), 2);
}

static void opaque(void **state)
{
	struct measure_rig *r = *state;
	struct flow flow = shop4;
	struct conn c = conn_open(r, &flow);
	int i;

	handshake(&c);
	request_bytes(&c, "\x16\x03\x01\x00\x05hello", 10);
	response_bytes(&c, "\x16\x03\x03\x00\x05hello", 10);
	request_bytes(&c, "\x17\x03\x03\x00\x05GET /", 10);
	response_bytes(&c, "\x17\x03\x03\x00\x05HTTP/", 10);
	flow.peer_port++;
	c = conn_open(r, &flow);
	handshake(&c);
	request_bytes(&c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
	response_bytes(&c, "\0\0\0\4\0\0\0\0\0", 9);
	for (i = 0; i < 3; i++) {
		request_bytes(&c, "\0\0\5\1\5\0\0\0\1abcde", 14);
		response_bytes(&c, "\0\0\1\1\5\0\0\0\1\x88", 10);
	}
	assert_int_equal(turns(r, FL_SPOKEN_OPAQUE), 2 + 4);
	assert_int_equal(http_row(r).latency.count, 0);
}

/* A server that greets, as SMTP does; a word and a blank that are no HTTP. */
static void greeting(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	handshake(&c);
	response(&c, "220 mail\r\n");
	request(&c, "HELO me\r\n");
	response(&c, "250 mail\r\n");
	request(&c, "QUIT\r\n");
	response(&c, "221 bye\r\n");
	assert_int_equal(turns(r, FL_SPOKEN_TURNS), 2);
	assert_int_equal(http_row(r).latency.count, 0);
}

/* --- bad input ------------------------------------------------------------------------------- */

/* Whatever comes on port 80: no answer is made up, and a good connection is counted as before. */
static void garbage(void **state)
{
	struct measure_rig *r = *state;
	struct flow flow = shop4;
	struct conn c, good = conn_open(r, &shop6);
	uint8_t bytes[1400];
	size_t i;
	int n;

	srandom(1);
	handshake(&good);
	for (n = 0; n < 200; n++) {
		flow.peer_port++;
		c = conn_open(r, &flow);
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random();
		if (n % 2)
			memcpy(bytes, GET, (size_t)random() % sizeof(GET));
		request_bytes(&c, bytes, 1 + (size_t)random() % sizeof(bytes));
		memcpy(bytes, OK_200, (size_t)random() % sizeof(OK_200));
		response_bytes(&c, bytes, 1 + (size_t)random() % sizeof(bytes));
		request_bytes(&c, bytes, sizeof(bytes));
		if (n % 3 == 0)
			segment(&c, false, c.resp, RST, "", 0);
		request(&good, GET);
		response(&good, OK_200);
	}
	assert_true(http_row(r).latency.count >= 200);
	assert_true(http_row(r).latency.count <= 400);
}

/* Headers cut short, lengths that lie: a frame of any length is no reason to stumble. */
static void cut_frames(void **state)
{
	struct measure_rig *r = *state;
	struct frame f;
	uint32_t len;

	frame_tcp(&f, &shop4, false, 1000, 5000, GET, strlen(GET));
	for (len = f.len; len >= ETH_HLEN + 20; len--) {
		f.len = len;
		rig_run(r, false, &f);
	}
	frame_tcp(&f, &shop6, false, 1000, 5000, GET, strlen(GET));
	f.bytes[f.l4 + 12] = 0xf0; /* a TCP header of 60 bytes */
	rig_run(r, false, &f);
	f.bytes[f.l4 + 12] = 0x10; /* of 4 */
	rig_run(r, false, &f);
}

/* 64 KiB of one header: given up, and found again with the next request. */
static void large_header(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	char bytes[1400];
	int i;

	memset(bytes, 'x', sizeof(bytes));
	handshake(&c);
	request(&c, "GET / HTTP/1.1\r\nCookie: ");
	for (i = 0; i < 47; i++)
		request_bytes(&c, bytes, sizeof(bytes));
	request(&c, "\r\n\r\n");
	response(&c, "HTTP/1.1 431 Large\r\nContent-Length: 0\r\n\r\n");
	request(&c, GET);
	response(&c, OK_200);
	assert_classes(r, 1, 1, 0);
}

static void half_a_request(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);

	handshake(&c);
	request(&c, "GET /pay HT");
	response(&c, "HTTP/1.1 408 Slow\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	segment(&c, false, c.resp++, FIN | ACK, "", 0);
	segment(&c, true, c.req++, FIN | ACK, "", 0);
	/* It never was a request. */
	assert_int_equal(http_row(r).latency.count, 0);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), 1);
}

/* --- DNS and histograms ---------------------------------------------------------------------- */

static void dns_frame(struct measure_rig *r, bool query, uint16_t id, uint8_t code)
{
	static const struct flow flow = { "10.9.0.5", "10.8.1.2", 53, 40000 };
	uint8_t message[] = {
		(uint8_t)(id >> 8), (uint8_t)id, query ? 1 : 0x81, code, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1
	};
	struct frame f;

	frame_udp(&f, &flow, !query, message, sizeof(message));
	rig_run(r, !query, &f);
}

static void dns(void **state)
{
	struct measure_rig *r = *state;
	struct fl_row row;

	dns_frame(r, true, 1, 0);
	dns_frame(r, true, 2, 0);
	dns_frame(r, true, 2, 0);
	dns_frame(r, false, 2, 3);
	dns_frame(r, false, 1, 0);
	dns_frame(r, false, 1, 0); /* nobody asked */
	dns_frame(r, true, 3, 0);
	row = rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_DNS);
	assert_int_equal(row.latency.count, 2);
	assert_int_equal(row.status[0], 1);
	assert_int_equal(row.status[5], 1);
	assert_int_equal(row.port, 53);
	assert_int_equal(sweep(r, 0), 0);
	assert_int_equal(rig_row(r, USER, SHOP, FL_AS_SERVER, FL_SPOKEN_DNS).timeouts, 1);
}

/* Each sample is in the bucket that user space thinks it is in. */
static void histogram(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	struct fl_hist before = {}, now;
	int i;

	handshake(&c);
	for (i = 0; i < 200; i++) {
		struct timespec wait = { .tv_nsec = i * i * 20 };
		uint64_t took;
		uint32_t k;

		request(&c, GET);
		nanosleep(&wait, NULL);
		response(&c, OK_200);
		now = http_row(r).latency;
		took = now.sum_ns - before.sum_ns;
		for (k = 0; k < FL_HIST_BUCKETS; k++)
			assert_int_equal(now.buckets[k] - before.buckets[k],
					 took >= hist_lower_ns(k) && took < hist_upper_ns(k));
		before = now;
	}
}

static void events(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	struct fl_watch watch = { .slow_ns = 0, .on = 1 };
	uint32_t service = USER;
	int i;

	handshake(&c);
	request(&c, GET);
	response(&c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(rig_loss(r, FL_MEASURE_EVENTS_LOST), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.watches), &service, &watch, 0), 0);
	r->skel->bss->watching = 1;
	/* Nobody reads: what does not fit is counted. */
	for (i = 0; i < 10000; i++) {
		request(&c, GET);
		response(&c, i % 2 ? OK_200 : "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
	}
	assert_int_equal(rig_loss(r, FL_MEASURE_EVENTS_LOST), 0);
	watch.slow_ns = 1;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(r->skel->maps.watches), &service, &watch, 0), 0);
	for (i = 0; i < 10000; i++) {
		request(&c, GET);
		response(&c, OK_200);
	}
	/* 32 bytes each with their header, in 256 KiB. */
	assert_int_equal(rig_loss(r, FL_MEASURE_EVENTS_LOST), 5000 + 10000 - 256 * 1024 / 32 + 1);
	assert_int_equal(http_row(r).latency.count, 20001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(keep_alive),     rig_test(local_is_client),
		rig_test(strangers),      rig_test(from_a_delay_line),
		rig_test(bodies),         rig_test(other_answers),
		rig_test(upgrade),        rig_test(pipelined),
		rig_test(too_many),       rig_test(repeated),
		rig_test(each_byte),      rig_test(methods_and_paths),
		rig_test(cut_anywhere),   rig_test(sent_again),
		rig_test(gaps),           rig_test(redis),
		rig_test(goodbye),        rig_test(opaque),
		rig_test(greeting),       rig_test(garbage),
		rig_test(cut_frames),     rig_test(large_header),
		rig_test(half_a_request), rig_test(dns),
		rig_test(histogram),      rig_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
