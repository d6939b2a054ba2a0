// SPDX-License-Identifier: GPL-2.0-only
/* history_suite.c - whether two runs can be compared at all, by what their manifests say; see history.h */
#include <errno.h>
#include <string.h>

#include "report/history.h"

struct identity {
	char name[128], path[256], sha256[72];
};

static struct identity identity_of(const struct folder *f)
{
	struct identity id = {};

	folder_manifest(f, "suite", id.name, sizeof(id.name));
	folder_manifest(f, "config.path", id.path, sizeof(id.path));
	folder_manifest(f, "config.sha256", id.sha256, sizeof(id.sha256));
	return id;
}

static bool is_known(const struct identity *id)
{
	return id->name[0] || id->path[0] || id->sha256[0];
}

static bool same(const char *a, const char *b)
{
	return a[0] && !strcmp(a, b);
}

static double scale_of(const struct folder *f)
{
	const json_t *scale = json_object_get(f->manifest, "scale");

	return json_is_number(scale) ? json_number_value(scale) : 1;
}

static bool has(const struct folder *f, const char *id)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->results[i].id, id))
			return true;
	return false;
}

/* The experiments of @a that are not in @b, as a note about @b. */
static void note_missing(const struct folder *a, uint32_t run_a, const struct folder *b, uint32_t run_b, json_t *notes)
{
	struct text t = {};
	uint32_t i, n = 0;

	for (i = 0; i < a->n; i++)
		if (!has(b, a->results[i].id))
			text_append(&t, "%s%s", n++ ? ", " : "", a->results[i].id);
	if (n)
		json_array_append_new(notes, json_sprintf("run %u has %u experiment%s that run %u has not: %.300s",
							  run_a + 1, n, n == 1 ? "" : "s", run_b + 1, t.s ? t.s : ""));
	text_free(&t);
}

static int compare(const struct folder *runs, uint32_t i, json_t *notes, struct fl_error *err)
{
	const struct folder *a = &runs[i - 1], *b = &runs[i];
	struct identity was = identity_of(a), is = identity_of(b);

	if (!is_known(&is) || !is_known(&was)) {
		json_array_append_new(notes,
				      json_sprintf("run %u has no run.json that names its suite: it may be another one",
						   is_known(&is) ? i : i + 1));
	} else if (!same(was.name, is.name) && !same(was.path, is.path) && !same(was.sha256, is.sha256)) {
		error_usage(err,
			    "these are runs of two suites: '%.60s' (%.100s) in %.80s, and '%.60s' (%.100s) in %.80s",
			    was.name, was.path, a->path, is.name, is.path, b->path);
		error_hint(err, "--any-suite compares the experiments that they have in common, by their ids");
		return -EINVAL;
	} else if (was.sha256[0] && is.sha256[0] && strcmp(was.sha256, is.sha256)) {
		json_array_append_new(notes,
				      json_sprintf("the file of run %u is another version of that of run %u (SHA-256 "
						   "%.8s, %.8s)",
						   i + 1, i, is.sha256, was.sha256));
	}
	if (scale_of(a) < scale_of(b) || scale_of(a) > scale_of(b))
		json_array_append_new(notes,
				      json_sprintf("run %u had windows of another length than run %u (--scale %g, %g)",
						   i + 1, i, scale_of(b), scale_of(a)));
	note_missing(a, i - 1, b, i, notes);
	note_missing(b, i, a, i - 1, notes);
	return 0;
}

int history_same_suite(const struct folder *runs, uint32_t n, json_t *ret_notes, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 1; !r && i < n; i++)
		r = compare(runs, i, ret_notes, err);
	return r;
}
