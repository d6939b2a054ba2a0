// SPDX-License-Identifier: GPL-2.0-only
/* kinds.c - the kinds and their parameters as Markdown, for the manual page. */
#include <inttypes.h>
#include <string.h>

#include "cmd/fault/fault_options.h"
#include "tools/gen/gen.h"

static void print_names(FILE *out, const struct fault_ops *ops)
{
	const char *const *alias;

	fprintf(out, "\n### %s\n\n%s.", ops->name, ops->summary);
	for (alias = ops->aliases; alias && *alias; alias++)
		fprintf(out, "%s `%s`", alias == ops->aliases ? " Also called" : ",", *alias);
	fputs("\n\n", out);
}

static void print_param(FILE *out, const struct param *p)
{
	const char *const *c;

	fprintf(out, "- `%s` %s: %s", p->name, fault_options_word(p), p->help ? p->help : "");
	for (c = p->type == PARAM_ENUM ? p->choices : NULL; c && *c; c++)
		fprintf(out, "%s`%s`", c == p->choices ? " (one of " : ", ", *c);
	if (p->type == PARAM_ENUM)
		fputc(')', out);
	if (p->type == PARAM_INT && p->max < INT64_MAX)
		fprintf(out, " (%" PRId64 " to %" PRId64 ")", p->min, p->max);
	if (p->def && !strcmp(p->def, "!"))
		fputs("; required", out);
	else if (p->def && *p->def)
		fprintf(out, "; default %s", p->def);
	fputs(p->live ? "; live\n" : "\n", out);
}

static void print_table(FILE *out, const struct param *p)
{
	for (; p && p->name; p++)
		print_param(out, p);
}

int gen_kinds(FILE *out, struct fl_error *err)
{
	const struct fault_ops *const *k;

	(void)err;
	fputs("\n## Kinds and their parameters\n\nWhat is live can be changed by `set`.\n", out);
	for (k = fault_table; *k; k++) {
		print_names(out, *k);
		print_table(out, (*k)->params);
		print_table(out, (*k)->common);
	}
	return 0;
}
