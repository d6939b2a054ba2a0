// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit.c - see unit.h.
 *
 * A service's first process is the init of a new pid namespace: it joins the cgroups, enters the
 * network namespace, makes the mounts, becomes a user of its own without any capability, starts the
 * commands and reaps whatever is orphaned. It restarts nothing: when a command ends, it ends, and the kernel takes the rest of the namespace.
 * It dies with the supervisor (PR_SET_PDEATHSIG), so nothing runs on unwatched.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lab/common/proc.h"
#include "tools/lab/supervisor/rights.h"
#include "tools/lab/supervisor/unit.h"

static bool read_list(const json_t *list, const char **ret, unsigned int max, unsigned int *ret_n)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > max)
		return false;
	json_array_foreach(list, i, item) {
		ret[i] = json_string_value(item);
		if (!ret[i])
			return false;
	}
	*ret_n = (unsigned int)json_array_size(list);
	return true;
}

bool unit_read(struct unit *u, const char *name, json_t *entry)
{
	json_t *run = json_object_get(entry, "run"), *commands = NULL, *cgroups = NULL, *list;
	json_int_t volume_bytes = 0, uid = 0;
	unsigned int n;
	int restart = 0;
	size_t i;

	memset(u, 0, sizeof(*u));
	u->name = name;
	u->entry = entry;
	u->netns = json_string_value(json_object_get(entry, "netns"));
	if (!run ||
	    json_unpack(run, "{s:o, s:o, s:s, s:b, s:I, s?s, s?I, s?s}", "commands", &commands, "cgroups", &cgroups,
			"log", &u->log, "restart", &restart, "uid", &uid, "volume", &u->volume, "volume_bytes",
			&volume_bytes, "resolv", &u->resolv) ||
	    uid <= 0)
		return false;
	u->uid = (uid_t)uid;
	u->restart = restart;
	u->volume_bytes = (uint64_t)volume_bytes;
	if (!read_list(cgroups, u->cgroups, UNIT_MAX_CGROUPS, &u->n_cgroups) || !json_is_array(commands) ||
	    json_array_size(commands) > UNIT_MAX_COMMANDS)
		return false;
	json_array_foreach(commands, i, list) {
		if (!read_list(list, u->commands[i], UNIT_MAX_ARGS - 1, &n) || !n)
			return false;
		u->n_commands++;
	}
	return u->n_commands > 0;
}

/* From here on: the unit's own first process, whose standard error is its log. */

static void die(const char *what, const char *on)
{
	fprintf(stderr, "cannot %s %s: %s\n", what, on, strerror(errno));
	_exit(125);
}

static void join_cgroups(const struct unit *u)
{
	char path[512];
	unsigned int i;
	int fd;

	for (i = 0; i < u->n_cgroups; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", u->cgroups[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) < 0)
			die("join cgroup", u->cgroups[i]);
		close(fd);
	}
}

static void enter_network(const struct unit *u)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", u->netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("enter network namespace", path);
	close(fd);
}

static void make_mounts(const struct unit *u)
{
	char options[96];

	/* Slave, not private: an `ip netns del` outside must take the mount of that namespace away
	 * here as well, or this service would keep it alive. */
	if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL))
		die("detach mounts of", "/");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		die("mount", "/proc");
	if (u->resolv && mount(u->resolv, "/etc/resolv.conf", NULL, MS_BIND, NULL))
		fprintf(stderr, "no /etc/resolv.conf of its own: %s\n", strerror(errno));
	snprintf(options, sizeof(options), "mode=755,uid=%u,gid=%u,size=%llu", u->uid, u->uid,
		 (unsigned long long)u->volume_bytes);
	if (u->volume && mount("tmpfs", u->volume, "tmpfs", MS_NOSUID | MS_NODEV, options))
		die("mount volume", u->volume);
}

/* A name server listens on port 53, and has no capability to. */
static void free_low_ports(void)
{
	const char *path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		die("write", path);
	close(fd);
}

/* The change of user makes the kernel forget whose death is to be followed. */
static void drop_rights(const struct unit *u, int supervisor)
{
	struct pollfd dead = { .fd = supervisor, .events = POLLIN };
	int r = rights_drop(u->uid);

	if (r) {
		errno = -r;
		die("give up the rights of root for", u->name);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&dead, 1, 0))
		_exit(125);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_command(const char *const *argv)
{
	char *copy[UNIT_MAX_ARGS] = { NULL };
	size_t i;

	for (i = 0; argv[i]; i++)
		copy[i] = strdup(argv[i]);
	unblock_signals();
	execvp(copy[0], copy);
	die("execute", argv[0]);
}

/* Wait for the first command to end; hand SIGTERM on to all of them. Does not return. */
static void init_wait(const pid_t *children, unsigned int n)
{
	sigset_t set;
	unsigned int i;
	int sig, status;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	for (;;) {
		if (sigwait(&set, &sig))
			continue;
		for (i = 0; sig == SIGTERM && i < n; i++)
			kill(children[i], SIGTERM);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			for (i = 0; i < n && children[i] != pid; i++)
				;
			if (i == n)
				continue; /* an orphan */
			fprintf(stderr, "command %u ended: %s %d\n", i, WIFSIGNALED(status) ? "signal" : "status",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		}
	}
}

static void run_service(const struct unit *u, int supervisor)
{
	pid_t children[UNIT_MAX_COMMANDS];
	unsigned int i;

	prctl(PR_SET_NAME, "lab-init");
	enter_network(u);
	if (sethostname(u->name, strlen(u->name)))
		die("set host name", u->name);
	make_mounts(u);
	free_low_ports();
	drop_rights(u, supervisor);
	for (i = 0; i < u->n_commands; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("fork for", u->commands[i][0]);
		if (!children[i])
			run_command(u->commands[i]);
	}
	if (rights_drop_all())
		die("give up the rights of root for", u->name);
	init_wait(children, u->n_commands);
}

static void run_unit(const struct unit *u, int supervisor)
{
	int log = open(u->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	join_cgroups(u);
	if (u->netns)
		run_service(u, supervisor);
	drop_rights(u, supervisor);
	run_command(u->commands[0]);
}

int unit_start(struct unit *u)
{
	unsigned long flags = u->netns ? CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS : 0;
	int self = pidfd_open(getpid(), 0);
	/* fork() with namespaces: the child is the init of its pid namespace and our own child. */
	pid_t pid = self < 0 ? -1 : (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	int r = pid < 0 ? -errno : 0;

	if (!pid) {
		run_unit(u, self);
		_exit(125);
	}
	if (self >= 0)
		close(self);
	if (r)
		return r;
	u->pid = pid;
	u->start = proc_start(pid);
	u->due_ns = 0;
	return 0;
}
