// SPDX-License-Identifier: GPL-2.0-only
/* fault_options.c - see fault_options.h */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/fault/fault_options.h"
#include "util/cleanup.h"
#include "util/text/text.h"

struct fault_options {
	int first_key;
	uint32_t n_params;
	struct argp_option *argp; /* parameters, fixed ones, zeroed end */
	char **docs;
};

const char *fault_options_word(const struct param *p)
{
	static const char *const words[] = {
		[PARAM_DURATION] = "TIME", [PARAM_OFFSET] = "+-TIME",     [PARAM_PERCENT] = "PERCENT",
		[PARAM_RATE] = "RATE",     [PARAM_BYTES] = "SIZE",        [PARAM_INT] = "N",
		[PARAM_BOOL] = "yes|no",   [PARAM_ENUM] = "WORD",         [PARAM_STRING] = "TEXT",
		[PARAM_PEERS] = "PEER,..", [PARAM_PORTS] = "PORT[-PORT]", [PARAM_RANGE] = "N[-N]",
	};

	return words[p->type];
}

/* "help: a, b or c (10ms)" - what it is, what it may be, what it is when left out. */
static char *make_doc(const struct param *p)
{
	struct text t = {};
	const char *const *c;

	text_append(&t, "%s", p->help ? p->help : "");
	for (c = p->type == PARAM_ENUM ? p->choices : NULL; c && *c; c++)
		text_append(&t, "%s%s", c == p->choices ? ": " : ", ", *c);
	if ((p->type == PARAM_INT || p->type == PARAM_RANGE) && p->max < INT64_MAX)
		text_append(&t, ", %" PRId64 " to %" PRId64, p->min, p->max);
	if (p->def && !strcmp(p->def, "!"))
		text_append(&t, " (required)");
	else if (p->def && *p->def)
		text_append(&t, " (%s)", p->def);
	return t.s;
}

static size_t count(const struct argp_option *o)
{
	size_t n = 0;

	while (o[n].name || o[n].key || o[n].doc || o[n].group)
		n++;
	return n;
}

int fault_options_make(const struct params *params, const struct argp_option *fixed, int first_key,
		       struct fault_options **ret, struct fl_error *err)
{
	struct fault_options *o = calloc(1, sizeof(*o));
	size_t n_fixed = count(fixed);
	uint32_t i;

	if (o) {
		o->argp = calloc(params->n + n_fixed + 1, sizeof(*o->argp));
		o->docs = calloc(params->n + 1, sizeof(*o->docs));
	}
	if (!o || !o->argp || !o->docs) {
		fault_options_free(o);
		return error_sys(err, ENOMEM, "options: out of memory");
	}
	o->first_key = first_key;
	o->n_params = params->n;
	for (i = 0; i < params->n; i++) {
		const struct param *p = params->v[i].param;

		o->docs[i] = make_doc(p);
		o->argp[i] = (struct argp_option){
			.name = p->name,
			.key = first_key + (int)i,
			.arg = fault_options_word(p),
			.flags = p->type == PARAM_BOOL ? OPTION_ARG_OPTIONAL : 0,
			.doc = o->docs[i],
			.group = 1,
		};
	}
	memcpy(o->argp + params->n, fixed, n_fixed * sizeof(*fixed));
	*ret = o;
	return 0;
}

void fault_options_free(struct fault_options *o)
{
	uint32_t i;

	if (!o)
		return;
	for (i = 0; o->docs && i < o->n_params; i++)
		free(o->docs[i]);
	free(o->docs);
	free(o->argp);
	free(o);
}

const struct argp_option *fault_options_argp(const struct fault_options *o)
{
	return o->argp;
}

error_t fault_options_parse(const struct fault_options *o, int key, const char *arg, struct params *params,
			    struct fl_error *err)
{
	int i = key - o->first_key;

	if (i < 0 || (uint32_t)i >= o->n_params)
		return ARGP_ERR_UNKNOWN;
	return params_set(params, params->v[i].param->name, arg ? arg : "yes", err) ? EINVAL : 0;
}

/* getopt takes "--det" for --detach; so is any beginning of a known name. */
static bool known(const char *const *names, const char *word, size_t len)
{
	for (; *names; names++)
		if (!strncmp(*names, word, len))
			return true;
	return false;
}

int fault_options_check(const struct fault_options *o, const char *kind, char **argv, struct fl_error *err)
{
	static const char *const of_argp[] = { "help", "usage", NULL };
	size_t n = count(o->argp), i, n_names = 0;
	_cleanup_free_ const char **names = calloc(n + ARRAY_SIZE(of_argp), sizeof(*names));

	if (!names)
		return error_sys(err, ENOMEM, "options: out of memory");
	for (i = 0; i < n; i++)
		if (o->argp[i].name)
			names[n_names++] = o->argp[i].name;
	for (i = 0; of_argp[i]; i++)
		names[n_names++] = of_argp[i];
	for (; *argv && strcmp(*argv, "--"); argv++) {
		_cleanup_free_ char *word = NULL;
		const char *near;

		if (strncmp(*argv, "--", 2))
			continue;
		word = strndup(*argv + 2, strcspn(*argv + 2, "="));
		if (!word || known(names, word, strlen(word)))
			continue;
		near = text_nearest(word, names);
		error_usage(err, "%s has no option --%s", kind, word);
		if (near)
			error_hint(err, "did you mean --%s?", near);
		else
			error_hint(err, "faultline inject %s --help lists them", kind);
		return -EINVAL;
	}
	return 0;
}
