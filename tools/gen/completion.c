// SPDX-License-Identifier: GPL-2.0-only
/*
 * completion.c - completion for bash: commands (asked of faultline itself), kinds, the options
 * of a kind, the words an option takes, ids of living faults.
 */
#include "fault/fault.h"
#include "tools/gen/gen.h"

static void print_options(FILE *out, const struct param *p)
{
	for (; p && p->name; p++)
		fprintf(out, " --%s", p->name);
}

static void print_choices(FILE *out, const char *kind, const struct param *p)
{
	const char *const *c;

	for (; p && p->name; p++) {
		if (p->type != PARAM_ENUM)
			continue;
		fprintf(out, "\t%s:--%s) echo '", kind, p->name);
		for (c = p->choices; *c; c++)
			fprintf(out, "%s%s", c == p->choices ? "" : " ", *c);
		fputs("' ;;\n", out);
	}
}

int gen_completion(FILE *out, struct fl_error *err)
{
	const struct fault_ops *const *k;

	(void)err;
	fputs("# bash completion for faultline; made by tools/gen out of the fault table.\n"
	      "_faultline_options() { # KIND\n\tcase $1 in\n", out);
	for (k = fault_table; *k; k++) {
		fprintf(out, "\t%s) echo '", (*k)->name);
		print_options(out, (*k)->params);
		print_options(out, (*k)->common);
		fputs(" --for --forever --dry-run --detach --allow-host-interface --output --help' ;;\n", out);
	}
	fputs("\tesac\n}\n_faultline_words() { # KIND:OPTION\n\tcase $1 in\n", out);
	for (k = fault_table; *k; k++) {
		print_choices(out, (*k)->name, (*k)->params);
		print_choices(out, (*k)->name, (*k)->common);
	}
	fputs("\tesac\n}\n_faultline_kinds='", out);
	for (k = fault_table; *k; k++)
		fprintf(out, "%s%s", k == fault_table ? "" : " ", (*k)->name);
	fputs("'\n"
	      "_faultline() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} "
	      "words=\n"
	      "\tcase $COMP_CWORD:${COMP_WORDS[1]} in\n"
	      "\t1:*) words=$(faultline --help | awk '/^  [a-z]/ {print $1}') ;;\n"
	      "\t2:inject) words=$_faultline_kinds ;;\n"
	      "\t*:inject)\n"
	      "\t\twords=$(_faultline_words \"${COMP_WORDS[2]}:$prev\")\n"
	      "\t\t[ -n \"$words\" ] || words=$(_faultline_options \"${COMP_WORDS[2]}\") ;;\n"
	      "\t2:set | *:stop) words=\"--all --everyone --yes $(faultline list 2>/dev/null | "
	      "awk '$1 ~ /^[0-9a-z]+\\.[0-9]+$/ {print $1}')\" ;;\n"
	      "\t2:lab) words='up down status' ;;\n"
	      "\t*:top)\n"
	      "\t\tcase $prev in\n"
	      "\t\t--sort) words='rate errors p50 p95 p99' ;;\n"
	      "\t\t*) words='--sort --filter --interval --count --metrics --output --help' ;;\n"
	      "\t\tesac ;;\n"
	      "\t*:graph)\n"
	      "\t\tcase $prev in\n"
	      "\t\t-o | --output) words='dot json' ;;\n"
	      "\t\t*) words='--for --output --help' ;;\n"
	      "\t\tesac ;;\n"
	      "\t2:import) words='chaos-mesh chaostoolkit pumba' ;;\n"
	      "\t*:run | *:check | *:import | *:baseline) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	      "\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "}\n"
	      "complete -o default -F _faultline faultline\n",
	      out);
	return 0;
}
