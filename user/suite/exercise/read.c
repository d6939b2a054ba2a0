// SPDX-License-Identifier: GPL-2.0-only
/*
 * read.c - the file's entries, each key in its slot whatever the level it stands on. A key that no row of the
 * table has is a typing error when it is near one of them, and otherwise named as left out.
 */
#include <errno.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "suite/load.h"
#include "util/cleanup.h"
#include "util/text/units.h"

/* --- keys ------------------------------------------------------------------------------------- */

/* Where a key was found, and whose slots it goes to. */
struct reading {
	struct entry *x; /* NULL: of the file */
	struct value *slots;
	enum place at;
	bool filling; /* only what is not said yet */
};

static void read_section(struct work *w, struct entry *x, const struct value *v, enum place at);

/* Said once a file: in ten entries it is the same ten times. */
static bool is_said(const struct work *w, const char *text)
{
	uint32_t i;

	for (i = 0; i < w->out->n_findings; i++)
		if (!strcmp(w->out->findings[i].text, text))
			return true;
	return false;
}

static void note_ignored(struct work *w, const struct reading *r, const char *key, const struct value *v)
{
	char text[200];

	snprintf(text, sizeof(text), "'%.60s' is not used: faultline measures and undoes what it does itself", key);
	if (!is_said(w, text))
		work_note(w, r->x, v, NOTE, "ignored-key", "%s", text);
}

static void note_unknown(struct work *w, const struct reading *r, const char *key, const struct value *v)
{
	const char *near = names_near(key, r->at);
	char text[200];

	if (near) {
		work_note(w, r->x, v, WRONG, "unknown-key", "unknown key '%.60s'; did you mean '%s'?", key, near);
		return;
	}
	if (!r->x && load_is_setting(key))
		snprintf(text, sizeof(text),
			 "'%.60s' is not used: it stands below 'suite:' in a file of faultline's own form, and this "
			 "has no "
			 "'suite:' (docs/experiments.md)",
			 key);
	else
		snprintf(text, sizeof(text), "'%.60s' is no key that faultline knows, and is not used", key);
	if (!is_said(w, text))
		work_note(w, r->x, v, NOTE, "ignored-key", "%s", text);
}

static void note_twice(struct work *w, const struct reading *r, enum slot slot, const struct value *v)
{
	static const enum slot telling[] = { SLOT_DURATION,     SLOT_TRAFFIC, SLOT_TRIGGER,    SLOT_ROOT,
					     SLOT_FAULT,        SLOT_DETECT,  SLOT_HYPOTHESIS, SLOT_TARGET,
					     SLOT_BLAST_TARGET, SLOT_WINDOW };
	_cleanup_free_ char *a = value_text(w, &r->slots[slot], ", "), *b = value_text(w, v, ", ");
	size_t i;

	for (i = 0; a && b && i < ARRAY_SIZE(telling); i++)
		if (telling[i] == slot && !strstr(a, b) && !strstr(b, a)) /* a container of the service, ... */
			work_note(w, r->x, v, NOTE, "said-twice",
				  "'%.60s' here, and '%.60s' at line %d; the one in its "
				  "section counts",
				  b, a, r->slots[slot].line);
}

static void take_section(struct work *w, struct entry *x, enum slot slot)
{
	static const struct {
		enum slot section, scalar; /* scalar: what a value that is no mapping means */
		enum place at;
	} sections[] = {
		{ SLOT_BLAST, SLOT_BLAST_TARGET, AT_BLAST }, { SLOT_ROLLBACK, SLOT_METHOD, AT_ROLLBACK },
		{ SLOT_MEASURE, SLOT_METRICS, AT_MEASURE },  { SLOT_TRUTH, SLOT_ROOT, AT_TRUTH },
		{ SLOT_FAULT, SLOT_FAULT, AT_FAULT },        { SLOT_TRUTH_FAULT, SLOT_TRUTH_FAULT, AT_FAULT },
		{ SLOT_COMMAND, SLOT_COMMAND, AT_COMMAND },
	};
	const struct value v = x->v[slot];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		if (sections[i].section != slot)
			continue;
		if (slot != SLOT_COMMAND && foreign_is_rows(v.node)) {
			work_note(w, x, &v, WRONG, "not-understood",
				  "a list of lists, where 'key: value' is expected (Python: dict(...) what is no plain "
				  "dict, then yaml.safe_dump)");
			return;
		}
		if (node_is_mapping(v.node) || (slot != SLOT_COMMAND && node_is_list_of_mappings(v.node))) {
			if (slot == SLOT_FAULT || slot == SLOT_TRUTH_FAULT)
				x->v[slot] = (struct value){}; /* its own key says it */
			read_section(w, x, &v, sections[i].at);
		} else if (sections[i].scalar != slot && !x->v[sections[i].scalar].node) {
			x->v[sections[i].scalar] = v;
		}
	}
}

static void take_key(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg);

/* What `defaults:` says of the file. */
static bool slot_is_of_file(const char *key)
{
	enum key_unit unit;
	bool native;

	switch (names_slot(key, AT_ROOT, &unit, &native)) {
	case SLOT_PROBE:
	case SLOT_PIPELINE:
	case SLOT_PROMETHEUS:
	case SLOT_BASELINE:
	case SLOT_COOLDOWN:
	case SLOT_GRACE: return true;
	default: return false;
	}
}

/* `config: {probe_url, cooldown_seconds, ...}`: what the file itself might say. The rest is about their own runner. */
static void take_setting(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, AT_ROOT, &unit, &native);
	struct value v;

	value_place(&v, key_node, node, unit);
	if (slot == SLOT_NONE)
		note_ignored(w, arg, key, &v);
	else if (slot != SLOT_EXPERIMENTS && slot != SLOT_SUITE && slot != SLOT_CONFIG)
		take_key(w, key, key_node, node, arg);
}

/* `fault: {latency: {delay: 500ms}}`: the kind is a key. */
static bool is_kind_of_parameters(const char *key, struct fy_node *node)
{
	return names_kind(key) && node_is_mapping(node);
}

static void take_key(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct reading *r = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, r->at, &unit, &native);
	struct value v;

	value_place(&v, key_node, node, unit);
	if (r->filling && r->x && slot_is_of_file(key))
		return;
	if (slot == SLOT_CONFIG && node_is_mapping(node)) {
		node_each_pair(w, node, take_setting, arg);
		return;
	}
	if (slot == SLOT_CONFIG)
		slot = SLOT_IGNORED;
	if ((slot == SLOT_NONE || slot == SLOT_IGNORED) && r->x && r->x->kind && (r->at & (AT_ENTRY | AT_FAULT)) &&
	    (names_param(r->x->kind, key, &unit) || is_kind_of_parameters(key, node))) {
		param_take(w, r->x, key, key_node, node);
		return;
	}
	if (r->at == AT_COMMAND && (slot == SLOT_NONE || (slot == SLOT_PARAMS && !node_is_mapping(node))))
		return; /* a part of the command: command_line() */
	if (slot == SLOT_NONE)
		note_unknown(w, r, key, &v);
	else if (slot == SLOT_IGNORED && r->at != AT_COMMAND)
		note_ignored(w, r, key, &v);
	if (slot == SLOT_NONE || slot == SLOT_IGNORED || slot == SLOT_SILENT)
		return;
	v.at = r->at;
	if (!r->filling && r->x && r->slots[slot].node)
		note_twice(w, r, slot, &v);
	/* Of two, the one in its section counts: duration in the blast radius. */
	if (!r->slots[slot].node || (!r->filling && (native || (r->slots[slot].at == AT_ENTRY && r->at != AT_ENTRY))))
		r->slots[slot] = v;
	if (r->x)
		take_section(w, r->x, slot);
}

static void read_section(struct work *w, struct entry *x, const struct value *v, enum place at)
{
	struct reading r = { .x = x, .slots = x->v, .at = at };

	node_each_pair(w, v->node, take_key, &r);
}

/* The kind must be known before the other keys: parameters may stand at the entry itself. */
static void find_kind(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct reading *r = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, r->at, &unit, &native);
	struct reading below = { .x = r->x,
				 .at = slot == SLOT_TRUTH     ? AT_TRUTH
				       : slot == SLOT_COMMAND ? AT_COMMAND
							      : AT_FAULT };
	_cleanup_free_ char *text = NULL;

	(void)key_node;
	if (slot == SLOT_ID) {
		_cleanup_free_ char *id = node_text(w, node, "");
		int64_t n;

		if (id && !units_int(id, 1, 100000, &n, NULL))
			r->x->number = (int)n;
	}
	if (slot == SLOT_ACTION && !r->x->action)
		r->x->action = node_text(w, node, ",");
	if (node_is_mapping(node) &&
	    (slot == SLOT_FAULT || slot == SLOT_TRUTH || slot == SLOT_TRUTH_FAULT || slot == SLOT_COMMAND)) {
		node_each_pair(w, node, find_kind, &below);
		return;
	}
	text = slot == SLOT_FAULT || slot == SLOT_TRUTH_FAULT ? node_text(w, node, ",") : NULL;
	if (slot == SLOT_NONE && (r->at & (AT_ENTRY | AT_FAULT)) && is_kind_of_parameters(key, node))
		text = strdup(key);
	if (text && slot == SLOT_FAULT && !names_kind(text))
		r->x->in_words = kind_in_words(w, text);
	if (text && names_kind(text) && (!r->x->kind || slot == SLOT_FAULT)) {
		free(r->x->kind);
		r->x->kind = strdup(names_kind(text));
	}
}

struct flat {
	pair_visit visit;
	void *arg;
};

/* `metadata: {name: ...}`, and `spec: {fault: ..., target: ...}`, in which the entry goes on. */
static void visit_flat(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	const struct flat *f = arg;
	enum key_unit unit;
	bool native;

	if (node_is_mapping(node) && (names_slot(key, AT_ENTRY, &unit, &native) == SLOT_INNER || wrap_is_entry(node)))
		node_each_pair(w, node, visit_flat, arg);
	else
		f->visit(w, key, key_node, node, f->arg);
}

static void entry_each_pair(struct work *w, struct fy_node *node, pair_visit visit, void *arg)
{
	struct flat f = { visit, arg };

	node_each_pair(w, node, visit_flat, &f);
}

struct word_of {
	enum slot slot;
	char *text;
};

static void find_word(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct word_of *f = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, AT_ENTRY, &unit, &native);

	(void)key_node;
	if (node_is_mapping(node) && slot == SLOT_FAULT)
		node_each_pair(w, node, find_word, arg);
	else if (slot == f->slot && !f->text)
		f->text = node_text(w, node, ",");
}

/* {type: netem, action: loss}, {type: stress, action: cpu}. */
static void join_action(struct work *w, struct fy_node *node, struct entry *x)
{
	struct word_of f = { .slot = SLOT_FAULT };
	_cleanup_free_ char *joined = NULL;

	if (!x->action)
		return;
	entry_each_pair(w, node, find_word, &f);
	joined = f.text ? text_format("%s_%s", f.text, x->action) : NULL;
	if (joined && names_kind(joined)) {
		free(x->kind);
		x->kind = strdup(names_kind(joined));
	} else if (!x->kind && names_kind(x->action)) {
		x->kind = strdup(names_kind(x->action));
	}
	free(f.text);
}

static void spread(struct entry *x, enum slot from, enum slot to)
{
	if (!x->v[to].node)
		x->v[to] = x->v[from];
}

/* "blast_radius: 1 instance of payment-svc, 100% of the traffic, 60s": a section in one sentence says more than one thing. */
static void spread_sections(const struct work *w, struct entry *x)
{
	static const enum slot sections[] = { SLOT_BLAST, SLOT_ROLLBACK, SLOT_MEASURE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		_cleanup_free_ char *text = value_text(w, &x->v[sections[i]], ", "),
				    *time = text ? time_in(text) : NULL;

		if (!text || node_is_mapping(x->v[sections[i]].node))
			continue;
		if (sections[i] == SLOT_BLAST && time)
			spread(x, SLOT_BLAST, SLOT_DURATION);
		if (sections[i] == SLOT_BLAST && strchr(text, '%'))
			spread(x, SLOT_BLAST, SLOT_TRAFFIC);
		if (sections[i] == SLOT_ROLLBACK && strpbrk(text, "<>"))
			spread(x, SLOT_ROLLBACK, SLOT_TRIGGER);
		if (sections[i] == SLOT_ROLLBACK && (strcasestr(text, "auto") || strcasestr(text, "tự động")))
			spread(x, SLOT_ROLLBACK, SLOT_AUTOMATIC);
		if (sections[i] == SLOT_MEASURE && time)
			spread(x, SLOT_MEASURE, SLOT_WINDOW);
	}
}

static void read_entry(struct work *w, struct fy_node *node, const char *name)
{
	struct entry *grown = reallocarray(w->entries, w->n + 1, sizeof(*grown)), *x;
	struct reading r = { .at = AT_ENTRY };
	bool lent;

	if (!grown) {
		w->failed = true;
		return;
	}
	w->entries = grown;
	x = &grown[w->n++];
	*x = (struct entry){ .must_detect = true, .name = name ? strdup(name) : NULL };
	yaml_place(node, &x->line, &x->column);
	x->number = (int)w->n;
	r.x = x;
	r.slots = x->v;
	entry_each_pair(w, node, find_kind, &r);
	join_action(w, node, x);
	if ((lent = !x->kind && x->in_words)) /* its parameters may stand at the entry */
		x->kind = strdup(x->in_words);
	entry_each_pair(w, node, take_key, &r);
	r.filling = true;
	entry_each_pair(w, w->v[SLOT_DEFAULTS].node, take_key, &r);
	if (lent) { /* entry_fault() says that it is read so */
		free(x->kind);
		x->kind = NULL;
	}
	spread_sections(w, x);
}

/* --- the file --------------------------------------------------------------------------------- */

static void read_named(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	(void)key_node;
	(void)arg;
	if (node_is_mapping(node))
		read_entry(w, wrap_unwrapped(node), key);
	else if (list && fy_node_is_sequence(list)) /* `network: [...]`, `resource: [...]` */
		while ((item = fy_node_sequence_iterate(list, &iter)))
			if (node_is_mapping(item))
				read_entry(w, wrap_unwrapped(item), NULL);
}

/* {payment_latency: {...}, payment_loss: {...}}; without that it is one entry whose '-' was forgotten. */
static bool is_map_of_entries(struct fy_node *node)
{
	struct fy_node *map = yaml_deref(node);
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!node_is_mapping(map) || !(pair = fy_node_mapping_iterate(map, &iter)))
		return false;
	for (; pair; pair = fy_node_mapping_iterate(map, &iter))
		if (!node_is_mapping(fy_node_pair_value(pair)))
			return false;
	return true;
}

static void read_file(struct work *w, struct fy_node *node);

static void refuse_item(struct work *w, struct fy_node *node)
{
	struct value v;

	value_place(&v, node, node, UNIT_NONE);
	work_note(w, NULL, &v, WRONG, "not-understood", "%s", exercise_item(node));
}

static void read_list(struct work *w, struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	if (is_map_of_entries(list) || (node_is_mapping(list) && wrap_has_entries(list)))
		node_each_pair(w, list, read_named, NULL);
	else if (node_is_mapping(list))
		read_entry(w, wrap_unwrapped(list), NULL);
	else if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter))) {
			struct fy_node *one = yaml_deref(item);

			/* One of several documents is a file of its own. */
			if (wrap_holds(item) || (one && fy_node_is_sequence(one)))
				read_file(w, item);
			else if (wrap_is_named(item))
				node_each_pair(w, item, read_named, NULL);
			else if (node_is_mapping(item))
				read_entry(w, wrap_unwrapped(item), NULL);
			else
				refuse_item(w, item);
		}
}

/* A key of the file. What is inside of a section around the experiments is as if it stood at the top. */
static void take_root(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	enum key_unit unit;
	bool native;

	if (key[0] == '.' || key[0] == '_' || !strncmp(key, "x-", 2)) /* there for the sake of its anchor */
		return;
	if (names_slot(key, AT_ROOT, &unit, &native) != SLOT_EXPERIMENTS && wrap_holds(node))
		node_each_pair(w, node, take_root, arg);
	else
		take_key(w, key, key_node, node, arg);
}

static void take_common(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	if (slot_is_of_file(key))
		take_key(w, key, key_node, node, arg);
}

static void take_named(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	if (wrap_is_entry(wrap_unwrapped(node)) || node_is_list_of_mappings(node))
		read_named(w, key, key_node, node, arg);
	else
		take_root(w, key, key_node, node, arg);
}

static void read_file(struct work *w, struct fy_node *node)
{
	struct fy_node *root = yaml_deref(node);
	struct reading r = { .slots = w->v, .at = AT_ROOT, .filling = true };

	if (!root || fy_node_is_sequence(root)) {
		read_list(w, root);
	} else if (wrap_unwrapped(root) != root || wrap_is_entry(root)) {
		read_entry(w, wrap_unwrapped(root), NULL);
	} else if (!wrap_holds(root) && wrap_has_entries(root)) {
		node_each_pair(w, root, take_named, &r);
	} else {
		w->v[SLOT_EXPERIMENTS] = (struct value){};
		node_each_pair(w, root, take_root, &r);
		node_each_pair(w, w->v[SLOT_DEFAULTS].node, take_common, &r);
		read_list(w, w->v[SLOT_EXPERIMENTS].node);
	}
}

int work_read(struct work *w)
{
	if (!foreign_is_table(yaml_root(w->y)))
		read_file(w, yaml_root(w->y));
	return w->n ? 0 : foreign_no_entries(w->y);
}

/* --- recognising ------------------------------------------------------------------------------ */

struct look {
	enum place at;
	bool renamed;
};

static void look_at(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	static const struct {
		enum slot slot;
		enum place at;
	} below[] = {
		{ SLOT_BLAST, AT_BLAST },
		{ SLOT_ROLLBACK, AT_ROLLBACK },
		{ SLOT_MEASURE, AT_MEASURE },
		{ SLOT_TRUTH, AT_TRUTH },
	};
	struct look *l = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, l->at, &unit, &native);
	size_t i;

	(void)key_node;
	if (slot != SLOT_NONE && slot != SLOT_IGNORED && slot != SLOT_SILENT && !native && !names_is_slip(key, l->at))
		l->renamed = true;
	if (slot == SLOT_SUITE || l->at == AT_ROOT)
		return;
	for (i = 0; i < ARRAY_SIZE(below); i++)
		if (slot == below[i].slot) {
			struct look inner = { .at = below[i].at };

			node_each_pair(w, node, look_at, &inner);
			l->renamed |= inner.renamed;
		}
	if (slot == SLOT_DURATION) {
		_cleanup_free_ char *text = node_text(w, node, ",");

		/* "duration: 60" */
		l->renamed |= text && text[0] && text[0] != '0' && !text[strspn(text, "0123456789.")];
	}
}

static void look_in(struct work *w, struct fy_node *node, struct look *l)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	if (list && fy_node_is_mapping(list))
		node_each_pair(w, wrap_unwrapped(list), look_at, l);
	else if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter)))
			node_each_pair(w, wrap_unwrapped(item), look_at, l);
}

static void look_at_root(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct look *l = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, AT_ROOT, &unit, &native);

	(void)key_node;
	if (slot != SLOT_EXPERIMENTS && (wrap_holds(node) || wrap_is_entry(wrap_unwrapped(node))))
		l->renamed = true;
	if (slot != SLOT_NONE && slot != SLOT_IGNORED && slot != SLOT_CONFIG && !native && !names_is_slip(key, AT_ROOT))
		l->renamed = true;
	if (slot != SLOT_EXPERIMENTS)
		return;
	l->renamed |= is_map_of_entries(node); /* ours are a list */
	look_in(w, node, l);
}

bool exercise_recognise(struct yaml *y)
{
	struct work w = { .y = y };
	struct fy_node *root = yaml_root(y);
	struct look l = { .at = AT_ENTRY };

	if (wrap_is_entry(root) || !wrap_may_be_ours(root) || foreign_is_table(root))
		return true;
	if (root && (fy_node_is_sequence(root) || wrap_unwrapped(root) != root))
		look_in(&w, root, &l);
	else
		node_each_pair(&w, root, look_at_root, &l);
	return l.renamed;
}
