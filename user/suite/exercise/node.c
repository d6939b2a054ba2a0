// SPDX-License-Identifier: GPL-2.0-only
/* node.c - values of the file as text, pairs of its mappings, and what says nothing. */
#include <strings.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

bool node_is_mapping(struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);

	return value && fy_node_is_mapping(value);
}

static char *scalar_text(struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);
	const char *s;
	size_t len = 0;

	if (!value || !fy_node_is_scalar(value))
		return NULL;
	s = fy_node_get_scalar(value, &len);
	/* A word processor's quotes are none for YAML. */
	if (s && len >= 6 && !memcmp(s, "\xe2\x80\x9c", 3) && !memcmp(s + len - 3, "\xe2\x80\x9d", 3)) {
		s += 3;
		len -= 6;
	}
	return s ? strndup(s, len) : NULL;
}

bool text_is_placeholder(const char *text)
{
	static const char *const begins[] = { "todo",    "tbd",         "fixme", "xxx",      "???",      "fill in",
					      "fill me", "placeholder", "điền ", "cần điền", "chưa điền" };
	static const char *const whole[] = { "...", "…", "?", "??", "_", "__", "___", "____" };
	size_t i, len;

	text += strspn(text, " \t\n#*([\"'");
	len = strlen(text);
	while (len && strchr(" \n\t\r", text[len - 1]))
		len--;
	/* "<your hypothesis>", "{{ service }}", "${DURATION}" */
	if (len > 1 && ((text[0] == '<' && text[len - 1] == '>' && !memchr(text + 1, '<', len - 1)) ||
			((!strncmp(text, "{{", 2) || !strncmp(text, "${", 2)) && text[len - 1] == '}')))
		return true;
	for (i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncasecmp(text, begins[i], strlen(begins[i])))
			return true;
	for (i = 0; i < ARRAY_SIZE(whole); i++)
		if (len == strlen(whole[i]) && !strncmp(text, whole[i], len))
			return true;
	return false;
}

bool text_says_nothing(const char *text)
{
	static const char *const words[] = { "",  "null",  "~",        "none",  "n/a",   "na",  "-",
					     "—", "không", "không có", "unset", "never", "nil", "unknown" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(words[i], text))
			return true;
	return text_is_placeholder(text);
}

bool node_is_list_of_mappings(struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;
	bool some = false;

	if (!list || !fy_node_is_sequence(list))
		return false;
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		if (!node_is_mapping(item))
			return false;
		some = true;
	}
	return some;
}

char *node_text(const struct work *w, struct fy_node *node, const char *between)
{
	struct fy_node *list = yaml_deref(node), *item;
	struct text out = {};
	void *iter = NULL;

	if (!list || !fy_node_is_sequence(list))
		return scalar_text(node);
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		_cleanup_free_ char *one = node_text(w, item, between);

		if (one)
			text_append(&out, "%s%s", out.len ? between : "", one);
	}
	return out.s;
}

char *value_text(const struct work *w, const struct value *v, const char *between)
{
	char *text = v->node ? node_text(w, v->node, between) : NULL;
	size_t len = text ? strlen(text) : 0;

	while (len && strchr(" \n\t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

void value_place(struct value *v, struct fy_node *key, struct fy_node *node, enum key_unit unit)
{
	v->node = node;
	v->unit = unit;
	yaml_place(key, &v->line, &v->column);
}

/* A visit of what "<<" brings in: only the keys that the mapping itself has not. */
struct merge {
	struct fy_node *own;
	pair_visit visit;
	void *arg;
};

static void visit_merged(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	const struct merge *m = arg;

	if (!fy_node_mapping_lookup_by_string(m->own, key, FY_NT))
		m->visit(w, key, key_node, node, m->arg);
}

void node_each_pair(struct work *w, struct fy_node *map, pair_visit visit, void *arg)
{
	struct fy_node *node = yaml_deref(map), *merged = NULL, *item;
	struct merge m = { node, visit, arg };
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (node_is_list_of_mappings(node)) /* "- target: x", "- duration: 60s" where one mapping was meant */
		while ((item = fy_node_sequence_iterate(node, &iter)))
			node_each_pair(w, item, visit, arg);
	if (!node || !fy_node_is_mapping(node))
		return;
	while ((pair = fy_node_mapping_iterate(node, &iter))) {
		_cleanup_free_ char *key = scalar_text(fy_node_pair_key(pair));

		if (key && !strcmp(key, "<<"))
			merged = yaml_deref(fy_node_pair_value(pair));
		else if (key)
			visit(w, key, fy_node_pair_key(pair), fy_node_pair_value(pair), arg);
	}
	iter = NULL;
	if (merged && fy_node_is_sequence(merged))
		while ((item = fy_node_sequence_iterate(merged, &iter)))
			node_each_pair(w, item, visit_merged, &m);
	else if (merged)
		node_each_pair(w, merged, visit_merged, &m);
}

static void join_command(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	static const char *const parts[] = { "tool",   "cmd",  "command", "commands", "params", "args",
					     "script", "exec", "method",  "run",      "shell" };
	struct text *out = arg;
	char folded[40];
	size_t i;

	(void)key_node;
	names_fold(key, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *text = strcmp(folded, parts[i]) ? NULL : node_text(w, node, " ");

		/* {method: docker exec, cmd: docker exec ...} */
		if (text && out->s && !strncmp(text, out->s, out->len))
			text_free(out);
		if (text)
			text_append(out, "%s%s", out->len ? " " : "", text);
	}
}

char *command_line(struct work *w, struct fy_node *node)
{
	struct text out = {};

	if (!node_is_mapping(node))
		return node ? node_text(w, node, " ") : NULL;
	node_each_pair(w, node, join_command, &out);
	return out.s;
}
