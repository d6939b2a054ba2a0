// SPDX-License-Identifier: GPL-2.0-only
/*
 * phrase.c - see phrase.h. Known names are looked for in four ways, the strictest first, and a looser one is
 * only tried when the stricter ones leave the phrase without a service, or an edge with one end only.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "suite/exercise/phrase.h"
#include "util/cleanup.h"

#define WORDS_MAX 48

struct word {
	const char *at;
	size_t len;
	bool used;
};

/* Bytes of the word at @p: letters of any language, digits, and - _ . inside. */
static size_t word_len(const char *p)
{
	size_t n = 0;

	for (;;) {
		unsigned char c = (unsigned char)p[n];

		if (!strncmp(p + n, "↔", 3) || !strncmp(p + n, "→", 3) || !strncmp(p + n, "⇄", 3) ||
		    !strncmp(p + n, "–", 3) || !strncmp(p + n, "←", 3))
			return n;
		if (isalnum(c) || c == '_' || c >= 0x80)
			n++;
		else if (n && (c == '-' || c == '.') && (isalnum((unsigned char)p[n + 1])))
			n++;
		else
			return n;
	}
}

static size_t split(const char *text, struct word *words)
{
	size_t n = 0;

	while (*text && n < WORDS_MAX) {
		size_t len = word_len(text);

		if (len)
			words[n++] = (struct word){ text, len, false };
		text += len ? len : 1;
	}
	return n;
}

static bool same(const char *a, size_t len, const char *b)
{
	size_t i;

	if (strlen(b) != len)
		return false;
	for (i = 0; i < len; i++) {
		char x = a[i] == '_' ? '-' : (char)tolower((unsigned char)a[i]);
		char y = b[i] == '_' ? '-' : (char)tolower((unsigned char)b[i]);

		if (x != y)
			return false;
	}
	return true;
}

/* Inside a container's name: "w3d2-payment-svc", "lab_payment-svc_1", "payment-svc-1". */
static bool is_container_of(const char *p, size_t len, const char *name)
{
	size_t n = strlen(name), end = len;

	while (end && isdigit((unsigned char)p[end - 1]))
		end--;
	if (end < len && end && (p[end - 1] == '-' || p[end - 1] == '_'))
		len = end - 1;
	if (len > n && (p[len - n - 1] == '-' || p[len - n - 1] == '_'))
		return same(p + len - n, n, name);
	return same(p, len, name);
}

/* "payment" of "payment-svc", "gateway" of "api-gateway", "resolver" of "dns-resolver". */
static bool is_part_of(const char *p, size_t len, const char *name)
{
	const char *tail = strrchr(name, '-');

	if (len < 3 || !tail)
		return false;
	return (!strcmp(tail, "-svc") && (size_t)(tail - name) == len && !strncasecmp(name, p, len)) ||
	       (strcmp(tail, "-svc") && strcmp(tail, "-db") && same(p, len, tail + 1));
}

static void add(struct phrase *ret, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ret->n; i++)
		if (same(name, len, ret->found[i]))
			return;
	if (ret->n < PHRASE_MAX && len < sizeof(ret->found[0]))
		snprintf(ret->found[ret->n++], sizeof(ret->found[0]), "%.*s", (int)len, name);
}

/* The service of the words from @i on; *ret_words: how many of them are its name. */
static const char *known_at(const struct word *w, size_t n, size_t i, const char *const *known, int how,
			    size_t *ret_words)
{
	char two[100];
	size_t k;

	*ret_words = 1;
	for (k = 0; known[k]; k++)
		if (!how ? same(w[i].at, w[i].len, known[k]) : how == 2 && is_container_of(w[i].at, w[i].len, known[k]))
			return known[k];
	for (k = 0; how == 3 && known[k]; k++)
		if (is_part_of(w[i].at, w[i].len, known[k]))
			return known[k];
	if (how != 1 || i + 1 == n || w[i + 1].at != w[i].at + w[i].len + 1)
		return NULL;
	/* "api gateway", "payment db", "payment service" */
	*ret_words = 2;
	snprintf(two, sizeof(two), "%.*s-%.*s", (int)w[i].len, w[i].at,
		 same(w[i + 1].at, w[i + 1].len, "service") ? 3 : (int)w[i + 1].len,
		 same(w[i + 1].at, w[i + 1].len, "service") ? "svc" : w[i + 1].at);
	for (k = 0; known[k]; k++)
		if (same(two, strlen(two), known[k]))
			return known[k];
	return NULL;
}

/* The words that name services, marked; those of an earlier pass are kept. */
static void find_known(struct word *w, size_t n, const char *const *known, int how, const char **at)
{
	size_t i, k, words;

	for (i = 0; i < n; i++) {
		const char *name = w[i].used ? NULL : known_at(w, n, i, known, how, &words);

		if (!name || (words == 2 && w[i + 1].used))
			continue;
		at[i] = name;
		for (k = 0; k < words; k++)
			w[i + k].used = true;
	}
}

/* "frontend-api-gateway": an edge in one word. */
static bool find_pair(struct word *w, const char *const *known, struct phrase *ret)
{
	size_t i, k, n;

	for (i = 0; known[i]; i++) {
		n = strlen(known[i]);
		if (w->len < n + 2 || !same(w->at, n, known[i]) || (w->at[n] != '-' && w->at[n] != '_'))
			continue;
		for (k = 0; known[k]; k++)
			if (k != i && same(w->at + n + 1, w->len - n - 1, known[k])) {
				add(ret, known[i], n);
				add(ret, known[k], strlen(known[k]));
				w->used = ret->edge = true;
				return true;
			}
	}
	return false;
}

static size_t count(const char *const *at, size_t n)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += at[i] != NULL;
	return found;
}

static bool is_edge(const char *text, const struct word *w, size_t n)
{
	static const char *const arrows[] = { "<->", "↔", "->", "→", "<-", "←", "⇄", "<>", "<=>", "=>", "--" };
	static const char *const words[] = { "link", "edge",       "between", "giữa", "kết", "cạnh",
					     "path", "connection", "to",      "tới",  "đến", "from",
					     "từ",   "với",        "with",    "vs",   "peer" };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(arrows); i++)
		if (strstr(text, arrows[i]))
			return true;
	for (i = 0; i < n; i++)
		for (k = 0; k < ARRAY_SIZE(words); k++)
			if (same(w[i].at, w[i].len, words[k]))
				return true;
	return false;
}

/* Words that name no service. */
static bool is_filler(const struct word *w)
{
	static const char *const fillers[] = {
		"instance", "instances",  "container", "containers", "pod",      "pods",       "replica", "replicas",
		"node",     "service",    "services",  "svc",        "of",       "the",        "a",       "an",
		"one",      "single",     "all",       "any",        "only",     "on",         "in",      "at",
		"requests", "request",    "traffic",   "responses",  "response", "egress",     "ingress", "link",
		"edge",     "network",    "path",      "volume",     "disk",     "memory",     "cpu",     "db",
		"database", "between",    "and",       "to",         "from",     "with",       "đến",     "tới",
		"giữa",     "và",         "của",       "cua",        "một",      "toàn",       "bộ",      "liên",
		"kết",      "dịch",       "vụ",        "trên",       "phía",     "host",       "stack",   "lab",
		"process",  "main",       "docker",    "compose",    "full",     "target",     "its",     "every",
		"each",     "connection", "kết-nối",   "lưu",        "lượng",    "các",        "sau",     "calls",
		"this",     "that",       "dev",       "local",      "percent",  "x",          "no",      "not",
		"n",        "or",         "hoặc",      "both",       "ends",     "filesystem", "none",    "null",
		"tbd",      "todo",
	};
	size_t i;

	for (i = 0; i < w->len && isdigit((unsigned char)w->at[i]); i++)
		;
	if (i == w->len || (i && w->len - i <= 2))
		return true;
	for (i = 0; i < ARRAY_SIZE(fillers); i++)
		if (same(w->at, w->len, fillers[i]))
			return true;
	return false;
}

/* No known one: the words that look like services ("billing-svc"), else the only one that is no filler. */
static void find_unknown(const struct word *w, size_t n, struct phrase *ret)
{
	size_t i, others = 0, other = 0;

	for (i = 0; i < n; i++) {
		if (is_filler(&w[i]))
			continue;
		other = i;
		others++;
		if (memchr(w[i].at, '-', w[i].len) || memchr(w[i].at, '_', w[i].len))
			add(ret, w[i].at, w[i].len);
	}
	if (!ret->n && (others == 1 || (others == 2 && ret->edge)))
		for (i = 0; i <= other; i++)
			if (!is_filler(&w[i]))
				add(ret, w[i].at, w[i].len);
}

void phrase_read(const char *text, const char *const *known, struct phrase *ret)
{
	struct word w[WORDS_MAX];
	const char *at[WORDS_MAX] = {};
	size_t n = split(text, w), i;
	int how;

	*ret = (struct phrase){};
	ret->edge = is_edge(text, w, n);
	for (i = 0; i < n; i++)
		find_pair(&w[i], known, ret);
	for (how = 0; how < 4; how++)
		if (how < 3 || (!count(at, n) && !ret->n) || (ret->edge && count(at, n) + ret->n < 2))
			find_known(w, n, known, how, at);
	for (i = 0; i < n; i++)
		if (at[i])
			add(ret, at[i], strlen(at[i]));
	if (!ret->n)
		find_unknown(w, n, ret);
}
