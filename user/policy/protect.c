// SPDX-License-Identifier: GPL-2.0-only
/* protect.c - see protect.h */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/etc.h"
#include "policy/protect.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/cidr.h"
#include "util/text/text.h"

static const char *const kinds[PROTECT_KINDS] = {
	[PROTECT_NAME] = "names", [PROTECT_LABEL] = "labels", [PROTECT_CGROUP] = "cgroups",
	[PROTECT_CIDR] = "cidrs", [PROTECT_PORTS] = "ports",
};

/* --- a file --------------------------------------------------------------------------------------- */

static int check_item(struct yaml *y, struct fy_node *node, struct protected *e)
{
	struct fl_error why = {};
	int r = 0;

	switch (e->kind) {
	case PROTECT_CIDR: r = cidr_parse(e->text, &e->addr, &e->prefix_len, &why); break;
	case PROTECT_PORTS: r = ports_parse(e->text, &e->min, &e->max, &why); break;
	case PROTECT_CGROUP:
		if (e->text[0] != '/' || !e->text[1] || strstr(e->text, "/../") || !strncmp(e->text, "/sys/", 5))
			r = error_usage(&why,
					"'%.100s' is no cgroup: its path as in /proc/PID/cgroup, "
					"/system.slice/x.service",
					e->text);
		break;
	case PROTECT_LABEL:
		if (e->text[0] == '=')
			r = error_usage(&why, "'%.100s' is no label: KEY=VALUE or KEY", e->text);
		break;
	default: break;
	}
	return r ? yaml_error(y, node, "%s", why.message) : 0;
}

static int add_item(struct yaml *y, struct fy_node *node, enum protect_kind kind)
{
	struct protect *p = y->user;
	struct protected *grown = reallocarray(p->v, p->n + 1, sizeof(*grown)), *e;
	int column, r;

	if (!grown)
		return error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
	p->v = grown;
	e = &grown[p->n++];
	*e = (struct protected){ .kind = kind, .file = strdup(y->name) };
	yaml_place(node, &e->line, &column);
	r = yaml_word(y, node, &e->text);
	if (r)
		return r;
	return e->file ? check_item(y, node, e) : error_sys(y->err, ENOMEM, "%s: out of memory", y->name);
}

#define READERS(what_, kind_)                                                    \
	static int add_##what_(struct yaml *y, struct fy_node *node, void *out)  \
	{                                                                        \
		(void)out;                                                       \
		return add_item(y, node, kind_);                                 \
	}                                                                        \
	static int read_##what_(struct yaml *y, struct fy_node *node, void *out) \
	{                                                                        \
		return yaml_each(y, node, add_##what_, out);                     \
	}
READERS(names, PROTECT_NAME)
READERS(labels, PROTECT_LABEL)
READERS(cgroups, PROTECT_CGROUP)
READERS(cidrs, PROTECT_CIDR)
READERS(ports, PROTECT_PORTS)

int protect_parse(const char *file, const char *text, size_t len, struct protect *p, struct fl_error *err)
{
	static const struct yaml_field fields[] = {
		{ "names", read_names, 0, false },     { "labels", read_labels, 0, false },
		{ "cgroups", read_cgroups, 0, false }, { "cidrs", read_cidrs, 0, false },
		{ "ports", read_ports, 0, false },     { NULL, NULL, 0, false },
	};
	struct yaml y;
	int r = yaml_open(&y, file, text, len, err);

	y.user = p;
	if (!r)
		r = yaml_map(&y, yaml_root(&y), "what is protected", fields, p);
	yaml_close(&y);
	if (r)
		error_at(err, file, 0, 0);
	return r;
}

/* --- the folder ----------------------------------------------------------------------------------- */

static int is_file(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* A file whose name is mistyped protects nothing, and whoever wrote it believes otherwise. */
static int load_one(const char *name, struct protect *p, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format(PROTECT_DIR "/%s", name), *text = NULL;
	size_t len = strlen(name);
	int r;

	if (!path)
		return error_sys(err, ENOMEM, PROTECT_DIR ": out of memory");
	if (len < 6 || strcmp(name + len - 5, ".yaml")) {
		error_env(err, EINVAL, "%s: only files that end in .yaml may be there", path);
		error_hint(err, "rename it or move it away; until then no fault begins");
		return -EINVAL;
	}
	r = etc_read(path, &text, &len, err);
	if (r == -ENOENT) /* a link to nothing, or just removed: who can tell */
		return error_env(err, ENOENT, "cannot read %s: it is gone", path);
	return r ? r : protect_parse(path, text, len, p, err);
}

int protect_load(struct protect *ret, struct fl_error *err)
{
	struct dirent **names = NULL;
	int r = etc_check_dir(PROTECT_DIR, err), n, i;

	*ret = (struct protect){};
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = etc_check_dir(FL_ETC_DIR, err);
	if (r)
		return r;
	n = scandir(PROTECT_DIR, &names, is_file, alphasort);
	if (n < 0)
		return error_env(err, errno, "cannot read " PROTECT_DIR ": %s", strerror(errno));
	for (i = 0; i < n; i++) {
		if (!r)
			r = load_one(names[i]->d_name, ret, err);
		free(names[i]);
	}
	free(names);
	if (r)
		protect_free(ret);
	return r;
}

static uint64_t mix(uint64_t stamp, uint64_t value)
{
	return (stamp ^ value) * 1099511628211ull; /* FNV-1a, eight bytes at a time */
}

static uint64_t mix_file(uint64_t stamp, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return mix(stamp, (uint64_t)errno);
	stamp = mix(mix(stamp, st.st_ino), (uint64_t)st.st_size);
	stamp = mix(mix(stamp, st.st_mode), st.st_uid);
	return mix(mix(stamp, (uint64_t)st.st_ctim.tv_sec), (uint64_t)st.st_ctim.tv_nsec);
}

uint64_t protect_stamp(void)
{
	uint64_t stamp = mix_file(mix_file(14695981039346656037ull, FL_ETC_DIR), PROTECT_DIR);
	struct dirent **names = NULL;
	int n = scandir(PROTECT_DIR, &names, is_file, alphasort), i;

	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = text_format(PROTECT_DIR "/%s", names[i]->d_name);

		stamp = path ? mix_file(stamp, path) : mix(stamp, 1);
		free(names[i]);
	}
	free(names);
	return stamp;
}

void protect_free(struct protect *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].text);
		free(p->v[i].file);
	}
	free(p->v);
	*p = (struct protect){};
}

/* --- what it says --------------------------------------------------------------------------------- */

bool protect_has(const struct protect *p, enum protect_kind kind)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].kind == kind)
			return true;
	return false;
}

const struct protected *protect_name(const struct protect *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].kind == PROTECT_NAME && !fnmatch(p->v[i].text, name, 0))
			return &p->v[i];
	return NULL;
}

const struct protected *protect_labels(const struct protect *p, const json_t *labels)
{
	uint32_t i;

	for (i = 0; labels && i < p->n; i++) {
		const char *text = p->v[i].text, *equals = strchr(text, '=');
		_cleanup_free_ char *key = equals ? strndup(text, (size_t)(equals - text)) : strdup(text);
		const json_t *value = p->v[i].kind == PROTECT_LABEL && key ? json_object_get(labels, key) : NULL;

		if (value && (!equals || !strcmp(json_string_value(value) ?: "", equals + 1)))
			return &p->v[i];
	}
	return NULL;
}

const struct protected *protect_cgroup(const struct protect *p, const char *path)
{
	uint32_t i;
	size_t len;

	for (i = 0; i < p->n; i++) {
		if (p->v[i].kind != PROTECT_CGROUP)
			continue;
		for (len = strlen(p->v[i].text); len > 1 && p->v[i].text[len - 1] == '/'; len--)
			;
		if (!strncmp(path, p->v[i].text, len) && (!path[len] || path[len] == '/'))
			return &p->v[i];
	}
	return NULL;
}

const char *protect_kind_text(enum protect_kind kind)
{
	return kinds[kind];
}

const char *protected_text(const struct protected *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s: %.100s (%s:%d)", kinds[e->kind], e->text, e->file, e->line);
	return buf;
}

json_t *protect_json(const struct protect *p)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < p->n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:i}", "kind", kinds[p->v[i].kind], "text",
						     p->v[i].text, "file", p->v[i].file, "line", p->v[i].line));
	return all;
}
