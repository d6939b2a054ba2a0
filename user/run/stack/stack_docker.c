// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack_docker.c - a stack of containers describes itself by labels, in the words of lab.json:
 *
 *     faultline.health     the URL that the probe calls
 *     faultline.pipeline   the URL of the pipeline
 *     faultline.calls      names of the services that this one calls, between blanks
 *
 * The first two are called by root, so they must have been given to the container by whoever started it: the
 * engine lists the labels of an image among those of its containers, and one that the image has is not
 * followed.
 *
 * What is under test is what the images of the first two say by the labels of the OCI image specification.
 * A container goes by the name of its Compose or Swarm service, else by its own. What a label holds is data:
 * a URL is checked by whoever calls it, a name is a node of the graph and nothing else.
 */
#include <errno.h>
#include <string.h>

#include "run/stack/stack.h"
#include "target/docker/docker.h"
#include "target/docker/docker_api.h"
#include "util/cleanup.h"
#include "util/text/text.h"

#define LABEL_VERSION "org.opencontainers.image.version"
#define LABEL_COMMIT  "org.opencontainers.image.revision"

static const char *label(const json_t *container, const char *name)
{
	return json_string_value(json_object_get(json_object_get(container, "Labels"), name));
}

/* What @container's image says of itself into @stack's versions as @of. */
static void take_version(json_t *stack, const char *of, const json_t *container)
{
	const char *version = label(container, LABEL_VERSION), *commit = label(container, LABEL_COMMIT);

	if (version || commit)
		json_object_set_new(json_object_get(stack, "versions"), of,
				    json_pack("{s:s?, s:s?}", "version", version, "commit", commit));
}

/* Is the label @name of @container its own, and not one that its image brings? *ret_why: why not. */
static bool is_own_label(const json_t *container, const char *name, const char **ret_why)
{
	const char *id = json_string_value(json_object_get(container, "ImageID"));
	_cleanup_free_ char *path = NULL;
	json_t *image = NULL;
	const char *theirs = NULL;
	bool own;

	*ret_why = "its image cannot be asked";
	if (!id || id[strspn(id, "sha256:abcdef0123456789")] || !*id)
		return false;
	path = text_format("/images/%s/json", id);
	if (!path || docker_get(path, &image, NULL))
		return false;
	json_unpack(image, "{s?{s?{s?s}}}", "Config", "Labels", name, &theirs);
	own = !theirs || strcmp(theirs, label(container, name)) != 0;
	json_decref(image);
	*ret_why = "it comes from the image";
	return own;
}

static int two_stacks(const char *from, const char *was, const char *url, struct fl_error *err)
{
	error_env(err, EEXIST, "two stacks run under Docker: the label %s is %.100s and %.100s", from, was, url);
	error_hint(err, "say which: --probe URL --pipeline URL");
	return -EEXIST;
}

/* The URL of @from into @stack as @key, with the version as @of. Two different ones are two stacks. */
static int take_url(json_t *stack, const char *key, const char *of, const json_t *container, const char *from,
		    struct fl_error *err)
{
	const char *url = label(container, from), *why;
	const char *was = json_string_value(json_object_get(stack, key));

	if (!url || (was && !strcmp(was, url)))
		return 0;
	if (!is_own_label(container, from, &why)) {
		json_object_set_new(stack, "ignored",
				    json_sprintf("the label %s of %.100s is not followed: %s", from,
						 docker_service_of(container) ?: "a container", why));
		return 0;
	}
	if (was)
		return two_stacks(from, was, url, err);
	json_object_set_new(stack, key, json_string(url));
	take_version(stack, of, container);
	return 0;
}

static void add_service(json_t *services, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(services, i, v)
		if (!strcmp(json_string_value(v), name))
			return;
	json_array_append_new(services, json_string(name));
}

static int take_calls(json_t *graph, const json_t *container)
{
	json_t *services = json_object_get(graph, "services"), *edges = json_object_get(graph, "edges");
	const char *caller = docker_service_of(container), *calls = label(container, "faultline.calls");
	_cleanup_free_ char *words = calls && caller ? strdup(calls) : NULL;
	char *rest = words, *word;

	if (!calls || !caller)
		return 0;
	if (!words)
		return -ENOMEM;
	add_service(services, caller);
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		add_service(services, word);
		json_array_append_new(edges, json_pack("[s, s]", caller, word));
	}
	return 0;
}

/* The running containers. */
static int get_containers(json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *query = docker_filters(json_pack("{s:[s]}", "status", "running"));
	_cleanup_free_ char *path = query ? text_format("/containers/json%s", query) : NULL;

	if (!path)
		return error_sys(err, ENOMEM, "Docker: out of memory");
	return docker_get(path, ret, err);
}

/* A stack of which nothing is known is none. */
static int is_stack(json_t *stack, struct fl_error *err)
{
	_cleanup_free_ char *ignored = NULL;
	const char *text = json_string_value(json_object_get(stack, "ignored"));

	ignored = text ? strdup(text) : NULL;
	json_object_del(stack, "ignored");
	if (json_object_size(stack) > 1) /* more than the versions of nothing */
		return 0;
	if (!ignored)
		return -ENOENT;
	error_env(err, ENOENT, "%s", ignored);
	error_hint(err, "give it to the container: docker run --label, or labels: in the Compose file; or say it "
			"by hand: --probe URL --pipeline URL");
	return -ENOENT;
}

int stack_from_docker(json_t **ret, struct fl_error *err)
{
	json_t *containers = NULL, *container;
	json_t *graph = json_pack("{s:[], s:[]}", "services", "edges");
	json_t *stack = json_pack("{s:{}}", "versions");
	size_t i;
	int r = get_containers(&containers, err);

	json_array_foreach(containers, i, container) {
		if (!r)
			r = take_url(stack, "health", "stack", container, "faultline.health", err);
		if (!r)
			r = take_url(stack, "pipeline", "pipeline", container, "faultline.pipeline", err);
		if (!r && take_calls(graph, container))
			r = error_sys(err, ENOMEM, "Docker: out of memory");
	}
	if (!r && json_array_size(json_object_get(graph, "edges")))
		json_object_set(stack, "graph", graph);
	if (!r)
		r = is_stack(stack, err);
	json_decref(graph);
	json_decref(containers);
	if (r) {
		json_decref(stack);
		return r;
	}
	*ret = stack;
	return 0;
}
