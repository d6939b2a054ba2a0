// SPDX-License-Identifier: GPL-2.0-only
/* folder.c - see folder.h */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

#define FILE_MAX (64u << 20)

char *folder_file(const struct folder *f, const char *name)
{
	return text_format("%s/%s", f->path, name);
}

char *folder_out(const struct folder *f, const char *name)
{
	return text_format("%s/%s", f->out ? f->out : f->path, name);
}

/* A JSON file that may be missing; one that is there and broken is an error. */
static int read_json(const struct folder *f, const char *name, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *path = folder_file(f, name), *text = NULL;
	json_error_t why;
	size_t len;
	int rc;

	if (!path)
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", name);
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	rc = file_read(path, FILE_MAX, &text, &len, err);
	if (rc)
		return rc;
	*ret = json_loadb(text, len, 0, &why);
	if (*ret)
		return 0;
	rc = error_usage(err, "it is no whole JSON: %s", why.text);
	error_at(err, path, why.line, why.column);
	error_hint(err, "move it away to go on without it");
	return rc;
}

/* Count the lines of events.jsonl; a crash tears at most the last one. */
static int read_events(struct folder *f, struct fl_error *err)
{
	_cleanup_free_ char *path = folder_file(f, "events.jsonl"), *text = NULL;
	char *save = NULL, *line;
	size_t len;
	int rc;

	if (!path)
		return error_sys(err, ENOMEM, "cannot read events.jsonl: out of memory");
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	rc = file_read(path, FILE_MAX, &text, &len, err);
	if (rc)
		return rc;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *event = json_loads(line, 0, NULL);

		if (json_is_object(event))
			f->n_events++;
		else
			f->events_malformed++;
		json_decref(event);
	}
	return 0;
}

static int read_probe(struct folder *f, struct fl_error *err)
{
	_cleanup_free_ char *path = folder_file(f, "probe.log");

	if (!path)
		return error_sys(err, ENOMEM, "cannot read probe.log: out of memory");
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	return probe_read_log(path, &f->probe, &f->n_probe, &f->probe_malformed, err);
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int read_results(struct folder *f, struct fl_error *err)
{
	_cleanup_free_ char *path = folder_file(f, "chaos_results.json");
	int rc;

	if (!path)
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", f->path);
	/* The results alone will do: a file instead of the folder. */
	rc = results_load(is_file(f->path) ? f->path : path, &f->results, &f->n, err);
	if (rc == -ENOENT || rc == -ENOTDIR)
		error_hint(err, "this is no folder of a run; `faultline run` makes one");
	return rc;
}

int folder_open(struct folder *f, const char *path, struct fl_error *err)
{
	size_t len = strlen(path);
	int rc;

	memset(f, 0, sizeof(*f));
	while (len > 1 && path[len - 1] == '/')
		len--;
	f->path = strndup(path, len);
	if (!f->path)
		return error_sys(err, ENOMEM, "cannot read %s: out of memory", path);
	rc = read_results(f, err);
	if (!rc && is_file(f->path)) {
		char *slash = strrchr(f->path, '/');

		/* What lies beside it belongs to it. */
		if (slash)
			*slash = '\0';
		else
			memcpy(f->path, ".", 2);
	}
	if (!rc)
		rc = read_json(f, "run.json", &f->manifest, err);
	if (!rc)
		rc = read_json(f, "baseline.json", &f->baseline, err);
	if (!rc)
		rc = read_json(f, "sweep.json", &f->sweep, err);
	if (!rc)
		rc = read_probe(f, err);
	if (!rc)
		rc = read_events(f, err);
	if (rc)
		return rc;
	score_compute(f->results, f->n, &f->score);
	more_compute(f->results, f->n, folder_graph(f), f->probe, f->n_probe, &f->more);
	return score_gaps(f->results, f->n, folder_graph(f), &f->gaps, &f->n_gaps, err);
}

void folder_close(struct folder *f)
{
	results_free(f->results, f->n);
	gaps_free(f->gaps, f->n_gaps);
	json_decref(f->manifest);
	json_decref(f->baseline);
	json_decref(f->sweep);
	free(f->probe);
	free(f->path);
	memset(f, 0, sizeof(*f));
}

const json_t *folder_graph(const struct folder *f)
{
	return json_object_get(f->manifest, "graph");
}

const char *folder_manifest(const struct folder *f, const char *path, char *buf, size_t size)
{
	json_scalar_text(json_path(f->manifest, path), buf, size);
	return buf;
}

bool folder_is_exercise(const struct folder *f)
{
	char form[16];

	return !f->manifest || !strcmp(folder_manifest(f, "form", form, sizeof(form)), "exercise");
}

const struct gap *folder_next_gap(const struct folder *f, const struct result *r, uint32_t *i)
{
	for (; *i < f->n_gaps; (*i)++)
		if (!strncmp(f->gaps[*i].experiment, r->id, sizeof(f->gaps[*i].experiment) - 1))
			return &f->gaps[(*i)++];
	return NULL;
}
