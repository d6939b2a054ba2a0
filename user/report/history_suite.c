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

static bool same_identity(const struct identity *a, const struct identity *b)
{
	return same(a->name, b->name) || same(a->path, b->path) || same(a->sha256, b->sha256);
}

bool history_is_same_suite(const struct folder *a, const struct folder *b)
{
	struct identity of_a = identity_of(a), of_b = identity_of(b);

	return !is_known(&of_a) || !is_known(&of_b) || same_identity(&of_a, &of_b);
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

struct label {
	char text[24];
};

static struct label label_of(enum run_names names, uint32_t i)
{
	struct label l;

	if (names == RUN_LETTERS)
		snprintf(l.text, sizeof(l.text), "%c", 'A' + (int)(i % 26));
	else
		snprintf(l.text, sizeof(l.text), "run %u", i + 1);
	return l;
}

/* The experiments of @a that are not in @b, as a note about @b. */
static void note_missing(const struct folder *a, struct label run_a, const struct folder *b, struct label run_b,
			 json_t *notes)
{
	struct text t = {};
	uint32_t i, n = 0;

	for (i = 0; i < a->n; i++)
		if (!has(b, a->results[i].id))
			text_append(&t, "%s%s", n++ ? ", " : "", a->results[i].id);
	if (n)
		json_array_append_new(notes, json_sprintf("%s has %u experiment%s that %s has not: %.300s", run_a.text,
							  n, n == 1 ? "" : "s", run_b.text, t.s ? t.s : ""));
	text_free(&t);
}

static int compare(const struct folder *runs, uint32_t i, enum run_names names, json_t *notes, struct fl_error *err)
{
	struct label before = label_of(names, i - 1), now = label_of(names, i);
	const struct folder *a = &runs[i - 1], *b = &runs[i];
	struct identity was = identity_of(a), is = identity_of(b);

	if (!is_known(&is) || !is_known(&was)) {
		json_array_append_new(notes,
				      json_sprintf("%s has no run.json that names its suite: it may be another one",
						   is_known(&is) ? before.text : now.text));
	} else if (!same_identity(&was, &is)) {
		error_usage(err,
			    "these are runs of two suites: '%.60s' (%.100s) in %.80s, and '%.60s' (%.100s) in %.80s",
			    was.name, was.path, a->path, is.name, is.path, b->path);
		error_hint(err, "%s compares the experiments that they have in common, by their ids",
			   names == RUN_LETTERS ? "--force" : "--any-suite");
		return -EINVAL;
	} else if (was.sha256[0] && is.sha256[0] && strcmp(was.sha256, is.sha256)) {
		json_array_append_new(notes, json_sprintf("the file of %s is another version of that of %s (SHA-256 "
							  "%.8s, %.8s)",
							  now.text, before.text, is.sha256, was.sha256));
	}
	if (scale_of(a) < scale_of(b) || scale_of(a) > scale_of(b))
		json_array_append_new(notes, json_sprintf("%s had windows of another length than %s (--scale %g, %g)",
							  now.text, before.text, scale_of(b), scale_of(a)));
	/* What compares two names them itself. */
	if (names == RUN_LETTERS)
		return 0;
	note_missing(a, before, b, now, notes);
	note_missing(b, now, a, before, notes);
	return 0;
}

int history_same_suite(const struct folder *runs, uint32_t n, enum run_names names, json_t *ret_notes,
		       struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 1; !r && i < n; i++)
		r = compare(runs, i, names, ret_notes, err);
	return r;
}
