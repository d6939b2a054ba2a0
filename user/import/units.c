// SPDX-License-Identifier: GPL-2.0-only
/* units.c - how other tools write times, rates and shares, and how they split a line into words. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <strings.h>

#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/units.h"

/* Go's time.ParseDuration(): [+-](number unit)+, or 0. */
bool import_go_duration(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {
		/* "ms" before "m" */
		{ "ns", 1 },   { "us", 1e3 }, { "µs", 1e3 }, { "μs", 1e3 },
		{ "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 }, { "h", 3600e9 },
	};
	bool negative = *text == '-';
	double sum = 0, v;
	size_t i;

	text += *text == '-' || *text == '+';
	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return true;
	}
	do {
		if (*text == '-' || *text == '+' || units_double_prefix(text, &v, &text))
			return false;
		for (i = 0; i < ARRAY_SIZE(units) && strncmp(text, units[i].unit, strlen(units[i].unit)); i++)
			;
		if (i == ARRAY_SIZE(units))
			return false;
		text += strlen(units[i].unit);
		sum += v * units[i].ns;
	} while (*text);
	if (sum > 9e18)
		return false;
	*ret_ns = llround(negative ? -sum : sum);
	return true;
}

char *import_duration_text(const char *go_duration)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	size_t i = 0;
	int64_t ns;

	if (!go_duration || !import_go_duration(go_duration, &ns))
		return NULL;
	while (ns % units[i].ns) /* exact, whatever it takes */
		i++;
	return text_format("%lld%s", (long long)(ns / units[i].ns), units[i].unit);
}

char *import_tc_rate(const char *text)
{
	static const struct {
		const char *unit;
		double bits;
	} units[] = {
		{ "", 1 },    { "bit", 1 },    { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 },  { "tbit", 1e12 },
		{ "bps", 8 }, { "kbps", 8e3 }, { "mbps", 8e6 }, { "gbps", 8e9 }, { "tbps", 8e12 },
	};
	const char *unit;
	double v;
	size_t i;

	if (!text || units_double_prefix(text, &v, &unit) || v < 0)
		return NULL;
	unit += strspn(unit, " ");
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcasecmp(unit, units[i].unit) && v * units[i].bits < 1e18)
			return text_format("%.0fbit", v * units[i].bits);
	return NULL;
}

char *import_percent(const char *text)
{
	return text ? text_format("%s%s", text, strchr(text, '%') ? "" : "%") : NULL;
}

void import_exact_name(char *name)
{
	size_t len = strlen(name);

	if (strncmp(name, "re2:^", 5) || name[len - 1] != '$' ||
	    strspn(name + 5, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != len - 6)
		return;
	memmove(name, name + 5, len - 6);
	name[len - 6] = '\0';
}

/* One word, its quotes removed, from *p on, which moves behind it. */
static int split_word(const char **p, char **ret, struct fl_error *err)
{
	struct text word = {};
	char quote = 0;
	const char *s;

	text_append(&word, "%s", "");
	for (s = *p; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (*s == '\\' && quote != '\'' && s[1])
			text_append_bytes(&word, ++s, 1);
		else if (quote && *s == quote)
			quote = 0;
		else if (!quote && (*s == '"' || *s == '\''))
			quote = *s;
		else
			text_append_bytes(&word, s, 1);
	}
	*p = s;
	if (quote || word.failed) {
		text_free(&word);
		return quote ? error_usage(err, "a quote (%c) is not closed", quote)
			     : error_sys(err, ENOMEM, "out of memory");
	}
	*ret = word.s ? word.s : strdup("");
	return *ret ? 0 : error_sys(err, ENOMEM, "out of memory");
}

int import_split(const char *line, char ***ret, struct fl_error *err)
{
	char **words = NULL, *word = NULL;
	int r = 0, n = 0;

	for (;;) {
		line += strspn(line, " \t\r\n");
		if (!*line || *line == '#')
			break;
		if (++n > 1000)
			r = error_usage(err, "more than 1000 words in a line");
		else
			r = split_word(&line, &word, err);
		if (!r && words_add(&words, word))
			r = error_sys(err, ENOMEM, "out of memory");
		if (r) {
			words_free(words);
			return r;
		}
	}
	*ret = words;
	return 0;
}
