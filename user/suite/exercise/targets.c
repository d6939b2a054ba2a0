// SPDX-License-Identifier: GPL-2.0-only
/*
 * targets.c - the services in prometheus_targets.yml, which lies beside the experiment file in the exercise's pack (or
 * in configs/): scrape_configs[].static_configs[].targets[], "payment-svc:8080". Names of metrics may be about them.
 */
#include <string.h>

#include "suite/exercise/entry.h"
#include "util/cleanup.h"

#define TARGETS_MAX 200

static struct fy_node *member(struct fy_node *node, const char *key)
{
	struct fy_node *map = yaml_deref(node);

	return map && fy_node_is_mapping(map) ? fy_node_mapping_lookup_by_string(map, key, FY_NT) : NULL;
}

/* "payment-svc:8080", "http://payment-svc:8080/metrics" -> "payment-svc" */
static void add_host(struct fy_node *node, char ***list)
{
	struct fy_node *value = yaml_deref(node);
	const char *s, *scheme;
	char text[200];
	size_t len = 0, n;

	if (!value || !fy_node_is_scalar(value) || words_count(*list) >= TARGETS_MAX)
		return;
	s = fy_node_get_scalar(value, &len);
	if (!s || len >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)len, s);
	scheme = strstr(text, "://");
	s = scheme ? scheme + 3 : text;
	n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	/* An address is no service's name. */
	if (n && (s[n] == ':' || !s[n] || s[n] == '/') && s[strspn(s, "0123456789.")] != ':' &&
	    strncmp(s, "localhost", 9) != 0)
		words_add(list, strndup(s, n));
}

static void each(struct fy_node *node, void (*visit)(struct fy_node *item, char ***list), char ***list)
{
	struct fy_node *seq = yaml_deref(node), *item;
	void *iter = NULL;

	if (seq && fy_node_is_sequence(seq))
		while ((item = fy_node_sequence_iterate(seq, &iter)))
			visit(item, list);
}

static void add_static(struct fy_node *node, char ***list)
{
	each(member(node, "targets"), add_host, list);
}

static void add_job(struct fy_node *node, char ***list)
{
	each(member(node, "static_configs"), add_static, list);
}

void targets_read(const char *text, size_t len, char ***list)
{
	struct fl_error ignored = {};
	struct yaml y;

	if (!yaml_open(&y, "prometheus_targets.yml", text, len, &ignored)) {
		each(member(yaml_root(&y), "scrape_configs"), add_job, list);
		each(yaml_root(&y), add_static, list); /* a file_sd list */
	}
	yaml_close(&y);
}

void targets_beside(const char *file, char ***list)
{
	static const char *const names[] = { "prometheus_targets.yml", "configs/prometheus_targets.yml",
					     "prometheus_targets.yaml" };
	const char *slash = strrchr(file, '/');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = text_format("%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, names[i]);
		_cleanup_free_ char *text = NULL;
		size_t len;

		if (path && !access(path, R_OK) && !file_read(path, YAML_MAX_BYTES, &text, &len, NULL)) {
			targets_read(text, len, list);
			return;
		}
	}
}
