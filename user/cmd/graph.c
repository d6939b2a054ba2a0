// SPDX-License-Identifier: GPL-2.0-only
/* graph.c - faultline graph: who calls whom, seen on the wire for some seconds, as DOT or JSON. */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <uv.h>

#include "cmd/cmd.h"
#include "measure/edges.h"
#include "measure/fleet.h"
#include "util/clock.h"
#include "util/loop/loop_work.h"
#include "util/text/units.h"

struct options {
	char **targets; /* of argv, then one a word */
	uint64_t for_ns;
	bool json;
	struct fl_error err;
};

static const struct argp_option option_table[] = {
	{ "for", 'f', "TIME", 0, "How long to look (10s)", 0 },
	{ "output", 'o', "dot|json", 0, "DOT (the default) or JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f': return units_duration_ns(arg, &o->for_ns, &o->err) ? EINVAL : 0;
	case 'o':
		if (strcmp(arg, "dot") && strcmp(arg, "json"))
			argp_error(state, "-o knows dot and json, not '%s'", arg);
		o->json = !strcmp(arg, "json");
		return 0;
	case ARGP_KEY_ARGS: o->targets = state->argv + state->next; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_graph_argp = {
	option_table,
	parse,
	"[TARGET...]",
	"Show which service called which, as seen on the wire, with the first and last time of each "
	"edge.\v"
	"Several TARGETs: with blanks or commas between them. Without a TARGET: all services that are known here. What "
	"is no TARGET is 'outside'. A signal "
	"ends the watch early; what was seen until then is printed.",
	NULL,
	NULL,
	NULL
};

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	uv_stop(handle->loop);
}

static void on_deadline(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void wait_for_end(uint64_t for_ns)
{
	uv_signal_t interrupted, terminated;
	uv_timer_t deadline;
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_signal_init(&loop, &interrupted);
	uv_signal_init(&loop, &terminated);
	uv_timer_init(&loop, &deadline);
	uv_signal_start(&interrupted, on_signal, SIGINT);
	uv_signal_start(&terminated, on_signal, SIGTERM);
	uv_timer_start(&deadline, on_deadline, for_ns / NS_PER_MSEC, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	loop_end(&loop);
}

static void print(const struct meter_snapshot *s, double seconds, bool json)
{
	json_t *graph = edges_json(s, seconds, (int64_t)(clock_wall_ns() - clock_mono_ns()));
	struct text out = {};

	if (json) {
		cmd_print_json(graph);
		return;
	}
	edges_dot(graph, &out);
	fputs(out.s ? out.s : "", stdout);
	text_free(&out);
	json_decref(graph);
}

static int run(const struct options *o, struct fl_error *err)
{
	struct meter_snapshot s;
	struct meter *meter;
	uint64_t began;
	uint32_t n;
	int r = fleet_open(o->targets, true, NULL, &meter, &n, err);

	if (r)
		return r;
	began = clock_mono_ns();
	wait_for_end(o->for_ns);
	r = meter_read(meter, &s, err);
	if (!r) {
		print(&s, (double)(s.taken_ns - began) / 1e9, o->json);
		meter_snapshot_free(&s);
	}
	meter_close(meter);
	return r;
}

int cmd_graph(int argc, char **argv)
{
	struct options o = { .for_ns = 10 * NS_PER_SEC };
	int r;

	if (cmd_parse(&cmd_graph_argp, argc, argv, &o))
		return o.err.exit ? cmd_fail(&o.err) : FL_EXIT_USAGE;
	o.targets = cmd_targets(o.targets, &o.err);
	r = o.targets ? run(&o, &o.err) : -ENOMEM;
	free(o.targets);
	return r ? cmd_fail(&o.err) : FL_EXIT_OK;
}
