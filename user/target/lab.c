// SPDX-License-Identifier: GPL-2.0-only
/* lab.c - the services of the embedded lab, as its supervisor wrote them to lab.json. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>

#include "os/netns.h"
#include "session/session.h"
#include "target/provider.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/text/text.h"

#define LAB_JSON     FL_RUN_DIR "/lab/lab.json"
#define LAB_JSON_MAX (1u << 20)

/* A member of lab.json; NULL in *ret when no lab is up. New reference. One that is there and cannot be
 * read is an error: "no lab" would let an undo think that its service is gone. */
static int read_lab(const char *member, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *text = NULL;
	json_t *lab;
	int r;

	*ret = NULL;
	if (access(LAB_JSON, F_OK) && errno == ENOENT)
		return 0;
	r = file_read(LAB_JSON, LAB_JSON_MAX, &text, NULL, err);
	if (r)
		return r;
	lab = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	*ret = json_incref(json_object_get(lab, member));
	json_decref(lab);
	return lab ? 0 : error_env(err, EBADMSG, LAB_JSON " is damaged");
}

static int list(struct target_names *names, struct fl_error *err)
{
	json_t *services, *service;
	const char *name;
	int r = read_lab("services", &services, err);

	if (r)
		return r;
	json_object_foreach(services, name, service) {
		r = target_names_add(names, name);
		if (r)
			break;
	}
	json_decref(services);
	return r;
}

static int use_service(json_t *service, struct target *t, struct fl_error *err)
{
	const char *netns = "", *cgroup = "", *cgroup_v1 = "";
	json_int_t pid = 0, start = 0;
	int fd, r = 0;

	if (json_unpack(service, "{s:s, s:s, s:s, s?I, s?I}", "netns", &netns, "cgroup", &cgroup, "cgroup_v1",
			&cgroup_v1, "pid", &pid, "start", &start))
		return error_env(err, EBADMSG, "%s: " LAB_JSON " does not describe it", t->name);
	fd = netns_open_name(netns, err);
	if (fd < 0)
		return fd;
	target_use_netns(t, fd);
	if (cgroup_v1[0] && text_copy(t->cgroup_v1, sizeof(t->cgroup_v1), cgroup_v1))
		t->members |= TARGET_BY_CGROUP_V1;
	if (cgroup[0]) {
		t->members |= TARGET_BY_CGROUP;
		r = target_use_cgroup(t, cgroup, err);
	}
	/* Each has a network namespace of its own, and cgroups where the host lets the lab make some. */
	if (!t->members)
		t->members = TARGET_BY_NETNS;
	/* A service that is down (killed, just now restarting) still has its interfaces. */
	if (!r && proc_same((pid_t)pid, (uint64_t)start))
		r = target_use_pid(t, (pid_t)pid, err);
	return r ? r : target_add_pids(t, err);
}

static int resolve(const char *name, struct target *t, struct fl_error *err)
{
	json_t *services, *service;
	int r = read_lab("services", &services, err);

	if (r)
		return r;
	service = json_object_get(services, name);
	if (service) {
		r = use_service(service, t, err);
	} else {
		error_usage(err, "the lab has no service '%.60s'", name);
		r = -ENOENT;
		error_hint(err, services ? "faultline lab status lists them" : "faultline lab up starts the lab");
	}
	json_decref(services);
	return r;
}

/* SIGHUP has the supervisor start whatever does not run, also what it would leave down. */
static int start(const char *name, struct fl_error *err)
{
	json_t *supervisor;
	json_int_t pid = 0, start_time = 0;
	int r = read_lab("supervisor", &supervisor, err);

	if (r)
		return r;
	r = json_unpack(supervisor, "{s:I, s:I}", "pid", &pid, "start", &start_time)
		    ? -ESRCH
		    : proc_signal((pid_t)pid, (uint64_t)start_time, SIGHUP);
	if (r == -ESRCH)
		error_env(err, ESRCH, "%s: the lab's supervisor does not run", name);
	else if (r)
		error_env(err, -r, "%s: cannot signal the lab's supervisor: %s", name, strerror(-r));
	json_decref(supervisor);
	return r;
}

const struct target_provider target_lab = {
	.name = "lab",
	.list = list,
	.resolve = resolve,
	.start = start,
};
