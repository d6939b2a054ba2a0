// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaos_mesh_selector.c - selectors: the services that one names, by the label that says so by convention,
 * by an expression `In` over such a label, or by the names of pods. What narrows it further stays in the
 * document, to be named.
 */
#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

/* The labels that by convention say which service it is; a StatefulSet's pods have one each. */
/* clang-format off */
static const char *const service_labels[] = {
	"app.kubernetes.io/component", "app.kubernetes.io/name", "app", "k8s-app", "service", "component",
	"name", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-name", NULL,
};
/* clang-format on */

static bool is_service_label(const char *key)
{
	size_t i;

	for (i = 0; key && service_labels[i]; i++)
		if (!strcmp(service_labels[i], key))
			return true;
	return false;
}

static bool add_name(struct import *im, const char *name, char ***ret)
{
	char *const *w;

	for (w = *ret; name && w && *w; w++)
		if (!strcmp(*w, name))
			return true;
	if (!name || words_add(ret, strdup(name)))
		im->failed = true;
	return !im->failed;
}

static void take_label(struct import *im, json_t *labels, char ***ret)
{
	const char *const *l;

	for (l = service_labels; !*ret && *l; l++) {
		json_t *v = json_object_get(labels, *l);

		if (!json_is_string(v))
			continue;
		add_name(im, json_string_value(v), ret);
		json_object_del(labels, *l);
	}
}

/* A list of texts only, and not an empty one. */
static bool are_texts(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!json_is_string(item) || !json_string_length(item))
			return false;
	return json_array_size(list) > 0;
}

static void add_names(struct import *im, const json_t *list, char ***ret)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		add_name(im, json_string_value(item), ret);
}

/* The first {key: app, operator: In, values: [a, b]}. */
static void take_expression(struct import *im, json_t *expressions, char ***ret)
{
	json_t *e, *values;
	size_t i;

	for (i = 0; !*ret && i < json_array_size(expressions); i++) {
		const char *operator;

		e = json_array_get(expressions, i);
		operator= json_string_value(json_object_get(e, "operator"));

		values = json_object_get(e, "values");
		if (!operator|| strcmp(operator, "In") || !are_texts(values) ||
		    !is_service_label(json_string_value(json_object_get(e, "key"))))
			continue;
		add_names(im, values, ret);
		json_array_remove(expressions, i);
	}
}

/* pods: {namespace: [name, ...], ...} */
static void take_pods(struct import *im, json_t *pods, char ***ret)
{
	const char *namespace;
	json_t *list;

	json_object_foreach(pods, namespace, list)
		if (!are_texts(list))
			return;
	json_object_foreach(pods, namespace, list)
		add_names(im, list, ret);
	json_object_clear(pods);
}

static void take_field(struct import *im, json_t *fields, char ***ret)
{
	const char *name = json_string_value(json_object_get(fields, "metadata.name"));

	if (!name)
		return;
	add_name(im, name, ret);
	json_object_del(fields, "metadata.name");
}

char **import_selector(struct import *im, json_t *doc, const char *path)
{
	static const struct {
		const char *key;
		void (*take)(struct import *im, json_t *v, char ***ret);
	} parts[] = {
		/* What names a single instance comes first. */
		{ "pods", take_pods },
		{ "fieldSelectors", take_field },
		{ "labelSelectors", take_label },
		{ "expressionSelectors", take_expression },
	};
	char **names = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *at = text_format("%s.%s", path, parts[i].key);
		json_t *v = at ? import_take(doc, at) : NULL;

		if (!at)
			im->failed = true;
		if (v && !names)
			parts[i].take(im, v, &names);
		if (json_object_size(v) || json_array_size(v)) /* the rest goes back, to be named */
			import_put(doc, at, json_incref(v));
		json_decref(v);
	}
	return names;
}
