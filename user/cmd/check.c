// SPDX-License-Identifier: GPL-2.0-only
/* check.c - faultline check FILE: read a suite, judge it, touch nothing. Needs no root. */
#include <argp.h>
#include <jansson.h>

#include "cmd/cmd.h"
#include "cmd/suite_file.h"
#include "experiment/run.h"
#include "experiment/stage.h"
#include "experiment/version.h"
#include "fault/fault.h"
#include "util/cleanup.h"

struct options {
	char **files; /* of argv */
	int n_files;
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
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->n_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_check_argp = {
	option_table, parse, "FILE...",
	"Read experiment files and name everything that is wrong with them, and every anti-pattern. A file of the "
	"chaos exercise is understood as it is; what had to be invented for it is named, value by value.\v"
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
						 "the file is not in a git checkout, or in one that git does not let this user read",
				 "commit it, or a flaky result cannot be reproduced");
	return 0;
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

		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s?, s:o, s:i, s:i, s:s}", "severity",
						      f->error ? "error" : "warning", "rule", f->rule, "invented",
						      f->invented, "experiment",
						      suite_file_name_of(d->suite, f->experiment), "number",
						      f->experiment ? json_integer(f->experiment) : json_null(), "line",
						      f->line, "column", f->column, "text", f->text));
	}
	for (i = 0; i < d->suite->n; i++)
		json_array_append_new(experiments, json_pack("{s:i, s:s, s:i}", "number", d->suite->experiments[i].number,
							     "name", d->suite->experiments[i].name, "line",
							     d->suite->experiments[i].line));
	return json_pack("{s:s, s:s, s:o, s:i, s:i, s:o, s:n}", "file", d->suite->path, "sha256",
			d->suite->sha256, "experiments", experiments, "errors", (int)d->errors,
			"warnings", (int)d->warnings, "findings", list, "error");
}

static int judge(struct verdict *d, const char *file, bool strict, struct suite **ret, struct fl_error *err)
{
	uint32_t i;
	int r = suite_read(file, fault_table, ret, err);

	if (r)
		return r;
	d->suite = *ret;
	suite_know_services(*ret);
	r = suite_check(*ret, &d->v, &d->n, err);
	if (!r)
		r = judge_host(d, err);
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
	int r = judge(&d, file, o->strict, &s, &err), status = d.errors ? FL_EXIT_USAGE : FL_EXIT_OK;

	if (r) {
		error_print(&err, stderr);
		status = (int)err.exit;
		json_array_append_new(all, json_pack("{s:s, s:o}", "file", file, "error", cmd_error_json(&err)));
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
	struct options o = {};
	json_t *all = json_array();
	int i, status = FL_EXIT_OK;

	if (cmd_parse(&cmd_check_argp, argc, argv, &o)) {
		json_decref(all);
		return FL_EXIT_USAGE;
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
