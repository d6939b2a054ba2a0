// SPDX-License-Identifier: GPL-2.0-only
/* template.c - files whose values another program has to fill in first. */
#include <ctype.h>
#include <errno.h>

#include "import/import.h"

/* Behind "$NAME" in capitals, as envsubst knows it; @s itself when it is none. */
static const char *skip_variable(const char *s)
{
	const char *p = s + 1;

	if (*s != '$' || !(isupper((unsigned char)*p) || *p == '_'))
		return s;
	while (isupper((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_')
		p++;
	return p - s > 2 ? p : s;
}

static const char *what_renders(const char *s)
{
	if (!strncmp(s, "{{", 2) || !strncmp(s, "{%", 2))
		return "helm template";
	if (!strncmp(s, "${", 2) || skip_variable(s) != s)
		return "envsubst";
	return NULL;
}

static int refuse(const char *source, int line, const char *s, size_t len, const char *tool, struct fl_error *err)
{
	error_usage(err, "this is a template: '%.*s' is not filled in; render it first", (int)(len > 60 ? 60 : len), s);
	if (!strcmp(tool, "envsubst"))
		error_hint(err, "NAME=value ... envsubst < FILE | faultline import FORMAT -");
	else
		error_hint(err, "helm template CHART | faultline import FORMAT - (or the tool that this template is "
				"made for)");
	error_at(err, source, line, 1);
	return -EINVAL;
}

int import_refuse_template(const char *source, const char *text, size_t len, struct fl_error *err)
{
	const char *end = text + len, *tool;
	int line = 1;

	while (text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text)) ?: end, *s = text;

		s += strspn(s, " \t");
		for (; s < next && !(*s == '#' && (s == text || isspace((unsigned char)s[-1]))); s++) {
			tool = what_renders(s);
			if (tool)
				return refuse(source, line, s, (size_t)(next - s), tool, err);
		}
		text = next + 1;
		line++;
	}
	return 0;
}
