// SPDX-License-Identifier: GPL-2.0-only
/* outdir.c - see outdir.h */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <math.h>
#include <libfyaml.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <uv.h>

#include "run/folder/outdir.h"
#include "suite/version.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json/json_path.h"
#include "util/text/text.h"
#include "util/text/units.h"
#include "util/text/url.h"

#define MANIFEST_MAX (1u << 20)
#define READERS      "faultline" /* a group */

/* path/name, to read and to call it by; the caller's to free. */
static char *outdir_file(const struct outdir *d, const char *name)
{
	return text_format("%s/%s", d->path, name);
}

static int save(const struct outdir *d, const char *name, const char *text, size_t len, struct fl_error *err)
{
	_cleanup_free_ char *shown = outdir_file(d, name);
	int r = shown && text ? file_write_at(d->fd, name, shown, text, len, 0644, err)
			      : error_sys(err, ENOMEM, "%s: out of memory", name);

	if (r == -ENOSPC || r == -EDQUOT)
		error_hint(err, "make room there; run --resume --out %s goes on with what it lacks", d->path);
	return r;
}

int outdir_save_json(const struct outdir *d, const char *name, const json_t *value, struct fl_error *err)
{
	_cleanup_free_ char *json = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(16));
	_cleanup_free_ char *line = json ? text_format("%s\n", json) : NULL;

	return save(d, name, line, line ? strlen(line) : 0, err);
}

int outdir_append(const struct outdir *d, const char *name, unsigned int mode, struct fl_error *err)
{
	_cleanup_free_ char *shown = outdir_file(d, name);

	return shown ? file_append_at(d->fd, name, shown, mode, err)
		     : error_sys(err, ENOMEM, "%s: out of memory", name);
}

int outdir_note(struct outdir *d, const char *key, json_t *value, struct fl_error *err)
{
	json_object_set_new(d->manifest, key, value);
	return outdir_save_json(d, "run.json", d->manifest, err);
}

int outdir_save_results(const struct outdir *d, const struct result *v, uint32_t n, struct fl_error *err)
{
	_cleanup_free_ char *text = results_text(v, n);

	return save(d, "chaos_results.json", text, text ? strlen(text) : 0, err);
}

/* "stack" and "pipeline": version and commit, as far as the suite or the stack says them. */
static void note_versions(json_t *manifest, const json_t *versions)
{
	static const char *const of[] = { "stack", "pipeline" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		const json_t *v = json_object_get(versions, of[i]);

		if (v)
			json_object_set_new(manifest, of[i],
					    json_pack("{s:s?, s:s?}", "version",
						      json_string_value(json_object_get(v, "version")), "commit",
						      json_string_value(json_object_get(v, "commit"))));
	}
}

static json_t *manifest_new(const struct suite *s)
{
	struct file_version version;
	struct utsname u;
	json_t *m, *config;

	file_version(s->path, &version);
	config = json_pack("{s:o, s:s, s:o, s:o}", "path", json_foreign(s->path), "sha256", s->sha256, "commit",
			   version.known ? json_string(version.commit) : json_null(), "dirty",
			   version.known ? json_boolean(version.dirty) : json_null());
	uname(&u);
	m = json_pack("{s:i, s:s, s:s, s:o}", "format", RESULT_FORMAT, "faultline", FL_VERSION, "suite", s->name,
		      "config", config);
	json_object_set_new(m, "host",
			    json_pack("{s:s, s:s, s:s, s:s}", "name", u.nodename, "kernel", u.release, "version",
				      u.version, "machine", u.machine));
	json_object_set_new(m, "libraries",
			    json_pack("{s:s, s:s, s:s, s:s}", "curl", curl_version(), "uv", uv_version_string(),
				      "fyaml", fy_library_version(), "jansson", JANSSON_VERSION));
	json_object_set_new(m, "probe_url", url_masked_json(s->probe.url));
	json_object_set_new(m, "pipeline_url", url_masked_json(s->pipeline.url));
	json_object_set_new(m, "timing",
			    json_pack("{s:f, s:f, s:f}", "baseline_s", s->baseline_ns / 1e9, "cooldown_s",
				      s->cooldown_ns / 1e9, "grace_s", s->grace_ns / 1e9));
	json_object_set_new(m, "started", json_real(clock_wall_s()));
	json_object_set_new(m, "ended", json_null());
	json_object_set_new(m, "resumed", json_integer(0));
	if (s->graph)
		json_object_set(m, "graph", s->graph);
	note_versions(m, s->versions);
	return m;
}

static int resume(struct outdir *d, const struct suite *s, struct result **ret, uint32_t *ret_n, struct fl_error *err)
{
	_cleanup_free_ char *path = outdir_file(d, "run.json"), *results = outdir_file(d, "chaos_results.json");
	_cleanup_free_ char *text = NULL;
	const char *sha;
	double had;
	int r;

	if (!path || !results)
		return error_sys(err, ENOMEM, "out of memory");
	r = file_read(path, MANIFEST_MAX, &text, NULL, err);
	if (r)
		return r;
	d->manifest = json_loads(text, 0, NULL);
	if (!json_is_object(d->manifest))
		return error_usage(err, "%s is damaged: no run can be resumed from it", path);
	sha = json_string_value(json_object_get(json_object_get(d->manifest, "config"), "sha256"));
	if (!sha || strcmp(sha, s->sha256)) {
		error_usage(err, "%s: its run used another version of %s", d->path, s->path);
		error_hint(err, "results of two configs are no one run: choose another --out");
		return -EINVAL;
	}
	had = json_number_value(json_object_get(d->manifest, "scale"));
	if (fabs((had > 0 ? had : 1) - (s->scale > 0 ? s->scale : 1)) > 1e-9) {
		error_usage(err, "%s: its run had --scale %g, not %g", d->path, had > 0 ? had : 1,
			    s->scale > 0 ? s->scale : 1);
		error_hint(err,
			   "windows of two lengths are no one run: give the same --scale, or choose another --out");
		return -EINVAL;
	}
	json_object_set_new(d->manifest, "resumed",
			    json_integer(json_integer_value(json_object_get(d->manifest, "resumed")) + 1));
	return access(results, F_OK) ? 0 : results_load(results, ret, ret_n, err);
}

static bool holds_run(const struct outdir *d)
{
	static const char *const marks[] = { "run.json", "chaos_results.json", "events.jsonl" };
	bool used = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		_cleanup_free_ char *file = outdir_file(d, marks[i]);

		used |= file && !access(file, F_OK);
	}
	return used;
}

/* Root, this user, or the one who called sudo. */
static bool is_ours(uid_t uid)
{
	const char *by = getenv("SUDO_UID");
	int64_t sudo;

	return !uid || uid == geteuid() || (by && !units_int(by, 0, UINT32_MAX, &sudo, NULL) && uid == sudo);
}

/*
 * A folder of somebody else is refused: files could be exchanged while the run writes them. From here
 * on the folder is known by its descriptor, wherever its name leads to later.
 */
static int open_folder(struct outdir *d, struct fl_error *err)
{
	struct stat st;

	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (d->fd < 0 && (errno == ENOTDIR || errno == ELOOP) && !lstat(d->path, &st) && S_ISLNK(st.st_mode)) {
		error_usage(err, "%s is a symbolic link", d->path);
		error_hint(err, "name the folder itself as --out");
		return -ELOOP;
	}
	if (d->fd < 0 || fstat(d->fd, &st))
		return error_env(err, errno, "cannot open %s: %s", d->path, strerror(errno));
	if (is_ours(st.st_uid))
		return 0;
	error_usage(err, "%s belongs to another user (uid %u), who could exchange the results", d->path,
		    (unsigned int)st.st_uid);
	error_hint(err, "choose another --out");
	return -EPERM;
}

/* One writer at a time, for as long as it lives; the guardian keeps no copy of the descriptor. */
static int lock_folder(struct outdir *d, struct fl_error *err)
{
	int r = open_folder(d, err);

	if (r)
		return r;
	if (!flock(d->fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return error_env(err, errno, "cannot lock %s: %s", d->path, strerror(errno));
	error_usage(err, "another faultline is running into %s", d->path);
	error_hint(err, "choose another --out, or wait for its end");
	return -EBUSY;
}

/*
 * Who may read the results: everybody, or the members of the group `faultline` where this host has one. Files that
 * come later inherit it from the folder. A folder that was there before keeps what its owner chose.
 */
static int give_to_readers(const struct outdir *d, struct fl_error *err)
{
	const struct group *readers = getgrnam(READERS);

	if (!readers || geteuid())
		return 0;
	if (fchown(d->fd, (uid_t)-1, readers->gr_gid) || fchmod(d->fd, 02750))
		return error_env(err, errno, "cannot give %s to the group " READERS ": %s", d->path, strerror(errno));
	return 0;
}

int outdir_open(struct outdir *d, const char *path, const struct suite *s, bool resuming, struct result **ret_results,
		uint32_t *ret_n, struct fl_error *err)
{
	bool made;
	int r;

	*d = (struct outdir){ .path = path, .fd = -1 };
	*ret_results = NULL;
	*ret_n = 0;
	if (resuming && !holds_run(d))
		return error_usage(err, "%s holds no run to resume", path);
	made = access(path, F_OK) && errno == ENOENT;
	r = dir_make(path, 0755, err);
	if (!r)
		r = lock_folder(d, err);
	if (!r && made)
		r = give_to_readers(d, err);
	if (r)
		return r;
	if (resuming)
		return resume(d, s, ret_results, ret_n, err);
	if (holds_run(d)) {
		error_usage(err, "%s holds a run already", path);
		error_hint(err, "--resume goes on with it; or choose another --out");
		return -EEXIST;
	}
	d->manifest = manifest_new(s);
	return d->manifest ? outdir_save_json(d, "run.json", d->manifest, err)
			   : error_sys(err, ENOMEM, "run.json: out of memory");
}

void outdir_close(struct outdir *d)
{
	json_decref(d->manifest);
	d->manifest = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}
