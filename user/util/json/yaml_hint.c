// SPDX-License-Identifier: GPL-2.0-only
/*
 * yaml_hint.c - what people usually did where a parser says "invalid nested block mapping on the same line". Judged by
 * the text of the line, because the parser's messages differ from version to version.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "util/json/yaml_hint.h"

struct line {
	const char *at;
	size_t len, indent;
};

static bool line_of(const char *text, size_t len, int number, struct line *ret)
{
	const char *end = text + len, *stop;

	for (; number > 1 && text < end; number--) {
		stop = memchr(text, '\n', (size_t)(end - text));
		text = stop ? stop + 1 : end;
	}
	if (number != 1 || text >= end)
		return false;
	stop = memchr(text, '\n', (size_t)(end - text));
	ret->at = text;
	ret->len = (size_t)((stop ? stop : end) - text);
	for (ret->indent = 0; ret->indent < ret->len && text[ret->indent] == ' '; ret->indent++)
		;
	return true;
}

static bool has(const struct line *l, size_t from, const char *what)
{
	return from < l->len && memmem(l->at + from, l->len - from, what, strlen(what));
}

static bool is_blank(const struct line *l)
{
	return l->indent == l->len || l->at[l->indent] == '#' || l->at[l->indent] == '\r';
}

/* Where the value of "key: value" or "- value" begins; the line's length when there is none. */
static size_t value_at(const struct line *l)
{
	size_t i = l->indent;
	const char *colon;

	while (i + 1 < l->len && l->at[i] == '-' && l->at[i + 1] == ' ')
		i += 2;
	colon = memmem(l->at + i, l->len - i, ": ", 2);
	i = colon ? (size_t)(colon - l->at) + 2 : i > l->indent ? i : l->len;
	while (i < l->len && l->at[i] == ' ')
		i++;
	return i;
}

static const char *of_indent(const struct line *l)
{
	size_t i;

	for (i = 0; i < l->len && (l->at[i] == ' ' || l->at[i] == '\t'); i++)
		if (l->at[i] == '\t')
			return "the line is indented with a tab, and YAML allows blanks only: replace each tab by two "
			       "blanks "
			       "(sed -i 's/\\t/  /g' FILE)";
	return NULL;
}

static const char *of_blanks(const struct line *l)
{
	/* no-break, narrow no-break, zero width, ideographic */
	static const char *const odd[] = { "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x8b", "\xe3\x80\x80" };
	size_t i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (has(l, 0, odd[i]))
			return "the line has a blank that is none for YAML (a no-break space, as text pasted from a "
			       "web page or "
			       "a document has it): type it anew";
	return NULL;
}

/* What other languages write. */
static const char *of_language(const struct line *l)
{
	size_t i, at = l->indent;

	if (at + 1 < l->len && l->at[at] == '/' && strchr("/*", l->at[at + 1]))
		return "a comment begins with '#', not with '//' or '/*'";
	for (i = 0; i + 1 < l->len; i++) {
		size_t k = i + 1;

		while (k < l->len && l->at[k] == ' ')
			k++;
		if (strchr("{[", l->at[i]) && k + 1 < l->len && l->at[k] == '-' && l->at[k + 1] == ' ')
			return "in { } and [ ] an item has no '-': metrics: [probe_pass_rate, p99_latency]";
	}
	while (at < l->len && strchr("- ", l->at[at]))
		at++;
	for (i = at; i < l->len && (isalnum((unsigned char)l->at[i]) || l->at[i] == '_'); i++)
		;
	if (i > at && i + 2 < l->len && !memcmp(l->at + i, " = ", 3))
		return "YAML writes 'key: value', not 'key = value'";
	return NULL;
}

static const char *of_value(const struct line *l)
{
	size_t at = value_at(l), quotes = 0, i;
	char first = at < l->len ? l->at[at] : '\0';

	if (first && strchr("`@%", first))
		return "a value that begins with ` or @ or % has to be in quotes: target: 'payment-svc'";
	if (first == '"' || first == '\'') {
		for (i = at; i < l->len; i++)
			quotes += l->at[i] == first && (first == '\'' || l->at[i - 1] != '\\');
		return quotes % 2 ? "the quote that opens the value is not closed on its line; inside '...' a ' is "
				    "written twice"
				  : NULL;
	}
	if (first && !strchr("{[|>&*#", first) && has(l, at, ": "))
		return "the value has ': ' in it: put all of it in quotes, hypothesis: 'Steady-state: ...', or below "
		       "'hypothesis: |'";
	return NULL;
}

/* Deeper than the line above, which has its value already. */
static const char *of_depth(const struct line *above, const struct line *l)
{
	if (is_blank(above) || is_blank(l) || l->indent <= above->indent || value_at(above) >= above->len ||
	    strchr("|>{[\"'", above->at[value_at(above)]))
		return NULL;
	return "the keys of one entry stand in the same column; a line is indented deeper than the one above it, which "
	       "has a "
	       "value already";
}

/* 'a text that ' and 'goes on': Python's way to break a long one. */
static const char *of_texts(const struct line *above, const struct line *l)
{
	size_t end = above->len;

	while (end && strchr(" \r", above->at[end - 1]))
		end--;
	if (end < 2 || l->indent >= l->len || !strchr("'\"", above->at[end - 1]) || !strchr("'\"", l->at[l->indent]))
		return NULL;
	return "two texts in quotes, one after the other: Python makes one of them, YAML does not; have Python write "
	       "the "
	       "file by json.dump(experiments, open('experiments.json', 'w'))";
}

const char *yaml_hint(const char *text, size_t len, int line)
{
	static const char *(*const looks[])(const struct line *) = { of_indent, of_blanks, of_language, of_value };
	struct line l[3] = {}; /* above, at, and below the place */
	const char *hint = NULL;
	bool there[3];
	size_t i, k;

	for (i = 0; i < 3; i++)
		there[i] = line_of(text, len, line - 1 + (int)i, &l[i]);
	/* The place itself before its neighbours: a parser may notice a line later. */
	if (there[0] && there[1])
		hint = of_texts(&l[0], &l[1]);
	for (k = 0; !hint && there[1] && k < 4; k++)
		hint = looks[k](&l[1]);
	for (k = 0; !hint && there[0] && k < 4; k++)
		hint = looks[k](&l[0]);
	if (!hint && there[0] && there[1])
		hint = of_depth(&l[0], &l[1]);
	if (!hint && there[1] && there[2])
		hint = of_depth(&l[1], &l[2]);
	return hint;
}

/* The key of a line: bytes from its column to the colon; a "- " in front of it belongs to the column. */
static size_t key_at(const struct line *l, size_t column)
{
	const char *colon;

	if (column >= l->len || (l->indent != column && !(l->indent + 2 == column && l->at[l->indent] == '-')))
		return 0;
	colon = memchr(l->at + column, ':', l->len - column);
	return colon ? (size_t)(colon - l->at) - column : 0;
}

int yaml_first_of(const char *text, size_t len, int line, int column)
{
	struct line second, l;
	size_t at = column > 0 ? (size_t)column - 1 : 0, n;
	int i;

	if (!line_of(text, len, line, &second))
		return 0;
	n = key_at(&second, at);
	for (i = line - 1; n && i > 0 && line_of(text, len, i, &l); i--) {
		if (is_blank(&l))
			continue;
		if (key_at(&l, at) == n && !memcmp(l.at + at, second.at + at, n))
			return i;
		if (l.indent < at && l.at[l.indent] != '-')
			return 0;
	}
	return 0;
}
