// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - faultline check FILE: read a suite, judge it, touch nothing. Needs no root, but for --host: that finds every
 * target, asks probe and pipeline, and watches for some seconds who talks to whom.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>

#include "cmd/cmd.h"
#include "cmd/suite/check_host.h"
#include "cmd/suite/suite_file.h"
#include "fault/fault.h"
#include "run/sweep/sweep_size.h"
#include "run/run.h"
#include "run/stack/stage.h"
#include "suite/version.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/units.h"
#include "util/text/utf8.h"

struct options {
	char **files; /* of argv */
	int n_files;
	struct suite_addresses addresses;
	uint64_t watch_ns;
	bool strict, json, host;
	struct fl_error err;
};

enum { OPT_HOST = 256, OPT_WATCH, OPT_PROBE, OPT_PIPELINE, OPT_ADAPTER, OPT_LAB };

static const struct argp_option option_table[] = {
	{ "strict", 's', NULL, 0, "Warnings are errors", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ "host", OPT_HOST, NULL, 0, "On this host as well: targets, metrics, probe, pipeline, and who talks to whom",
	  1 },
	{ "watch", OPT_WATCH, "TIME", 0, "With --host: how long to watch the traffic (5s; 0: not at all)", 1 },
	{ "probe", OPT_PROBE, "URL", 0, "With --host: as for `run`", 1 },
	{ "pipeline", OPT_PIPELINE, "URL", 0, "With --host: as for `run`", 1 },
	{ "adapter", OPT_ADAPTER, SUITE_ADAPTERS, 0, "With --host: as for `run`", 1 },
	{ "lab", OPT_LAB, NULL, 0, "With --host: as for `run`", 1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's': o->strict = true; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case OPT_HOST: o->host = true; return 0;
	case OPT_WATCH:
		o->watch_ns = 0;
		return strcmp(arg, "0") && units_duration_ns(arg, &o->watch_ns, &o->err) ? EINVAL : 0;
	case OPT_PROBE: o->addresses.probe = arg; return 0;
	case OPT_PIPELINE: o->addresses.pipeline = arg; return 0;
	case OPT_ADAPTER: o->addresses.adapter = suite_file_adapter(arg, state); return 0;
	case OPT_LAB: o->addresses.lab = true; return 0;
	case ARGP_KEY_END:
		if (!o->host &&
		    (o->addresses.probe || o->addresses.pipeline || o->addresses.adapter || o->addresses.lab))
			argp_error(
				state,
				"--probe, --pipeline, --adapter and --lab are for --host: without it nothing is asked");
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->n_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which FILE?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_check_argp = {
	option_table,
	parse,
	"FILE...",
	"Read experiment files and name everything that is wrong with them, and every anti-pattern. A file of the "
	"chaos exercise is understood as it is; what had to be invented for it is named, value by value.\v"
	"With --host nothing is broken: programs that count packets are at the targets' interfaces while it watches.\n"
	"Exit status 0: it can be run (warnings are allowed unless --strict). 2: it cannot. 3: not on this host. 5: a "
	"signal "
	"ended the watch.",
	NULL,
	NULL,
	NULL
};

struct verdict {
	const struct suite *suite;
	struct finding *v;
	uint32_t n, errors, warnings;
	bool host_errors, interrupted;
};

static void add_host_finding(void *to, bool error, const char *rule, const struct experiment *x, const char *text,
			     const char *hint)
{
	struct verdict *d = to;
	struct finding *grown, *f;

	if (!error && suite_accepts(d->suite, rule))
		return;
	grown = reallocarray(d->v, d->n + 1, sizeof(*grown));
	if (!grown)
		return;
	d->v = grown;
	f = &grown[d->n++];
	*f = (struct finding){ .error = error };
	if (x) {
		f->experiment = x->number;
		f->line = x->line;
		f->column = x->column;
	}
	snprintf(f->rule, sizeof(f->rule), "%s", rule);
	snprintf(f->text, sizeof(f->text), "%.*s%s%.180s", hint[0] ? 300 : 480, text, hint[0] ? "; " : "", hint);
	utf8_mend(f->text);
}

/* What only this host can say: stages passed before (or earlier in the file), the file's version. */
static int judge_host(struct verdict *d, struct fl_error *err)
{
	const struct suite *s = d->suite;
	struct file_version version;
	json_t *ledger;
	uint32_t i;
	int r = stage_read(&ledger, err);

	if (r)
		return r;
	for (i = 0; i < s->n; i++) {
		const struct experiment *x = &s->experiments[i];
		struct fl_error why = {};

		if (stage_allowed(ledger, x, &why) == -EPERM)
			add_host_finding(d, true, "skipped-stage", x, why.message, why.hint);
		stage_enter(ledger, x, true, 0);
	}
	json_decref(ledger);
	file_version(s->path, &version);
	if (!version.known || version.dirty)
		add_host_finding(
			d, false, "unversioned-config", NULL,
			version.known
				? "the file differs from its last commit"
				: "the file is not in a git checkout, or in one that git does not let this user read",
			"commit it, or a flaky result cannot be reproduced");
	return 0;
}

/* What `sweep` would refuse; a run takes no notice of it. */
static void judge_sweeps(struct verdict *d)
{
	static const struct sweep_choice file_says = {};
	struct sweep_size size;
	uint32_t i, n;

	for (i = 0; i < d->suite->n; i++) {
		const struct experiment *x = &d->suite->experiments[i];
		struct fl_error why = {};

		if (!x->sweep.given || !sweep_size_find(d->suite, x, &file_says, &size, &why))
			continue;
		n = d->n;
		add_host_finding(d, false, "sweep", x, why.message, why.hint);
		if (d->n > n) {
			d->v[n].line = x->sweep.line;
			d->v[n].column = x->sweep.column;
		}
	}
}

static void print_text(const struct verdict *d, bool strict)
{
	uint32_t i;

	for (i = 0; i < d->n; i++)
		suite_file_print(stdout, d->suite, &d->v[i], strict);
	printf("%s: %u experiment%s, %u error%s, %u warning%s\n", d->suite->path, d->suite->n,
	       d->suite->n == 1 ? "" : "s", d->errors, d->errors == 1 ? "" : "s", d->warnings,
	       d->warnings == 1 ? "" : "s");
}

static json_t *verdict_json(const struct verdict *d)
{
	json_t *list = json_array(), *experiments = json_array();
	uint32_t i;

	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->v[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b, s:s?, s:o, s:i, s:i, s:s}", "severity",
						f->error ? "error" : "warning", "rule", f->rule, "invented",
						f->invented, "experiment", suite_file_name_of(d->suite, f->experiment),
						"number", f->experiment ? json_integer(f->experiment) : json_null(),
						"line", f->line, "column", f->column, "text", f->text));
	}
	for (i = 0; i < d->suite->n; i++)
		json_array_append_new(experiments,
				      json_pack("{s:i, s:s, s:i}", "number", d->suite->experiments[i].number, "name",
						d->suite->experiments[i].name, "line", d->suite->experiments[i].line));
	return json_pack("{s:o, s:s, s:o, s:i, s:i, s:o, s:n}", "file", json_foreign(d->suite->path), "sha256",
			 d->suite->sha256, "experiments", experiments, "errors", (int)d->errors, "warnings",
			 (int)d->warnings, "findings", list, "error");
}

static int ask_host(struct verdict *d, const struct options *o, struct suite *s, struct fl_error *err)
{
	struct check_host c = { .quiet = o->json,
				.watch_ns = o->watch_ns,
				.addresses = o->addresses,
				.found = add_host_finding,
				.ctx = d };
	int r = check_host(s, &c, err);

	d->host_errors = c.errors > 0;
	d->interrupted = c.interrupted;
	return r;
}

static int judge(struct verdict *d, const char *file, const struct options *o, struct suite **ret, struct fl_error *err)
{
	bool strict = o->strict;
	uint32_t i;
	int r = suite_read(file, fault_table, ret, err);

	if (r)
		return r;
	d->suite = *ret;
	suite_know_services(*ret);
	r = suite_check(*ret, &d->v, &d->n, err);
	if (!r)
		r = judge_host(d, err);
	if (!r)
		judge_sweeps(d);
	if (!r && o->host)
		r = ask_host(d, o, *ret, err);
	for (i = 0; i < d->n; i++) {
		d->errors += d->v[i].error || strict;
		d->warnings += !d->v[i].error && !strict;
	}
	return r;
}

/* One file; its JSON goes to @all. The exit status. */
static int check_file(const struct options *o, const char *file, json_t *all)
{
	struct verdict d = {};
	struct fl_error err = {};
	struct suite *s = NULL;
	int r = judge(&d, file, o, &s, &err), status = FL_EXIT_OK;

	if (d.interrupted)
		status = FL_EXIT_ABORTED;
	else if (d.errors)
		status = d.host_errors ? FL_EXIT_ENVIRONMENT : FL_EXIT_USAGE;

	if (r) {
		error_print(&err, stderr);
		status = (int)err.exit;
		json_array_append_new(all, json_pack("{s:o, s:o}", "file", json_foreign(file), "error",
						     cmd_error_json(&err)));
	} else if (o->json)
		json_array_append_new(all, verdict_json(&d));
	else
		print_text(&d, o->strict);
	free(d.v);
	suite_free(s);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct options o = { .watch_ns = 5 * NS_PER_SEC };
	json_t *all = json_array();
	int i, status = FL_EXIT_OK;

	if (cmd_parse(&cmd_check_argp, argc, argv, &o)) {
		json_decref(all);
		return o.err.exit ? cmd_fail(&o.err) : FL_EXIT_USAGE;
	}
	for (i = 0; i < o.n_files; i++) {
		int one = check_file(&o, o.files[i], all);

		status = one > status ? one : status;
	}
	/* One file is an object, as before; several are a list. */
	if (o.json && json_array_size(all))
		cmd_print_json(o.n_files > 1 ? json_incref(all) : json_incref(json_array_get(all, 0)));
	json_decref(all);
	return status;
}
