// SPDX-License-Identifier: GPL-2.0-only
/* Faults that a stack cannot show, from what the meter saw before them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fault/fault.h"
#include "run/unseen.h"
#include "util/cleanup.h"

enum { OUTSIDE, FRONTEND, GATEWAY, RESOLVER, DB, CACHE, N };
static char names[N][128] = { "outside", "frontend", "docker:api-gateway", "dns-resolver", "payment-db", "cache-svc" };

static struct meter_row rows[] = {
	{ .client = OUTSIDE, .server = FRONTEND, .protocol = METER_HTTP, .requests = 90, .bytes_to_server = 9 },
	{ .client = FRONTEND, .server = GATEWAY, .protocol = METER_HTTP, .requests = 90, .bytes_to_server = 9 },
	{ .client = GATEWAY, .server = RESOLVER, .protocol = METER_HTTP, .requests = 7, .bytes_to_server = 9 },
	{ .client = FRONTEND, .server = CACHE, .protocol = METER_TURNS, .requests = 30, .bytes_to_server = 9 },
	{ .client = DB, .server = OUTSIDE, .protocol = METER_TURNS, .requests = 1, .bytes_to_server = 9 },
	{ .client = FRONTEND, .server = OUTSIDE, .protocol = METER_DNS, .requests = 0 },
};
static struct meter_snapshot seen = { .n_services = N, .services = names, .n_rows = ARRAY_SIZE(rows), .rows = rows };

static const struct param net[] = { { .name = "peer", .type = PARAM_PEERS }, {} };
static const struct fault_ops latency = { .name = "latency", .common = net },
			      dns = { .name = "dns_latency", .common = net },
			      partition = { .name = "network_partition", .common = net },
			      http = { .name = "http_error", .common = net },
			      memory = { .name = "memory", .class = FAULT_RESOURCE },
			      skew = { .name = "time_skew", .class = FAULT_STATE };

static char said[600], rules[120];

static void say(void *ctx, const struct experiment *x, const char *rule, const char *text)
{
	(void)ctx;
	(void)x;
	snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules), "%s", rule);
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s", text);
}

/* What is said of the fault, with "peer" when @peer is given. */
static void look(const struct fault_ops *ops, const char *target, const char *peer)
{
	char name[64];
	char *targets[] = { name, NULL };
	struct fault_plan plan = { .ops = ops, .targets = targets };
	struct experiment x = { .faults = &plan, .n_faults = 1 };

	snprintf(name, sizeof(name), "%s", target);
	said[0] = rules[0] = '\0';
	assert_int_equal(params_init(&plan.params, ops->params, ops->common, NULL), 0);
	if (peer)
		assert_int_equal(params_set(&plan.params, "peer", peer, NULL), 0);
	unseen_find(&x, &seen, 5, say, NULL);
	params_free(&plan.params);
}

static void nothing_to_say(void **state)
{
	(void)state;
	look(&latency, "frontend", NULL);
	assert_string_equal(rules, "");
	look(&partition, "frontend", "api-gateway");
	assert_string_equal(rules, "");
	look(&memory, "api-gateway", NULL);
	assert_string_equal(rules, "");
	look(&http, "frontend", "api-gateway");
	assert_string_equal(rules, "");
	look(&latency, "nobody-knows", NULL); /* not measured: nothing is known */
	assert_string_equal(rules, "");
	look(&partition, "frontend", "10.0.0.0/8");
	assert_string_equal(rules, "");
}

/* Of two with the same bare name, the one that is meant; neither, where that cannot be told. */
static void namesakes(void **state)
{
	static char both[3][128] = { "outside", "docker:db", "netns:db" };
	static struct meter_row busy[] = {
		{ .client = 0, .server = 1, .protocol = METER_HTTP, .requests = 90, .bytes_to_server = 9 },
	};
	const struct meter_snapshot old = seen;
	(void)state;

	seen = (struct meter_snapshot){ .n_services = 3, .services = both, .n_rows = 1, .rows = busy };
	look(&latency, "netns:db", NULL);
	assert_true(strlen(rules));
	look(&latency, "docker:db", NULL);
	assert_string_equal(rules, "");
	look(&latency, "db", NULL);
	assert_string_equal(rules, "");
	seen = old;
}

static void unseen(void **state)
{
	(void)state;
	look(&dns, "dns-resolver", NULL);
	assert_string_equal(rules, "unseen-dns");
	assert_non_null(strstr(said, "nobody asked dns-resolver on port 53, it answered 7 HTTP requests"));
	assert_non_null(strstr(said, "'fault_type: latency'"));
	rows[5].requests = 3;
	look(&dns, "frontend", NULL); /* it looks names up */
	assert_string_equal(rules, "");
	rows[5].requests = 0;
	look(&dns, "cache-svc", NULL);
	assert_non_null(strstr(said, "no DNS answer"));
	look(&partition, "frontend", "payment-db");
	assert_string_equal(rules, "unseen-pair");
	look(&memory, "payment-db", NULL); /* it asks somebody, and is asked by nobody */
	assert_string_equal(rules, "unseen-service");
	assert_non_null(strstr(said, "nobody asked payment-db"));
	look(&http, "cache-svc", NULL);
	assert_string_equal(rules, "unseen-http");
	look(&skew, "frontend", NULL);
	assert_string_equal(rules, "unseen-clock");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(namesakes), cmocka_unit_test(nothing_to_say),
					    cmocka_unit_test(unseen) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
