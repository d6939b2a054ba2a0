// SPDX-License-Identifier: GPL-2.0-only
/* fold.c - one form of all the spellings of a key: case, camelCase, blanks, accents, the unit at its end or in parentheses. */
#include <ctype.h>
#include <string.h>

#include "suite/exercise/names.h"
#include "util/cleanup.h"

/* The letter under an accent, as Vietnamese and Western European keys have them; 0: @code is no such letter. */
static char bare_letter(unsigned int code)
{
	static const struct {
		unsigned int first, last;
		char letter;
	} letters[] = {
		{ 0xc0, 0xc5, 'a' },     { 0xc7, 0xc7, 'c' },     { 0xc8, 0xcb, 'e' },     { 0xcc, 0xcf, 'i' },
		{ 0xd1, 0xd1, 'n' },     { 0xd2, 0xd6, 'o' },     { 0xd9, 0xdc, 'u' },     { 0xdd, 0xdd, 'y' },
		{ 0xe0, 0xe5, 'a' },     { 0xe7, 0xe7, 'c' },     { 0xe8, 0xeb, 'e' },     { 0xec, 0xef, 'i' },
		{ 0xf1, 0xf1, 'n' },     { 0xf2, 0xf6, 'o' },     { 0xf9, 0xfc, 'u' },     { 0xfd, 0xfd, 'y' },
		{ 0x102, 0x103, 'a' },   { 0x110, 0x111, 'd' },   { 0x128, 0x129, 'i' },   { 0x168, 0x169, 'u' },
		{ 0x1a0, 0x1a1, 'o' },   { 0x1af, 0x1b0, 'u' },   { 0x1ea0, 0x1eb7, 'a' }, { 0x1eb8, 0x1ec7, 'e' },
		{ 0x1ec8, 0x1ecb, 'i' }, { 0x1ecc, 0x1ee3, 'o' }, { 0x1ee4, 0x1ef1, 'u' }, { 0x1ef2, 0x1ef9, 'y' },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(letters); i++)
		if (code >= letters[i].first && code <= letters[i].last)
			return letters[i].letter;
	return 0;
}

/* An accented letter at @p: its bytes, and what stands for it; an accent of its own stands for nothing. 0: none. */
static size_t accented(const unsigned char *p, char *ret)
{
	unsigned int code = 0;
	size_t n = 0;

	if ((p[0] & 0xe0) == 0xc0 && (p[1] & 0xc0) == 0x80) {
		code = (unsigned int)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
		n = 2;
	} else if ((p[0] & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
		code = (unsigned int)(p[0] & 0x0f) << 12 | (unsigned int)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
		n = 3;
	}
	*ret = bare_letter(code);
	return *ret || (code >= 0x300 && code <= 0x36f) ? n : 0;
}

void names_fold(const char *key, char *ret, size_t size)
{
	static const char percent[] = "_percent";
	size_t n = 0;
	char before = '_';

	for (; *key && n + sizeof(percent) < size; key++) {
		unsigned char c = (unsigned char)*key;
		char letter;
		size_t bytes = accented((const unsigned char *)key, &letter);

		if (bytes) {
			if (letter)
				ret[n++] = letter;
			key += bytes - 1;
			before = 'a';
			continue;
		}
		if (isupper(c) && (islower((unsigned char)before) || isdigit((unsigned char)before)))
			ret[n++] = '_';
		if (strchr(" -._/([)]", c)) { /* "Duration (s)" */
			if (n && ret[n - 1] != '_')
				ret[n++] = '_';
		} else if (c == '%' && n) { /* "Traffic (%)" */
			memcpy(ret + n, percent + (ret[n - 1] == '_'), sizeof(percent) - 1 - (ret[n - 1] == '_'));
			n += sizeof(percent) - 1 - (ret[n - 1] == '_');
		} else {
			ret[n++] = (char)tolower(c);
		}
		before = *key;
	}
	while (n && ret[n - 1] == '_')
		n--;
	ret[n] = '\0';
}

enum key_unit names_cut_unit(char *folded)
{
	static const struct {
		const char *tail;
		enum key_unit unit;
	} tails[] = {
		{ "_seconds", UNIT_S },
		{ "_second", UNIT_S },
		{ "_secs", UNIT_S },
		{ "_sec", UNIT_S },
		{ "_s", UNIT_S },
		{ "_giay", UNIT_S },
		{ "_ms", UNIT_MS },
		{ "_msec", UNIT_MS },
		{ "_millis", UNIT_MS },
		{ "_milliseconds", UNIT_MS },
		{ "_minutes", UNIT_MIN },
		{ "_minute", UNIT_MIN },
		{ "_mins", UNIT_MIN },
		{ "_min", UNIT_MIN },
		{ "_phut", UNIT_MIN },
		{ "_m", UNIT_MIN },
		{ "_hours", UNIT_H },
		{ "_h", UNIT_H },
		{ "_percentage", UNIT_PERCENT },
		{ "_percent", UNIT_PERCENT },
		{ "_pct", UNIT_PERCENT },
		{ "_perc", UNIT_PERCENT },
		{ "_phan_tram", UNIT_PERCENT },
		{ "_mb", UNIT_MB },
		{ "_ratio", UNIT_RATIO },
		{ "_fraction", UNIT_RATIO },
		/* "durationseconds" */
		{ "seconds", UNIT_S },
		{ "minutes", UNIT_MIN },
		{ "percent", UNIT_PERCENT },
	};
	size_t len = strlen(folded), i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		size_t n = strlen(tails[i].tail);

		if (len > n && !strcmp(folded + len - n, tails[i].tail)) {
			folded[len - n] = '\0';
			return tails[i].unit;
		}
	}
	return UNIT_NONE;
}
