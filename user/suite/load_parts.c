// SPDX-License-Identifier: GPL-2.0-only
/* load_parts.c - rollback, measurement and abort conditions of an experiment. See load_draft.h. */
#include <errno.h>
#include <strings.h>

#include "suite/load_draft.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

static int read_expr(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *text = NULL;
	int r = yaml_string(y, node, &text);

	if (r)
		return r;
	if (!strcasecmp(text, "never") || !strcasecmp(text, "none"))
		return 0;
	return yaml_at(y, node, expr_parse(text, out, y->err));
}

static const struct yaml_field rollback_fields[] = {
	{ "automatic", yaml_bool, offsetof(struct draft, x.rollback_automatic), true },
	{ "trigger_when", read_expr, offsetof(struct draft, x.trigger_when), true },
	{ "method", yaml_string, offsetof(struct draft, x.rollback_method), true },
	{},
};

int load_rollback(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_map(y, node, "rollback", rollback_fields, out);
}

/* "t-5min to t+10min" */
static int read_window(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL;
	const char *to;
	int64_t before = 0, after = 0;
	int r = yaml_word(y, node, &text);

	if (r)
		return r;
	to = strstr(text, " to t");
	if (text[0] != 't' || !to)
		return yaml_error(y, node, "capture_window: '%.60s' is not like 't-5min to t+10min'", text);
	text[to - text] = '\0';
	r = yaml_at(y, node, units_offset_ns(text + 1, &before, y->err));
	if (!r)
		r = yaml_at(y, node, units_offset_ns(to + strlen(" to t"), &after, y->err));
	if (!r && (before > 0 || after < 0))
		r = yaml_error(y, node, "capture_window: it must reach from before t to after it");
	d->x.window_before_ns = (uint64_t)-before;
	d->x.window_after_ns = (uint64_t)after;
	return r;
}

static const struct yaml_field measurement_fields[] = {
	{ "metrics", yaml_words, offsetof(struct draft, x.metrics), true },
	{ "capture_window", read_window, 0, true },
	{},
};

int load_measurement(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_map(y, node, "measurement", measurement_fields, out);
}

static int add_abort(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	size_t n = words_count(d->x.abort_texts);
	_cleanup_free_ char *text = NULL;
	struct expr **grown;
	int r = yaml_string(y, node, &text);

	if (r)
		return r;
	grown = reallocarray(d->x.aborts, n + 2, sizeof(struct expr *));
	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	d->x.aborts = grown;
	grown[n] = grown[n + 1] = NULL;
	r = yaml_at(y, node, expr_parse(text, &grown[n], y->err));
	if (!r && words_add(&d->x.abort_texts, take_ptr(text)))
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	return r;
}

int load_aborts(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, add_abort, out);
}
