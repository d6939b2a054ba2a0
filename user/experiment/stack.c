// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack.c - where a running stack can be reached. The only one known by name is the lab, which
 * describes itself in FL_RUN_DIR/lab/lab.json; what the suite says itself always wins.
 */
#include <errno.h>

#include "experiment/run.h"
#include "kern/session.h"
#include "target/target.h"
#include "util/cleanup.h"
#include "util/text.h"

#define LAB_JSON     FL_RUN_DIR "/lab/lab.json"
#define LAB_JSON_MAX (1u << 20)

static int fill(char **to, const json_t *lab, const char *key)
{
	const char *value = json_string_value(json_object_get(lab, key));

	if (*to || !value)
		return 0;
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

int suite_use_stack(struct suite *s, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_t *lab;
	int r;

	if (!s->stack)
		return 0;
	if (access(LAB_JSON, R_OK) && s->probe.url && s->pipeline.url)
		return 0; /* both given by hand: the stack need not be there */
	if (access(LAB_JSON, R_OK)) {
		error_env(err, errno, "'stack: lab', and no lab runs here: %s: %s", LAB_JSON,
			  strerror(errno));
		error_hint(err, "faultline lab up starts it; or give --probe and --pipeline");
		return -ENOENT;
	}
	r = file_read(LAB_JSON, LAB_JSON_MAX, &text, NULL, err);
	if (r)
		return r;
	lab = json_loads(text, 0, NULL);
	r = json_is_object(lab) ? 0 : error_env(err, EBADMSG, LAB_JSON " is damaged");
	if (!r && (fill(&s->probe.url, lab, "health") || fill(&s->pipeline.url, lab, "pipeline")))
		r = error_sys(err, ENOMEM, "stack: out of memory");
	if (!r && !s->graph)
		s->graph = json_incref(json_object_get(lab, "graph"));
	json_decref(lab);
	return r;
}

void suite_know_services(struct suite *s)
{
	free(s->services);
	if (target_names(&s->services, NULL))
		s->services = NULL;
}

static uint32_t add_words(char **v, uint32_t n, char *const *words)
{
	uint32_t i;

	for (; words && *words; words++) {
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
