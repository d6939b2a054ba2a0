// SPDX-License-Identifier: GPL-2.0-only
/*
 * openapi.c - the API as an OpenAPI 3.1 document, out of the same tables that carry it: the routes (serve/routes.h)
 * and the parameters of the kinds. What an answer looks like is in docs/schema, installed with the program; the
 * document names the file.
 */
#include <string.h>
#include <strings.h>

#include "control/answers.h"
#include "fault/fault.h"
#include "util/cleanup.h"

static json_t *ref(const char *name)
{
	_cleanup_free_ char *to = text_format("#/components/schemas/%s", name);

	return json_pack("{s:s}", "$ref", to ?: "");
}

/* --- bodies -------------------------------------------------------------------------------------- */

static json_t *param_schema(const struct param *p)
{
	const char *const *c;
	json_t *words = json_array();

	for (c = p->type == PARAM_ENUM ? p->choices : NULL; c && *c; c++)
		json_array_append_new(words, json_string(*c));
	if (json_array_size(words))
		return json_pack("{s:o, s:s}", "enum", words, "description", p->help ?: "");
	json_decref(words);
	return json_pack("{s:[s, s, s], s:s}", "type", "string", "number", "boolean", "description", p->help ?: "");
}

static void add_table(json_t *properties, json_t *required, const struct param *p)
{
	for (; p && p->name; p++) {
		json_object_set_new(properties, p->name, param_schema(p));
		if (p->def && !strcmp(p->def, "!"))
			json_array_append_new(required, json_string(p->name));
	}
}

/* The parameters of one kind, as the body of an injection has them. */
static json_t *kind_schema(const struct fault_ops *ops)
{
	json_t *properties = json_object(), *required = json_array();

	add_table(properties, required, ops->params);
	add_table(properties, required, ops->common);
	return json_pack("{s:s, s:o, s:{s:{s:s}, s:{s:s, s:s, s:o, s:o, s:b}}}", "description", ops->summary,
			 "required",
			 json_array_size(required) ? json_pack("[s, s, s]", "kind", "targets", "params")
						   : json_pack("[s, s]", "kind", "targets"),
			 "properties", "kind", "const", ops->name, "params", "type", "object", "description",
			 ops->summary, "properties", properties, "required", required, "additionalProperties", 0);
}

static json_t *inject_schema(void)
{
	json_t *kinds = json_array();
	const struct fault_ops *const *k;

	for (k = fault_table; *k; k++)
		json_array_append_new(kinds, kind_schema(*k));
	return json_pack("{s:s, s:[s, s], s:{s:{s:s}, s:{s:s, s:{s:s}, s:i, s:i}, s:{s:s}, s:{s:s, s:s}, "
			 "s:{s:s, s:s}, s:{s:s, s:s}}, s:b, s:o}",
			 "type", "object", "required", "kind", "targets", "properties", "kind", "type", "string",
			 "targets", "type", "array", "items", "type", "string", "minItems", 1, "maxItems", 32, "params",
			 "type", "object", "for", "type", "string", "description",
			 "Ends after this time (200ms, 1.5s, 5min); 5 minutes without it", "forever", "type", "boolean",
			 "description", "Only a stop ends it; role administer", "allow_host_interface", "type",
			 "boolean", "description",
			 "Even where the host's default route goes: this may cut you off; role administer",
			 "additionalProperties", 0, "oneOf", kinds);
}

static json_t *schemas(void)
{
	json_t *all = json_object();

	json_object_set_new(all, "inject", inject_schema());
	json_object_set_new(all, "set",
			    json_pack("{s:s, s:[s], s:{s:{s:s, s:i, s:{s:[s, s, s]}}}, s:b}", "type", "object",
				      "required", "params", "properties", "params", "type", "object", "minProperties",
				      1, "additionalProperties", "type", "string", "number", "boolean",
				      "additionalProperties", 0));
	json_object_set_new(all, "halt",
			    json_pack("{s:s, s:{s:{s:s, s:i}}, s:b}", "type", "object", "properties", "reason", "type",
				      "string", "maxLength", 190, "additionalProperties", 0));
	json_object_set_new(all, "allow", json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 0));
	json_object_set_new(
		all, "problem",
		json_pack("{s:s, s:s, s:[s, s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s, s]}, s:{s:[s, s]}}}",
			  "type", "object", "description", "RFC 9457; detail and hint are the command's own words",
			  "required", "title", "status", "detail", "properties", "type", "type", "string", "title",
			  "type", "string", "status", "type", "integer", "detail", "type", "string", "hint", "type",
			  "string", "null", "exit_status", "type", "integer", "null"));
	return all;
}

/* --- routes -------------------------------------------------------------------------------------- */

static const char *body_schema(enum verb verb)
{
	switch (verb) {
	case VERB_SET: return "set";
	case VERB_HALT: return "halt";
	case VERB_ALLOW: return "allow";
	default: return "inject";
	}
}

static const char *answer_type(enum verb verb)
{
	return verb == VERB_REPORT ? "text/plain" : verb == VERB_EVENTS ? "text/event-stream" : "application/json";
}

static json_t *responses(const struct route *r)
{
	_cleanup_free_ char *status = text_format("%u", r->status);
	_cleanup_free_ char *what =
		r->schema ? text_format("As share/faultline/schema/%s.json", r->schema) : strdup(r->summary);
	json_t *schema =
		strcmp(answer_type(r->verb), "application/json") ? json_pack("{s:s}", "type", "string") : json_object();
	json_t *all = json_object();

	json_object_set_new(all, status ?: "200",
			    json_pack("{s:s, s:{s:{s:o}}}", "description", what ?: "", "content", answer_type(r->verb),
				      "schema", schema));
	json_object_set_new(all, "default",
			    json_pack("{s:s, s:{s:{s:o}}}", "description", "What was refused or went wrong", "content",
				      "application/problem+json", "schema", ref("problem")));
	return all;
}

static json_t *parameters(const struct route *r)
{
	const char *brace = strchr(r->path, '{');
	_cleanup_free_ char *name = brace ? strndup(brace + 1, strcspn(brace + 1, "}")) : NULL;
	json_t *all = json_array();

	if (name)
		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required",
						     1, "schema", "type", "string"));
	if (r->once)
		json_array_append_new(all,
				      json_pack("{s:s, s:s, s:s, s:{s:s, s:i}}", "name", "Idempotency-Key", "in",
						"header", "description",
						"The same key and body again get the first answer, and no second fault",
						"schema", "type", "string", "maxLength", 100));
	if (r->verb == VERB_EVENTS)
		json_array_append_new(all, json_pack("{s:s, s:s, s:{s:s}}", "name", "Last-Event-ID", "in", "header",
						     "schema", "type", "string"));
	return all;
}

static json_t *operation(const struct route *r)
{
	static const char *const ids[VERBS_N] = {
		[VERB_ME] = "me",           [VERB_DOCTOR] = "doctor",  [VERB_KINDS] = "kinds",
		[VERB_TARGETS] = "targets", [VERB_GRAPH] = "graph",    [VERB_FAULTS] = "listFaults",
		[VERB_INJECT] = "inject",   [VERB_FAULT] = "fault",    [VERB_SET] = "set",
		[VERB_STOP] = "stop",       [VERB_DRY_RUN] = "dryRun", [VERB_HALTED] = "halted",
		[VERB_HALT] = "halt",       [VERB_ALLOW] = "allow",    [VERB_RUNS] = "runs",
		[VERB_RUN] = "run",         [VERB_REPORT] = "report",  [VERB_EVENTS] = "events",
		[VERB_CHECK] = "check",     [VERB_AUDIT] = "audit",    [VERB_OPENAPI] = "openapi",
	};
	_cleanup_free_ char *description = text_format("%s. Role: %s.", r->summary, role_name(r->role));
	json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o}", "operationId", ids[r->verb], "summary", r->summary,
			      "description", description ?: "", "parameters", parameters(r), "responses", responses(r));

	if (r->body == BODY_JSON)
		json_object_set_new(o, "requestBody",
				    json_pack("{s:b, s:{s:{s:o}}}", "required",
					      r->verb != VERB_HALT && r->verb != VERB_ALLOW, "content",
					      "application/json", "schema", ref(body_schema(r->verb))));
	else if (r->body == BODY_YAML)
		json_object_set_new(o, "requestBody",
				    json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content", "application/yaml",
					      "schema", "type", "string"));
	return o;
}

json_t *answer_openapi(void)
{
	json_t *paths = json_object();
	const struct route *r;

	for (r = route_table; r->method; r++) {
		json_t *path = json_object_get(paths, r->path);
		char method[8];
		size_t i;

		if (!path) {
			path = json_object();
			json_object_set_new(paths, r->path, path);
		}
		for (i = 0; r->method[i] && i + 1 < sizeof(method); i++)
			method[i] = (char)(r->method[i] | 0x20);
		method[i] = '\0';
		json_object_set_new(path, method, operation(r));
	}
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:[]}], s:o, s:{s:o, s:{s:{s:s, s:s}}}}", "openapi", "3.1.0",
			 "info", "title", "faultline", "version", FL_VERSION, "description",
			 "Faults, runs and services of one host. docs/serve.md explains it.", "security", "token",
			 "paths", paths, "components", "schemas", schemas(), "securitySchemes", "token", "type", "http",
			 "scheme", "bearer");
}
