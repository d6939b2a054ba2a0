// SPDX-License-Identifier: GPL-2.0-only
/* promtext.c - see promtext.h. Text format 0.0.4: NAME[{LABEL="VALUE",...}] VALUE [TIME] */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "tools/lab/pipeline/promtext.h"
#include "util/text/units.h"

const char *prom_label(const struct prom_sample *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->n_labels; i++)
		if (!strcmp(s->labels[i].name, name))
			return s->labels[i].value;
	return NULL;
}

/* A quoted value at *p; undoes \\, \" and \n in place. NULL when the quote does not close. */
static char *read_quoted(char **p)
{
	char *value = *p + 1, *to = value, *from = value;

	if (**p != '"')
		return NULL;
	for (; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			*to++ = *++from == 'n' ? '\n' : *from;
		else
			*to++ = *from;
	}
	if (!*from)
		return NULL;
	*p = from + 1;
	*to = '\0';
	return value;
}

/* The labels from behind '{' on; false when they are malformed. */
static bool read_labels(char **p, struct prom_sample *s)
{
	char *name, *equals, *value;

	for (;;) {
		*p += strspn(*p, ", ");
		if (**p == '}') {
			(*p)++;
			return true;
		}
		name = *p;
		equals = strchr(name, '=');
		if (!equals || s->n_labels == PROM_MAX_LABELS)
			return false;
		*equals = '\0';
		*p = equals + 1;
		value = read_quoted(p);
		if (!value)
			return false;
		s->labels[s->n_labels].name = name;
		s->labels[s->n_labels++].value = value;
	}
}

static bool read_value(const char *text, double *ret)
{
	const char *end;

	if (!strncmp(text, "+Inf", 4) || !strncmp(text, "-Inf", 4)) {
		*ret = text[0] == '+' ? HUGE_VAL : -HUGE_VAL;
		return true;
	}
	if (!strncmp(text, "NaN", 3)) {
		*ret = (double)NAN;
		return true;
	}
	return !units_double_prefix(text, ret, &end) && (!*end || *end == ' ');
}

static bool read_sample(char *line, struct prom_sample *s)
{
	char *p = line + strcspn(line, "{ ");

	s->name = line;
	s->n_labels = 0;
	if (p == line || !*p)
		return false;
	if (*p == '{') {
		*p++ = '\0';
		if (!read_labels(&p, s))
			return false;
	}
	*p++ = '\0';
	return read_value(p + strspn(p, " "), &s->value);
}

unsigned int prom_parse(char *text, void (*each)(void *context, const struct prom_sample *s), void *context)
{
	struct prom_sample s;
	unsigned int bad = 0;
	char *line, *next;

	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		while (isspace((unsigned char)*line))
			line++;
		if (!*line || *line == '#')
			continue;
		if (read_sample(line, &s))
			each(context, &s);
		else
			bad++;
	}
	return bad;
}
