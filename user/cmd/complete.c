// SPDX-License-Identifier: GPL-2.0-only
/*
 * complete.c - faultline complete WORD...: what the completions of bash, zsh and fish ask while a command line is being
 * typed. The words are those behind `faultline`, the last one is under the cursor. Commands, options and what
 * they take come from the tables that parse them: the command table, the argp tables, the fault table.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/complete.h"
#include "cmd/fault/inject.h"
#include "util/text/text.h"

#define OPTIONS_MAX 16 /* tables of one command: its own, its children's, the parameters of a kind */

/* All options of a command line. */
struct options {
	const struct argp_option *tables[OPTIONS_MAX];
	uint32_t n;
	const struct fault_ops *kind; /* of inject */
};

void complete_offer(const struct completing *c, const char *word, const char *doc)
{
	if (!strncmp(word, c->cur, strlen(c->cur)))
		printf("%s%s\t%s\n", c->keep, word, doc ? doc : "");
}

/* --- options ------------------------------------------------------------------------------------ */

static void add_argp(struct options *o, const struct argp *argp)
{
	const struct argp_child *child;

	if (argp->options && o->n < OPTIONS_MAX)
		o->tables[o->n++] = argp->options;
	for (child = argp->children; child && child->argp; child++)
		add_argp(o, child->argp);
}

static const struct argp_option *find_option(const struct options *o, const char *word)
{
	const struct argp_option *v;
	uint32_t i;

	for (i = 0; i < o->n; i++)
		for (v = o->tables[i]; v->name || v->key; v++)
			if (word[1] == '-' ? v->name && !strcmp(word + 2, v->name) : !word[2] && word[1] == v->key)
				return v;
	return NULL;
}

static const struct param *find_param(const struct options *o, const char *name)
{
	const struct param *tables[] = { o->kind ? o->kind->params : NULL, o->kind ? o->kind->common : NULL }, *p;
	size_t i;

	for (i = 0; i < 2; i++)
		for (p = tables[i]; p && p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	return NULL;
}

/* Does @word, an option, have its value in the next word? */
static bool takes_next(const struct options *o, const char *word)
{
	const struct argp_option *v = find_option(o, word);

	if (word[0] != '-' || strchr(word, '='))
		return false;
	return (v && v->arg) || (word[1] == '-' && find_param(o, word + 2));
}

static void offer_option(const struct completing *c, const char *name, const char *doc)
{
	char word[80];

	snprintf(word, sizeof(word), "--%s", name);
	complete_offer(c, word, doc);
}

static void offer_options(const struct completing *c, const struct options *o)
{
	const struct param *tables[] = { o->kind ? o->kind->params : NULL, o->kind ? o->kind->common : NULL }, *p;
	const struct argp_option *v;
	uint32_t i;

	for (i = 0; i < 2; i++)
		for (p = tables[i]; p && p->name; p++)
			offer_option(c, p->name, p->help);
	for (i = 0; i < o->n; i++)
		for (v = o->tables[i]; v->name || v->key; v++)
			offer_option(c, v->name, v->doc);
	offer_option(c, "docker-socket", "The container engine's socket");
	offer_option(c, "help", "Explain the command");
}

/* The value of option @word, of which @c is what is there of it. */
static void offer_value(const struct completing *c, const struct options *o, const char *command, const char *word)
{
	const struct argp_option *v = find_option(o, word);
	const struct param *p = word[1] == '-' ? find_param(o, word + 2) : NULL;

	if (p)
		complete_param(c, p);
	else if (v && v->arg)
		complete_value(c, command, v->arg);
}

/* --- arguments ---------------------------------------------------------------------------------- */

/* Word number @n of @line, which is ended by a newline; "" when it has none. The last one may be repeated ("FILE..."). */
static void nth_word(const char *line, uint32_t n, char *buf, size_t size)
{
	size_t len;

	for (;;) {
		line += strspn(line, " ");
		len = strcspn(line, " \n");
		if (!len || !n-- || (len > 3 && !strncmp(line + len - 3, "...", 3)) ||
		    (len > 4 && !strncmp(line + len - 4, "...]", 4)))
			break;
		line += len;
	}
	snprintf(buf, size, "%.*s", (int)len, line);
}

/* "[TARGET...]" is a TARGET. */
static void bare(char *word)
{
	size_t len;

	if (*word == '[')
		memmove(word, word + 1, strlen(word));
	len = strlen(word);
	while (len && strchr(".]", word[len - 1]))
		word[--len] = '\0';
}

/* Argument number @n (from 0) by "a FILE\nb FILE"; @first is the first one. */
static void offer_argument(const struct completing *c, const char *command, const char *args_doc, uint32_t n,
			   const char *first)
{
	const char *line;
	char word[64], begins[64];

	for (line = args_doc; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		nth_word(line, 0, begins, sizeof(begins));
		bare(begins);
		if (n && strpbrk(begins, "abcdefghijklmnopqrstuvwxyz") && !strchr(begins, '|') && strcmp(begins, first))
			continue;
		nth_word(line, n, word, sizeof(word));
		bare(word);
		if (word[0] != '-' || word[1])
			complete_value(c, command, word);
	}
}

/* --- the command line ---------------------------------------------------------------------------- */

static void offer_commands(const struct completing *c)
{
	const struct command *k;

	for (k = cmd_table; k->summary; k++)
		complete_offer(c, k->name, k->summary);
	complete_offer(c, "--help", NULL);
	complete_offer(c, "--version", NULL);
}

static void offer_kinds(const struct completing *c)
{
	const struct fault_ops *const *k;

	for (k = fault_table; *k; k++)
		complete_offer(c, (*k)->name, (*k)->summary);
	complete_offer(c, "--help", NULL);
}

/* What is typed behind the command, @n words of it, the last one under the cursor. */
static void complete_words(const struct command *k, const struct options *o, char *const *words, int n)
{
	const char *cur = words[n - 1], *equals = strchr(cur, '='), *first = "";
	struct completing c = { "", cur };
	char keep[96], option[80];
	uint32_t given = 0;
	int i;

	for (i = 0; i < n - 1; i++) {
		if (takes_next(o, words[i])) {
			i++;
		} else if (words[i][0] != '-') {
			first = given++ ? first : words[i];
		}
	}
	if (i == n) { /* the word before is an option, and this is its value */
		offer_value(&c, o, k->name, words[n - 2]);
	} else if (cur[0] == '-' && cur[1] == '-' && equals) {
		snprintf(option, sizeof(option), "%.*s", (int)(equals - cur), cur);
		snprintf(keep, sizeof(keep), "%s=", option);
		c = (struct completing){ keep, equals + 1 };
		offer_value(&c, o, k->name, option);
	} else if (cur[0] == '-') {
		offer_options(&c, o);
	} else if (!k->argp) {
		complete_targets(&c);
	} else if (!strcmp(k->name, "set") && given) {
		complete_change(&c, first);
	} else {
		offer_argument(&c, k->name, k->argp->args_doc, given, first);
	}
}

static void complete_command(const struct command *k, char *const *words, int n)
{
	struct options o = {};

	if (k->argp) {
		add_argp(&o, k->argp);
	} else if (n == 1) {
		offer_kinds(&(struct completing){ "", words[0] });
		return;
	} else {
		o.kind = fault_find(fault_table, words[0], NULL);
		o.tables[o.n++] = inject_fixed_options;
		words++;
		n--;
	}
	complete_words(k, &o, words, n);
}

int cmd_complete(int argc, char **argv)
{
	const struct command *k;

	if (argc < 2)
		return FL_EXIT_OK;
	if (argc == 2) {
		offer_commands(&(struct completing){ "", argv[1] });
		return FL_EXIT_OK;
	}
	for (k = cmd_table; k->summary; k++)
		if (!strcmp(k->name, argv[1]))
			complete_command(k, argv + 2, argc - 2);
	return FL_EXIT_OK;
}
