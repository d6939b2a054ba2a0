// SPDX-License-Identifier: GPL-2.0-only
/* Parameters: types, defaults, bounds, names; and finding a kind by name, alias or near miss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fault/fault.h"
#include "util/param.h"
#include "util/text/cidr.h"

static const char *const shapes[] = { "uniform", "normal", NULL };

static const struct param own[] = { { .name = "delay", .type = PARAM_DURATION, .def = "!", .help = "how long" },
				    { .name = "max-hits", .type = PARAM_INT, .min = 1, .max = 10, .help = "how many" },
				    { .name = "distribution", .type = PARAM_ENUM, .def = "uniform", .choices = shapes },
				    { .name = "shift", .type = PARAM_OFFSET },
				    {} };
static const struct param common[] = { { .name = "share", .type = PARAM_PERCENT, .def = "100%" },
				       { .name = "peer", .type = PARAM_PEERS },
				       { .name = "port", .type = PARAM_PORTS },
				       { .name = "rate", .type = PARAM_RATE },
				       { .name = "bytes", .type = PARAM_BYTES },
				       { .name = "fix", .type = PARAM_BOOL, .def = "no" },
				       {} };

static void defaults(void **state)
{
	struct params p;
	(void)state;

	assert_int_equal(params_init(&p, own, common, NULL), 0);
	assert_int_equal(p.n, 10);
	assert_false(params_has(&p, "delay"));
	assert_true(params_has(&p, "share"));
	assert_false(params_get(&p, "share")->given);
	assert_int_equal(params_get(&p, "share")->u64, 1000000);
	assert_int_equal(params_get(&p, "fix")->u64, 0);
	assert_null(params_text(&p, "peer"));
	params_free(&p);
	assert_int_equal(params_init(&p, NULL, NULL, NULL), 0);
	assert_int_equal(p.n, 0);
	params_free(&p);
}

static void values(void **state)
{
	struct params p;
	(void)state;

	assert_int_equal(params_init(&p, own, common, NULL), 0);
	assert_int_equal(params_set(&p, "delay", "200ms", NULL), 0);
	assert_int_equal(params_get(&p, "delay")->u64, 200000000);
	assert_string_equal(params_text(&p, "delay"), "200ms");
	assert_true(params_get(&p, "delay")->given);
	assert_int_equal(params_set(&p, "max_hits", "10", NULL), 0);
	assert_int_equal(params_get(&p, "max-hits")->i64, 10);
	assert_int_equal(params_set(&p, "distribution", "normal", NULL), 0);
	assert_int_equal(params_get(&p, "distribution")->u64, 1);
	assert_int_equal(params_set(&p, "shift", "-60s", NULL), 0);
	assert_int_equal(params_get(&p, "shift")->i64, -60000000000);
	assert_int_equal(params_set(&p, "share", "0.5%", NULL), 0);
	assert_int_equal(params_get(&p, "share")->u64, 5000);
	assert_int_equal(params_set(&p, "rate", "1mbit", NULL), 0);
	assert_int_equal(params_get(&p, "rate")->u64, 1000000);
	assert_int_equal(params_set(&p, "bytes", "64k", NULL), 0);
	assert_int_equal(params_get(&p, "bytes")->u64, 65536);
	assert_int_equal(params_set(&p, "fix", "yes", NULL), 0);
	assert_int_equal(params_get(&p, "fix")->u64, 1);
	params_free(&p);
}

/* A refused value names the parameter and leaves the old one. */
static void refused(void **state)
{
	static const char *const bad[][2] = {
		{ "delay", "-1s" },   { "delay", "5" },     { "delay", "5 parsec" },     { "max-hits", "0" },
		{ "max-hits", "11" }, { "max-hits", "2x" }, { "distribution", "nrmal" }, { "shift", "later" },
		{ "share", "101%" },  { "peer", "" },       { "peer", "a,,b" },          { "port", "0" },
		{ "port", "9-8" },    { "port", "65536" },  { "port", "80-" },           { "rate", "0" },
		{ "bytes", "-4" },    { "fix", "maybe" },
	};
	struct params p;
	size_t i;
	(void)state;

	assert_int_equal(params_init(&p, own, common, NULL), 0);
	assert_int_equal(params_set(&p, "delay", "7ms", NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fl_error err = {};

		assert_true(params_set(&p, bad[i][0], bad[i][1], &err) < 0);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		assert_int_equal(strncmp(err.message, bad[i][0], strlen(bad[i][0])), 0);
	}
	assert_int_equal(params_get(&p, "delay")->u64, 7000000);
	assert_false(params_has(&p, "peer"));
	params_free(&p);
}

static void names(void **state)
{
	struct fl_error err = {};
	struct params p;
	(void)state;

	assert_int_equal(params_init(&p, own, common, NULL), 0);
	assert_true(params_set(&p, "dleay", "1s", &err) < 0);
	assert_non_null(strstr(err.hint, "'delay'"));
	error_clear(&err);
	assert_true(params_set(&p, "zebra", "1s", &err) < 0);
	assert_non_null(strstr(err.hint, "distribution"));
	error_clear(&err);
	assert_true(params_set(&p, "distribution", "nrmal", &err) < 0);
	assert_non_null(strstr(err.hint, "'normal'"));
	error_clear(&err);
	assert_true(params_complete(&p, "latency", &err) < 0);
	assert_string_equal(err.message, "latency needs 'delay'");
	assert_int_equal(params_set(&p, "delay", "1s", NULL), 0);
	assert_int_equal(params_complete(&p, "latency", NULL), 0);
	params_free(&p);
}

static void copies_and_json(void **state)
{
	struct params p, q;
	json_t *o;
	(void)state;

	assert_int_equal(params_init(&p, own, common, NULL), 0);
	assert_int_equal(params_set(&p, "delay", "1s", NULL), 0);
	assert_int_equal(params_copy(&q, &p, NULL), 0);
	assert_int_equal(params_set(&p, "delay", "2s", NULL), 0);
	assert_string_equal(params_text(&q, "delay"), "1s");
	o = params_json(&q);
	assert_string_equal(json_string_value(json_object_get(o, "delay")), "1s");
	assert_string_equal(json_string_value(json_object_get(o, "share")), "100%");
	assert_null(json_object_get(o, "peer"));
	json_decref(o);
	params_free(&p);
	params_free(&q);
}

/* What rows are bound to. */
struct bound {
	uint64_t delay_ns;
	uint32_t shape;
	struct param_optional hits;
	bool fix;
	const char *name;
	struct param_range port, size;
	int64_t shift_ns;
};

struct shared {
	uint16_t port;
};

#define FIELD(member) PARAM_FIELD(struct bound, member)

static const struct param bound_own[] = { { FIELD(delay_ns), .name = "delay", .type = PARAM_DURATION, .def = "!" },
					  { FIELD(shape), .name = "shape", .type = PARAM_ENUM, .def = "normal",
					    .choices = shapes },
					  { FIELD(hits), .name = "hits", .type = PARAM_INT, .max = 10 },
					  { FIELD(fix), .name = "fix", .type = PARAM_BOOL, .def = "yes" },
					  { FIELD(name), .name = "name", .type = PARAM_STRING },
					  { FIELD(port), .name = "port", .type = PARAM_PORTS },
					  { FIELD(size), .name = "size", .type = PARAM_RANGE, .min = 2, .max = 9 },
					  { FIELD(shift_ns), .name = "shift", .type = PARAM_OFFSET },
					  { .name = "unbound", .type = PARAM_INT, .def = "3", .max = 9 },
					  {} };
static const struct param bound_common[] = {
	{ PARAM_FIELD(struct shared, port), .name = "at", .type = PARAM_INT, .def = "80", .max = 65535 }, {}
};

/* The structs hold what is set, from the defaults on, through refusals and in copies. */
static void bound(void **state)
{
	const struct bound *b, *c;
	struct params p, q;
	(void)state;

	assert_int_equal(params_init(&p, bound_own, bound_common, NULL), 0);
	b = p.own;
	assert_int_equal(b->delay_ns, 0);
	assert_int_equal(b->shape, 1);
	assert_false(b->hits.set);
	assert_true(b->fix);
	assert_null(b->name);
	assert_false(b->port.set);
	assert_int_equal(b->port.to, 65535);
	assert_int_equal(b->size.from, 2);
	assert_int_equal(b->size.to, 9);
	assert_int_equal(((const struct shared *)p.common)->port, 80);

	assert_int_equal(params_set(&p, "delay", "5s", NULL), 0);
	assert_int_equal(params_set(&p, "hits", "0", NULL), 0);
	assert_int_equal(params_set(&p, "name", "one", NULL), 0);
	assert_int_equal(params_set(&p, "name", "two", NULL), 0);
	assert_int_equal(params_set(&p, "port", "80-90", NULL), 0);
	assert_int_equal(params_set(&p, "size", "3", NULL), 0);
	assert_int_equal(params_set(&p, "shift", "-1s", NULL), 0);
	assert_int_equal(params_set(&p, "at", "443", NULL), 0);
	assert_true(params_set(&p, "delay", "soon", NULL) < 0);
	assert_int_equal(b->delay_ns, 5000000000);
	assert_true(b->hits.set && !b->hits.u64);
	assert_string_equal(b->name, "two");
	assert_true(b->port.set && b->port.from == 80 && b->port.to == 90);
	assert_true(b->size.set && b->size.from == 3 && b->size.to == 3);
	assert_int_equal(b->shift_ns, -1000000000);

	assert_int_equal(params_copy(&q, &p, NULL), 0);
	params_free(&p);
	c = q.own;
	assert_string_equal(c->name, "two");
	assert_int_equal(c->delay_ns, 5000000000);
	assert_int_equal(((const struct shared *)q.common)->port, 443);
	params_free(&q);
}

static void ports(void **state)
{
	uint16_t min, max;
	(void)state;

	assert_int_equal(ports_parse("8080", &min, &max, NULL), 0);
	assert_int_equal(min, 8080);
	assert_int_equal(max, 8080);
	assert_int_equal(ports_parse("8000-8100", &min, &max, NULL), 0);
	assert_int_equal(min, 8000);
	assert_int_equal(max, 8100);
}

static const char *const loss_aliases[] = { "loss", "packet-loss", NULL };
static const struct fault_ops loss = { .name = "network_loss", .aliases = loss_aliases };
static const struct fault_ops latency = { .name = "latency" };
static const struct fault_ops *const table[] = { &latency, &loss, NULL };

static void kinds(void **state)
{
	struct fl_error err = {};
	(void)state;

	assert_ptr_equal(fault_find(table, "network_loss", NULL), &loss);
	assert_ptr_equal(fault_find(table, "network-loss", NULL), &loss);
	assert_ptr_equal(fault_find(table, "packet_loss", NULL), &loss);
	assert_ptr_equal(fault_find(table, "loss", NULL), &loss);
	assert_null(fault_find(table, "latensy", &err));
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	assert_non_null(strstr(err.hint, "'latency'"));
	error_clear(&err);
	assert_null(fault_find(table, "los", &err));
	assert_null(fault_find(table, "", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults), cmocka_unit_test(values),          cmocka_unit_test(refused),
		cmocka_unit_test(names),    cmocka_unit_test(copies_and_json), cmocka_unit_test(ports),
		cmocka_unit_test(kinds),    cmocka_unit_test(bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
