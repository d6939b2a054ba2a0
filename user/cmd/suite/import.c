// SPDX-License-Identifier: GPL-2.0-only
/* import.c - faultline import FORMAT FILE: an experiment file out of another tool's. Needs no root. */
#include <argp.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fault/fault.h"
#include "import/import.h"
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"
#include "util/json/yaml.h"

struct options {
	const char *format, *file, *out, *target;
	bool strict, json;
};

enum { OPT_OUT = 256, OPT_TARGET };

static const struct argp_option option_table[] = {
	{ "out", OPT_OUT, "FILE", 0, "Write it here (standard output)", 0 },
	{ "target", OPT_TARGET, "NAME", 0, "The target of experiments whose source names no single service", 0 },
	{ "output", 'o', "json", 0, "Print JSON: the file, what it does to whom, and what was lost", 0 },
	{ "strict", 's', NULL, 0, "Exit status 1 when something could not be carried over", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_OUT: o->out = arg; return 0;
	case OPT_TARGET: o->target = arg; return 0;
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case 's': o->strict = true; return 0;
	case ARGP_KEY_ARG:
		if (o->format && o->file)
			argp_error(state, "one FILE at a time");
		*(o->format ? &o->file : &o->format) = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void print_findings(const char *name, const struct finding *v, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		fprintf(stderr, "%s:%d:%d: %s [%s] %s\n", name, v[i].line, v[i].column, v[i].error ? "error" : "note",
			v[i].rule, v[i].text);
}

static json_t *findings_json(const struct finding *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:s, s:s}", "line", v[i].line, "column",
						      v[i].column, "severity", v[i].error ? "error" : "note", "rule",
						      v[i].rule, "text", v[i].text));
	return list;
}

/* A file of the exercise needs no conversion to be run; this writes down what a run would take. */
static int complete(const struct options *o, struct text *out, json_t *json, bool *ret_invented, struct fl_error *err)
{
	const char *name = strcmp(o->file, "-") ? o->file : "standard input";
	_cleanup_free_ struct finding *findings = NULL;
	_cleanup_free_ char *text = NULL;
	uint32_t n = 0, i;
	size_t len = 0;
	int r = file_read(strcmp(o->file, "-") ? o->file : "/dev/stdin", YAML_MAX_BYTES, &text, &len, err);

	if (!r)
		r = suite_complete(name, text, len, fault_table, out, &findings, &n, err);
	print_findings(name, findings, n);
	json_object_set_new(json, "findings", findings_json(findings, n));
	for (i = 0; i < n; i++)
		*ret_invented |= findings[i].invented;
	return r;
}

const struct argp cmd_import_argp = {
	option_table,
	parse,
	"w3d2 FILE\nchaos-mesh FILE\nchaostoolkit FILE\npumba FILE\npumba -- ARGUMENT...",
	"Make an experiment file from Chaos Mesh objects, a Chaos Toolkit experiment or pumba command "
	"lines; w3d2: a file of the chaos exercise, completed.\v"
	"What cannot be carried over is named, field by field, on standard error and in the file. FILE may be "
	"'-' for standard input. Exit status 0: written; 1: written, with losses and --strict; 2: it is no such "
	"file, or nothing in it can be done.",
	NULL,
	NULL,
	NULL
};

/* The words behind "--", which are pumba's and not ours; NULL when there are none. */
static char **cut_words(int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "--")) {
			argv[i] = NULL;
			*argc = i;
			return argv + i + 1;
		}
	return NULL;
}

static int read_source(struct import *im, const struct options *o, char *const *words, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (words) {
		im->format = "pumba";
		im->source = "a command line";
		r = import_pumba_words(im, words, err);
		return r || im->n ? r
				  : error_usage(err, "nothing in it can be done by faultline: %s",
						im->n_losses ? im->losses[0].why : "");
	}
	r = file_read(strcmp(o->file, "-") ? o->file : "/dev/stdin", YAML_MAX_BYTES, &text, &len, err);
	return r ? r : import_text(im, o->format, strcmp(o->file, "-") ? o->file : "standard input", text, len, err);
}

static void print_losses(const struct import *im)
{
	uint32_t i;

	for (i = 0; i < im->n_losses; i++) {
		const struct import_loss *l = &im->losses[i];

		fprintf(stderr, "faultline: %s: %s%s%s%s: %s\n", l->where ? l->where : im->source, l->path,
			l->value ? " (" : "", l->value ? l->value : "", l->value ? ")" : "", l->why);
	}
}

static int convert(const struct options *o, char *const *words, struct text *out, json_t *json, bool *ret_lossy,
		   struct fl_error *err)
{
	struct import im = { .table = fault_table, .fallback_target = o->target };
	int r = read_source(&im, o, words, err);

	print_losses(&im);
	if (!r)
		r = import_write(&im, out, err);
	if (!r && im.n_losses)
		fprintf(stderr, "faultline: %u not carried over; the file names them too\n", im.n_losses);
	import_json(&im, !r, json);
	*ret_lossy = im.n_losses > 0;
	import_free(&im);
	return r;
}

/* The file where it was asked for; as JSON, what went wrong as well. */
static int hand_out(const struct options *o, const struct text *out, json_t *json, int r, struct fl_error *err)
{
	if (!r && o->out)
		r = file_write(o->out, out->s, out->len, 0644, err);
	if (o->json) {
		json_object_set_new(json, "suite", r ? json_null() : json_stringn(out->s, out->len));
		json_object_set_new(json, "error", cmd_error_json(err));
		cmd_print_json(json_incref(json));
	} else if (!r && !o->out) {
		fputs(out->s, stdout);
	}
	return r;
}

int cmd_import(int argc, char **argv)
{
	char **words = cut_words(&argc, argv);
	struct options o = {};
	struct fl_error err = {};
	struct text out = {};
	json_t *json = NULL;
	bool lossy = false;
	int r;

	if (cmd_parse(&cmd_import_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	if (!o.format || (!o.file && !words) || (words && (o.file || strcmp(o.format, "pumba"))))
		return cmd_usage("import: which FILE?", "faultline import --help");
	json = json_pack("{s:o, s:o}", "format", json_foreign(o.format), "source",
			 json_foreign(!o.file ? "a command line" : o.file));
	r = !words && !strcmp(o.format, "w3d2") ? complete(&o, &out, json, &lossy, &err)
						: convert(&o, words, &out, json, &lossy, &err);
	r = hand_out(&o, &out, json, r, &err);
	json_decref(json);
	text_free(&out);
	if (r)
		return cmd_fail(&err);
	return lossy && o.strict ? FL_EXIT_FAILED : FL_EXIT_OK;
}
