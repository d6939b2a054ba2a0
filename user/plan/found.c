// SPDX-License-Identifier: GPL-2.0-only
/*
 * found.c - whom a plan is for: what runs here, a Compose project, the services of a compose file, or words of the
 * command line. Each as a spec that means the same in the suite and on any day: a service that Docker knows by its
 * project, a service of a description by what it describes.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "target/described.h"
#include "target/docker/docker.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

static int add(char ***list, const char *word, struct fl_error *err)
{
	char **w;

	for (w = *list; w && *w; w++)
		if (!strcmp(*w, word))
			return 0;
	return words_add(list, strdup(word)) ? error_sys(err, ENOMEM, "plan: out of memory") : 0;
}

static int add_all(char ***list, const struct target_names *names, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < names->n; i++)
		r = add(list, names->v[i], err);
	return r;
}

/* Of a description (/etc/faultline/stack.yaml): what stands behind each name. */
static int add_described(char ***list, struct fl_error *err)
{
	_cleanup_free_ const char **names = NULL;
	const char *spec;
	size_t i;
	int r = described_names(&names, err);

	for (i = 0; !r && names && names[i]; i++) {
		r = described_find(names[i], &spec, err);
		if (!r)
			r = add(list, spec, err);
	}
	return r;
}

/* An engine that is there and does not say what it runs. Without an engine nobody is left out. */
static char *note_engine(const struct fl_error *why)
{
	return why->code == -ENOENT || !why->exit
		       ? NULL
		       : text_format("containers of this host are left out, because they could "
				     "not be listed: %s",
				     why->message);
}

int plan_find_all(char ***ret, char **ret_note, struct fl_error *err)
{
	struct target_names lab = {}, docker = {};
	struct fl_error why = {};
	int r;

	*ret = NULL;
	r = add_described(ret, err);
	/* A host that is described is what its description says. */
	if (!r && !(*ret && **ret)) {
		r = target_lab.list(&lab, err);
		if (!r)
			r = add_all(ret, &lab, err);
		if (!r && !docker_specs(NULL, &docker, &why))
			r = add_all(ret, &docker, err);
	}
	if (!r && !(*ret && **ret)) {
		r = error_env(err, ENOENT,
			      "nothing runs here that is known: no lab, no description in " DESCRIBED_FILE ", and "
			      "%s%s",
			      why.exit ? "of Docker: " : "no container", why.exit ? why.message : "");
		error_hint(err, "name targets (netns:NAME, docker:NAME, pid:N, unit:NAME), start your stack, or: "
				"faultline lab up");
	}
	if (!r)
		*ret_note = note_engine(&why);
	target_names_free(&lab);
	target_names_free(&docker);
	return r;
}

int plan_find_project(const char *project, char ***ret, struct fl_error *err)
{
	struct target_names names = {};
	int r = docker_specs(project, &names, err);

	*ret = NULL;
	if (!r)
		r = add_all(ret, &names, err);
	if (!r && !names.n) {
		r = error_env(err, ENOENT, "no container of a Compose project '%.80s' runs here", project);
		error_hint(err,
			   "docker compose ls names the projects that run; docker compose -p %.60s up -d starts it",
			   project);
	}
	target_names_free(&names);
	return r;
}

/* --- compose files ---------------------------------------------------------------------------- */

/* As Compose makes a project's name of a folder's: small letters, digits, '-' and '_', beginning with one of the former. */
static void project_name(const char *from, char *ret, size_t size)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++) {
		unsigned char c = (unsigned char)tolower((unsigned char)*from);

		if (c < 0x80 && (isalnum(c) || (n && strchr("-_", c))))
			ret[n++] = (char)c;
	}
	ret[n] = '\0';
}

static int project_of_folder(const char *path, char *ret, size_t size, struct fl_error *err)
{
	_cleanup_free_ char *whole = realpath(path, NULL);
	char *slash = whole ? strrchr(whole, '/') : NULL;

	if (!slash)
		return error_sys(err, errno, "%s: its folder cannot be found", path);
	*slash = '\0';
	slash = strrchr(whole, '/');
	project_name(slash ? slash + 1 : "", ret, size);
	return 0;
}

static int read_compose(const char *path, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct yaml y;
	int r = file_read(path, YAML_MAX_BYTES, &text, &len, err);

	if (r)
		return r;
	r = yaml_open(&y, path, text, len, err);
	if (r)
		error_at(err, path, 0, 0);
	if (!r)
		r = yaml_json(&y, yaml_root(&y), ret);
	yaml_close(&y);
	if (!r && !json_is_object(json_object_get(*ret, "services"))) {
		json_decref(*ret);
		*ret = NULL;
		r = error_usage(err, "%s: no compose file: it has no map 'services'", path);
	}
	return r;
}

static bool is_listed(char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

/* The services of the file that run, out of all that run of its project. */
static int keep_services(char ***list, const json_t *services, const char *project, const char *path, char **ret_note,
			 struct fl_error *err)
{
	struct text missing = {};
	char **all = *list;
	const char *name;
	json_t *value;
	int r = 0;

	*list = NULL;
	json_object_foreach((json_t *)(uintptr_t)services, name, value) {
		_cleanup_free_ char *spec = text_format("docker:%s/%s", project, name);

		if (!r && spec && is_listed(all, spec))
			r = add(list, spec, err);
		else
			text_append(&missing, "%s%.80s", missing.len ? ", " : "", name);
	}
	words_free(all);
	if (!r && !(*list && **list))
		r = error_env(err, ENOENT, "%s: none of its %zu services runs in the project '%s'", path,
			      json_object_size(services), project);
	if (!r && missing.len)
		*ret_note = text_format("of the services of %s these do not run: %s", path, missing.s);
	text_free(&missing);
	return r;
}

int plan_find_compose(const char *path, const char *project, char ***ret, char **ret_note, struct fl_error *err)
{
	const char *said, *set = getenv("COMPOSE_PROJECT_NAME");
	json_t *file = NULL;
	char name[128];
	int r = read_compose(path, &file, err);

	*ret = NULL;
	*ret_note = NULL;
	if (r)
		return r;
	said = project ? project : set && *set ? set : json_string_value(json_object_get(file, "name"));
	if (said)
		text_copy(name, sizeof(name), said);
	else
		r = project_of_folder(path, name, sizeof(name), err);
	if (!r)
		r = plan_find_project(name, ret, err);
	if (!r)
		r = keep_services(ret, json_object_get(file, "services"), name, path, ret_note, err);
	if (r == -ENOENT)
		error_hint(err,
			   "docker compose -f %.100s up -d starts it; --project NAME, if it was started under another "
			   "name",
			   path);
	json_decref(file);
	return r;
}

/* --- words ------------------------------------------------------------------------------------ */

/* The one service of Docker's that is called so; NULL: none, or several. */
static char *docker_spec_of(const char *word)
{
	struct target_names names = {};
	const char *tail, *found = NULL;
	char *spec;
	uint32_t i, n = 0;

	if (docker_specs(NULL, &names, NULL))
		return NULL;
	for (i = 0; i < names.n; i++) {
		tail = strrchr(names.v[i], '/');
		tail = tail                                       ? tail + 1
		       : strncmp(names.v[i], "docker:label=", 13) ? names.v[i] + 7
								  : strrchr(names.v[i], '=') + 1;
		if (!strcmp(tail, word) && ++n)
			found = names.v[i];
	}
	spec = n == 1 ? strdup(found) : NULL;
	target_names_free(&names);
	return spec;
}

char *plan_find_one(const char *word, struct fl_error *err)
{
	const struct target_provider *provider;
	const char *behind, *name;
	char *spec = NULL;
	int r;

	if (strchr(word, ':'))
		spec = strdup(word);
	else if (!described_find(word, &behind, NULL))
		spec = strdup(behind);
	if (spec)
		return spec;
	r = target_provider_of(word, &provider, &name, err);
	if (r)
		return NULL;
	if (provider != &target_lab) {
		spec = docker_spec_of(word);
		spec = spec ? spec : text_format("%s:%s", provider->name, word);
	} else {
		spec = strdup(word);
	}
	if (!spec)
		error_sys(err, ENOMEM, "plan: out of memory");
	return spec;
}
