// SPDX-License-Identifier: GPL-2.0-only
/*
 * Duplicates, corrupted packets, resets. Copies leave through the loopback device, where a packet
 * socket catches them.
 */
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "rig.h"
#include "util/cleanup.h"

#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

#define MS 1000000ull

static const struct flow flow4 = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static const struct flow flow6 = { "fd00::5", "fd00:8::2", 8080, 40000 };
static const struct flow *const flows[] = { &flow4, &flow6 };

/* A socket that sees what passes lo from now on. */
static int watch(void)
{
	struct sockaddr_ll lo = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = RIG_IFINDEX };
	struct timeval wait = { .tv_usec = 300000 };
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVMARK, &one, sizeof(one))) {
		print_message("# missing: SO_RCVMARK\n"); /* 5.19 */
		close(fd);
		skip();
	}
	assert_int_equal(bind(fd, (const struct sockaddr *)&lo, sizeof(lo)), 0);
	return fd;
}

/* The next frame on lo; its length, 0 when none comes. Closes the socket. */
static uint32_t caught(int fd, struct frame *f, const struct frame *like, uint32_t *ret_mark)
{
	union {
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { f->bytes, sizeof(f->bytes) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;
	ssize_t n;

	*ret_mark = 0;
	n = recvmsg(fd, &msg, 0);
	close(fd);
	if (n < 0)
		return 0;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK)
			memcpy(ret_mark, CMSG_DATA(c), sizeof(*ret_mark));
	f->len = (uint32_t)n;
	f->l4 = like->l4;
	f->payload = like->payload;
	f->protocol = like->protocol;
	return f->len;
}

static void duplicate(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_DUPLICATE);
	struct rig *r = *state;
	struct frame f, copy;
	uint32_t mark;
	int dir;

	rig_only(r, &rule);
	for (dir = FL_DIR_FROM; dir <= FL_DIR_TO; dir++) {
		int fd = watch();

		frame_udp(&f, &flow4, dir == FL_DIR_FROM, "hello", 5);
		r->mark = 0xbeef;
		assert_int_equal(rig_run(r, dir, &f), VERDICT_PASS);
		assert_int_equal(r->mark, 0xbeef);
		assert_memory_equal(r->out.bytes, f.bytes, f.len);
		assert_int_equal(caught(fd, &copy, &f, &mark), f.len);
		assert_memory_equal(copy.bytes, f.bytes, f.len);
		/* So that it passes this hook, and then has the mark of the original. */
		assert_int_equal(mark, FL_MARK_MAGIC | RIG_GEN);
		r->mark = mark;
		assert_int_equal(rig_run(r, dir, &copy), VERDICT_PASS);
		assert_int_equal(r->mark, 0xbeef);
	}
	assert_int_equal(rig_proof(r, 0).injected, 2);
	assert_int_equal(rig_proof(r, 0).matched, 2);
}

/* Both wait, and for the same time. */
static void duplicate_delayed(void **state)
{
	static const struct fl_hook hook = { .n_lens = 1, .hold_ifindex = RIG_IFINDEX };
	struct fl_rule rule = rig_rule(FL_KIND_DUPLICATE), delay = rig_rule(FL_KIND_DELAY);
	struct rig *r = *state;
	struct frame f, copy;
	uint32_t mark;
	int fd = watch();

	delay.delay.delay_ns = 50 * MS;
	rig_set(r, 0, &rule);
	rig_set(r, 1, &delay);
	rig_everybody(r, 2);
	rig_hook(r, FL_DIR_FROM, &hook);
	frame_udp(&f, &flow4, true, "hello", 5);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_REDIRECT);
	rig_held(r, &f);
	assert_int_equal(caught(fd, &copy, &f, &mark), r->out.len);
	assert_memory_equal(copy.bytes, r->out.bytes, r->out.len);
}

static uint32_t differences(const struct frame *a, const struct frame *b, uint32_t from, uint32_t to)
{
	uint32_t i, n = 0;

	for (i = from; i < to; i++)
		n += a->bytes[i] != b->bytes[i];
	return n;
}

/* Bytes of the payload, with a checksum that the receiver accepts or does not. */
static void corrupt(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_CORRUPT);
	struct rig *r = *state;
	char text[200];
	struct frame f;
	uint32_t i, fix, places = 0;

	memset(text, 'a', sizeof(text));
	for (fix = 0; fix < 2; fix++) {
		rule.corrupt = (struct fl_corrupt){ .bytes = 3, .fix_checksum = fix };
		rig_only(r, &rule);
		for (i = 0; i < 100; i++) {
			uint32_t n = 1 + i * 2 % 199, changed;

			if (i % 2)
				frame_tcp(&f, flows[i / 2 % 2], true, 1000, 1, text, n);
			else
				frame_udp(&f, flows[i / 2 % 2], true, text, n);
			assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
			assert_int_equal(r->out.len, f.len);
			assert_memory_equal(r->out.bytes, f.bytes, f.l4 + 6);
			changed = differences(&r->out, &f, f.payload, f.len);
			assert_in_range(changed, n > 3 ? 1 : 0, 3);
			places += changed;
			if (fix)
				assert_int_equal(frame_l4_sum(&r->out), 0xffff);
			else
				assert_int_equal(differences(&r->out, &f, 0, f.payload), 0);
		}
	}
	/* Two of three at one place are rare. */
	assert_in_range(places, 540, 600);
	assert_int_equal(rig_proof(r, 0).injected, 200);
}

/* A checksum that nobody will compute finds no fault: the packet is lost here. */
static void corrupt_unfinished_checksum(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_CORRUPT);
	struct rig *r = *state;
	struct frame f;
	uint16_t sum;

	rule.corrupt.bytes = 1;
	rig_only(r, &rule);
	frame_tcp(&f, &flow4, true, 1, 1, "hello", 5);
	sum = htons((uint16_t)frame_sum(f.bytes + ETH_HLEN + 12, 8, 6 + f.len - f.l4));
	memcpy(f.bytes + f.l4 + 16, &sum, 2);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), TC_SHOT);
	assert_int_equal(rig_proof(r, 0).injected, 1);
}

static void corrupt_others(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_CORRUPT);
	struct rig *r = *state;
	struct frame f;
	uint16_t zero = 0;

	rule.corrupt = (struct fl_corrupt){ .bytes = 2, .fix_checksum = 1 };
	rig_only(r, &rule);
	/* No payload: not even counted. */
	frame_tcp(&f, &flow4, true, 1, 1, "", 0);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).matched, 0);
	/* UDP without a checksum has none afterwards. */
	frame_udp(&f, &flow4, true, "hello", 5);
	memcpy(f.bytes + f.l4 + 6, &zero, 2);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes + f.l4 + 6, &zero, 2);
	assert_int_equal(rig_proof(r, 0).injected, 1);
	/* ICMP: there is no checksum that we could fix. */
	frame_ip(&f, &flow4, true, IPPROTO_ICMP, 20);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, 1);
	rule.corrupt.fix_checksum = 0;
	rig_set(r, 0, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_in_range(differences(&r->out, &f, f.l4, f.len), 1, 2);
}

/* A bare RST of @flow, with these numbers and right checksums. */
static void assert_reset(const struct frame *f, const struct flow *flow, bool from, uint32_t seq, uint32_t ack)
{
	struct frame want;

	frame_tcp(&want, flow, from, seq, ack, "", 0);
	want.bytes[want.l4 + 13] = 0x14; /* RST, ACK */
	memset(want.bytes + want.l4 + 14, 0, 2);
	frame_fix_l4(&want, 16);
	assert_int_equal(f->len, want.len);
	/* Behind the Ethernet header, whose ends a sender's frame has the other way round. */
	assert_memory_equal(f->bytes + ETH_HLEN, want.bytes + ETH_HLEN, want.len - ETH_HLEN);
}

static void reset(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RESET);
	struct rig *r = *state;
	struct frame f, copy;
	uint32_t mark;
	int dir, i;

	rig_only(r, &rule);
	for (i = 0; i < 2; i++) {
		for (dir = FL_DIR_FROM; dir <= FL_DIR_TO; dir++) {
			bool from = dir == FL_DIR_FROM;
			int fd = watch();

			frame_tcp(&f, flows[i], from, 1000, 9000, "odd", 3);
			assert_int_equal(rig_run(r, dir, &f), VERDICT_PASS);
			assert_memory_equal(r->out.bytes, f.bytes, ETH_HLEN);
			assert_reset(&r->out, flows[i], from, 1000, 9000);
			assert_true(caught(fd, &copy, &f, &mark));
			assert_memory_equal(copy.bytes, f.bytes + 6, 6);
			assert_memory_equal(copy.bytes + 6, f.bytes, 6);
			assert_reset(&copy, flows[i], !from, 9000, 1003);
			assert_int_equal(mark, FL_MARK_MAGIC | RIG_GEN);
		}
	}
	assert_int_equal(rig_proof(r, 0).injected, 4);
	assert_int_equal(rig_proof(r, 0).skipped, 0);
}

/* TCP options go; a SYN without ACK and a RST are left alone; so is everything that is not TCP. */
static void reset_which(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_RESET);
	struct rig *r = *state;
	struct frame f;

	rig_only(r, &rule);
	frame_tcp(&f, &flow4, true, 1000, 9000, "\1\1\1\1\1\1\1\1data", 12);
	f.bytes[f.l4 + 12] = 0x70;
	frame_fix_l4(&f, 16);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_reset(&r->out, &flow4, true, 1000, 9000);
	assert_int_equal(rig_proof(r, 0).matched, 1);

	frame_tcp(&f, &flow4, true, 1000, 0, "", 0);
	f.bytes[f.l4 + 13] = 0x02;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes, f.bytes, f.len);
	f.bytes[f.l4 + 13] = 0x14;
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	frame_udp(&f, &flow4, true, "hello", 5);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes, f.bytes, f.len);
	assert_int_equal(rig_proof(r, 0).matched, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(duplicate),      rig_test(duplicate_delayed),
		rig_test(corrupt),        rig_test(corrupt_unfinished_checksum),
		rig_test(corrupt_others), rig_test(reset),
		rig_test(reset_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
