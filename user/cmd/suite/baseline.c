// SPDX-License-Identifier: GPL-2.0-only
/* baseline.c - faultline baseline FILE: how each service is when nothing is wrong, as baseline.json. */
#include <argp.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fault/fault.h"
#include "run/folder/baseline.h"
#include "run/run.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

struct options {
	const char *file, *out;
	uint64_t for_ns; /* 0: the suite's */
	bool json;
	struct fl_error err;
};

static const struct argp_option option_table[] = {
	{ "for", 'f', "TIME", 0, "How long to look (the suite's baseline)", 0 },
	{ "out", 'O', "FILE", 0, "Write baseline.json there as well", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f': return units_duration_ns(arg, &o->for_ns, &o->err) ? EINVAL : 0;
	case 'O': o->out = arg; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one FILE at a time");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "which FILE? An experiment file names services and metrics");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_baseline_argp = {
	option_table,
	parse,
	"FILE",
	"Watch the services of an experiment file while nothing is wrong, and print mean, 99th "
	"percentile, spread and count of each metric of each service and edge: from the kernel, and from "
	"Prometheus where the file has queries for it.\v"
	"A signal ends the watch early; what was seen until then is printed.",
	NULL,
	NULL,
	NULL
};

static void print_number(const json_t *entry, const char *key)
{
	const json_t *v = json_object_get(entry, key);

	if (json_is_number(v))
		printf(" %11.4g", json_number_value(v));
	else
		printf(" %11s", "-");
}

static void print_text(const json_t *baseline)
{
	const json_t *window = json_array_get(json_object_get(baseline, "windows"), 0);
	json_t *e;
	size_t i;

	printf("%-10s %-34s %-18s %11s %11s %11s %8s\n", "source", "service", "metric", "mean", "p99", "spread", "n");
	json_array_foreach(json_object_get(window, "services"), i, e) {
		const char *client = json_string_value(json_object_get(e, "client"));
		const char *service = json_string_value(json_object_get(e, "service"));
		struct text name = {};

		text_append(&name, "%s%s%s", client ? client : "", client ? " > " : "", service ? service : "-");
		printf("%-10s %-34.34s %-18.18s", json_string_value(json_object_get(e, "source")), name.s ? name.s : "",
		       json_string_value(json_object_get(e, "metric")));
		text_free(&name);
		print_number(e, "mean");
		print_number(e, "p99");
		print_number(e, "spread");
		printf(" %8" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(e, "n")));
	}
	json_array_foreach(json_object_get(window, "errors"), i, e)
		fprintf(stderr, "faultline: %s\n", json_string_value(e));
}

static int save(const char *path, const json_t *baseline, struct fl_error *err)
{
	char *text = json_dumps(baseline, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	int r = text ? file_write(path, text, strlen(text), 0644, err) : error_sys(err, ENOMEM, "out of memory");

	free(text);
	return r;
}

static int run(const struct options *o, struct fl_error *err)
{
	struct suite *s = NULL;
	json_t *baseline = NULL;
	int r = suite_load(o->file, fault_table, &s, err);

	if (!r)
		r = suite_use_stack(s, err);
	if (!r) {
		suite_know_services(s);
		r = baseline_capture(s, o->for_ns ? o->for_ns : s->baseline_ns, &baseline, err);
	}
	if (!r && o->out)
		r = save(o->out, baseline, err);
	if (!r && o->json)
		cmd_print_json(json_incref(baseline));
	else if (!r)
		print_text(baseline);
	json_decref(baseline);
	suite_free(s);
	return r;
}

int cmd_baseline(int argc, char **argv)
{
	struct options o = {};

	if (cmd_parse(&cmd_baseline_argp, argc, argv, &o))
		return o.err.exit ? cmd_fail(&o.err) : FL_EXIT_USAGE;
	return run(&o, &o.err) ? cmd_fail(&o.err) : FL_EXIT_OK;
}
