// SPDX-License-Identifier: GPL-2.0-only
/* plan_show.c - what `faultline plan` hands out: the suite, checked, and who would be hit by it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "cmd/cmd.h"
#include "cmd/plan/plan_cmd.h"
#include "fault/fault.h"
#include "model/experiment.h"
#include "run/run.h"
#include "util/cleanup.h"
#include "util/text/url.h"

const char *plan_cmd_reason(const struct plan *p)
{
	const char *why = json_string_value(json_object_get(json_array_get(p->omissions, 0), "why"));
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].refused)
			return p->v[i].refused;
	return why ? why : "nothing is known of these services";
}

/* What is written is what `check` takes, without a remark; anything else is a mistake of ours. */
static int check(const struct text *text, struct suite **ret, struct fl_error *err)
{
	struct finding *found = NULL;
	struct fl_error why = {};
	uint32_t n = 0;
	int r = suite_parse("the plan", text->s, text->len, fault_table, ret, &why);

	if (!r) {
		suite_know_services(*ret);
		r = suite_check(*ret, &found, &n, &why);
	}
	if (r)
		error_set(err, FL_EXIT_INTERNAL, EINVAL, "the suite that was made cannot be read: %s", why.message);
	else if (n)
		r = error_set(err, FL_EXIT_INTERNAL, EINVAL,
			      "check is not content with the suite that was made: line %d: [%s] %s", found[0].line,
			      found[0].rule, found[0].text);
	free(found);
	return r;
}

/* --- who would be hit --------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static void put_target(const json_t *t, struct text *out)
{
	const json_t *processes = json_object_get(t, "processes"), *flows = json_object_get(t, "flows"), *first;
	size_t n = json_array_size(processes);

	text_append(out, "%s", text_of(t, "name"));
	if (*text_of(t, "error")) {
		text_append(out, " (not known: %s)", text_of(t, "error"));
		return;
	}
	first = json_array_get(processes, 0);
	text_append(out, ": %zu process%s", n, n == 1 ? "" : "es");
	if (n)
		text_append(out, " (%d %s%s)", (int)json_integer_value(json_object_get(first, "pid")),
			    text_of(first, "command"), n > 1 ? ", ..." : "");
	if (json_is_array(flows))
		text_append(out, ", %zu connection%s", json_array_size(flows), json_array_size(flows) == 1 ? "" : "s");
	if (*text_of(t, "note"))
		text_append(out, "; %s", text_of(t, "note"));
}

static void put_preview(const json_t *fault, struct text *out)
{
	const json_t *targets = json_object_get(fault, "targets"), *spared = json_object_get(fault, "spared");
	size_t i;

	text_append(out, "%s on ", text_of(fault, "kind"));
	if (*text_of(fault, "error"))
		text_append(out, "(not known: %s)", text_of(fault, "error"));
	for (i = 0; i < json_array_size(targets); i++) {
		text_append(out, "%s", i ? " and " : "");
		put_target(json_array_get(targets, i), out);
	}
	for (i = 0; i < json_array_size(spared); i++)
		text_append(out, "; left out: %s", json_string_value(json_array_get(spared, i)));
}

static void print_previews(FILE *out, const json_t *experiments)
{
	const json_t *x, *fault;
	size_t i, k;

	fprintf(out, "Who would be hit, one after another:\n");
	json_array_foreach(experiments, i, x) {
		struct text t = {};

		json_array_foreach(json_object_get(x, "would_hit"), k, fault) {
			text_append(&t, "%s", k ? "; " : "");
			put_preview(fault, &t);
		}
		fprintf(out, "%4d  %s: %s\n", (int)json_integer_value(json_object_get(x, "number")), text_of(x, "name"),
			t.s ? t.s : "");
		text_free(&t);
	}
}

static json_t *experiments_json(const struct suite *s, const struct plan *p)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < s->n; i++)
		json_array_append_new(all, json_pack("{s:i, s:s, s:s, s:o}", "number", s->experiments[i].number, "name",
						     s->experiments[i].name, "why", p->v[i].why, "would_hit",
						     run_preview(&s->experiments[i], 1)));
	return all;
}

/* --- the file ------------------------------------------------------------------------------------ */

/* As one word of a shell, whatever it is. */
static void put_word(struct text *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+:@%,=";

	if (*word && !word[strspn(word, plain)]) {
		text_append(out, "%s", word);
		return;
	}
	text_append(out, "'");
	for (; *word; word++)
		text_append(out, *word == '\'' ? "'\\''" : "%c", *word);
	text_append(out, "'");
}

static void print_next(FILE *out, const char *path)
{
	struct text word = {};

	put_word(&word, path);
	fprintf(out, "Next: faultline check %s && sudo faultline run %s\n", word.s ? word.s : "", word.s ? word.s : "");
	text_free(&word);
}

static void print_summary(FILE *out, const struct plan_command *o)
{
	const struct plan *p = &o->plan;
	uint32_t refused = 0, i;
	struct text takes = {};

	for (i = 0; i < p->n; i++)
		refused += p->v[i].refused != NULL;
	fprintf(out, "%u experiment%s", p->n_chosen, p->n_chosen == 1 ? "" : "s");
	if (refused)
		fprintf(out, ", %u refused here", refused);
	if (p->n > p->n_chosen + refused)
		fprintf(out, ", %u left out for time (--all)", p->n - p->n_chosen - refused);
	plan_put_duration(&takes, plan_seconds(p, p->n_chosen));
	fprintf(out, "; a run takes about %s. The file says why for each.\n", takes.s ? takes.s : "");
	text_free(&takes);
	if (p->facts.unmeasured)
		fprintf(out,
			"NOTHING WAS MEASURED: %s. Faults of packets are left out, and the numbers of the others are "
			"guesses.\n",
			p->facts.unmeasured);
	else if (!plan_has_traffic(&p->facts))
		fprintf(out, "NO TRAFFIC was seen: faults of packets are left out, and the numbers of the others are "
			     "guesses.\n");
	if (o->out)
		print_next(out, o->out);
}

static json_t *document(const struct plan_command *o, const struct text *suite, json_t *experiments)
{
	json_t *refused = json_array(), *left = json_array();
	const struct plan *p = &o->plan;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (p->v[i].refused)
			json_array_append_new(refused,
					      json_pack("{s:s, s:s}", "name", p->v[i].name, "why", p->v[i].refused));
		else if (i >= p->n_chosen)
			json_array_append_new(left, json_string(p->v[i].name));
	}
	return json_pack("{s:s%, s:O, s:O, s:o, s:o, s:f, s:b, s:f, s:n}", "suite", suite->s, suite->len, "experiments",
			 experiments, "omitted_kinds", p->omissions, "refused", refused, "left_out", left, "watched_s",
			 p->facts.seconds, "traffic", plan_has_traffic(&p->facts), "estimate_s",
			 plan_seconds(p, p->n_chosen), "error");
}

/* A suite has the pipeline's and the probe's URL as they are typed: with a password in one it is its owner's alone. */
static mode_t mode_for(const struct text *suite)
{
	_cleanup_free_ char *masked = strndup(suite->s, suite->len);

	if (!masked)
		return 0600;
	url_mask(masked);
	return strncmp(masked, suite->s, suite->len) ? 0600 : 0644;
}

int plan_cmd_hand_out(struct plan_command *o, const struct text *suite, struct fl_error *err)
{
	struct suite *s = NULL;
	json_t *experiments;
	int r = check(suite, &s, err);

	if (!r && o->out)
		r = file_write(o->out, suite->s, suite->len, mode_for(suite), err);
	if (!r) {
		experiments = experiments_json(s, &o->plan);
		if (o->json) {
			cmd_print_json(document(o, suite, experiments));
		} else {
			if (!o->out)
				fputs(suite->s, stdout);
			print_previews(o->out ? stdout : stderr, experiments);
			print_summary(o->out ? stdout : stderr, o);
		}
		json_decref(experiments);
	}
	suite_free(s);
	return r;
}
