// SPDX-License-Identifier: GPL-2.0-only
/* probe.c - faultline probe URL: the external probe alone, a line per try, a summary at the end. */
#include <argp.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "cmd/cmd.h"
#include "measure/probe/probe.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct options {
	struct probe_config config;
	char *log;
	int64_t count;   /* 0: no limit */
	uint64_t for_ns; /* 0: no limit */
	bool json;
	struct fl_error err;
};

struct session {
	const struct options *options;
	struct probe *probe;
	uv_signal_t interrupted, terminated;
	uv_timer_t deadline;
	struct probe_summary summary;
	uint32_t lines_lost;
	bool ended;
};

enum { OPT_BODY = 256, OPT_PATH, OPT_VALUE, OPT_FOR };

static const struct argp_option option_table[] = {
	{ "interval", 'i', "TIME", 0, "Time between the starts of two tries (5s)", 0 },
	{ "timeout", 't', "TIME", 0, "Time limit of one try (2s)", 0 },
	{ "slow", 's', "TIME", 0, "An answer that takes this long fails (500ms)", 0 },
	{ "log", 'l', "FILE", 0, "Append the lines to FILE too", 0 },
	{ "count", 'n', "N", 0, "End after N tries", 0 },
	{ "for", OPT_FOR, "TIME", 0, "End after TIME", 0 },
	{ "body-regex", OPT_BODY, "REGEX", 0, "The body has to match (POSIX extended)", 0 },
	{ "json-path", OPT_PATH, "PATH", 0, "The JSON body must have a value at PATH", 0 },
	{ "json-value", OPT_VALUE, "TEXT", 0, "The value at --json-path must be TEXT", 0 },
	{ "output", 'o', "json", 0, "One JSON object a line", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i': return units_duration_ns(arg, &o->config.interval_ns, &o->err) ? EINVAL : 0;
	case 't': return units_duration_ns(arg, &o->config.timeout_ns, &o->err) ? EINVAL : 0;
	case 's': return units_duration_ns(arg, &o->config.slow_ns, &o->err) ? EINVAL : 0;
	case 'n': return units_int(arg, 1, UINT32_MAX, &o->count, &o->err) ? EINVAL : 0;
	case OPT_FOR: return units_duration_ns(arg, &o->for_ns, &o->err) ? EINVAL : 0;
	case 'l': o->log = arg; return 0;
	case OPT_BODY: o->config.body_regex = arg; return 0;
	case OPT_PATH: o->config.json_path = arg; return 0;
	case OPT_VALUE: o->config.json_value = arg; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG:
		if (o->config.url)
			argp_error(state, "one URL at a time");
		o->config.url = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->config.url)
			argp_error(state, "which URL?");
		if (o->config.json_value && !o->config.json_path)
			argp_error(state, "--json-value needs --json-path");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_probe_argp = {
	option_table,
	parse,
	"URL",
	"Call URL at regular times as a user would, and print a line per try:\n"
	"  <epoch seconds> pass <ms>   or   <epoch seconds> fail <http code> <ms>\v"
	"A try passes with HTTP 200 in less than --slow. Ends at --count, --for or a signal with a "
	"summary; exit status 0 when at least 99 % passed, 1 otherwise.",
	NULL,
	NULL,
	NULL
};

static void end(struct session *s)
{
	if (s->ended)
		return;
	s->ended = true;
	probe_summarise(s->probe, 0, UINT64_MAX, &s->summary);
	s->lines_lost = probe_lines_lost(s->probe);
	probe_stop(s->probe);
	uv_close((uv_handle_t *)&s->interrupted, NULL);
	uv_close((uv_handle_t *)&s->terminated, NULL);
	uv_close((uv_handle_t *)&s->deadline, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	end(handle->data);
}

static void on_deadline(uv_timer_t *timer)
{
	end(timer->data);
}

static void on_sample(void *ctx, const struct probe_sample *sample)
{
	struct session *s = ctx;
	const struct probe_sample *all;
	char line[128];

	if (s->options->json)
		cmd_print_json_line(json_pack("{s:f, s:b, s:i, s:f}", "time", sample->wall_s, "pass", sample->pass,
					      "http_code", sample->http_code, "latency_ms", sample->latency_ms));
	else
		puts(probe_format(sample, line, sizeof(line)));
	fflush(stdout);
	if (s->options->count && probe_samples(s->probe, &all) >= s->options->count)
		end(s);
}

static json_t *json_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static void print_summary(const struct session *s)
{
	const struct probe_summary *sum = &s->summary;

	if (s->options->json)
		cmd_print_json_line(json_pack("{s:{s:i, s:i, s:o, s:o, s:o}}", "summary", "tries", sum->n, "passed",
					      sum->passed, "pass_rate", json_number(sum->pass_rate), "latency_p50_ms",
					      json_number(sum->latency_p50_ms), "latency_p99_ms",
					      json_number(sum->latency_p99_ms)));
	else if (sum->n)
		printf("%u tries, %u passed (%.1f %%), latency p50 %.0f ms, p99 %.0f ms\n", sum->n, sum->passed,
		       100 * sum->pass_rate, sum->latency_p50_ms, sum->latency_p99_ms);
	else
		puts("no try ended");
}

static int run(const struct options *o, struct fl_error *err)
{
	struct session s = { .options = o };
	int rc, log = o->log ? file_append_at(AT_FDCWD, o->log, o->log, 0644, err) : -1;
	uv_loop_t loop;

	if (o->log && log < 0)
		return log;
	uv_loop_init(&loop);
	rc = probe_start(&loop, &o->config, log, on_sample, &s, &s.probe, err);
	if (!rc) {
		uv_signal_init(&loop, &s.interrupted);
		uv_signal_init(&loop, &s.terminated);
		uv_timer_init(&loop, &s.deadline);
		s.interrupted.data = s.terminated.data = s.deadline.data = &s;
		uv_signal_start(&s.interrupted, on_signal, SIGINT);
		uv_signal_start(&s.terminated, on_signal, SIGTERM);
		if (o->for_ns)
			uv_timer_start(&s.deadline, on_deadline, o->for_ns / NS_PER_MSEC, 0);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (rc)
		return rc;
	print_summary(&s);
	if (s.lines_lost)
		return error_sys(err, EIO, "%u lines could not be written to %s", s.lines_lost, o->log);
	return s.summary.n && s.summary.passed * 1e6 >= o->config.steady_ppm * (double)s.summary.n ? FL_EXIT_OK
												   : FL_EXIT_FAILED;
}

int cmd_probe(int argc, char **argv)
{
	struct options o = {};
	int rc;

	probe_defaults(&o.config);
	if (cmd_parse(&cmd_probe_argp, argc, argv, &o))
		return cmd_fail(&o.err);
	rc = run(&o, &o.err);
	return rc < 0 ? cmd_fail(&o.err) : rc;
}
