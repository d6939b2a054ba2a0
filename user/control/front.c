// SPDX-License-Identifier: GPL-2.0-only
/* front.c - the listening sockets, and the process that speaks HTTP on them: started, watched, started again. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "control/private.h"
#include "serve/front/front.h"
#include "util/text/address.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/loop/loop_time.h"

#define BACKLOG    4096
#define OUT_MAX    (64u << 20) /* a front that does not read is no front */
#define RESTART_MS 1000        /* after one that died at once */
#define LIVED_LONG (2 * NS_PER_SEC)

/* --- listening ----------------------------------------------------------------------------------- */

/* Nobody else serves in this folder. The lock is held until the process ends. */
static int lock_folder(const char *path, struct fl_error *err)
{
	_cleanup_free_ char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd, r;

	if (!slash || slash == dir)
		return error_usage(err, "--socket %.100s: an absolute path below a folder is needed", path);
	*slash = '\0';
	r = dir_make(dir, 0755, err);
	if (r)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	r = errno;
	if (fd >= 0)
		close(fd);
	return r == EWOULDBLOCK ? error_env(err, EADDRINUSE, "another faultline serve is at %s", path)
				: error_env(err, r, "cannot lock %s: %s", dir, strerror(r));
}

static int give_to_users(const char *path, bool others_look)
{
	const struct group *g = getgrnam("faultline");

	if (g && chown(path, 0, g->gr_gid))
		return -errno;
	return chmod(path, others_look ? 0666 : g ? 0660 : 0600) ? -errno : 0;
}

static int listen_unix(struct control *c, struct fl_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *path = c->o->socket;
	mode_t before = umask(0177);
	int r = -EINVAL;

	c->unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->unix_fd >= 0 && text_copy(at.sun_path, sizeof(at.sun_path), path)) {
		unlink(path); /* of one that ended without it: the lock is ours */
		r = bind(c->unix_fd, (struct sockaddr *)&at, sizeof(at)) || listen(c->unix_fd, BACKLOG) ? -errno : 0;
	}
	umask(before);
	r = r ?: give_to_users(path, c->o->others_look);
	return r ? error_env(err, -r, "cannot listen at %s: %s", path, strerror(-r)) : 0;
}

static int check_tcp(const struct control_options *o, union address *a, struct fl_error *err)
{
	struct token_line *tokens = NULL;
	size_t n = 0;
	int r = address_parse("--listen", o->listen, a, err);

	if (r)
		return r;
	if (!address_is_loopback(a)) {
		error_usage(err, "--listen %.60s: only the loopback (127.0.0.1, [::1]) is listened at", o->listen);
		error_hint(err, "from elsewhere: ssh -L 8765:127.0.0.1:8765 HOST, or a reverse proxy on this host that "
				"does TLS, and --host-name with its name; faultline serve speaks no TLS itself");
		return -EINVAL;
	}
	r = tokens_read(&tokens, &n, err);
	free(tokens);
	if (r || n)
		return r;
	error_usage(err, "--listen needs a token, and there is none yet");
	error_hint(err, "faultline serve token add NAME --role look|operate|administer makes one");
	return -EINVAL;
}

static int listen_tcp(struct control *c, struct fl_error *err)
{
	union address a;
	socklen_t len = sizeof(a);
	int on = 1, r = check_tcp(c->o, &a, err);

	if (r)
		return r;
	c->tcp_fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->tcp_fd < 0 || setsockopt(c->tcp_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(c->tcp_fd, &a.any, a.any.sa_family == AF_INET6 ? sizeof(a.v6) : sizeof(a.v4)) ||
	    listen(c->tcp_fd, BACKLOG) || getsockname(c->tcp_fd, &a.any, &len))
		return error_env(err, errno, "--listen %.60s: cannot listen: %s", c->o->listen, strerror(errno));
	address_text(&a, c->address);
	return 0;
}

int front_listen(struct control *c, struct fl_error *err)
{
	int r = lock_folder(c->o->socket, err);

	r = r ?: listen_unix(c, err);
	return r || !c->o->listen ? r : listen_tcp(c, err);
}

/* --- the process --------------------------------------------------------------------------------- */

static void poll_for(struct control *c, bool writing);

static void on_freed(uv_handle_t *handle)
{
	LOOP_CALLBACK();
	free(handle);
}

static void disconnect(struct control *c)
{
	if (c->channel < 0)
		return;
	uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, NULL);
	close(take_fd(c->channel));
	wire_out_free(&c->out);
	wire_in_free(&c->in);
	c->n_subscribers = 0;
	c->generation++;
}

static void on_restart(uv_timer_t *timer)
{
	LOOP_CALLBACK();
	struct control *c = timer->data;
	struct fl_error err = {};

	if (c->stopping || !front_start(c, &err))
		return;
	error_print(&err, stderr);
	uv_timer_start(timer, on_restart, RESTART_MS, 0);
}

static void on_front_exit(uv_process_t *process, int64_t status, int signal)
{
	LOOP_CALLBACK();
	struct control *c = process->data;
	bool at_once = clock_mono_ns() - c->front_started_ns < LIVED_LONG;

	uv_close((uv_handle_t *)process, on_freed);
	c->front = NULL;
	disconnect(c);
	if (c->stopping)
		return;
	fprintf(stderr,
		"faultline: the process that speaks HTTP ended (%s %d); it is started again, and no fault is "
		"touched by that\n",
		signal ? "signal" : "status", signal ?: (int)status);
	uv_timer_start(&c->restart, on_restart, at_once ? RESTART_MS : 0, 0);
}

void front_end(struct control *c)
{
	if (c->front)
		uv_process_kill(c->front, SIGKILL);
}

static int spawn(struct control *c, int channel)
{
	uv_stdio_container_t stdio[FRONT_FDS] = {
		[0] = { .flags = UV_IGNORE },
		[1] = { .flags = UV_IGNORE },
		[2] = { .flags = UV_INHERIT_FD, .data.fd = 2 },
		[FRONT_CHANNEL] = { .flags = UV_INHERIT_FD, .data.fd = channel },
		[FRONT_UNIX] = { .flags = UV_INHERIT_FD, .data.fd = c->unix_fd },
		[FRONT_TCP] = { .flags = c->tcp_fd < 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = c->tcp_fd },
	};
	char *argv[] = { (char[]){ "faultline" }, (char[]){ "serve-front" },
			 c->o->host_name ? (char *)(uintptr_t)c->o->host_name : NULL, NULL };
	char *env[] = { NULL };
	uv_process_options_t o = {
		.exit_cb = on_front_exit,
		.file = "/proc/self/exe",
		.args = argv,
		.env = env,
		.cwd = "/",
		.stdio = stdio,
		.stdio_count = FRONT_FDS,
	};
	int r;

	c->front = calloc(1, sizeof(*c->front));
	if (!c->front)
		return -ENOMEM;
	c->front->data = c;
	r = uv_spawn(&c->loop, c->front, &o);
	if (r) {
		uv_close((uv_handle_t *)c->front, on_freed);
		c->front = NULL;
	}
	return r;
}

int front_start(struct control *c, struct fl_error *err)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return error_sys(err, errno, "socketpair: %s", strerror(errno));
	c->front_started_ns = clock_mono_ns();
	r = spawn(c, pair[1]);
	close(pair[1]);
	if (r) {
		close(pair[0]);
		return error_sys(err, -r, "the process that speaks HTTP cannot be started: %s", strerror(-r));
	}
	c->channel = pair[0];
	fcntl(c->channel, F_SETFL, O_NONBLOCK);
	wire_in_init(&c->in);
	uv_poll_init(&c->loop, &c->poll, c->channel);
	c->poll.data = c;
	poll_for(c, false);
	return 0;
}

/* --- what it says and is told -------------------------------------------------------------------- */

static void on_channel(uv_poll_t *poll, int status, int events)
{
	LOOP_CALLBACK();
	struct control *c = poll->data;
	int r = 0, budget = 32; /* others have their turn */

	if (!status && events & UV_WRITABLE) {
		r = wire_flush(&c->out, c->channel);
		if (!r)
			poll_for(c, false);
		r = r < 0 ? r : 0;
	}
	while (!status && !r && budget-- && (r = wire_get(&c->in, c->channel, WIRE_REQUEST_MAX)) > 0)
		r = request_take(c);
	/* Gone, or none of ours any more: on_front_exit() goes on. */
	if (status || r < 0) {
		uv_poll_stop(poll);
		front_end(c);
	}
}

static void poll_for(struct control *c, bool writing)
{
	uv_poll_start(&c->poll, UV_READABLE | (writing ? UV_WRITABLE : 0), on_channel);
}

void front_send(struct control *c, uint32_t generation, enum wire_type type, uint32_t id, const void *bytes, size_t n)
{
	int r;

	if (c->channel < 0 || generation != c->generation)
		return;
	if (c->out.bytes > OUT_MAX || !wire_put(&c->out, type, id, bytes, n, -1)) {
		front_end(c);
		return;
	}
	r = wire_flush(&c->out, c->channel);
	if (r < 0)
		front_end(c);
	else if (r)
		poll_for(c, true);
}
