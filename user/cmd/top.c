// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - faultline top: what the kernel measures of each service and edge, again and again: one
 * screen on a terminal, plain lines elsewhere, a JSON object a line with -o json.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "cmd/cmd.h"
#include "cmd/top_screen.h"
#include "fault/life/live.h"
#include "measure/fleet.h"
#include "measure/table.h"
#include "serve/exporter.h"
#include "serve/openmetrics.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/units.h"

#define REFRESH_NS (5 * NS_PER_SEC) /* how often restarted containers are looked for */

struct options {
	char **targets; /* of argv, then one a word */
	struct table_options table;
	struct meter_paths paths;
	uint64_t interval_ns;
	int64_t count;       /* 0: no limit */
	const char *metrics; /* where to listen; NULL: nowhere */
	bool json;
	struct fl_error err;
};

struct top {
	const struct options *options;
	struct meter *meter;
	struct meter_snapshot last;
	uint64_t refreshed_ns;
	uv_loop_t loop;
	uv_signal_t interrupted, terminated, resized;
	uv_timer_t timer;
	uv_poll_t keys;
	struct exporter *exporter;
	struct top_screen screen;
	struct table_options table; /* as the keys have changed it */
	uint32_t n_measured;
	struct meter_snapshot difference;
	double seconds;
	int64_t n;
	int rc;
	struct fl_error *err;
};

enum { OPT_SORT = 256, OPT_FILTER, OPT_REQUESTS, OPT_PATHS, OPT_METRICS };

static const struct argp_option option_table[] = {
	{ "sort", OPT_SORT, "rate|errors|p50|p95|p99", 0, "The order of the lines (rate)", 0 },
	{ "filter", OPT_FILTER, "TEXT", 0, "Only services and edges with TEXT in a name", 0 },
	{ "requests", OPT_REQUESTS, NULL, 0, "HTTP requests as well, by service and method", 0 },
	{ "paths", OPT_PATHS, "PREFIX,...", 0,
	  "HTTP requests also by these prefixes of their path: up to 8 of at most 32 bytes", 0 },
	{ "interval", 'i', "TIME", 0, "How long each line's figures are measured (1s)", 0 },
	{ "count", 'n', "N", 0, "End after N tables", 0 },
	{ "metrics", OPT_METRICS, "[ADDR:]PORT", 0, "Serve /metrics as well (127.0.0.1)", 0 },
	{ "output", 'o', "json", 0, "One JSON object a line", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static int parse_paths(const char *list, struct options *o)
{
	_cleanup_free_ char *copy = strdup(list);
	char *rest = copy, *prefix;
	int r = copy ? 0 : error_sys(&o->err, ENOMEM, "out of memory");

	while (!r && (prefix = strsep(&rest, ",")))
		r = meter_paths_add(&o->paths, prefix, &o->err);
	return r;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_SORT:
		if (table_sort_parse(arg, &o->table.sort))
			argp_error(state, "--sort knows rate, errors, p50, p95 and p99, not '%s'", arg);
		return 0;
	case OPT_FILTER: o->table.filter = arg; return 0;
	case OPT_PATHS:
		if (parse_paths(arg, o))
			return EINVAL;
		o->table.print_requests = true;
		return 0;
	case OPT_REQUESTS: o->table.print_requests = true; return 0;
	case 'i':
		if (units_duration_ns(arg, &o->interval_ns, &o->err))
			return EINVAL;
		if (o->interval_ns < 100 * NS_PER_MSEC)
			argp_error(state, "--interval is at least 100ms");
		return 0;
	case 'n': return units_int(arg, 1, UINT32_MAX, &o->count, &o->err) ? EINVAL : 0;
	case OPT_METRICS: o->metrics = arg; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARGS: o->targets = state->argv + state->next; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_top_argp = {
	option_table,
	parse,
	"[TARGET...]",
	"Show rate, share of errors, latency, retransmissions and resets of each service and of each "
	"edge between them, as the kernel measures them.\v"
	"Several TARGETs: with blanks or commas between them. Without a TARGET: all services that are known here. A "
	"service's line is what it answered; an "
	"edge's line is what its client saw; a request's line (HTTP/1.x) is what the service answered to "
	"that method and path. Ends at --count, a signal or the key q; on a terminal s sorts, / filters, h helps.",
	NULL,
	NULL,
	NULL
};

/* --- showing --------------------------------------------------------------------------------- */

/* The numbers of faults on this host that follow a schedule, as list has them; with the faults' ids. */
static json_t *scheduled_now(void)
{
	json_t *faults = NULL, *all = json_array(), *fault, *c;
	size_t i, k;

	if (live_faults(&faults, NULL))
		return all;
	json_array_foreach(faults, i, fault) {
		json_array_foreach(json_object_get(fault, "courses"), k, c) {
			json_t *row = json_is_null(json_object_get(c, "ended_by")) ? json_copy(c) : NULL;

			if (!row)
				continue;
			json_object_set(row, "id", json_object_get(fault, "id"));
			json_object_set(row, "kind", json_object_get(fault, "kind"));
			json_object_set(row, "targets", json_object_get(fault, "targets"));
			json_array_append_new(all, row);
		}
	}
	json_decref(faults);
	return all;
}

/* A line for each, marked as those of the table where the table is. */
static void add_scheduled(const struct table_options *o, struct text *out)
{
	json_t *all = scheduled_now(), *row;
	size_t i;

	json_array_foreach(all, i, row) {
		_cleanup_free_ char *text = live_course_text(row),
				    *targets = json_joined(json_object_get(row, "targets"));

		text_append(out, "%s%s %s on %s: %s\n", o->marked ? " " : "",
			    json_string_value(json_object_get(row, "id")) ?: "",
			    json_string_value(json_object_get(row, "kind")) ?: "", targets ?: "", text ?: "");
	}
	json_decref(all);
}

static void print_lines(const struct top *top, const struct table *t)
{
	struct text out = {};

	table_print(t, 0, 0, &out);
	add_scheduled(&top->table, &out);
	printf("%s%s", top->n ? "\n" : "", out.s ? out.s : "");
	text_free(&out);
}

static void print_json(const struct top *top, const struct table *t)
{
	json_t *o = table_json(t);

	json_object_set_new(o, "time", json_real(clock_wall_s()));
	json_object_set_new(o, "seconds", json_real(top->seconds));
	json_object_set_new(o, "scheduled", scheduled_now());
	cmd_print_json_line(o);
}

static int show(struct top *top)
{
	struct text below = {};
	struct table t;
	int r = table_make(&top->difference, top->seconds, &top->table, &t);

	if (r)
		return error_sys(top->err, -r, "out of memory");
	if (top->options->json)
		print_json(top, &t);
	else if (top->screen.on)
		add_scheduled(&top->table, &below);
	else
		print_lines(top, &t);
	if (top->screen.on)
		top_screen_draw(&top->screen, &t, &top->table, below.s ? below.s : "");
	text_free(&below);
	table_free(&t);
	return fflush(stdout) ? error_sys(top->err, errno, "standard output: %s", strerror(errno)) : 0;
}

/* --- measuring ------------------------------------------------------------------------------- */

static void end(struct top *top)
{
	if (uv_is_closing((uv_handle_t *)&top->timer))
		return;
	exporter_close(top->exporter);
	top->exporter = NULL;
	uv_close((uv_handle_t *)&top->interrupted, NULL);
	uv_close((uv_handle_t *)&top->terminated, NULL);
	uv_close((uv_handle_t *)&top->resized, NULL);
	uv_close((uv_handle_t *)&top->timer, NULL);
	if (top->screen.keys)
		uv_close((uv_handle_t *)&top->keys, NULL);
}

/* Before the first figures: that they are being measured, and of whom. */
static void draw(struct top *top)
{
	char waiting[160], interval[32];

	if (top->n) {
		top->rc = show(top);
		return;
	}
	snprintf(waiting, sizeof(waiting), "%u service%s measured; the first figures come after %s", top->n_measured,
		 top->n_measured == 1 ? " is" : "s are",
		 units_format_ns(top->options->interval_ns, interval, sizeof(interval)));
	top_screen_draw(&top->screen, NULL, &top->table, waiting);
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
	struct top *top = poll->data;
	enum top_key todo = TOP_NOTHING;
	char keys[64];
	ssize_t n = status || !(events & UV_READABLE) ? 0 : read(STDIN_FILENO, keys, sizeof(keys)), i;

	if (n <= 0) {
		uv_poll_stop(poll);
		return;
	}
	/* An arrow or another key of several bytes is none of ours; a lone Esc is. */
	if (n > 1 && keys[0] == '\033')
		return;
	for (i = 0; i < n && todo != TOP_QUIT; i++) {
		enum top_key one = top_screen_key(&top->screen, keys[i], &top->table);

		todo = one ? one : todo;
	}
	if (todo == TOP_REDRAW)
		draw(top);
	if (todo == TOP_QUIT || top->rc)
		end(top);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	end(handle->data);
}

static void on_resize(uv_signal_t *handle, int number)
{
	struct top *top = handle->data;

	(void)number;
	if (top->screen.on)
		draw(top);
}

/* What happened since the reading before. */
static int measure(struct top *top)
{
	struct meter_snapshot now;
	int r = meter_read(top->meter, &now, top->err);

	if (r)
		return r;
	meter_snapshot_free(&top->difference);
	memset(&top->difference, 0, sizeof(top->difference));
	r = meter_subtract(&now, &top->last, &top->difference, top->err);
	top->seconds = (double)(now.taken_ns - top->last.taken_ns) / 1e9;
	meter_snapshot_free(&top->last);
	top->last = now;
	return r;
}

static void on_timer(uv_timer_t *timer)
{
	struct top *top = timer->data;
	uint64_t now = clock_mono_ns();

	top->rc = measure(top);
	if (!top->rc)
		top->rc = show(top);
	top->n++;
	if (top->rc || top->n == top->options->count) {
		end(top);
	} else if (now - top->refreshed_ns > REFRESH_NS) {
		fleet_refresh(top->meter, top->options->targets);
		top->refreshed_ns = now;
	}
}

static int fill_metrics(void *ctx, struct text *out)
{
	struct top *top = ctx;
	struct meter_snapshot s;
	json_t *faults = NULL;
	int r = meter_read(top->meter, &s, NULL);

	if (r)
		return r;
	live_faults(&faults, NULL);
	openmetrics_write(&s, faults, out);
	json_decref(faults);
	meter_snapshot_free(&s);
	return 0;
}

static void start(struct top *top)
{
	uint64_t ms = top->options->interval_ns / NS_PER_MSEC;

	uv_signal_init(&top->loop, &top->interrupted);
	uv_signal_init(&top->loop, &top->terminated);
	uv_signal_init(&top->loop, &top->resized);
	uv_timer_init(&top->loop, &top->timer);
	top->interrupted.data = top->terminated.data = top->resized.data = top->timer.data = top;
	uv_signal_start(&top->interrupted, on_signal, SIGINT);
	uv_signal_start(&top->terminated, on_signal, SIGTERM);
	uv_signal_start(&top->resized, on_resize, SIGWINCH);
	/* Attaching may have taken longer than the interval: by the loop's own time the first one would be over. */
	uv_update_time(&top->loop);
	uv_timer_start(&top->timer, on_timer, ms, ms);
	if (!top->screen.keys)
		return;
	uv_poll_init(&top->loop, &top->keys, STDIN_FILENO);
	top->keys.data = top;
	uv_poll_start(&top->keys, UV_READABLE, on_keys);
}

/* The port first: it is the quicker one to fail. */
static int open_all(struct top *top, struct fl_error *err)
{
	const struct options *o = top->options;
	const struct meter_options meter = { .paths = &o->paths };
	int r = 0;

	if (o->metrics)
		r = exporter_open(&top->loop, o->metrics, fill_metrics, top, &top->exporter, err);
	if (!r)
		r = fleet_open(o->targets, true, &meter, &top->meter, &top->n_measured, err);
	if (!r)
		r = meter_read(top->meter, &top->last, err);
	if (!r && o->metrics)
		fprintf(stderr, "serving %s\n", exporter_url(top->exporter));
	return r;
}

static int run(const struct options *o, struct fl_error *err)
{
	struct top top = { .options = o,
			   .err = err,
			   .refreshed_ns = clock_mono_ns(),
			   .screen = { .on = !o->json && isatty(STDOUT_FILENO) },
			   .table = o->table };
	int r;

	top.table.marked = top.screen.on;

	uv_loop_init(&top.loop);
	r = open_all(&top, err);
	if (!r) {
		top_screen_open(&top.screen, &top.table);
		start(&top);
		if (top.screen.on)
			draw(&top);
	} else {
		exporter_close(top.exporter);
	}
	uv_run(&top.loop, UV_RUN_DEFAULT);
	if (!r)
		top_screen_close(&top.screen);
	uv_loop_close(&top.loop);
	meter_snapshot_free(&top.last);
	meter_snapshot_free(&top.difference);
	meter_close(top.meter);
	return r ? r : top.rc;
}

int cmd_top(int argc, char **argv)
{
	struct options o = { .interval_ns = NS_PER_SEC };
	int r;

	if (cmd_parse(&cmd_top_argp, argc, argv, &o))
		return o.err.exit ? cmd_fail(&o.err) : FL_EXIT_USAGE;
	o.targets = cmd_targets(o.targets, &o.err);
	r = o.targets ? run(&o, &o.err) : -ENOMEM;
	free(o.targets);
	return r ? cmd_fail(&o.err) : FL_EXIT_OK;
}
