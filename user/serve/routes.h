/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * routes.h - the one table of what the REST API offers: the front matches requests by it, the privileged back checks
 * roles by it, and the OpenAPI document is made of it.
 *
 * Reading of what a client sends stands here as well, pure, for unit tests and fuzzers.
 */
#ifndef FL_ROUTES_H
#define FL_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role { ROLE_NONE, ROLE_LOOK, ROLE_OPERATE, ROLE_ADMINISTER };

enum verb {
	VERB_NONE,
	VERB_ME,
	VERB_DOCTOR,
	VERB_KINDS,
	VERB_TARGETS,
	VERB_GRAPH,
	VERB_FAULTS,
	VERB_INJECT,
	VERB_FAULT,
	VERB_SET,
	VERB_STOP,
	VERB_DRY_RUN,
	VERB_HALTED,
	VERB_HALT,
	VERB_ALLOW,
	VERB_RUNS,
	VERB_RUN,
	VERB_REPORT,
	VERB_EVENTS,
	VERB_CHECK,
	VERB_AUDIT,
	VERB_OPENAPI,
	VERBS_N
};

enum route_body { BODY_NONE, BODY_JSON, BODY_YAML };

#define ROUTE_JSON_MAX (64u << 10)
#define ROUTE_YAML_MAX (256u << 10)

struct route {
	const char *method, *path; /* "/v1/faults/{id}": at most one part is in braces */
	enum verb verb;
	enum role role;
	enum route_body body;
	bool changes;        /* it goes to the audit log */
	bool once;           /* takes Idempotency-Key */
	unsigned int status; /* of success */
	const char *summary; /* one line, no final dot */
	const char *schema;  /* the JSON Schema of its answer below docs/schema, as {"$ref"}; NULL: any object */
};

/* Ended by a NULL method. */
extern const struct route route_table[];

#define ROUTE_OBJECT_MAX 128

enum route_found { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* Which route is it? What stands in the place of the braces is copied to @ret_object ("": nothing). A name in a path is
 * letters, digits and "._-", and does not begin with '.' or '-'; others are not found. */
enum route_found route_find(const char *method, const char *path, const struct route **ret,
			    char ret_object[ROUTE_OBJECT_MAX]);

/* May route_find() have given it? Asked again by who acts on it: nothing is believed of the process that speaks HTTP. */
bool route_object_ok(const char *object);

/* Of a verb; NULL for none. */
const struct route *route_of(enum verb verb);

/*
 * May a browser or a client that was led here by a name of somebody else's have meant this server? @host is the Host
 * header, @origin and @site (Sec-Fetch-Site) may be NULL. @name: one host name that is taken besides those of the
 * loopback, or NULL. 0, or the HTTP status to refuse with.
 */
unsigned int route_check_browser(const char *host, const char *origin, const char *site, const char *name);

/* "Bearer TOKEN": the token, or NULL. */
const char *route_bearer(const char *authorization);

const char *role_name(enum role role);
/* "look", "operate", "administer"; ROLE_NONE for anything else. */
enum role role_by_name(const char *name);

#endif
