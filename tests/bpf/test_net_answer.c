// SPDX-License-Identifier: GPL-2.0-only
/* DNS answers that say something else: which records, byte for byte, and which answers stay as they are. */
#include "rig.h"
#include "util/cleanup.h"

enum { A = 1, CNAME = 5, OPT = 41, RRSIG = 46, AAAA = 28 };

static const struct flow client4 = { "10.9.0.5", "10.8.0.53", 40000, 53 };
static const struct flow client6 = { "fd00::5", "fd00::53", 40000, 53 };

/* A message as it grows. */
struct message {
	uint8_t bytes[1400];
	uint32_t n;
};

static void put(struct message *m, const void *bytes, uint32_t n)
{
	memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

/* A response to a question of @type for a.lab, authenticated. */
static void begin(struct message *m, uint16_t type)
{
	static const uint8_t header[12] = { 0x12, 0x34, 0x81, 0xa0, 0, 1 };
	static const uint8_t name[] = { 1, 'a', 3, 'l', 'a', 'b', 0 };
	const uint8_t rest[4] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 1 };

	m->n = 0;
	put(m, header, sizeof(header));
	put(m, name, sizeof(name));
	put(m, rest, sizeof(rest));
}

/* One record more, in the @section (0: answers, 2: additional), of @n bytes of @data. Returns where the data stands. */
static uint32_t record(struct message *m, int section, const void *name, uint32_t name_len, uint16_t type,
		       const void *data, uint16_t n)
{
	const uint8_t head[10] = {
		(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 1, 44, (uint8_t)(n >> 8), (uint8_t)n
	};

	m->bytes[7 + 2 * section]++;
	put(m, name, name_len);
	put(m, head, sizeof(head));
	put(m, data, n);
	return m->n - n;
}

static const uint8_t pointer[2] = { 0xc0, 12 };
static const uint8_t address4[4] = { 10, 1, 2, 3 }, other4[4] = { 192, 0, 2, 99 };
static const uint8_t address6[16] = { 0xfd, 7, [15] = 9 }, other6[16] = { 0x20, 1, 0xd, 0xb8, [14] = 1, 2 };

static uint32_t answer(struct message *m, uint16_t type)
{
	return record(m, 0, pointer, sizeof(pointer), type, type == A ? (const void *)address4 : address6,
		      type == A ? sizeof(address4) : sizeof(address6));
}

static struct fl_rule rule_of(uint32_t set)
{
	struct fl_rule rule = rig_rule(FL_KIND_DNS_ERROR);

	rule.dns.rcode = FL_DNS_CHANGE;
	rule.answer.set = set;
	rule.answer.ttl_s = 0x01020304;
	memcpy(rule.answer.a, other4, 4);
	memcpy(rule.answer.aaaa, other6, 16);
	return rule;
}

static void run(struct rig *r, const struct flow *flow, const struct message *m)
{
	struct frame f;

	frame_udp(&f, flow, false, m->bytes, m->n);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(r->out.len, f.len);
	assert_int_equal(frame_l4_sum(&r->out), 0xffff);
}

/* What comes out is @want, over IPv4 and IPv6; @hit times one each. */
static void expect(struct rig *r, const struct message *m, const struct message *want, bool hit)
{
	const struct flow *const flows[] = { &client4, &client6 };
	struct fl_proof before = rig_proof(r, 0), after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		run(r, flows[i], m);
		assert_memory_equal(r->out.bytes + r->out.len - m->n, want->bytes, m->n);
	}
	after = rig_proof(r, 0);
	assert_int_equal(after.injected - before.injected, hit ? 2 : 0);
	assert_int_equal(after.skipped - before.skipped, hit ? 0 : 2);
}

static void not_authenticated(struct message *m)
{
	m->bytes[3] &= 0xdf;
}

/* An alias, two addresses, one of the other family, EDNS and an address in the additional section. */
static void addresses(void **state)
{
	static const uint8_t alias[] = { 1, 'b', 0xc0, 14 }, full[] = { 1, 'b', 3, 'l', 'a', 'b', 0 }, root[] = { 0 };
	struct fl_rule rule = rule_of(FL_DNS_SET_A);
	struct rig *r = *state;
	struct message m, want;
	uint32_t one, two, six;

	begin(&m, A);
	record(&m, 0, pointer, 2, CNAME, alias, sizeof(alias));
	one = record(&m, 0, full, sizeof(full), A, address4, 4);
	two = record(&m, 0, alias, sizeof(alias), A, address4, 4);
	six = answer(&m, AAAA);
	record(&m, 2, full, sizeof(full), A, address4, 4);
	record(&m, 2, root, 1, OPT, "", 0);
	want = m;
	memcpy(want.bytes + one, other4, 4);
	memcpy(want.bytes + two, other4, 4);
	not_authenticated(&want);
	rig_only(r, &rule);
	expect(r, &m, &want, true);

	rule = rule_of(FL_DNS_SET_A | FL_DNS_SET_AAAA);
	memcpy(want.bytes + six, other6, 16);
	rig_only(r, &rule);
	expect(r, &m, &want, true);
}

/* Each address differs from the next, and the n-th answer is the same again with the same seed. */
static void random_addresses(void **state)
{
	struct fl_rule rule = rule_of(FL_DNS_SET_A | FL_DNS_RANDOM_A | FL_DNS_SET_AAAA | FL_DNS_RANDOM_AAAA);
	struct rig *r = *state;
	uint8_t seen[2][3][4], six[16];
	struct message m;
	uint32_t at, at6;
	int round, i;

	begin(&m, A);
	at = answer(&m, A);
	at6 = answer(&m, AAAA);
	for (round = 0; round < 2; round++) {
		rig_only(r, &rule);
		rig_reset(r, 0);
		for (i = 0; i < 3; i++) {
			run(r, &client4, &m);
			memcpy(seen[round][i], r->out.bytes + r->out.len - m.n + at, 4);
			memcpy(six, r->out.bytes + r->out.len - m.n + at6, 16);
			assert_memory_not_equal(six, six + 8, 8);
			assert_memory_not_equal(six, address6, 16);
		}
	}
	assert_memory_equal(seen[0], seen[1], sizeof(seen[0]));
	assert_memory_not_equal(seen[0][0], seen[0][1], 4);
	assert_memory_not_equal(seen[0][1], seen[0][2], 4);
	assert_memory_not_equal(seen[0][0], address4, 4);
}

/* Of all records of the answer, also of a signed one, whose other bytes stay. */
static void ttl(void **state)
{
	static const uint8_t signature[40] = { 0, 1, 13, 2, 0, 0, 1, 44, 7 };
	struct fl_rule rule = rule_of(FL_DNS_SET_TTL);
	struct rig *r = *state;
	struct message m, want;
	uint32_t a, b;

	begin(&m, A);
	a = answer(&m, A);
	b = record(&m, 0, pointer, 2, RRSIG, signature, sizeof(signature));
	record(&m, 2, pointer, 2, A, address4, 4);
	want = m;
	memcpy(want.bytes + a - 6, "\1\2\3\4", 4);
	memcpy(want.bytes + b - 6, "\1\2\3\4", 4);
	rig_only(r, &rule);
	expect(r, &m, &want, true);
	/* Its address is what a program would check. */
	rule = rule_of(FL_DNS_SET_TTL | FL_DNS_SET_A);
	rig_only(r, &rule);
	expect(r, &m, &m, false);
}

static void stays(void **state)
{
	static const uint8_t alias[] = { 1, 'b', 0xc0, 14 };
	struct fl_rule rule = rule_of(FL_DNS_SET_A);
	struct rig *r = *state;
	struct message m;
	uint32_t i, at;

	rig_only(r, &rule);
	begin(&m, A); /* nothing in it */
	expect(r, &m, &m, false);
	record(&m, 0, pointer, 2, CNAME, alias, sizeof(alias));
	expect(r, &m, &m, false);
	begin(&m, A); /* an address of three bytes */
	record(&m, 0, pointer, 2, A, address4, 3);
	expect(r, &m, &m, false);
	begin(&m, A); /* of another class */
	at = answer(&m, A);
	m.bytes[at - 7] = 3;
	expect(r, &m, &m, false);
	begin(&m, A); /* the second one goes on behind the end: the first stays as well */
	answer(&m, A);
	at = answer(&m, A);
	m.bytes[at - 1] = 5;
	expect(r, &m, &m, false);
	begin(&m, A); /* fewer than it says */
	answer(&m, A);
	m.bytes[7] = 2;
	expect(r, &m, &m, false);
	begin(&m, A); /* a name that is none */
	record(&m, 0, "\x80", 1, A, address4, 4);
	expect(r, &m, &m, false);
	begin(&m, A); /* a name without end */
	m.bytes[7] = 1;
	for (i = 0; i < 300; i++)
		put(&m, "\1x", 2);
	expect(r, &m, &m, false);
	begin(&m, A);
	for (i = 0; i < 33; i++)
		answer(&m, A);
	expect(r, &m, &m, false);
}

static void many(void **state)
{
	struct fl_rule rule = rule_of(FL_DNS_SET_A);
	struct rig *r = *state;
	struct message m, want;
	uint32_t i, at[32];

	begin(&m, A);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		at[i] = answer(&m, A);
	want = m;
	not_authenticated(&want);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		memcpy(want.bytes + at[i], other4, 4);
	rig_only(r, &rule);
	expect(r, &m, &want, true);
}

/* Only lookups of the family that is meant are even matched. */
static void by_type(void **state)
{
	static const struct {
		uint8_t types;
		uint16_t asked;
		bool matched;
	} cases[] = {
		{ 0, A, true },
		{ 0, 15, true },
		{ FL_DNS_TYPE_A, A, true },
		{ FL_DNS_TYPE_A, AAAA, false },
		{ FL_DNS_TYPE_A, 15, false },
		{ FL_DNS_TYPE_AAAA, AAAA, true },
		{ FL_DNS_TYPE_AAAA, A, false },
		{ FL_DNS_TYPE_A | FL_DNS_TYPE_AAAA, AAAA, true },
		{ FL_DNS_TYPE_A | FL_DNS_TYPE_AAAA, 16, false },
	};
	struct rig *r = *state;
	struct message m;
	struct frame f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_rule rule = rig_rule(FL_KIND_DNS_ERROR);

		rule.dns.rcode = 3;
		rule.dns.types = cases[i].types;
		rig_only(r, &rule);
		rig_reset(r, 0);
		begin(&m, cases[i].asked);
		frame_udp(&f, &client4, false, m.bytes, m.n);
		assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
		assert_int_equal(rig_proof(r, 0).matched, cases[i].matched);
		assert_int_equal(r->out.bytes[f.payload + 3] & 15, cases[i].matched ? 3 : 0);
	}
}

/* The question is left, and no code; over TCP, nothing is done. */
static void emptied(void **state)
{
	struct fl_rule rule = rig_rule(FL_KIND_DNS_ERROR);
	struct rig *r = *state;
	uint8_t stream[512];
	struct message m;
	struct frame f;
	uint32_t question;

	rule.dns.rcode = FL_DNS_EMPTY;
	rig_only(r, &rule);
	begin(&m, A);
	question = m.n;
	answer(&m, A);
	frame_udp(&f, &client4, false, m.bytes, m.n);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_int_equal(r->out.len, f.payload + question);
	assert_int_equal(frame_l4_sum(&r->out), 0xffff);
	m.bytes[7] = 0;
	assert_memory_equal(r->out.bytes + f.payload, m.bytes, question);
	assert_int_equal(rig_proof(r, 0).injected, 1);

	m.bytes[7] = 1;
	stream[0] = 0;
	stream[1] = (uint8_t)m.n;
	memcpy(stream + 2, m.bytes, m.n);
	frame_tcp(&f, &client4, false, 7000, 1, stream, m.n + 2);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes, f.bytes, f.len);
	assert_int_equal(rig_proof(r, 0).injected, 1);
	assert_int_equal(rig_proof(r, 0).skipped, 1);
}

/* No checksum stays none; one that the device is yet to compute stays one. */
static void checksums(void **state)
{
	struct fl_rule rule = rule_of(FL_DNS_SET_A);
	struct rig *r = *state;
	uint16_t sum = 0;
	struct message m;
	struct frame f;

	rig_only(r, &rule);
	begin(&m, A);
	answer(&m, A);
	frame_udp(&f, &client4, false, m.bytes, m.n);
	memcpy(f.bytes + f.l4 + 6, &sum, 2);
	assert_int_equal(rig_run(r, FL_DIR_TO, &f), VERDICT_PASS);
	assert_memory_equal(r->out.bytes + f.l4 + 6, &sum, 2);
	assert_memory_equal(r->out.bytes + r->out.len - 4, other4, 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(addresses), rig_test(random_addresses), rig_test(ttl),     rig_test(stays),
		rig_test(many),      rig_test(by_type),          rig_test(emptied), rig_test(checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
