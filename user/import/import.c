// SPDX-License-Identifier: GPL-2.0-only
/* import.c - what the importers share: taking and losing, experiments and their faults. */
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>

#include "import/import.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"
#include "util/text/utf8.h"

/* --- taking ----------------------------------------------------------------------------------- */

/* The object that holds the last key of @path, and that key. */
static json_t *holder_of(json_t *doc, const char *path, const char **ret_key)
{
	const char *dot;
	char key[64];

	while ((dot = strchr(path, '.'))) {
		snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
		doc = json_object_get(doc, key);
		path = dot + 1;
	}
	*ret_key = path;
	return doc;
}

int import_parse(const struct import *im, const char *text, size_t len, json_t **ret, struct fl_error *err)
{
	struct yaml y;
	int r = yaml_open(&y, im->source, text, len, err);

	if (!r)
		r = yaml_json(&y, yaml_root(&y), ret);
	yaml_close(&y);
	return r;
}

json_t *import_take(json_t *doc, const char *path)
{
	const char *key;
	json_t *holder = holder_of(doc, path, &key);
	json_t *value = json_incref(json_object_get(holder, key));

	json_object_del(holder, key);
	return value;
}

char *import_take_text(json_t *doc, const char *path)
{
	const char *key;
	json_t *holder = holder_of(doc, path, &key);
	json_t *value = json_object_get(holder, key);
	char *text = json_is_string(value) ? strdup(json_string_value(value)) : NULL;

	if (text)
		json_object_del(holder, key);
	return text;
}

void import_put(json_t *doc, const char *path, json_t *value)
{
	const char *key;
	json_t *holder = holder_of(doc, path, &key);

	json_object_set_new(holder, key, value);
}

/* --- losing ----------------------------------------------------------------------------------- */

void import_set_where(struct import *im, const char *fmt, ...)
{
	char name[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	utf8_mend(name);
	free(im->where);
	im->where = strdup(name);
	im->failed |= !im->where;
}

void import_lose(struct import *im, const char *path, const char *value, const char *fmt, ...)
{
	struct import_loss *grown = reallocarray(im->losses, im->n_losses + 1, sizeof(*grown)), *l;
	char why[400];
	va_list ap;

	if (!grown) {
		im->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	utf8_mend(why);
	im->losses = grown;
	l = &grown[im->n_losses++];
	*l = (struct import_loss){ .where = im->where ? strdup(im->where) : NULL,
				   .path = strdup(path),
				   .value = value ? strdup(value) : NULL,
				   .why = strdup(why) };
	im->failed |= !l->path || !l->why || (value && !l->value);
}

static const struct import_reason *reason_of(const char *path, const struct import_reason *reasons)
{
	for (; reasons->pattern; reasons++)
		if (!fnmatch(reasons->pattern, path, 0))
			return reasons;
	return NULL;
}

static void lose_value(struct import *im, const char *path, const json_t *v, const struct import_reason *reasons)
{
	const struct import_reason *known = reason_of(path, reasons);
	/* What narrowed the choice of a target is shown; other subtrees may hold secrets. */
	_cleanup_free_ char *subtree = strstr(path, "elector") ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	const char *value = json_is_string(v) ? json_string_value(v) : subtree;

	if (!known)
		import_lose(im, path, value, "faultline has nothing that does this");
	else if (known->why)
		import_lose(im, path, value, "%s", known->why);
}

void import_lose_rest(struct import *im, const char *path, const json_t *v, const struct import_reason *reasons)
{
	const struct import_reason *known = reason_of(path, reasons);
	const char *key;
	json_t *item;
	size_t i;

	/* A pattern for a whole subtree says it once. */
	if ((known && (json_object_size(v) || json_array_size(v))) || json_is_string(v)) {
		lose_value(im, path, v, reasons);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, item) {
		_cleanup_free_ char *below = text_format("%s%s%s", path, path[0] ? "." : "", key);

		if (below)
			import_lose_rest(im, below, item, reasons);
	}
	json_array_foreach(v, i, item) {
		_cleanup_free_ char *below = text_format("%s[%zu]", path, i);

		if (below)
			import_lose_rest(im, below, item, reasons);
	}
}

/* --- experiments ------------------------------------------------------------------------------ */

static bool is_taken(const struct import *im, const char *name)
{
	uint32_t i;

	for (i = 0; i < im->n; i++)
		if (!strcmp(im->v[i]->name, name))
			return true;
	return false;
}

/* One line of at most 100 bytes that no other experiment has. */
static char *unique_name(const struct import *im, const char *wanted)
{
	size_t len = strcspn(wanted, "\n");
	char *name;
	int i;

	while (len > 100 || (len && ((unsigned char)wanted[len] & 0xc0) == 0x80))
		len--; /* whole characters */
	name = text_format("%.*s", (int)len, len ? wanted : "");
	if (name && !name[0]) {
		free(name);
		name = strdup("imported");
	}
	for (i = 2; name && is_taken(im, name); i++) {
		free(name);
		name = text_format("%.*s_%d", (int)len, wanted, i);
	}
	return name;
}

struct import_experiment *import_add(struct import *im, const char *name)
{
	struct import_experiment **grown = reallocarray(im->v, im->n + 1, sizeof(struct import_experiment *));
	struct import_experiment *x = calloc(1, sizeof(*x));

	if (grown)
		im->v = grown;
	if (x)
		x->name = unique_name(im, name);
	if (!grown || !x || !x->name || im->n == IMPORT_MAX) {
		if (x)
			free(x->name);
		free(x);
		im->failed = true;
		return NULL;
	}
	x->duration_ns = IMPORT_DEFAULT_NS;
	im->v[im->n++] = x;
	return x;
}

void import_rename(struct import *im, struct import_experiment *x, const char *name)
{
	char *other = name ? unique_name(im, name) : NULL;

	if (!other) {
		im->failed = true;
		return;
	}
	free(x->name);
	x->name = other;
}

static void fault_release(struct import_fault *f)
{
	if (f) {
		params_free(&f->params);
		free(f->target);
	}
	free(f);
}

static void experiment_free(struct import_experiment *x)
{
	uint32_t i;

	for (i = 0; i < x->n_faults; i++)
		fault_release(x->faults[i]);
	free(x->faults);
	free(x->name);
	free(x->description);
	free(x->target);
	free(x->hypothesis);
	free(x->rollback);
	json_decref(x->tags);
	free(x);
}

struct import_experiment *import_add_copy(struct import *im, const struct import_experiment *x, const char *name)
{
	struct import_experiment *copy = import_add(im, name);
	uint32_t i;

	if (!copy)
		return NULL;
	copy->duration_ns = x->duration_ns;
	copy->description = x->description ? strdup(x->description) : NULL;
	for (i = 0; i < x->n_faults; i++)
		if (!import_fault_copy(im, copy, x->faults[i]))
			return NULL;
	return copy;
}

void import_move(struct import *im, struct import_experiment *x, struct import_experiment *from, uint64_t offset_ns)
{
	struct import_fault **grown =
		reallocarray(x->faults, x->n_faults + from->n_faults, sizeof(struct import_fault *));
	uint32_t i;

	if (!from->n_faults)
		return;
	if (from->target && !x->target) {
		x->target = strdup(from->target);
		im->failed |= !x->target;
	}
	if (!grown) {
		im->failed = true;
		return;
	}
	x->faults = grown;
	for (i = 0; i < from->n_faults; i++) {
		from->faults[i]->offset_ns += offset_ns;
		from->faults[i]->duration_ns = from->duration_ns;
		if (from->target && !from->faults[i]->target) {
			from->faults[i]->target = strdup(from->target);
			im->failed |= !from->faults[i]->target;
		}
		grown[x->n_faults++] = from->faults[i];
	}
	from->n_faults = 0;
}

void import_cut(struct import *im, uint32_t n)
{
	while (im->n > n)
		experiment_free(im->v[--im->n]);
}

void import_drop_empty(struct import *im)
{
	if (im->n && !im->v[im->n - 1]->n_faults)
		import_cut(im, im->n - 1);
}

/* Names only: no pattern, no list, nothing that the loader would read as something else. */
static bool is_target(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@";

	return name && name[0] && name[0] != '-' && strncmp(name, "re2:", 4) && strlen(name) <= 100 &&
	       !name[strspn(name, allowed)];
}

char *import_target(struct import *im, const struct import_experiment *x, const char *name, const char *path)
{
	const char *target = is_target(name) ? name : im->fallback_target;
	char *copy;

	if (!target) {
		import_lose(im, path, name,
			    "no single service can be read from it: set the target of %s, or "
			    "import with --target NAME",
			    x->name);
		target = IMPORT_NO_TARGET;
	}
	copy = strdup(target);
	im->failed |= !copy;
	return copy;
}

void import_set_target(struct import *im, struct import_experiment *x, const char *name, const char *path)
{
	free(x->target);
	x->target = import_target(im, x, name, path);
}

void import_target_faults(struct import *im, struct import_experiment *x, uint32_t first, const char *name,
			  const char *path)
{
	_cleanup_free_ char *target = import_target(im, x, name, path);
	uint32_t i;

	if (!target)
		return;
	if (!x->target) {
		x->target = strdup(target);
		im->failed |= !x->target;
	}
	for (i = first; i < x->n_faults; i++) {
		free(x->faults[i]->target);
		x->faults[i]->target = strdup(target);
		im->failed |= !x->faults[i]->target;
	}
}

/* --- faults ----------------------------------------------------------------------------------- */

struct import_fault *import_fault(struct import *im, struct import_experiment *x, const char *kind)
{
	struct import_fault **grown, *f;
	const struct fault_ops *ops = fault_find(im->table, kind, NULL);

	if (!ops)
		return NULL;
	f = calloc(1, sizeof(*f));
	grown = reallocarray(x->faults, x->n_faults + 1, sizeof(struct import_fault *));
	if (grown)
		x->faults = grown;
	if (!grown || !f || params_init(&f->params, ops->params, ops->common, NULL)) {
		free(f);
		im->failed = true;
		return NULL;
	}
	f->ops = ops;
	x->faults[x->n_faults++] = f;
	return f;
}

bool import_is_text(const char *s, size_t len)
{
	json_t *string = json_stringn(s, len);
	size_t i;

	json_decref(string);
	for (i = 0; string && i < len; i++)
		if (((unsigned char)s[i] < ' ' && !strchr("\t\n\r", s[i])) || s[i] == 0x7f)
			return false;
	return string != NULL;
}

struct import_fault *import_fault_copy(struct import *im, struct import_experiment *x, const struct import_fault *from)
{
	struct import_fault *f = import_fault(im, x, from->ops->name);

	if (!f)
		return NULL;
	params_free(&f->params);
	im->failed |= params_copy(&f->params, &from->params, NULL) != 0;
	f->offset_ns = from->offset_ns;
	f->duration_ns = from->duration_ns;
	f->target = from->target ? strdup(from->target) : NULL;
	im->failed |= from->target && !f->target;
	return f;
}

void import_fault_drop(struct import_experiment *x, struct import_fault *f)
{
	uint32_t i, kept = 0;

	for (i = 0; i < x->n_faults; i++)
		if (x->faults[i] != f)
			x->faults[kept++] = x->faults[i];
	if (kept < x->n_faults)
		fault_release(f);
	x->n_faults = kept;
}

bool import_is_word(const char *s)
{
	return s && s[0] && strlen(s) <= 200 && !strchr(s, '\n');
}

/* Written as a list where it is long. */
static bool are_words(const char *list)
{
	for (; *list; list += strspn(list, ",")) {
		size_t len = strcspn(list, ",");

		if (len > 200)
			return false;
		list += len;
	}
	return true;
}

bool import_param(struct import *im, struct import_fault *f, const char *name, const char *value, const char *path)
{
	struct fl_error err = {};

	if (!f || !value)
		return false;
	if (strchr(value, '\n') || !are_words(value))
		error_usage(&err, "more than one line, or too long");
	else if (!params_set(&f->params, name, value, &err))
		return true;
	import_lose(im, path, value, "%s", err.message);
	return false;
}

bool import_fault_done(struct import *im, struct import_experiment *x, const char *path)
{
	struct import_fault *f = x->n_faults ? x->faults[x->n_faults - 1] : NULL;
	struct fl_error err = {};

	if (!f)
		return false;
	if (!params_complete(&f->params, f->ops->name, &err) &&
	    (!f->ops->validate || !f->ops->validate(&f->params, &err)))
		return true;
	import_lose(im, path, NULL, "no %s comes of it: %s", f->ops->name, err.message);
	fault_release(f);
	x->n_faults--;
	return false;
}

void import_free(struct import *im)
{
	uint32_t i;

	for (i = 0; i < im->n; i++)
		experiment_free(im->v[i]);
	free(im->v);
	for (i = 0; i < im->n_losses; i++) {
		free(im->losses[i].where);
		free(im->losses[i].path);
		free(im->losses[i].value);
		free(im->losses[i].why);
	}
	free(im->losses);
	free(im->where);
	free(im->probe_url);
	free(im->probe_timeout);
	free(im->probe_regex);
	free(im->probe_path);
	free(im->probe_value);
	free(im->prometheus);
	json_decref(im->metrics);
	memset(im, 0, sizeof(*im));
}

/* --- the way in ------------------------------------------------------------------------------- */

int import_text(struct import *im, const char *format, const char *source, const char *text, size_t len,
		struct fl_error *err)
{
	static const struct {
		const char *name;
		int (*read)(struct import *im, const char *text, size_t len, struct fl_error *err);
	} formats[] = {
		{ "chaos-mesh", import_chaos_mesh },
		{ "chaostoolkit", import_chaostoolkit },
		{ "pumba", import_pumba },
	};
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(formats) && strcmp(formats[i].name, format); i++)
		;
	if (i == ARRAY_SIZE(formats))
		return error_usage(err, "no format '%.40s': w3d2, chaos-mesh, chaostoolkit or pumba", format);
	im->format = formats[i].name;
	im->source = source;
	r = formats[i].read(im, text, len, err);
	if (!r && im->failed)
		r = error_usage(err, "more than %d experiments, or out of memory", IMPORT_MAX);
	if (r)
		error_at(err, source, 0, 0);
	return r;
}
