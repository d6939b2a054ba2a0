// SPDX-License-Identifier: GPL-2.0-only
/* lab.c - faultline lab up|down|status: the embedded stack of services to break. */
#include <argp.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "tools/lab/stack/lab.h"
#include "util/text/printable.h"
#include "util/text/units.h"

struct arguments {
	const char *verb;
	bool json, no_load;
	const char *topology;
	uint16_t pipeline_port;
};

static const struct argp_option options[] = {
	{ "output", 'o', "text|json", 0, "Form of the output (text)", 0 },
	{ "topology", 't', "FILE", 0, "What to bring up (experiments/lab.yaml)", 0 },
	{ "pipeline-port", 'p', "PORT", 0, "Where the reference pipeline listens (8000)", 0 },
	{ "no-load", 'n', NULL, 0, "Without the load generator", 0 },
	{ 0 },
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	int64_t port;

	switch (key) {
	case 'o':
		if (strcmp(arg, "json") && strcmp(arg, "text"))
			argp_error(state, "-o is text or json, not '%s'", arg);
		a->json = !strcmp(arg, "json");
		return 0;
	case 't': a->topology = arg; return 0;
	case 'p':
		if (units_int(arg, 1, 65535, &port, NULL))
			argp_error(state, "'%s' is no port", arg);
		a->pipeline_port = (uint16_t)port;
		return 0;
	case 'n': a->no_load = true; return 0;
	case ARGP_KEY_ARG:
		if (a->verb)
			argp_error(state, "unexpected '%s'", arg);
		a->verb = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->verb)
			argp_error(state, "say up, down or status");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void on_progress(void *context, unsigned int healthy, unsigned int total)
{
	unsigned int *last = context;

	if (isatty(STDERR_FILENO)) {
		printable_control(stderr, "\r");
		fprintf(stderr, "lab: %u of %u services healthy ", healthy, total);
	} else if (healthy != *last) {
		fprintf(stderr, "lab: %u of %u services healthy\n", healthy, total);
	}
	*last = healthy;
}

static int print_json(json_t *value)
{
	cmd_print_json(value);
	return FL_EXIT_OK;
}

static int print_status(const struct arguments *a)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	const char *name, *word, *addr;
	json_t *status, *item;
	json_int_t pid;
	size_t i;
	int port;

	if (lab_status(&status, &err))
		return cmd_fail(&err);
	if (a->json)
		return print_json(status);
	printf("lab: %s\n", json_string_value(json_object_get(status, "state")));
	if (json_array_size(json_object_get(status, "services")))
		printf("%-18s %-10s %-8s %s\n", "SERVICE", "STATE", "PID", "ADDRESS");
	json_array_foreach(json_object_get(status, "services"), i, item)
		if (!json_unpack(item, "{s:s, s:s, s:I, s:s, s:i}", "name", &name, "state", &word, "pid", &pid, "addr",
				 &addr, "port", &port))
			printf("%-18s %-10s %-8lld %s:%d\n", name, word, (long long)pid, addr, port);
	json_array_foreach(json_object_get(status, "daemons"), i, item)
		if (!json_unpack(item, "{s:s, s:s, s:I}", "name", &name, "state", &word, "pid", &pid))
			printf("%-18s %-10s %lld\n", name, word, (long long)pid);
	json_decref(status);
	return FL_EXIT_OK;
}

static int up(const struct arguments *a)
{
	static const char *const results[] = { "started", "already running", "repaired" };
	unsigned int last = ~0u;
	struct lab_options o = { .topology = a->topology,
				 .pipeline_port = a->pipeline_port,
				 .load = !a->no_load,
				 .progress = on_progress,
				 .context = &last };
	struct fl_error err = { .exit = FL_EXIT_OK };
	enum lab_up_result result;
	int rc = lab_up(&o, &result, &err);

	if (isatty(STDERR_FILENO))
		printable_control(stderr, "\r\033[K");
	if (rc)
		return cmd_fail(&err);
	if (a->json)
		return print_json(json_pack("{s:s}", "lab", results[result]));
	printf("lab: %s\n", results[result]);
	return FL_EXIT_OK;
}

static int down(const struct arguments *a)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	bool was_there;

	if (lab_down(&was_there, &err))
		return cmd_fail(&err);
	if (a->json)
		return print_json(json_pack("{s:s}", "lab", was_there ? "stopped" : "was not running"));
	printf("lab: %s\n", was_there ? "stopped" : "was not running");
	return FL_EXIT_OK;
}

const struct argp cmd_lab_argp = {
	.options = options,
	.parser = on_option,
	.args_doc = "up|down|status",
	.doc = "Bring up, take down or show the embedded lab: thirteen services, a load "
	       "generator and the reference pipeline.",
};

int cmd_lab(int argc, char **argv)
{
	struct arguments a = { .verb = NULL };
	struct fl_error err = {};

	cmd_parse(&cmd_lab_argp, argc, argv, &a);
	if (!strcmp(a.verb, "up"))
		return up(&a);
	if (!strcmp(a.verb, "down"))
		return down(&a);
	if (!strcmp(a.verb, "status"))
		return print_status(&a);
	error_usage(&err, "lab: no '%.60s'", a.verb);
	error_hint(&err, "up, down or status");
	return cmd_fail(&err);
}
