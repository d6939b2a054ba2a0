// SPDX-License-Identifier: GPL-2.0-only
/* Services: in phrases, and in a Prometheus configuration. */
#include "exercise_maker.h"

static void phrases(void **state)
{
	static const struct {
		const char *text, *first, *second;
	} cases[] = {
		{ "100% of checkout-svc requests", "checkout-svc", NULL },
		{ "payment-svc container", "payment-svc", NULL },
		{ "1 payment-svc instance", "payment-svc", NULL },
		{ "payment-db (container w3d2-payment-db)", "payment-db", NULL },
		{ "1 instance của inventory-svc", "inventory-svc", NULL },
		{ "log-collector volume", "log-collector", NULL },
		{ "all checkout requests", "checkout-svc", NULL },
		{ "link A: frontend <-> api-gateway", "frontend", "api-gateway" },
		{ "liên kết giữa frontend và api-gateway (1 edge)", "frontend", "api-gateway" },
		{ "edge checkout->payment", "checkout-svc", "payment-svc" },
		{ "API Gateway", "api-gateway", NULL },
		{ "dns resolver", "dns-resolver", NULL },
		{ "the payment service", "payment-svc", NULL },
		{ "2 pods of search-api", "search-api", NULL },
		{ "one redis container", "redis", NULL },
		{ "everything", "everything", NULL },
		{ "", NULL, NULL },
	};
	struct phrase p;
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		phrase_read(cases[i].text, names_services, &p);
		if (p.n != (size_t) !!cases[i].first + !!cases[i].second ||
		    (cases[i].first && strcmp(p.found[0], cases[i].first)) ||
		    (cases[i].second && strcmp(p.found[1], cases[i].second)))
			fail_msg("'%s': %zu, '%s', '%s'", cases[i].text, p.n, p.n ? p.found[0] : "",
				 p.n > 1 ? p.found[1] : "");
	}
}

/* A Prometheus configuration tells which services there are. */
static void prometheus_targets(void **state)
{
	static const char text[] =
		"global: {scrape_interval: 15s}\n"
		"scrape_configs:\n"
		"  - job_name: a\n"
		"    static_configs: [{targets: ['search-svc:8080', 'http://geo:9090/metrics'], labels: {tier: app}}]\n"
		"  - job_name: b\n"
		"    static_configs: [{targets: ['10.0.0.7:9100', 'localhost:9090', 'db:9187']}]\n";
	char **list = NULL;
	(void)state;

	targets_read(text, sizeof(text) - 1, &list);
	assert_int_equal(words_count(list), 3);
	assert_string_equal(list[0], "search-svc");
	assert_string_equal(list[1], "geo");
	assert_string_equal(list[2], "db");
	words_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phrases),
		cmocka_unit_test(prometheus_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
