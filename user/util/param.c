// SPDX-License-Identifier: GPL-2.0-only
/*
 * param.c - see param.h. Every value goes through set_value(), the defaults too, so a default
 * that would be refused from a user is refused in the table as well.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/param.h"
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

/* No empty name between the commas; what a name means is found out when targets are resolved.
 */
static int check_peers(const char *text, struct fl_error *err)
{
	size_t len = strlen(text);

	if (!len || text[0] == ',' || text[len - 1] == ',' || strstr(text, ",,"))
		return error_usage(err, "'%.60s' has an empty name in its list", text);
	return 0;
}

static int parse(const struct param *p, const char *text, struct param_value *v, struct fl_error *err)
{
	uint16_t lo, hi;
	int64_t from, to;
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
	case PARAM_PORTS: return ports_parse(text, &lo, &hi, err);
	case PARAM_RANGE: return range_parse(text, p->min, p->max, &from, &to, err);
	case PARAM_STRING: return 0;
	}
	return error_sys(err, EINVAL, "parameter of an unknown type");
}

static int set_value(struct param_value *v, const char *text, bool given, struct fl_error *err)
{
	struct param_value parsed = { .param = v->param, .given = given, .set = true };
	struct fl_error why = {};
	int r = utf8_is(text) ? parse(v->param, text, &parsed, &why)
			      : error_usage(&why, "'%.60s' is no UTF-8 text", text);

	if (r) {
		error_set(err, why.exit, -r, "%s: %s", v->param->name, why.message);
		if (why.hint[0])
			error_hint(err, "%s", why.hint);
		return r;
	}
	parsed.text = strdup(text);
	if (!parsed.text)
		return error_sys(err, ENOMEM, "%s: out of memory", v->param->name);
	free(v->text);
	*v = parsed;
	return 0;
}

int params_init(struct params *p, const struct param *own, const struct param *common, struct fl_error *err)
{
	uint32_t n_own = table_len(own), n = n_own + table_len(common), i;

	p->n = 0;
	p->v = calloc(n + 1, sizeof(*p->v));
	if (!p->v)
		return error_sys(err, ENOMEM, "parameters: out of memory");
	for (i = 0; i < n; i++) {
		const struct param *q = i < n_own ? &own[i] : &common[i - n_own];
		int r = 0;

		p->v[i].param = q;
		p->n = i + 1;
		if (q->def && strcmp(q->def, MUST_BE_GIVEN))
			r = set_value(&p->v[i], q->def, false, err);
		if (r) {
			params_free(p);
			return r;
		}
	}
	return 0;
}

void params_free(struct params *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		free(p->v[i].text);
	free(p->v);
	p->v = NULL;
	p->n = 0;
}

int params_copy(struct params *dst, const struct params *src, struct fl_error *err)
{
	uint32_t i;

	dst->n = 0;
	dst->v = calloc(src->n + 1, sizeof(*dst->v));
	if (!dst->v)
		return error_sys(err, ENOMEM, "parameters: out of memory");
	for (i = 0; i < src->n; i++) {
		dst->v[i] = src->v[i];
		dst->n = i + 1;
		if (src->v[i].text && !(dst->v[i].text = strdup(src->v[i].text))) {
			params_free(dst);
			return error_sys(err, ENOMEM, "parameters: out of memory");
		}
	}
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

	return v ? set_value(v, text, true, err) : unknown(p, name, err);
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

uint64_t params_u64(const struct params *p, const char *name)
{
	return params_get(p, name)->u64;
}

int64_t params_i64(const struct params *p, const char *name)
{
	return params_get(p, name)->i64;
}

const char *params_text(const struct params *p, const char *name)
{
	return params_get(p, name)->text;
}

json_t *params_json(const struct params *p)
{
	json_t *o = json_object();
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].set)
			json_object_set_new(o, p->v[i].param->name, json_string(p->v[i].text));
	return o;
}
