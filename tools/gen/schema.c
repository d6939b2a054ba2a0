// SPDX-License-Identifier: GPL-2.0-only
/*
 * schema.c - the schema of an experiment file, for editors. The shape of the file is
 * schema.base.json; the kinds, and which parameters each has, come from the fault table.
 *
 * Limit: units and expressions are judged by the loader, not by the schema; here they are text.
 */
#include <errno.h>
#include <jansson.h>

#include "fault/fault.h"
#include "tools/gen/gen.h"

/* A YAML writer may leave the quotes away: 30 and true are read as well as "30%" and "yes". */
static json_t *value_schema(const struct param *p)
{
	json_t *words = json_array();
	const char *const *c;

	if (p->type == PARAM_ENUM) {
		for (c = p->choices; *c; c++)
			json_array_append_new(words, json_string(*c));
		return json_pack("{s:o, s:s}", "enum", words, "description", p->help ? p->help : "");
	}
	json_decref(words);
	if (p->type == PARAM_INT)
		return json_pack("{s:s, s:I, s:I, s:s}", "type", "integer", "minimum", (json_int_t)p->min, "maximum",
				 (json_int_t)p->max, "description", p->help ? p->help : "");
	if (p->type == PARAM_PEERS)
		return json_pack("{s:[s, s], s:s}", "type", "string", "array", "description", p->help ? p->help : "");
	return json_pack("{s:[s, s, s], s:s}", "type", "string", "number", "boolean", "description",
			 p->help ? p->help : "");
}

/* What can be changed while the fault is on may be a schedule, as a mapping or in one word. */
static json_t *param_schema(const struct param *p)
{
	json_t *plain = value_schema(p);

	if (!p->live || !param_is_number(p))
		return plain;
	return json_pack("{s:[o, {s:s, s:s}, {s:s}]}", "anyOf", plain, "type", "string", "pattern",
			 "^(ramp|steps|pulse|sine|replay):", "$ref", "#/definitions/schedule");
}

/* Names are accepted with - and with _. */
static void add_params(json_t *properties, const struct param *p)
{
	for (; p && p->name; p++) {
		char other[64];
		size_t i;

		json_object_set_new(properties, p->name, param_schema(p));
		for (i = 0; p->name[i] && i + 1 < sizeof(other); i++)
			other[i] = p->name[i] == '-' ? '_' : p->name[i];
		other[i] = '\0';
		json_object_set_new(properties, other, param_schema(p));
	}
}

static json_t *kind_params(const struct fault_ops *ops)
{
	json_t *properties = json_object();

	add_params(properties, ops->params);
	add_params(properties, ops->common);
	return json_pack("{s:s, s:s, s:o, s:b}", "type", "object", "description", ops->summary, "properties",
			 properties, "additionalProperties", 0);
}

static json_t *names_of(const struct fault_ops *ops)
{
	json_t *names = json_array();
	const char *const *alias;

	json_array_append_new(names, json_string(ops->name));
	for (alias = ops->aliases; alias && *alias; alias++)
		json_array_append_new(names, json_string(*alias));
	return names;
}

/* "if KEY is this kind, then params are those of it". */
static json_t *rule(const char *key, const struct fault_ops *ops)
{
	return json_pack("{s:{s:{s:{s:o}}, s:[s]}, s:{s:{s:o}}}", "if", "properties", key, "enum", names_of(ops),
			 "required", key, "then", "properties", "params", kind_params(ops));
}

int gen_schema(const char *base, FILE *out, struct fl_error *err)
{
	json_t *schema, *kinds = json_array(), *single = json_array(), *listed = json_array();
	const struct fault_ops *const *k;
	json_error_t why;
	int r = 0;

	schema = json_load_file(base, JSON_REJECT_DUPLICATES, &why);
	if (!schema)
		return error_usage(err, "%s:%d: %s", base, why.line, why.text);
	for (k = fault_table; *k; k++) {
		json_t *names = names_of(*k);

		json_array_extend(kinds, names);
		json_decref(names);
		json_array_append_new(single, rule("fault_type", *k));
		json_array_append_new(listed, rule("type", *k));
	}
	if (json_unpack(schema, "{s:{s:{}, s:{}, s:{}}}", "definitions", "kind", "experiment", "fault"))
		r = error_usage(err, "%s lacks definitions of kind, experiment or fault", base);
	if (!r) {
		json_t *d = json_object_get(schema, "definitions");

		json_object_set(json_object_get(d, "kind"), "enum", kinds);
		json_object_set(json_object_get(d, "experiment"), "allOf", single);
		json_object_set(json_object_get(d, "fault"), "allOf", listed);
		r = json_dumpf(schema, out, JSON_INDENT(1)) ? error_sys(err, EIO, "cannot write") : 0;
		fputc('\n', out);
	}
	json_decref(kinds);
	json_decref(single);
	json_decref(listed);
	json_decref(schema);
	return r;
}
