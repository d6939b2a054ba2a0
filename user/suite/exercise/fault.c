// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - kind, targets and peer of a fault, as the file says them. What is missing comes from complete.c.
 */
#include <strings.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "util/cleanup.h"

/* --- kind ------------------------------------------------------------------------------------- */

static bool is_kind(const struct work *w, const char *word)
{
	return fault_find(w->table, word, NULL) != NULL;
}

/* 'null' is a kind of fault, null is none. */
static bool is_quoted(struct fy_node *node)
{
	enum fy_node_style style = fy_node_get_style(yaml_deref(node));

	return style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
}

/* Names of tools where a kind should stand: the command says which of their faults. */
static bool is_tool(const char *word)
{
	static const char *const tools[] = {
		"netem", "tc", "pumba", "stress", "network", "docker", "toxiproxy", "chaos"
	};
	char folded[40];
	size_t i;

	names_fold(word, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(folded, tools[i]))
			return true;
	return false;
}

/* {action: netem, args: [delay, 500ms]} is one as well. */
static char *command_of(struct work *w, const struct entry *x)
{
	struct fy_node *params = yaml_deref(x->v[SLOT_PARAMS].node);
	_cleanup_free_ char *rest = NULL;

	if (x->v[SLOT_COMMAND].node || !params || node_is_mapping(params) || node_is_list_of_mappings(params))
		return command_line(w, x->v[SLOT_COMMAND].node);
	rest = node_text(w, params, " ");
	return rest ? text_format("%s %s", x->action ? x->action : "", rest) : NULL;
}

static void take_line(struct work *w, struct entry *x)
{
	_cleanup_free_ char *line = command_of(w, x), *word = NULL, *params = NULL;

	if (!line || text_says_nothing(line) || !strchr(line, ' ') ||
	    strchr(line, '{')) /* a tool's name alone, or JSON */
		return;
	if (!command_read(line, &x->command)) {
		work_note(w, x, &x->v[SLOT_COMMAND], NOTE, "ignored-key",
			  "'%.80s' is no command that faultline knows, and is not used: it measures and undoes what it "
			  "does itself",
			  line);
		return;
	}
	word = value_text(w, &x->v[SLOT_FAULT], ",");
	if (!x->kind || (word && is_tool(word))) {
		free(x->kind);
		x->kind = strdup(x->command.kind);
	}
	params = json_dumps(x->command.params, JSON_COMPACT);
	if (x->kind && !strcmp(x->kind, x->command.kind))
		work_note(w, x, &x->v[SLOT_COMMAND], NOTE, "read-command",
			  "'%.100s' is read as %s %.100s: it is not run", line, x->kind, params ? params : "");
	else
		work_note(w, x, &x->v[SLOT_COMMAND], NOTE, "said-twice",
			  "the fault is %s, and '%.80s' would make %s: the first counts", x->kind, line,
			  x->command.kind);
}

static void take_kind(struct work *w, struct entry *x)
{
	static const enum slot said[] = { SLOT_FAULT, SLOT_TRUTH_FAULT, SLOT_CLASS };
	size_t i;

	for (i = 0; !x->kind && i < ARRAY_SIZE(said); i++) {
		_cleanup_free_ char *word = value_text(w, &x->v[said[i]], ",");

		if (!word || (text_says_nothing(word) && !is_quoted(x->v[said[i]].node)))
			continue;
		if (names_kind(word))
			x->kind = strdup(names_kind(word));
		else if (is_kind(w, word) && said[i] != SLOT_CLASS)
			x->kind = strdup(word);
		else if (said[i] == SLOT_FAULT)
			break; /* said, and not known */
		if (x->kind && said[i] == SLOT_CLASS)
			work_note(w, x, &x->v[said[i]], INVENTED, "invented-fault",
				  "no fault_type: %s, which the expected class '%.40s' is named after", x->kind, word);
	}
}

/* --- targets ---------------------------------------------------------------------------------- */

/* A target in our own words: "docker:web". */
static bool is_spec(const char *text)
{
	static const char *const providers[] = { "docker:", "netns:", "pid:", "cgroup:", "unit:", "lab:" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(providers); i++)
		if (!strncmp(text, providers[i], strlen(providers[i])) && !strchr(text, ' '))
			return true;
	return false;
}

struct joined {
	struct text text;
	bool ends; /* it has a source and a destination */
};

static void join_value(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	static const char *const skipped[] = { "type",     "kind",  "port",    "namespace", "instances",
					       "replicas", "count", "percent", "host",      "image",
					       "layer",    "role",  "traffic", "duration" };
	struct joined *j = arg;
	_cleanup_free_ char *text = node_text(w, node, ", ");
	char folded[40];
	size_t i;

	(void)key_node;
	names_fold(key, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(skipped); i++)
		if (!strcmp(folded, skipped[i]))
			return;
	if (!strcmp(folded, "destination") || !strcmp(folded, "to") || !strcmp(folded, "dst") ||
	    !strcmp(folded, "dest") || !strcmp(folded, "peer"))
		text_append(&j->text, " <-> ");
	else
		text_append(&j->text, " ");
	text_append(&j->text, "%s", text ? text : "");
}

/* A target that is text, a list or a mapping, as one phrase. */
static char *target_text(struct work *w, const struct value *v)
{
	struct fy_node *node = yaml_deref(v->node);
	struct joined j = {};

	if (!node || !fy_node_is_mapping(node))
		return value_text(w, v, ", ");
	node_each_pair(w, node, join_value, &j);
	return j.text.s;
}

static void set_targets(struct entry *x, const struct phrase *p)
{
	size_t i;

	words_free(x->targets);
	x->targets = NULL;
	for (i = 0; i < p->n; i++)
		words_add(&x->targets, strdup(p->found[i]));
}

static bool has_target(const struct entry *x, const char *name)
{
	char **t;

	for (t = x->targets; t && *t; t++)
		if (!strcmp(*t, name))
			return true;
	return false;
}

/* Has the kind a parameter of that name? */
static bool kind_has(const struct work *w, const char *kind, const char *name)
{
	const struct fault_ops *ops = kind ? fault_find(w->table, kind, NULL) : NULL;
	const struct param *tables[] = { ops ? ops->params : NULL, ops ? ops->common : NULL };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct param *p = tables[i];

		for (; p && p->name; p++)
			if (!strcmp(p->name, name))
				return true;
	}
	return false;
}

/* Of two ends one is the target; the other is the peer, where the kind knows one. */
static void take_edge(struct work *w, struct entry *x, const struct phrase *p, const struct value *at)
{
	const char *first = p->found[0], *second = p->found[1];

	if (!x->targets)
		words_add(&x->targets, strdup(first));
	if (strcmp(x->targets[0], first) != 0 && strcmp(x->targets[0], second) != 0) {
		work_note(w, x, at, NOTE, "two-targets",
			  "target is %s, and the blast radius speaks of %s and %s: the "
			  "fault is on %s",
			  x->targets[0], first, second, x->targets[0]);
		return;
	}
	if (kind_has(w, x->kind, "peer") && !x->peer)
		x->peer = strdup(strcmp(x->targets[0], first) ? first : second);
}

static void take_blast(struct work *w, struct entry *x, const struct phrase *p, const struct value *at)
{
	bool partition = x->kind && !strcmp(x->kind, "network_partition");

	if (p->n == 2 && (p->edge || partition)) {
		take_edge(w, x, p, at);
	} else if (p->n && !x->targets) {
		set_targets(x, p);
	} else if (p->n && !has_target(x, p->found[0])) {
		work_note(w, x, at, NOTE, "two-targets",
			  "target is %s, and the blast radius speaks of %s: the fault is "
			  "on %s",
			  x->targets[0], p->found[0], x->targets[0]);
	}
}

/* "docker exec payment-svc ...", "re2:^inventory-svc": a service that exists, not the peer. */
static void take_command_target(struct work *w, struct entry *x)
{
	_cleanup_free_ char *line = command_line(w, x->v[SLOT_COMMAND].node);
	struct phrase p = {}, peer = {};
	size_t i, k;

	if (line)
		phrase_read(line, w->services, &p);
	if (x->command.peer)
		phrase_read(x->command.peer, w->services, &peer);
	for (i = 0; i < p.n; i++) {
		for (k = 0; k < w->n_services && strcmp(w->services[k], p.found[i]) != 0; k++)
			;
		if (k == w->n_services)
			continue;
		if (peer.n && !strcmp(peer.found[0], p.found[i]))
			x->peer = x->peer ? x->peer : strdup(p.found[i]);
		else if (!x->targets)
			words_add(&x->targets, strdup(p.found[i]));
	}
}

static void take_targets(struct work *w, struct entry *x)
{
	_cleanup_free_ char *target = target_text(w, &x->v[SLOT_TARGET]);
	_cleanup_free_ char *blast = target_text(w, &x->v[SLOT_BLAST_TARGET]);
	_cleanup_free_ char *truth = target_text(w, &x->v[SLOT_TRUTH_TARGET]);
	_cleanup_free_ char *peer = target_text(w, &x->v[SLOT_PEER]);
	bool partition = x->kind && !strcmp(x->kind, "network_partition");
	struct phrase p;

	if (target && is_spec(target)) {
		words_add(&x->targets, strdup(target));
	} else if (target && !text_says_nothing(target)) {
		phrase_read(target, w->services, &p);
		if (p.n == 1 && !strchr(target, ' ') && strcasecmp(target, p.found[0]) != 0)
			work_note(w, x, &x->v[SLOT_TARGET], NOTE, "container-name", "'%.60s' is read as the service %s",
				  target, p.found[0]);
		if (p.n == 2 && (p.edge || partition))
			take_edge(w, x, &p, &x->v[SLOT_TARGET]);
		else
			set_targets(x, &p);
	}
	if (peer && !x->peer) {
		phrase_read(peer, w->services, &p);
		if (p.n)
			x->peer = strdup(p.found[0]);
	}
	if (blast && is_spec(blast) && !x->targets) {
		words_add(&x->targets, strdup(blast));
	} else if (blast && !is_spec(blast)) {
		phrase_read(blast, w->services, &p);
		take_blast(w, x, &p, &x->v[SLOT_BLAST_TARGET]);
	}
	if (x->command.kind && !x->targets)
		take_command_target(w, x);
	if (truth && !x->targets) {
		phrase_read(truth, w->services, &p);
		if (p.n)
			words_add(&x->targets, strdup(p.found[0]));
	}
}

/* params: {inject_at: payment-svc} moves the fault there. */
static void move_target(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	static const char *const at[] = {
		"inject_at", "inject_on", "injected_at", "target", "service", "target_service"
	};
	struct entry *x = arg;
	_cleanup_free_ char *text = node_text(w, node, ", ");
	struct phrase p;
	struct value v;
	char folded[40];
	size_t i;

	names_fold(key, folded, sizeof(folded));
	for (i = 0; i < ARRAY_SIZE(at) && strcmp(at[i], folded) != 0; i++)
		;
	if (i == ARRAY_SIZE(at) || !text)
		return;
	phrase_read(text, w->services, &p);
	if (p.n != 1 || (x->targets && has_target(x, p.found[0])))
		return;
	value_place(&v, key_node, node, UNIT_NONE);
	if (x->targets)
		work_note(w, x, &v, NOTE, "two-targets", "the fault is on %s, as %s says, not on %s", p.found[0], key,
			  x->targets[0]);
	if (x->targets && x->peer && !strcmp(x->peer, p.found[0])) { /* the other end of the same edge */
		free(x->peer);
		x->peer = strdup(x->targets[0]);
	}
	set_targets(x, &p);
}

/* The peer that a parameter names, in words: "peer_service: api-gateway". */
static void take_peer(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct entry *x = arg;
	enum key_unit unit;
	const char *name = names_param("network_partition", key, &unit);
	_cleanup_free_ char *text = NULL;
	struct phrase p;

	(void)key_node;
	if (!name || strcmp(name, "peer") != 0 || x->peer || !kind_has(w, x->kind, "peer"))
		return;
	text = node_text(w, node, ", ");
	if (!text)
		return;
	phrase_read(text, w->services, &p);
	if (p.n && !has_target(x, p.found[0]))
		x->peer = strdup(p.found[0]);
}

void entry_fault(struct work *w, struct entry *x)
{
	take_kind(w, x);
	take_line(w, x);
	if (!x->kind && !x->v[SLOT_FAULTS].node)
		invent_kind(w, x);
	take_targets(w, x);
	node_each_pair(w, x->v[SLOT_PARAMS].node, move_target, x);
	if (x->kind && !strcmp(x->kind, "network_partition"))
		node_each_pair(w, x->v[SLOT_PARAMS].node, take_peer, x);
	if (!x->targets)
		invent_target(w, x);
}
