// SPDX-License-Identifier: GPL-2.0-only
/*
 * params.c - parameters of a fault, as the file says them: by key, in a command line, or as a figure in the words for
 * its kind. What is missing comes from complete.c.
 */
#include <ctype.h>
#include <strings.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"
#include "util/text/units.h"

/* --- parameters ------------------------------------------------------------------------------- */

/* Spellings of time that units.c does not know. */
static char *plain_time(const char *text)
{
	static const struct {
		const char *from, *to;
	} words[] = { { "giây", "s" },   { "phút", "min" },    { "giờ", "h" },          { "milliseconds", "ms" },
		      { "giay", "s" },   { "phut", "min" },    { "millisecond", "ms" }, { "seconds", "s" },
		      { "second", "s" }, { "minutes", "min" }, { "minute", "min" },     { "~", "" },
		      { "khoảng", "" } };
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
		if (strspn(text, "0123456789") > 4)
			return NULL;
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

	if (plain && !strncmp(plain, "PT", 2) && isdigit((unsigned char)plain[2])) { /* ISO 8601: "PT1M30S" */
		char *p;

		for (p = plain; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		return sum_of_times(plain + 2);
	}
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
	if (p && p->type == PARAM_BYTES && text && strchr(text, '%') && find_param(ops, "percent")) /* size: 80% */
		p = find_param(ops, name = "percent");
	if (!p || !text || text_says_nothing(text)) {
		if (p && text) /* "{{ delay_ms }}", null */
			work_note(w, x, &v, NOTE, "ignored-param", "%.40s: '%.60s' says nothing and is not used", key,
				  text);
		else if (text && strncmp(key, "inject_", 7) != 0)
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

/* A parameter by our name, where the file does not say it by key. */
static bool say_param(struct work *w, struct entry *x, const char *name, const char *key, const char *text)
{
	const struct fault_ops *ops = fault_find(w->table, x->kind, NULL);
	const struct param *p = ops ? find_param(ops, name) : NULL;
	_cleanup_free_ char *made = p ? value_of_param(p, key, text, UNIT_NONE) : NULL;
	struct params check = {};
	bool ok = false;

	if (made && !json_object_get(x->params, name)) {
		if (params_init(&check, ops->params, ops->common, NULL))
			w->failed = true;
		else
			ok = !params_set(&check, name, made, NULL);
		params_free(&check);
	}
	if (ok && !x->params)
		x->params = json_object();
	return ok && !json_object_set_new(x->params, name, json_string(made));
}

static void take_line_params(struct work *w, struct entry *x)
{
	const char *name;
	json_t *value;

	if (!x->command.kind || strcmp(x->command.kind, x->kind) != 0)
		return;
	json_object_foreach(x->command.params, name, value)
		say_param(w, x, name, name, json_string_value(value));
}

/* "netem delay +500ms", "HTTP 500 inject 20%": figures with the kind; what is left of a time is the duration. */
static void take_figures(struct work *w, struct entry *x)
{
	static const char *const times[] = { "delay", "every", "offset" }, *const shares[] = { "percent", "load" };
	_cleanup_free_ char *text = value_text(w, &x->v[SLOT_FAULT], " ");
	const char *p = text;

	if (!text || names_kind(text))
		return;
	while ((p = strpbrk(p, "0123456789"))) {
		size_t n = strspn(p, "0123456789."), letters = strspn(p + n, "abcdefghijklmnopqrstuvwxyz%"), i;
		_cleanup_free_ char *one = strndup(p, n + letters);
		bool share = one && strchr(one, '%'), taken = false;

		for (i = 0; one && letters && !taken && i < (share ? ARRAY_SIZE(shares) : ARRAY_SIZE(times)); i++)
			taken = say_param(w, x, share ? shares[i] : times[i], "", one);
		if (one && !letters && n == 3)
			say_param(w, x, "status", "", one);
		if (one && letters && !share && !taken && !x->duration && !x->v[SLOT_DURATION].node)
			x->duration = duration_of(one, UNIT_NONE, UNIT_S);
		p += n + letters;
	}
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

void entry_params(struct work *w, struct entry *x)
{
	if (x->kind)
		node_each_pair(w, x->v[SLOT_PARAMS].node, take_param, x);
	if (x->kind)
		node_each_pair(w, x->v[SLOT_COMMAND].node, take_command, x);
	if (x->kind) {
		take_line_params(w, x);
		take_figures(w, x);
	}
	if (x->kind && !strcmp(x->kind, "network_partition") && !x->peer)
		invent_peer(w, x);
	if (x->kind)
		invent_params(w, x);
}
