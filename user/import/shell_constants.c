// SPDX-License-Identifier: GPL-2.0-only
/*
 * shell_constants.c - variables of a script that are given one value, once, and a word of known text.
 * Anything else (a loop's, an argument, a second assignment) stays what only the shell knows.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "import/import.h"
#include "import/shell.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

static size_t name_len(const char *s)
{
	size_t len = 0;

	while (isalnum((unsigned char)s[len]) || s[len] == '_')
		len++;
	return isdigit((unsigned char)s[0]) ? 0 : len;
}

bool shell_is_assignment(const char *word)
{
	size_t len = name_len(word);

	return len && (word[len] == '=' || (word[len] == '+' && word[len + 1] == '='));
}

/* A second value, or none that is known, makes it unknown for good: null. */
static void give(json_t *constants, const char *name, size_t len, const char *value)
{
	_cleanup_free_ char *key = strndup(name, len);
	bool plain = value && value[0] && shell_is_known(value) && !strpbrk(value, " \t\r\n*?[");

	if (key)
		json_object_set_new(constants, key,
				    !plain || json_object_get(constants, key) ? json_null() : json_string(value));
}

struct notes {
	json_t *constants;
	int unreadable;
};

static int note_command(void *user, char **w, int line)
{
	struct notes *notes = user;
	json_t *constants = notes->constants;
	bool only = true;
	char **p;

	(void)line;
	if (!w) /* each is looked for to the end of the text */
		return ++notes->unreadable > SHELL_UNREADABLE_MAX ? -EINVAL : 0;
	if (!strcmp(*w, "for") || !strcmp(*w, "read") || !strcmp(*w, "select") || !strcmp(*w, "unset") ||
	    !strcmp(*w, "mapfile") || !strcmp(*w, "getopts")) {
		for (p = w + 1; *p; p++)
			if (name_len(*p) == strlen(*p))
				give(constants, *p, strlen(*p), NULL);
		return 0;
	}
	if (!strcmp(*w, "export") || !strcmp(*w, "readonly") || !strcmp(*w, "local") || !strcmp(*w, "declare"))
		w++;
	for (p = w; *p; p++)
		only &= shell_is_assignment(*p);
	for (p = w; *p && shell_is_assignment(*p); p++) {
		size_t len = name_len(*p);

		/* "A=b command" is for that command alone. */
		give(constants, *p, len, only && (*p)[len] == '=' ? *p + len + 1 : NULL);
	}
	return 0;
}

json_t *shell_constants(const char *text)
{
	struct notes notes = { .constants = json_object() };

	shell_commands(text, 1, note_command, &notes);
	return notes.constants;
}

/* The constant of the mark at @s ("$NAME", "${NAME}"), NULL: it is none; *ret_end is behind it. */
static const char *constant_at(const json_t *constants, const char *s, const char **ret_end, char **ret_name)
{
	bool brace = s[1] == '{';
	const char *name = s + 1 + brace;
	size_t len = name_len(name);

	if (!len || (brace && name[len] != '}'))
		return NULL;
	*ret_name = strndup(name, len);
	*ret_end = name + len + brace;
	return *ret_name ? json_string_value(json_object_get(constants, *ret_name)) : NULL;
}

char *shell_expand(const json_t *constants, const char *word, shell_constant_fn fn, void *user)
{
	struct text out = {};
	const char *end, *value;

	text_append(&out, "%s", "");
	while (*word) {
		_cleanup_free_ char *name = NULL;

		value = *word == SHELL_UNKNOWN ? constant_at(constants, word, &end, &name) : NULL;
		if (value) {
			text_append(&out, "%s", value);
			fn(user, name, value);
			word = end;
		} else {
			text_append_bytes(&out, word++, 1);
		}
	}
	return out.s;
}
