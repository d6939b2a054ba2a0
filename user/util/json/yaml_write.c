// SPDX-License-Identifier: GPL-2.0-only
/* yaml_write.c - see yaml_write.h */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/json/yaml_write.h"
#include "util/text/utf8.h"

static bool is_plain(const char *s)
{
	static const char *const reserved[] = { "null", "true", "false", "yes", "no", "on", "off", "y", "n" };
	size_t i, len = strlen(s);

	if (!isalnum((unsigned char)s[0]) || s[len - 1] == ' ')
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_./%-<>= ", s[i]))
			return false;
	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcasecmp(s, reserved[i]))
			return false;
	return true;
}

void yaml_put_scalar(struct text *out, const char *s)
{
	json_t *string;
	char *quoted;

	if (is_plain(s)) {
		text_append(out, "%s", s);
		return;
	}
	string = json_string(s);
	quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	text_append(out, "%s", quoted ? quoted : "\"\"");
	free(quoted);
	json_decref(string);
}

/* What breaks a line for some reader of YAML must not end a comment: control characters, NEL, LS, PS. */
static bool is_break(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	return (n == 1 && (c < ' ' || c == 0x7f)) || (n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0) ||
	       !strncmp(s, "\xe2\x80\xa8", 3) || !strncmp(s, "\xe2\x80\xa9", 3);
}

void yaml_put_comment(struct text *out, const char *s)
{
	size_t n;

	for (; *s; s += n ? n : 1) {
		n = utf8_character(s);
		if (!n || is_break(s, n))
			text_append(out, " ");
		else
			text_append_bytes(out, s, n);
	}
}
