// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* Parameters of the DNS faults: what is refused, and what the rest becomes in the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/abi/abi.h"
#include "tests/unit/try_params.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static void accepted(void **state)
{
	static const char *const good[][2] = {
		{ "dns_error", "type=a" },
		{ "dns_error", "type=aaaa rcode=nxdomain name=*.lab" },
		{ "dns_answer", "a=192.0.2.1" },
		{ "dns_answer", "a=192.0.2.1 aaaa=2001:db8::1 ttl=60s" },
		{ "dns_answer", "a=random type=a" },
		{ "dns_answer", "ttl=0 type=aaaa" },
		{ "dns_answer", "ttl=ramp:60s..1s/1min" },
		{ "dns_answer", "empty=yes type=aaaa name=db.lab" },
	};
	(void)state;

	assert_accepted(good, ARRAY_SIZE(good));
}

static void refused(void **state)
{
	static const struct tried bad[] = {
		{ "dns_error", "type=txt", "type" },
		{ "dns_answer", "", "what is to be answered" },
		{ "dns_answer", "type=a", "what is to be answered" },
		{ "dns_answer", "empty=no", "what is to be answered" },
		{ "dns_answer", "a=300.0.2.1", "no IPv4 address" },
		{ "dns_answer", "a=2001:db8::1", "no IPv4 address" },
		{ "dns_answer", "aaaa=192.0.2.1", "no IPv6 address" },
		{ "dns_answer", "a=", "a" },
		{ "dns_answer", "a=192.0.2.1 empty=yes", "either empty" },
		{ "dns_answer", "ttl=5s empty=yes", "either empty" },
		{ "dns_answer", "a=192.0.2.1 type=aaaa", "the other family" },
		{ "dns_answer", "a=192.0.2.1 aaaa=random type=a", "the other family" },
		{ "dns_answer", "ttl=600000h", "68 years" },
		{ "dns_answer", "ttl=-1s", "ttl" },
		{ "dns_answer", "ttl=5", "ttl" },
		{ "dns_answer", "a=192.0.2.1 name=a..b", "empty label" },
		{ "dns_answer", "a=192.0.2.1 percent=101%", "percent" },
	};
	(void)state;

	assert_refused(bad, ARRAY_SIZE(bad));
}

static void compiled(void **state)
{
	static const struct {
		const char *kind, *name, *value;
		uint8_t rcode, types;
		uint32_t set;
	} cases[] = {
		{ "dns_answer", "a", "192.0.2.1", FL_DNS_CHANGE, FL_DNS_TYPE_A, FL_DNS_SET_A },
		{ "dns_answer", "aaaa", "random", FL_DNS_CHANGE, FL_DNS_TYPE_AAAA,
		  FL_DNS_SET_AAAA | FL_DNS_RANDOM_AAAA },
		{ "dns_answer", "ttl", "1min", FL_DNS_CHANGE, 0, FL_DNS_SET_TTL },
		{ "dns_answer", "empty", "yes", FL_DNS_EMPTY, 0, 0 },
		{ "dns_error", "type", "aaaa", 2, FL_DNS_TYPE_AAAA, 0 },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fl_rule rule = {};
		struct fault f;

		assert_int_equal(fault_init(&f, NULL, cases[i].kind, NULL), 0);
		assert_int_equal(params_set(&f.params, cases[i].name, cases[i].value, NULL), 0);
		assert_int_equal(f.ops->compile(&f.params, &rule, NULL), 0);
		assert_int_equal(rule.kind, FL_KIND_DNS_ERROR);
		assert_int_equal(rule.dns.rcode, cases[i].rcode);
		assert_int_equal(rule.dns.types, cases[i].types);
		assert_int_equal(rule.answer.set, cases[i].set);
		if (!i)
			assert_memory_equal(rule.answer.a, "\xc0\0\2\1", 4);
		if (i == 2)
			assert_int_equal(rule.answer.ttl_s, 60);
		fault_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(compiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
