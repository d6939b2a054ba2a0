// SPDX-License-Identifier: GPL-2.0-only
/* answers.c - see answers.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "control/answers.h"
#include "fault/fault.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/json/json_path.h"

#define RUNS_MAX   500
#define REPORT_MAX (2u << 20)

/* --- kinds --------------------------------------------------------------------------------------- */

static const char *const type_names[] = {
	[PARAM_DURATION] = "duration", [PARAM_OFFSET] = "offset", [PARAM_PERCENT] = "percent", [PARAM_RATE] = "rate",
	[PARAM_BYTES] = "bytes",       [PARAM_INT] = "integer",   [PARAM_BOOL] = "boolean",    [PARAM_ENUM] = "enum",
	[PARAM_STRING] = "string",     [PARAM_PEERS] = "peers",   [PARAM_PORTS] = "ports",     [PARAM_RANGE] = "range",
};

/* As it may be typed. */
static const char *const type_written[] = {
	[PARAM_DURATION] = "200ms, 1.5s, 5min",
	[PARAM_OFFSET] = "+60s, -5min",
	[PARAM_PERCENT] = "30%, 0.5%",
	[PARAM_RATE] = "10mbit, 500kbit",
	[PARAM_BYTES] = "64k, 10MiB",
	[PARAM_INT] = "a number",
	[PARAM_BOOL] = "yes or no",
	[PARAM_ENUM] = "one of these",
	[PARAM_STRING] = "text",
	[PARAM_PEERS] = "names or addresses, with commas between them",
	[PARAM_PORTS] = "8080 or 8000-8100",
	[PARAM_RANGE] = "64 or 64-128",
};

static json_t *words_json(const char *const *w)
{
	json_t *all = json_array();

	for (; w && *w; w++)
		json_array_append_new(all, json_string(*w));
	return all;
}

static void add_params(json_t *to, const struct param *p)
{
	for (; p && p->name; p++) {
		bool required = p->def && !strcmp(p->def, "!"), bound = p->type == PARAM_INT || p->type == PARAM_RANGE;

		json_array_append_new(to,
				      json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:b, s:o, s:o, s:o}", "name", p->name,
						"type", type_names[p->type], "written", type_written[p->type],
						"default", p->def && !required ? json_string(p->def) : json_null(),
						"required", required, "help", p->help ?: "", "live", p->live, "choices",
						p->type == PARAM_ENUM ? words_json(p->choices) : json_null(), "min",
						bound ? json_integer(p->min) : json_null(), "max",
						bound ? json_integer(p->max) : json_null()));
	}
}

json_t *answer_kinds(void)
{
	static const char *const classes[] = { [FAULT_NETWORK] = "network",
					       [FAULT_RESOURCE] = "resource",
					       [FAULT_APPLICATION] = "application",
					       [FAULT_STATE] = "state",
					       [FAULT_KERNEL] = "kernel" };
	json_t *all = json_array();
	const struct fault_ops *const *k;

	for (k = fault_table; *k; k++) {
		json_t *params = json_array();

		add_params(params, (*k)->params);
		add_params(params, (*k)->common);
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o}", "name", (*k)->name, "class",
						     classes[(*k)->class], "summary", (*k)->summary, "aliases",
						     words_json((*k)->aliases), "needs_veth", (*k)->need_veth,
						     "needs_process", (*k)->need_process, "params", params));
	}
	return all;
}

/* --- targets ------------------------------------------------------------------------------------- */

json_t *answer_targets(void)
{
	struct target_names netns = {};
	json_t *all = json_array();
	char **services = NULL, **s;
	uint32_t i;

	if (!target_names(&services, NULL))
		for (s = services; *s; s++)
			json_array_append_new(all, json_pack("{s:o, s:s}", "spec", json_foreign(*s), "way", "service"));
	free(services);
	target_netns_names(&netns, NULL);
	for (i = 0; i < netns.n; i++) {
		_cleanup_free_ char *spec = text_format("netns:%s", netns.v[i]);

		json_array_append_new(all, json_pack("{s:o, s:s}", "spec", json_foreign(spec ?: ""), "way", "netns"));
	}
	target_names_free(&netns);
	return all;
}

json_t *answer_me(const struct who *who)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:s}", "who", json_foreign(who->name), "role", role_name(who->role),
			 "kinds", who->kinds[0] ? json_string(who->kinds) : json_null(), "targets",
			 who->targets[0] ? json_string(who->targets) : json_null(), "version", FL_VERSION);
}

json_t *answer_fault(json_t *rows, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (!strcmp(json_string_value(json_object_get(row, "id")) ?: "", id))
			return json_incref(row);
	}
	return NULL;
}

/* --- runs ---------------------------------------------------------------------------------------- */

char *answer_run_path(const char *dir, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, name);
	struct stat st;

	return path && !lstat(path, &st) && S_ISDIR(st.st_mode) ? take_ptr(path) : NULL;
}

/* A file of a run's folder, which others may have written: no link, and no more than @max. */
static int read_below(int dir, const char *name, const char *file, size_t max, struct text *out)
{
	_cleanup_fd_ int folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_fd_ int fd =
		folder < 0 ? -1 : openat(folder, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char buf[16384];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink > 1)
		return -EINVAL;
	if ((size_t)st.st_size > max)
		return -EFBIG;
	while ((n = read(fd, buf, sizeof(buf))) > 0 && out->len <= max)
		text_append_bytes(out, buf, (size_t)n);
	return n < 0 ? -errno : out->failed ? -ENOMEM : 0;
}

static json_t *run_json(int dir, const char *name, double time)
{
	struct text manifest = {};
	json_t *run =
		read_below(dir, name, "run.json", 1u << 20, &manifest) ? NULL : json_loads(manifest.s ?: "", 0, NULL);
	_cleanup_fd_ int folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const json_t *started = json_object_get(run, "started");
	json_t *o = json_pack("{s:o, s:o, s:b, s:O?, s:O?}", "name", json_foreign(name), "time",
			      json_is_number(started) ? json_real(json_number_value(started)) : json_real(time),
			      "report", folder >= 0 && !faccessat(folder, "chaos_report.md", F_OK, AT_SYMLINK_NOFOLLOW),
			      "verdict", json_object_get(run, "verdict"), "suite", json_object_get(run, "suite"));

	text_free(&manifest);
	json_decref(run);
	return o;
}

static int newest_first(const void *a, const void *b)
{
	double x = json_number_value(json_object_get(*(json_t *const *)a, "time"));
	double y = json_number_value(json_object_get(*(json_t *const *)b, "time"));

	return x < y ? 1 : x > y ? -1 : 0;
}

json_t *answer_runs(const char *dir)
{
	DIR *d = opendir(dir);
	json_t *v[RUNS_MAX], *all = json_array();
	struct dirent *e;
	size_t n = 0, i;

	while (d && n < RUNS_MAX && (e = readdir(d))) {
		_cleanup_free_ char *results = text_format("%s/chaos_results.json", e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' || !results || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISDIR(st.st_mode) || fstatat(dirfd(d), results, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		v[n] = run_json(dirfd(d), e->d_name, (double)st.st_mtim.tv_sec);
		n += v[n] != NULL;
	}
	if (d)
		closedir(d);
	qsort(v, n, sizeof(*v), newest_first);
	for (i = 0; i < n; i++)
		json_array_append_new(all, v[i]);
	return all;
}

int answer_report(const char *dir, const char *name, struct text *out)
{
	_cleanup_fd_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : read_below(fd, name, "chaos_report.md", REPORT_MAX, out);
}
