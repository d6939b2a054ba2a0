// SPDX-License-Identifier: GPL-2.0-only
/* report.c - faultline report DIR: chaos_report.md, SUBMIT.md and report.html of a finished run. */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "report/export.h"
#include "report/report.h"

struct options {
	struct cmd_folder folder;
	const char *lang, *export, *out, *beside;
	bool force;
};

enum { OPT_OUT = 256, OPT_BESIDE };

static const struct argp_option option_table[] = {
	{ "lang", 'l', "vi|en", 0, "Language of the texts (en)", 0 },
	{ "export", 'e', "rcaeval|openrca", 0, "Write the run as cases of that benchmark instead", 0 },
	{ "out", OPT_OUT, "DIR", 0, "The folder to write to (that of the run)", 0 },
	{ "beside", OPT_BESIDE, "DIR", 0, "Write beside.html instead: this run and that one, side by side", 0 },
	{ "force", 'f', NULL, 0, "Overwrite a report that was edited since it was made", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->folder; return 0;
	case 'l':
		o->lang = arg;
		if (!words_find(arg))
			argp_error(state, "--lang knows vi and en, not '%s'", arg);
		return 0;
	case 'e':
		o->export = arg;
		if (strcmp(arg, "rcaeval") && strcmp(arg, "openrca"))
			argp_error(state, "--export knows rcaeval and openrca, not '%s'", arg);
		return 0;
	case OPT_OUT: o->out = arg; return 0;
	case OPT_BESIDE: o->beside = arg; return 0;
	case 'f': o->force = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_report_argp = {
	option_table,
	parse,
	"DIR",
	"Write chaos_report.md, SUBMIT.md and report.html into the folder of a run.\v"
	"Every number in them comes from the run. What only you can say is left as a marked question in "
	"SUBMIT.md; a Markdown file that you have edited is kept.",
	cmd_folder_child,
	NULL,
	NULL
};

static void print_files(const struct folder *f, const char *const *name, const bool *kept, int n, bool json)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < n; i++) {
		if (!name[i])
			continue;
		if (!json)
			printf("%s/%s%s\n", f->out ?: f->path, name[i],
			       kept[i] ? "  (kept: it was edited; --force overwrites)" : "");
		json_array_append_new(list, json_pack("{s:s, s:b}", "file", name[i], "kept", kept[i]));
	}
	if (json)
		cmd_print_json(json_incref(list));
	json_decref(list);
}

static int export(const struct folder *f, const struct options *o, struct fl_error *err)
{
	bool rcaeval = !strcmp(o->export, "rcaeval");
	uint32_t n;
	int rc = rcaeval ? export_rcaeval(f, &n, err) : export_openrca(f, &n, err);

	if (rc)
		return rc;
	if (o->folder.json)
		cmd_print_json(json_pack("{s:s, s:i}", "export", o->export, "cases", (int)n));
	else
		printf("%s/%s: %u cases of %u experiments; the others have no single root or were not "
		       "scored\n",
		       f->out ?: f->path, o->export, n, f->n);
	return 0;
}

/* The run in @f and the one in the other folder on one page. */
static int beside(const struct folder *f, const struct options *o, struct fl_error *err)
{
	const char *name = REPORT_BESIDE;
	bool kept = false;
	struct folder other;
	int rc = folder_open(&other, o->beside, err);

	if (!rc)
		rc = report_write_beside(f, &other, words_find(o->lang), err);
	folder_close(&other);
	if (!rc)
		print_files(f, &name, &kept, 1, o->folder.json);
	return rc;
}

int cmd_report(int argc, char **argv)
{
	struct options o = { .lang = "en" };
	const char *name[REPORT_FILES];
	struct fl_error err = {};
	bool kept[REPORT_FILES], was_read;
	struct folder f;
	int rc;

	if (cmd_parse(&cmd_report_argp, argc, argv, &o))
		return FL_EXIT_USAGE;
	rc = folder_open(&f, o.folder.path, &err);
	was_read = !rc;
	f.out = o.out;
	if (!rc && o.export)
		rc = export(&f, &o, &err);
	else if (!rc && o.beside)
		rc = beside(&f, &o, &err);
	else if (!rc)
		rc = report_write(&f, words_find(o.lang), o.force, name, kept, &err);
	if (!rc && !o.export && !o.beside)
		print_files(&f, name, kept, REPORT_FILES, o.folder.json);
	folder_close(&f);
	if ((rc == -EACCES || rc == -EROFS) && was_read && !o.out)
		error_hint(&err, "--out DIR writes the reports somewhere else");
	return rc ? cmd_fail(&err) : FL_EXIT_OK;
}
