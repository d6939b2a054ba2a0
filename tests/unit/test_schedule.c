// SPDX-License-Identifier: GPL-2.0-only
/* Schedules: the arithmetic of each form, what is refused and where, replay files, the scale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fault/fault.h"
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/schedule/schedule.h"
#include "util/text/text.h"

#define S  NS_PER_SEC
#define MS NS_PER_MSEC

static const struct param number_params[] = {
	{ .name = "delay", .type = PARAM_DURATION, .def = "!", .live = true },
	{ .name = "jitter", .type = PARAM_DURATION, .def = "0", .live = true },
	{ .name = "percent", .type = PARAM_PERCENT, .def = "100%", .live = true },
	{ .name = "rate", .type = PARAM_RATE, .live = true },
	{ .name = "nth", .type = PARAM_INT, .min = 1, .max = 100, .live = true },
	{ .name = "skew", .type = PARAM_OFFSET, .live = true },
	{ .name = "size", .type = PARAM_BYTES, .live = true },
	{ .name = "seed", .type = PARAM_INT, .max = INT64_MAX },
	{ .name = "name", .type = PARAM_STRING, .live = true },
	{},
};

/* Not more than a second together: what no single parameter can tell. */
static int validate(const struct params *p, struct fl_error *err)
{
	if (params_get(p, "delay")->u64 + params_get(p, "jitter")->u64 > S)
		return error_usage(err, "delay and jitter are more than a second");
	return 0;
}

static int update(struct fault *f, struct fl_error *err)
{
	(void)f;
	(void)err;
	return 0;
}

static const struct fault_ops numbers = {
	.name = "numbers", .params = number_params, .validate = validate, .update = update
};
static const struct fault_ops still = { .name = "still", .params = number_params };
static const struct fault_ops *const table[] = { &numbers, &still, NULL };

static struct params set(const char *name, const char *text, struct fl_error *err)
{
	struct params p;

	assert_int_equal(params_init(&p, number_params, NULL, NULL), 0);
	if (params_set(&p, name, text, err))
		assert_true(err && err->exit == FL_EXIT_USAGE);
	return p;
}

static void is_at(const char *name, const char *text, uint64_t t_ns, int64_t wanted)
{
	struct fl_error err = {};
	struct params p = set(name, text, &err);
	const struct param_value *v = params_get(&p, name);
	int64_t got;

	if (err.exit)
		fail_msg("%s: %s", text, err.message);
	assert_non_null(v->schedule);
	got = schedule_at(v->schedule, t_ns);
	if (got != wanted)
		fail_msg("%s at %llu ns: %lld, not %lld", text, (unsigned long long)t_ns, (long long)got,
			 (long long)wanted);
	params_free(&p);
}

static void values(void **state)
{
	(void)state;
	is_at("delay", "ramp:0ms..500ms/10min", 0, 0);
	is_at("delay", "ramp:0ms..500ms/10min", 300 * S, 250 * MS);
	is_at("delay", "ramp:0ms..500ms/10min", 600 * S, 500 * MS);
	is_at("delay", "ramp:0ms..500ms/10min", UINT64_MAX, 500 * MS);
	is_at("delay", "ramp:500ms..0/10s", 9 * S, 50 * MS);
	/* Between the ends in steps that a person can read: 500 ms by tens of microseconds. */
	is_at("delay", "ramp:0ms..500ms/600s", S / 10, 80000);
	is_at("delay", "steps:10ms,50ms,200ms/30s", 0, 10 * MS);
	is_at("delay", "steps:10ms,50ms,200ms/30s", 30 * S - 1, 10 * MS);
	is_at("delay", "steps:10ms,50ms,200ms/30s", 30 * S, 50 * MS);
	is_at("delay", "steps:10ms,50ms,200ms/30s", 90 * S, 200 * MS);
	is_at("delay", "steps:10ms,50ms,200ms/30s", UINT64_MAX, 200 * MS);
	is_at("delay", "pulse:200ms/5s/20s", 0, 200 * MS);
	is_at("delay", "pulse:200ms/5s/20s", 5 * S - 1, 200 * MS);
	is_at("delay", "pulse:200ms/5s/20s", 5 * S, 0);
	is_at("delay", "pulse:200ms/5s/20s", 25 * S, 200 * MS);
	is_at("delay", "pulse:200ms/5s/20s/7ms", 1005 * S, 7 * MS);
	is_at("delay", "sine:20ms..200ms/1min", 0, 20 * MS);
	is_at("delay", "sine:20ms..200ms/1min", 15 * S, 110 * MS);
	is_at("delay", "sine:20ms..200ms/1min", 30 * S, 200 * MS);
	is_at("delay", "sine:20ms..200ms/1min", 60 * S, 20 * MS);
	is_at("delay", "sine:20ms..200ms/1min", 3630 * S, 200 * MS);
	is_at("percent", "ramp:0%..50%/10s", 5 * S, 250000);
	is_at("nth", "ramp:1..100/99s", 10 * S, 11);
	is_at("skew", "ramp:-10s..10s/20s", 5 * S, -5 * (int64_t)S);
	is_at("rate", "ramp:10mbit..1mbit/9s", 3 * S, 7000000);
	is_at("size", "steps:1MiB,2MiB/1s", S, 2 << 20);
}

/* The word and the words of each, as a person reads them. */
static void words(void **state)
{
	static const struct {
		const char *name, *text, *word, *words;
	} rows[] = {
		{ "delay", "ramp:0ms..500ms/10min", "ramp:0s..500ms/600s",
		  "a ramp from 0s to 500ms in 600s, where it stays" },
		{ "percent", "steps:1,2,3/30s", "steps:1%,2%,3%/30s", "steps of 30s each: 1%, 2%, 3%, where it stays" },
		{ "delay", "pulse:200ms/5s/20s", "pulse:200ms/5s/20s",
		  "pulses: 200ms for 5s, then 0s for 20s, again and again" },
		{ "rate", "pulse:1mbit/5s/20s/100mbit", "pulse:1mbit/5s/20s/100mbit",
		  "pulses: 1mbit for 5s, then 100mbit for 20s, again and again" },
		{ "skew", "sine:-20ms..20ms/1min", "sine:-20ms..20ms/60s",
		  "a sine from -20ms to 20ms and back every 60s" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct params p = set(rows[i].name, rows[i].text, NULL), again;
		const struct param_value *v = params_get(&p, rows[i].name);
		_cleanup_free_ char *word = schedule_text(v->param, v->schedule);
		_cleanup_free_ char *as = schedule_words(v->param, v->schedule), *twice = NULL;

		assert_string_equal(word, rows[i].word);
		assert_string_equal(as, rows[i].words);
		again = set(rows[i].name, word, NULL);
		v = params_get(&again, rows[i].name);
		twice = schedule_text(v->param, v->schedule);
		assert_string_equal(twice, word);
		params_free(&p);
		params_free(&again);
	}
}

static void refused(const char *name, const char *text, const char *why)
{
	struct fl_error err = {};
	struct params p = set(name, text, &err);

	if (!strstr(err.message, why))
		fail_msg("%s: '%s' does not say '%s'", text, err.message, why);
	params_free(&p);
}

static void refusals(void **state)
{
	(void)state;
	refused("percent", "ramp:0..101%/1min", "outside 0..100");
	refused("nth", "steps:1,0/1min", "outside 1..100");
	refused("nth", "sine:1..101/1min", "outside 1..100");
	refused("delay", "ramp:-1ms..1ms/1min", "negative");
	refused("rate", "pulse:1mbit/5s/5s", "outside 1 bit/s");
	refused("delay", "ramp:0ms..1ms", "a ramp is written ramp:FROM..TO/TIME");
	refused("delay", "ramp:1ms/1min", "a ramp is written");
	refused("delay", "ramp:0..1ms/50ms", "100ms at least");
	refused("delay", "pulse:1ms/1s/10ms", "100ms at least");
	refused("delay", "pulse:1ms/1s", "a pulse is written");
	refused("delay", "ramp:0..1ms/9000h", "more than a year");
	refused("delay", "steps:/1s", "does not start with a number");
	refused("delay", "steps:1ms,,2ms/1s", "does not start with a number");
	refused("delay", "replay:nothing.csv#x/1s", "cannot read nothing.csv");
	refused("delay", "replay:nothing.csv/1s", "a replay is written");
	refused("seed", "ramp:1..2/1min", "it cannot be changed while the fault is on");
	refused("delay", "hop:1ms..2ms/1min", "does not start with a number");
}

/* What is no number may look like a schedule. */
static void names_stay_names(void **state)
{
	struct params p = set("name", "ramp:0..1/1s", NULL);
	(void)state;

	assert_null(params_get(&p, "name")->schedule);
	assert_string_equal(params_text(&p, "name"), "ramp:0..1/1s");
	params_free(&p);
}

/* --- what a fault makes of them ------------------------------------------------------------------- */

static void all_ends_are_checked(void **state)
{
	struct fl_error err = {};
	struct params p = set("delay", "ramp:100ms..600ms/1min", NULL);
	(void)state;

	assert_int_equal(fault_validate_params(&numbers, &p, NULL), 0);
	assert_int_equal(params_set(&p, "jitter", "sine:0..500ms/1min", NULL), 0);
	assert_int_not_equal(fault_validate_params(&numbers, &p, &err), 0);
	assert_non_null(strstr(err.message, "(with delay at 600ms, jitter at 500ms, by its schedule)"));
	params_free(&p);
	p = set("delay", "ramp:100ms..600ms/1min", NULL);
	error_clear(&err);
	assert_int_not_equal(fault_validate_params(&still, &p, &err), 0);
	assert_non_null(strstr(err.message, "nothing follows a schedule"));
	params_free(&p);
}

static void copies_are_whole(void **state)
{
	struct params p = set("delay", "steps:10ms,20ms/1s", NULL), q;
	json_t *now, *word;
	(void)state;

	assert_int_equal(params_copy(&q, &p, NULL), 0);
	params_free(&p);
	assert_int_equal(params_scheduled(&q), 1);
	assert_int_equal(params_put_number(&q, 0, 20 * MS), 0);
	now = params_now_json(&q);
	word = params_json(&q);
	assert_string_equal(json_string_value(json_object_get(now, "delay")), "20ms");
	assert_string_equal(json_string_value(json_object_get(word, "delay")), "steps:10ms,20ms/1s");
	json_decref(now);
	json_decref(word);
	/* A plain value ends it. */
	assert_int_equal(params_set(&q, "delay", "5ms", NULL), 0);
	assert_int_equal(params_scheduled(&q), 0);
	params_free(&q);
}

static void scaled(void **state)
{
	struct params p = set("delay", "pulse:200ms/5s/20s", NULL);
	struct schedule *s = params_get(&p, "delay")->schedule;
	struct fl_error err = {};
	(void)state;

	assert_int_equal(schedule_scale(s, 0.1, NULL), 0);
	assert_int_equal(schedule_at(s, S / 2 - 1), 200 * MS);
	assert_int_equal(schedule_at(s, S / 2), 0);
	assert_int_equal(schedule_at(s, 5 * S / 2), 200 * MS);
	assert_int_not_equal(schedule_scale(s, 0.1, &err), 0);
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	assert_int_equal(s->ns, S / 2); /* as it was */
	params_free(&p);
}

/* --- YAML ----------------------------------------------------------------------------------------- */

static const char suite_text[] = "experiments:\n"
				 "  - name: slow\n"
				 "    hypothesis: pass_rate >= 99%%\n"
				 "    fault_type: %s\n"
				 "    params:\n"
				 "      jitter: 1ms\n"
				 "      %s\n"
				 "    blast_radius: {target: payment-svc, traffic: 0%% (synthetic), duration: 10s}\n"
				 "    rollback: {automatic: true, trigger_when: pass_rate < 10%%, method: expiry}\n"
				 "    measurement: {metrics: [pass_rate], capture_window: t-5s to t+10s}\n"
				 "    ground_truth: {root_service: payment-svc}\n";

static struct suite *load(const char *path, const char *kind, const char *param, struct fl_error *err)
{
	_cleanup_free_ char *text = text_format(suite_text, kind, param);
	struct suite *s = NULL;

	return suite_parse(path, text, strlen(text), table, &s, err) ? NULL : s;
}

static void yaml_is_the_word(void **state)
{
	static const struct {
		const char *yaml, *word;
	} rows[] = {
		{ "delay: {ramp: 0ms..500ms, over: 10min}", "ramp:0s..500ms/600s" },
		{ "delay: ramp:0ms..500ms/10min", "ramp:0s..500ms/600s" },
		{ "delay: {steps: [10ms, 50ms, 200ms], each: 30s}", "steps:10ms,50ms,200ms/30s" },
		{ "delay: \"steps:10ms,50ms,200ms/30s\"", "steps:10ms,50ms,200ms/30s" },
		{ "delay: {pulse: 200ms, on: 5s, off: 20s}", "pulse:200ms/5s/20s" },
		{ "delay: {pulse: 200ms, on: 5s, off: 20s, base: 1ms}", "pulse:200ms/5s/20s/1ms" },
		{ "delay: {sine: 20ms..200ms, period: 1min}", "sine:20ms..200ms/60s" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fl_error err = {};
		struct suite *s = load("t.yaml", "numbers", rows[i].yaml, &err);
		const struct param_value *v;
		_cleanup_free_ char *word = NULL;

		if (!s)
			fail_msg("%s: %s", rows[i].yaml, err.message);
		v = params_get(&s->experiments[0].faults[0].params, "delay");
		word = schedule_text(v->param, v->schedule);
		assert_string_equal(word, rows[i].word);
		suite_free(s);
	}
}

static void yaml_refusals(void **state)
{
	static const struct {
		const char *yaml;
		int line, column;
		const char *why;
	} rows[] = {
		{ "delay: {ramp: 0ms..500ms, over: 10}", 7, 39, "has no unit" },
		{ "delay: {ramp: 0ms..500ms, over: 1ms}", 7, 39, "100ms at least" },
		{ "delay: {ramp: 0ms..500ms, each: 1s}", 7, 39, "a ramp has no 'each'" },
		{ "delay: {ramp: 0ms..500ms}", 7, 15, "'over' is missing" },
		{ "delay: {ramp: 0..1ms, pulse: 1ms}", 7, 36, "ramp or pulse, not both" },
		{ "delay: {over: 1s}", 7, 15, "one of ramp, steps, pulse, sine, replay" },
		{ "delay: {ramps: 0..1ms, over: 1s}", 7, 15, "ramps" },
		{ "delay: {ramp: 5..1ms, over: 1s}", 7, 15, "has no unit" },
		{ "delay: {ramp: 0..2s, over: 1s}", 6, 7, "more than a second (with delay at 2s" },
		{ "seed: {ramp: 0..2, over: 1s}", 7, 14, "cannot be changed while the fault is on" },
		{ "name: {ramp: 0..2, over: 1s}", 7, 14, "'name' is no number" },
		{ "lag: {ramp: 0..2s, over: 1s}", 7, 7, "no parameter 'lag'" },
		{ "delay: {replay: ../x.csv, column: a, each: 1s}", 7, 15, "is not in the folder" },
		{ "delay: {replay: /etc/passwd, column: a, each: 1s}", 7, 15, "is not in the folder" },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fl_error err = {};
		struct suite *s = load("t.yaml", "numbers", rows[i].yaml, &err);

		assert_null(s);
		assert_int_equal(err.exit, FL_EXIT_USAGE);
		if (err.line != rows[i].line || err.column != rows[i].column || !strstr(err.message, rows[i].why))
			fail_msg("%s: %d:%d: %s", rows[i].yaml, err.line, err.column, err.message);
	}
}

static void suite_scales_them(void **state)
{
	struct suite *s = load("t.yaml", "numbers", "delay: {ramp: 0ms..500ms, over: 10min}", NULL);
	(void)state;

	assert_non_null(s);
	assert_int_equal(suite_scale(s, 0.01, NULL), 0);
	assert_int_equal(params_get(&s->experiments[0].faults[0].params, "delay")->schedule->ns, 6 * S);
	suite_free(s);
}

/* --- replay --------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/fltest-schedule.XXXXXX";

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, name);

	assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

static void replays(void **state)
{
	_cleanup_free_ char *path = text_format("%s/suite.yaml", dir), *link = text_format("%s/out.csv", dir);
	const struct schedule *v;
	struct fl_error err = {};
	struct suite *s;
	(void)state;

	put("day.csv", "\xef\xbb\xbftime, \"p99, ms\",n\r\n00:00,12.5,1\r\n\r\n00:01,\"90\",2\r\n00:02,3,3");
	s = load(path, "numbers", "delay: {replay: day.csv, column: \"p99, ms\", each: 1s, unit: ms}", &err);
	if (!s)
		fail_msg("%s", err.message);
	v = params_get(&s->experiments[0].faults[0].params, "delay")->schedule;
	assert_int_equal(v->n, 3);
	assert_int_equal(schedule_at(v, 0), 12500000);
	assert_int_equal(schedule_at(v, S), 90 * MS);
	assert_int_equal(schedule_at(v, 100 * S), 3 * MS);
	suite_free(s);

	assert_null(load(path, "numbers", "delay: {replay: day.csv, column: p99, each: 1s}", &err));
	assert_non_null(strstr(err.message, "names no column 'p99'"));
	error_clear(&err);
	assert_null(load(path, "numbers", "delay: {replay: day.csv, column: n, each: 1s}", &err));
	assert_non_null(strstr(err.message, "line 2 of day.csv"));
	assert_non_null(strstr(err.hint, "unit: ms"));
	error_clear(&err);
	put("short.csv", "a,b\n1ms\n");
	assert_null(load(path, "numbers", "delay: {replay: short.csv, column: b, each: 1s}", &err));
	assert_non_null(strstr(err.message, "line 2 of short.csv: the column is empty"));
	error_clear(&err);
	put("head.csv", "a,b\n");
	assert_null(load(path, "numbers", "delay: {replay: head.csv, column: b, each: 1s}", &err));
	assert_non_null(strstr(err.message, "no row below its header"));
	error_clear(&err);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_null(load(path, "numbers", "delay: {replay: out.csv, column: b, each: 1s}", &err));
	assert_non_null(strstr(err.message, "is not in the folder"));
	unlink(link);
	error_clear(&err);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_null(load(path, "numbers", "delay: {replay: out.csv, column: b, each: 1s}", &err));
	assert_non_null(strstr(err.message, "is no regular file"));
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "day.csv", "short.csv", "head.csv", "out.csv" };
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = text_format("%s/%s", dir, names[i]);

		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(words),
		cmocka_unit_test(refusals),
		cmocka_unit_test(names_stay_names),
		cmocka_unit_test(all_ends_are_checked),
		cmocka_unit_test(copies_are_whole),
		cmocka_unit_test(scaled),
		cmocka_unit_test(yaml_is_the_word),
		cmocka_unit_test(yaml_refusals),
		cmocka_unit_test(suite_scales_them),
		cmocka_unit_test_setup_teardown(replays, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
