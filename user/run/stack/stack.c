// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack.c - where a running stack can be reached. The lab describes itself in FL_RUN_DIR/lab/lab.json,
 * a stack of containers by labels (stack_docker.c); what the suite says itself always wins.
 */
#include <errno.h>

#include "run/run.h"
#include "run/stack/stack.h"
#include "session/session.h"
#include "target/described.h"
#include "target/target.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define LAB_JSON     FL_RUN_DIR "/lab/lab.json"
#define LAB_JSON_MAX (1u << 20)

static int from_lab(json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(LAB_JSON, LAB_JSON_MAX, &text, NULL, err);

	if (r)
		return r;
	*ret = json_loads(text, 0, NULL);
	if (json_is_object(*ret))
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return error_env(err, EBADMSG, LAB_JSON " is damaged");
}

/* Nothing says where it is. @lab: one was looked for. */
static int not_found(bool lab, struct fl_error *why, struct fl_error *err)
{
	error_env(err, ENOENT, "'stack: %s', and none runs here: %s%s", lab ? "lab" : "docker",
		  lab ? "there is no " LAB_JSON "; " : "",
		  why->message[0] ? why->message : "no container has a label faultline.health");
	error_hint(err, "%s or give --probe and --pipeline",
		   lab ? "faultline lab up starts the lab, make demo-docker the same under Docker;"
		       : "label the containers (docs/demo-docker.md),");
	return -ENOENT;
}

/* The description of the stack that @s asks for, a new reference. */
static int describe(const struct suite *s, json_t **ret, struct fl_error *err)
{
	bool lab = !strcmp(s->stack, "lab");
	struct fl_error why = {};
	int r;

	if (lab && !access(LAB_JSON, R_OK))
		return from_lab(ret, err);
	r = stack_from_docker(ret, &why);
	if (r == -EEXIST)
		*err = why;
	else if (r)
		r = not_found(lab, &why, err);
	return r;
}

static int fill(char **to, const json_t *stack, const char *key)
{
	const char *value = json_string_value(json_object_get(stack, key));

	if (*to || !value)
		return 0;
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

int suite_use_stack(struct suite *s, struct fl_error *err)
{
	bool needed = !s->probe.url || !s->pipeline.url;
	struct fl_error why = {};
	json_t *stack = NULL;
	int r;

	r = described_use(s->described, err);
	if (r || !s->stack)
		return r;
	r = describe(s, &stack, &why);
	if (r && !needed)
		return 0; /* both given by hand: the stack need not be there */
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	if (fill(&s->probe.url, stack, "health") || fill(&s->pipeline.url, stack, "pipeline"))
		r = error_sys(err, ENOMEM, "stack: out of memory");
	if (!r && !s->graph)
		s->graph = json_incref(json_object_get(stack, "graph"));
	if (!r && !s->versions)
		s->versions = json_incref(json_object_get(stack, "versions"));
	json_decref(stack);
	return r;
}

void suite_know_services(struct suite *s)
{
	described_use(s->described, NULL);
	free(s->services);
	if (target_names(&s->services, NULL))
		s->services = NULL;
}

static uint32_t add_words(char **v, uint32_t n, char *const *words)
{
	uint32_t i;

	for (; words && *words; words++) {
		if (described_name(*words)) /* it is measured by its name */
			continue;
		for (i = 0; v && i < n && strcmp(v[i], *words) != 0; i++)
			;
		if (!v || i == n)
			n++;
		if (v)
			v[i] = *words;
	}
	return n;
}

/* Into @v, or only counted, repeats included, when it is NULL. */
static uint32_t add_specs(char **v, const struct suite *s)
{
	uint32_t n = add_words(v, 0, s->services), i, f;

	for (i = 0; i < s->n; i++) {
		n = add_words(v, n, s->experiments[i].targets);
		for (f = 0; f < s->experiments[i].n_faults; f++)
			n = add_words(v, n, s->experiments[i].faults[f].targets);
	}
	return n;
}

char **suite_specs(const struct suite *s)
{
	char **v = calloc(add_specs(NULL, s) + 1, sizeof(*v));

	if (v)
		add_specs(v, s);
	return v;
}
