// SPDX-License-Identifier: GPL-2.0-only
/*
 * read.c - the file's entries, each key in its slot whatever the level it stands on. A key that no row of the
 * table has is a typing error when it is near one of them, and otherwise named as left out.
 */
#include <errno.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"
#include "util/text/units.h"

/* --- nodes ------------------------------------------------------------------------------------ */

static char *scalar_text(struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);
	const char *s;
	size_t len = 0;

	if (!value || !fy_node_is_scalar(value))
		return NULL;
	s = fy_node_get_scalar(value, &len);
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
	/* "<your hypothesis>", "{{ service }}" */
	if (len > 1 && ((text[0] == '<' && text[len - 1] == '>' && !memchr(text + 1, '<', len - 1)) ||
			(!strncmp(text, "{{", 2) && text[len - 1] == '}')))
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
		if (telling[i] == slot && strcmp(a, b) != 0)
			work_note(w, r->x, v, NOTE, "said-twice",
				  "'%.60s' here, and '%.60s' at line %d; the one in its "
				  "section counts",
				  b, a, r->slots[slot].line);
}

static bool is_mapping(struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);

	return value && fy_node_is_mapping(value);
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
	};
	const struct value v = x->v[slot];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		if (sections[i].section != slot)
			continue;
		if (is_mapping(v.node)) {
			if (slot == SLOT_FAULT || slot == SLOT_TRUTH_FAULT)
				x->v[slot] = (struct value){}; /* its own key says it */
			read_section(w, x, &v, sections[i].at);
		} else if (sections[i].scalar != slot && !x->v[sections[i].scalar].node) {
			x->v[sections[i].scalar] = v;
		}
	}
}

static void take_key(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg);

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

static void take_key(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct reading *r = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, r->at, &unit, &native);
	struct value v;

	value_place(&v, key_node, node, unit);
	if (slot == SLOT_CONFIG && is_mapping(node)) {
		node_each_pair(w, node, take_setting, arg);
		return;
	}
	if (slot == SLOT_CONFIG)
		slot = SLOT_IGNORED;
	if ((slot == SLOT_NONE || slot == SLOT_IGNORED) && r->x && r->x->kind && (r->at & (AT_ENTRY | AT_FAULT)) &&
	    names_param(r->x->kind, key, &unit)) {
		param_take(w, r->x, key, key_node, node);
		return;
	}
	if (slot == SLOT_NONE)
		note_unknown(w, r, key, &v);
	else if (slot == SLOT_IGNORED)
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
	struct reading below = { .x = r->x, .at = slot == SLOT_TRUTH ? AT_TRUTH : AT_FAULT };
	_cleanup_free_ char *text = NULL;

	(void)key_node;
	if (slot == SLOT_ID) {
		_cleanup_free_ char *id = node_text(w, node, "");
		int64_t n;

		if (id && !units_int(id, 1, 100000, &n, NULL))
			r->x->number = (int)n;
	}
	if (is_mapping(node) && (slot == SLOT_FAULT || slot == SLOT_TRUTH || slot == SLOT_TRUTH_FAULT)) {
		node_each_pair(w, node, find_kind, &below);
		return;
	}
	text = slot == SLOT_FAULT || slot == SLOT_TRUTH_FAULT ? node_text(w, node, ",") : NULL;
	if (text && names_kind(text) && (!r->x->kind || slot == SLOT_FAULT)) {
		free(r->x->kind);
		r->x->kind = strdup(names_kind(text));
	}
}

static void read_entry(struct work *w, struct fy_node *node, const char *name)
{
	struct entry *grown = reallocarray(w->entries, w->n + 1, sizeof(*grown)), *x;
	struct reading r = { .at = AT_ENTRY };

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
	node_each_pair(w, node, find_kind, &r);
	node_each_pair(w, node, take_key, &r);
	r.filling = true;
	node_each_pair(w, w->v[SLOT_DEFAULTS].node, take_key, &r);
}

/* --- the file --------------------------------------------------------------------------------- */

/* "experiment: {...}" around an entry. */
static struct fy_node *unwrapped(struct fy_node *node)
{
	struct fy_node *map = yaml_deref(node), *inner;

	inner = map && fy_node_is_mapping(map) ? fy_node_mapping_lookup_by_string(map, "experiment", FY_NT) : NULL;
	return inner && is_mapping(inner) ? inner : node;
}

static void read_named(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	(void)key_node;
	(void)arg;
	read_entry(w, unwrapped(node), key);
}

/* {payment_latency: {...}, payment_loss: {...}}; without that it is one entry whose '-' was forgotten. */
static bool is_map_of_entries(struct fy_node *node)
{
	struct fy_node *map = yaml_deref(node);
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!is_mapping(map) || !(pair = fy_node_mapping_iterate(map, &iter)))
		return false;
	for (; pair; pair = fy_node_mapping_iterate(map, &iter))
		if (!is_mapping(fy_node_pair_value(pair)))
			return false;
	return true;
}

static void read_list(struct work *w, struct fy_node *node)
{
	struct fy_node *list = yaml_deref(node), *item;
	void *iter = NULL;

	if (is_map_of_entries(list))
		node_each_pair(w, list, read_named, NULL);
	else if (is_mapping(list))
		read_entry(w, unwrapped(list), NULL);
	else if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter)))
			if (is_mapping(item))
				read_entry(w, unwrapped(item), NULL);
}

int work_read(struct work *w)
{
	struct fy_node *root = yaml_root(w->y);
	struct reading r = { .slots = w->v, .at = AT_ROOT };

	if (root && fy_node_is_sequence(root)) {
		read_list(w, root);
	} else if (root && unwrapped(root) != root) {
		read_entry(w, unwrapped(root), NULL);
	} else {
		node_each_pair(w, root, take_key, &r);
		read_list(w, w->v[SLOT_EXPERIMENTS].node);
	}
	if (!w->n)
		return yaml_error(w->y, root,
				  "no experiments: a list 'experiments:' with an entry for each is expected");
	return 0;
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
		node_each_pair(w, unwrapped(list), look_at, l);
	else if (list && fy_node_is_sequence(list))
		while ((item = fy_node_sequence_iterate(list, &iter)))
			node_each_pair(w, unwrapped(item), look_at, l);
}

static void look_at_root(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct look *l = arg;
	enum key_unit unit;
	bool native;
	enum slot slot = names_slot(key, AT_ROOT, &unit, &native);

	(void)key_node;
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

	if (root && (fy_node_is_sequence(root) || unwrapped(root) != root))
		look_in(&w, root, &l);
	else
		node_each_pair(&w, root, look_at_root, &l);
	return l.renamed;
}
