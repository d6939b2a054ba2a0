// SPDX-License-Identifier: GPL-2.0-only
/* test_protect.c - what protect.d says, and which packets a guard holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/protect.h"
#include "session/guard.h"
#include "util/text/cidr.h"

static int parse(const char *text, struct protect *p, struct fl_error *err)
{
	*err = (struct fl_error){};
	*p = (struct protect){};
	return protect_parse("x.yaml", text, strlen(text), p, err);
}

static void test_says(void **state)
{
	json_t *labels = json_pack("{s:s, s:s}", "tier", "gold", "empty", "");
	struct fl_error err;
	struct protect p;
	char text[200];

	(void)state;
	assert_int_equal(parse("names: [db, \"prod-*\"]\nlabels: [tier=gold]\ncgroups: /system.slice/x.service\n"
			       "cidrs: [10.0.0.0/8]\nports: [22, 5432-5440]\n",
			       &p, &err),
			 0);
	assert_int_equal(p.n, 7);
	assert_non_null(protect_name(&p, "db"));
	assert_non_null(protect_name(&p, "prod-web"));
	assert_null(protect_name(&p, "db2"));
	assert_non_null(protect_labels(&p, labels));
	assert_non_null(protect_cgroup(&p, "/system.slice/x.service"));
	assert_non_null(protect_cgroup(&p, "/system.slice/x.service/below"));
	assert_null(protect_cgroup(&p, "/system.slice/x.service2"));
	assert_null(protect_cgroup(&p, "/system.slice"));
	assert_string_equal(protected_text(protect_name(&p, "prod-web"), text, sizeof(text)),
			    "names: prod-* (x.yaml:1)");
	assert_int_equal(p.v[6].min, 5432);
	assert_int_equal(p.v[6].max, 5440);
	protect_free(&p);
	assert_int_equal(parse("labels: [tier=tin, nope]\n", &p, &err), 0);
	assert_null(protect_labels(&p, labels));
	protect_free(&p);
	assert_int_equal(parse("labels: [empty]\n", &p, &err), 0);
	assert_non_null(protect_labels(&p, labels));
	protect_free(&p);
	json_decref(labels);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		int line, column;
	} bad[] = {
		{ "name: [x]", 1, 1 },
		{ "names: [x]\nport: [1]", 2, 1 },
		{ "cidrs: [10.0.0.0/33]", 1, 9 },
		{ "cidrs: [a, b]", 1, 9 },
		{ "ports: [0]", 1, 9 },
		{ "ports: [22, 70000]", 1, 13 },
		{ "ports: [30-20]", 1, 9 },
		{ "cgroups: [x]", 1, 11 },
		{ "cgroups: [/]", 1, 11 },
		{ "labels: [\"=x\"]", 1, 11 },
		{ "names: {a: b}", 1, 9 },
		{ "names: [[a]]", 1, 10 },
	};
	struct fl_error err;
	struct protect p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!parse(bad[i].text, &p, &err))
			fail_msg("'%s' is accepted", bad[i].text);
		if (err.line != bad[i].line || err.column != bad[i].column)
			fail_msg("'%s': %d:%d %s", bad[i].text, err.line, err.column, err.message);
		protect_free(&p);
	}
}

static struct in6_addr addr(const char *text)
{
	struct in6_addr a;
	uint8_t len;

	assert_int_equal(cidr_parse(text, &a, &len, NULL), 0);
	return a;
}

static bool holds(const struct guard *g, const char *a, uint16_t a_port, const char *b, uint16_t b_port,
		  uint8_t protocol)
{
	const struct in6_addr from = addr(a), to = addr(b);

	return guard_holds(g, &from, a_port, &to, b_port, protocol);
}

static void test_guard(void **state)
{
	struct guard *g = calloc(1, sizeof(*g));
	struct in6_addr a = addr("10.1.1.1"), b = addr("10.1.1.2"), net;
	uint8_t len;

	(void)state;
	assert_non_null(g);
	assert_int_equal(guard_mask(g), 0);
	assert_int_equal(guard_add_flow(g, &a, 22, &b, 5000, NULL), 0);
	assert_int_equal(guard_add_endpoint(g, &b, 2375, NULL), 0);
	assert_int_equal(guard_mask(g), 1 << FL_GUARD_FLOW);
	assert_true(holds(g, "10.1.1.1", 22, "10.1.1.2", 5000, IPPROTO_TCP));
	assert_true(holds(g, "10.1.1.2", 5000, "10.1.1.1", 22, IPPROTO_TCP));
	assert_false(holds(g, "10.1.1.2", 5001, "10.1.1.1", 22, IPPROTO_TCP));
	assert_false(holds(g, "10.1.1.2", 5000, "10.1.1.1", 22, IPPROTO_UDP));
	assert_false(holds(g, "10.1.1.3", 5000, "10.1.1.1", 22, IPPROTO_TCP));
	assert_true(holds(g, "10.1.1.9", 7, "10.1.1.2", 2375, IPPROTO_TCP));
	assert_true(holds(g, "10.1.1.2", 2375, "10.1.1.9", 7, IPPROTO_TCP));
	assert_false(holds(g, "10.1.1.2", 7, "10.1.1.9", 2375, IPPROTO_TCP));
	assert_int_equal(cidr_parse("fd00:0:0:8000::/49", &net, &len, NULL), 0);
	assert_int_equal(guard_add_prefix(g, &net, len, NULL), 0);
	assert_true(holds(g, "fd00:0:0:8001::1", 1, "fd01::1", 2, IPPROTO_ICMPV6));
	assert_true(holds(g, "fd01::1", 1, "fd00:0:0:ffff::1", 2, IPPROTO_UDP));
	assert_false(holds(g, "fd00:0:1::1", 1, "fd01::1", 2, IPPROTO_UDP));
	guard_add_ports(g, 65535, 65535);
	assert_true(holds(g, "1.1.1.1", 1, "2.2.2.2", 65535, IPPROTO_UDP));
	assert_false(holds(g, "1.1.1.1", 1, "2.2.2.2", 65534, IPPROTO_UDP));
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
