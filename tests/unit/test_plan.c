// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* From a measured stack to its suite: which faults are chosen, their numbers, their order; and that check takes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "fault/fault.h"
#include "model/experiment.h"
#include "plan/rules.h"
#include "target/described.h"
#include "util/cleanup.h"

/* --- stacks, made up ------------------------------------------------------------------------- */

static struct plan p;

static void begin(char *const *specs)
{
	plan_free(&p);
	assert_int_equal(plan_name_services(&p.facts, specs, NULL), 0);
	p.facts.edges = calloc((size_t)p.facts.n * p.facts.n + 1, sizeof(*p.facts.edges));
	p.facts.seconds = 60;
	p.options = (struct plan_options){ .duration_ns = 20000000000ull,
					   .baseline_ns = 10000000000ull,
					   .cooldown_ns = 2000000000ull,
					   .grace_ns = 10000000000ull,
					   .title = "stack",
					   .made = "Made up." };
}

static struct plan_figures figures(uint64_t tries, double p99_s, int protocol, uint16_t port)
{
	return (struct plan_figures){
		.tries = tries, .rate = (double)tries / 60, .p99_s = p99_s, .port = port, .protocols = 1u << protocol
	};
}

/* @client asked @server; what the server answered in all is added up. */
static void edge(uint32_t client, uint32_t server, struct plan_figures seen)
{
	struct plan_figures *served = &p.facts.services[server].served;
	bool first = !served->tries;

	p.facts.edges[p.facts.n_edges++] = (struct plan_edge){ client, server, seen };
	served->tries += seen.tries;
	served->rate += seen.rate;
	served->p99_s = first ? seen.p99_s : fmax(served->p99_s, seen.p99_s);
	served->protocols |= seen.protocols;
	served->port = seen.port;
}

static void processes(void)
{
	uint32_t i;

	for (i = 1; i < p.facts.n; i++)
		p.facts.services[i].has_process = p.facts.services[i].restarts = true;
}

static void choose(void)
{
	assert_int_equal(plan_choose(&p, NULL), 0);
	plan_select(&p);
}

static const struct plan_experiment *find(const char *name)
{
	uint32_t i;

	for (i = 0; i < p.n; i++)
		if (!strcmp(p.v[i].name, name))
			return &p.v[i];
	return NULL;
}

static const char *param(const struct plan_experiment *x, const char *name)
{
	uint32_t i;

	for (i = 0; i < x->faults[0].n_params; i++)
		if (!strcmp(x->faults[0].params[i].name, name))
			return x->faults[0].params[i].value;
	return "";
}

static const char *omitted(const char *kind)
{
	json_t *o;
	size_t i;

	json_array_foreach(p.omissions, i, o)
		if (!strcmp(json_string_value(json_object_get(o, "kind")), kind))
			return json_string_value(json_object_get(o, "why"));
	return NULL;
}

/* What was written is a suite, and check has nothing to say of it. */
static struct suite *written(void)
{
	struct fl_error err = {};
	struct finding *found = NULL;
	struct suite *s = NULL;
	struct text out = {};
	uint32_t n = 0;

	assert_int_equal(plan_write(&p, &out, &err), 0);
	if (suite_parse("plan", out.s, out.len, fault_table, &s, &err))
		fail_msg("line %d: %s\n%s", err.line, err.message, out.s);
	assert_int_equal(suite_check(s, &found, &n, &err), 0);
	if (n)
		fail_msg("line %d: [%s] %s", found[0].line, found[0].rule, found[0].text);
	assert_int_equal(s->n, p.n_chosen);
	free(found);
	text_free(&out);
	return s;
}

enum { OUTSIDE, WEB, AUTH, API, CACHE, DB };
static char *shop[] = { "docker:shop/web",   "docker:shop/auth", "docker:shop/api",
			"docker:shop/cache", "docker:shop/db",   NULL };

static void make_shop(void)
{
	begin(shop);
	processes();
	edge(OUTSIDE, WEB, figures(600, 0.020, METER_HTTP, 80));
	edge(WEB, AUTH, figures(600, 0.004, METER_HTTP, 80));
	edge(WEB, API, figures(600, 0.015, METER_HTTP, 80));
	edge(API, CACHE, figures(600, 0.001, METER_TURNS, 6379));
	edge(API, DB, figures(300, 0.006, METER_TURNS, 5432));
}

/* --- what is chosen --------------------------------------------------------------------------- */

static void by_what_was_measured(void **state)
{
	(void)state;
	make_shop();
	text_copy(p.facts.services[DB].volumes[0], 128, "/var/lib/data");
	p.facts.services[DB].n_volumes = 1;
	p.options.all = true;
	choose();
	assert_non_null(find("web-api-http_error"));
	assert_non_null(find("web-api-http_latency"));
	assert_null(find("api-db-http_error"));
	assert_non_null(find("api-db-network_partition"));
	assert_non_null(find("cache-cache_poisoning"));
	assert_null(find("db-cache_poisoning"));
	assert_non_null(find("db-disk_fill"));
	assert_string_equal(param(find("db-disk_fill"), "path"), "/var/lib/data");
	assert_non_null(find("auth-time_skew"));
	assert_null(find("api-time_skew"));
	assert_non_null(strstr(omitted("dns_latency"), "port 53"));
	assert_non_null(omitted("syscall_error"));
	assert_null(find("web-latency")); /* its users are not measured, and there is no probe */
	suite_free(written());
}

static void dns_and_tls(void **state)
{
	(void)state;
	make_shop();
	edge(API, OUTSIDE, figures(60, 0.003, METER_DNS, 53));
	edge(DB, OUTSIDE, figures(60, 0.050, METER_OPAQUE, 443));
	p.options.all = true;
	choose();
	assert_non_null(find("api-dns_error"));
	assert_null(find("db-dns_error"));
	assert_string_equal(param(find("db-time_skew"), "offset"), "+400d");
	suite_free(written());
}

static void what_the_host_cannot(void **state)
{
	(void)state;
	make_shop();
	p.facts.unsupported = json_pack("{s:s, s:s}", "latency", "no TAP", "syscall_error", "no kprobes");
	p.facts.services[DB].restarts = false;
	choose();
	assert_string_equal(omitted("latency"), "no TAP");
	assert_string_equal(omitted("syscall_error"), "no kprobes");
	assert_null(find("api-latency"));
	assert_null(find("db-availability"));
	assert_non_null(find("api-availability"));
	suite_free(written());
}

static void refused_ones_are_named(void **state)
{
	struct text out = {};
	uint32_t i;

	(void)state;
	make_shop();
	assert_int_equal(plan_choose(&p, NULL), 0);
	for (i = 0; i < p.n; i++)
		if (!strcmp(p.v[i].rule->kind, "memory"))
			p.v[i].refused = strdup("it has no memory limit\nevil: [");
	plan_select(&p);
	for (i = 0; i < p.n_chosen; i++)
		assert_null(p.v[i].refused);
	suite_free(written());
	assert_int_equal(plan_write(&p, &out, NULL), 0);
	assert_non_null(strstr(out.s, "it has no memory limit evil: ["));
	text_free(&out);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void limits_come_from_the_baseline(void **state)
{
	const struct plan_experiment *x;

	(void)state;
	make_shop();
	choose();
	x = find("db-latency");
	assert_non_null(x);
	/* 4 x 6 ms is less than the least delay; p99 of web 20 ms: 30 ms and twice 100 ms; 0 of 600 errors: 0.64 %, and 1 %. */
	assert_string_equal(param(x, "delay"), "100ms");
	assert_non_null(strstr(x->hypothesis, "p99{service=web} <= 230ms"));
	assert_non_null(strstr(x->hypothesis, "error_rate{service=web} <= 1.7%"));
	assert_true(x->measured);
	assert_true(plan_delay_ns(0.06) == 300000000);
	assert_true(plan_delay_ns(9) == 1000000000);
	assert_true(plan_delay_ns(NAN) == 100000000);
}

static void load_from_inside(void **state)
{
	static char *specs[] = { "docker:shop/web", "docker:shop/load", NULL };
	const struct plan_experiment *x;

	(void)state;
	begin(specs);
	processes();
	edge(2, 1, figures(600, 0.010, METER_HTTP, 80));
	p.options.all = true;
	choose();
	x = find("web-latency");
	assert_non_null(x);
	assert_non_null(strstr(x->hypothesis, "edge_p99{from=load,to=web} <= 220ms"));
	assert_null(find("load-latency"));
	assert_null(find("load-pause")); /* nobody asks it */
	suite_free(written());
}

static void without_traffic(void **state)
{
	const struct plan_experiment *x;

	(void)state;
	begin(shop);
	processes();
	choose();
	x = find("db-availability");
	assert_non_null(x);
	assert_false(x->measured);
	assert_null(find("db-latency"));
	assert_non_null(strstr(omitted("latency"), "no packet would be hit"));
	suite_free(written());
}

/* --- order ------------------------------------------------------------------------------------ */

static void everything_once_first(void **state)
{
	uint32_t i, seen = 0;

	(void)state;
	make_shop();
	choose();
	/* Within the first ten each service is hit, and no kind comes a second time. */
	for (i = 0; i < 10; i++)
		seen |= 1u << p.v[i].faults[0].target;
	assert_int_equal(seen, 1u << WEB | 1u << AUTH | 1u << API | 1u << CACHE | 1u << DB);
	assert_true(p.n_chosen < p.n);
	assert_int_equal(p.v[p.n_chosen - 1].n_faults, 2); /* a combination, last */
}

static void a_budget_is_kept(void **state)
{
	(void)state;
	make_shop();
	p.options.budget_ns = 200000000000ull; /* 42 s each */
	choose();
	assert_true(p.n_chosen >= 2 && plan_seconds(&p, p.n_chosen) <= 200);
	suite_free(written());
	make_shop();
	p.options.budget_ns = 1000000000ull;
	choose();
	assert_int_equal(p.n_chosen, 1);
	suite_free(written());
}

/* What cannot be combined with anything leaves nobody's place empty. */
static void a_budget_is_used(void **state)
{
	static char *specs[] = { "netns:a", "netns:b", NULL };

	(void)state;
	begin(specs);
	processes();
	p.options.budget_ns = 5 * 42000000000ull;
	choose();
	assert_int_equal(p.n_chosen, 5);
	suite_free(written());
}

/* --- names ------------------------------------------------------------------------------------ */

/* A word within a word says nothing of logins. */
static void who_has_to_do_with_logins(void **state)
{
	static char *specs[] = { "netns:payment-processor",
				 "netns:espresso",
				 "netns:authors",
				 "netns:sso-proxy",
				 "netns:auth2",
				 "netns:user.Login",
				 NULL };

	(void)state;
	begin(specs);
	processes();
	p.options.all = true;
	choose();
	assert_null(find("payment-processor-time_skew"));
	assert_null(find("espresso-time_skew"));
	assert_null(find("authors-time_skew"));
	assert_string_equal(param(find("sso-proxy-time_skew"), "offset"), "+10min");
	assert_string_equal(param(find("auth2-time_skew"), "offset"), "+10min");
	assert_string_equal(param(find("user.Login-time_skew"), "offset"), "+10min");
	suite_free(written());
}

/* Whoever described the host has given names: a plan uses them, and no other service takes one. */
static void given_names(void **state)
{
	static char *specs[] = { "netns:db", "netns:shop-db", "pid:/run/gw.pid", NULL };
	json_t *map = json_pack("{s:s, s:s}", "db", "netns:shop-db", "gateway", "pid:/run/gw.pid");

	(void)state;
	assert_int_equal(described_use(map, NULL), 0);
	json_decref(map);
	begin(specs);
	assert_string_equal(p.facts.services[2].name, "db");
	assert_string_equal(p.facts.services[2].spec, "netns:shop-db");
	assert_string_equal(p.facts.services[3].name, "gateway");
	assert_string_not_equal(p.facts.services[1].name, "db");
	assert_int_equal(described_use(NULL, NULL), 0);
}

static void hostile_names(void **state)
{
	static char *specs[] = { "docker:label=app=we\"b",
				 "docker:label=app=\xc3\xbc\xe2\x80\xa8",
				 "docker:a/web.v1",
				 "docker:b/web.v1",
				 "netns:no",
				 "netns:null",
				 "netns:123",
				 "pid:7",
				 "pid:/run/x y.pid",
				 "cgroup:/a/b/c/",
				 "unit:nginx.service",
				 "docker:label=x={y},z",
				 "netns:outside",
				 "netns:Web.V1",
				 "cgroup:/",
				 "docker:image=registry:5000/"
				 "a-very-long-name-of-an-image-that-goes-on-and-on-and-on-and-on-and-on@sha256:00",
				 NULL };
	uint32_t i, k;

	(void)state;
	begin(specs);
	processes();
	for (i = 1; i < p.facts.n; i++) {
		const char *name = p.facts.services[i].name;

		assert_true(*name && strlen(name) < PLAN_NAME_MAX);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
				 strlen(name));
		for (k = 0; k < i; k++)
			assert_true(strcasecmp(name, p.facts.services[k].name) != 0);
	}
	for (i = 1; i < p.facts.n; i++)
		edge(i - 1, i, figures(100, 0.01, METER_HTTP, 80));
	p.options.all = true;
	choose();
	suite_free(written());
}

static uint32_t next(uint32_t *seed)
{
	return *seed = *seed * 1664525u + 1013904223u;
}

/* Any stack of 1 to 50 services, with any probe and pipeline. */
static void any_stack(void **state)
{
	static const enum meter_protocol protocols[] = { METER_HTTP, METER_DNS, METER_TURNS, METER_OPAQUE };
	static const uint16_t ports[] = { 80, 53, 6379, 443, 0 };
	uint32_t seed, s, i, n, edges;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		char *specs[51] = {};

		s = seed;
		n = seed == 60 ? 50 : 1 + next(&s) / 65536 % 50;
		for (i = 0; i < n; i++)
			assert_true(asprintf(&specs[i], "%s:%s%u", seed % 3 ? "netns" : "docker",
					     seed % 2 ? "svc-" : "p/s.", i) > 0);
		begin(specs);
		edges = seed % 7 ? next(&s) / 65536 % (2 * n) : 0;
		for (i = 0; i < edges; i++) {
			uint32_t a = next(&s) / 65536 % (n + 1), b = next(&s) / 65536 % n + 1;

			if (a != b)
				edge(a, b,
				     figures(next(&s) / 65536 % 1000, i % 5 ? (next(&s) / 65536 % 5000 + 1) / 1e3 : NAN,
					     protocols[next(&s) / 65536 % 4], ports[next(&s) / 65536 % 5]));
		}
		for (i = 1; i < p.facts.n; i++) {
			p.facts.services[i].has_process = i % 4;
			p.facts.services[i].restarts = i % 3;
		}
		if (seed % 4 == 0) {
			p.facts.probe_url = strdup("http://10.0.0.1/a'b\"c#d");
			p.facts.probe_tries = p.facts.probe_passed = 10;
			p.facts.probe_slowest_s = seed % 8 ? 0.02 : 3;
		}
		if (seed % 5 == 0)
			p.options.pipeline_url = "http://10.0.0.2:8000";
		p.options.all = seed % 2;
		choose();
		assert_true(p.n_chosen <= PLAN_MAX);
		if (p.n_chosen)
			suite_free(written());
		for (i = 0; i < n; i++)
			free(specs[i]);
	}
	plan_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_what_was_measured),
		cmocka_unit_test(dns_and_tls),
		cmocka_unit_test(what_the_host_cannot),
		cmocka_unit_test(refused_ones_are_named),
		cmocka_unit_test(limits_come_from_the_baseline),
		cmocka_unit_test(load_from_inside),
		cmocka_unit_test(without_traffic),
		cmocka_unit_test(everything_once_first),
		cmocka_unit_test(a_budget_is_kept),
		cmocka_unit_test(a_budget_is_used),
		cmocka_unit_test(who_has_to_do_with_logins),
		cmocka_unit_test(given_names),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(any_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
