// SPDX-License-Identifier: GPL-2.0-only
/*
 * check_names.c - a name that nothing answers to is found before a run, not by its score: a misspelt
 * root_service would make every right answer of the pipeline wrong, a misspelt not_service would never match.
 *
 * The file alone is judged. Whether a target runs on this host is for `check --host` and for the run.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "measure/metric_name.h"
#include "suite/check_private.h"
#include "util/cleanup.h"
#include "util/text/units.h"

/* The ways to write a target; target/table.c has the code behind them, and is not linked here. */
static const char *const ways[] = { "netns", "pid", "cgroup", "unit", "lab", "docker", NULL };

/* "docker:web@2" is web. */
static void bare_name(const char *spec, char *buf, size_t size)
{
	const char *colon = strchr(spec, ':');
	char *at;

	text_copy(buf, size, colon ? colon + 1 : spec);
	at = strchr(buf, '@');
	if (at)
		*at = '\0';
}

static bool is_among(const char *name, const char *const *names)
{
	char bare[128];

	for (; names && *names; names++) {
		bare_name(*names, bare, sizeof(bare));
		if (!strcasecmp(name, bare) || !strcasecmp(name, *names))
			return true;
	}
	return false;
}

/* The services that the file itself declares; false: it declares none, so no name can be wrong by it. */
static bool declares_services(const struct suite *s)
{
	return json_object_size(s->described) || json_array_size(json_object_get(s->graph, "services")) ||
	       json_array_size(json_object_get(s->graph, "edges")) || (s->stack && s->services && s->services[0]);
}

/* "; did you mean 'db'?", or the first of the names that there are. */
static void suggest(const char *name, const char *const *names, char *buf, size_t size)
{
	const char *near = text_nearest(name, names);
	size_t len = 0, i;

	buf[0] = '\0';
	if (near) {
		snprintf(buf, size, "; did you mean '%.80s'?", near);
		return;
	}
	for (i = 0; names[i] && i < 6 && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%.40s", i ? ", " : ": ", names[i]);
	if (names[i] && len < size)
		snprintf(buf + len, size - len, ", ...");
}

/* A word of the ground truth; @key is where it stands. */
static void check_service(struct report *r, const struct experiment *x, const char *key, const char *name,
			  const char *const *known, bool declared)
{
	char hint[300];

	if (is_among(name, known))
		return;
	if (declared) {
		suggest(name, known, hint, sizeof(hint));
		check_add(r, true, "unknown-service", x,
			  "ground_truth.%s: '%.60s' is none of the services that "
			  "this file knows%s",
			  key, name, hint);
	} else if (text_nearest(name, known)) {
		check_add(r, false, "unknown-service", x,
			  "ground_truth.%s: '%.60s' is no target of this file; did "
			  "you mean '%.60s'? (suite.graph declares services that are no targets)",
			  key, name, text_nearest(name, known));
	}
}

/* Is what stands behind the colon of a known way anything at all? */
static const char *wrong_form(const char *way, const char *rest)
{
	int64_t pid;

	if (!*rest)
		return "names nothing behind the colon";
	if (!strcmp(way, "pid") && rest[0] != '/' && units_int(rest, 1, INT32_MAX, &pid, NULL))
		return "is no process: pid:N has a number";
	return NULL;
}

static void check_form(struct report *r, const struct experiment *x, const char *spec)
{
	const char *colon = strchr(spec, ':'), *near, *wrong;
	char way[32];
	size_t i;

	snprintf(way, sizeof(way), "%.*s", (int)(colon - spec), spec);
	for (i = 0; ways[i] && strcmp(ways[i], way); i++)
		;
	wrong = ways[i] ? wrong_form(way, colon + 1) : NULL;
	if (wrong)
		check_add(r, true, "unknown-target", x, "target '%.80s' %s", spec, wrong);
	if (ways[i])
		return;
	near = text_nearest(way, ways);
	check_add(r, true, "unknown-target", x, "target '%.80s': there is no way '%s:' to name one%s%s%s", spec, way,
		  near ? "; did you mean '" : ": netns:NAME, pid:N, cgroup:PATH, unit:NAME, docker:NAME or a service",
		  near ?: "", near ? ":'?" : "");
}

/* A service by its bare name, in a file that says which services there are. */
static void check_declared(struct report *r, const struct experiment *x, const char *spec)
{
	const struct suite *s = r->suite;
	_cleanup_free_ const char **names = NULL;
	struct suite others = *s;
	char bare[128], hint[300];
	bool all;

	others.n = 0; /* not the targets themselves */
	names = metric_services(&others, &all);
	bare_name(spec, bare, sizeof(bare));
	if (!names || is_among(bare, names))
		return;
	suggest(bare, names, hint, sizeof(hint));
	check_add(r, text_nearest(bare, names) != NULL, "unknown-target", x,
		  "target '%.60s' is none of the services "
		  "that this file knows%s",
		  bare, hint);
}

static void check_target(struct report *r, const struct experiment *x, const char *spec, bool declared)
{
	if (strchr(spec, ':'))
		check_form(r, x, spec);
	else if (declared)
		check_declared(r, x, spec);
}

/* An experiment says its targets once, and each of its faults has them again. */
static bool is_said_before(const struct experiment *x, uint32_t fault, const char *spec)
{
	char **t;
	uint32_t f;

	for (t = x->targets; t && *t; t++)
		if (!strcmp(*t, spec))
			return true;
	for (f = 0; f < fault; f++)
		for (t = x->faults[f].targets; t && *t; t++)
			if (!strcmp(*t, spec))
				return true;
	return false;
}

void check_names(struct report *r, const struct experiment *x)
{
	bool all, declared = declares_services(r->suite);
	_cleanup_free_ const char **known = metric_services(r->suite, &all);
	char **t;
	uint32_t f;

	if (!known) {
		r->failed = true;
		return;
	}
	for (t = x->targets; t && *t; t++)
		check_target(r, x, *t, declared);
	for (f = 0; f < x->n_faults; f++)
		for (t = x->faults[f].targets; t && *t; t++)
			if (!is_said_before(x, f, *t))
				check_target(r, x, *t, declared);
	for (t = x->truth.root_services; t && *t; t++)
		check_service(r, x, "root_service", *t, known, declared);
	for (t = x->truth.not_services; t && *t; t++)
		check_service(r, x, "not_service", *t, known, declared);
}
