// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - from YAML to struct suite. Three shapes are understood: {suite: ..., experiments: [...]},
 * one {experiment: ...} (seed section 5), and a bare list of experiments. A file as the class of the
 * exercise writes it is first put into our own form (suite/exercise/exercise.h). Parsing touches nothing but
 * the file; judgement is check.c's.
 */
#include <errno.h>

#include "suite/exercise/exercise.h"
#include "suite/load.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/yaml_write.h"
#include "util/text/text.h"
#include "util/text/utf8.h"
static int read_item(struct yaml *y, struct fy_node *node, void *out)
{
	struct fy_node *item = yaml_deref(node);

	return item && fy_node_is_scalar(item) ? yaml_error(y, node, "%s", exercise_item(node))
					       : load_experiment(y, node, out);
}

static int read_experiments(struct yaml *y, struct fy_node *node, void *out)
{
	struct fy_node *list = yaml_deref(node);

	if (!list || !fy_node_is_sequence(list) || fy_node_sequence_is_empty(list))
		return yaml_error(y, node,
				  "experiments: a list is expected, with an entry '- id: 1' for each experiment");
	return yaml_each(y, node, read_item, out);
}

static const struct yaml_field suite_shape[] = {
	{ "suite", load_suite_settings, 0, false },
	{ "experiments", read_experiments, 0, true },
	{},
};

static int load_root(struct yaml *y, struct suite *s)
{
	struct fy_node *root = yaml_root(y);

	if (root && fy_node_is_sequence(root))
		return read_experiments(y, root, s);
	if (root && fy_node_is_mapping(root) && fy_node_mapping_lookup_by_string(root, "experiment", FY_NT))
		return load_experiment(y, root, s);
	return yaml_map(y, root, "the file", suite_shape, s);
}

static void set_defaults(struct suite *s)
{
	probe_defaults(&s->probe);
	s->pipeline = (struct pipeline_config){ .timeout_ns = 5 * NS_PER_SEC, .retries = 2 };
	s->baseline_ns = 300 * NS_PER_SEC;
	s->cooldown_ns = 120 * NS_PER_SEC;
	s->grace_ns = 30 * NS_PER_SEC;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The error in y->err becomes a finding of the suite. */
static void keep_error(struct yaml *y)
{
	const struct load *l = y->user;
	struct suite *s = l->suite;
	const struct fl_error *e = y->err;
	struct finding *grown = reallocarray(s->findings, s->n_findings + 1, sizeof(*grown)), *f;
	size_t tag = strcspn(e->message, ": ");

	if (!grown)
		return;
	s->findings = grown;
	f = &grown[s->n_findings++];
	*f = (struct finding){ .error = true, .line = e->line, .column = e->column };
	if (l->source)
		f->line = exercise_line(l->source, e->line);
	/* "no-hypothesis: 'hypothesis' is missing": a rule of its own. */
	if (e->message[tag] == ':' && memchr(e->message, '-', tag) && tag < sizeof(f->rule)) {
		snprintf(f->rule, sizeof(f->rule), "%.*s", (int)tag, e->message);
		tag += 2;
	} else {
		snprintf(f->rule, sizeof(f->rule), "not-understood");
		tag = 0;
	}
	snprintf(f->text, sizeof(f->text), "%.280s%s%.110s", e->message + tag, e->hint[0] ? "; " : "", e->hint);
	utf8_mend(f->text);
}

/* Findings of a conversion come first: they are about what the author wrote. */
static int keep_findings(struct suite *s, struct exercise *e, struct fl_error *err)
{
	struct finding *grown = reallocarray(s->findings, s->n_findings + e->n_findings + 1, sizeof(*grown));

	if (!grown)
		return error_sys(err, ENOMEM, "out of memory");
	s->findings = grown;
	memcpy(grown + s->n_findings, e->findings, e->n_findings * sizeof(*grown));
	s->n_findings += e->n_findings;
	s->mentioned = e->services;
	e->services = NULL;
	return 0;
}

/* What a conversion found wrong is an error also for who reads no findings. */
static int first_wrong(const char *name, const struct suite *s, struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];

		if (!f->error)
			continue;
		error_usage(err, "%s: %s", f->rule, f->text);
		error_at(err, name, f->line, f->column);
		return -EINVAL;
	}
	return 0;
}

/* Lines are those of the file that a person has. */
static void map_lines(struct suite *s, const struct exercise *e)
{
	uint32_t i, k;

	for (i = 0; i < s->n; i++) {
		struct experiment *x = &s->experiments[i];

		x->line = exercise_line(e, x->line);
		for (k = 0; k < x->n_faults; k++)
			x->faults[k].line = exercise_line(e, x->faults[k].line);
	}
}

static int parse_native(struct load *l, const char *name, const char *text, size_t len, struct fl_error *err)
{
	struct yaml y;
	int r = yaml_open(&y, name, text, len, err);

	y.user = l;
	y.on_error = l->collect ? keep_error : NULL;
	if (!r)
		r = load_root(&y, l->suite);
	if (r && y.on_error && err->exit == FL_EXIT_OK)
		r = 0; /* all of it is in the findings */
	else if (r && y.on_error && yaml_goes_on(&y))
		r = 0;
	yaml_close(&y);
	return r;
}

/* Columns are those of the file, too. */
static void move_back(struct exercise *e, int moved)
{
	uint32_t i;

	for (i = 0; i < e->n_findings; i++)
		if (e->findings[i].column > moved)
			e->findings[i].column -= moved;
}

static int parse_exercise(struct load *l, struct yaml *y, const char *name, int moved, struct fl_error *err)
{
	struct exercise e;
	int r = exercise_complete(y, l->table, false, &e);

	move_back(&e, moved);
	l->suite->exercise = true;
	if (!r)
		r = keep_findings(l->suite, &e, err);
	if (!r && !l->collect)
		r = first_wrong(name, l->suite, err);
	if (!r) {
		l->source = &e;
		r = parse_native(l, name, e.text.s, e.text.len, err);
		if (r && err->line)
			err->line = exercise_line(&e, err->line);
		map_lines(l->suite, &e);
		l->source = NULL;
	}
	exercise_free(&e);
	return r;
}

static int parse_any(struct load *l, const char *name, const char *text, size_t len, struct fl_error *err)
{
	struct text plain = {};
	struct yaml y;
	int moved, r = exercise_open(&y, &plain, name, text, len, &moved, err);

	if (plain.len) {
		text = plain.s;
		len = plain.len;
	}
	if (!r && (moved || exercise_recognise(&y)))
		r = parse_exercise(l, &y, name, moved, err);
	else if (!r)
		r = parse_native(l, name, text, len, err);
	yaml_close(&y);
	text_free(&plain);
	return r;
}

static int finish_suite(struct suite *s, const char *name, const char *text, size_t len, struct fl_error *err)
{
	s->path = strdup(name);
	if (!s->name)
		s->name = strdup(s->n ? s->experiments[0].name : "unnamed");
	if (!s->pipeline.adapter)
		s->pipeline.adapter = strdup("faultline");
	text_sha256(text, len, s->sha256);
	return s->path && s->name && s->pipeline.adapter ? 0 : error_sys(err, ENOMEM, "%s: out of memory", name);
}

static int parse(const char *name, const char *text, size_t len, const struct fault_ops *const *table, bool collect,
		 struct suite **ret, struct fl_error *err)
{
	struct suite *s = calloc(1, sizeof(*s));
	struct load l = { .table = table, .suite = s, .collect = collect };
	struct fl_error local = {};
	int r;

	err = err ? err : &local;
	if (!s)
		return error_sys(err, ENOMEM, "%s: out of memory", name);
	set_defaults(s);
	r = parse_any(&l, name, text, len, err);
	if (!r)
		r = finish_suite(s, name, text, len, err);
	if (r) {
		error_at(err, name, 0, 0);
		suite_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int suite_parse(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		struct suite **ret, struct fl_error *err)
{
	return parse(name, text, len, table, false, ret, err);
}

int suite_read_text(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		    struct suite **ret, struct fl_error *err)
{
	return parse(name, text, len, table, true, ret, err);
}

static int load(const char *path, const struct fault_ops *const *table, bool collect, struct suite **ret,
		struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read(path, YAML_MAX_BYTES, &text, &len, err);

	if (r == -EISDIR && err)
		error_hint(err,
			   "put its files into one: for f in %s/*.yaml; do echo ---; cat \"$f\"; done "
			   ">experiments.yaml",
			   path);
	return r ? r : parse(path, text, len, table, collect, ret, err);
}

int suite_load(const char *path, const struct fault_ops *const *table, struct suite **ret, struct fl_error *err)
{
	return load(path, table, false, ret, err);
}

int suite_read(const char *path, const struct fault_ops *const *table, struct suite **ret, struct fl_error *err)
{
	return load(path, table, true, ret, err);
}

/* --- a file of its own ------------------------------------------------------------------------ */

static void put_header(struct text *out, const char *name, const struct exercise *e)
{
	uint32_t i;

	text_append(out, "# Completed from ");
	yaml_put_comment(out, name);
	text_append(out,
		    " by faultline import w3d2.\n"
		    "# `accept` names the warnings that the exercise asks for; take unversioned-config out once the\n"
		    "# file is committed.\n");
	if (e->n_findings)
		text_append(out, "#\n# What the file did not say, and what was left out (by its lines):\n");
	for (i = 0; i < e->n_findings; i++) {
		const struct finding *f = &e->findings[i];

		if (f->line)
			text_append(out, "#   %d: [%s] ", f->line, f->rule);
		else
			text_append(out, "#   [%s] ", f->rule);
		yaml_put_comment(out, f->text);
		text_append(out, "\n");
	}
}

/* What was written must be a file of ours. */
static int check_completed(const char *name, struct text *out, const struct fault_ops *const *table,
			   struct fl_error *err)
{
	struct suite *s = NULL;
	int r = out->failed || !out->s ? error_sys(err, ENOMEM, "out of memory")
				       : suite_parse("the completed file", out->s, out->len, table, &s, err);

	suite_free(s);
	if (r)
		error_at(err, name, 0, 0);
	return r;
}

int suite_complete(const char *name, const char *text, size_t len, const struct fault_ops *const *table,
		   struct text *out, struct finding **ret, uint32_t *ret_n, struct fl_error *err)
{
	struct exercise e = {};
	struct suite s = {};
	struct text plain = {};
	struct yaml y;
	int moved, r = exercise_open(&y, &plain, name, text, len, &moved, err);

	if (!r && !moved && !exercise_recognise(&y))
		r = error_usage(err,
				"this is no file of the exercise, or it is in faultline's own form already: there is "
				"nothing to complete");
	if (!r)
		r = exercise_complete(&y, table, true, &e);
	move_back(&e, moved);
	if (!r)
		r = keep_findings(&s, &e, err);
	if (!r)
		r = first_wrong(name, &s, err);
	if (!r) {
		put_header(out, name, &e);
		text_append_bytes(out, e.text.s, e.text.len);
		r = check_completed(name, out, table, err);
	}
	*ret = s.findings;
	*ret_n = s.n_findings;
	words_free(s.mentioned);
	exercise_free(&e);
	yaml_close(&y);
	text_free(&plain);
	if (r)
		error_at(err, name, 0, 0);
	return r;
}

bool suite_accepts(const struct suite *s, const char *rule)
{
	char **w;

	for (w = s->accept; w && *w; w++)
		if (!strcmp(*w, rule))
			return true;
	return false;
}
