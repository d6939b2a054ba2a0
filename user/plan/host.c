// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - what only this host can say: which services have processes, volumes of their own, somebody who starts them
 * again; which kinds the kernel can do; and of the candidates those that would be refused, or that nobody would see.
 * Everything is read, nothing is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fault/fault.h"
#include "plan/rules.h"
#include "run/host_check.h"
#include "run/unseen.h"
#include "target/process/inside.h"
#include "util/cleanup.h"

#define MOUNTINFO_MAX (4u << 20)

/* --- volumes ---------------------------------------------------------------------------------- */

/* "36 35 98:0 /data /var/lib/db rw,noatime shared:1 - ext4 /dev/sda1 rw" */
struct mount {
	char dev[32], root[256], at[256], options[128], type[32];
};

static bool read_mount(const char *line, struct mount *m)
{
	const char *dash = strstr(line, " - ");

	return dash && sscanf(line, "%*d %*d %31s %255s %255s %127s", m->dev, m->root, m->at, m->options) == 4 &&
	       sscanf(dash + 3, "%31s", m->type) == 1;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

/* Could it be a place for data: writable, no view of the kernel, none of the files that an engine mounts? */
static bool is_volume(const struct mount *m)
{
	static const char *const types[] = { "ext2", "ext3",  "ext4", "xfs",  "btrfs", "f2fs",
					     "zfs",  "tmpfs", "nfs",  "nfs4", NULL };
	static const char *const left_out[] = {
		"/proc", "/sys", "/dev", "/run", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/var/run", NULL
	};
	size_t i;

	if (!strcmp(m->at, "/") || strchr(m->at, '\\') || strncmp(m->options, "rw", 2) || strlen(m->at) > 120)
		return false;
	for (i = 0; left_out[i]; i++)
		if (is_below(m->at, left_out[i]))
			return false;
	for (i = 0; types[i]; i++)
		if (!strcmp(m->type, types[i]))
			return true;
	return false;
}

/* Has the host the same thing at the same place? Then it is none of the service's own. */
static bool is_among(const char *mounts, const struct mount *m)
{
	struct mount other;

	for (; mounts && *mounts; mounts += strcspn(mounts, "\n"), mounts += *mounts == '\n')
		if (read_mount(mounts, &other) && !strcmp(other.dev, m->dev) && !strcmp(other.root, m->root) &&
		    !strcmp(other.at, m->at))
			return true;
	return false;
}

static void find_volumes(struct plan_service *s, pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/mountinfo", (int)pid), *theirs = NULL, *ours = NULL;
	const char *line;
	struct mount m;

	if (!path || file_read(path, MOUNTINFO_MAX, &theirs, NULL, NULL) ||
	    file_read("/proc/self/mountinfo", MOUNTINFO_MAX, &ours, NULL, NULL))
		return;
	for (line = theirs; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (s->n_volumes < PLAN_VOLUMES && read_mount(line, &m) && is_volume(&m) && !is_among(ours, &m))
			text_copy(s->volumes[s->n_volumes++], sizeof(s->volumes[0]), m.at);
}

/* --- services --------------------------------------------------------------------------------- */

static bool asks_docker(const struct target *t)
{
	char text[4096];
	ssize_t n;
	int fd = inside_open(t, INSIDE_ROOT, "/etc/resolv.conf", O_RDONLY, NULL);

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "nameserver 127.0.0.11");
}

static void look_at(struct plan_service *s)
{
	const struct target_options any = {}, measured = { .need_veth = true };
	struct target_names members = {};
	char identity[sizeof(((struct target *)NULL)->spec)];
	struct target_set set = {};
	struct fl_error err = {};
	struct target t = {};
	int r = target_expand(s->name, NULL, &members, &set, &err);

	if (!r)
		r = members.n ? target_resolve(members.v[0], &any, &t, &err)
			      : error_env(&err, ESRCH, "no container of it runs");
	s->missing = r;
	if (!r) {
		s->has_process = t.pid > 0 && t.n_pids;
		target_identity(&t, identity, sizeof(identity));
		s->restarts = target_has_start(identity);
		if (s->has_process) {
			find_volumes(s, t.pid);
			s->docker_resolver = asks_docker(&t);
		}
		target_free(&t);
		r = target_resolve(members.v[0], &measured, &t, &err);
		if (!r)
			target_free(&t);
	}
	if (r)
		text_copy(s->not_measured, sizeof(s->not_measured), err.message);
	target_names_free(&members);
}

int plan_look(struct plan_facts *f, struct fl_error *err)
{
	const struct fault_ops *const *ops;
	uint32_t i;

	f->unsupported = json_object();
	if (!f->unsupported)
		return error_sys(err, ENOMEM, "plan: out of memory");
	for (ops = fault_table; *ops; ops++) {
		struct fault_support support = { .supported = true };

		if ((*ops)->supported)
			(*ops)->supported(&support);
		if (!support.supported)
			json_object_set_new(f->unsupported, (*ops)->name,
					    json_sprintf("it cannot be done on this host: %s", support.reason));
	}
	for (i = 1; i < f->n; i++)
		look_at(&f->services[i]);
	return 0;
}

/* --- what would be refused -------------------------------------------------------------------- */

static void refuse(struct plan_experiment *x, const char *text, const char *hint)
{
	if (!x->refused)
		x->refused = text_format("%s%s%s", text, hint[0] ? "; " : "", hint);
}

static void on_found(void *ctx, bool error, const char *rule, const struct experiment *x, const char *text,
		     const char *hint)
{
	(void)rule;
	(void)x;
	if (error)
		refuse(ctx, text, hint);
}

/* A wrong clock is proposed where somebody compares times; that it cannot be seen from outside is said there. */
static void on_unseen(void *ctx, const struct experiment *x, const char *rule, const char *text)
{
	(void)x;
	if (strcmp(rule, "unseen-clock") != 0)
		refuse(ctx, text, "");
}

static int fill_plan(const struct plan *p, const struct plan_fault *f, struct fault_plan *ret, struct fl_error *err)
{
	uint32_t i;
	int r;

	ret->ops = fault_find(fault_table, f->kind, err);
	if (!ret->ops)
		return -ENOENT;
	r = params_init(&ret->params, ret->ops->params, ret->ops->common, err);
	for (i = 0; !r && i < f->n_params; i++)
		r = params_set(&ret->params, f->params[i].name, f->params[i].value, err);
	if (!r && f->peer)
		r = params_set(&ret->params, "peer", p->facts.services[f->peer].name, err);
	return r;
}

static int refuse_one(const struct plan *p, struct plan_experiment *x, const struct meter_snapshot *seen,
		      struct fl_error *err)
{
	const struct plan_fault *f = &x->faults[0];
	char *targets[] = { p->facts.services[f->target].name, NULL };
	struct fault_plan plan = { .targets = targets };
	const struct experiment e = { .name = x->name,
				      .targets = targets,
				      .instances = 1,
				      .stage = STAGE_DEV,
				      .duration_ns = p->options.duration_ns,
				      .faults = &plan,
				      .n_faults = 1 };
	const struct host_check check = { .found = on_found, .ctx = x };
	int r = fill_plan(p, f, &plan, err);

	if (!r)
		host_check_faults(&e, &check);
	if (!r && seen && plan_has_traffic(&p->facts))
		unseen_find(&e, seen, p->facts.seconds, on_unseen, x);
	params_free(&plan.params);
	return r;
}

int plan_refuse(struct plan *p, const struct meter_snapshot *seen, struct fl_error *err)
{
	uint32_t i;
	int r = 0;

	for (i = 0; !r && i < p->n; i++)
		r = refuse_one(p, &p->v[i], seen, err);
	return r;
}
