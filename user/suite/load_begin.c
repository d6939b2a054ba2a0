// SPDX-License-Identifier: GPL-2.0-only
/* load_begin.c - when an experiment begins: `when`, `at`, `within`, `after`. See load_draft.h. */
#include <errno.h>

#include "suite/load_draft.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define WITHIN_DEFAULT_NS (5 * 60 * NS_PER_SEC)

int load_when(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL;
	int r = yaml_string(y, node, &text);

	return r ? r : yaml_at(y, node, expr_parse(text, &d->x.when, y->err));
}

int load_at(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	_cleanup_free_ char *text = NULL;
	int r = yaml_word(y, node, &text);

	return r ? r : yaml_at(y, node, moment_parse(text, &d->x.at, y->err));
}

/* "NAME" or "NAME + 2min" */
int load_after(struct yaml *y, struct fy_node *node, void *out)
{
	struct draft *d = out;
	int r = yaml_word(y, node, &d->x.after);
	char *plus = r ? NULL : strstr(d->x.after, " + ");

	d->after = node;
	if (!plus)
		return r;
	r = yaml_at(y, node, units_duration_ns(plus + 3, &d->x.after_ns, y->err));
	*plus = '\0';
	return r;
}

int load_with(struct yaml *y, struct fy_node *node, void *out)
{
	(void)out;
	yaml_error(y, node,
		   "with: experiments run one at a time, or nobody could say which of them a finding is about");
	error_hint(y->err, "faults that are to be on together are one experiment: faults, each with its offset");
	return -EINVAL;
}

int load_begin(struct yaml *y, struct draft *d, const struct suite *s)
{
	struct experiment *x = &d->x;
	uint32_t i;

	if (x->within_ns && !x->when && !x->at.set)
		return yaml_error(
			y, d->within,
			"within is how long 'when' is waited for, or how late 'at' may be, and there is neither");
	if (d->within && !x->within_ns)
		return yaml_error(y, d->within, "within: nothing can be waited for within no time");
	if ((x->when || x->at.set) && !x->within_ns)
		x->within_ns = WITHIN_DEFAULT_NS;
	for (i = 0; x->after && i < s->n; i++) {
		const struct experiment *o = &s->experiments[i];

		if (strcmp(o->id, x->after) != 0 && strcmp(o->name, x->after) != 0)
			continue;
		free(x->after);
		x->after = strdup(o->id);
		return x->after ? 0 : error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	}
	return x->after ? yaml_error(y, d->after, "after: no experiment '%.60s' stands above this one", x->after) : 0;
}
