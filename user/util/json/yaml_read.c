// SPDX-License-Identifier: GPL-2.0-only
/* yaml_read.c - mappings by table, and the readers of single values. See yaml.h. */
#include <errno.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define MAX_FIELDS 40

static const char *node_kind(struct fy_node *node)
{
	if (!node)
		return "nothing";
	return fy_node_is_mapping(node) ? "a mapping" : fy_node_is_sequence(node) ? "a list" : "a value";
}

/* Terminal escapes and the like have no place in a config; newlines and tabs do. */
static bool is_clean(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
}

static int scalar(struct yaml *y, struct fy_node *node, char **ret)
{
	struct fy_node *value = yaml_deref(node);
	const char *s;
	size_t len = 0;

	if (value && !fy_node_is_scalar(value))
		return yaml_error(y, node, "%s where one value is expected", node_kind(value));
	s = value ? fy_node_get_scalar(value, &len) : NULL;
	if (!s)
		len = 0;
	if (!is_clean(s ? s : "", len))
		return yaml_error(y, node, "control characters in a value");
	*ret = strndup(s ? s : "", len);
	return *ret ? 0 : error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
}

int yaml_string(struct yaml *y, struct fy_node *node, void *out)
{
	char **ret = out, *s;
	int r = scalar(y, node, &s);

	if (r)
		return r;
	free(*ret);
	*ret = s;
	return 0;
}

int yaml_word(struct yaml *y, struct fy_node *node, void *out)
{
	char **ret = out, *s;
	int r = scalar(y, node, &s);

	if (r)
		return r;
	if (!s[0] || strchr(s, '\n') || strlen(s) > 200) {
		r = yaml_error(y, node, s[0] ? "one line of at most 200 bytes is expected" : "a value is missing");
		free(s);
		return r;
	}
	free(*ret);
	*ret = s;
	return 0;
}

size_t words_count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

void words_free(char **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

int words_add(char ***list, char *word)
{
	size_t n = words_count(*list);
	char **grown = word ? realloc(*list, (n + 2) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(word);
		return -ENOMEM;
	}
	grown[n] = word;
	grown[n + 1] = NULL;
	*list = grown;
	return 0;
}

int yaml_each(struct yaml *y, struct fy_node *node, yaml_reader each, void *out)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;
	int r, first = 0;

	if (!list || !fy_node_is_sequence(list))
		return each(y, node, out);
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		r = each(y, item, out);
		if (r < 0 && !yaml_goes_on(y))
			return r;
		first = first ? first : r;
	}
	return first;
}

static int add_word(struct yaml *y, struct fy_node *node, void *out)
{
	char *s = NULL;
	int r = yaml_word(y, node, &s);

	if (!r && words_add(out, s))
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	return r;
}

int yaml_words(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, add_word, out);
}

int yaml_bool(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *s = NULL;
	int r = scalar(y, node, &s);

	if (r)
		return r;
	if (!strcasecmp(s, "true") || !strcasecmp(s, "yes"))
		*(bool *)out = true;
	else if (!strcasecmp(s, "false") || !strcasecmp(s, "no"))
		*(bool *)out = false;
	else
		return yaml_error(y, node, "'%.60s' is neither true nor false", s);
	return 0;
}

int yaml_duration(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *s = NULL;
	int r = scalar(y, node, &s);

	return r ? r : yaml_at(y, node, units_duration_ns(s, out, y->err));
}

int yaml_percent(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *s = NULL;
	int r = scalar(y, node, &s);

	return r ? r : yaml_at(y, node, units_percent_ppm(s, out, y->err));
}

int yaml_keep(struct yaml *y, struct fy_node *node, void *out)
{
	(void)y;
	*(struct fy_node **)out = node;
	return 0;
}

static int json_add_map(struct yaml *y, struct fy_node *map, json_t *object)
{
	struct fy_node_pair *pair;
	void *iter = NULL;
	int r = 0;

	while (!r && (pair = fy_node_mapping_iterate(map, &iter))) {
		_cleanup_free_ char *key = NULL;
		json_t *item = NULL;

		r = scalar(y, fy_node_pair_key(pair), &key);
		if (!r)
			r = yaml_json(y, fy_node_pair_value(pair), &item);
		if (!r && json_object_set_new(object, key, item))
			r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	}
	return r;
}

static int json_add_item(struct yaml *y, struct fy_node *node, void *out)
{
	json_t *item = NULL;
	int r = yaml_json(y, node, &item);

	if (!r && json_array_append_new(out, item))
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	return r;
}

int yaml_json(struct yaml *y, struct fy_node *node, void *out)
{
	struct fy_node *value = yaml_deref(node);
	_cleanup_free_ char *s = NULL;
	json_t *made = NULL;
	int r = 0;

	if (value && fy_node_is_mapping(value)) {
		made = json_object();
		r = json_add_map(y, value, made);
	} else if (value && fy_node_is_sequence(value)) {
		made = json_array();
		r = yaml_each(y, value, json_add_item, made);
	} else {
		r = scalar(y, node, &s);
		made = r ? NULL : json_string(s);
	}
	if (!r && !made)
		r = yaml_error(y, node, "not a text in UTF-8");
	if (r) {
		json_decref(made);
		return r;
	}
	json_decref(*(json_t **)out);
	*(json_t **)out = made;
	return 0;
}

/* The type that a plain scalar has in YAML 1.2; quoted ones are texts. */
static json_t *typed(struct fy_node *node, json_t *text)
{
	const char *s = json_string_value(text);
	enum fy_node_style style = fy_node_get_style(node);
	double v;

	if (style == FYNS_DOUBLE_QUOTED || style == FYNS_SINGLE_QUOTED || style == FYNS_LITERAL || style == FYNS_FOLDED)
		return json_incref(text);
	if (!s[0] || !strcmp(s, "null") || !strcmp(s, "~"))
		return json_null();
	if (!strcmp(s, "true") || !strcmp(s, "false"))
		return json_boolean(s[0] == 't');
	if (!units_double(s, &v, NULL))
		return s[strcspn(s, ".eE")] || v > 9e15 || v < -9e15 ? json_real(v) : json_integer((json_int_t)v);
	return json_incref(text);
}

static int typed_value(struct yaml *y, struct fy_node *node, json_t **ret);

static int typed_map(struct yaml *y, struct fy_node *map, json_t *object)
{
	struct fy_node_pair *pair;
	void *iter = NULL;
	int r = 0;

	while (!r && (pair = fy_node_mapping_iterate(map, &iter))) {
		_cleanup_free_ char *key = NULL;
		json_t *item = NULL;

		r = scalar(y, fy_node_pair_key(pair), &key);
		if (!r)
			r = typed_value(y, fy_node_pair_value(pair), &item);
		if (!r && json_object_set_new(object, key, item))
			r = yaml_error(y, fy_node_pair_key(pair), "not a text in UTF-8");
	}
	return r;
}

static int typed_value(struct yaml *y, struct fy_node *node, json_t **ret)
{
	struct fy_node *value = yaml_deref(node), *item;
	json_t *made = NULL, *one;
	void *iter = NULL;
	int r = 0;

	if (value && fy_node_is_mapping(value)) {
		made = json_object();
		r = typed_map(y, value, made);
	} else if (value && fy_node_is_sequence(value)) {
		made = json_array();
		while (!r && (item = fy_node_sequence_iterate(value, &iter))) {
			one = NULL;
			r = typed_value(y, item, &one);
			if (!r)
				json_array_append_new(made, one);
		}
	} else {
		json_t *text = NULL;

		r = yaml_json(y, node, &text);
		made = r ? NULL : value ? typed(value, text) : json_null();
		json_decref(text);
	}
	if (!r) {
		*ret = made;
		return 0;
	}
	json_decref(made);
	return r;
}

int yaml_typed_json(struct yaml *y, struct fy_node *node, void *out)
{
	json_t *made = NULL;
	int r = typed_value(y, node, &made);

	if (r)
		return r;
	json_decref(*(json_t **)out);
	*(json_t **)out = made;
	return 0;
}

static int unknown_key(struct yaml *y, struct fy_node *key_node, const char *key, const char *what,
		       const struct yaml_field *fields)
{
	const char *names[MAX_FIELDS + 1], *near;
	size_t n = 0;
	int r;

	for (; fields[n].key; n++)
		names[n] = fields[n].key;
	names[n] = NULL;
	near = text_nearest(key, names);
	r = yaml_error(y, key_node, "unknown key '%.60s' in %s", key, what);
	if (near)
		error_hint(y->err, "did you mean '%s'?", near);
	else
		error_hint(y->err, "docs/experiments.md lists the keys");
	return r;
}

static int read_field(struct yaml *y, struct fy_node_pair *pair, const char *key, const char *what,
		      const struct yaml_field *field, void *base)
{
	int r = field->read(y, fy_node_pair_value(pair), (char *)base + field->offset);

	if (!r || y->err->exit == FL_EXIT_OK) /* told already */
		return r;
	error_hint(y->err, "this is about '%s' in %s", key, what);
	return yaml_at(y, fy_node_pair_key(pair), r);
}

int yaml_map(struct yaml *y, struct fy_node *node, const char *what, const struct yaml_field *fields, void *base)
{
	struct fy_node *map = yaml_deref(node);
	bool seen[MAX_FIELDS] = {};
	struct fy_node_pair *pair;
	void *iter = NULL;
	size_t i;
	int r, first = 0;

	if (!map || !fy_node_is_mapping(map))
		return yaml_error(y, node, "%s: a mapping is expected, this is %s", what, node_kind(map));
	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		_cleanup_free_ char *key = NULL;

		r = scalar(y, fy_node_pair_key(pair), &key);
		for (i = 0; !r && fields[i].key && strcmp(fields[i].key, key); i++)
			;
		if (!r && !fields[i].key) {
			r = unknown_key(y, fy_node_pair_key(pair), key, what, fields);
		} else if (!r) {
			seen[i] = true;
			r = read_field(y, pair, key, what, &fields[i], base);
		}
		if (r && !yaml_goes_on(y))
			return r;
		first = first ? first : r;
	}
	for (i = 0; fields[i].key; i++) {
		if (!fields[i].required || seen[i])
			continue;
		r = yaml_error(y, node, "%s: '%s' is missing", what, fields[i].key);
		if (!yaml_goes_on(y))
			return r;
		first = first ? first : r;
	}
	return first;
}
