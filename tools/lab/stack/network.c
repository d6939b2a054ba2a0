// SPDX-License-Identifier: GPL-2.0-only
/*
 * network.c - namespaces, the bridge in the hub and the veths, by batches of `ip` commands.
 *
 * The bridge and the host sides of all veths are in the hub namespace, not in the initial one: a
 * host firewall with FORWARD policy DROP (dockerd sets that) sees bridged frames of the initial
 * namespace and would silence the lab. One more veth pair joins the initial namespace to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"
#include "util/text/text.h"

extern char **environ;

const char *network_namespace(const char *service, char *buf, size_t size)
{
	snprintf(buf, size, "fl-%s", service);
	return buf;
}

static int spawn_ip(const char *netns, int in, int out, pid_t *ret)
{
	char words[][8] = { "ip", "-n", "-batch", "-" }, ns[64];
	char *argv[] = { words[0], words[1], ns, words[2], words[3], NULL };
	char *plain[] = { words[0], words[2], words[3], NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	snprintf(ns, sizeof(ns), "%s", netns ? netns : "");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	rc = posix_spawnp(ret, "ip", &actions, NULL, netns ? argv : plain, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/*
 * Run @commands, one a line, in @netns (NULL: the initial one). They are far smaller than a pipe,
 * so they can be written before anybody reads.
 */
static int run_ip(const char *netns, const struct text *commands, struct fl_error *err)
{
	_cleanup_fd_ int in_r = -1, in_w = -1, out_r = -1, out_w = -1;
	char answer[512] = "";
	int fds[2], status = 0, rc;
	ssize_t n;
	pid_t pid;

	if (commands->failed || pipe2(fds, O_CLOEXEC))
		return error_sys(err, ENOMEM, "cannot run ip: out of memory or descriptors");
	in_r = fds[0];
	in_w = fds[1];
	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, errno, "cannot run ip: %s", strerror(errno));
	out_r = fds[0];
	out_w = fds[1];
	rc = spawn_ip(netns, in_r, out_w, &pid);
	if (rc) {
		error_env(err, -rc, "cannot run ip: %s", strerror(-rc));
		error_hint(err, "install iproute2");
		return rc;
	}
	close(take_fd(out_w));
	close(take_fd(in_r));
	n = write(in_w, commands->s, commands->len);
	close(take_fd(in_w));
	if (n == (ssize_t)commands->len)
		n = read(out_r, answer, sizeof(answer) - 1);
	answer[n > 0 ? n : 0] = '\0';
	waitpid(pid, &status, 0);
	answer[strcspn(answer, "\n")] = '\0';
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_env(err, EIO, "ip%s%s: %s", netns ? " in " : "", netns ? netns : "",
				 answer[0] ? answer : "failed");
	return 0;
}

static int make_namespaces(const struct lab_topology *t, struct fl_error *err)
{
	struct text c = { .s = NULL };
	char ns[48];
	unsigned int i;
	int rc;

	text_append(&c, "netns add %s\n", t->hub);
	for (i = 0; i < t->n_services; i++)
		text_append(&c, "netns add %s\n", network_namespace(t->services[i].name, ns, sizeof(ns)));
	/* The link's other end is called after the initial namespace that it leads to. */
	text_append(&c, "link add %s type veth peer name host netns %s\n", t->link, t->hub);
	text_append(&c, "addr add %s.1/24 dev %s\n", t->network, t->link);
	text_append(&c, "link set %s up\n", t->link);
	rc = run_ip(NULL, &c, err);
	text_free(&c);
	return rc;
}

/* The bridge, and a port for every service, called after it. */
static int make_hub(const struct lab_topology *t, struct fl_error *err)
{
	struct text c = { .s = NULL };
	char ns[48], port[IFNAMSIZ];
	unsigned int i;
	int rc;

	text_append(&c, "link set lo up\nlink add bridge type bridge\nlink set bridge up\n"
			"link set host master bridge up\n");
	for (i = 0; i < t->n_services; i++) {
		snprintf(port, sizeof(port), "%.15s", t->services[i].name);
		text_append(&c, "link add %s type veth peer name eth0 netns %s\n", port,
			    network_namespace(t->services[i].name, ns, sizeof(ns)));
		text_append(&c, "link set %s master bridge up\n", port);
	}
	rc = run_ip(t->hub, &c, err);
	text_free(&c);
	return rc;
}

static int make_service(const struct lab_topology *t, const struct lab_service *s, struct fl_error *err)
{
	struct text c = { .s = NULL };
	unsigned int i;
	char ns[48];
	int rc;

	text_append(&c, "link set lo up\naddr add %s/24 dev eth0\nlink set eth0 up\n", s->address);
	/* Nobody on the host gets an answer from these. From any address but the link's there is no way back
	 * in any case. */
	for (i = 0; i < s->n_inside; i++)
		text_append(&c, "rule add to %s.1 ipproto tcp sport %u prohibit\n", t->network, s->inside[i]);
	rc = run_ip(network_namespace(s->name, ns, sizeof(ns)), &c, err);
	text_free(&c);
	return rc;
}

int network_make(const struct lab_topology *t, struct fl_error *err)
{
	unsigned int i;
	int rc;

	rc = make_namespaces(t, err);
	if (!rc)
		rc = make_hub(t, err);
	for (i = 0; !rc && i < t->n_services; i++)
		rc = make_service(t, &t->services[i], err);
	return rc;
}

static bool namespace_exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	return !access(path, F_OK);
}

static void remove_one(const char *fmt, const char *name)
{
	struct text c = { .s = NULL };

	text_append(&c, strcmp(fmt, "link") ? "netns del %s\n" : "link del %s\n", name);
	run_ip(NULL, &c, NULL);
	text_free(&c);
}

void network_remove(const json_t *state)
{
	const char *hub = json_string_value(json_object_get(state, "hub_netns"));
	const char *link = json_string_value(json_object_get(state, "link"));
	const char *name, *ns;
	json_t *service;

	if (link && if_nametoindex(link))
		remove_one("link", link);
	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "services"), name, service) {
		ns = json_string_value(json_object_get(service, "netns"));
		if (ns && namespace_exists(ns))
			remove_one("netns", ns);
	}
	if (hub && namespace_exists(hub))
		remove_one("netns", hub);
}

bool network_complete(const json_t *state)
{
	const char *hub = json_string_value(json_object_get(state, "hub_netns"));
	const char *link = json_string_value(json_object_get(state, "link"));
	const char *name, *ns;
	json_t *service;

	if (!hub || !link || !namespace_exists(hub) || !if_nametoindex(link))
		return false;
	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "services"), name, service) {
		ns = json_string_value(json_object_get(service, "netns"));
		if (!ns || !namespace_exists(ns))
			return false;
	}
	return true;
}
