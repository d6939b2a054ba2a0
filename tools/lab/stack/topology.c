// SPDX-License-Identifier: GPL-2.0-only
/*
 * topology.c - see topology.h. Each mapping is read through a table of its keys, so that an unknown
 * one is found, with the nearest known key, before anything is started.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "tools/lab/stack/topology.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define MAX_FILE_BYTES (256 * 1024)

struct reader {
	const char *path;
	struct lab_topology *t;
	struct lab_service *service; /* the one that is being read */
	struct lab_call *call;
	struct fl_error *err;
};

/* Reads the value of one key. */
typedef int (*key_reader)(struct reader *r, const char *key, struct fy_node *value);

struct key {
	const char *name;
	key_reader read;
};

static int fail(struct reader *r, struct fy_node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Where a node begins; libfyaml gives tokens of scalars only, so the first one in it. */
static const struct fy_mark *mark_of(struct fy_node *node)
{
	struct fy_token *token;

	while (node && !fy_node_is_scalar(node))
		node = fy_node_is_sequence(node) ? fy_node_sequence_get_by_index(node, 0)
						 : fy_node_pair_key(fy_node_mapping_get_by_index(node, 0));
	token = node ? fy_node_get_scalar_token(node) : NULL;
	return token ? fy_token_start_mark(token) : NULL;
}

static int fail(struct reader *r, struct fy_node *at, const char *fmt, ...)
{
	const struct fy_mark *mark = mark_of(at);
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	error_usage(r->err, "%s", message);
	error_at(r->err, r->path, mark ? mark->line + 1 : 0, mark ? mark->column + 1 : 0);
	return -EINVAL;
}

static int read_mapping(struct reader *r, struct fy_node *map, const struct key *keys)
{
	const char *names[24], *near, *name;
	const struct key *k;
	struct fy_node_pair *pair;
	void *iter = NULL;
	size_t n;
	int rc;

	if (!fy_node_is_mapping(map))
		return fail(r, map, "a mapping is expected here");
	for (n = 0; keys[n].name; n++)
		names[n] = keys[n].name;
	names[n] = NULL;
	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		name = fy_node_get_scalar0(fy_node_pair_key(pair));
		if (!name)
			return fail(r, fy_node_pair_key(pair), "a key must be a word");
		for (k = keys; k->name && strcmp(k->name, name); k++)
			;
		near = k->name ? NULL : text_nearest(name, names);
		if (!k->name)
			return fail(r, fy_node_pair_key(pair), "unknown key '%s'%s%s%s", name,
				    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
		rc = k->read(r, name, fy_node_pair_value(pair));
		if (rc)
			return rc;
	}
	return 0;
}

static int scalar(struct reader *r, const char *key, struct fy_node *value, const char **ret)
{
	*ret = fy_node_is_scalar(value) ? fy_node_get_scalar0(value) : NULL;
	return *ret ? 0 : fail(r, value, "'%s' must be a plain value", key);
}

static int word(struct reader *r, const char *key, struct fy_node *value, char *buf, size_t size)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && (!*text || strlen(text) >= size || strpbrk(text, " ,=/\"'") == text))
		rc = fail(r, value, "'%s' must be 1 to %zu characters", key, size - 1);
	if (!rc)
		text_copy(buf, size, text);
	return rc;
}

static int number(struct reader *r, const char *key, struct fy_node *value, int64_t max, int64_t *ret)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (rc)
		return rc;
	rc = units_int(text, 1, max, ret, NULL);
	return rc ? fail(r, value, "'%s' must be a number from 1 to %lld, not '%s'", key, (long long)max, text) : 0;
}

/* A list of words, copied. */
static int words(struct reader *r, const char *key, struct fy_node *list, char **ret)
{
	struct fy_node *item;
	const char *text;
	void *iter = NULL;
	size_t n = 0;

	if (!fy_node_is_sequence(list))
		return fail(r, list, "'%s' must be a list", key);
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		if (scalar(r, key, item, &text))
			return -EINVAL;
		if (n == LAB_MAX_ARGS - 1)
			return fail(r, item, "more than %d arguments", LAB_MAX_ARGS - 1);
		ret[n] = strdup(text);
		if (!ret[n++])
			return error_sys(r->err, ENOMEM, "out of memory");
	}
	return 0;
}

/* --- calls ----------------------------------------------------------------------------------- */

/* The options of an upstream are lab-service's to judge; here they only become one text. */
static int read_call_option(struct reader *r, const char *key, struct fy_node *value)
{
	size_t used = strlen(r->call->options);
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (rc)
		return rc;
	if (snprintf(r->call->options + used, sizeof(r->call->options) - used, ",%s=%s", key, text) >=
	    (int)(sizeof(r->call->options) - used))
		return fail(r, value, "the options of this upstream are too long");
	return 0;
}

static const struct key call_keys[] = {
	{ "pool", read_call_option },  { "timeout", read_call_option }, { "wait", read_call_option },
	{ "tries", read_call_option }, { "backoff", read_call_option }, { NULL, NULL },
};

static int read_upstreams(struct reader *r, const char *key, struct fy_node *value)
{
	struct lab_service *s = r->service;
	struct fy_node_pair *pair;
	void *iter = NULL;
	int rc = 0;

	if (!fy_node_is_mapping(value))
		return fail(r, value, "'%s' must map names to options", key);
	while (!rc && (pair = fy_node_mapping_iterate(value, &iter))) {
		if (s->n_calls == LAB_MAX_CALLS)
			return fail(r, value, "more than %d upstreams", LAB_MAX_CALLS);
		r->call = &s->calls[s->n_calls++];
		rc = word(r, key, fy_node_pair_key(pair), r->call->name, sizeof(r->call->name));
		if (!rc)
			rc = read_mapping(r, fy_node_pair_value(pair), call_keys);
	}
	return rc;
}

/* --- a service ------------------------------------------------------------------------------- */

static int read_role(struct reader *r, const char *key, struct fy_node *value)
{
	return word(r, key, value, r->service->role, sizeof(r->service->role));
}

static int read_address(struct reader *r, const char *key, struct fy_node *value)
{
	const char *network = r->t->network;
	struct in_addr addr;
	int rc = word(r, key, value, r->service->address, sizeof(r->service->address));

	if (rc)
		return rc;
	if (inet_pton(AF_INET, r->service->address, &addr) != 1)
		return fail(r, value, "'%s' is not an IPv4 address", r->service->address);
	if (strncmp(r->service->address, network, strlen(network)) || r->service->address[strlen(network)] != '.')
		return fail(r, value, "%s is not in the network %s.0/24", r->service->address, network);
	return 0;
}

static int port_number(struct reader *r, const char *key, struct fy_node *value, uint16_t *ret)
{
	int64_t n = 0;
	int rc = number(r, key, value, 65535, &n);

	*ret = (uint16_t)n;
	return rc;
}

static int read_port(struct reader *r, const char *key, struct fy_node *value)
{
	return port_number(r, key, value, &r->service->port);
}

static int read_uses_cache(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && strcmp(text, "true") && strcmp(text, "false"))
		rc = fail(r, value, "'cache' is true or false here");
	r->service->cache = !rc && !strcmp(text, "true");
	return rc;
}

static int read_options(struct reader *r, const char *key, struct fy_node *value)
{
	return words(r, key, value, r->service->options);
}

static int read_beside(struct reader *r, const char *key, struct fy_node *value)
{
	struct lab_service *s = r->service;
	struct fy_node *item;
	void *iter = NULL;
	int rc = 0;

	if (!fy_node_is_sequence(value))
		return fail(r, value, "'beside' must be a list of commands");
	while (!rc && (item = fy_node_sequence_iterate(value, &iter))) {
		if (s->n_beside == LAB_MAX_BESIDE)
			return fail(r, item, "more than %d commands", LAB_MAX_BESIDE);
		rc = words(r, key, item, s->beside[s->n_beside++]);
	}
	return rc;
}

static int read_inside(struct reader *r, const char *key, struct fy_node *value)
{
	struct lab_service *s = r->service;
	struct fy_node *item;
	void *iter = NULL;
	int rc = 0;

	if (!fy_node_is_sequence(value))
		return fail(r, value, "'inside' must be a list of ports");
	while (!rc && (item = fy_node_sequence_iterate(value, &iter))) {
		if (s->n_inside == LAB_MAX_PORTS)
			return fail(r, item, "more than %d ports", LAB_MAX_PORTS);
		rc = port_number(r, key, item, &s->inside[s->n_inside++]);
	}
	return rc;
}

static int read_cpu(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	uint32_t ppm = 0;
	int rc = scalar(r, key, value, &text);

	if (!rc && (units_percent_ppm(text, &ppm, NULL) || ppm < 10000))
		rc = fail(r, value, "'cpu' must be 1%% to 100%%, not '%s'", text);
	r->service->cpu_percent = ppm / 10000;
	return rc;
}

static int read_bytes(struct reader *r, const char *key, struct fy_node *value, uint64_t *ret)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && units_bytes(text, ret, NULL))
		rc = fail(r, value, "'%s' must be a size such as 64MiB, not '%s'", key, text);
	return rc;
}

static int read_memory(struct reader *r, const char *key, struct fy_node *value)
{
	return read_bytes(r, key, value, &r->service->memory_bytes);
}

static int read_volume_path(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && (text[0] != '/' || !text_copy(r->service->volume, sizeof(r->service->volume), text)))
		rc = fail(r, value, "'path' must be an absolute path of an existing folder");
	return rc;
}

static int read_volume_size(struct reader *r, const char *key, struct fy_node *value)
{
	return read_bytes(r, key, value, &r->service->volume_bytes);
}

static int read_volume(struct reader *r, const char *key, struct fy_node *value)
{
	static const struct key keys[] = { { "path", read_volume_path }, { "size", read_volume_size }, { NULL, NULL } };
	int rc = read_mapping(r, value, keys);

	(void)key;
	if (!rc && (!r->service->volume[0] || !r->service->volume_bytes))
		rc = fail(r, value, "a volume needs path and size");
	return rc;
}

static int read_restart(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && strcmp(text, "always") && strcmp(text, "no"))
		rc = fail(r, value, "'restart' is always or no");
	r->service->restart = !rc && !strcmp(text, "always");
	return rc;
}

/* clang-format off */
static const struct key service_keys[] = {
	{ "role", read_role },	     { "address", read_address },   { "port", read_port },
	{ "cache", read_uses_cache }, { "options", read_options },  { "upstreams", read_upstreams },
	{ "beside", read_beside },   { "cpu", read_cpu },	    { "memory", read_memory },
	{ "volume", read_volume },   { "inside", read_inside },	    { "restart", read_restart },
	{ NULL, NULL },
};
/* clang-format on */

static int read_services(struct reader *r, const char *key, struct fy_node *value)
{
	struct lab_topology *t = r->t;
	struct fy_node_pair *pair;
	void *iter = NULL;
	int rc = 0;

	if (!fy_node_is_mapping(value))
		return fail(r, value, "'services' must map names to services");
	if (!t->network[0])
		return fail(r, value, "'network' must come before 'services'");
	while (!rc && (pair = fy_node_mapping_iterate(value, &iter))) {
		if (t->n_services == LAB_MAX_SERVICES)
			return fail(r, value, "more than %d services", LAB_MAX_SERVICES);
		r->service = &t->services[t->n_services++];
		r->service->port = 8080;
		r->service->restart = true;
		rc = word(r, key, fy_node_pair_key(pair), r->service->name, sizeof(r->service->name));
		if (!rc)
			rc = read_mapping(r, fy_node_pair_value(pair), service_keys);
		if (!rc && (!r->service->role[0] || !r->service->address[0]))
			rc = fail(r, fy_node_pair_key(pair), "%s needs a role and an address", r->service->name);
	}
	return rc;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int read_top_word(struct reader *r, const char *key, struct fy_node *value)
{
	struct lab_topology *t = r->t;

	if (!strcmp(key, "hub"))
		return word(r, key, value, t->hub, sizeof(t->hub));
	if (!strcmp(key, "link"))
		return word(r, key, value, t->link, sizeof(t->link));
	if (!strcmp(key, "entry"))
		return word(r, key, value, t->entry, sizeof(t->entry));
	if (!strcmp(key, "resolver"))
		return word(r, key, value, t->resolver, sizeof(t->resolver));
	if (!strcmp(key, "logs"))
		return word(r, key, value, t->logs, sizeof(t->logs));
	return word(r, key, value, t->cache, sizeof(t->cache));
}

static int read_network(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text, *end;
	char first[16];
	struct in_addr addr;
	int rc = scalar(r, key, value, &text);

	if (rc)
		return rc;
	end = strstr(text, ".0/24");
	if (!end || end[5] || end - text >= (int)sizeof(first))
		return fail(r, value, "'network' must be a /24, such as 10.213.77.0/24");
	snprintf(first, sizeof(first), "%.*s.0", (int)(end - text), text);
	if (inet_pton(AF_INET, first, &addr) != 1)
		return fail(r, value, "'%s' is no network", text);
	snprintf(r->t->network, sizeof(r->t->network), "%.*s", (int)(end - text), text);
	return 0;
}

static int read_health(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && (text[0] != '/' || !text_copy(r->t->health, sizeof(r->t->health), text)))
		rc = fail(r, value, "'health' must be a path");
	return rc;
}

static int read_restart_delay(struct reader *r, const char *key, struct fy_node *value)
{
	const char *text;
	int rc = scalar(r, key, value, &text);

	if (!rc && units_duration_ns(text, &r->t->restart_delay_ns, NULL))
		rc = fail(r, value, "'%s' must be a duration such as 3s", key);
	return rc;
}

static int read_daemon_number(struct reader *r, const char *key, struct fy_node *value)
{
	int64_t n = 0;
	int rc = number(r, key, value, !strcmp(key, "rate") ? 10000 : 65535, &n);

	if (!strcmp(key, "rate"))
		r->t->load_rate = (unsigned int)n;
	else
		r->t->load_port = (uint16_t)n;
	return rc;
}

static int read_load(struct reader *r, const char *key, struct fy_node *value)
{
	static const struct key keys[] = { { "rate", read_daemon_number },
					   { "port", read_daemon_number },
					   { NULL, NULL } };

	(void)key;
	return read_mapping(r, value, keys);
}

static int read_pipeline_port(struct reader *r, const char *key, struct fy_node *value)
{
	int64_t n = 0;
	int rc = number(r, key, value, 65535, &n);

	r->t->pipeline_port = (uint16_t)n;
	return rc;
}

static int read_pipeline(struct reader *r, const char *key, struct fy_node *value)
{
	static const struct key keys[] = { { "port", read_pipeline_port }, { NULL, NULL } };

	(void)key;
	return read_mapping(r, value, keys);
}

static const struct key top_keys[] = {
	{ "hub", read_top_word },
	{ "link", read_top_word },
	{ "network", read_network },
	{ "entry", read_top_word },
	{ "health", read_health },
	{ "restart_delay", read_restart_delay },
	{ "resolver", read_top_word },
	{ "logs", read_top_word },
	{ "cache", read_top_word },
	{ "pipeline", read_pipeline },
	{ "load", read_load },
	{ "services", read_services },
	{ NULL, NULL },
};

const struct lab_service *topology_find(const struct lab_topology *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n_services; i++)
		if (!strcmp(t->services[i].name, name))
			return &t->services[i];
	return NULL;
}

/* What one key alone cannot tell: every name that is used exists, no address occurs twice. */
static int check(struct reader *r)
{
	const struct lab_topology *t = r->t;
	const char *used[] = { t->entry, t->resolver, t->logs, t->cache };
	const struct lab_service *a, *b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		if (used[i][0] && !topology_find(t, used[i]))
			return fail(r, NULL, "no service is called '%s'", used[i]);
	if (!t->entry[0] || !t->hub[0] || !t->link[0])
		return fail(r, NULL, "'entry', 'hub' and 'link' are needed");
	for (a = t->services; a < t->services + t->n_services; a++) {
		for (i = 0; i < a->n_calls; i++)
			if (!topology_find(t, a->calls[i].name))
				return fail(r, NULL, "%s calls '%s', which is no service", a->name, a->calls[i].name);
		if (a->cache && !t->cache[0])
			return fail(r, NULL, "%s uses a cache, but there is none", a->name);
		for (b = t->services; b < a; b++)
			if (!strcmp(a->address, b->address) || !strncmp(a->name, b->name, 15))
				return fail(r, NULL,
					    "%s and %s share an address, or the first 15 "
					    "characters of their names",
					    b->name, a->name);
	}
	return 0;
}

int topology_load(const char *path, struct lab_topology **ret, struct fl_error *err)
{
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET };
	struct lab_topology *t = calloc(1, sizeof(*t));
	struct reader r = { .path = path, .t = t, .err = err };
	_cleanup_free_ char *text = NULL;
	struct fy_document *doc = NULL;
	size_t len;
	int rc;

	if (!t)
		return error_sys(err, ENOMEM, "out of memory");
	t->restart_delay_ns = 3 * NS_PER_SEC;
	text_copy(t->health, sizeof(t->health), "/health");
	rc = file_read(path, MAX_FILE_BYTES, &text, &len, err);
	if (!rc) {
		doc = fy_document_build_from_string(&cfg, text, len);
		rc = doc && fy_document_root(doc) ? read_mapping(&r, fy_document_root(doc), top_keys)
						  : fail(&r, NULL, "this is not YAML");
	}
	if (!rc)
		rc = check(&r);
	fy_document_destroy(doc);
	if (rc)
		topology_free(t);
	else
		*ret = t;
	return rc;
}

void topology_free(struct lab_topology *t)
{
	unsigned int i, j, k;

	if (!t)
		return;
	for (i = 0; i < t->n_services; i++) {
		struct lab_service *s = &t->services[i];

		for (j = 0; j < LAB_MAX_ARGS; j++) {
			free(s->options[j]);
			for (k = 0; k < LAB_MAX_BESIDE; k++)
				free(s->beside[k][j]);
		}
	}
	free(t);
}
