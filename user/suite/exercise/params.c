// SPDX-License-Identifier: GPL-2.0-only
/*
 * params.c - kind, targets, peer and parameters of a fault, as the file says them. What is missing comes from
 * complete.c.
 */
#include <ctype.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "suite/exercise/phrase.h"
#include "util/cleanup.h"
#include "util/text/units.h"

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
		if (p.n == 1 && !strchr(target, ' ') && strcmp(target, p.found[0]) != 0)
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

void entry_fault(struct work *w, struct entry *x)
{
	take_kind(w, x);
	if (!x->kind && !x->v[SLOT_FAULTS].node)
		invent_kind(w, x);
	take_targets(w, x);
	node_each_pair(w, x->v[SLOT_PARAMS].node, move_target, x);
	if (!x->targets)
		invent_target(w, x);
}

/* --- parameters ------------------------------------------------------------------------------- */

/* Spellings of time that units.c does not know. */
static char *plain_time(const char *text)
{
	static const struct {
		const char *from, *to;
	} words[] = { { "giây", "s" },         { "phút", "min" },  { "giờ", "h" },    { "milliseconds", "ms" },
		      { "millisecond", "ms" }, { "seconds", "s" }, { "second", "s" }, { "minutes", "min" },
		      { "minute", "min" },     { "~", "" },        { "khoảng", "" } };
	struct text out = {};
	size_t i;

	while (*text) {
		for (i = 0; i < ARRAY_SIZE(words) && strncasecmp(text, words[i].from, strlen(words[i].from)) != 0; i++)
			;
		if (i < ARRAY_SIZE(words)) {
			text_append(&out, "%s", words[i].to);
			text += strlen(words[i].from);
		} else if (*text == ' ') {
			text++;
		} else {
			text_append_bytes(&out, text++, 1);
		}
	}
	return out.s;
}

static bool is_number(const char *text)
{
	double v;

	return !units_double(text, &v, NULL);
}

static const char *unit_text(enum key_unit unit)
{
	return unit == UNIT_MS ? "ms" : unit == UNIT_MIN ? "min" : unit == UNIT_H ? "h" : "s";
}

/* "1m30s", "1h 5min": NULL when a part of it is no time. */
static char *sum_of_times(const char *text)
{
	uint64_t sum = 0, ns;
	char out[32];

	while (*text) {
		size_t n = strspn(text, "0123456789."), letters = strspn(text + n, "abcdefghijklmnopqrstuvwxyz");
		_cleanup_free_ char *one = strndup(text, n + letters);

		if (!n || !letters || !one || units_duration_ns(one, &ns, NULL))
			return NULL;
		sum += ns;
		text += n + letters;
	}
	return sum ? strdup(units_format_ns(sum, out, sizeof(out))) : NULL;
}

/* "00:01:30", "1:30". NULL: it is no such time. */
static char *clock_time(const char *text)
{
	unsigned int part[3] = {}, n = 0;
	char *end;

	for (; n < 3 && isdigit((unsigned char)*text); text = end) {
		part[n++] = (unsigned int)strtoul(text, &end, 10);
		if (*end == ':' && n < 3)
			end++;
		else if (*end)
			return NULL;
	}
	if (n < 2 || *text || part[n - 1] > 59 || part[n - 2] > 59 || part[0] > 99)
		return NULL;
	return text_format("%us", n == 3 ? part[0] * 3600 + part[1] * 60 + part[2] : part[0] * 60 + part[1]);
}

char *duration_of(const char *text, enum key_unit unit, enum key_unit bare)
{
	_cleanup_free_ char *plain = plain_time(text);
	const char *digits = plain ? plain + (plain[0] == '+' || plain[0] == '-') : NULL;
	char *with_unit;
	int64_t ns;
	double v;

	if (!plain)
		return NULL;
	if (is_number(digits)) {
		if (unit != UNIT_MS && unit != UNIT_S && unit != UNIT_MIN && unit != UNIT_H)
			unit = bare;
		if (bare == UNIT_MS && unit == UNIT_MS && !units_double(digits, &v, NULL) && v < 10 && v > 0)
			unit = UNIT_S; /* "delay: 2" is no 2 ms */
		with_unit = text_format("%s%s", plain, unit_text(unit));
	} else {
		with_unit = strdup(plain);
	}
	if (with_unit && !units_offset_ns(with_unit, &ns, NULL))
		return with_unit;
	free(with_unit);
	with_unit = clock_time(plain);
	return with_unit ? with_unit : sum_of_times(plain);
}

/* "30%", 30, 0.3 -> "30%"; a share of 1 or less without a sign is a fraction where the key says a rate. */
static char *percent_of(const char *text, const char *key, enum key_unit unit)
{
	_cleanup_free_ char *number = strndup(text, strspn(text, "0123456789. "));
	bool sign = strchr(text, '%') != NULL, rate;
	char folded[80];
	size_t len = number ? strlen(number) : 0;
	double v;

	while (len && number[len - 1] == ' ')
		number[--len] = '\0';
	if (!len || units_double(number, &v, NULL))
		return NULL;
	names_fold(key, folded, sizeof(folded));
	rate = unit == UNIT_RATIO || strstr(folded, "rate") || strstr(folded, "ratio") || strstr(folded, "prob") ||
	       strstr(folded, "toxicity") || strstr(folded, "fraction") || strstr(folded, "share") || v < 1;
	if (!sign && unit != UNIT_PERCENT && rate && v <= 1)
		v *= 100;
	return text_format("%.6g%%", v);
}

static const struct param *find_param(const struct fault_ops *ops, const char *name)
{
	const struct param *tables[] = { ops->params, ops->common };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct param *p = tables[i];

		for (; p && p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	}
	return NULL;
}

/* "500ms ± 100ms": the second is the jitter. */
static void split_jitter(struct entry *x, char *text)
{
	static const char *const signs[] = { "±", "+/-", "+-" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signs); i++) {
		char *at = strstr(text, signs[i]);
		_cleanup_free_ char *jitter = at ? duration_of(at + strlen(signs[i]), UNIT_NONE, UNIT_MS) : NULL;

		if (jitter)
			json_object_set_new(x->params, "jitter", json_string(jitter));
		if (at) {
			*at = '\0';
			return;
		}
	}
}

static char *value_of_param(const struct param *p, const char *key, const char *text, enum key_unit unit)
{
	switch (p->type) {
	case PARAM_DURATION: return duration_of(text, unit, !strcmp(p->name, "every") ? UNIT_S : UNIT_MS);
	case PARAM_OFFSET: return duration_of(text, unit, UNIT_S);
	case PARAM_PERCENT: return percent_of(text, key, unit);
	case PARAM_BYTES: return unit == UNIT_MB && is_number(text) ? text_format("%sMB", text) : strdup(text);
	default: return strdup(text);
	}
}

static void take_inner(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	param_take(w, arg, key, key_node, node);
}

static void take_value(struct work *w, struct entry *x, const char *key, struct fy_node *key_node, struct fy_node *node)
{
	const struct fault_ops *ops = x->kind ? fault_find(w->table, x->kind, NULL) : NULL;
	_cleanup_free_ char *text = node_text(w, node, ","), *made = NULL;
	const struct param *p = NULL;
	enum key_unit unit = UNIT_NONE;
	const char *name = ops ? names_param(x->kind, key, &unit) : NULL;
	struct params check = {};
	struct value v;

	value_place(&v, key_node, node, unit);
	if (ops && !name && find_param(ops, key))
		name = key;
	p = name ? find_param(ops, name) : NULL;
	if (!p || !text || text_says_nothing(text)) {
		if (text && strncmp(key, "inject_", 7) != 0)
			work_note(w, x, &v, NOTE, "ignored-param", "'%.40s' is no parameter of %s and is not used", key,
				  x->kind ? x->kind : "a fault");
		return;
	}
	if (!x->params)
		x->params = json_object();
	if (!strcmp(name, "delay"))
		split_jitter(x, text);
	made = value_of_param(p, key, text, unit);
	if (params_init(&check, ops->params, ops->common, NULL))
		w->failed = true;
	else if (!made || params_set(&check, name, made, NULL))
		work_note(w, x, &v, NOTE, "ignored-param", "%.40s: '%.60s' is no value for %s of %s and is not used",
			  key, text, name, x->kind);
	else
		json_object_set_new(x->params, name, json_string(made));
	params_free(&check);
}

void param_take(struct work *w, struct entry *x, const char *key, struct fy_node *key_node, struct fy_node *node)
{
	struct fy_node *value = yaml_deref(node);

	/* {netem: {delay: 500ms}}: the name of a tool around its parameters. */
	if (value && fy_node_is_mapping(value))
		node_each_pair(w, value, take_inner, x);
	else
		take_value(w, x, key, key_node, node);
}

static void take_param(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct entry *x = arg;

	if (x->kind && !strcmp(x->kind, "network_partition") && x->peer) {
		enum key_unit unit;
		const char *name = names_param(x->kind, key, &unit);

		if (name && !strcmp(name, "peer"))
			return;
	}
	param_take(w, x, key, key_node, node);
}

/* inject_cmd_args: {params: '{"latency_ms": 500}'}: what of it belongs to the kind. */
static void take_command(struct work *w, const char *key, struct fy_node *key_node, struct fy_node *node, void *arg)
{
	struct entry *x = arg;
	_cleanup_free_ char *text = node_text(w, node, " ");
	json_t *object = text ? json_loads(text, 0, NULL) : NULL, *value;
	const char *name;
	enum key_unit unit;

	if (!text) /* a mapping */
		node_each_pair(w, node, take_command, x);
	json_object_foreach(object, name, value) {
		const char *ours = x->kind ? names_param(x->kind, name, &unit) : NULL;
		const struct param *p = ours ? find_param(fault_find(w->table, x->kind, NULL), ours) : NULL;
		_cleanup_free_ char *word = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
		_cleanup_free_ char *made = p && json_is_number(value) ? value_of_param(p, name, word, unit) : NULL;
		struct value v;

		value_place(&v, key_node, node, UNIT_NONE);
		if (!made) {
			work_note(w, x, &v, NOTE, "ignored-param",
				  "%.40s: '%.40s' does not belong to %s and is not used", key, name,
				  x->kind ? x->kind : "a fault");
			continue;
		}
		if (!x->params)
			x->params = json_object();
		json_object_set_new(x->params, ours, json_string(made));
	}
	json_decref(object);
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

void entry_params(struct work *w, struct entry *x)
{
	if (x->kind && !strcmp(x->kind, "network_partition"))
		node_each_pair(w, x->v[SLOT_PARAMS].node, take_peer, x);
	if (x->kind)
		node_each_pair(w, x->v[SLOT_PARAMS].node, take_param, x);
	if (x->kind)
		node_each_pair(w, x->v[SLOT_COMMAND].node, take_command, x);
	if (x->kind && !strcmp(x->kind, "network_partition") && !x->peer)
		invent_peer(w, x);
	if (x->kind)
		invent_params(w, x);
}
