// SPDX-License-Identifier: GPL-2.0-only
/*
 * find.c - from a word to a kind. Apart from fault.c so that the loader and its tests link it
 * without the kinds (and libbpf) behind fault_table.
 */
#include <errno.h>

#include "fault/fault.h"
#include "util/cleanup.h"
#include "util/text/text.h"

static bool same_name(const char *a, const char *b)
{
	for (; *a || *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return true;
}

/* Call @visit for every name of every kind until it returns true. */
static const struct fault_ops *each_name(const struct fault_ops *const *table,
					 bool (*visit)(const char *name, void *arg), void *arg)
{
	const char *const *alias;

	for (; *table; table++) {
		if (visit((*table)->name, arg))
			return *table;
		for (alias = (*table)->aliases; alias && *alias; alias++)
			if (visit(*alias, arg))
				return *table;
	}
	return NULL;
}

struct search {
	const char *wanted;
	const char **names; /* room for all of them, or NULL to count */
	size_t n;
};

static bool is_wanted(const char *name, void *arg)
{
	const struct search *s = arg;

	return same_name(name, s->wanted);
}

static bool collect(const char *name, void *arg)
{
	struct search *s = arg;

	if (s->names)
		s->names[s->n] = name;
	s->n++;
	return false;
}

const struct fault_ops *fault_find(const struct fault_ops *const *table, const char *name, struct fl_error *err)
{
	struct search s = { .wanted = name };
	const struct fault_ops *ops = each_name(table, is_wanted, &s);
	_cleanup_free_ const char **names = NULL;
	const char *near = NULL;

	if (ops)
		return ops;
	each_name(table, collect, &s);
	names = calloc(s.n + 1, sizeof(*names));
	if (names) {
		s = (struct search){ .names = names };
		each_name(table, collect, &s);
		near = text_nearest(name, names);
	}
	error_usage(err, "no fault kind '%.60s'", name);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	else
		error_hint(err, "faultline doctor lists the kinds");
	return NULL;
}
