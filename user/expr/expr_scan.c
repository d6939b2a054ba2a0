// SPDX-License-Identifier: GPL-2.0-only
/* expr_scan.c - see expr_scan.h */
#include <ctype.h>
#include <strings.h>

#include "expr/expr_scan.h"
#include "util/cleanup.h"
#include "util/text/units.h"

const char *scan_blank(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

size_t scan_word(const char *p)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*p) && *p != '_')
		return 0;
	for (;;) {
		unsigned char c = (unsigned char)p[n];

		if (isalnum(c) || c == '_')
			n++;
		else if ((c == '.' || c == ':' || c == '-') && isalnum((unsigned char)p[n + 1]))
			n++; /* inside a word only: "latency." ends a sentence */
		else
			return n;
	}
}

bool scan_is(const char *p, size_t len, const char *keyword)
{
	return strlen(keyword) == len && !strncasecmp(p, keyword, len);
}

size_t scan_op(const char *p, enum expr_op *ret)
{
	/* Longest first. */
	static const struct {
		const char *sign;
		enum expr_op op;
	} signs[] = {
		{ "≤", EXPR_LE },  { "≥", EXPR_GE },  { "≠", EXPR_NE },  { "<=", EXPR_LE },
		{ ">=", EXPR_GE }, { "==", EXPR_EQ }, { "!=", EXPR_NE }, { "<>", EXPR_NE },
		{ "<", EXPR_LT },  { ">", EXPR_GT },  { "=", EXPR_EQ },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (!strncmp(p, signs[i].sign, n)) {
			*ret = signs[i].op;
			return n;
		}
	}
	return 0;
}

/* Bytes of a unit word: letters, the micro sign, '%', or letters with a slash ("req/s"). */
static size_t unit_word(const char *p)
{
	size_t n = 0;

	if (*p == '%')
		return 1;
	for (;;) {
		if (isalpha((unsigned char)p[n]) || (n && p[n] == '/'))
			n++;
		else if (!strncmp(p + n, "µ", 2))
			n += 2;
		else
			return n;
	}
}

/* What the unit word makes of @v; false when it is no unit. */
static bool apply_unit(double v, const char *unit, size_t len, double *ret, enum expr_unit *ret_unit)
{
	static const char *const plain[] = { "rps", "req/s", "requests/s", "requests", "x" };
	char text[96];
	int64_t ns;
	uint64_t bytes;
	size_t i;

	if (scan_is(unit, len, "%") || scan_is(unit, len, "percent")) {
		*ret = v / 100;
		*ret_unit = EXPR_RATIO;
		return true;
	}
	*ret_unit = EXPR_NONE;
	*ret = v;
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		if (scan_is(unit, len, plain[i]))
			return true;
	if (snprintf(text, sizeof(text), "%.17g%.*s", v, (int)len, unit) >= (int)sizeof(text))
		return false;
	if (!units_offset_ns(text, &ns, NULL)) {
		*ret = (double)ns / 1e9;
		*ret_unit = EXPR_SECONDS;
		return true;
	}
	if (tolower((unsigned char)unit[len - 1]) == 'b' && !units_bytes(text, &bytes, NULL)) {
		*ret = (double)bytes;
		return true;
	}
	return false;
}

size_t scan_value(const char *p, double *ret, enum expr_unit *ret_unit)
{
	const char *end, *unit;
	size_t len;
	double v;

	if (units_double_prefix(p, &v, &end))
		return 0;
	unit = scan_blank(end);
	len = unit_word(unit);
	if (len && apply_unit(v, unit, len, ret, ret_unit))
		return (size_t)(unit + len - p);
	if (unit == end && (len || isdigit((unsigned char)*end) || *end == '_'))
		return 0; /* "3parsec" */
	*ret = v;
	*ret_unit = EXPR_NONE;
	return (size_t)(end - p);
}

size_t scan_duration(const char *p, uint64_t *ret_ns)
{
	enum expr_unit unit;
	double v;
	size_t n = scan_value(p, &v, &unit);

	if (!n || unit != EXPR_SECONDS || v < 0 || v > 1e9)
		return 0;
	*ret_ns = (uint64_t)(v * 1e9 + 0.5);
	return n;
}

int scan_labels(const char *p, char *ret, size_t size)
{
	const char *end;

	ret[0] = '\0';
	if (*p != '{')
		return 0;
	end = strpbrk(p + 1, "{}\n");
	if (!end || *end != '}' || (size_t)(end - p) > size)
		return -1;
	memcpy(ret, p + 1, (size_t)(end - p - 1));
	ret[end - p - 1] = '\0';
	return (int)(end + 1 - p);
}
