// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_json.c - a pipeline's answer to JSON: one document, one a line, NaN for a number, text turned into text twice. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "score/pipeline/pipeline_read.h"
#include "util/cleanup.h"

#define LEVELS_MAX 256

/* Is @v nested no deeper than @levels? What is kept goes into chaos_results.json, a few levels further
 * down, and that has to be readable again. */
static bool shallow(json_t *v, int levels)
{
	const char *key;
	json_t *member;
	size_t i;

	if (levels == 0)
		return false;
	json_array_foreach(v, i, member)
		if (!shallow(member, levels - 1))
			return false;
	json_object_foreach(v, key, member)
		if (!shallow(member, levels - 1))
			return false;
	return true;
}

/* A document that was turned into text twice, as json.dumps() returned by a framework that does it again. */
static void unquote(json_t **doc)
{
	const char *text = json_string_value(*doc);
	json_t *inner = text && strchr("[{", text[strspn(text, " \t\r\n")]) ? json_loads(text, 0, NULL) : NULL;

	if (!inner)
		return;
	json_decref(*doc);
	*doc = inner;
}

/* Python writes NaN and Infinity, which are no JSON: null, where they stand for a value. */
static json_t *load_without_nan(const char *body, size_t len)
{
	static const char *const words[] = { "NaN", "-Infinity", "Infinity", "-NaN" };
	const char *end = body + len;
	struct text plain = {};
	bool quoted = false, found = false;
	json_t *made = NULL;
	size_t i, n;

	for (; body < end; body += n) {
		n = 1;
		for (i = 0; !quoted && i < ARRAY_SIZE(words); i++)
			if ((size_t)(end - body) >= strlen(words[i]) && !memcmp(body, words[i], strlen(words[i]))) {
				n = strlen(words[i]);
				break;
			}
		if (n > 1) {
			text_append(&plain, "null");
			found = true;
			continue;
		}
		if (quoted && *body == '\\' && body + 1 < end)
			n = 2;
		else if (*body == '"')
			quoted = !quoted;
		text_append_bytes(&plain, body, n);
	}
	if (found)
		made = json_loadb(plain.s, plain.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	text_free(&plain);
	return made;
}

int pipeline_parse(const char *what, const char *body, size_t len, json_t **ret, struct fl_error *err)
{
	json_error_t why;
	size_t i = 0;

	while (i < len && isspace((unsigned char)body[i]))
		i++;
	if (i == len)
		return error_env(err, EBADMSG, "the pipeline answered %s with an empty body", what);
	if (body[i] == '<')
		return error_env(err, EBADMSG, "the pipeline answered %s with HTML, not JSON", what);
	*ret = json_loadb(body, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!*ret)
		*ret = load_without_nan(body, len);
	unquote(ret);
	if (*ret && shallow(*ret, LEVELS_MAX))
		return 0;
	if (*ret) {
		json_decref(*ret);
		*ret = NULL;
		return error_env(err, EBADMSG, "the pipeline answered %s with more than %d levels", what, LEVELS_MAX);
	}
	return error_env(err, EBADMSG, "the pipeline answered %s with no JSON: %s at byte %d", what, why.text,
			 why.position);
}

/* Where the document of a line begins; @n: it has none. Server-sent events have words of their own around it. */
static size_t said_by_event(const char *line, size_t n)
{
	static const char *const silent[] = { "event:", "id:", "retry:", ":", "data: [DONE]", "data:[DONE]" };
	size_t i, skip = 0;

	for (i = 0; i < ARRAY_SIZE(silent); i++)
		if (n >= strlen(silent[i]) && !memcmp(line, silent[i], strlen(silent[i])))
			return n;
	if (n >= 5 && !memcmp(line, "data:", 5))
		skip = 5;
	while (skip < n && strchr(" \t\r", line[skip]))
		skip++;
	return skip;
}

/* One document, or one a line (NDJSON, server-sent events) as an array. */
int pipeline_parse_lines(const char *what, const char *body, size_t len, json_t **ret, struct fl_error *err)
{
	struct fl_error whole = {};
	int rc = pipeline_parse(what, body, len, ret, &whole);
	const char *line = body, *end = body + len;
	json_t *list;

	if (!rc)
		return 0;
	list = json_array();
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((stop ? stop : end) - line), skip = said_by_event(line, n);
		json_t *one = NULL;

		if (skip < n && pipeline_parse(what, line + skip, n - skip, &one, NULL))
			break;
		if (one)
			json_array_append_new(list, one);
		line += n + (stop != NULL);
	}
	if (line >= end && json_array_size(list)) {
		*ret = list;
		return 0;
	}
	json_decref(list);
	if (err)
		*err = whole;
	return rc;
}
