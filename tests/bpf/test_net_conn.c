// SPDX-License-Identifier: GPL-2.0-only
/* Rules about connections, and about more of a packet than its ends: size, flags, hop limit, code point. */

#include "rig.h"
#include "util/cleanup.h"

enum { TH_FIN = 0x01, TH_SYN = 0x02, TH_RST = 0x04, TH_PUSH = 0x08, TH_ACK = 0x10 };

static const struct flow flow4 = { "10.9.0.5", "10.8.1.2", 8080, 40000 };
static const struct flow flow6 = { "fd00::5", "fd00:8::2", 8080, 40000 };

static struct frame tcp_of(const struct flow *flow, bool from, uint8_t flags, const char *data)
{
	struct frame f;

	frame_tcp(&f, flow, from, 1000, 2000, data, (uint32_t)strlen(data));
	f.bytes[f.l4 + 13] = flags;
	frame_fix_l4(&f, 16);
	return f;
}

static bool hit(struct rig *r, enum fl_direction dir, const struct frame *f)
{
	return rig_run(r, dir, f) != VERDICT_PASS;
}

static bool send_flags(struct rig *r, enum fl_direction dir, const struct flow *flow, uint8_t flags)
{
	struct frame f = tcp_of(flow, dir == FL_DIR_FROM, flags, "");

	return hit(r, dir, &f);
}

static struct fl_rule rule_more(void)
{
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);

	rule.more = (struct fl_more){ .asked = 1, .ttl_max = UINT8_MAX, .size_max = UINT32_MAX };
	return rule;
}

/* From the IP header on; Ethernet's padding does not count; of a super-packet a full segment does. */
static void size(void **state)
{
	struct rig *r = *state;
	struct fl_rule rule = rule_more();
	char text[1201] = "";
	struct frame f;

	memset(text, 'x', sizeof(text) - 1);
	rule.more.size_min = 1241;
	rig_only(r, &rule);
	f = tcp_of(&flow4, true, TH_ACK, text);
	assert_false(hit(r, FL_DIR_FROM, &f));
	f.len += 6;
	assert_false(hit(r, FL_DIR_FROM, &f));
	f = tcp_of(&flow6, true, TH_ACK, text);
	assert_true(hit(r, FL_DIR_FROM, &f));
	rule.more.size_min = 1240;
	rig_set(r, 0, &rule);
	f = tcp_of(&flow4, true, TH_ACK, text);
	assert_true(hit(r, FL_DIR_FROM, &f));
	/* Twelve segments of 100 bytes: 140 on the wire. */
	r->gso_size = 100;
	r->gso_segs = 12;
	assert_false(hit(r, FL_DIR_FROM, &f));
	rule.more.size_min = 141;
	rig_set(r, 0, &rule);
	assert_false(hit(r, FL_DIR_FROM, &f));
	rule.more.size_min = 140;
	rig_set(r, 0, &rule);
	assert_true(hit(r, FL_DIR_FROM, &f));
	rule.more.size_max = 139;
	rule.more.size_min = 0;
	rig_set(r, 0, &rule);
	assert_false(hit(r, FL_DIR_FROM, &f));
}

static void hops_and_code_point(void **state)
{
	const struct flow *flows[] = { &flow4, &flow6 };
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		struct fl_rule rule = rule_more();
		struct frame f = tcp_of(flows[i], true, TH_ACK, "x");

		rule.more.ttl_max = 63;
		rig_only(r, &rule);
		assert_false(hit(r, FL_DIR_FROM, &f));
		rule.more.ttl_max = 64;
		rule.more.ttl_min = 64;
		rig_set(r, 0, &rule);
		assert_true(hit(r, FL_DIR_FROM, &f));
		/* Expedited forwarding, 46, and both bits of ECN. */
		if (i == 0) {
			f.bytes[ETH_HLEN + 1] = 46 << 2 | 3;
		} else {
			f.bytes[ETH_HLEN] |= (46 << 2 | 3) >> 4;
			f.bytes[ETH_HLEN + 1] = (uint8_t)((46 << 2 | 3) << 4);
		}
		rule.more.dscp = 1ull << 46;
		rig_set(r, 0, &rule);
		assert_true(hit(r, FL_DIR_FROM, &f));
		rule.more.dscp = ~(1ull << 46);
		rig_set(r, 0, &rule);
		assert_false(hit(r, FL_DIR_FROM, &f));
	}
}

static void flags(void **state)
{
	struct fl_rule rule = rule_more();
	struct rig *r = *state;
	struct frame udp;

	rule.more.tcp = 1;
	rule.more.tcp_mask = TH_SYN | TH_ACK;
	rule.more.tcp_value = TH_SYN;
	rig_only(r, &rule);
	assert_true(send_flags(r, FL_DIR_FROM, &flow4, TH_SYN));
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_SYN | TH_ACK));
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_ACK));
	rule.more.tcp_mask = rule.more.tcp_value = 0;
	rule.more.tcp_any = TH_FIN | TH_RST;
	rig_set(r, 0, &rule);
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_ACK));
	assert_true(send_flags(r, FL_DIR_TO, &flow4, TH_ACK | TH_FIN));
	assert_true(send_flags(r, FL_DIR_TO, &flow6, TH_RST));
	frame_udp(&udp, &flow4, true, "x", 1);
	assert_false(hit(r, FL_DIR_FROM, &udp));
}

/* Of a thousand attempts, each sent three times, some fare ill: all three times or never. */
static void by_attempt(void **state)
{
	struct fl_rule rule = rule_more();
	struct rig *r = *state;
	uint32_t i, ill = 0;

	rule.kind = FL_KIND_LOSS;
	rule.probability_ppm = 300000;
	rule.more.by_attempt = 1;
	rig_only(r, &rule);
	for (i = 0; i < 1000; i++) {
		struct frame f = tcp_of(&flow4, true, TH_SYN, "");
		uint32_t seq = htonl(i * 7919);
		bool first;

		memcpy(f.bytes + f.l4 + 4, &seq, 4);
		frame_fix_l4(&f, 16);
		first = hit(r, FL_DIR_FROM, &f);
		assert_int_equal(hit(r, FL_DIR_FROM, &f), first);
		assert_int_equal(hit(r, FL_DIR_FROM, &f), first);
		ill += first;
	}
	assert_in_range(ill, 236, 364); /* 4.4 standard deviations */
}

/* The reset of a closed port: to whom sent the SYN, with its number acknowledged, and nothing goes on. */
static void refused(void **state)
{
	struct fl_rule rule = rule_more();
	struct rig *r = *state;

	rule.kind = FL_KIND_REFUSE;
	rig_only(r, &rule);
	assert_true(send_flags(r, FL_DIR_FROM, &flow4, TH_SYN));
	assert_true(send_flags(r, FL_DIR_TO, &flow6, TH_SYN));
	assert_int_equal(rig_proof(r, 0).injected, 2);
}

/* The FIN is taken from what carries data, with a checksum that fits. */
static void unclosed(void **state)
{
	struct fl_rule rule = rule_more();
	struct rig *r = *state;
	struct frame f = tcp_of(&flow6, true, TH_FIN | TH_ACK | TH_PUSH, "last words"), want = f;

	rule.kind = FL_KIND_UNCLOSED;
	rule.more.tcp = 1;
	rule.more.tcp_any = TH_FIN | TH_RST;
	rig_only(r, &rule);
	assert_int_equal(rig_run(r, FL_DIR_FROM, &f), VERDICT_PASS);
	want.bytes[want.l4 + 13] = TH_ACK | TH_PUSH;
	frame_fix_l4(&want, 16);
	assert_memory_equal(r->out.bytes, want.bytes, want.len);
	assert_true(send_flags(r, FL_DIR_FROM, &flow4, TH_FIN | TH_ACK));
	assert_true(send_flags(r, FL_DIR_TO, &flow4, TH_RST));
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_ACK));
	assert_int_equal(rig_proof(r, 0).injected, 3);
}

static struct flow of_port(uint16_t port)
{
	struct flow f = flow4;

	f.peer_port = port;
	return f;
}

static void limit(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_LIMIT);
	struct flow flows[6];
	struct rig *r = *state;
	uint16_t i;

	rule.limit = (struct fl_limit){ .connections = 3, .attempts = 1 << FL_DIR_TO };
	rig_only(r, &rule);
	for (i = 0; i < 6; i++) {
		flows[i] = of_port((uint16_t)(40000 + i));
		/* Sent again it is the same one. */
		assert_int_equal(send_flags(r, FL_DIR_TO, &flows[i], TH_SYN), i >= 3);
		assert_int_equal(send_flags(r, FL_DIR_TO, &flows[i], TH_SYN), i >= 3);
		assert_false(send_flags(r, FL_DIR_FROM, &flows[i], TH_SYN | TH_ACK));
	}
	/* Those of the target are not counted, nor what is known of nothing. */
	assert_false(send_flags(r, FL_DIR_FROM, &flow6, TH_SYN));
	assert_false(send_flags(r, FL_DIR_TO, &flow6, TH_RST));
	/* One end has closed: no room. Both have, or a reset: room for one. What comes late changes nothing. */
	assert_false(send_flags(r, FL_DIR_TO, &flows[0], TH_FIN | TH_ACK));
	assert_false(send_flags(r, FL_DIR_TO, &flows[0], TH_FIN | TH_ACK));
	assert_true(send_flags(r, FL_DIR_TO, &flows[3], TH_SYN));
	assert_false(send_flags(r, FL_DIR_FROM, &flows[0], TH_FIN | TH_ACK));
	assert_false(send_flags(r, FL_DIR_TO, &flows[0], TH_ACK));
	assert_false(send_flags(r, FL_DIR_FROM, &flows[0], TH_RST));
	assert_false(send_flags(r, FL_DIR_TO, &flows[3], TH_SYN));
	assert_true(send_flags(r, FL_DIR_TO, &flows[4], TH_SYN));
	assert_false(send_flags(r, FL_DIR_FROM, &flows[1], TH_RST));
	/* The same ports again. */
	assert_false(send_flags(r, FL_DIR_TO, &flows[0], TH_SYN));
	assert_true(send_flags(r, FL_DIR_TO, &flows[1], TH_SYN));
	assert_true(rig_proof(r, 0).injected > 0);
}

static void idle(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_IDLE);
	struct rig *r = *state;
	struct frame udp;
	int i;

	rule.idle = (struct fl_idle){ .timeout_ns = UINT64_MAX / 4, .since_ns = clock_mono_ns() };
	rig_only(r, &rule);
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_SYN));
	for (i = 0; i < 3; i++)
		assert_false(send_flags(r, i % 2, &flow4, TH_ACK));
	/* Each is later than that: one that is known, one that is not. For ever, until it begins anew. */
	rule.idle.timeout_ns = 1;
	rig_set(r, 0, &rule);
	assert_true(send_flags(r, FL_DIR_TO, &flow4, TH_ACK));
	assert_true(send_flags(r, FL_DIR_FROM, &flow6, TH_ACK));
	rule.idle.timeout_ns = UINT64_MAX / 4;
	rig_set(r, 0, &rule);
	assert_true(send_flags(r, FL_DIR_FROM, &flow4, TH_ACK));
	assert_true(send_flags(r, FL_DIR_TO, &flow6, TH_RST));
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_SYN));
	assert_false(send_flags(r, FL_DIR_TO, &flow4, TH_ACK));
	frame_udp(&udp, &flow4, true, "x", 1);
	assert_false(hit(r, FL_DIR_FROM, &udp));
	/* A reset for both ends: what passes is one. */
	rule.idle.timeout_ns = 1;
	rule.idle.reset = 1;
	rig_set(r, 0, &rule);
	assert_false(send_flags(r, FL_DIR_FROM, &flow4, TH_ACK));
	assert_int_equal(r->out.bytes[r->out.l4 + 13], TH_RST | TH_ACK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(size),    rig_test(hops_and_code_point),
		rig_test(flags),   rig_test(by_attempt),
		rig_test(refused), rig_test(unclosed),
		rig_test(limit),   rig_test(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
