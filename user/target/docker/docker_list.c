// SPDX-License-Identifier: GPL-2.0-only
/*
 * docker_list.c - which containers a name, label, image, Compose or Swarm service means, by filtered
 * queries. See docker.h. What a label or a name holds is compared and printed, and never becomes
 * part of a path, a command or a format.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "target/docker/docker.h"
#include "target/docker/docker_api.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define LABEL_PROJECT "com.docker.compose.project"
#define LABEL_SERVICE "com.docker.compose.service"
#define LABEL_SWARM   "com.docker.swarm.service.name"
#define SHOWN         8 /* candidates in an error */

bool docker_is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return isalnum((unsigned char)text[0]) && !text[n] && n < 128;
}

/* --- the list ---------------------------------------------------------------------------------- */

/* "/web" -> "web"; containers that others link to have more names, with more slashes. */
static const char *name_of(const json_t *container)
{
	const char *name;
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(container, "Names"), i, v) {
		name = json_string_value(v);
		if (name && docker_is_name(name + (*name == '/')))
			return name + (*name == '/');
	}
	return NULL;
}

static const char *label_of(const json_t *container, const char *label)
{
	return json_string_value(json_object_get(json_object_get(container, "Labels"), label)) ?: "";
}

const char *docker_service_of(const json_t *container)
{
	const char *service = label_of(container, LABEL_SERVICE);

	/* Whoever starts a container writes its labels: what could not be a service's name is none. */
	if (!docker_is_name(service))
		service = label_of(container, LABEL_SWARM);
	return docker_is_name(service) ? service : name_of(container);
}

static int get_list(json_t *filters, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *query = docker_filters(filters), *path = NULL;
	int r;

	path = query ? text_format("/containers/json%s", query) : NULL;
	if (!path)
		return error_sys(err, ENOMEM, "Docker: out of memory");
	r = docker_get(path, ret, err);
	if (r == -ENOENT || (!r && !json_is_array(*ret))) {
		if (!r)
			json_decref(*ret);
		r = error_env(err, EBADMSG, "Docker: the engine does not list its containers");
	}
	return r;
}

static int by_label(const char *label, const char *value, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *text = text_format("%s%s%s", label, value ? "=" : "", value ? value : "");

	return get_list(json_pack("{s:[s]}", "label", text ? text : ""), ret, err);
}

static int by_service(const char *project, const char *service, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *p = text_format(LABEL_PROJECT "=%s", project);
	_cleanup_free_ char *s = text_format(LABEL_SERVICE "=%s", service);

	return get_list(json_pack("{s:[s, s]}", "label", p ? p : "", s ? s : ""), ret, err);
}

/* A service of that name in two projects is two things. */
static int one_project(const char *service, const json_t *list, struct fl_error *err)
{
	const char *first = NULL, *project;
	json_t *c;
	size_t i;

	json_array_foreach(list, i, c) {
		project = label_of(c, LABEL_PROJECT);
		if (!first)
			first = project;
		if (!strcmp(first, project))
			continue;
		error_usage(err,
			    "'%s' is a service of two Compose projects: docker:%.60s/%s and "
			    "docker:%.60s/%s",
			    service, first, service, project, service);
		error_hint(err, "write the one you mean");
		return -ENOTUNIQ;
	}
	return 0;
}

/* --- names ------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int take_names(json_t *list, struct target_names *ret)
{
	const char *name;
	json_t *c;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, c) {
		name = name_of(c);
		if (!r && name)
			r = target_names_add(ret, name);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

/* "web.1" and "web.1.x8f..." are the same task. A service has no dot in its name. */
static int by_task(const char *what, json_t **ret, struct fl_error *err)
{
	size_t len = strlen(what), i;
	const char *task;
	int r = by_label(DOCKER_LABEL_TASK, NULL, ret, err);

	for (i = r ? 0 : json_array_size(*ret); i--;) {
		task = label_of(json_array_get(*ret, i), DOCKER_LABEL_TASK);
		if (strncmp(task, what, len) || (task[len] && task[len] != '.'))
			json_array_remove(*ret, i);
	}
	return r;
}

/* A Compose service, else one of a Swarm, else a task of one. */
static int by_name(const char *what, json_t **ret, struct fl_error *err)
{
	json_t *compose = NULL, *swarm = NULL;
	int r = by_label(LABEL_SERVICE, what, &compose, err);

	*ret = NULL;
	if (!r)
		r = one_project(what, compose, err);
	if (!r)
		r = by_label(LABEL_SWARM, what, &swarm, err);
	if (!r && json_array_size(compose) && json_array_size(swarm)) {
		error_usage(err, "'%s' is a service of a Compose project and one of a Swarm", what);
		error_hint(err, "write the one you mean: docker:%.60s/%s or docker:label=" LABEL_SWARM "=%s",
			   label_of(json_array_get(compose, 0), LABEL_PROJECT), what, what);
		r = -ENOTUNIQ;
	} else if (!r && !json_array_size(compose) && !json_array_size(swarm) && strchr(what, '.')) {
		r = by_task(what, ret, err);
	} else if (!r) {
		*ret = json_incref(json_array_size(swarm) ? swarm : compose);
	}
	json_decref(compose);
	json_decref(swarm);
	return r;
}

static int find(const char *what, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *project = NULL;
	const char *slash = strchr(what, '/');

	if (!strncmp(what, "label=", 6))
		return by_label(what + 6, NULL, ret, err);
	if (!strncmp(what, "image=", 6))
		return get_list(json_pack("{s:[s]}", "ancestor", what + 6), ret, err);
	if (slash) {
		project = strndup(what, (size_t)(slash - what));
		if (!project || !docker_is_name(project) || !docker_is_name(slash + 1))
			return error_usage(err, "'%.100s' is not PROJECT/SERVICE", what);
		return by_service(project, slash + 1, ret, err);
	}
	if (!docker_is_name(what)) {
		error_usage(err, "'%.100s' names no container", what);
		error_hint(err, "docker:NAME, docker:ID, docker:PROJECT/SERVICE, docker:label=KEY=VALUE or "
				"docker:image=NAME");
		return -EINVAL;
	}
	return by_name(what, ret, err);
}

int docker_members(const char *what, struct target_names *ret, struct fl_error *err)
{
	json_t *list = NULL;
	int r = find(what, &list, err);

	if (!r && take_names(list, ret))
		r = error_sys(err, ENOMEM, "Docker: out of memory");
	json_decref(list);
	return r ? r : ret->n ? 0 : -ENOENT;
}

/* --- what there is ----------------------------------------------------------------------------- */

/* Whoever asks only wants names: an engine that is not there has none. */
int docker_list(struct target_names *names, struct fl_error *err)
{
	json_t *list = NULL, *c;
	const char *name;
	size_t i;
	int r = 0;

	(void)err;
	if (docker_get("/containers/json", &list, NULL))
		return 0;
	json_array_foreach(list, i, c) {
		name = docker_service_of(c);
		if (!r && name && docker_is_name(name))
			r = target_names_add(names, name);
	}
	json_decref(list);
	return r;
}

/* How a service is named so that nothing else is: by its project where it has one. The caller's to free; NULL: it cannot be. */
static char *spec_of(const json_t *container, const char **ret_project)
{
	const char *service = label_of(container, LABEL_SERVICE), *swarm = label_of(container, LABEL_SWARM);

	*ret_project = label_of(container, LABEL_PROJECT);
	if (*service && docker_is_name(service) && docker_is_name(*ret_project))
		return text_format("docker:%s/%s", *ret_project, service);
	if (*swarm && docker_is_name(swarm))
		return text_format("docker:label=" LABEL_SWARM "=%s", swarm);
	return name_of(container) ? text_format("docker:%s", name_of(container)) : NULL;
}

int docker_specs(const char *project, struct target_names *ret, struct fl_error *err)
{
	json_t *list = NULL, *c;
	const char *of;
	uint32_t k;
	size_t i;
	int r = get_list(json_object(), &list, err);

	json_array_foreach(list, i, c) {
		_cleanup_free_ char *spec = spec_of(c, &of);

		if (r || !spec || (project && strcmp(project, of) != 0))
			continue;
		for (k = 0; k < ret->n && strcmp(ret->v[k], spec) != 0; k++)
			;
		if (k == ret->n && target_names_add(ret, spec))
			r = error_sys(err, ENOMEM, "Docker: out of memory");
	}
	json_decref(list);
	if (!r && ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

int docker_list_ids(const char *prefix, struct fl_error *err)
{
	json_t *list = NULL, *c;
	struct text found = {};
	const char *name, *id;
	size_t i, n = 0;

	if (get_list(json_pack("{s:[s]}", "id", prefix), &list, NULL))
		list = NULL;
	json_array_foreach(list, i, c) {
		id = json_string_value(json_object_get(c, "Id"));
		name = name_of(c);
		if (!id || !name || strncmp(id, prefix, strlen(prefix)))
			continue;
		if (n++ < SHOWN)
			text_append(&found, "%s%s (%.12s)", found.len ? ", " : "", name, id);
	}
	json_decref(list);
	if (n > 1)
		error_usage(err, "'%s' is the beginning of %zu ids: %.300s%s", prefix, n, found.s,
			    n > SHOWN ? ", ..." : "");
	text_free(&found);
	return n > 1 ? -ENOTUNIQ : -ENOENT;
}

int docker_too_many(const char *what, const struct target_names *names, struct fl_error *err)
{
	struct text found = {};
	uint32_t i;

	for (i = 0; i < names->n && i < SHOWN; i++)
		text_append(&found, "%sdocker:%s", i ? ", " : "", names->v[i]);
	error_usage(err, "'%.60s' is %u containers, and one is wanted: %.300s%s", what, names->n, found.s,
		    names->n > SHOWN ? ", ..." : "");
	error_hint(err, "write the one you mean");
	text_free(&found);
	return -ENOTUNIQ;
}
