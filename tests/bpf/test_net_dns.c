// SPDX-License-Identifier: GPL-2.0-only
/* Slow and failing DNS: which responses, over UDP and TCP, by name. */
#include "rig.h"
#include "util/cleanup.h"

#define MS 1000000ull

/* The target asks; and the target is the server. */
static const struct flow client4 = { "10.9.0.5", "10.8.0.53", 40000, 53 };
static const struct flow client6 = { "fd00::5", "fd00::53", 40000, 53 };
static const struct flow server4 = { "10.9.0.53", "10.8.1.2", 53, 40000 };

/* A response with one question for @name (dotted) and one answer; returns its size. */
static uint32_t message(uint8_t *to, const char *name, bool response)
{
	static const uint8_t header[12] = { 0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const uint8_t answer[16] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3 };
	uint8_t *p = to + sizeof(header);

	memcpy(to, header, sizeof(header));
	while (*name) {
		size_t n = strcspn(name, ".");

		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	memcpy(p, "\0\0\1\0\1", 5);
	p += 5;
	if (response) {
		to[2] = 0x81;
		to[3] = 0x80;
		to[7] = 1;
		memcpy(p, answer, sizeof(answer));
		p += sizeof(answer);
	}
	return (uint32_t)(p - to);
}

static struct fl_rule dns_rule(enum fl_kind kind, const char *name, bool wildcard)
{
	struct fl_rule rule = rig_rule(kind);

	rule.delay.delay_ns = 2000 * MS;
	rule.dns.wildcard = wildcard;
	rule.dns.name_len = (uint16_t)strlen(name);
	memcpy(rule.dns.name, name, strlen(name));
	return rule;
}

/* A UDP message with @name through the hook; the verdict. */
static uint32_t udp(struct rig *r, const struct flow *flow, const char *name, bool is_response, struct frame *f)
{
	bool target_asks = flow->peer_port == 53;
	bool from = target_asks != is_response;
	uint8_t bytes[512];

	frame_udp(f, flow, from, bytes, message(bytes, name, is_response));
	return rig_run(r, from ? FL_DIR_FROM : FL_DIR_TO, f);
}

static void by_name(void **state)
{
	static const struct {
		const char *pattern;
		bool wildcard;
		const char *name;
		bool hit;
	} cases[] = {
		{ "", false, "anything.at.all", true },
		{ "", false, "", true },
		{ "db.lab", false, "db.lab", true },
		{ "db.lab", false, "DB.Lab", true },
		{ "db.lab", false, "a.db.lab", false },
		{ "db.lab", false, "db.la", false },
		{ "db.lab", false, "db.lab.lab", false },
		{ "db.lab", false, "dbxlab", false },
		{ "svc.lab", true, "a.svc.lab", true },
		{ "svc.lab", true, "b.a.svc.lab", true },
		{ "svc.lab", true, "svc.lab", false },
		{ "svc.lab", true, "asvc.lab", false },
		{ "svc.lab", true, "a.bsvc.lab", false },
		{ "svc.lab", true, "a.svc.lab.org", false },
		{ "a", false, "a", true },
	};
	struct rig *r = *state;
	struct frame f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_rule rule = dns_rule(FL_KIND_DNS_DELAY, cases[i].pattern, cases[i].wildcard);

		rig_only(r, &rule);
		assert_int_equal(udp(r, &client4, cases[i].name, true, &f), cases[i].hit ? TC_REDIRECT : VERDICT_PASS);
	}
}

static void delay_udp(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_DELAY, "db.lab", false);
	struct rig *r = *state;
	struct fl_hold_header header;
	struct frame f;

	rig_only(r, &rule);
	/* The query goes on; the response waits, at a resolver's hook as well as at a client's. */
	assert_int_equal(udp(r, &client4, "db.lab", false, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).matched, 0);
	assert_int_equal(udp(r, &client4, "db.lab", true, &f), TC_REDIRECT);
	header = rig_held(r, &f);
	assert_int_equal(header.due_ns - rig_proof(r, 0).last_hit_ns, 2000 * MS);
	assert_int_equal(udp(r, &client6, "db.lab", true, &f), TC_REDIRECT);
	rig_held(r, &f);
	assert_int_equal(udp(r, &server4, "db.lab", true, &f), TC_REDIRECT);
	rig_held(r, &f);
	/* Nobody waits for a UDP message before it. */
	assert_int_equal(udp(r, &server4, "other.lab", true, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).matched, 3);
	assert_int_equal(rig_proof(r, 0).injected, 3);
	assert_int_equal(rig_proof(r, 0).skipped, 0);
}

/* Length prefix and message of a response over TCP. */
static uint32_t tcp_message(uint8_t *to, const char *name)
{
	uint32_t n = message(to + 2, name, true);

	to[0] = (uint8_t)(n >> 8);
	to[1] = (uint8_t)n;
	return n + 2;
}

static uint32_t tcp(struct rig *r, uint32_t seq, const uint8_t *bytes, uint32_t n, struct frame *f)
{
	frame_tcp(f, &client4, false, seq, 1, bytes, n);
	return rig_run(r, FL_DIR_TO, f);
}

/* Prefix in the same segment or alone; what comes later in the flow must not overtake. */
static void delay_tcp(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_DELAY, "db.lab", false);
	struct rig *r = *state;
	struct fl_hold_header first, later;
	struct frame f;
	uint8_t bytes[512];
	uint32_t a = tcp_message(bytes, "other.lab"), b = tcp_message(bytes + a, "db.lab"), seq = 7000;

	rig_only(r, &rule);
	assert_int_equal(tcp(r, seq, bytes, a, &f), VERDICT_PASS);
	/* The second message: one byte of its prefix, the other, the rest. */
	assert_int_equal(tcp(r, seq + a, bytes + a, 1, &f), VERDICT_PASS);
	assert_int_equal(tcp(r, seq + a + 1, bytes + a + 1, 1, &f), VERDICT_PASS);
	assert_int_equal(tcp(r, seq + a + 2, bytes + a + 2, b - 2, &f), TC_REDIRECT);
	first = rig_held(r, &f);
	assert_int_equal(first.flags, FL_HOLD_ORDERED);
	assert_int_equal(rig_proof(r, 0).matched, 1);
	assert_int_equal(tcp(r, seq + a + b, bytes, a, &f), TC_REDIRECT);
	later = rig_held(r, &f);
	assert_int_equal(later.due_ns, first.due_ns);
	/* Sent again: it waits as well, but is no second hit. */
	assert_int_equal(tcp(r, seq + a + 2, bytes + a + 2, b - 2, &f), TC_REDIRECT);
	assert_int_equal(rig_proof(r, 0).injected, 1);
	assert_int_equal(rig_proof(r, 0).matched, 1);
}

/* Several messages in one segment: the second is the one. */
static void two_in_one(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_DELAY, "db.lab", false);
	struct rig *r = *state;
	struct frame f;
	uint8_t bytes[512];
	uint32_t n = tcp_message(bytes, "other.lab");

	n += tcp_message(bytes + n, "db.lab");
	n += tcp_message(bytes + n, "third.lab");
	rig_only(r, &rule);
	assert_int_equal(tcp(r, 7000, bytes, n, &f), TC_REDIRECT);
	assert_int_equal(rig_proof(r, 0).matched, 1);
}

/* The response that comes out is a well-formed one, with right checksums. */
static void assert_failed(struct rig *r, const struct frame *in, const char *name, uint8_t rcode)
{
	const uint8_t *dns = r->out.bytes + in->payload;
	uint8_t query[512];
	uint32_t n = message(query, name, false);

	assert_int_equal(r->out.len, in->payload + n);
	assert_int_equal(dns[3], 0x80 | rcode);
	assert_memory_equal(dns + 4, "\0\1\0\0\0\0\0\0", 8);
	assert_memory_equal(dns + 12, query + 12, n - 12);
	assert_int_equal(r->out.bytes[in->l4 + 4] << 8 | r->out.bytes[in->l4 + 5], 8 + n);
	assert_int_equal(frame_l4_sum(&r->out), 0xffff);
	if (in->bytes[ETH_HLEN] >> 4 == 4)
		assert_int_equal(frame_ip_sum(&r->out), 0xffff);
}

static void error_udp(void **state)
{
	static const char *const names[] = { "db.lab", "odd.db.lab", "x.y.db.lab", "abc.db.lab" };
	struct rig *r = *state;
	struct frame f;
	uint8_t rcode;
	size_t i;

	for (rcode = 1; rcode < 6; rcode++) {
		struct fl_rule rule = dns_rule(FL_KIND_DNS_ERROR, "", false);

		rule.dns.rcode = rcode;
		rig_only(r, &rule);
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			assert_int_equal(udp(r, &client4, names[i], true, &f), VERDICT_PASS);
			assert_failed(r, &f, names[i], rcode);
			assert_int_equal(udp(r, &client6, names[i], true, &f), VERDICT_PASS);
			assert_failed(r, &f, names[i], rcode);
		}
	}
	assert_int_equal(rig_proof(r, 0).injected, 5 * 2 * ARRAY_SIZE(names));
	assert_int_equal(rig_proof(r, 0).skipped, 0);
}

/* A checksum that the device is yet to compute stays one: the field has the pseudo header's sum. */
static void error_udp_unfinished(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_ERROR, "", false);
	struct rig *r = *state;
	uint8_t bytes[512];
	struct frame f, want;
	uint16_t sum;

	rule.dns.rcode = 2;
	rig_only(r, &rule);
	frame_udp(&f, &client4, false, bytes, message(bytes, "db.lab", true));
	sum = htons((uint16_t)frame_sum(f.bytes + ETH_HLEN + 12, 8, 17 + f.len - f.l4));
	memcpy(f.bytes + f.l4 + 6, &sum, 2);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	want = r->out;
	sum = htons((uint16_t)frame_sum(want.bytes + ETH_HLEN + 12, 8, 17 + want.len - want.l4));
	assert_memory_equal(r->out.bytes + f.l4 + 6, &sum, 2);
}

static void error_drop(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_ERROR, "lab", true);
	struct rig *r = *state;
	uint8_t bytes[512];
	struct frame f;

	rule.dns.rcode = 255;
	rig_only(r, &rule);
	assert_int_equal(udp(r, &server4, "db.lab", true, &f), TC_SHOT);
	assert_int_equal(udp(r, &client4, "db.lab", true, &f), TC_REDIRECT); /* hold_drop() */
	assert_int_equal(r->out.len, f.len);
	assert_int_equal(udp(r, &server4, "db.org", true, &f), VERDICT_PASS);
	/* Over TCP: however often it is sent. */
	assert_int_equal(tcp(r, 7000, bytes, tcp_message(bytes, "db.lab"), &f), TC_REDIRECT);
	assert_int_equal(tcp(r, 7000, bytes, tcp_message(bytes, "db.lab"), &f), TC_REDIRECT);
	assert_int_equal(r->out.len, f.len);
	assert_int_equal(rig_proof(r, 0).injected, 3);
}

static void error_tcp(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_ERROR, "db.lab", false);
	struct rig *r = *state;
	struct frame f;
	uint8_t bytes[512];
	uint32_t a = tcp_message(bytes, "other.lab"), n = a + tcp_message(bytes + a, "db.lab"), i;

	rule.dns.rcode = 3;
	rig_only(r, &rule);
	for (i = 0; i < 3; i++) {
		/* The first time and when it is sent again. */
		assert_int_equal(tcp(r, 7000, bytes, n, &f), VERDICT_PASS);
		assert_int_equal(r->out.len, f.len);
		assert_int_equal(r->out.bytes[f.payload + a + 2 + 3], 0x83);
		assert_int_equal(r->out.bytes[f.payload + 2 + 3], 0x80);
		assert_int_equal(frame_l4_sum(&r->out), 0xffff);
	}
	assert_int_equal(rig_proof(r, 0).injected, 1);
}

/* What cannot be read passes and is counted; what is no response does not even count. */
static void unreadable(void **state)
{
	struct fl_rule rule = dns_rule(FL_KIND_DNS_DELAY, "db.lab", false);
	struct rig *r = *state;
	struct frame f;
	uint8_t bytes[512] = {};
	uint32_t n = message(bytes, "db.lab", true), skipped = 0;

	rig_only(r, &rule);
	frame_udp(&f, &client4, false, bytes, 5);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, ++skipped);
	frame_udp(&f, &client4, false, bytes, 16);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, ++skipped);
	bytes[12] = 0xc0; /* a compressed question */
	frame_udp(&f, &client4, false, bytes, n);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, ++skipped);
	memset(bytes + 12, 63, 400); /* a name without end */
	frame_udp(&f, &client4, false, bytes, 412);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, ++skipped);
	bytes[2] = 0;
	frame_udp(&f, &client4, false, bytes, n);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(rig_proof(r, 0).skipped, skipped);
	assert_int_equal(rig_proof(r, 0).matched, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(by_name),    rig_test(delay_udp), rig_test(delay_tcp),
		rig_test(two_in_one), rig_test(error_udp), rig_test(error_udp_unfinished),
		rig_test(error_drop), rig_test(error_tcp), rig_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
