// SPDX-License-Identifier: GPL-2.0-only
/* protected.c - see protected.h */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fault/net/net.h"
#include "fault/net/net_guard.h"
#include "fault/protected.h"
#include "policy/protect.h"
#include "target/docker/docker.h"
#include "target/docker/docker_api.h"
#include "target/process/member.h"
#include "target/process/process.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define CGROUP_MAX (64u << 10)

struct look {
	const struct target *t;
	struct protect protect;
	json_t *containers; /* protected ones: {ID: index of what protects it} */
	const struct protected *found;
	uint64_t netns; /* whose processes count as well; 0: members only */
	char what[200]; /* found: which process or container */
};

/* --- containers ----------------------------------------------------------------------------------- */

static const struct protected *container_by(const struct protect *p, const json_t *container)
{
	const struct protected *e = protect_labels(p, json_object_get(container, "Labels"));
	const char *service = docker_service_of(container), *name;
	json_t *v;
	size_t i;

	if (!e && service)
		e = protect_name(p, service);
	json_array_foreach(json_object_get(container, "Names"), i, v) {
		name = json_string_value(v);
		if (!e && name)
			e = protect_name(p, name + (*name == '/'));
	}
	return e;
}

/* Who is protected by a name or a label. No engine: no container. */
static int find_containers(struct look *l, struct fl_error *err)
{
	const struct protected *e;
	struct fl_error why = {};
	json_t *list = NULL, *c;
	size_t i;
	int r;

	l->containers = json_object();
	if (!protect_has(&l->protect, PROTECT_NAME) && !protect_has(&l->protect, PROTECT_LABEL))
		return 0;
	r = docker_get("/containers/json?all=1", &list, &why);
	/* A DOCKER_HOST that is no unix socket is none that targets are found by. */
	if (r == -ENOENT || r == -ECONNREFUSED || r == -EINVAL)
		return 0;
	if (r) {
		error_env(err, -r, "cannot tell which containers are protected: %s", why.message);
		error_hint(err, PROTECT_DIR " names containers or labels; until they can be listed no fault "
					    "begins");
		return r;
	}
	json_array_foreach(list, i, c) {
		const char *id = json_string_value(json_object_get(c, "Id"));

		e = id ? container_by(&l->protect, c) : NULL;
		if (e)
			json_object_set_new(l->containers, id, json_integer(e - l->protect.v));
	}
	json_decref(list);
	return 0;
}

static const struct protected *by_container(const struct look *l, const char *text)
{
	const char *id;
	json_t *index;

	json_object_foreach(l->containers, id, index) {
		if (strstr(text, id))
			return &l->protect.v[json_integer_value(index)];
	}
	return NULL;
}

/* --- processes ------------------------------------------------------------------------------------ */

static const struct protected *by_cgroups(const struct look *l, char *lines)
{
	char *rest = lines, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *name = strchr(line, ':'), *path = name ? strchr(name + 1, ':') : NULL;
		const struct protected *e = path ? protect_cgroup(&l->protect, path + 1) : NULL;

		if (!e && path)
			e = by_container(l, path + 1);
		if (e)
			return e;
	}
	return NULL;
}

static int look_at_process(pid_t pid, uint64_t start, void *ctx)
{
	_cleanup_free_ char *path = text_format("/proc/%d/cgroup", (int)pid), *lines = NULL;
	struct look *l = ctx;

	(void)start;
	/* Gone meanwhile: nothing can be done to it. */
	if (!path || file_read(path, CGROUP_MAX, &lines, NULL, NULL))
		return 0;
	l->found = by_cgroups(l, lines);
	if (l->found)
		snprintf(l->what, sizeof(l->what), "process %d in it", (int)pid);
	return l->found != NULL;
}

static int look_at_netns(struct look *l, struct fl_error *err)
{
	DIR *d = proc_scan();
	struct dirent *e;
	int64_t pid;

	if (!d)
		return error_env(err, errno, "cannot read /proc: %s", strerror(errno));
	while (!l->found && (e = readdir(d)))
		if (!units_int(e->d_name, 1, INT32_MAX, &pid, NULL) && process_namespace((pid_t)pid, "net") == l->netns)
			look_at_process((pid_t)pid, 0, l);
	closedir(d);
	return 0;
}

static int look_at_processes(struct look *l, struct fl_error *err)
{
	int r;

	if (!protect_has(&l->protect, PROTECT_CGROUP) && !json_object_size(l->containers))
		return 0;
	r = target_each_member(l->t, look_at_process, l);
	if (r < 0)
		return error_env(err, -r,
				 "%s: its processes cannot be listed, so it cannot be told whether "
				 "they are protected: %s",
				 l->t->spec, strerror(-r));
	return l->found || !l->netns ? 0 : look_at_netns(l, err);
}

/* --- services of the lab, named network namespaces -------------------------------------------------- */

static int is_of(pid_t pid, uint64_t start, void *ctx)
{
	(void)start;
	return target_holds(ctx, pid);
}

/* Would what is done to the target be done to @name as well? */
static int look_at_service(struct look *l, const char *provider, const char *name, const struct protected *e,
			   struct fl_error *err)
{
	const struct target_options options = { .allow_host_interface = true };
	_cleanup_free_ char *spec = text_format("%s:%s", provider, name);
	struct fl_error why = {};
	struct target other;
	int r = spec ? target_resolve(spec, &options, &other, &why) : -ENOMEM;

	if (r == -ENOENT)
		return 0; /* gone meanwhile */
	if (!r) {
		r = l->netns && l->netns == other.netns_inode;
		r = r ? r : target_each_member(l->t, is_of, &other);
		target_free(&other);
	}
	if (r < 0)
		return error_env(err, -r, "%s: it cannot be told whether it is part of %s:%s, which is protected: %s",
				 l->t->spec, provider, name, why.message[0] ? why.message : strerror(-r));
	if (r) {
		l->found = e;
		snprintf(l->what, sizeof(l->what), "it reaches into %.150s", spec);
	}
	return 0;
}

static int look_at_names_of(struct look *l, const char *provider,
			    int (*list)(struct target_names *names, struct fl_error *err), struct fl_error *err)
{
	struct target_names names = {};
	int r = list(&names, err);
	uint32_t i;

	for (i = 0; !r && !l->found && i < names.n; i++) {
		const struct protected *e = protect_name(&l->protect, names.v[i]);

		r = e ? look_at_service(l, provider, names.v[i], e, err) : 0;
	}
	target_names_free(&names);
	return r;
}

/* Those that a name protects; containers have their own way, above. */
static int look_at_services(struct look *l, struct fl_error *err)
{
	int r;

	if (!protect_has(&l->protect, PROTECT_NAME))
		return 0;
	r = look_at_names_of(l, "netns", target_netns_names, err);
	return r || l->found ? r : look_at_names_of(l, "lab", target_lab.list, err);
}

/* --- the target ----------------------------------------------------------------------------------- */

static void look_at_names(struct look *l)
{
	const struct target *t = l->t;
	const char *colon = strchr(t->spec, ':');
	const char *names[] = { t->name, t->spec, colon ? colon + 1 : t->spec, t->scope, t->id };
	size_t i;

	for (i = 0; !l->found && i < ARRAY_SIZE(names); i++)
		if (names[i][0])
			l->found = protect_name(&l->protect, names[i]);
	if (!l->found && t->id[0])
		l->found = by_container(l, t->id);
	if (!l->found && t->cgroup_v1[0])
		l->found = protect_cgroup(&l->protect, t->cgroup_v1);
}

/* What protects it, into @l; @netns: 0, or whose processes count as well. */
static int find(struct look *l, struct fl_error *err)
{
	int r = protect_load(&l->protect, err);

	if (!r && l->protect.n)
		r = find_containers(l, err);
	if (!r && l->protect.n)
		look_at_names(l);
	if (!r && l->protect.n && !l->found)
		r = look_at_processes(l, err);
	if (!r && l->protect.n && !l->found)
		r = look_at_services(l, err);
	return r;
}

static int refuse(struct look *l, const char *what, const char *word, struct fl_error *err)
{
	char text[400];
	int r = find(l, err);

	if (!r && l->found) {
		error_usage(err, "refused: %s%s is protected by %s%s%s%s", what, word,
			    protected_text(l->found, text, sizeof(text)), l->what[0] ? " (" : "", l->what,
			    l->what[0] ? ")" : "");
		error_hint(err, "faultline doctor lists what is protected on this host");
		r = -EPERM;
	}
	json_decref(l->containers);
	protect_free(&l->protect);
	return r;
}

int protected_check(const struct fault_ops *ops, const struct target *t, struct fl_error *err)
{
	struct look l = { .t = t, .netns = ops->need_veth ? t->netns_inode : 0 };

	return refuse(&l, "", t->spec, err);
}

int protected_peer(const char *word, const struct target *t, struct fl_error *err)
{
	struct look l = { .t = t, .netns = t->netns_inode };

	return refuse(&l, "peer ", word, err);
}

static int check_peers(const struct fault *f, struct fl_error *err)
{
	_cleanup_free_ struct engine_peer *peers = NULL;
	const struct param_value *peer = params_find(&f->params, "peer");
	uint32_t n;

	return peer && peer->set ? net_peers(peer->text, true, &peers, &n, err) : 0;
}

int protected_again(const struct fault *f, struct fl_error *err)
{
	struct fl_error gone = {};
	uint32_t i;
	int r = 0;

	for (i = 0; i < f->n_targets && !r; i++)
		r = protected_check(f->ops, &f->targets[i], err);
	if (!r && f->ops->need_veth && f->session)
		r = net_guard_current(f->session, err);
	/* A peer that has gone is none that could be protected. */
	if (!r && check_peers(f, &gone) == -EPERM) {
		r = -EPERM;
		*err = gone;
	}
	return r;
}
