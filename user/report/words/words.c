// SPDX-License-Identifier: GPL-2.0-only
/* words.c - templates and counting; the texts are in words_en.c and words_vi.c. See words.h. */
#include <stdarg.h>
#include <string.h>

#include "report/words/words.h"
#include "report/words/words_all.h"

const struct words *words_find(const char *lang)
{
	static const struct words *const all[] = { &words_en, &words_vi };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i]->lang, lang))
			return all[i];
	return NULL;
}

/* The value given for @name (@n bytes), or NULL. */
static const char *lookup(const char *name, size_t n, va_list pairs)
{
	const char *key, *value, *found = NULL;
	va_list ap;

	va_copy(ap, pairs);
	while (!found && (key = va_arg(ap, const char *))) {
		value = va_arg(ap, const char *);
		if (strlen(key) == n && !memcmp(key, name, n))
			found = value;
	}
	va_end(ap);
	return found;
}

void words_fill(struct text *out, const char *template, ...)
{
	const char *p = template;
	va_list pairs;

	va_start(pairs, template);
	while (*p) {
		size_t plain = strcspn(p, "{");
		const char *end, *value;

		text_append_bytes(out, p, plain);
		p += plain;
		end = *p ? strchr(p, '}') : NULL;
		if (!end)
			break;
		value = lookup(p + 1, (size_t)(end - p - 1), pairs);
		/* A name nobody gave a value shows as it is: a test finds it. */
		if (value)
			text_append(out, "%s", value);
		else
			text_append_bytes(out, p, (size_t)(end + 1 - p));
		p = end + 1;
	}
	va_end(pairs);
}

uint32_t count_words(const char *text)
{
	uint32_t n = 0;

	while (*text) {
		text += strspn(text, " \t\r\n");
		if (!*text)
			break;
		n++;
		text += strcspn(text, " \t\r\n");
	}
	return n;
}

const struct mode_words *words_mode(const struct words *w, const char *mode)
{
	const struct mode_words *m = w->modes;

	while (m[1].mode && strcmp(m->mode, mode) != 0)
		m++;
	return m;
}
