// SPDX-License-Identifier: GPL-2.0-only
/*
 * docker.c - docker:..., containers by way of the Engine API. See docker.h for how they are named.
 *
 * The engine says which process is the container's first; that it is indeed a process of this host
 * is checked by its cgroup, which carries the container's id. All else (namespaces, veths,
 * cgroups) comes from the process, as for every target.
 *
 * Limits: an engine in a virtual machine, on another host, or one that gives its containers no
 * cgroup each (rootless without delegation) is refused. A container without a veth (host, macvlan,
 * ipvlan, none) takes no network faults, and all others.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "target/docker/docker.h"
#include "target/docker/docker_api.h"
#include "target/process/member.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define START_PATIENCE_S 60
#define TASK_LOOK_MS     200
#define ORDER_PATIENCE_S 1 /* the event loop waits for it */
#define PAUSE_PATIENCE_S 5 /* a freezer takes milliseconds; who waits longer has better ways */
#define THAW_PATIENCE_S  2 /* then it is thawed without the engine */

/* --- one container ----------------------------------------------------------------------------- */

static bool is_id(const char *text)
{
	return strlen(text) == DOCKER_ID_SIZE - 1 && strspn(text, "0123456789abcdef") == DOCKER_ID_SIZE - 1;
}

static int read_container(const json_t *o, struct docker_container *ret, struct fl_error *err)
{
	const char *id = "", *name = "", *network = "", *policy = "", *signal = "", *task = "";
	int running = 0, paused = 0;
	json_int_t pid = 0;

	if (json_unpack((json_t *)(uintptr_t)o, "{s:s, s:s, s:{s?b, s?b, s?I}, s?{s?s, s?{s?s}}, s?{s?s, s?{s?s}}}",
			"Id", &id, "Name", &name, "State", "Running", &running, "Paused", &paused, "Pid", &pid,
			"HostConfig", "NetworkMode", &network, "RestartPolicy", "Name", &policy, "Config", "StopSignal",
			&signal, "Labels", DOCKER_LABEL_TASK, &task) ||
	    !is_id(id) || !docker_is_name(name + (*name == '/')) || pid < 0 || pid > INT32_MAX)
		return error_env(err, EBADMSG, "Docker: the engine's description of a container is none");
	*ret = (struct docker_container){
		.pid = running ? (pid_t)pid : 0,
		.running = running,
		.paused = paused,
		.restarts = *policy && strcmp(policy, "no"),
	};
	text_copy(ret->id, sizeof(ret->id), id);
	text_copy(ret->name, sizeof(ret->name), name + (*name == '/'));
	text_copy(ret->network, sizeof(ret->network), network);
	text_copy(ret->stop_signal, sizeof(ret->stop_signal), signal);
	text_copy(ret->task, sizeof(ret->task), task);
	return 0;
}

int docker_inspect(const char *name, struct docker_container *ret, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("/containers/%s/json", name);
	json_t *o = NULL;
	int r;

	if (!docker_is_name(name))
		return -ENOENT;
	r = path ? docker_get(path, &o, err) : error_sys(err, ENOMEM, "Docker: out of memory");
	if (!r)
		r = read_container(o, ret, err);
	json_decref(o);
	return r;
}

/* --- its process ------------------------------------------------------------------------------- */

/*
 * Is @c's process one of this host's? The engine may run in a virtual machine or another pid
 * namespace, and its number be that of a stranger here: the container's cgroup carries its id.
 */
static int check_process(const struct docker_container *c, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)c->pid);
	if (file_read(path, 65536, &text, NULL, NULL))
		return error_env(err, ESRCH, "docker:%s: its process %d is not on this host", c->name, (int)c->pid);
	if (strstr(text, c->id))
		return 0;
	error_env(err, ESRCH, "docker:%s: process %d of this host is not its own", c->name, (int)c->pid);
	error_hint(err, "the engine has to run on this host, outside of a virtual machine, and to give "
			"containers a cgroup each");
	return -ESRCH;
}

/* The group that is named after the container, in @path of its first process, which may have gone into
 * one further down (a service manager). False: it is in none; its group may be anybody's. */
static bool cut_behind(char *path, const char *id)
{
	char *p = strstr(path, id);

	if (p)
		p[strcspn(p, "/")] = '\0';
	return p;
}

static int use_cgroups(const struct docker_container *c, struct target *t, struct fl_error *err)
{
	char path[sizeof(t->cgroup)];

	if (cut_behind(t->cgroup_v1, c->id))
		t->members |= TARGET_BY_CGROUP_V1;
	text_copy(path, sizeof(path), t->cgroup);
	if (!cut_behind(path, c->id))
		return 0;
	t->members |= TARGET_BY_CGROUP;
	return target_use_cgroup(t, path, err);
}

/* The 64 hex digits in the name of a process's cgroup; "" there are none. */
static void read_container_id(pid_t pid, char ret[DOCKER_ID_SIZE])
{
	_cleanup_free_ char *text = NULL;
	char path[32];
	const char *p;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(path, 65536, &text, NULL, NULL))
		return;
	for (p = text; *p; p++) {
		size_t n = strspn(p, "0123456789abcdef");

		if (n == DOCKER_ID_SIZE - 1) {
			snprintf(ret, DOCKER_ID_SIZE, "%.*s", (int)n, p);
			return;
		}
		p += n ? n - 1 : 0;
	}
}

/* What is peculiar about its network: who shares it, or why it has no veth. */
static void describe_network(const struct docker_container *c, struct target *t)
{
	pid_t stranger = !strcmp(c->network, "host") ? 0 : target_stranger(t);
	char id[DOCKER_ID_SIZE];
	struct docker_container other;

	if (!strcmp(c->network, "host") || !strcmp(c->network, "none")) {
		snprintf(t->note, sizeof(t->note), "its network is '%s'", c->network);
	} else if (stranger) {
		read_container_id(stranger, id);
		if (*id && !docker_inspect(id, &other, NULL))
			snprintf(t->note, sizeof(t->note),
				 "it shares its network with docker:%.120s: "
				 "what hits one hits both",
				 other.name);
		else
			snprintf(t->note, sizeof(t->note),
				 "process %d, which is none of its own, shares "
				 "its network: what hits one hits both",
				 (int)stranger);
	}
}

static int use_process(const struct docker_container *c, struct target *t, struct fl_error *err)
{
	int r = check_process(c, err);

	if (!r)
		r = target_use_pid(t, c->pid, err);
	if (!r)
		r = use_cgroups(c, t, err);
	if (!r)
		r = target_add_pids(t, err);
	if (!r)
		describe_network(c, t);
	return r;
}

/* --- which one --------------------------------------------------------------------------------- */

static int no_such(const char *what, struct fl_error *err)
{
	struct target_names names = {};
	const char *near = NULL;

	error_usage(err, "no running container matches '%.100s'", what);
	if (!docker_list(&names, NULL) && !target_names_add(&names, NULL))
		near = text_nearest(what, (const char *const *)names.v);
	if (near)
		error_hint(err, "did you mean docker:%s?", near);
	else
		error_hint(err, "docker ps shows the containers that run");
	target_names_free(&names);
	return -ENOENT;
}

/* By its own name, or an id or its beginning. */
static int find_container(const char *name, struct docker_container *ret, struct fl_error *err)
{
	struct fl_error why = {};
	int r = docker_inspect(name, ret, &why);

	if (!r || r == -ENOENT)
		return r;
	/* An engine that finds two ids says so by an error without a number of its own. */
	if (r == -EPROTO && name[strspn(name, "0123456789abcdef")] == '\0' && docker_list_ids(name, err) == -ENOTUNIQ)
		return -ENOTUNIQ;
	if (err)
		*err = why;
	return r;
}

static int find_member(const char *what, struct docker_container *ret, struct fl_error *err)
{
	struct target_names names = {};
	int r = docker_members(what, &names, err);

	if (!r)
		r = names.n > 1 ? docker_too_many(what, &names, err) : docker_inspect(names.v[0], ret, err);
	target_names_free(&names);
	return r;
}

/* docker:NAME is first of all a container, a bare name first of all a service. */
static int find(const char *what, bool bare, struct docker_container *ret, struct fl_error *err)
{
	int r = -ENOENT;

	if (!bare)
		r = find_container(what, ret, err);
	if (r == -ENOENT)
		r = find_member(what, ret, err);
	if (r == -ENOENT && bare)
		r = find_container(what, ret, err);
	return r == -ENOENT ? no_such(what, err) : r;
}

/* --- the provider ------------------------------------------------------------------------------ */

static bool is_bare(const struct target *t)
{
	return !strchr(t->spec, ':');
}

static int resolve(const char *what, struct target *t, struct fl_error *err)
{
	struct docker_container c;
	int r = find(what, is_bare(t), &c, err);

	if (r)
		return r;
	text_copy(t->id, sizeof(t->id), c.id);
	if (!is_bare(t))
		text_copy(t->name, sizeof(t->name), c.name);
	return c.pid ? use_process(&c, t, err) : 0;
}

static bool knows(const char *name)
{
	struct target_names names = {};
	struct docker_container c;
	int r = docker_is_name(name) ? docker_members(name, &names, NULL) : -EINVAL;

	target_names_free(&names);
	return !r || r == -ENOTUNIQ || (r == -ENOENT && !docker_inspect(name, &c, NULL));
}

static int one_member(const char *what, struct target_names *ret, struct fl_error *err)
{
	struct docker_container c;
	int r = find_container(what, &c, err);

	return r ? r : target_names_add(ret, c.name) ?: 1;
}

static int members(const char *what, bool bare, struct target_names *ret, struct fl_error *err)
{
	int r = bare ? -ENOENT : one_member(what, ret, err);

	if (r == -ENOENT)
		r = docker_members(what, ret, err);
	if (r == -ENOENT && bare)
		r = one_member(what, ret, err);
	return r == -ENOENT ? no_such(what, err) : r;
}

/* --- orders ------------------------------------------------------------------------------------ */

/* POST /containers/ID/@action; one that went away meanwhile is an error of its own. */
static int order(const struct docker_container *c, const char *action, unsigned int patience_s, struct fl_error *err)
{
	_cleanup_free_ char *path = text_format("/containers/%s/%s", c->id, action);
	int r = path ? docker_post(path, patience_s, err) : error_sys(err, ENOMEM, "Docker: out of memory");

	if (r == -ENOENT)
		error_env(err, ENOENT, "docker:%s: the container is gone", c->name);
	return r;
}

/* A node that has left its Swarm keeps containers with the labels of tasks. */
static bool in_swarm(void)
{
	json_t *info = NULL;
	const char *state = NULL;
	bool left = !docker_get("/info", &info, NULL) &&
		    !json_unpack(info, "{s:{s:s}}", "Swarm", "LocalNodeState", &state) && !strcmp(state, "inactive");

	json_decref(info);
	return !left;
}

/* Swarm makes another task in the place of one that ended; started again, the old one would run beside it,
 * and nobody would end it. */
static int wait_replaced(const struct docker_container *c, struct fl_error *err)
{
	uint64_t until = clock_mono_ns() + START_PATIENCE_S * NS_PER_SEC;
	char slot[sizeof(c->task)];
	char *dot;
	int r;

	text_copy(slot, sizeof(slot), c->task);
	dot = strrchr(slot, '.');
	if (dot)
		*dot = '\0';
	for (;;) {
		struct target_names names = {};

		r = docker_members(slot, &names, err);
		target_names_free(&names);
		if (r != -ENOENT || clock_mono_ns() > until)
			break;
		usleep(TASK_LOOK_MS * 1000);
	}
	if (r == -ENOENT) {
		error_env(err, ENOENT,
			  "docker:%s has ended, and the Swarm has put no other task in its place on "
			  "this node",
			  c->name);
		error_hint(err, "docker service ps says where it is; faultline recover looks again");
		r = -EAGAIN;
	}
	return r;
}

static int start(const char *what, struct fl_error *err)
{
	struct docker_container c;
	int r = find(what, false, &c, err);

	if (!r && !c.running && c.task[0] && in_swarm())
		return wait_replaced(&c, err);
	return r || c.running ? r : order(&c, "start", START_PATIENCE_S, err);
}

/*
 * An engine that sends the signal itself takes the container for stopped by its user, and heeds no
 * restart policy any more. So one that has a policy, and shall come back, is left to die as in a
 * crash.
 */
static int send_signal(const char *what, int signal, bool keep_down, struct fl_error *err)
{
	unsigned int patience_s = docker_be_patient(ORDER_PATIENCE_S);
	char action[64];
	struct docker_container c;
	int r = find(what, false, &c, err);

	docker_be_patient(patience_s);
	if (r)
		return r;
	if (c.restarts && !keep_down)
		return -ENOTSUP;
	if (keep_down && signal == SIGTERM && c.stop_signal[0] && docker_is_name(c.stop_signal))
		snprintf(action, sizeof(action), "kill?signal=%s", c.stop_signal);
	else
		snprintf(action, sizeof(action), "kill?signal=%d", signal);
	r = order(&c, action, ORDER_PATIENCE_S, err);
	/* (Without any answer: it has just answered the question before.) */
	return r == -ETIMEDOUT || r == -ECONNREFUSED ? -EINPROGRESS : r;
}

/* Nobody waits frozen for a busy engine. */
static int freeze(const char *what, bool on, struct fl_error *err)
{
	unsigned int patience_s = on ? 0 : docker_be_patient(THAW_PATIENCE_S);
	struct docker_container c;
	int r = find(what, false, &c, err);

	if (!on)
		docker_be_patient(patience_s);
	if (r || c.paused == on)
		return r;
	return order(&c, on ? "pause" : "unpause", on ? PAUSE_PATIENCE_S : THAW_PATIENCE_S, err);
}

const struct target_provider target_docker = {
	.name = "docker",
	.list = docker_list,
	.knows = knows,
	.resolve = resolve,
	.members = members,
	.start = start,
	.signal = send_signal,
	.pause = freeze,
};
