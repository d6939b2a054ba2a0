// SPDX-License-Identifier: GPL-2.0-only
/* record.c - see record.h */
#include <errno.h>
#include <string.h>

#include "fault/life/record.h"
#include "fault/overlap.h"
#include "session/session.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define RECORD_MAX_BYTES (4u << 20)
#define RECORD_MAX_RULES 256

static json_t *target_names_json(const struct fault *f)
{
	json_t *names = json_array();
	uint32_t i;

	for (i = 0; i < f->n_targets; i++)
		json_array_append_new(names, json_string(f->targets[i].name));
	return names;
}

static json_t *rules_json(const struct fault *f)
{
	json_t *indexes = json_array();
	uint32_t rules[RECORD_MAX_RULES], n, i;

	n = f->ops->rules && f->armed ? f->ops->rules(f, rules, RECORD_MAX_RULES) : 0;
	for (i = 0; i < n; i++)
		json_array_append_new(indexes, json_integer(rules[i]));
	return indexes;
}

/* Seconds since the epoch at a CLOCK_MONOTONIC time. */
static json_t *wall_json(uint64_t mono_ns)
{
	if (!mono_ns)
		return json_null();
	return json_real(clock_wall_s() + ((double)mono_ns - (double)clock_mono_ns()) / 1e9);
}

/* What follows a schedule, without the points: they are the result's. */
static json_t *courses_json(const struct fault *f)
{
	json_t *all = f->courses ? json_array() : NULL, *c;
	size_t i;

	json_array_foreach(f->courses, i, c) {
		const char *param = json_string_value(json_object_get(c, "param"));
		json_t *row = json_copy(c);

		json_object_del(row, "points");
		if (json_is_null(json_object_get(c, "ended_by")))
			json_object_set_new(row, "now", json_string(params_text(&f->params, param)));
		json_array_append_new(all, row);
	}
	return all;
}

static json_t *fault_json(struct fault *f)
{
	struct fault_proof proof = {};

	fault_proof(f, &proof, NULL);
	f->fresh = proof;
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:I, s:I, s:s, s:O?, s:o*}", "id", f->id,
			 "kind", f->ops->name, "targets", target_names_json(f), "identities", overlap_identities(f),
			 "backend", f->backend, "params", params_now_json(&f->params), "rules", rules_json(f), "active",
			 f->active, "expires_wall", wall_json(f->expires_ns), "matched", (json_int_t)proof.matched,
			 "injected", (json_int_t)proof.injected, "effect", proof.effect, "changes", f->changes,
			 "courses", courses_json(f));
}

static char *kept_path(const char *session)
{
	return text_format(FL_KEPT_DIR "/%s/faults.json", session);
}

static json_t *read_list(const char *path, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_t *all;

	if (file_read(path, RECORD_MAX_BYTES, &text, NULL, err))
		return NULL;
	all = json_loads(text, 0, NULL);
	if (!json_is_array(all))
		error_sys(err, EBADMSG, "%s is damaged", path);
	if (json_is_array(all))
		return all;
	json_decref(all);
	return NULL;
}

/* Do both name the same faults, on and off? */
static bool same_faults(const json_t *a, const json_t *b)
{
	size_t i, n = json_array_size(a);

	if (n != json_array_size(b))
		return false;
	for (i = 0; i < n; i++) {
		const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

		if (!json_equal(json_object_get(x, "id"), json_object_get(y, "id")) ||
		    !json_equal(json_object_get(x, "active"), json_object_get(y, "active")))
			return false;
	}
	return true;
}

/* For `list` after a reboot, when something lasts. Its figures are not kept up to date on that disk. */
static void keep(const struct session *s, const json_t *all, const char *text)
{
	_cleanup_free_ char *path = kept_path(s->name);
	json_t *before = path && !access(path, F_OK) ? read_list(path, NULL) : NULL;

	if (path && (!before || !same_faults(before, all)))
		file_write(path, text, strlen(text), 0600, NULL);
	json_decref(before);
}

int record_write(const struct session *s, struct fault *const *faults, uint32_t n, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("%s/faults.json", s->dir), *text = NULL;
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(all, fault_json(faults[i]));
	text = json_dumps(all, JSON_COMPACT);
	if (text && !access(s->kept_dir, F_OK))
		keep(s, all, text);
	json_decref(all);
	if (!path || !text)
		return error_sys(err, ENOMEM, "session %s: out of memory", s->name);
	return file_write(path, text, strlen(text), 0600, err);
}

int record_read(const char *name, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format(FL_RUN_DIR "/%s/faults.json", name);
	_cleanup_free_ char *kept = kept_path(name);

	if (!path || !kept)
		return error_sys(err, ENOMEM, "session %s: out of memory", name);
	if (access(path, F_OK) && access(kept, F_OK)) {
		*ret = json_array();
		return 0;
	}
	*ret = read_list(access(path, F_OK) ? kept : path, err);
	return *ret ? 0 : -EIO;
}

int record_find(const char *id, char ret_session[16], json_t **ret, struct fl_error *err)
{
	const char *dot = strchr(id, '.');
	size_t len = dot ? (size_t)(dot - id) : strlen(id), i;
	json_t *all, *fault, *found = NULL;

	if (!len || len >= 16 || strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz.") != strlen(id))
		goto unknown;
	snprintf(ret_session, 16, "%.*s", (int)len, id);
	if (record_read(ret_session, &all, err))
		return -EIO;
	json_array_foreach(all, i, fault) {
		if ((!dot && json_array_size(all) == 1) || !strcmp(id, json_string_value(json_object_get(fault, "id"))))
			found = json_incref(fault);
	}
	json_decref(all);
	if (found) {
		*ret = found;
		return 0;
	}
unknown:
	error_usage(err, "no fault '%.40s'", id);
	error_hint(err, "faultline list shows those that are there");
	return -ENOENT;
}

int record_params(const json_t *fault, const struct fault_ops *ops, struct params *ret, struct fl_error *err)
{
	json_t *stored = json_object_get(fault, "params");
	int r = params_init(ret, ops->params, ops->common, err);
	uint32_t i;

	if (r)
		return r;
	for (i = 0; !r && i < ret->n; i++) {
		const struct param *p = ret->v[i].param;
		const char *text = json_string_value(json_object_get(stored, p->name));

		/* A value that is the default is not to count as given. */
		if (text && (!p->def || strcmp(text, p->def)))
			r = params_set(ret, p->name, text, err);
	}
	if (r)
		params_free(ret);
	return r;
}
