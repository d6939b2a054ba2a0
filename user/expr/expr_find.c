// SPDX-License-Identifier: GPL-2.0-only
/*
 * expr_find.c - the testable clauses in a hypothesis: "metric op number [unit] [within DURATION]".
 *
 * Prose is in any language, so a word counts as a metric by its form: it has an underscore, a digit,
 * a dot or labels, or it is one of a few words that everybody uses ("latency"). "p99 latency" and
 * "error rate" are read as p99_latency and error_rate, "pass-rate" as pass_rate. So "trong < 30s" and "in < 30s" stay prose.
 */
#include <ctype.h>
#include <strings.h>

#include "expr/expr_scan.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define MAX_CLAUSES 32

static bool is_percentile(const char *p, size_t len)
{
	size_t i;

	if (len < 2 || (*p != 'p' && *p != 'P'))
		return false;
	for (i = 1; i < len; i++)
		if (!isdigit((unsigned char)p[i]))
			return false;
	return true;
}

static bool looks_like_metric(const char *p, size_t len)
{
	static const char *const words[] = { "latency", "availability", "throughput", "errors", "rps" };
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] == '_' || p[i] == ':' || p[i] == '.' || isdigit((unsigned char)p[i]))
			return true;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (scan_is(p, len, words[i]))
			return true;
	return false;
}

/* "pass-rate", "error-count": a hyphen before one of the words that follow. */
static bool is_hyphened(const char *p, size_t len)
{
	static const char *const tails[] = { "-latency", "-rate", "-count", "-ratio" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		size_t n = strlen(tails[i]);

		if (len > n && !strncasecmp(p + len - n, tails[i], n))
			return true;
	}
	return false;
}

/* One or two words that name a metric; bytes or 0. */
static size_t find_metric(const char *p, char *ret, size_t size)
{
	static const char *const seconds[] = { "latency", "rate", "count", "ratio" };
	size_t len = scan_word(p), more, i;
	const char *next = scan_blank(p + len);

	if (!len)
		return 0;
	more = next > p + len ? scan_word(next) : 0;
	for (i = 0; more && i < ARRAY_SIZE(seconds); i++)
		if (scan_is(next, more, seconds[i]) && (i || is_percentile(p, len)))
			return snprintf(ret, size, "%.*s_%s", (int)len, p, seconds[i]) < (int)size
				       ? (size_t)(next + more - p)
				       : 0;
	if (len >= size)
		return 0;
	memcpy(ret, p, len);
	ret[len] = '\0';
	for (i = 0; is_hyphened(p, len) && i < len; i++)
		if (ret[i] == '-')
			ret[i] = '_';
	return len;
}

static const char *find_window(const char *p, uint64_t *ret_ns)
{
	static const char *const words[] = { "for", "in", "within", "during", "over", "trong", "suốt" };
	const char *word = scan_blank(p);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]), d;
		const char *at;

		if (strncmp(word, words[i], n) || (word[n] != ' ' && word[n] != '\n'))
			continue;
		at = scan_blank(word + n);
		d = scan_duration(at, ret_ns);
		if (d)
			return at + d;
	}
	*ret_ns = 0;
	return p;
}

/* The clause that begins at @p; its end, or NULL. */
static const char *find_one(const char *text, const char *p, struct expr_clause *c)
{
	const char *at = p;
	size_t n, words;
	int labels;

	memset(c, 0, sizeof(*c));
	words = find_metric(p, c->metric, sizeof(c->metric));
	if (!words)
		return NULL;
	at += words;
	labels = scan_labels(at, c->labels, sizeof(c->labels));
	if (labels < 0 || (!labels && !looks_like_metric(c->metric, strlen(c->metric))))
		return NULL;
	at = scan_blank(at + labels);
	n = scan_op(at, &c->op);
	if (!n)
		return NULL;
	at = scan_blank(at + n);
	n = scan_value(at, &c->value, &c->unit);
	if (!n)
		return NULL;
	at = find_window(at + n, &c->for_ns);
	snprintf(c->text, sizeof(c->text), "%.*s", (int)(at - p), p);
	c->offset = (int)(p - text);
	return at;
}

/* Behind the word at @p, whatever its letters; at least one byte. */
static const char *skip_word(const char *p)
{
	const char *start = p;

	while (isalnum((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80)
		p++;
	return p > start ? p : p + 1;
}

uint32_t expr_find_clauses(const char *text, struct expr_clause **ret)
{
	struct expr_clause *found = calloc(MAX_CLAUSES, sizeof(*found));
	const char *p = text;
	uint32_t n = 0;

	*ret = NULL;
	if (!found)
		return 0;
	while (*p && n < MAX_CLAUSES) {
		const char *end = find_one(text, p, &found[n]);

		if (end) {
			n++;
			p = end;
		} else {
			p = skip_word(p);
		}
	}
	if (!n) {
		free(found);
		return 0;
	}
	*ret = found;
	return n;
}
