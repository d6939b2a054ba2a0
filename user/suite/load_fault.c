// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_fault.c - the faults of an experiment: kind, parameters by the kind's own table, targets,
 * start offset and length. Two ends of an edge ("frontend <-> api-gateway") become a target and a
 * `peer` parameter.
 */
#include <errno.h>

#include "suite/load.h"
#include "util/cleanup.h"
#include "util/text/text.h"

struct fault_draft {
	struct fault_plan plan;
	struct fy_node *type, *params;
};

static int read_targets(struct yaml *y, struct fy_node *node, void *out)
{
	_cleanup_free_ char *text = NULL;
	uint32_t instances;
	int r = yaml_word(y, node, &text);

	return r ? r : load_target_words(y, node, text, out, &instances);
}

static int read_target_list(struct yaml *y, struct fy_node *node, void *out)
{
	return yaml_each(y, node, read_targets, out);
}

static const struct yaml_field fault_fields[] = {
	{ "type", yaml_keep, offsetof(struct fault_draft, type), false },
	{ "fault_type", yaml_keep, offsetof(struct fault_draft, type), false },
	{ "params", yaml_keep, offsetof(struct fault_draft, params), false },
	{ "target", read_target_list, offsetof(struct fault_draft, plan.targets), false },
	{ "offset", yaml_duration, offsetof(struct fault_draft, plan.offset_ns), false },
	{ "duration", yaml_duration, offsetof(struct fault_draft, plan.duration_ns), false },
	{},
};

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

static const struct param_value *find_slot(const struct params *params, const char *name)
{
	uint32_t i;

	for (i = 0; i < params->n; i++)
		if (same_name(params->v[i].param->name, name))
			return &params->v[i];
	return NULL;
}

/* The parameter is in the kind's tables and the user has not set it. */
static bool is_open(const struct params *params, const char *name)
{
	const struct param_value *slot = find_slot(params, name);

	return slot && !slot->given;
}

/* One parameter; a list is joined by commas ("peer: [a, b]"). */
static int set_param(struct yaml *y, struct fy_node *key_node, struct fy_node *value, struct params *params)
{
	_cleanup_free_ char *key = NULL, *word = NULL;
	struct text joined = {};
	char **words = NULL;
	size_t i;
	int r = yaml_word(y, key_node, &key);

	if (!r && fy_node_is_mapping(yaml_deref(value)))
		r = load_schedule(y, value, find_slot(params, key), &word);
	else if (!r)
		r = yaml_words(y, value, &words);
	if (word)
		text_append(&joined, "%s", word);
	for (i = 0; !r && words && words[i]; i++)
		text_append(&joined, "%s%s", i ? "," : "", words[i]);
	if (!r && (!joined.s || joined.failed))
		r = yaml_error(y, key_node, "parameter '%.60s' has no value", key);
	if (!r) {
		r = params_set(params, key, joined.s, y->err);
		/* A bad name is at its key, a bad value at the value. */
		r = yaml_at(y, find_slot(params, key) ? value : key_node, r);
	}
	text_free(&joined);
	words_free(words);
	return r;
}

static int set_params(struct yaml *y, struct fy_node *node, struct params *params)
{
	struct fy_node *map = yaml_deref(node);
	const char *slash = strrchr(y->name, '/');
	_cleanup_free_ char *dir = slash ? strndup(y->name, (size_t)(slash - y->name) + 1) : strdup(".");
	struct fy_node_pair *pair;
	void *iter = NULL;
	int r = 0;

	if (!map || !fy_node_is_mapping(map))
		return yaml_error(y, node, "params: a mapping is expected");
	params->dir = dir; /* files of schedules are beside the suite */
	while (!r && (pair = fy_node_mapping_iterate(map, &iter)))
		r = set_param(y, fy_node_pair_key(pair), fy_node_pair_value(pair), params);
	params->dir = NULL;
	return r;
}

/* The second end of "a <-> b" is the first one's peer. */
static int set_edge(struct yaml *y, struct fy_node *place, struct fault_plan *plan)
{
	size_t i, n = words_count(plan->targets);
	char *peer = NULL;
	int r;

	for (i = 0; i < n; i++)
		if (!strcmp(plan->targets[i], EDGE_MARK))
			peer = plan->targets[i + 1];
	if (!peer)
		return 0;
	if (n != 3)
		return yaml_error(y, place, "an edge (a <-> b) stands alone, without other targets");
	if (!is_open(&plan->params, "peer"))
		return yaml_error(y, place, "an edge (a <-> b) needs a fault with a free 'peer', not %s",
				  plan->ops->name);
	r = yaml_at(y, place, params_set(&plan->params, "peer", peer, y->err));
	free(peer);
	free(plan->targets[1]);
	plan->targets[1] = NULL;
	return r;
}

static int copy_targets(char **from, char ***ret)
{
	int r = 0;

	for (; !r && from && *from; from++)
		r = words_add(ret, strdup(*from));
	return r;
}

static int finish(struct yaml *y, struct fault_draft *d, struct experiment *x)
{
	const struct load *l = y->user;
	struct fault_plan *plan = &d->plan, *grown;
	_cleanup_free_ char *kind = NULL;
	int r = yaml_word(y, d->type, &kind);

	if (r)
		return r;
	yaml_place(d->type, &plan->line, &plan->column);
	plan->ops = fault_find(l->table, kind, y->err);
	if (!plan->ops)
		return yaml_at(y, d->type, -EINVAL);
	r = params_init(&plan->params, plan->ops->params, plan->ops->common, y->err);
	if (!r && d->params)
		r = set_params(y, d->params, &plan->params);
	if (!r && !plan->targets && copy_targets(x->targets, &plan->targets))
		r = error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	if (!r)
		r = set_edge(y, d->type, plan);
	if (!r)
		r = yaml_at(y, d->type, params_complete(&plan->params, plan->ops->name, y->err));
	if (!r)
		r = yaml_at(y, d->params ? d->params : d->type,
			    fault_validate_params(plan->ops, &plan->params, y->err));
	if (r)
		return r;
	/* A share of real traffic is kept in the kernel, by flows, where the kind can. */
	if (!x->synthetic && x->traffic_ppm && is_open(&plan->params, "share")) {
		char share[32];

		snprintf(share, sizeof(share), "%.4f%%", x->traffic_ppm / 1e4);
		r = yaml_at(y, d->type, params_set(&plan->params, "share", share, y->err));
		if (r)
			return r;
	}
	if (plan->offset_ns >= x->duration_ns)
		return yaml_error(y, d->type, "%s: it would begin after the end of the experiment", plan->ops->name);
	grown = reallocarray(x->faults, x->n_faults + 1, sizeof(*grown));
	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	x->faults = grown;
	grown[x->n_faults++] = *plan;
	memset(plan, 0, sizeof(*plan));
	return 0;
}

static int finish_or_free(struct yaml *y, struct fault_draft *d, struct experiment *x)
{
	int r = finish(y, d, x);

	params_free(&d->plan.params);
	words_free(d->plan.targets);
	return r;
}

int load_fault(struct yaml *y, struct fy_node *node, void *experiment)
{
	struct fault_draft d = {};
	int r = yaml_map(y, node, "a fault", fault_fields, &d);

	if (!r && !d.type)
		r = yaml_error(y, node, "a fault: 'type' is missing");
	if (r) {
		words_free(d.plan.targets);
		return r;
	}
	return finish_or_free(y, &d, experiment);
}

int load_single_fault(struct yaml *y, struct fy_node *type, struct fy_node *params, struct experiment *x)
{
	struct fault_draft d = { .type = type, .params = params };

	return finish_or_free(y, &d, x);
}
