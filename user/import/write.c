// SPDX-License-Identifier: GPL-2.0-only
/*
 * write.c - the experiment file of an import. It is text, not an emitter's tree, for the sake of its
 * comments: what was lost, and what only the author can say (TODO). What comes out is loaded once before it is handed out.
 */
#include <errno.h>

#include "import/import.h"
#include "model/experiment.h"
#include "util/cleanup.h"
#include "util/json/yaml_write.h"
#include "util/text/units.h"

/* At most 200 bytes of it, at the end of a character. */
static void put_excerpt(struct text *out, const char *s)
{
	size_t len = strlen(s) > 200 ? 200 : strlen(s);
	_cleanup_free_ char *part = NULL;

	while (len && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	part = strndup(s, len);
	yaml_put_comment(out, part ? part : "");
	if (s[len])
		text_append(out, "...");
}

static void put_losses(const struct import *im, struct text *out)
{
	const char *where = "";
	uint32_t i;

	if (im->n_losses)
		text_append(out, "#\n# Not carried over:\n");
	for (i = 0; i < im->n_losses; i++) {
		const struct import_loss *l = &im->losses[i];

		if (l->where && strcmp(l->where, where)) {
			text_append(out, "#   ");
			yaml_put_comment(out, l->where);
			text_append(out, "\n");
			where = l->where;
		}
		text_append(out, "#     ");
		put_excerpt(out, l->path);
		if (l->value) {
			text_append(out, " (");
			put_excerpt(out, l->value);
			text_append(out, ")");
		}
		text_append(out, ": ");
		yaml_put_comment(out, l->why);
		text_append(out, "\n");
	}
}

static void put_key(struct text *out, const char *indent, const char *key, const char *value)
{
	if (!value)
		return;
	text_append(out, "%s%s: ", indent, key);
	yaml_put_scalar(out, value);
	text_append(out, "\n");
}

static void put_suite(const struct import *im, struct text *out)
{
	const char *name;
	json_t *query;

	text_append(out, "suite:\n");
	put_key(out, "  ", "name", im->v[0]->name);
	if (im->probe_url) {
		text_append(out, "  probe:\n");
		put_key(out, "    ", "url", im->probe_url);
		put_key(out, "    ", "timeout", im->probe_timeout);
		put_key(out, "    ", "body_regex", im->probe_regex);
		put_key(out, "    ", "json_path", im->probe_path);
		put_key(out, "    ", "json_value", im->probe_value);
	} else {
		text_append(out, "  # TODO: the URL that users call.\n  # probe: { url: http://127.0.0.1:8080/ }\n");
	}
	text_append(out, "  # TODO: the AIOps pipeline to be scored.\n"
			 "  # pipeline: { url: http://127.0.0.1:8000 }\n");
	put_key(out, "  ", "prometheus", im->prometheus);
	if (json_object_size(im->metrics))
		text_append(out, "  metrics:\n");
	json_object_foreach(im->metrics, name, query) {
		text_append(out, "    ");
		yaml_put_scalar(out, name);
		text_append(out, ": { prometheus: ");
		yaml_put_scalar(out, json_string_value(query));
		text_append(out, " }\n");
	}
}

/* A value may be long as a list only. */
static void put_value(struct text *out, const char *s)
{
	const char *between = "[";

	if (import_is_word(s)) {
		yaml_put_scalar(out, s);
		return;
	}
	for (; *s; s += strspn(s, ",")) {
		_cleanup_free_ char *item = strndup(s, strcspn(s, ","));

		text_append(out, "%s", between);
		yaml_put_scalar(out, item ? item : "");
		between = ", ";
		s += strcspn(s, ",");
	}
	text_append(out, "]");
}

static void put_params(struct text *out, const struct params *p)
{
	const char *between = " ";
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (!p->v[i].given)
			continue;
		text_append(out, "%s%s: ", between, p->v[i].param->name);
		put_value(out, p->v[i].text);
		between = ", ";
	}
}

static bool has_params(const struct params *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].given)
			return true;
	return false;
}

/* Whom a fault acts on. */
static const char *target_of(const struct import_experiment *x, const struct import_fault *f)
{
	return f->target ? f->target : x->target;
}

/* Not all of its faults act on the same target. */
static bool has_targets(const struct import_experiment *x)
{
	uint32_t i;

	for (i = 0; i < x->n_faults; i++)
		if (strcmp(target_of(x, x->faults[i]), x->target))
			return true;
	return false;
}

/* "1 instance of web", and a list where the faults have several targets. */
static void put_targets(struct text *out, const struct import_experiment *x)
{
	_cleanup_free_ char *first = text_format("1 instance of %s", x->target);
	uint32_t i, k;

	text_append(out, "      target: %s", has_targets(x) ? "[" : "");
	yaml_put_scalar(out, first ? first : "");
	for (i = 0; i < x->n_faults; i++) {
		const char *name = target_of(x, x->faults[i]);
		_cleanup_free_ char *text = text_format("1 instance of %s", name);

		for (k = 0; k < i && strcmp(target_of(x, x->faults[k]), name); k++)
			;
		if (k < i || !strcmp(name, x->target))
			continue;
		text_append(out, ", ");
		yaml_put_scalar(out, text ? text : "");
	}
	text_append(out, "%s", has_targets(x) ? "]\n      stage: dev # TODO: it hits several targets at once\n" : "\n");
}

static void put_fault(struct text *out, const struct import_experiment *x, const struct import_fault *f)
{
	char number[32];

	text_append(out, "      - type: ");
	yaml_put_scalar(out, f->ops->name);
	text_append(out, "\n");
	if (has_targets(x))
		put_key(out, "        ", "target", target_of(x, f));
	if (has_params(&f->params)) {
		text_append(out, "        params: {");
		put_params(out, &f->params);
		text_append(out, " }\n");
	}
	if (f->offset_ns)
		text_append(out, "        offset: %s\n", units_format_ns(f->offset_ns, number, sizeof(number)));
	if (f->duration_ns)
		text_append(out, "        duration: %s\n", units_format_ns(f->duration_ns, number, sizeof(number)));
}

static void put_faults(struct text *out, const struct import_experiment *x)
{
	const struct import_fault *f = x->faults[0];
	uint32_t i;

	if (x->n_faults == 1 && !f->offset_ns && !f->duration_ns) {
		put_key(out, "    ", "fault_type", f->ops->name);
		if (has_params(&f->params)) {
			text_append(out, "    params: {");
			put_params(out, &f->params);
			text_append(out, " }\n");
		}
		return;
	}
	text_append(out, "    faults:\n");
	for (i = 0; i < x->n_faults; i++)
		put_fault(out, x, x->faults[i]);
}

static void put_hypothesis(struct text *out, const struct import_experiment *x)
{
	text_append(out,
		    x->hypothesis
			    ? "    # From the source's own steady state. TODO: does it hold while the fault is on?\n"
			    : "    # TODO: a proposal, the source has none. What do users still get while it is on?\n");
	put_key(out, "    ", "hypothesis", x->hypothesis ? x->hypothesis : "success_rate >= 99%");
}

static void put_tags(struct text *out, const json_t *tags)
{
	const json_t *tag;
	size_t i;

	if (json_array_size(tags))
		text_append(out, "    tags: [");
	json_array_foreach(tags, i, tag) {
		text_append(out, "%s", i ? ", " : "");
		yaml_put_scalar(out, json_string_value(tag));
	}
	if (json_array_size(tags))
		text_append(out, "]\n");
}

static void put_experiment(struct text *out, const struct import_experiment *x)
{
	char on[32], after[32];

	units_format_ns(x->duration_ns, on, sizeof(on));
	units_format_ns(x->duration_ns + 60 * 1000000000ull, after, sizeof(after));
	text_append(out, "\n  - name: ");
	yaml_put_scalar(out, x->name);
	text_append(out, "\n");
	put_key(out, "    ", "description", x->description);
	put_tags(out, x->tags);
	put_hypothesis(out, x);
	put_faults(out, x);
	text_append(out, "    blast_radius:\n");
	put_targets(out, x);
	text_append(out,
		    "      traffic: 0%% (synthetic) # TODO: the share of real traffic, and with it the stage\n"
		    "      duration: %s\n"
		    "    rollback:\n      automatic: true\n"
		    "      trigger_when: success_rate < 10%% for 30s # TODO: when is it enough?\n",
		    on);
	put_key(out, "      ", "method", x->rollback ? x->rollback : "faultline stop --all");
	text_append(out,
		    "    measurement:\n      metrics: [success_rate, p99]\n"
		    "      capture_window: t-60s to t+%s\n"
		    "    # TODO: what the pipeline should name as the cause.\n"
		    "    ground_truth: { root_service: ",
		    after);
	yaml_put_scalar(out, x->target);
	text_append(out, " }\n");
}

int import_write(const struct import *im, struct text *out, struct fl_error *err)
{
	struct suite *s = NULL;
	uint32_t i;
	int r;

	text_append(out, "# Imported from ");
	yaml_put_comment(out, im->source);
	text_append(out, " (%s).\n# TODO marks what only its author can say.\n", im->format);
	put_losses(im, out);
	put_suite(im, out);
	text_append(out, "\nexperiments:");
	for (i = 0; i < im->n; i++)
		put_experiment(out, im->v[i]);
	if (!out->s || out->failed)
		return error_sys(err, ENOMEM, "import: out of memory");
	r = suite_parse("the imported file", out->s, out->len, im->table, &s, err);
	suite_free(s);
	return r;
}
