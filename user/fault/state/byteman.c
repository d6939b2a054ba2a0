// SPDX-License-Identifier: GPL-2.0-only
/*
 * byteman.c - see byteman.h. One request a connection: the agent closes it behind the answer. Each is
 * bounded in time and size, for the agent is code in somebody else's process.
 *
 * Undo: `byteman-delete` names JVM (pid, start time), port and script. A JVM that is gone has no rule.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fault/state/byteman.h"
#include "os/netns.h"
#include "session/journal.h"
#include "target/process/listener.h"
#include "target/process/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/proc.h"
#include "util/text/text.h"
#include "util/text/units.h"

#define ANSWER_MAX (256u << 10)

bool byteman_loaded(pid_t pid)
{
	char path[32], link[512];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		if (n < 4)
			continue;
		link[n] = '\0';
		found = strstr(strrchr(link, '/') ?: link, "byteman") && !strcmp(link + n - 4, ".jar");
	}
	if (dir)
		closedir(dir);
	return found;
}

bool byteman_anywhere(void)
{
	DIR *dir = opendir("/proc");
	bool found = false;
	struct dirent *e;
	int64_t pid;

	while (dir && !found && (e = readdir(dir)))
		found = !units_int(e->d_name, 1, INT32_MAX, &pid, NULL) && byteman_loaded((pid_t)pid);
	if (dir)
		closedir(dir);
	return found;
}

/* A socket belongs to the namespace it was made in. */
static int connect_to(struct process_id id, uint16_t port, unsigned int timeout_ms, struct fl_error *err)
{
	_cleanup_fd_ int netns = netns_open_pid(id.pid, err), fd = -1;
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* Of connecting; sending is left to exchange(), which does not block. */
	const struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	int old, r;

	if (netns < 0)
		return netns;
	/* Behind the open: it was this process's namespace, not that of whoever has its number now. */
	if (!proc_same(id.pid, id.start))
		return error_env(err, ESRCH, "process %d is gone", (int)id.pid);
	r = netns_enter(netns, &old, err);
	if (r)
		return r;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	netns_leave(old);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
		error_env(err, errno, "no Byteman agent of process %d listens on 127.0.0.1:%u: %s", (int)id.pid, port,
			  strerror(errno));
		error_hint(err,
			   "listener:true and port:%u among the options of its -javaagent; "
			   "another port: --agent-port",
			   port);
		return err ? err->code : -ECONNREFUSED;
	}
	return take_fd(fd);
}

static bool complete(const struct text *t)
{
	return t->len >= 3 && !strcmp(t->s + t->len - 3, "OK\n") && (t->len == 3 || t->s[t->len - 4] == '\n');
}

/* Until @deadline_ns. False: it is over, or the connection is. */
static bool wait_until(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = clock_mono_ns();
	int r;

	if (now >= deadline_ns)
		return false;
	r = poll(&p, 1, (int)((deadline_ns - now + NS_PER_MSEC - 1) / NS_PER_MSEC));
	return r == 1 || (r < 0 && errno == EINTR);
}

static void exchange(int fd, const char *request, uint64_t deadline_ns, struct text *answer)
{
	size_t len = strlen(request), sent = 0;
	char buf[4096];
	ssize_t n = 1;

	while (sent < len && wait_until(fd, POLLOUT, deadline_ns)) {
		n = send(fd, request + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		sent += n > 0 ? (size_t)n : 0;
	}
	while (sent == len && !complete(answer) && answer->len < ANSWER_MAX && wait_until(fd, POLLIN, deadline_ns)) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n > 0)
			text_append_bytes(answer, buf, (size_t)n);
	}
}

int byteman_ask(struct process_id id, uint16_t port, unsigned int timeout_ms, const char *request, char **ret,
		struct fl_error *err)
{
	uint64_t deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MSEC;
	/* The port may be another JVM's that shares its network. */
	const struct target jvm = {
		.name = "the JVM", .members = TARGET_BY_TREE, .pid = id.pid, .pid_start = id.start
	};
	int r = listener_check(&jvm, port, "jvm_exception", err);
	_cleanup_fd_ int fd = r == -EPERM ? r : connect_to(id, port, timeout_ms, err);
	struct text answer = {};

	if (fd < 0)
		return fd;
	r = 0;
	exchange(fd, request, deadline_ns, &answer);
	if (answer.failed || !complete(&answer))
		r = error_env(err, EPROTO, "the Byteman agent of process %d did not answer in %u ms", (int)id.pid,
			      timeout_ms);
	if (!r && ret)
		*ret = take_ptr(answer.s);
	text_free(&answer);
	return r;
}

char *byteman_request(const char *verb, const char *script)
{
	return text_format("%s\nSCRIPT faultline\n%sENDSCRIPT\nEND%s\n", verb, script, verb);
}

/* The agent has been told to delete the rule; whether it did is what its own list says. */
static int delete_rule(struct process_id id, uint16_t port, const char *script, struct fl_error *err)
{
	_cleanup_free_ char *request = byteman_request("DELETE", script), *list = NULL;
	_cleanup_free_ char *rule = strndup(script, strcspn(script, "\n"));
	const char *at;
	int r;

	if (!request || !rule)
		return error_sys(err, ENOMEM, "byteman-delete: out of memory");
	r = byteman_ask(id, port, BYTEMAN_PATIENT_MS, request, NULL, err)
		    ?: byteman_ask(id, port, BYTEMAN_PATIENT_MS, "LIST\n", &list, err);
	at = r ? NULL : strstr(list, rule);
	/* Not "RULE faultline x.1" for "x.10". */
	return at && strchr("\r\n", at[strlen(rule)]) ? error_env(err, EBUSY, "its agent does not delete the rule") : r;
}

static enum undo_state undo_delete(const json_t *args, struct fl_error *err)
{
	struct process_id jvm = process_from_json(args);
	const char *script = json_string_value(json_object_get(args, "script"));
	json_int_t port = json_integer_value(json_object_get(args, "port"));
	struct fl_error why = {};

	if (!script || port < 1 || port > UINT16_MAX) {
		error_sys(err, EINVAL, "byteman-delete: arguments are missing");
		return UNDO_OPEN;
	}
	if (proc_is(jvm.pid, jvm.start) == PROC_GONE)
		return UNDO_NOT_NEEDED;
	if (!delete_rule(jvm, (uint16_t)port, script, &why))
		return UNDO_DONE;
	/* An agent that does not answer because its JVM has just ended. */
	if (proc_is(jvm.pid, jvm.start) == PROC_GONE)
		return UNDO_NOT_NEEDED;
	error_env(err, -why.code, "the JVM with process %d may still throw: %.300s", (int)jvm.pid, why.message);
	error_hint(err,
		   "its agent listens on 127.0.0.1:%d, inside; its guardian and faultline recover ask it again; "
		   "restarting that JVM ends it too",
		   (int)port);
	return UNDO_OPEN;
}

const struct undo_op undo_byteman[] = {
	{ .name = "byteman-delete", .undo = undo_delete, .ends_with_boot = true, .asks_others = true }, {}
};
