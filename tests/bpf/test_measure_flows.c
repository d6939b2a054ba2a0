// SPDX-License-Identifier: GPL-2.0-only
/* What is remembered of connections, and of the edges that they are on: until when, and how
 * many fit. */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <time.h>

#include "measure_rig.h"
#include "util/cleanup.h"
#include "util/clock.h"

static void ends(void **state)
{
	struct measure_rig *r = *state;
	struct flow flow = shop4;
	struct conn c = conn_open(r, &flow);
	struct fl_row row;

	/* In order. */
	handshake(&c);
	request(&c, GET);
	response(&c, OK_200);
	segment(&c, true, c.req++, FIN | ACK, "", 0);
	segment(&c, false, c.resp++, FIN | ACK, "", 0);
	/* The client gives up; what it says when the answer comes after all is no second
	 * failure. */
	flow.peer_port++;
	c = conn_open(r, &flow);
	handshake(&c);
	request(&c, GET);
	segment(&c, true, c.req++, FIN | ACK, "", 0);
	response(&c, OK_200);
	segment(&c, true, c.req, RST, "", 0);
	/* Reset in the middle. */
	flow.peer_port++;
	c = conn_open(r, &flow);
	handshake(&c);
	request(&c, GET);
	segment(&c, false, c.resp, RST, "", 0);
	/* Refused. */
	flow.peer_port++;
	c = conn_open(r, &flow);
	segment(&c, true, c.req++, SYN, "", 0);
	segment(&c, false, c.resp, RST | ACK, "", 0);
	/* Answered and closed in one packet. */
	flow.peer_port++;
	c = conn_open(r, &flow);
	handshake(&c);
	request(&c, GET);
	segment(&c, false, c.resp, FIN | ACK, OK_200, strlen(OK_200));
	row = http_row(r);
	assert_int_equal(row.latency.count, 2);
	assert_int_equal(row.timeouts, 1);
	assert_int_equal(row.resets, 1);
	assert_int_equal(row.refused, 1); /* by what was spoken there before */
	assert_int_equal(row.connects, 4);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 5);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), 4);
}

/* Nobody answers, nobody closes. */
static void idle(void **state)
{
	struct measure_rig *r = *state;
	struct flow flow = shop4;
	struct conn c = conn_open(r, &flow);

	handshake(&c);
	request(&c, GET);
	flow.peer_port++;
	c = conn_open(r, &flow);
	handshake(&c);
	request(&c, GET);
	response(&c, OK_200);
	flow.peer_port++;
	c = conn_open(r, &flow);
	segment(&c, true, c.req, SYN, "", 0);
	assert_int_equal(sweep(r, 60 * NS_PER_SEC), 3);
	assert_int_equal(http_row(r).timeouts, 0);
	assert_int_equal(sweep(r, 0), 3);
	assert_int_equal(sweep(r, 0), 3); /* each only once */
	assert_int_equal(http_row(r).timeouts, 2);
	assert_int_equal(http_row(r).latency.count, 1);
}

/* More connections than there are slots: who spoke last stays, and whose slot was taken is
 * known by their number. */
static void many_flows(void **state)
{
	enum { N = 3000, SOME = 16 };
	struct measure_rig *r = *state;
	uint32_t room = bpf_map__max_entries(r->skel->maps.flows);
	static struct conn c[N];
	struct flow flow = shop4;
	uint64_t alive;
	int i;

	for (i = 0; i < N; i++) {
		flow.peer_port = (uint16_t)(20000 + i);
		c[i] = conn_open(r, &flow);
		request(&c[i], GET);
	}
	alive = sweep(r, 60 * NS_PER_SEC);
	assert_true(alive <= room && alive > room * 95 / 100);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), N);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), 0);
	for (i = 0; i < SOME; i++)
		response(&c[N - 1 - i], OK_200);
	assert_int_equal(http_row(r).latency.count, SOME);
	for (i = 0; i < SOME; i++)
		response(&c[i], OK_200);
	assert_int_equal(http_row(r).latency.count, SOME);
	/* A slot that is given back is free. */
	for (i = N - SOME; i < N; i++)
		segment(&c[i], false, c[i].resp, RST, "", 0);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), SOME);
	assert_int_equal(sweep(r, 60 * NS_PER_SEC), alive - SOME);
}

/* New edges all at once, and more than there is room for: what has no row is counted as lost.
 */
static void many_edges(void **state)
{
	struct measure_rig *r = *state;
	uint32_t max = bpf_map__max_entries(r->skel->maps.rows), i;
	struct flow flow = shop4;
	char addr[64], peer[32];
	struct conn c;

	for (i = 0; i < max; i++) {
		snprintf(peer, sizeof(peer), "10.7.%u.%u", i >> 8, i & 255);
		snprintf(addr, sizeof(addr), "::ffff:%s", peer);
		rig_service(r, addr, 100 + i);
		flow.peer = peer;
		c = conn_open(r, &flow);
		request(&c, GET);
		response(&c, OK_200);
	}
	assert_int_equal(rig_loss(r, FL_MEASURE_NO_ROW), 0);
	for (i = 0; i < max; i++)
		assert_int_equal(rig_row(r, (uint16_t)(100 + i), SHOP, FL_AS_SERVER, FL_SPOKEN_HTTP).latency.count, 1);
	c = conn_open(r, &shop4);
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(rig_loss(r, FL_MEASURE_NO_ROW), 1);
}

/* A connection as the veths of both its ends see it: a frame comes by that of its sender first.
 */
struct both {
	struct conn server, client;
};

static struct both both_open(struct measure_rig *r, uint16_t client_port)
{
	struct flow in = shop4, out = { "10.8.1.2", "10.9.0.5", client_port, 80 };
	struct both b;

	in.peer_port = client_port;
	b.server = conn_open(r, &in);
	b.client = conn_open(r, &out);
	b.client.local_is_client = true;
	return b;
}

static void both_segment(struct both *b, bool request, uint8_t flags, const char *text)
{
	struct conn *first = request ? &b->client : &b->server, *second = request ? &b->server : &b->client;
	uint32_t len = (uint32_t)strlen(text) + !!(flags & (SYN | FIN));

	segment(first, request, request ? first->req : first->resp, flags, text, strlen(text));
	segment(second, request, request ? second->req : second->resp, flags, text, strlen(text));
	*(request ? &first->req : &first->resp) += len;
	*(request ? &second->req : &second->resp) += len;
}

static uint64_t both_count(struct measure_rig *r, enum fl_vantage vantage)
{
	return rig_row(r, USER, SHOP, vantage, FL_SPOKEN_HTTP).latency.count;
}

/* The two ends of a connection share a slot, and nothing else: one may end, or begin again,
 * without the other. */
static void both_ends(void **state)
{
	enum { N = 500 };
	static struct both b[N];
	struct measure_rig *r = *state;
	int i, k;

	for (i = 0; i < N; i++) {
		b[i] = both_open(r, (uint16_t)(20000 + i));
		both_segment(&b[i], true, SYN, "");
		both_segment(&b[i], false, SYN | ACK, "");
	}
	for (k = 0; k < 3; k++)
		for (i = 0; i < N; i++) {
			both_segment(&b[i], true, ACK, GET);
			both_segment(&b[i], false, ACK, OK_200);
		}
	assert_int_equal(both_count(r, FL_AS_SERVER), 3 * N);
	assert_int_equal(both_count(r, FL_AS_CLIENT), 3 * N);
	assert_int_equal(sweep(r, 60 * NS_PER_SEC), 2 * N);
	/* The client's resets are lost on their way. */
	for (i = 0; i < N; i++)
		segment(&b[i].client, true, b[i].client.req, RST, "", 0);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), N);
	assert_int_equal(sweep(r, 60 * NS_PER_SEC), N);
	for (i = 0; i < N; i++) {
		request(&b[i].server, GET);
		response(&b[i].server, OK_200);
	}
	assert_int_equal(both_count(r, FL_AS_SERVER), 4 * N);
	assert_int_equal(both_count(r, FL_AS_CLIENT), 3 * N);
	/* The same ports again: both begin anew. */
	for (i = 0; i < N; i++) {
		b[i] = both_open(r, (uint16_t)(20000 + i));
		both_segment(&b[i], true, SYN, "");
		both_segment(&b[i], false, SYN | ACK, "");
		both_segment(&b[i], true, ACK, GET);
		both_segment(&b[i], false, ACK, OK_200);
		both_segment(&b[i], true, FIN | ACK, "");
		both_segment(&b[i], false, FIN | ACK, "");
	}
	assert_int_equal(both_count(r, FL_AS_SERVER), 5 * N);
	assert_int_equal(both_count(r, FL_AS_CLIENT), 4 * N);
	assert_int_equal(sweep(r, 60 * NS_PER_SEC), 0);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 4 * N);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_ENDED), 4 * N);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 0);
}

/* A slot that somebody else gets is taken from both ends. */
static void both_evicted(void **state)
{
	enum { N = 2500 };
	static struct both b[N];
	struct measure_rig *r = *state;
	uint32_t room = bpf_map__max_entries(r->skel->maps.flows);
	struct flow flow = shop4;
	uint64_t alive, before;
	struct conn other;
	int i;

	for (i = 0; i < N; i++) {
		b[i] = both_open(r, (uint16_t)(20000 + i));
		both_segment(&b[i], true, ACK, GET);
	}
	alive = sweep(r, 60 * NS_PER_SEC);
	assert_true(alive % 2 == 0 && alive <= 2 * room && alive > 2 * room * 95 / 100);
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 2 * N);
	/* (The last ones first: an answer to one that is not known makes another flow.) */
	for (i = N - 1; i >= 0; i--)
		both_segment(&b[i], false, ACK, OK_200);
	assert_int_equal(both_count(r, FL_AS_SERVER), alive / 2);
	assert_int_equal(both_count(r, FL_AS_CLIENT), alive / 2);
	/* By connections from elsewhere. */
	for (i = 0; i < N; i++)
		both_segment(&b[i], true, ACK, GET);
	flow.peer = "10.7.7.7";
	for (i = 0; i < (int)room / 4; i++) {
		flow.peer_port = (uint16_t)(20000 + i);
		other = conn_open(r, &flow);
		request(&other, GET);
	}
	before = both_count(r, FL_AS_SERVER);
	for (i = N - 1; i >= 0; i--)
		both_segment(&b[i], false, ACK, OK_200);
	assert_int_equal(both_count(r, FL_AS_SERVER), both_count(r, FL_AS_CLIENT));
	assert_in_range(both_count(r, FL_AS_SERVER) - before, 1, room - 1);
}

/*
 * Requests that are sent while a long answer comes, so that each has seen more of it than the
 * one before: none takes the place of another.
 */
static void ahead(void **state)
{
	static const char long_head[] = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n";
	struct timespec wait = { .tv_nsec = 20 * NS_PER_MSEC };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	struct fl_row row;
	int i, k;

	handshake(&c);
	for (k = 0; k < 3; k++) {
		request(&c, GET);
		response(&c, OK_200);
		request(&c, GET);
		response(&c, long_head);
		for (i = 0; i < 5; i++) {
			request(&c, GET);
			response(&c, "0123456789");
		}
		nanosleep(&wait, NULL);
		response(&c, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
		response(&c, OK_200 OK_200);
		response(&c, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n" OK_200);
	}
	assert_classes(r, 3 * 5, 3, 3);
	row = http_row(r);
	/* Five waited for 20 ms, three times; the others did not. */
	assert_in_range(row.latency.sum_ns, 15 * 20 * NS_PER_MSEC, 15 * 40 * NS_PER_MSEC);
}

/* An answer that nobody here saw: the next one is the next request's, and one is missing. */
static void answer_missed(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 3; i++) {
		request(&c, GET);
		response(&c, OK_200);
		request(&c, GET);
		c.resp += 44;
		request(&c, GET);
		response(&c, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	}
	assert_int_equal(http_row(r).status[2], 3);
	assert_int_equal(http_row(r).status[4], 3);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 3);
}

/*
 * A connection that was there before, of which the first answer went by before the second hook was there: each answer
 * that follows is that of its own request, not of the one before it.
 */
static void first_answer_missed(void **state)
{
	struct timespec wait = { .tv_nsec = 20 * NS_PER_MSEC };
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	request(&c, GET);
	c.resp += 44;
	for (i = 0; i < 3; i++) {
		nanosleep(&wait, NULL);
		request(&c, GET);
		response(&c, OK_200);
	}
	assert_int_equal(http_row(r).status[2], 3);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 1);
	assert_in_range(http_row(r).latency.sum_ns, 0, 20 * NS_PER_MSEC);
}

/* An answer that is none: its request has none, and counting goes on with the next one. */
static void answer_garbled(void **state)
{
	struct measure_rig *r = *state;
	struct conn c = conn_open(r, &shop4);
	int i;

	handshake(&c);
	for (i = 0; i < 3; i++) {
		request(&c, GET);
		response(&c, OK_200);
		request(&c, GET);
		response(&c, "HTTP is what this is not, and long enough to be a head\r\n\r\n");
		request(&c, GET);
		response(&c, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	}
	assert_int_equal(http_row(r).status[2], 3);
	assert_int_equal(http_row(r).status[4], 3);
	assert_int_equal(rig_loss(r, FL_MEASURE_UNPAIRED), 3);
}

/* Another interface, for frames that come by it; goes with *ret_fd. */
static uint32_t other_interface(int *ret_fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "other0" };

	*ret_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_true(*ret_fd >= 0);
	assert_int_equal(ioctl(*ret_fd, TUNSETIFF, &ifr), 0);
	return if_nametoindex(ifr.ifr_name);
}

/* A service's address on packets that come by somebody else's veth: nothing of them is counted, neither as a
 * connection of their own nor within one that is there. */
static void forged(void **state)
{
	struct measure_rig *r = *state;
	_cleanup_fd_ int fd = -1;
	uint32_t own = r->ifindex, other = other_interface(&fd);
	struct flow flow = shop4;
	struct conn c = conn_open(r, &flow), d;

	handshake(&c);
	request(&c, GET);
	r->ifindex = other;
	response(&c, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
	request(&c, GET);
	segment(&c, false, c.resp, RST, "", 0);
	flow.peer_port++;
	d = conn_open(r, &flow);
	handshake(&d);
	request(&d, GET);
	response(&d, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(rig_loss(r, FL_MEASURE_FLOWS_MADE), 1);
	assert_int_equal(http_row(r).latency.count, 0);
	assert_int_equal(http_row(r).resets, 0);
	/* The real one goes on as if nothing had been. */
	c = conn_open(r, &shop4);
	c.req++;
	c.resp++;
	c.req += (uint32_t)strlen(GET);
	r->ifindex = own;
	response(&c, OK_200);
	assert_int_equal(http_row(r).latency.count, 1);
	assert_int_equal(http_row(r).status[2], 1);
	/* A second veth of the service's own: its connections may come by that one as well. */
	rig_place(r, SHOP, other, true);
	r->ifindex = other;
	request(&c, GET);
	response(&c, OK_200);
	assert_int_equal(http_row(r).latency.count, 2);
}

static uint32_t program_size(void)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info), n;
	void *state = NULL;
	struct measure_rig *r;

	assert_int_equal(rig_setup(&state), 0);
	r = state;
	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(r->skel->progs.fl_measure), &info, &size), 0);
	n = info.xlated_prog_len;
	rig_teardown(&state);
	return n;
}

/* The switch between the readers is one: the verifier has left the faster ones out. */
static void reader_is_switched(void **state)
{
	const char *old = getenv("FAULTLINE_HTTP_READER");
	uint32_t bytewise, usual;
	(void)state;

	setenv("FAULTLINE_HTTP_READER", "bytes", 1);
	bytewise = program_size();
	unsetenv("FAULTLINE_HTTP_READER");
	usual = program_size();
	if (old)
		setenv("FAULTLINE_HTTP_READER", "bytes", 1);
	assert_true(bytewise < usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(ends),           rig_test(idle),
		rig_test(many_flows),     rig_test(many_edges),
		rig_test(both_ends),      rig_test(both_evicted),
		rig_test(forged),         rig_test(ahead),
		rig_test(answer_missed),  rig_test(first_answer_missed),
		rig_test(answer_garbled), cmocka_unit_test(reader_is_switched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
