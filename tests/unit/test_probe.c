// SPDX-License-Identifier: GPL-2.0-only
/* The external probe: what passes, what is logged, when tries begin, what a window says. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "util/percentile.h"
#include "measure/probe/body_regex.h"
#include "measure/probe/probe.h"
#include "scripted_server.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/clock.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"

struct run {
	struct probe *probe;
	uint32_t want, seen;
	struct probe_sample v[32];
	struct probe_summary summary;
};

static void on_sample(void *ctx, const struct probe_sample *s)
{
	struct run *r = ctx;
	const struct probe_sample *all;

	if (r->seen < ARRAY_SIZE(r->v))
		r->v[r->seen] = *s;
	if (++r->seen < r->want)
		return;
	probe_summarise(r->probe, 0, UINT64_MAX, &r->summary);
	assert_int_equal(probe_samples(r->probe, &all), r->want);
	memcpy(r->v, all, r->want * sizeof(*all)); /* in order of start */
	probe_stop(r->probe);
}

static void probe_n(const struct probe_config *c, const char *log, uint32_t n, struct run *r)
{
	struct fl_error err = {};
	uv_loop_t loop;

	memset(r, 0, sizeof(*r));
	r->want = n;
	uv_loop_init(&loop);
	if (probe_start(&loop, c, log ? file_append_at(AT_FDCWD, log, log, 0644, NULL) : -1, on_sample, r, &r->probe,
			&err))
		fail_msg("%s", err.message);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0); /* nothing of it is left in the loop */
	assert_int_equal(r->seen, n);
}

static struct probe_config quick(char *url)
{
	struct probe_config c;

	probe_defaults(&c);
	c.url = url;
	c.interval_ns = 20 * NS_PER_MSEC;
	c.timeout_ns = 200 * NS_PER_MSEC;
	return c;
}

static const char *by_turns(struct scripted_server *s, int n, const char *request)
{
	(void)s;
	(void)request;
	switch (n % 4) {
	case 0: return OK_HEAD "Content-Length: 2\r\n\r\nok";
	case 1: return "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
	case 2: return ""; /* closes */
	default: return "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
	}
}

static void pass_and_fail(void **state)
{
	struct scripted_server s = { .answer = by_turns };
	struct probe_config c;
	struct run r;
	(void)state;

	server_start(&s);
	c = quick(s.url);
	probe_n(&c, NULL, 4, &r);
	server_stop(&s);
	assert_true(r.v[0].pass);
	assert_int_equal(r.v[0].http_code, 200);
	assert_int_equal(r.v[1].http_code, 503);
	assert_int_equal(r.v[2].http_code, 0);
	assert_int_equal(r.v[3].http_code, 302); /* not followed */
	assert_false(r.v[1].pass || r.v[2].pass || r.v[3].pass);
	assert_int_equal(r.summary.n, 4);
	assert_int_equal(r.summary.passed, 1);
	assert_true(fabs(r.summary.pass_rate - 0.25) < 1e-9);
}

static const char *hang(struct scripted_server *s, int n, const char *request)
{
	(void)s;
	(void)n;
	(void)request;
	return "HANG";
}

/* Every try times out after 200 ms, yet they begin 20 ms apart and none is lost. */
static void overlapping_tries(void **state)
{
	struct scripted_server s = { .answer = hang };
	struct probe_config c;
	struct run r;
	uint32_t i;
	(void)state;

	server_start(&s);
	c = quick(s.url);
	probe_n(&c, NULL, 8, &r);
	server_stop(&s);
	for (i = 0; i < 8; i++) {
		double due_ms = 20.0 * i;
		double at_ms = (double)(r.v[i].mono_ns - r.v[0].mono_ns) / 1e6;

		assert_int_equal(r.v[i].http_code, 0);
		assert_true(r.v[i].latency_ms >= 199);
		/* Late by what a busy machine costs, never by the length of a try. */
		assert_true(at_ms > due_ms - 15 && at_ms < due_ms + 180);
	}
}

static const char *json_body(struct scripted_server *s, int n, const char *request)
{
	(void)s;
	(void)request;
	return n ? OK_HEAD "\r\n{\"status\": \"degraded\", \"db\": [{\"up\": false}]}"
		 : OK_HEAD "\r\n{\"status\": \"ok\", \"db\": [{\"up\": true}]}";
}

static void body_checks(void **state)
{
	struct scripted_server s = { .answer = json_body };
	struct probe_config c;
	struct fl_error err = {};
	struct probe *p;
	uv_loop_t loop;
	struct run r;
	(void)state;

	server_start(&s);
	c = quick(s.url);
	c.json_path = "$.db[0].up";
	c.json_value = "true";
	probe_n(&c, NULL, 2, &r);
	assert_true(r.v[0].pass);
	assert_false(r.v[1].pass);
	assert_int_equal(r.v[1].http_code, 200);
	atomic_store(&s.requests, 0);
	c = quick(s.url);
	c.body_regex = "\"status\": *\"(ok|up)\"";
	probe_n(&c, NULL, 2, &r);
	assert_true(r.v[0].pass);
	assert_false(r.v[1].pass);
	server_stop(&s);

	/* What could take for ever is refused, as what makes no sense is. */
	c.body_regex = "(a*)\\1b";
	uv_loop_init(&loop);
	assert_true(probe_start(&loop, &c, -1, NULL, NULL, &p, &err) < 0);
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	error_clear(&err);
	c.body_regex = "((a{99}){99}){99}";
	assert_true(probe_start(&loop, &c, -1, NULL, NULL, &p, &err) < 0);
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	error_clear(&err);
	c.body_regex = "(";
	assert_true(probe_start(&loop, &c, -1, NULL, NULL, &p, &err) < 0);
	assert_int_equal(err.exit, FL_EXIT_USAGE);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* Of this thread: other programs do not count. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Patterns on which a backtracking matcher takes the square of the length, or longer. */
static void regex_is_linear(void **state)
{
	static const char *const patterns[] = { "ok.*done", "(o|k)*done", "(ok|o|k)*x",
						"(a|aa)+$", ".*.*.*=x",   "^(([a-z])+.)+[A-Z]([a-z])+$" };
	char *body = malloc(1 << 20);
	size_t i, n;
	(void)state;

	for (n = 0; n < 1 << 20; n++)
		body[n] = "ok"[n % 2];
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct body_regex *re = NULL;
		uint64_t t[2];

		assert_int_equal(body_regex_compile(patterns[i], &re, NULL), 0);
		for (n = 0; n < 2; n++) {
			t[n] = cpu_ns();
			assert_false(body_regex_found(re, body, n ? 1 << 20 : 1 << 18));
			t[n] = cpu_ns() - t[n];
		}
		printf("# %s: 256 KiB in %.1f ms, 1 MiB in %.1f ms\n", patterns[i], (double)t[0] / 1e6,
		       (double)t[1] / 1e6);
		assert_true(t[1] < 12 * t[0] + 5000000);
		body_regex_free(re);
	}
	free(body);
}

static void the_log(void **state)
{
	char path[] = "/tmp/fltest-probe-XXXXXX";
	struct scripted_server s = { .answer = by_turns };
	struct probe_sample *back;
	struct probe_config c;
	uint32_t n, malformed, i;
	struct run r;
	FILE *f;
	(void)state;

	close(mkstemp(path));
	server_start(&s);
	c = quick(s.url);
	probe_n(&c, path, 4, &r);
	server_stop(&s);
	f = fopen(path, "a");
	fputs("\n1700000000 pass\nnonsense\n1700000000 fail 010 12\n17000", f); /* a torn end */
	fclose(f);
	assert_int_equal(probe_read_log(path, &back, &n, &malformed, NULL), 0);
	unlink(path);
	assert_int_equal(n, 5);
	assert_int_equal(malformed, 3);
	for (i = 0; i < 4; i++) {
		assert_int_equal(back[i].pass, r.v[i].pass);
		assert_int_equal(back[i].http_code, r.v[i].http_code);
		assert_true(back[i].wall_s == floor(r.v[i].wall_s));
		assert_true(back[i].latency_ms == floor(r.v[i].latency_ms));
	}
	assert_int_equal(back[4].http_code, 10);
	free(back);
}

static void line_forms(void **state)
{
	struct probe_sample s = { .wall_s = 1700000000.97, .pass = true, .http_code = 200, .latency_ms = 499.99 };
	char buf[64];
	(void)state;

	assert_string_equal(probe_format(&s, buf, sizeof(buf)), "1700000000 pass 499");
	s.pass = false;
	s.http_code = 0;
	s.latency_ms = 2000.4;
	assert_string_equal(probe_format(&s, buf, sizeof(buf)), "1700000000 fail 000 2000");
	s.http_code = 503;
	assert_string_equal(probe_format(&s, buf, sizeof(buf)), "1700000000 fail 503 2000");
}

/* Ten tries at 0, 1, ... 9 s with latencies 10, 20, ... 100 ms; those at 3 and 4 fail. */
static void windows(void **state)
{
	struct probe_sample v[10];
	struct probe_summary sum;
	uint32_t i;
	(void)state;

	for (i = 0; i < 10; i++)
		v[i] = (struct probe_sample){ .mono_ns = i * NS_PER_SEC,
					      .pass = i != 3 && i != 4,
					      .latency_ms = 10 * (i + 1) };
	probe_summarise_samples(v, 10, 2 * NS_PER_SEC, 6 * NS_PER_SEC, &sum);
	assert_int_equal(sum.n, 4); /* 2, 3, 4, 5: the end is outside */
	assert_int_equal(sum.passed, 2);
	/* 30 40 50 60: the middle is 45, the 99th at position 2.97 is 59.7 */
	assert_true(fabs(sum.latency_p50_ms - 45) < 1e-9);
	assert_true(fabs(sum.latency_p99_ms - 59.7) < 1e-9);
	probe_summarise_samples(v, 10, 50 * NS_PER_SEC, 60 * NS_PER_SEC, &sum);
	assert_int_equal(sum.n, 0);
	assert_true(isnan(sum.pass_rate) && isnan(sum.latency_p50_ms));
}

static void percentiles(void **state)
{
	double four[] = { 4, 1, 3, 2 }, inf[] = { INFINITY, 5, INFINITY }, one[] = { 7 };
	(void)state;

	assert_true(fabs(percentile(four, 4, 0.5) - 2.5) < 1e-12);
	assert_true(fabs(percentile(four, 4, 0.95) - 3.85) < 1e-12);
	assert_true(percentile(four, 4, 0) == 1 && percentile(four, 4, 1) == 4);
	assert_true(percentile(one, 1, 0.95) == 7);
	assert_true(isnan(percentile(one, 0, 0.5)));
	assert_true(percentile(inf, 3, 0) == 5 && isinf(percentile(inf, 3, 0.5)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pass_and_fail),   cmocka_unit_test(overlapping_tries), cmocka_unit_test(body_checks),
		cmocka_unit_test(regex_is_linear), cmocka_unit_test(the_log),           cmocka_unit_test(line_forms),
		cmocka_unit_test(windows),         cmocka_unit_test(percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
