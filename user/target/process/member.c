// SPDX-License-Identifier: GPL-2.0-only
/*
 * member.c - see member.h. Everything is read from /proc at the moment of asking. A process is held
 * by pid and start time: the start is compared after everything else has been read, so that a pid
 * that was reused in between does not carry an answer over to a stranger.
 *
 * Limits: a descendant whose parent died belongs to init, and can no longer be told from others.
 */
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "os/cgroup_mount.h"
#include "target/process/cgroup.h"
#include "target/process/member.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define TREE_DEPTH 256
#define PASSING_NS (500 * NS_PER_MSEC)

/* ---- the three ways ---------------------------------------------------------------------------- */

static bool in_namespace(pid_t pid, const char *name, uint64_t inode)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return inode && !stat(path, &st) && st.st_ino == inode;
}

/* Is @place the group @group, or one below it? */
static bool is_below(const char *place, const char *group)
{
	size_t len = strlen(group);

	return len && !strncmp(place, group, len) && (!place[len] || place[len] == '/');
}

/* The v2 group's path below the root of its tree; "" when it is not in the mounted tree. */
static const char *v2_place(const struct target *t)
{
	char root[128];

	cgroup_v2_root(root, sizeof(root));
	return root[0] && is_below(t->cgroup, root) ? t->cgroup + strlen(root) : "";
}

static bool in_cgroup(const struct target *t, pid_t pid)
{
	const char *v2 = t->members & TARGET_BY_CGROUP ? v2_place(t) : "";
	const char *v1 = t->members & TARGET_BY_CGROUP_V1 ? t->cgroup_v1 : "";
	_cleanup_free_ char *text = NULL;
	char path[32], *line, *save = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(path, 65536, &text, NULL, NULL))
		return false;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		/* "0::/a" is its place in the v2 tree, "4:memory:/a" in a v1 hierarchy */
		const char *name = strchr(line, ':'), *place = name ? strchr(name + 1, ':') : NULL;

		if (place && is_below(place + 1, strncmp(line, "0::", 3) ? v1 : v2))
			return true;
	}
	return false;
}

/* A parent is older than its child: a younger process has the parent's number by accident. */
static bool in_tree(const struct target *t, pid_t pid, uint64_t start)
{
	unsigned int depth;

	for (depth = 0; pid > 1 && depth < TREE_DEPTH; depth++) {
		uint64_t born;

		if (pid == t->pid)
			return proc_same(pid, t->pid_start);
		pid = proc_parent(pid);
		born = proc_start(pid);
		if (!born || born > start)
			return false;
		start = born;
	}
	return false;
}

static bool is_one(const struct target *t, pid_t pid, uint64_t start)
{
	bool is = (t->members & (TARGET_BY_CGROUP | TARGET_BY_CGROUP_V1) && in_cgroup(t, pid)) ||
		  (t->members & TARGET_BY_NETNS && in_namespace(pid, "net", t->netns_inode)) ||
		  (t->members & TARGET_BY_PIDNS && in_namespace(pid, "pid", t->pidns_inode)) ||
		  (t->members & TARGET_BY_TREE && in_tree(t, pid, start));

	return is && proc_same(pid, start);
}

bool target_is_member(const struct target *t, pid_t pid, uint64_t start)
{
	return pid > 1 && is_one(t, pid, start);
}

bool target_holds(const struct target *t, pid_t pid)
{
	return is_one(t, pid, proc_start(pid));
}

/* ---- all of them ------------------------------------------------------------------------------- */

struct visitor {
	const struct target *target;
	int (*visit)(pid_t pid, uint64_t start, void *ctx);
	void *ctx;
};

static int visit_pid(const struct visitor *v, pid_t pid)
{
	uint64_t start = proc_start(pid);

	return target_is_member(v->target, pid, start) ? v->visit(pid, start, v->ctx) : 0;
}

/* All processes of the host, as far as /proc shows them. */
static int visit_proc(const struct visitor *v)
{
	DIR *proc = proc_scan();
	struct dirent *e;
	int64_t pid;
	int r = 0;

	if (!proc)
		return -errno;
	while (!r && (e = readdir(proc)))
		if (!units_int(e->d_name, 1, INT32_MAX, &pid, NULL))
			r = visit_pid(v, (pid_t)pid);
	closedir(proc);
	return r;
}

struct pid_set {
	pid_t *v;
	uint32_t n;
};

static int add_group(struct pid_set *s, const char *dir)
{
	_cleanup_free_ pid_t *pids = NULL;
	uint32_t n = 0;
	int r = cgroup_pids(dir, &pids, &n);
	pid_t *grown;

	if (r || !n)
		return r == -ENOENT ? 0 : r;
	grown = reallocarray(s->v, s->n + n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memcpy(grown + s->n, pids, n * sizeof(*pids));
	s->v = grown;
	s->n += n;
	return 0;
}

static int add_v1_groups(struct pid_set *s, const char *place)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *m;
	char line[4096];
	int r = 0;

	if (!f)
		return -errno;
	while (!r && (m = getmntent_r(f, &entry, line, sizeof(line)))) {
		_cleanup_free_ char *dir = NULL;

		if (strcmp(m->mnt_type, "cgroup"))
			continue;
		dir = text_format("%s%s", m->mnt_dir, place);
		r = dir ? add_group(s, dir) : -ENOMEM;
	}
	endmntent(f);
	return r;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Only the groups' own processes are looked at, however many the host has. */
static int visit_cgroups(const struct visitor *v)
{
	const struct target *t = v->target;
	struct pid_set s = {};
	uint32_t i;
	int r = t->members & TARGET_BY_CGROUP ? add_group(&s, t->cgroup) : 0;

	if (!r && t->members & TARGET_BY_CGROUP_V1)
		r = add_v1_groups(&s, t->cgroup_v1);
	if (s.n)
		qsort(s.v, s.n, sizeof(*s.v), by_number);
	for (i = 0; !r && i < s.n; i++)
		if (!i || s.v[i] != s.v[i - 1])
			r = visit_pid(v, s.v[i]);
	free(s.v);
	return r;
}

int target_each_member(const struct target *t, int (*visit)(pid_t pid, uint64_t start, void *ctx), void *ctx)
{
	const struct visitor v = { t, visit, ctx };

	if (!t->members)
		return 0;
	return t->members & (TARGET_BY_NETNS | TARGET_BY_PIDNS | TARGET_BY_TREE) ? visit_proc(&v) : visit_cgroups(&v);
}

/* ---- who else ---------------------------------------------------------------------------------- */

struct stranger {
	const struct target *target;
	pid_t found;
};

static int visit_stranger(pid_t pid, uint64_t start, void *ctx)
{
	struct stranger *s = ctx;

	if (target_is_member(s->target, pid, start))
		return 0;
	s->found = pid;
	return 1;
}

pid_t target_stranger(const struct target *t)
{
	struct target all = { .members = TARGET_BY_NETNS, .netns_inode = t->netns_inode };
	struct stranger s = { .target = t };

	return target_each_member(&all, visit_stranger, &s) == 1 ? s.found : 0;
}

pid_t target_lasting_stranger(struct target *t)
{
	pid_t found = target_is_told_by_owner(t) ? 0 : target_stranger(t);

	if (found != t->passer) {
		t->passer = found;
		t->passer_ns = clock_mono_ns();
	}
	return found && clock_mono_ns() - t->passer_ns >= PASSING_NS ? found : 0;
}

/* Its name among those of `ip netns`; "" it has none. */
static void netns_name(uint64_t inode, char *ret, size_t size)
{
	DIR *d = opendir("/run/netns");
	struct dirent *e;
	struct stat st;

	ret[0] = '\0';
	while (d && !ret[0] && (e = readdir(d)))
		if (e->d_name[0] != '.' && !fstatat(dirfd(d), e->d_name, &st, 0) && st.st_ino == inode)
			text_copy(ret, size, e->d_name);
	if (d)
		closedir(d);
}

int target_refuse_strangers(struct target *t, const char *what, struct fl_error *err)
{
	const struct timespec pause = { .tv_nsec = 20 * NS_PER_MSEC };
	pid_t stranger = target_lasting_stranger(t);
	char path[32], name[128], how[320], who[200];
	_cleanup_free_ char *comm = NULL;

	while (!stranger && t->passer) {
		nanosleep(&pause, NULL);
		stranger = target_lasting_stranger(t);
	}
	if (!stranger)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)stranger);
	if (!file_read(path, 64, &comm, NULL, NULL))
		comm[strcspn(comm, "\n")] = '\0';
	snprintf(who, sizeof(who),
		 "process %d (%s), which is none of its own, uses the same network namespace: what "
		 "hits one hits both",
		 (int)stranger, comm ? comm : "?");
	netns_name(t->netns_inode, name, sizeof(name));
	if (name[0])
		snprintf(how, sizeof(how), "name it as netns:%s", name);
	else
		snprintf(how, sizeof(how), "give it a name ('ip netns attach NAME %d') and name it as netns:NAME",
			 (int)t->pid);
	return error_env(err, EBUSY,
			 "refused: %s on %s, because %s; if all in that network namespace is meant, %s "
			 "instead",
			 what, t->name, t->note[0] ? t->note : who, how);
}

/* "NSpid:	812	1": its number in the innermost namespace comes last. */
static bool is_init(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	const char *nspid, *end;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(path, 65536, &status, NULL, NULL) || !(nspid = strstr(status, "\nNSpid:")))
		return false;
	end = strchrnul(nspid + 1, '\n');
	return end[-1] == '1' && end[-2] == '\t';
}

pid_t target_dies_with(const struct target *t, pid_t init)
{
	struct target all = { .members = TARGET_BY_PIDNS };
	struct stranger s = { .target = t };
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)init);
	if (!is_init(init) || stat(path, &st))
		return 0;
	all.pidns_inode = st.st_ino;
	return target_each_member(&all, visit_stranger, &s) == 1 ? s.found : 0;
}

void target_members_text(const struct target *t, char *ret, size_t size)
{
	if (t->members & TARGET_BY_CGROUP)
		snprintf(ret, size, "the processes in the cgroup %s", t->cgroup);
	else if (t->members & TARGET_BY_CGROUP_V1)
		snprintf(ret, size, "the processes in the cgroup %s", t->cgroup_v1);
	else if (t->members & TARGET_BY_NETNS)
		snprintf(ret, size, "the processes in its network namespace");
	else if (t->members & TARGET_BY_TREE)
		snprintf(ret, size, "process %d with its descendants", (int)t->pid);
	else
		snprintf(ret, size, "no process");
}
