// SPDX-License-Identifier: GPL-2.0-only
/* url.c - see url.h */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/text/url.h"

/* What ends a URL within a text. */
#define URL_END " \t\r\n\"'<>`"

static const char mask[] = "***";

/* Replace @n bytes at @s by the mask, or by as many stars as there is room for; returns what follows. */
static char *mask_bytes(char *s, size_t n)
{
	size_t m = n < sizeof(mask) - 1 ? n : sizeof(mask) - 1;

	memcpy(s, mask, m);
	memmove(s + m, s + n, strlen(s + n) + 1);
	return s + m;
}

/* "api_key", "X-Amz-Signature", "accessToken": does a name say that its value is secret? */
static bool is_secret(const char *name, size_t n)
{
	static const char *const parts[] = { "token", "key", "secret",     "pass",   "pwd",
					     "auth",  "sig", "credential", "session" };
	size_t i, at;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (at = 0; at + strlen(parts[i]) <= n; at++)
			if (!strncasecmp(name + at, parts[i], strlen(parts[i])))
				return true;
	return false;
}

/* The query parameters from @s to the end of the URL. */
static void mask_query(char *s)
{
	while (*s && *s != '#' && !strchr(URL_END, *s)) {
		size_t name = strcspn(s, "=&#" URL_END), value;

		if (s[name] != '=') {
			s += name;
		} else {
			char *v = s + name + 1;

			value = strcspn(v, "&#" URL_END);
			s = is_secret(s, name) ? mask_bytes(v, value) : v + value;
		}
		if (*s == '&')
			s++;
	}
}

void url_mask(char *text)
{
	char *s = text, *at, *user_end;
	size_t i, n;

	while ((s = strstr(s, "://"))) {
		s += 3;
		n = strcspn(s, "/?#" URL_END);
		for (user_end = NULL, i = 0; i < n; i++)
			if (s[i] == '@')
				user_end = s + i; /* the last one, as libcurl reads it */
		if (user_end)
			s = mask_bytes(s, (size_t)(user_end - s));
		at = s + strcspn(s, "?#" URL_END);
		if (*at == '?')
			mask_query(at + 1);
	}
}

json_t *url_masked_json(const char *url)
{
	_cleanup_free_ char *copy = url ? strdup(url) : NULL;

	if (!copy)
		return json_null();
	url_mask(copy);
	return json_string(copy);
}

char **url_hide_arguments(int argc, char **argv)
{
	static char **copy; /* to the end of the process */
	int i;

	copy = calloc((size_t)argc + 1, sizeof(*copy));
	for (i = 0; copy && i < argc; i++)
		if (!(copy[i] = strdup(argv[i])))
			return argv;
	for (i = 0; copy && i < argc; i++) {
		size_t n = strlen(argv[i]), left;

		url_mask(argv[i]);
		left = strlen(argv[i]);
		memset(argv[i] + left, 0, n - left); /* what the shorter text has left of the secret */
	}
	return copy ? copy : argv;
}
