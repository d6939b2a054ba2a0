// SPDX-License-Identifier: GPL-2.0-only
/* hex.c - see hex.h */
#include <errno.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text/hex.h"

json_t *hex_json(const void *v, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	_cleanup_free_ char *text = malloc(2 * n + 1);
	const uint8_t *bytes = v;
	size_t i;

	if (!text)
		return NULL;
	for (i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * n);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

ssize_t hex_decode(const char *text, void *v, size_t size)
{
	size_t n = strlen(text) / 2, i;
	uint8_t *bytes = v;

	if (n > size || strlen(text) % 2)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return (ssize_t)n;
}

uint8_t *hex_from_json(const json_t *j, size_t *ret_n)
{
	const char *text = json_string_value(j);
	size_t size = text ? strlen(text) / 2 : 0;
	uint8_t *v = text ? malloc(size ?: 1) : NULL;
	ssize_t n = v ? hex_decode(text, v, size) : -1;

	if (n < 0) {
		free(v);
		return NULL;
	}
	*ret_n = (size_t)n;
	return v;
}
