// SPDX-License-Identifier: GPL-2.0-only
/*
 * param.c - see param.h. Every value goes through set_value(), the defaults too, so a default
 * that would be refused from a user is refused in the table as well. bind_value() is the only place that turns a
 * parameter into a member of a struct.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/param.h"
#include "util/schedule/schedule.h"
#include "util/text/cidr.h"
#include "util/text/text.h"
#include "util/text/units.h"
#include "util/text/utf8.h"

#define MUST_BE_GIVEN "!"

static char fold(char c)
{
	return c == '_' ? '-' : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) == fold(*b);
}

static uint32_t table_len(const struct param *t)
{
	uint32_t n = 0;

	while (t && t[n].name)
		n++;
	return n;
}

static int parse_bool(const char *text, uint64_t *ret, struct fl_error *err)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i])) {
			*ret = i & 1;
			return 0;
		}
	return error_usage(err, "'%.60s' is neither true nor false", text);
}

static int parse_enum(const char *const *choices, const char *text, uint64_t *ret, struct fl_error *err)
{
	struct text all = {};
	const char *near;
	uint64_t i;

	for (i = 0; choices[i]; i++)
		if (same_name(choices[i], text)) {
			*ret = i;
			return 0;
		}
	for (i = 0; choices[i]; i++)
		text_append(&all, "%s%s", i ? ", " : "", choices[i]);
	near = text_nearest(text, choices);
	error_usage(err, "'%.60s' is not one of %s", text, all.s ? all.s : "");
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	text_free(&all);
	return -EINVAL;
}

/* Only the syntax (no empty item); the names are resolved together with the targets. */
static int check_peers(const char *text, struct fl_error *err)
{
	size_t len = strlen(text);

	if (!len || text[0] == ',' || text[len - 1] == ',' || strstr(text, ",,"))
		return error_usage(err, "'%.60s' has an empty name in its list", text);
	return 0;
}

static int parse_ports(const char *text, struct param_range *ret, struct fl_error *err)
{
	uint16_t from = 0, to = 0;
	int r = ports_parse(text, &from, &to, err);

	*ret = (struct param_range){ true, from, to };
	return r;
}

static int parse(const struct param *p, const char *text, struct param_value *v, struct fl_error *err)
{
	uint32_t ppm = 0;
	int r;

	switch (p->type) {
	case PARAM_DURATION: return units_duration_ns(text, &v->u64, err);
	case PARAM_OFFSET: return units_offset_ns(text, &v->i64, err);
	case PARAM_PERCENT:
		r = units_percent_ppm(text, &ppm, err);
		v->u64 = ppm;
		return r;
	case PARAM_RATE: return units_rate_bps(text, &v->u64, err);
	case PARAM_BYTES: return units_bytes(text, &v->u64, err);
	case PARAM_INT: return units_int(text, p->min, p->max, &v->i64, err);
	case PARAM_BOOL: return parse_bool(text, &v->u64, err);
	case PARAM_ENUM: return parse_enum(p->choices, text, &v->u64, err);
	case PARAM_PEERS: return check_peers(text, err);
	case PARAM_PORTS: return parse_ports(text, &v->range, err);
	case PARAM_RANGE:
		v->range.set = true;
		return range_parse(text, p->min, p->max, &v->range.from, &v->range.to, err);
	case PARAM_STRING: return 0;
	}
	return error_sys(err, EINVAL, "parameter of an unknown type");
}

int param_number(const struct param *p, const char *text, int64_t *ret, struct fl_error *err)
{
	struct param_value v = { .param = p };
	int r = parse(p, text, &v, err);

	if (!r)
		*ret = param_value_number(&v);
	return r;
}

/* What is in the slot, to the member that its row is bound to. */
static void bind_value(const struct params *p, const struct param_value *v)
{
	const struct param *q = v->param;
	char *base = v < p->v + p->n_own ? p->own : p->common;
	void *to = base + q->at;

	switch (q->field) {
	case PARAM_FIELD_NONE: break;
	case PARAM_FIELD_BOOL: *(bool *)to = v->u64 != 0; break;
	case PARAM_FIELD_U16: *(uint16_t *)to = (uint16_t)v->u64; break;
	case PARAM_FIELD_U32: *(uint32_t *)to = (uint32_t)v->u64; break;
	case PARAM_FIELD_U64: *(uint64_t *)to = v->u64; break;
	case PARAM_FIELD_I64: *(int64_t *)to = v->i64; break;
	case PARAM_FIELD_TEXT: *(const char **)to = v->text; break;
	case PARAM_FIELD_RANGE: *(struct param_range *)to = v->range; break;
	case PARAM_FIELD_OPTIONAL: *(struct param_optional *)to = (struct param_optional){ v->set, { v->u64 } }; break;
	}
}

/* The structs of the two tables, as large as the largest that their rows are bound to. */
static int make_structs(struct params *p)
{
	size_t own = 0, common = 0;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		const struct param *q = p->v[i].param;
		size_t *size = i < p->n_own ? &own : &common;

		if (q->field != PARAM_FIELD_NONE && q->size > *size)
			*size = q->size;
	}
	p->own = own ? calloc(1, own) : NULL;
	p->common = common ? calloc(1, common) : NULL;
	return (own && !p->own) || (common && !p->common) ? -ENOMEM : 0;
}

/* Which of the parameters can follow a schedule. */
static void hint_live(const struct params *p, struct fl_error *err)
{
	struct text names = {};
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].param->live && param_is_number(p->v[i].param))
			text_append(&names, "%s%s", names.len ? ", " : "", p->v[i].param->name);
	if (names.s)
		error_hint(err, "these can follow a schedule: %s", names.s);
	else
		error_hint(err, "no parameter of this kind can be changed while it is on");
	text_free(&names);
}

static int parse_schedule(const struct params *p, const char *text, struct param_value *v, struct fl_error *err)
{
	int r;

	if (!v->param->live) {
		error_usage(err, "it cannot be changed while the fault is on, so it follows no schedule");
		hint_live(p, err);
		return -EINVAL;
	}
	r = schedule_parse(v->param, text, p->dir, &v->schedule, err);
	if (!r)
		v->i64 = schedule_at(v->schedule, 0);
	return r;
}

static int parse_text(const struct params *p, const char *text, struct param_value *v, struct fl_error *err)
{
	if (!utf8_is(text))
		return error_usage(err, "'%.60s' is no UTF-8 text", text);
	if (param_is_number(v->param) && schedule_is(text))
		return parse_schedule(p, text, v, err);
	return parse(v->param, text, v, err);
}

static int set_value(const struct params *p, struct param_value *v, const char *text, bool given, struct fl_error *err)
{
	struct param_value parsed = { .param = v->param, .given = given, .set = true };
	struct fl_error why = {};
	char number[48];
	int r = parse_text(p, text, &parsed, &why);

	if (r) {
		error_set(err, why.exit, -r, "%s: %s", v->param->name, why.message);
		if (why.hint[0])
			error_hint(err, "%s", why.hint);
		return r;
	}
	parsed.text = strdup(parsed.schedule ? param_number_text(v->param, parsed.i64, number, sizeof(number)) : text);
	if (!parsed.text) {
		schedule_free(parsed.schedule);
		return error_sys(err, ENOMEM, "%s: out of memory", v->param->name);
	}
	free(v->text);
	schedule_free(v->schedule);
	*v = parsed;
	bind_value(p, v);
	return 0;
}

static int alloc_slots(struct params *p, uint32_t n_own, uint32_t n, struct fl_error *err)
{
	*p = (struct params){ .n_own = n_own, .v = calloc(n + 1, sizeof(*p->v)) };
	return p->v ? 0 : error_sys(err, ENOMEM, "parameters: out of memory");
}

int params_init(struct params *p, const struct param *own, const struct param *common, struct fl_error *err)
{
	uint32_t n_own = table_len(own), n = n_own + table_len(common), i;
	int r = alloc_slots(p, n_own, n, err);

	if (r)
		return r;
	for (i = 0; i < n; i++) {
		const struct param *q = i < n_own ? &own[i] : &common[i - n_own];

		p->v[i].param = q;
		if (q->field == PARAM_FIELD_RANGE)
			p->v[i].range = (struct param_range){
				.from = q->min,
				.to = q->type == PARAM_PORTS ? UINT16_MAX : q->max,
			};
	}
	p->n = n;
	if (make_structs(p))
		r = error_sys(err, ENOMEM, "parameters: out of memory");
	for (i = 0; !r && i < n; i++) {
		const char *def = p->v[i].param->def;

		if (def && strcmp(def, MUST_BE_GIVEN))
			r = set_value(p, &p->v[i], def, false, err);
		else
			bind_value(p, &p->v[i]);
	}
	if (r)
		params_free(p);
	return r;
}

void params_free(struct params *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].text);
		schedule_free(p->v[i].schedule);
	}
	free(p->v);
	free(p->own);
	free(p->common);
	*p = (struct params){};
}

int params_copy(struct params *dst, const struct params *src, struct fl_error *err)
{
	uint32_t i;
	int r = alloc_slots(dst, src->n_own, src->n, err);

	if (r)
		return r;
	for (i = 0; !r && i < src->n; i++) {
		const struct param_value *from = &src->v[i];

		dst->v[i] = *from;
		dst->n = i + 1;
		dst->v[i].text = from->text ? strdup(from->text) : NULL;
		dst->v[i].schedule = from->schedule ? schedule_copy(from->schedule) : NULL;
		if ((from->text && !dst->v[i].text) || (from->schedule && !dst->v[i].schedule))
			r = -ENOMEM;
	}
	if (r || make_structs(dst)) {
		params_free(dst);
		return error_sys(err, ENOMEM, "parameters: out of memory");
	}
	for (i = 0; i < dst->n; i++)
		bind_value(dst, &dst->v[i]);
	return 0;
}

static struct param_value *find(const struct params *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (same_name(p->v[i].param->name, name))
			return &p->v[i];
	return NULL;
}

static int unknown(const struct params *p, const char *name, struct fl_error *err)
{
	_cleanup_free_ const char **names = calloc(p->n + 1, sizeof(*names));
	struct text all = {};
	const char *near;
	uint32_t i;

	if (!names)
		return error_sys(err, ENOMEM, "parameters: out of memory");
	for (i = 0; i < p->n; i++) {
		names[i] = p->v[i].param->name;
		text_append(&all, "%s%s", i ? ", " : "", names[i]);
	}
	near = text_nearest(name, names);
	error_usage(err, "no parameter '%.60s'", name);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	else
		error_hint(err, "known are: %s", all.s ? all.s : "none");
	text_free(&all);
	return -EINVAL;
}

int params_set(struct params *p, const char *name, const char *text, struct fl_error *err)
{
	struct param_value *v = find(p, name);

	return v ? set_value(p, v, text, true, err) : unknown(p, name, err);
}

int params_complete(const struct params *p, const char *what, struct fl_error *err)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		const struct param *q = p->v[i].param;

		if (p->v[i].set || !q->def || strcmp(q->def, MUST_BE_GIVEN))
			continue;
		error_usage(err, "%s needs '%s'", what, q->name);
		error_hint(err, "%s: %s", q->name, q->help);
		return -EINVAL;
	}
	return 0;
}

const struct param_value *params_find(const struct params *p, const char *name)
{
	return find(p, name);
}

const struct param_value *params_get(const struct params *p, const char *name)
{
	const struct param_value *v = find(p, name);

	assert(v);
	return v;
}

bool params_has(const struct params *p, const char *name)
{
	return params_get(p, name)->set;
}

const char *params_text(const struct params *p, const char *name)
{
	return params_get(p, name)->text;
}

static json_t *values_json(const struct params *p, bool now)
{
	json_t *o = json_object();
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		const struct param_value *v = &p->v[i];
		_cleanup_free_ char *word = v->schedule && !now ? schedule_text(v->param, v->schedule) : NULL;

		if (v->set)
			json_object_set_new(o, v->param->name, json_string(word ? word : v->text));
	}
	return o;
}

json_t *params_json(const struct params *p)
{
	return values_json(p, false);
}

json_t *params_now_json(const struct params *p)
{
	return values_json(p, true);
}

int params_put_number(struct params *p, uint32_t slot, int64_t value)
{
	struct param_value *v = &p->v[slot];
	char number[48], *text = strdup(param_number_text(v->param, value, number, sizeof(number)));

	if (!text)
		return -ENOMEM;
	free(v->text);
	v->text = text;
	v->i64 = value;
	v->set = true;
	bind_value(p, v);
	return 0;
}
