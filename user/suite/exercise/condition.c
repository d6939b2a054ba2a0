// SPDX-License-Identifier: GPL-2.0-only
/* condition.c - what an entry says in prose, a list or a mapping as one text: conditions, hypotheses, quantities. */
#include <ctype.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

struct condition {
	struct text text;
	char *metric, *op, *value, *window;
	bool percent; /* the unit of the value */
};

static char *condition_list(struct work *w, struct fy_node *node, const char *between)
{
	struct fy_node *list = yaml_deref(node), *item;
	struct text out = {};
	void *iter = NULL;

	if (!list || !fy_node_is_sequence(list))
		return condition_text(w, node);
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		_cleanup_free_ char *one = condition_text(w, item);

		if (one)
			text_append(&out, "%s%s", out.len ? between : "", one);
	}
	return out.s;
}

static void join_condition(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct condition *c = arg;
	char *text, folded[60], **to = NULL;
	enum key_unit unit;

	(void)key_node;
	names_fold(key, folded, sizeof(folded));
	if (!strcmp(folded, "all") || !strcmp(folded, "and") || !strcmp(folded, "any") || !strcmp(folded, "or")) {
		text = condition_list(w, node, !strcmp(folded, "all") || !strcmp(folded, "and") ? " AND " : " OR ");
		text_append(&c->text, "%s%s", c->text.len ? " OR " : "", text ? text : "");
		free(text);
		return;
	}
	text = node_text(w, node, " ");
	if (!strcmp(folded, "unit")) {
		c->percent |= text && (!strcasecmp(text, "percent") || !strcmp(text, "%") || !strcasecmp(text, "pct"));
		free(text);
		return;
	}
	unit = names_cut_unit(folded);
	if (!strcmp(folded, "metric") || !strcmp(folded, "name") || !strcmp(folded, "signal"))
		to = &c->metric;
	else if (!strcmp(folded, "operator") || !strcmp(folded, "op") || !strcmp(folded, "comparison") ||
		 !strcmp(folded, "comparator"))
		to = &c->op;
	else if (!strcmp(folded, "threshold") || !strcmp(folded, "value") || !strcmp(folded, "limit") ||
		 !strcmp(folded, "below") || !strcmp(folded, "above") || !strcmp(folded, "min") ||
		 !strcmp(folded, "max"))
		to = &c->value;
	else if (!strcmp(folded, "for") || !strcmp(folded, "duration") || !strcmp(folded, "window"))
		to = &c->window;
	if (to == &c->window && text) {
		char *time = duration_of(text, unit, UNIT_S);

		free(text);
		text = time;
	}
	if (to == &c->value && !c->op && (!strcmp(folded, "below") || !strcmp(folded, "above")))
		c->op = strdup(folded[0] == 'b' ? "<" : ">");
	if (to == &c->value && text && unit == UNIT_PERCENT && !strchr(text, '%')) {
		char *percent = text_format("%s%%", text);

		free(text);
		text = percent;
	}
	if (to && !*to)
		*to = text;
	else if (!to && text) {
		text_append(&c->text, "%s%s %s", c->text.len ? " " : "", key, text);
		free(text);
	} else {
		free(text);
	}
}

/* "lt", "gte", "less_than" as signs; a sign stays one. */
static const char *operator_sign(const char *op)
{
	static const char *const words[][2] = {
		{ "lt", "<" },           { "less_than", "<" }, { "below", "<" }, { "gt", ">" },
		{ "greater_than", ">" }, { "above", ">" },     { "le", "<=" },   { "lte", "<=" },
		{ "at_most", "<=" },     { "ge", ">=" },       { "gte", ">=" },  { "at_least", ">=" },
	};
	char folded[40];
	size_t i;

	names_fold(op, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(folded, words[i][0]))
			return words[i][1];
	return op;
}

/* A condition as text: a value, a list (any of them), or a mapping. */
char *condition_text(struct work *w, struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);
	struct condition c = {};
	struct text out = {};

	if (value && fy_node_is_sequence(value))
		return condition_list(w, value, " OR ");
	if (!value || !fy_node_is_mapping(value))
		return node_text(w, node, " OR ");
	node_each_pair(w, value, join_condition, &c);
	if (c.metric)
		text_append(&out, "%s %s %s%s", c.metric, c.op ? operator_sign(c.op) : "", c.value ? c.value : "",
			    c.percent && c.value && !strchr(c.value, '%') ? "%" : "");
	else
		text_append(&out, "%s", c.text.s ? c.text.s : "");
	if (c.window)
		text_append(&out, " for %s", c.window);
	free(c.metric);
	free(c.op);
	free(c.value);
	free(c.window);
	text_free(&c.text);
	return out.s;
}

/* --- prose ------------------------------------------------------------------------------------ */

static void join_prose(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct text *out = arg;
	_cleanup_free_ char *text = prose_text(w, node);
	/* {p99_latency: "< 500ms"} */
	bool compared = text && (strchr("<>=", text[0]) || !strncmp(text, "≥", 3) || !strncmp(text, "≤", 3));

	(void)key_node;
	if (text && text[0])
		text_append(out, "%s%s%s%s", out->len ? "\n" : "", compared ? key : "", compared ? " " : "", text);
}

char *prose_text(struct work *w, struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node), *item;
	struct text out = {};
	void *iter = NULL;

	if (value && fy_node_is_sequence(value)) {
		while ((item = fy_node_sequence_iterate(value, &iter)))
			join_prose(w, "", NULL, item, &out);
		return out.s;
	}
	if (!node_is_mapping(value))
		return value ? node_text(w, value, "\n") : NULL;
	if (fy_node_mapping_lookup_by_string(value, "metric", FY_NT))
		return condition_text(w, value);
	node_each_pair(w, value, join_prose, &out);
	return out.s;
}

/* --- quantities ------------------------------------------------------------------------------- */

static void join_quantity(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct text *out = arg;
	_cleanup_free_ char *text = node_text(w, node, ", ");
	char folded[40];

	(void)key_node;
	names_fold(key, folded, sizeof(folded));
	if (text && !strcmp(folded, "unit") && (!strcasecmp(text, "percent") || !strcasecmp(text, "pct")))
		text_append(out, "%%");
	else if (text)
		text_append(out, "%s%s%s", out->len ? " " : "", text,
			    !strncmp(folded, "percent", 7) && !strchr(text, '%') ? "%" : "");
}

char *quantity_text(struct work *w, struct fy_node *node)
{
	struct text out = {};
	size_t len;

	if (!node)
		return NULL;
	if (node_is_mapping(node))
		node_each_pair(w, node, join_quantity, &out);
	else
		out.s = node_text(w, node, ", ");
	for (len = out.s ? strlen(out.s) : 0; len && strchr(" \n\t\r", out.s[len - 1]);)
		out.s[--len] = '\0';
	return out.s;
}

char *time_in(const char *text)
{
	while ((text = strpbrk(text, "0123456789"))) {
		size_t n = strspn(text, "0123456789."), letters = 0;
		const char *tail = text + n + strspn(text + n, " ");
		_cleanup_free_ char *one = NULL;
		char *time;

		while (isalpha((unsigned char)tail[letters]) || (unsigned char)tail[letters] >= 0x80)
			letters++;
		one = letters ? text_format("%.*s%.*s", (int)n, text, (int)letters, tail) : NULL;
		time = one ? duration_of(one, UNIT_NONE, UNIT_S) : NULL;
		if (time)
			return time;
		text += n;
	}
	return NULL;
}
