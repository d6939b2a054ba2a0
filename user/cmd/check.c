// SPDX-License-Identifier: GPL-2.0-only
/* check.c - faultline check FILE: read a suite, judge it, touch nothing. Needs no root. */
#include <argp.h>
#include <jansson.h>

#include "cmd/cmd.h"
#include "experiment/run.h"
#include "experiment/stage.h"
#include "experiment/version.h"
#include "fault/fault.h"
#include "util/cleanup.h"

struct options {
	const char *file;
	bool strict, json;
};

static const struct argp_option option_table[] = {
	{ "strict", 's', NULL, 0, "Warnings are errors", 0 },
	{ "output", 'o', "json", 0, "Print JSON", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
		o->strict = true;
		return 0;
	case 'o':
		o->json = cmd_output_json(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one FILE at a time");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_table, parse, "FILE",
	"Read an experiment file and name every anti-pattern in it.\v"
	"Exit status 0: it can be run (warnings are allowed unless --strict). 2: it cannot.",
	NULL, NULL, NULL
};

struct verdict {
	const struct suite *suite;
	struct finding *v;
	uint32_t n, errors, warnings;
};

static void add_host_finding(struct verdict *d, bool error, const char *rule,
			     const struct experiment *x, const char *text, const char *hint)
{
	struct finding *grown = reallocarray(d->v, d->n + 1, sizeof(*grown)), *f;

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
	snprintf(f->text, sizeof(f->text), "%.250s; %.140s", text, hint);
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
			add_host_finding(d, true, "skipped-stage", x, why.message,
					 why.hint);
		stage_enter(ledger, x, true, 0);
	}
	json_decref(ledger);
	file_version(s->path, &version);
	if (!version.known || version.dirty)
		add_host_finding(d, false, "unversioned-config", NULL,
				 version.known ? "the file differs from its last commit" :
						 "the file is not in a git checkout",
				 "commit it, or a flaky result cannot be reproduced");
	return 0;
}

static const char *name_of(const struct suite *s, int number)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->experiments[i].number == number)
			return s->experiments[i].name;
	return NULL;
}

static void print_text(const struct verdict *d, bool strict)
{
	uint32_t i;

	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->v[i];
		const char *name = name_of(d->suite, f->experiment);

		printf("%s:", d->suite->path);
		if (f->line)
			printf("%d:%d:", f->line, f->column);
		printf(" %s [%s] %s%s%s\n", f->error || strict ? "error" : "warning", f->rule,
		       name ? name : "", name ? ": " : "", f->text);
	}
	printf("%s: %u experiment%s, %u error%s, %u warning%s\n", d->suite->path, d->suite->n,
	       d->suite->n == 1 ? "" : "s", d->errors, d->errors == 1 ? "" : "s", d->warnings,
	       d->warnings == 1 ? "" : "s");
}

static void print_json(const struct verdict *d)
{
	json_t *list = json_array(), *top;
	uint32_t i;

	for (i = 0; i < d->n; i++) {
		const struct finding *f = &d->v[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s?, s:i, s:i, s:s}", "severity",
						      f->error ? "error" : "warning", "rule", f->rule,
						      "experiment", f->experiment, "name",
						      name_of(d->suite, f->experiment), "line", f->line,
						      "column", f->column, "text", f->text));
	}
	top = json_pack("{s:s, s:s, s:i, s:i, s:i, s:o}", "file", d->suite->path, "sha256",
			d->suite->sha256, "experiments", (int)d->suite->n, "errors", (int)d->errors,
			"warnings", (int)d->warnings, "findings", list);
	cmd_print_json(top);
}

int cmd_check(int argc, char **argv)
{
	struct options o = {};
	struct verdict d = {};
	struct fl_error err = {};
	struct suite *s = NULL;
	uint32_t i;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return FL_EXIT_USAGE;
	r = suite_load(o.file, fault_table, &s, &err);
	if (!r)
		suite_know_services(s);
	if (!r)
		r = suite_check(s, &d.v, &d.n, &err);
	d.suite = s;
	if (!r)
		r = judge_host(&d, &err);
	if (r) {
		free(d.v);
		suite_free(s);
		return cmd_fail(&err);
	}
	for (i = 0; i < d.n; i++) {
		d.errors += d.v[i].error || o.strict;
		d.warnings += !d.v[i].error && !o.strict;
	}
	if (o.json)
		print_json(&d);
	else
		print_text(&d, o.strict);
	free(d.v);
	suite_free(s);
	return d.errors ? FL_EXIT_USAGE : FL_EXIT_OK;
}
