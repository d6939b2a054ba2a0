// SPDX-License-Identifier: GPL-2.0-only
/* suite_file.c - see suite_file.h */
#include <errno.h>
#include <string.h>

#include "cmd/suite/suite_file.h"
#include "fault/fault.h"
#include "run/run.h"
#include "util/cleanup.h"
#include "util/http/http.h"

const char *suite_file_name_of(const struct suite *s, int number)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->experiments[i].number == number)
			return s->experiments[i].name;
	return NULL;
}

void suite_file_print(FILE *out, const struct suite *s, const struct finding *f, bool strict)
{
	const char *name = suite_file_name_of(s, f->experiment);

	fprintf(out, "%s:", s->path);
	if (f->line)
		fprintf(out, "%d:%d:", f->line, f->column);
	fprintf(out, " %s [%s] %s%s%s\n", f->error || strict ? "error" : "warning", f->rule, name ? name : "",
		name ? ": " : "", f->text);
}

static bool is_skipped(const char *const *skip, const char *rule)
{
	for (; skip && *skip; skip++)
		if (!strcmp(*skip, rule))
			return true;
	return false;
}

const char *suite_file_adapter(const char *arg, const struct argp_state *state)
{
	const char *const *a;

	for (a = suite_adapters; *a; a++)
		if (!strcmp(*a, arg))
			return arg;
	argp_error(state, "--adapter knows " SUITE_ADAPTERS ", not '%s'", arg);
	return NULL;
}

static int check_url(const char *url, struct fl_error *err)
{
	return url ? http_check_url(url, err) : 0;
}

static int replace(char **to, const char *with, struct fl_error *err)
{
	if (!with)
		return 0;
	free(*to);
	*to = strdup(with);
	return *to ? 0 : error_sys(err, ENOMEM, "out of memory");
}

/* The alerts' label that names root causes, as if pipeline.fields said so. */
static int use_root_label(struct suite *s, const char *label, struct fl_error *err)
{
	if (!s->pipeline.fields)
		s->pipeline.fields = json_object();
	if (json_object_set_new(s->pipeline.fields, "root_service", json_sprintf("labels.%s", label)))
		return error_usage(err, "--root-label: pipeline.fields of %s is no map", s->path);
	return 0;
}

/* The exercise's usual addresses give way to those of the lab. */
static void forget_invented_urls(struct suite *s)
{
	uint32_t i;

	for (i = 0; i < s->n_findings; i++) {
		char **url = !strcmp(s->findings[i].rule, "invented-probe")      ? &s->probe.url
			     : !strcmp(s->findings[i].rule, "invented-pipeline") ? &s->pipeline.url
										 : NULL;

		if (url) {
			free(*url);
			*url = NULL;
		}
	}
}

int suite_file_use(struct suite *s, const struct suite_addresses *a, struct fl_error *err)
{
	int r = check_url(a->probe, err);

	if (!r)
		r = check_url(a->pipeline, err);
	if (r)
		return r;
	if (a->lab)
		forget_invented_urls(s);
	r = replace(&s->probe.url, a->probe, err);
	if (!r)
		r = replace(&s->pipeline.url, a->pipeline, err);
	if (!r)
		r = replace(&s->pipeline.adapter, a->adapter, err);
	if (!r && a->root_label)
		r = use_root_label(s, a->root_label, err);
	if (!r && a->lab)
		r = replace(&s->stack, "lab", err);
	return r ? r : suite_use_stack(s, err);
}

/* @n errors, of which @first is the first: one is told as it is, several behind what has been printed of them. */
static int refuse(const struct suite *s, const struct finding *first, uint32_t n, struct fl_error *err)
{
	const char *name = suite_file_name_of(s, first->experiment);

	if (n == 1)
		error_usage(err, "%s%s%s", name ?: "", name ? ": " : "", first->text);
	else
		error_usage(err, "%u errors, nothing was run; the first: %s", n, first->text);
	error_at(err, s->path, first->line, first->column);
	error_hint(err, "faultline check FILE says the same without a run");
	return -EINVAL;
}

/* Everything that `check` calls an error, as it says it. */
static int refuse_errors(const struct suite *s, struct fl_error *err)
{
	_cleanup_free_ struct finding *v = NULL;
	const struct finding *first = NULL;
	uint32_t n = 0, errors = 0, i;
	int r = suite_check(s, &v, &n, err);

	for (i = 0; !r && i < n; i++) {
		if (!v[i].error)
			continue;
		first = first ?: &v[i];
		errors++;
	}
	if (r || !errors)
		return r;
	for (i = 0; errors > 1 && i < n; i++)
		if (v[i].error)
			suite_file_print(stderr, s, &v[i], false);
	return refuse(s, first, errors, err);
}

static int tell_inventions(const struct suite *s, bool strict, const char *const *skip, struct fl_error *err)
{
	uint32_t i, invented = 0;

	for (i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];

		if (is_skipped(skip, f->rule))
			continue;
		invented += f->invented;
		suite_file_print(stderr, s, f, f->invented && strict);
	}
	if (!invented || !strict)
		return 0;
	error_usage(err, "%s: %u value%s had to be invented, and --strict takes none", s->path, invented,
		    invented == 1 ? "" : "s");
	error_hint(err, "faultline import w3d2 FILE writes them out, for you to look through");
	return -EINVAL;
}

int suite_file_read(const char *path, bool strict, const char *const *skip, const struct suite_addresses *a,
		    struct suite **ret, struct fl_error *err)
{
	struct suite *s = NULL;
	int r = suite_read(path, fault_table, &s, err);

	if (!r)
		r = suite_file_use(s, a, err);
	if (!r) {
		suite_know_services(s); /* names of metrics are judged by them */
		r = refuse_errors(s, err);
	}
	if (!r)
		r = tell_inventions(s, strict, skip, err);
	if (r) {
		suite_free(s);
		return r;
	}
	*ret = s;
	return 0;
}
