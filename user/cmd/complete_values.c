// SPDX-License-Identifier: GPL-2.0-only
/* complete_values.c - the values themselves: units, files, services, ids; see complete.h */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/complete.h"
#include "fault/life/live.h"
#include "fault/life/record.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/spawn.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define UNITS_MAX (256u << 10) /* of what systemctl lists */

/* --- numbers and words --------------------------------------------------------------------------- */

/* Behind a number that is typed. */
static void offer_units(const struct completing *c, const char *const *units)
{
	size_t digits = strspn(c->cur, "+-0123456789.");
	char word[64];

	for (; digits && *units; units++) {
		snprintf(word, sizeof(word), "%.*s%s", (int)digits, c->cur, *units);
		complete_offer(c, word, NULL);
	}
}

/* "vi|en" */
static void offer_choices(const struct completing *c, const char *choices)
{
	char word[64];
	size_t len;

	for (; *choices; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		snprintf(word, sizeof(word), "%.*s", (int)len, choices);
		complete_offer(c, word, NULL);
	}
}

/* --- files --------------------------------------------------------------------------------------- */

/* Does one of the endings fit ("yaml", ...; NULL: any name does)? */
static bool has_ending(const char *name, const char *const *endings)
{
	const char *dot = strrchr(name, '.');

	if (!endings)
		return true;
	for (; dot && *endings; endings++)
		if (!strcmp(dot + 1, *endings))
			return true;
	return false;
}

/* Folders, with a slash, and files (not with @only_folders) that begin as what is typed. */
static void offer_files(const struct completing *c, const char *const *endings, bool only_folders)
{
	const char *slash = strrchr(c->cur, '/'), *base = slash ? slash + 1 : c->cur;
	_cleanup_free_ char *dir = slash ? strndup(c->cur, (size_t)(slash - c->cur) + 1) : strdup("");
	DIR *d = dir ? opendir(*dir ? dir : ".") : NULL;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *path = text_format("%s%s", dir, e->d_name);
		_cleanup_free_ char *folder = path ? text_format("%s/", path) : NULL;

		if (!folder || (e->d_name[0] == '.' && base[0] != '.') || !strcmp(e->d_name, ".") ||
		    !strcmp(e->d_name, "..") || stat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			complete_offer(c, folder, NULL);
		else if (!only_folders && has_ending(e->d_name, endings))
			complete_offer(c, path, NULL);
	}
	if (d)
		closedir(d);
}

/* Which files a command reads. */
static void offer_files_of(const struct completing *c, const char *command)
{
	static const char *const suites[] = { "yaml", "yml", NULL };
	static const char *const readers[] = { "run", "check", "baseline", "accept", "lab", NULL };
	const char *const *r;

	for (r = readers; *r && strcmp(*r, command); r++)
		;
	offer_files(c, *r ? suites : NULL, false);
}

/* --- targets -------------------------------------------------------------------------------------- */

/* "netns:shop" out of the names that a provider has. */
static void offer_prefixed(const struct completing *c, const char *way, const struct target_names *names)
{
	uint32_t i;

	for (i = 0; i < names->n; i++) {
		_cleanup_free_ char *word = text_format("%s:%s", way, names->v[i]);

		if (word)
			complete_offer(c, word, NULL);
	}
}

/* The services that systemd runs now, as it lists them: its name first in each line. */
static void list_units(struct target_names *names)
{
	char *argv[] = { (char[]){ "systemctl" },      (char[]){ "list-units" },
			 (char[]){ "--type=service" }, (char[]){ "--state=running" },
			 (char[]){ "--plain" },        (char[]){ "--no-legend" },
			 (char[]){ "--no-pager" },     NULL };
	_cleanup_free_ char *out = calloc(1, UNITS_MAX);
	char *rest = out, *line, *end;

	if (!out || !spawn_ask(argv, NULL, out, UNITS_MAX))
		return;
	while ((line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		end = strstr(line, ".service");
		if (end && !end[strlen(".service")])
			*end = '\0';
		if (*line)
			target_names_add(names, line);
	}
}

/* Behind "WAY:" the names that it knows. */
static void offer_of_way(const struct completing *c, const struct target_provider *way)
{
	struct target_names names = {};

	if (!strcmp(way->name, "netns"))
		target_netns_names(&names, NULL);
	else if (!strcmp(way->name, "unit"))
		list_units(&names);
	else if (way->list)
		way->list(&names, NULL);
	offer_prefixed(c, way->name, &names);
	target_names_free(&names);
}

static void offer_one_target(const struct completing *c)
{
	const struct target_provider *const *way;
	char **services = NULL, **s;
	char prefix[32];

	if (!strncmp(c->cur, "cgroup:", strlen("cgroup:"))) {
		_cleanup_free_ char *keep = text_format("%scgroup:", c->keep);

		if (keep)
			offer_files(&(struct completing){ keep, c->cur[7] ? c->cur + 7 : "/sys/fs/cgroup/" }, NULL,
				    true);
		return;
	}
	if (!target_names(&services, NULL))
		for (s = services; *s; s++)
			complete_offer(c, *s, "a service that runs here");
	free(services);
	for (way = target_providers; *way; way++) {
		snprintf(prefix, sizeof(prefix), "%s:", (*way)->name);
		if (strncmp(c->cur, prefix, strlen(prefix)) != 0)
			complete_offer(c, prefix, NULL);
		else
			offer_of_way(c, *way);
	}
}

void complete_targets(const struct completing *c)
{
	const char *comma = strrchr(c->cur, ',');
	_cleanup_free_ char *keep = NULL;

	if (!comma) {
		offer_one_target(c);
		return;
	}
	keep = text_format("%s%.*s", c->keep, (int)(comma + 1 - c->cur), c->cur);
	if (keep)
		offer_one_target(&(struct completing){ keep, comma + 1 });
}

/* --- faults --------------------------------------------------------------------------------------- */

void complete_ids(const struct completing *c, bool sessions)
{
	json_t *rows = NULL, *row;
	size_t i;

	if (live_faults(&rows, NULL))
		return;
	json_array_foreach(rows, i, row) {
		const char *id = json_string_value(json_object_get(row, "id"));
		const char *kind = json_string_value(json_object_get(row, "kind"));
		char session[32];

		if (!id)
			continue;
		complete_offer(c, id, kind);
		snprintf(session, sizeof(session), "%.*s", (int)strcspn(id, "."), id);
		if (sessions &&
		    (!i || strncmp(json_string_value(json_object_get(json_array_get(rows, i - 1), "id")) ?: "", id,
				   strlen(session)) != 0))
			complete_offer(c, session, "all faults of the session");
	}
	json_decref(rows);
}

static void offer_changes(const struct completing *c, const struct param *p)
{
	const char *equals = strchr(c->cur, '=');
	char word[80];

	for (; p && p->name; p++) {
		size_t len = strlen(p->name);

		snprintf(word, sizeof(word), "%s=", p->name);
		if (p->live && !equals)
			complete_offer(c, word, p->help);
		else if (p->live && equals && (size_t)(equals - c->cur) == len && !strncmp(c->cur, p->name, len))
			complete_param(&(struct completing){ word, equals + 1 }, p);
	}
}

void complete_change(const struct completing *c, const char *id)
{
	json_t *fault = NULL;
	const struct fault_ops *ops;
	char session[16];

	if (record_find(id, session, &fault, NULL))
		return;
	ops = fault_find(fault_table, json_string_value(json_object_get(fault, "kind")) ?: "", NULL);
	if (ops) {
		offer_changes(c, ops->params);
		offer_changes(c, ops->common);
	}
	json_decref(fault);
}

/* --- by kind -------------------------------------------------------------------------------------- */

/* A live number may be a schedule: the forms, where no number is typed. */
static void offer_schedules(const struct completing *c, const struct param *p)
{
	static const char *const forms[][2] = {
		{ "ramp:", "FROM..TO/TIME: from the one to the other" },
		{ "steps:", "VALUE,VALUE,.../TIME: each for so long" },
		{ "pulse:", "VALUE/ON/OFF: again and again" },
		{ "sine:", "FROM..TO/TIME: there and back, again and again" },
		{ "replay:", "FILE#COLUMN/TIME: a column of a CSV, each row for so long" },
	};
	size_t i;

	for (i = 0; p->live && param_is_number(p) && i < ARRAY_SIZE(forms); i++)
		complete_offer(c, forms[i][0], forms[i][1]);
}

void complete_param(const struct completing *c, const struct param *p)
{
	const char *const *choice;

	offer_schedules(c, p);
	switch (p->type) {
	case PARAM_DURATION:
	case PARAM_OFFSET: offer_units(c, units_durations); break;
	case PARAM_PERCENT: offer_units(c, units_percents); break;
	case PARAM_RATE: offer_units(c, units_rates); break;
	case PARAM_BYTES: offer_units(c, units_sizes); break;
	case PARAM_BOOL: offer_choices(c, "yes|no"); break;
	case PARAM_ENUM:
		for (choice = p->choices; *choice; choice++)
			complete_offer(c, *choice, NULL);
		break;
	case PARAM_PEERS: complete_targets(c); break;
	case PARAM_STRING:
		if (strstr(p->name, "file") || strstr(p->name, "path"))
			offer_files(c, NULL, false);
		break;
	case PARAM_INT:
	case PARAM_RANGE:
	case PARAM_PORTS: break;
	}
}

void complete_value(const struct completing *c, const char *command, const char *what)
{
	if (!strncmp(what, "FILE", 4))
		offer_files_of(c, command);
	else if (!strncmp(what, "DIR", 3))
		offer_files(c, NULL, true);
	else if (!strcmp(what, "TIME"))
		offer_units(c, units_durations);
	else if (!strcmp(what, "TARGET") || (!strcmp(what, "NAME") && !strcmp(command, "import")))
		complete_targets(c);
	else if (!strcmp(what, "ID"))
		complete_ids(c, !strcmp(command, "stop"));
	else if (!strpbrk(what, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		offer_choices(c, what);
}
