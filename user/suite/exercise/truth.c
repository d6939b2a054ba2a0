// SPDX-License-Identifier: GPL-2.0-only
/*
 * truth.c - what the pipeline should say: roots that are right, services that must not be named, and whether
 * a detection is expected at all.
 */
#include <strings.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "util/cleanup.h"

/* Longest first. A word of letters must end at a blank. */
/* clang-format off */
static const char *const negations[] = {
	"không phải là", "không phải", "không được là", "must not be", "must not pick", "must not", "should not be",
	"anything but", "any but", "any except", "everything except", "except", "khác", "isn't", "is not", "not:",
	"but never", "but not", "rather than", "instead of", "other than", "never", "not", "!=", "≠", "<>", "!", "~",
};
/* clang-format on */

/* Bytes of a negation at @p, blanks behind it included; 0: none. */
static size_t negation(const char *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(negations); i++) {
		size_t n = strlen(negations[i]);
		bool sign = strchr("!~<", negations[i][0]) || !strcmp(negations[i], "≠") || negations[i][n - 1] == ':';

		if (!strncasecmp(p, negations[i], n) && (sign || strchr(" _-", p[n])) && p[n])
			return n + strspn(p + n, " _-");
	}
	return 0;
}

const char *exercise_not(const char *text)
{
	size_t n = negation(text);

	return n && text[n] ? text + n : NULL;
}

static bool is_known(const struct work *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->n_services; i++)
		if (!strcmp(w->services[i], name))
			return true;
	return false;
}

static void add_service(char ***list, const char *name)
{
	char **s;

	for (s = *list; s && *s; s++)
		if (!strcmp(*s, name))
			return;
	words_add(list, strdup(name));
}

static bool speaks_of_edge(const char *text)
{
	return strcasestr(text, "edge") || strcasestr(text, "link") || strcasestr(text, "cạnh") ||
	       strcasestr(text, "either end") || strcasestr(text, "both ends");
}

/* The services of one part; prose without a known one is named, not taken for a name. */
static void add_services(struct work *w, struct entry *x, const struct value *at, const char *text, char ***list)
{
	struct phrase p;
	size_t i, taken = 0;

	phrase_read(text, w->services, &p);
	for (i = 0; i < p.n; i++)
		if (is_known(w, p.found[i]) || !strchr(text, ' ')) {
			add_service(list, p.found[i]);
			taken++;
		}
	if (speaks_of_edge(text) && taken < 2 && x->targets) {
		add_service(list, x->targets[0]);
		if (x->peer)
			add_service(list, x->peer);
		taken++;
	}
	if (!taken && !text_says_nothing(text) && strcasecmp(text, "any") != 0)
		work_note(w, x, at, NOTE, "unread-root", "'%.80s' names no service: no root cause is taken from it",
			  text);
}

/* "payment-svc (not checkout-svc)": what stands in front of the negation is right, what follows is not. */
static void take_roots(struct work *w, struct entry *x, const struct value *at, char *text, bool wrong)
{
	char *p = text;

	while (*p && !((p == text || strchr(" (,;/", p[-1])) && negation(p)))
		p++;
	if (*p) {
		char *wrong_ones = p + negation(p), *rest = strchr(wrong_ones, '(');

		/* "NOT checkout-svc (payment-svc or inventory-svc)": who it is instead. */
		if (rest)
			*rest++ = '\0';
		add_services(w, x, at, wrong_ones, &x->not_roots);
		if (rest)
			take_roots(w, x, at, rest, wrong);
		*p = '\0';
	}
	while (p > text && strchr(" (,;", p[-1]))
		*--p = '\0';
	if (text[0])
		add_services(w, x, at, text, wrong ? &x->not_roots : &x->roots);
}

static void join_service(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	static const char *const skipped[] = { "weight", "score", "confidence", "fault", "fault_type", "class",
					       "type",   "kind",  "reason",     "why",   "description" };
	struct text *out = arg;
	_cleanup_free_ char *text = node_text(w, node, ", ");
	size_t i;

	(void)key_node;
	for (i = 0; i < ARRAY_SIZE(skipped) && strcasecmp(key, skipped[i]) != 0; i++)
		;
	if (text && i == ARRAY_SIZE(skipped))
		text_append(out, "%s%s", out->len ? ", " : "", text);
}

/* A service as text, or {service: x, weight: 1}, {edge: [a, b]}. */
static char *service_text(struct work *w, struct fy_node *node)
{
	struct text out = {};

	if (!node_is_mapping(node))
		return node ? node_text(w, node, ", ") : NULL;
	node_each_pair(w, node, join_service, &out);
	return out.s;
}

/* "root = payment-svc, class = latency": what is behind the second name is not about the root. */
static void cut_assignments(char *text)
{
	char *sign = strpbrk(text, "=:"), *next;

	if (!sign || sign == text || strchr("!<>", sign[-1]) || !strncasecmp(text, "edge", 4) ||
	    !strncasecmp(text, "not", 3))
		return;
	next = strpbrk(sign + 1, "=:");
	while (next && next > sign && *next != ',' && *next != ';')
		next--;
	if (next)
		*next = '\0';
	sign += 1 + strspn(sign + 1, " ");
	memmove(text, sign, strlen(sign) + 1);
}

static void take_list(struct work *w, struct entry *x, enum slot slot, bool wrong)
{
	struct fy_node *node = yaml_deref(x->v[slot].node), *item;
	void *iter = NULL;

	if (!node)
		return;
	if (!fy_node_is_sequence(node)) {
		_cleanup_free_ char *text = service_text(w, node);

		if (text)
			cut_assignments(text);
		if (text && !text_says_nothing(text))
			take_roots(w, x, &x->v[slot], text, wrong);
		return;
	}
	while ((item = fy_node_sequence_iterate(node, &iter))) {
		_cleanup_free_ char *text = service_text(w, item);

		if (text && !text_says_nothing(text))
			take_roots(w, x, &x->v[slot], text, wrong);
	}
}

/* Who is named as wrong cannot be right as well; "accept" lists are the later word. */
static void drop_contradictions(struct work *w, struct entry *x)
{
	char **from, **to, **n;

	for (from = to = x->roots; from && *from; from++) {
		bool wrong = false;

		for (n = x->not_roots; n && *n; n++)
			wrong |= !strcmp(*n, *from);
		if (wrong) {
			work_note(w, x, &x->v[SLOT_NOT_ROOT], NOTE, "ground-truth",
				  "%s is both the root cause and not: "
				  "it counts as not",
				  *from);
			free(*from);
		} else {
			*to++ = *from;
		}
	}
	if (to)
		*to = NULL;
}

static void take_detect(struct work *w, struct entry *x)
{
	_cleanup_free_ char *text = service_text(w, x->v[SLOT_DETECT].node); /* or {expected: true, within: 60s} */
	_cleanup_free_ char *word = text ? strndup(text, strcspn(text, " ,.;(")) : NULL;
	int yes = word && text[0] ? names_bool(word) : 1;

	x->must_detect = yes != 0;
	if (yes < 0 && !text_says_nothing(text))
		work_note(w, x, &x->v[SLOT_DETECT], NOTE, "unread-detection",
			  "'%.60s' is neither true nor false: a "
			  "detection is expected",
			  text);
}

void entry_truth(struct work *w, struct entry *x)
{
	take_detect(w, x);
	take_list(w, x, SLOT_ROOT, false);
	take_list(w, x, SLOT_MORE_ROOTS, false);
	take_list(w, x, SLOT_NOT_ROOT, true);
	if (!x->roots && !x->not_roots && x->v[SLOT_TRUTH_TARGET].node)
		take_list(w, x, SLOT_TRUTH_TARGET, false);
	drop_contradictions(w, x);
	if (!words_count(x->roots) && !words_count(x->not_roots) && x->must_detect)
		invent_truth(w, x);
	x->symptom = value_text(w, &x->v[SLOT_CLASS], ", ");
	x->reason = value_text(w, &x->v[SLOT_REASON], " ");
}
