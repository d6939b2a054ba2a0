// SPDX-License-Identifier: GPL-2.0-only
/* described.c - see described.h. The file is read once, when a name is asked for. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/etc.h"
#include "target/described.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

#define NAME_MAX_LEN 63
#define SPEC_MAX_LEN 250

static json_t *of_suite, *of_host;
static bool host_was_read;

/* --- reading --------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	size_t len = strlen(s), i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return len && len <= NAME_MAX_LEN;
}

static int check_entry(struct yaml *y, struct fy_node *node, const char *name, const json_t *value)
{
	const char *spec = json_string_value(value);

	if (!is_name(name))
		return yaml_error(y, node,
				  "services: '%.60s' is no name of a service: letters, digits, '-', '_' and '.'", name);
	if (!spec)
		return yaml_error(y, node, "services: %s: how it is found is one text, such as netns:%s", name, name);
	if (!strchr(spec, ':') || strlen(spec) > SPEC_MAX_LEN)
		return yaml_error(
			y, node,
			"services: %s: '%.60s' is no target: netns:NAME, docker:NAME, docker:label=KEY=VALUE, "
			"pid:N, pid:/FILE, cgroup:PATH, unit:NAME",
			name, spec);
	return 0;
}

int described_read(struct yaml *y, struct fy_node *node, void *out)
{
	json_t *map = NULL, *value, **ret = out;
	const char *name;
	int r = yaml_json(y, node, &map);

	if (!r && !json_is_object(map))
		r = yaml_error(y, node, "services: a map is expected, NAME: TARGET");
	json_object_foreach(map, name, value)
		if (!r)
			r = check_entry(y, node, name, value);
	if (r) {
		json_decref(map);
		return r;
	}
	json_decref(*ret);
	*ret = map;
	return 0;
}

static int parse_host(const char *text, size_t len, struct fl_error *err)
{
	static const struct yaml_field fields[] = { { "services", described_read, 0, true }, {} };
	struct yaml y;
	int r = yaml_open(&y, DESCRIBED_FILE, text, len, err);

	if (!r)
		r = yaml_map(&y, yaml_root(&y), "the stack", fields, &of_host);
	yaml_close(&y);
	return r;
}

/* What cannot be read is not "no such service". */
static int read_host(struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct fl_error why = {};
	size_t len = 0;
	int r;

	if (host_was_read)
		return 0;
	r = etc_read(DESCRIBED_FILE, &text, &len, &why);
	if (r == -ENOENT) {
		host_was_read = true;
		return 0;
	}
	if (!r)
		r = parse_host(text, len, &why);
	host_was_read = !r;
	if (!r)
		return 0;
	if (err) {
		*err = why;
		error_hint(err,
			   "it says what services are called on this host; mend it, or write targets with their prefix "
			   "(netns:, docker:, pid:, ...)");
	}
	return r;
}

/* --- asking ---------------------------------------------------------------------------------- */

int described_use(const json_t *map, struct fl_error *err)
{
	json_decref(of_suite);
	of_suite = map ? json_copy((json_t *)(uintptr_t)map) : NULL;
	return map && !of_suite ? error_sys(err, ENOMEM, "services: out of memory") : 0;
}

int described_find(const char *name, const char **ret_spec, struct fl_error *err)
{
	int r;

	*ret_spec = json_string_value(json_object_get(of_suite, name));
	if (*ret_spec)
		return 0;
	if (strchr(name, ':'))
		return -ENOENT; /* it has its prefix */
	r = read_host(err);
	*ret_spec = json_string_value(json_object_get(of_host, name));
	return r ? r : *ret_spec ? 0 : -ENOENT;
}

static const char *name_in(const json_t *map, const char *spec)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)map, name, value)
		if (!strcmp(json_string_value(value), spec))
			return name;
	return NULL;
}

const char *described_name(const char *spec)
{
	const char *name = name_in(of_suite, spec);

	if (!name && !read_host(NULL))
		name = name_in(of_host, spec);
	return name;
}

int described_names(const char ***ret, struct fl_error *err)
{
	size_t n = 0;
	const char *name;
	json_t *value;
	int r = read_host(err);

	*ret = NULL;
	if (r)
		return r;
	*ret = calloc(json_object_size(of_suite) + json_object_size(of_host) + 1, sizeof(**ret));
	if (!*ret)
		return error_sys(err, ENOMEM, "services: out of memory");
	json_object_foreach(of_suite, name, value)
		(*ret)[n++] = name;
	json_object_foreach(of_host, name, value)
		if (!json_object_get(of_suite, name))
			(*ret)[n++] = name;
	return 0;
}
