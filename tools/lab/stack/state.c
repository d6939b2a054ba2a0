// SPDX-License-Identifier: GPL-2.0-only
/*
 * state.c - the state file: what the lab consists of and, under "run" of every unit, how the
 * supervisor is to start it. It has all that is needed to take the lab down again.
 */
#include <errno.h>
#include <string.h>
#include <sys/pidfd.h>

#include "tools/lab/common/proc.h"
#include "tools/lab/stack/lab.h"
#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"

#define LAB_UID_FIRST   2000000000
#define MAX_STATE_BYTES (1024 * 1024)

/* Programs are looked for once. */
struct programs {
	char service[512], load[512], pipeline[512];
};

static void push(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void push(json_t *list, const char *fmt, ...)
{
	char word[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	json_array_append_new(list, json_string(word));
}

/* "dns-resolver=dns-resolver:8080" for a service of the topology. */
static void push_peer(json_t *argv, const char *option, const struct lab_topology *t, const char *name, uint16_t port,
		      const char *more)
{
	push(argv, "%s", option);
	push(argv, "%s=%s:%u%s", name, name, port ? port : topology_find(t, name)->port, more);
}

/* The command line of lab-service. */
static json_t *service_argv(const struct lab_topology *t, const struct lab_service *s, const struct programs *programs)
{
	json_t *argv = json_array();
	unsigned int i;

	push(argv, "%s", programs->service);
	push(argv, "--name");
	push(argv, "%s", s->name);
	push(argv, "--role");
	push(argv, "%s", s->role);
	push(argv, "--port");
	push(argv, "%u", s->port);
	for (i = 0; i < s->n_calls; i++)
		push_peer(argv, "--upstream", t, s->calls[i].name, 0, s->calls[i].options);
	if (t->resolver[0] && strcmp(t->resolver, s->name)) {
		push(argv, "--resolver");
		push(argv, "%s", topology_find(t, t->resolver)->address);
		push(argv, "--resolver-name");
		push(argv, "%s", t->resolver);
	}
	/* The collector and the name server do not depend on the collector: who logs the logger? */
	if (t->logs[0] && strcmp(t->logs, s->name) && strcmp(t->resolver, s->name))
		push_peer(argv, "--log-to", t, t->logs, 0, ",pool=1");
	if (s->cache)
		push_peer(argv, "--cache", t, t->cache, 6379, "");
	for (i = 0; s->options[i]; i++)
		push(argv, "%s", s->options[i]);
	return argv;
}

/* A command beside the service, with {run} filled in. */
static json_t *beside_argv(char *const *words)
{
	json_t *argv = json_array();
	const char *at;

	for (; *words; words++) {
		at = strstr(*words, "{run}");
		if (at)
			push(argv, "%.*s%s%s", (int)(at - *words), *words, LAB_DIR, at + strlen("{run}"));
		else
			push(argv, "%s", *words);
	}
	return argv;
}

/* Each unit has a user and a group to itself, in a range that no distribution gives out. */
static json_int_t unit_uid(const struct lab_topology *t, const struct lab_service *s, unsigned int daemon)
{
	return LAB_UID_FIRST + (s ? s - t->services : t->n_services + daemon);
}

static json_t *service_run(const struct lab_topology *t, const struct lab_service *s, const struct programs *programs,
			   json_t *dirs)
{
	json_t *run, *commands = json_array();
	unsigned int i;

	json_array_append_new(commands, service_argv(t, s, programs));
	for (i = 0; i < s->n_beside; i++)
		json_array_append_new(commands, beside_argv(s->beside[i]));
	run = json_pack("{s:o, s:o, s:b, s:I}", "commands", commands, "cgroups", dirs, "restart", s->restart, "uid",
			unit_uid(t, s, 0));
	json_object_set_new(run, "log", json_sprintf(LAB_DIR "/log/%s.log", s->name));
	json_object_set_new(run, "resolv", json_string(LAB_DIR "/resolv.conf"));
	if (s->volume[0]) {
		json_object_set_new(run, "volume", json_string(s->volume));
		json_object_set_new(run, "volume_bytes", json_integer((json_int_t)s->volume_bytes));
	}
	return run;
}

static json_t *service_entry(const struct lab_topology *t, const struct lab_service *s, const struct programs *programs)
{
	char v2[512], v1[128], ns[48];
	json_t *dirs = cgroup_dirs(s->name, v2, sizeof(v2));
	bool any_v1 = json_array_size(dirs) > (v2[0] ? 1u : 0u);

	return json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:i, s:o}", "netns",
			 network_namespace(s->name, ns, sizeof(ns)), "pid", 0, "start", 0, "cgroup", v2, "cgroup_v1",
			 any_v1 ? cgroup_v1_path(s->name, v1, sizeof(v1)) : "", "addr", s->address, "port", s->port,
			 "run", service_run(t, s, programs, dirs));
}

static void push_edge(json_t *edges, const char *from, const char *to)
{
	if (to[0] && strcmp(from, to))
		json_array_append_new(edges, json_pack("[s, s]", from, to));
}

/* Who depends on whom: what the command lines say, no more. */
static json_t *graph_of(const struct lab_topology *t)
{
	json_t *services = json_array(), *edges = json_array();
	unsigned int i, j;

	for (i = 0; i < t->n_services; i++) {
		const struct lab_service *s = &t->services[i];

		json_array_append_new(services, json_string(s->name));
		for (j = 0; j < s->n_calls; j++)
			push_edge(edges, s->name, s->calls[j].name);
		if (s->cache)
			push_edge(edges, s->name, t->cache);
		push_edge(edges, s->name, t->resolver);
		if (strcmp(t->resolver, s->name))
			push_edge(edges, s->name, t->logs);
	}
	return json_pack("{s:o, s:o}", "services", services, "edges", edges);
}

/* The load generator and the pipeline: plain processes of the initial namespace. */
static json_t *daemon_entry(const char *name, json_int_t uid, json_t *argv)
{
	json_t *commands = json_array(), *dirs;
	char v2[512];

	json_array_append_new(commands, argv);
	dirs = cgroup_dirs(name, v2, sizeof(v2));
	return json_pack("{s:i, s:i, s:{s:o, s:o, s:b, s:I, s:o}}", "pid", 0, "start", 0, "run", "commands", commands,
			 "cgroups", dirs, "restart", 1, "uid", uid, "log", json_sprintf(LAB_DIR "/log/%s.log", name));
}

static json_t *daemons_of(const struct lab_topology *t, const struct programs *programs)
{
	const struct lab_service *entry = topology_find(t, t->entry);
	json_t *daemons = json_object(), *argv;

	if (t->pipeline_port) {
		argv = json_array();
		push(argv, "%s", programs->pipeline);
		push(argv, "--config");
		push(argv, LAB_DIR "/pipeline.json");
		push(argv, "--port");
		push(argv, "%u", t->pipeline_port);
		json_object_set_new(daemons, "pipeline", daemon_entry("pipeline", unit_uid(t, NULL, 0), argv));
	}
	if (t->load_rate) {
		argv = json_array();
		push(argv, "%s", programs->load);
		push(argv, "--rate");
		push(argv, "%u", t->load_rate);
		push(argv, "--port");
		push(argv, "%u", t->load_port);
		push(argv, "http://%s:%u", entry->address, entry->port);
		json_object_set_new(daemons, "load", daemon_entry("load", unit_uid(t, NULL, 1), argv));
	}
	return daemons;
}

json_t *state_build(const struct lab_topology *t, struct fl_error *err)
{
	const struct lab_service *entry = topology_find(t, t->entry);
	struct programs programs;
	json_t *state, *services;
	unsigned int i;

	if (path_program("lab-service", programs.service, sizeof(programs.service), err) ||
	    (t->load_rate && path_program("lab-load", programs.load, sizeof(programs.load), err)) ||
	    (t->pipeline_port && path_program("lab-pipeline", programs.pipeline, sizeof(programs.pipeline), err)))
		return NULL;
	services = json_object();
	for (i = 0; i < t->n_services; i++)
		json_object_set_new(services, t->services[i].name, service_entry(t, &t->services[i], &programs));
	state = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "state", "starting", "hub_netns", t->hub, "link",
			  t->link, "restart_delay_ms", (json_int_t)(t->restart_delay_ns / NS_PER_MSEC), "services",
			  services, "daemons", daemons_of(t, &programs), "graph", graph_of(t));
	if (!state) {
		error_sys(err, ENOMEM, "out of memory");
		return NULL;
	}
	json_object_set_new(state, "versions",
			    json_pack("{s:{s:s}, s:{s:s}}", "stack", "version", "embedded lab " FL_VERSION, "pipeline",
				      "version", "reference pipeline " FL_VERSION));
	json_object_set_new(state, "entry", json_sprintf("http://%s:%u", entry->address, entry->port));
	json_object_set_new(state, "health", json_sprintf("http://%s:%u%s", entry->address, entry->port, t->health));
	if (t->pipeline_port)
		json_object_set_new(state, "pipeline", json_sprintf("http://127.0.0.1:%u", t->pipeline_port));
	if (t->load_port)
		json_object_set_new(state, "load", json_sprintf("http://127.0.0.1:%u", t->load_port));
	return state;
}

int state_write(const json_t *state, struct fl_error *err)
{
	_cleanup_free_ char *text = json_dumps(state, JSON_INDENT(1));

	if (!text)
		return error_sys(err, ENOMEM, "out of memory");
	return file_write(LAB_STATE, text, strlen(text), 0644, err);
}

int state_read(json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_error_t why;
	size_t len;

	*ret = NULL;
	if (access(LAB_STATE, F_OK))
		return 0;
	if (file_read(LAB_STATE, MAX_STATE_BYTES, &text, &len, err))
		return -EIO;
	*ret = json_loadb(text, len, 0, &why);
	if (*ret)
		return 0;
	error_env(err, EINVAL, "the lab's state cannot be read: %s", why.text);
	error_at(err, LAB_STATE, why.line, why.column);
	return -EINVAL;
}

bool state_alive(const json_t *process)
{
	return proc_same((pid_t)json_integer_value(json_object_get(process, "pid")),
			 (uint64_t)json_integer_value(json_object_get(process, "start")));
}

void state_signal(const json_t *process, int sig)
{
	_cleanup_fd_ int fd = pidfd_open((pid_t)json_integer_value(json_object_get(process, "pid")), 0);

	if (fd >= 0 && state_alive(process))
		pidfd_send_signal(fd, sig, NULL, 0);
}
