// SPDX-License-Identifier: GPL-2.0-only
/* routes.c - see routes.h */
#include <string.h>
#include <strings.h>

#include "serve/routes.h"
#include "util/cleanup.h"

/* clang-format off */
const struct route route_table[] = {
	{ "GET", "/v1/me", VERB_ME, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "Who you are here, and what you may do", NULL },
	{ "GET", "/v1/doctor", VERB_DOCTOR, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "What works on this host, what does not, and what to do (takes a second or two)", "doctor" },
	{ "GET", "/v1/kinds", VERB_KINDS, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The kinds of faults with their parameters", NULL },
	{ "GET", "/v1/targets", VERB_TARGETS, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The services and network namespaces that can be named as targets now", NULL },
	{ "GET", "/v1/graph", VERB_GRAPH, ROLE_OPERATE, BODY_NONE, false, false, 200,
	  "Who calls whom, watched for three seconds by programs that count packets", "graph" },
	{ "GET", "/v1/faults", VERB_FAULTS, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The faults that are there, with their hits", "list" },
	{ "POST", "/v1/faults", VERB_INJECT, ROLE_OPERATE, BODY_JSON, true, true, 201,
	  "Inject a fault; answers once it is active", "inject-detach" },
	{ "GET", "/v1/faults/{id}", VERB_FAULT, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "One fault, as in the list", NULL },
	{ "PATCH", "/v1/faults/{id}", VERB_SET, ROLE_OPERATE, BODY_JSON, true, false, 200,
	  "Change live parameters of a fault while it is on", "set" },
	{ "DELETE", "/v1/faults/{id}", VERB_STOP, ROLE_OPERATE, BODY_NONE, true, false, 200,
	  "End a fault; answers once it is rolled back", "stop" },
	{ "POST", "/v1/dry-runs", VERB_DRY_RUN, ROLE_OPERATE, BODY_JSON, false, false, 200,
	  "Who would be hit by a fault, and what undoes it; touches nothing", "inject-dry-run" },
	{ "GET", "/v1/halt", VERB_HALTED, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "Is this host halted?", NULL },
	{ "POST", "/v1/halt", VERB_HALT, ROLE_OPERATE, BODY_JSON, true, false, 200,
	  "End everything on this host and refuse new faults", "halt" },
	{ "POST", "/v1/allow", VERB_ALLOW, ROLE_ADMINISTER, BODY_JSON, true, false, 200,
	  "Allow faults again after a halt", "allow" },
	{ "GET", "/v1/runs", VERB_RUNS, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The folders of finished runs, newest first", NULL },
	{ "GET", "/v1/runs/{name}", VERB_RUN, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The scoreboard of a run", "score" },
	{ "GET", "/v1/runs/{name}/report", VERB_REPORT, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "The chaos_report.md of a run, as text", NULL },
	{ "GET", "/v1/events", VERB_EVENTS, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "Server-sent events: faults on, changed, counting and off, halt; resumes behind Last-Event-ID", NULL },
	{ "POST", "/v1/suites/check", VERB_CHECK, ROLE_LOOK, BODY_YAML, false, false, 200,
	  "Judge an experiment file: every problem, by line and column", "check" },
	{ "GET", "/v1/audit", VERB_AUDIT, ROLE_OPERATE, BODY_NONE, false, false, 200,
	  "The last 200 entries of the audit log, newest first", NULL },
	{ "GET", "/v1/openapi.json", VERB_OPENAPI, ROLE_LOOK, BODY_NONE, false, false, 200,
	  "This API as an OpenAPI 3.1 document", NULL },
	{},
};
/* clang-format on */

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '-';
}

/* How many bytes of @path are a name; 0: none, or too long a one. */
static size_t name_length(const char *path)
{
	size_t n = 0;

	while (name_char(path[n]))
		n++;
	return n < ROUTE_OBJECT_MAX && path[0] != '.' && path[0] != '-' ? n : 0;
}

bool route_object_ok(const char *object)
{
	size_t n = name_length(object);

	return !object[0] || (n && !object[n]);
}

static bool path_fits(const char *pattern, const char *path, char ret_object[ROUTE_OBJECT_MAX])
{
	size_t n;

	ret_object[0] = '\0';
	while (*pattern && *pattern != '{') {
		if (*pattern++ != *path++)
			return false;
	}
	if (!*pattern)
		return !*path;
	n = name_length(path);
	if (!n)
		return false;
	memcpy(ret_object, path, n);
	ret_object[n] = '\0';
	return !strcmp(strchr(pattern, '}') + 1, path + n);
}

enum route_found route_find(const char *method, const char *path, const struct route **ret,
			    char ret_object[ROUTE_OBJECT_MAX])
{
	enum route_found found = ROUTE_NO_PATH;
	const struct route *r;

	for (r = route_table; r->method; r++) {
		if (!path_fits(r->path, path, ret_object))
			continue;
		found = ROUTE_NO_METHOD;
		if (strcmp(r->method, method) != 0)
			continue;
		*ret = r;
		return ROUTE_FOUND;
	}
	ret_object[0] = '\0';
	return found;
}

const struct route *route_of(enum verb verb)
{
	const struct route *r;

	for (r = route_table; r->method; r++)
		if (r->verb == verb)
			return r;
	return NULL;
}

/* "localhost:8080" without its port: *ret_len bytes; false: that is no host and port. */
static bool host_part(const char *host, size_t *ret_len)
{
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	const char *port;

	if (n > strlen(host))
		return false;
	port = host + n;
	if (*port && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1) || strlen(port) > 6))
		return false;
	*ret_len = n;
	return n > 0;
}

static bool is_name(const char *host, size_t len, const char *name)
{
	return name && strlen(name) == len && !strncasecmp(host, name, len);
}

unsigned int route_check_browser(const char *host, const char *origin, const char *site, const char *name)
{
	const char *at;
	size_t len;

	/* A page of another site that has its name point here (DNS rebinding) says that name. */
	if (!host || !host_part(host, &len) ||
	    !(is_name(host, len, "localhost") || is_name(host, len, "127.0.0.1") || is_name(host, len, "[::1]") ||
	      is_name(host, len, name)))
		return 421;
	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return 403;
	if (!origin)
		return 0;
	at = !strncmp(origin, "http://", 7) ? origin + 7 : !strncmp(origin, "https://", 8) ? origin + 8 : "";
	return strcasecmp(at, host) ? 403 : 0;
}

const char *route_bearer(const char *authorization)
{
	return authorization && !strncasecmp(authorization, "Bearer ", 7) ? authorization + 7 : NULL;
}

static const char *const role_names[] = {
	[ROLE_NONE] = "none", [ROLE_LOOK] = "look", [ROLE_OPERATE] = "operate", [ROLE_ADMINISTER] = "administer"
};

const char *role_name(enum role role)
{
	return role_names[role];
}

enum role role_by_name(const char *name)
{
	size_t i;

	for (i = ROLE_LOOK; i < ARRAY_SIZE(role_names); i++)
		if (!strcmp(role_names[i], name))
			return (enum role)i;
	return ROLE_NONE;
}
