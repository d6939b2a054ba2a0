// SPDX-License-Identifier: GPL-2.0-only
/* cgroup.c - see cgroup.h. Hierarchies are taken from /proc/self/mountinfo, places from the
 * target's description and, where that is silent, from its main process's /proc/PID/cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "target/process/cgroup.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define FILE_MAX (1u << 20)

/* ---- where a target is ---------------------------------------------------------------------- */

/* Does the comma-separated @list have @word? */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		if (!strncmp(list, word, len) && (list[len] == ',' || !list[len]))
			return true;
		list = strchr(list, ',');
		list += list != NULL;
	}
	return false;
}

/* The path behind @controllers in the text of /proc/PID/cgroup ("N:cpu,cpuacct:/a/b"); @controllers
 * empty: the v2 line. NULL: not there. The caller frees. */
static char *proc_place(const char *text, const char *controllers)
{
	const char *line, *a, *b, *end;

	for (line = text; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		a = memchr(line, ':', (size_t)(end - line));
		b = a ? memchr(a + 1, ':', (size_t)(end - a - 1)) : NULL;
		if (b && (size_t)(b - a - 1) == strlen(controllers) &&
		    !strncmp(a + 1, controllers, strlen(controllers)))
			return strndup(b + 1, (size_t)(end - b - 1));
	}
	return NULL;
}

/* The group that makes a process one of the target's, below the hierarchy's mount; NULL: none does. */
static const char *defining_place(const struct target *t, const char *mount, const char *controllers)
{
	size_t len = strlen(mount);

	if (*controllers)
		return t->members & TARGET_BY_CGROUP_V1 ? t->cgroup_v1 : NULL;
	return t->members & TARGET_BY_CGROUP && !strncmp(t->cgroup, mount, len) && t->cgroup[len] == '/'
		       ? t->cgroup + len
		       : NULL;
}

bool cgroup_members_only(const struct cgroup_dir *d, const struct target *t)
{
	_cleanup_free_ pid_t *pids = NULL;
	uint32_t n = 0, i;

	if (d->defines)
		return true;
	if (cgroup_pids(d->path, &pids, &n) || !n)
		return false;
	/* One that has ended meanwhile shares nothing any more. */
	for (i = 0; i < n; i++)
		if (!target_is_member(t, pids[i], proc_start(pids[i])) && proc_start(pids[i]) &&
		    !process_is_ours(pids[i]))
			return false;
	return true;
}

const char *cgroup_join_place(const char *place, const char *main)
{
	size_t len = strlen(place);

	return main && !strncmp(main, place, len) && (main[len] == '/' || !main[len]) ? main : place;
}

/* v1 has no rule about which groups may hold processes; `path` itself will do. */
static void set_join(struct cgroup_dir *d, const char *place, const char *proc)
{
	_cleanup_free_ char *main = *d->controllers ? NULL : proc_place(proc, "");
	const char *join = cgroup_join_place(place, main);

	if (snprintf(d->join, sizeof(d->join), "%s%s", d->mount, join) >= (int)sizeof(d->join) || access(d->join, F_OK))
		text_copy(d->join, sizeof(d->join), d->path);
}

/* Add the target's place in one hierarchy to the set, if it is there, and is its own. */
static void add_dir(struct cgroup_set *s, const struct target *t, const char *proc, const char *mount,
		    const char *controllers)
{
	const char *defining = defining_place(t, mount, controllers);
	_cleanup_free_ char *place = defining ? strdup(defining) : proc_place(proc, controllers);
	struct cgroup_dir d = { .defines = defining };
	struct stat st;

	if (s->n == CGROUP_MAX_DIRS || !place || !strcmp(place, "/") || !*place || strstr(place, "/.."))
		return;
	if (!text_copy(d.controllers, sizeof(d.controllers), controllers) ||
	    !text_copy(d.mount, sizeof(d.mount), mount) ||
	    snprintf(d.path, sizeof(d.path), "%s%s", mount, place) >= (int)sizeof(d.path) || stat(d.path, &st) ||
	    !cgroup_members_only(&d, t))
		return;
	d.dev = st.st_dev;
	d.ino = st.st_ino;
	set_join(&d, place, proc);
	s->dirs[s->n++] = d;
}

struct find {
	struct cgroup_set *set;
	const struct target *target;
	const char *proc; /* /proc/PID/cgroup */
};

static void visit_find(const char *mount, const char *controllers, void *ctx)
{
	const struct find *f = ctx;

	add_dir(f->set, f->target, f->proc, mount, controllers);
}

int cgroup_find(const struct target *t, struct cgroup_set *ret, struct fl_error *err)
{
	_cleanup_free_ char *proc = NULL;
	struct find find = { ret, t, "" };
	char path[64];

	memset(ret, 0, sizeof(*ret));
	if (t->pid) {
		snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)t->pid);
		if (!file_read(path, FILE_MAX, &proc, NULL, NULL) && proc_same(t->pid, t->pid_start))
			find.proc = proc; /* gone: then by name alone */
	}
	return cgroup_hierarchies(visit_find, &find, err);
}

struct mounted {
	const char *controller;
	bool found;
};

static void visit_mounted(const char *mount, const char *controllers, void *ctx)
{
	struct mounted *m = ctx;

	(void)mount;
	m->found |= *m->controller ? list_has(controllers, m->controller) : !*controllers;
}

bool cgroup_mounted(const char *controller)
{
	struct mounted m = { .controller = controller };

	return !cgroup_hierarchies(visit_mounted, &m, NULL) && m.found;
}

int cgroup_level(const char *path)
{
	_cleanup_free_ char *s = strdup(path);
	struct statfs fs;
	struct stat st, up;
	int level = 0;

	if (!s || statfs(s, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC || stat(s, &st))
		return -1;
	for (;;) {
		char *slash = strrchr(s, '/');

		if (!slash || slash == s)
			return level;
		*slash = '\0';
		if (stat(s, &up) || up.st_dev != st.st_dev)
			return level;
		level++;
	}
}

const struct cgroup_dir *cgroup_v1(const struct cgroup_set *s, const char *controller)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->dirs[i].controllers[0] && list_has(s->dirs[i].controllers, controller))
			return &s->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_v2(const struct cgroup_set *s)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (!s->dirs[i].controllers[0])
			return &s->dirs[i];
	return NULL;
}

static bool is_cgroup_fs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

/* Is what would be above @path in the hierarchy @dev there? Without it nothing below it is seen. */
static bool sees_above(const char *path, uint64_t dev)
{
	_cleanup_free_ char *above = strdup(path);
	struct stat st;
	char *slash;

	while (above && (slash = strrchr(above, '/')) && slash != above) {
		*slash = '\0';
		if (!stat(above, &st))
			return st.st_dev == dev && is_cgroup_fs(above);
	}
	return false;
}

int cgroup_look(const char *path, uint64_t dev, uint64_t ino)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
		return sees_above(path, dev) ? -ENOENT : -EIO;
	}
	if (st.st_dev != dev)
		return -EIO; /* something is mounted there, and the group is behind it */
	return st.st_ino == ino ? 0 : -ENOENT;
}

/* ---- files ---------------------------------------------------------------------------------- */

struct pid_list {
	pid_t *v;
	uint32_t n, size;
};

static int list_procs(const char *dir, struct pid_list *list)
{
	_cleanup_free_ char *path = text_format("%s/cgroup.procs", dir);
	_cleanup_file_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[32];
	int64_t pid;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		/* 0: a process of a pid namespace that is not below ours */
		if (units_int(line, 1, INT_MAX, &pid, NULL))
			continue;
		if (list->n == list->size) {
			uint32_t size = list->size ? 2 * list->size : 64;
			pid_t *v = reallocarray(list->v, size, sizeof(*v));

			if (!v)
				return -ENOMEM;
			list->v = v;
			list->size = size;
		}
		list->v[list->n++] = (pid_t)pid;
	}
	return ferror(f) ? -errno : 0; /* a threaded group does not list its processes */
}

/* nftw() has no argument for its callback. */
static _Thread_local struct pid_list *walk_list;
static _Thread_local int walk_error;

static int walk_dir(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type != FTW_D)
		return 0;
	walk_error = list_procs(path, walk_list);
	/* A cgroup that is removed under the walk is no error. */
	if (walk_error == -ENOENT || walk_error == -ENODEV)
		walk_error = 0;
	return walk_error ? -1 : 0;
}

int cgroup_pids(const char *dir, pid_t **ret, uint32_t *ret_n)
{
	struct pid_list list = {};
	int r;

	walk_list = &list;
	walk_error = 0;
	r = nftw(dir, walk_dir, 16, FTW_PHYS);
	walk_list = NULL;
	if (r) {
		r = errno; /* of nftw() itself */
		free(list.v);
		return walk_error ? walk_error : -r;
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

bool cgroup_frozen(const struct cgroup_set *s)
{
	const struct cgroup_dir *v1 = cgroup_v1(s, "freezer"), *v2 = cgroup_v2(s);
	_cleanup_free_ char *path = v1 ? text_format("%s/freezer.state", v1->path) : NULL;
	_cleanup_free_ char *state = NULL;
	uint64_t frozen = 0;

	if (v2 && !cgroup_read(v2->path, "cgroup.events", "frozen", &frozen) && frozen)
		return true;
	return path && !file_read(path, 64, &state, NULL, NULL) && strcmp(state, "THAWED\n");
}

/* ---- figures -------------------------------------------------------------------------------- */

int cgroup_cpu_used_ns(const struct cgroup_set *s, uint64_t *ret)
{
	const struct cgroup_dir *d = cgroup_v1(s, "cpuacct");
	uint64_t us;

	if (d && !cgroup_read(d->path, "cpuacct.usage", NULL, ret))
		return 0;
	d = cgroup_v2(s);
	if (!d || cgroup_read(d->path, "cpu.stat", "usage_usec", &us))
		return -ENODATA;
	*ret = us * 1000;
	return 0;
}

void cgroup_ancestors(const struct cgroup_dir *d, const char *from, void (*visit)(const char *dir, void *ctx),
		      void *ctx)
{
	char path[sizeof(d->path)];
	size_t stop = strlen(d->mount);
	char *slash;

	text_copy(path, sizeof(path), from);
	while (strlen(path) > stop) {
		visit(path, ctx);
		slash = strrchr(path, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

static void least_quota_v1(const char *dir, void *ctx)
{
	double *cpus = ctx;
	uint64_t quota, period;

	if (!cgroup_read(dir, "cpu.cfs_quota_us", NULL, &quota) && quota != CGROUP_UNLIMITED &&
	    !cgroup_read(dir, "cpu.cfs_period_us", NULL, &period) && period)
		*cpus = fmin(*cpus, (double)quota / (double)period);
}

static void least_quota_v2(const char *dir, void *ctx)
{
	_cleanup_free_ char *path = text_format("%s/cpu.max", dir), *text = NULL;
	double *cpus = ctx, quota, period;
	const char *rest;

	if (!path || file_read(path, 256, &text, NULL, NULL) ||
	    units_double_prefix(text, &quota, &rest) || /* "max 100000": no quota */
	    *rest != ' ' || units_double_prefix(rest + 1, &period, &rest) || period <= 0)
		return;
	*cpus = fmin(*cpus, quota / period);
}

/* How many CPUs a list like "0-3,8" names; 0 when it cannot be read. */
static double cpuset_size(const char *dir, const char *file)
{
	_cleanup_free_ char *path = text_format("%s/%s", dir, file), *text = NULL;
	char *part, *save = NULL;
	double n = 0;

	if (!path || file_read(path, 65536, &text, NULL, NULL))
		return 0;
	for (part = strtok_r(text, ",\n", &save); part; part = strtok_r(NULL, ",\n", &save)) {
		char *dash = strchr(part, '-');
		int64_t first, last;

		if (dash)
			*dash = '\0';
		if (units_int(part, 0, 65535, &first, NULL) ||
		    units_int(dash ? dash + 1 : part, first, 65535, &last, NULL))
			return 0;
		n += (double)(last - first + 1);
	}
	return n;
}

double cgroup_cpu_allowance(const struct cgroup_set *s)
{
	const struct cgroup_dir *cpu = cgroup_v1(s, "cpu"), *cpuset = cgroup_v1(s, "cpuset");
	const struct cgroup_dir *v2 = cgroup_v2(s);
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN), n = 0;

	if (cpu)
		cgroup_ancestors(cpu, cpu->join, least_quota_v1, &cpus);
	if (v2) {
		cgroup_ancestors(v2, v2->join, least_quota_v2, &cpus);
		n = cpuset_size(v2->join, "cpuset.cpus.effective");
	}
	if (cpuset)
		n = cpuset_size(cpuset->path, "cpuset.effective_cpus");
	return n ? fmin(cpus, n) : cpus;
}

static void least_memory(const char *dir, void *ctx)
{
	uint64_t *limit = ctx, v;

	if (!cgroup_read(dir, "memory.max", NULL, &v) && v < *limit)
		*limit = v;
}

static void drop_cache(uint64_t *used, uint64_t cache)
{
	*used -= cache < *used ? cache : *used;
}

static int memory_v1(const char *dir, struct cgroup_memory *m)
{
	uint64_t cache = 0;
	int r = cgroup_read(dir, "memory.usage_in_bytes", NULL, &m->used);

	if (!r)
		r = cgroup_read(dir, "memory.stat", "hierarchical_memory_limit", &m->limit);
	cgroup_read(dir, "memory.stat", "total_inactive_file", &cache);
	/* "No limit" in v1 is the largest number of whole pages. */
	if (m->limit > INT64_MAX / 2)
		m->limit = CGROUP_UNLIMITED;
	drop_cache(&m->used, cache);
	return r;
}

static int used_v2(const char *dir, uint64_t *ret)
{
	uint64_t cache = 0;
	int r = cgroup_read(dir, "memory.current", NULL, ret);

	cgroup_read(dir, "memory.stat", "inactive_file", &cache);
	if (!r)
		drop_cache(ret, cache);
	return r;
}

static uint64_t room(const struct cgroup_memory *m)
{
	return m->limit == CGROUP_UNLIMITED ? CGROUP_UNLIMITED : m->limit > m->used ? m->limit - m->used : 0;
}

struct tightest {
	size_t own; /* length of the target's own path: what is longer lies below it */
	struct cgroup_memory m;
};

/* A group between the target's own and the one that is joined. */
static void tightest_below(const char *dir, void *ctx)
{
	struct tightest *t = ctx;
	struct cgroup_memory m;

	if (strlen(dir) > t->own && !cgroup_read(dir, "memory.max", NULL, &m.limit) && !used_v2(dir, &m.used) &&
	    room(&m) < room(&t->m))
		t->m = m;
}

static int memory_v2(const struct cgroup_dir *d, struct cgroup_memory *m)
{
	struct tightest t = { .own = strlen(d->path), .m = *m };
	int r = used_v2(d->path, &t.m.used);

	if (r)
		return r;
	cgroup_ancestors(d, d->path, least_memory, &t.m.limit);
	cgroup_ancestors(d, d->join, tightest_below, &t);
	*m = t.m;
	return 0;
}

int cgroup_memory(const struct cgroup_set *s, struct cgroup_memory *ret, struct fl_error *err)
{
	const struct cgroup_dir *v1 = cgroup_v1(s, "memory"), *v2 = cgroup_v2(s);
	struct cgroup_memory m = { .limit = CGROUP_UNLIMITED };
	int r = v1 ? memory_v1(v1->path, &m) : v2 ? memory_v2(v2, &m) : -ENODATA;

	if (r)
		return error_env(err, -r, "the target has no memory cgroup of its own");
	*ret = m;
	return 0;
}

uint64_t cgroup_oom_kills(const struct cgroup_set *s)
{
	const struct cgroup_dir *v1 = cgroup_v1(s, "memory"), *v2 = cgroup_v2(s);
	uint64_t n = 0;

	if (v1)
		cgroup_read(v1->path, "memory.oom_control", "oom_kill", &n);
	else if (v2)
		cgroup_read(v2->path, "memory.events", "oom_kill", &n);
	return n;
}
