// SPDX-License-Identifier: GPL-2.0-only
/*
 * wrap.c - where in a file the entries are: a list or a mapping below `experiments:`, which may stand at the top or
 * inside other sections (`chaos: {experiments: ...}`), entries by name at the top, or one entry that is the file.
 */
#include "suite/exercise/entry.h"
#include "util/cleanup.h"

/* Sections around the experiments. */
#define DEPTH_MAX 4

static struct fy_node *as_mapping(struct fy_node *node)
{
	struct fy_node *map = yaml_deref(node);

	return map && fy_node_is_mapping(map) ? map : NULL;
}

static enum slot slot_of(struct fy_node_pair *pair, enum place at, char *key, size_t size)
{
	struct fy_node *node = yaml_deref(fy_node_pair_key(pair));
	const char *s;
	enum key_unit unit;
	size_t len = 0;
	bool native;

	s = node && fy_node_is_scalar(node) ? fy_node_get_scalar(node, &len) : NULL;
	snprintf(key, size, "%.*s", s ? (int)len : 0, s ? s : "");
	return names_slot(key, at, &unit, &native);
}

struct fy_node *wrap_unwrapped(struct fy_node *node)
{
	struct fy_node *map = as_mapping(node), *inner;

	inner = map ? fy_node_mapping_lookup_by_string(map, "experiment", FY_NT) : NULL;
	return inner && as_mapping(inner) ? inner : node;
}

bool wrap_is_entry(struct fy_node *node)
{
	struct fy_node *map = as_mapping(node);
	struct fy_node_pair *pair;
	unsigned int telling = 0;
	void *iter = NULL;
	char key[80];

	while (map && (pair = fy_node_mapping_iterate(map, &iter))) {
		switch (slot_of(pair, AT_ENTRY, key, sizeof(key))) {
		case SLOT_HYPOTHESIS:
		case SLOT_BLAST:
		case SLOT_MEASURE:
		case SLOT_TRUTH:
		case SLOT_TARGET: telling++; break;
		case SLOT_FAULT: telling += strcmp(key, "kind") && strcmp(key, "type"); break;
		default: break;
		}
	}
	return telling >= 2;
}

bool wrap_is_named(struct fy_node *node)
{
	struct fy_node *map = as_mapping(node);
	struct fy_node_pair *pair;
	void *iter = NULL;
	char key[80];

	pair = map && fy_node_mapping_item_count(map) == 1 ? fy_node_mapping_iterate(map, &iter) : NULL;
	return pair && slot_of(pair, AT_ENTRY, key, sizeof(key)) == SLOT_NONE &&
	       wrap_is_entry(fy_node_pair_value(pair));
}

/* A list with a mapping in it, or mappings by name. */
static bool is_entries(struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter)))
			if (as_mapping(item))
				return true;
	return wrap_is_entry(list) || wrap_has_entries(list);
}

/* An entry, or a list with one in it. */
static bool is_group(struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter)))
			if (wrap_is_entry(wrap_unwrapped(item)))
				return true;
	return wrap_is_entry(wrap_unwrapped(list));
}

bool wrap_has_entries(struct fy_node *node)
{
	struct fy_node *map = as_mapping(node);
	struct fy_node_pair *pair;
	void *iter = NULL;

	while (map && (pair = fy_node_mapping_iterate(map, &iter)))
		if (is_group(fy_node_pair_value(pair)))
			return true;
	return false;
}

static bool holds(struct fy_node *node, unsigned int depth)
{
	struct fy_node *map = as_mapping(node);
	struct fy_node_pair *pair;
	void *iter = NULL;
	char key[80];

	while (map && depth < DEPTH_MAX && (pair = fy_node_mapping_iterate(map, &iter))) {
		struct fy_node *value = fy_node_pair_value(pair);

		if (slot_of(pair, AT_ROOT, key, sizeof(key)) == SLOT_EXPERIMENTS ? is_entries(value)
										 : holds(value, depth + 1))
			return true;
	}
	return false;
}

bool wrap_may_be_ours(struct fy_node *node)
{
	struct fy_node *map = as_mapping(node);
	struct fy_node_pair *pair;
	void *iter = NULL;
	char key[80];

	while (map && (pair = fy_node_mapping_iterate(map, &iter))) {
		slot_of(pair, AT_ROOT, key, sizeof(key));
		if (!strcmp(key, "experiment") || !strcmp(key, "experiments") || !strcmp(key, "suite") ||
		    names_is_slip(key, AT_ROOT))
			return true;
	}
	return !map;
}

bool wrap_holds(struct fy_node *node)
{
	return !wrap_is_entry(node) && holds(node, 0);
}
