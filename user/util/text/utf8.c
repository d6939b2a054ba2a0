// SPDX-License-Identifier: GPL-2.0-only
/* utf8.c - see utf8.h */
#include <string.h>

#include "util/text/utf8.h"

unsigned int utf8_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

bool utf8_continues(unsigned char lead, unsigned int at, unsigned char next)
{
	unsigned char low = 0x80, high = 0xbf;

	if (at == 1 && lead == 0xe0)
		low = 0xa0;
	else if (at == 1 && lead == 0xed)
		high = 0x9f;
	else if (at == 1 && lead == 0xf0)
		low = 0x90;
	else if (at == 1 && lead == 0xf4)
		high = 0x8f;
	return next >= low && next <= high;
}

/* Bytes at @s that are part of its first character, all of it or what stands before a byte that is none of it. */
static unsigned int begun(const char *s)
{
	unsigned char lead = (unsigned char)s[0];
	unsigned int n = utf8_length(lead), i;

	for (i = 1; i < n && utf8_continues(lead, i, (unsigned char)s[i]); i++)
		;
	return i < n ? i : n;
}

unsigned int utf8_character(const char *s)
{
	unsigned int n = utf8_length((unsigned char)s[0]);

	return begun(s) == n ? n : 0;
}

bool utf8_is(const char *s)
{
	unsigned int n;

	for (; *s; s += n) {
		n = utf8_character(s);
		if (!n)
			return false;
	}
	return true;
}

void utf8_cut(char *s)
{
	size_t len = strlen(s), i;
	unsigned int n;

	for (i = len; i && len - i < 4; i--) {
		n = utf8_length((unsigned char)s[i - 1]);
		if (n > len - i + 1 && begun(s + i - 1) == len - i + 1)
			s[i - 1] = '\0';
		if (n)
			return;
	}
}

void utf8_mend(char *s)
{
	unsigned int n;

	utf8_cut(s);
	for (; *s; s += n) {
		n = utf8_character(s);
		if (n)
			continue;
		*s = '?';
		n = 1;
	}
}
