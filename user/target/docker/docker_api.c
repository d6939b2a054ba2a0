// SPDX-License-Identifier: GPL-2.0-only
/* docker_api.c - see docker_api.h */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "target/docker/docker_api.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/http/http.h"
#include "util/text/text.h"

#define ALIVE_S    3  /* an engine in good health answers a ping in milliseconds */
#define PATIENCE_S 30 /* a question to one that is busy, but answers pings; a ping to one that is being started */
#define BODY_MAX   HTTP_BODY_MAX /* the list of some thousand containers */

/* What was agreed with the engine at .socket; another one, or none that answers: agreed anew. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct docker_version agreed;
static char chosen[DOCKER_SOCKET_MAX];                     /* docker_use_socket() */
static _Thread_local unsigned int question_s = PATIENCE_S; /* docker_be_patient() */

/* --- where ----------------------------------------------------------------------------------- */

static int copy_socket(char ret[DOCKER_SOCKET_MAX], const char *path, struct fl_error *err)
{
	if (path[0] != '/')
		return error_usage(err, "Docker: '%.100s' is no absolute path of a socket", path);
	if (!text_copy(ret, DOCKER_SOCKET_MAX, path))
		return error_usage(err,
				   "Docker: the socket '%.120s' has a longer name than the %d "
				   "bytes that the kernel takes",
				   path, DOCKER_SOCKET_MAX - 1);
	return 0;
}

static int from_environment(const char *host, char ret[DOCKER_SOCKET_MAX], struct fl_error *err)
{
	if (!strncmp(host, "unix://", 7))
		return copy_socket(ret, host + 7, err);
	error_usage(err, "DOCKER_HOST=%.100s: only unix:// can be used", host);
	error_hint(err, "faults are made in this host's kernel, so the engine has to run on this host: "
			"DOCKER_HOST=unix:///var/run/docker.sock, or --docker-socket PATH");
	return -EINVAL;
}

static bool is_socket(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISSOCK(st.st_mode);
}

static int find_socket(char ret[DOCKER_SOCKET_MAX], struct fl_error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *rootless = runtime && *runtime ? text_format("%s/docker.sock", runtime) : NULL;
	const char *const usual[] = { "/var/run/docker.sock", rootless, "/run/podman/podman.sock" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(usual); i++)
		if (usual[i] && is_socket(usual[i]))
			return copy_socket(ret, usual[i], err);
	error_env(err, ENOENT, "Docker: no engine's socket is there (looked for %s%s%s and %s)", usual[0],
		  rootless ? ", " : "", rootless ? rootless : "", usual[2]);
	error_hint(err, "start it, or say where it is: --docker-socket PATH or DOCKER_HOST=unix://PATH");
	return -ENOENT;
}

int docker_socket(char ret[DOCKER_SOCKET_MAX], struct fl_error *err)
{
	const char *host = getenv("DOCKER_HOST");

	pthread_mutex_lock(&lock);
	text_copy(ret, DOCKER_SOCKET_MAX, chosen);
	pthread_mutex_unlock(&lock);
	if (ret[0])
		return 0;
	return host && *host ? from_environment(host, ret, err) : find_socket(ret, err);
}

int docker_use_socket(const char *path, struct fl_error *err)
{
	char copy[DOCKER_SOCKET_MAX];
	int r = copy_socket(copy, path, err);

	pthread_mutex_lock(&lock);
	if (!r)
		text_copy(chosen, sizeof(chosen), copy);
	pthread_mutex_unlock(&lock);
	return r;
}

json_t *docker_undo_args(const char *identity, bool is_container)
{
	json_t *args = json_pack("{s:s}", "target", identity);
	char socket[DOCKER_SOCKET_MAX];

	if (is_container && !docker_socket(socket, NULL))
		json_object_set_new(args, "engine", json_string(socket));
	return args;
}

int docker_undo_begin(const json_t *args, struct fl_error *err)
{
	const char *engine = json_string_value(json_object_get(args, "engine"));

	return engine ? docker_use_socket(engine, err) : 0;
}

/* --- one exchange ---------------------------------------------------------------------------- */

/* What an engine says about an error goes to a terminal: nothing but plain characters. */
static void read_message(const char *body, char *ret, size_t size)
{
	json_t *o = body ? json_loads(body, 0, NULL) : NULL;
	const char *message = json_string_value(json_object_get(o, "message"));
	char *p;

	text_copy(ret, size, message ? message : "");
	for (p = ret; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	json_decref(o);
}

static int judge_status(const char *path, const struct http_response *r, struct fl_error *err)
{
	char message[200];

	if ((r->status >= 200 && r->status < 300) || r->status == 304)
		return 0;
	if (r->status == 404)
		return -ENOENT;
	read_message(r->body.s, message, sizeof(message));
	return error_env(err, r->status == 409 ? EBUSY : EPROTO, "Docker: %.*s was answered with %d%s%s",
			 (int)strcspn(path, "?"), path, r->status, *message ? ": " : "", message);
}

static int no_answer(const char *socket, const struct http_response *r, unsigned int patience_s, struct fl_error *err)
{
	bool late = !r->too_large && r->elapsed_ms >= patience_s * 1e3;
	bool silent = !r->status && !late;

	pthread_mutex_lock(&lock);
	agreed = (struct docker_version){}; /* another one may answer next time */
	pthread_mutex_unlock(&lock);
	error_env(err,
		  late     ? ETIMEDOUT
		  : silent ? ECONNREFUSED
			   : EBADMSG,
		  "Docker: no answer from %s: %.150s", socket, r->error);
	error_hint(err, "is the engine running? faultline doctor asks it");
	return late ? -ETIMEDOUT : silent ? -ECONNREFUSED : -EBADMSG;
}

/* @url whole; the body of a good answer to *ret (to be freed), which may be NULL. */
static int exchange(const char *socket, const char *url, const char *path, const char *post, unsigned int patience_s,
		    char **ret, struct fl_error *err)
{
	const struct http_request request = {
		.url = url,
		.unix_socket = socket,
		.json_body = post,
		.timeout_ns = patience_s * NS_PER_SEC,
		.body_max = BODY_MAX,
	};
	struct http_response response = {};
	int r = http_fetch(&request, &response, err);

	if (!r)
		r = response.complete ? judge_status(path, &response, err)
				      : no_answer(socket, &response, patience_s, err);
	if (!r && ret)
		*ret = take_ptr(response.body.s);
	text_free(&response.body);
	return r;
}

unsigned int docker_be_patient(unsigned int seconds)
{
	unsigned int before = question_s;

	question_s = seconds;
	return before;
}

/*
 * Is it systemd (the system's or a user's) that listens at @path? Then the first connection is what starts the
 * engine: podman.socket, docker.socket. (The credentials are those of the process that called listen().)
 */
static bool started_by_connecting(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	_cleanup_free_ char *comm_path = NULL, *comm = NULL;
	struct ucred listener = {};
	socklen_t len = sizeof(listener);

	if (fd < 0 || !text_copy(to.sun_path, sizeof(to.sun_path), path) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &len))
		return false;
	comm_path = text_format("/proc/%d/comm", (int)listener.pid);
	return comm_path && !file_read(comm_path, 64, &comm, NULL, NULL) && !strncmp(comm, "systemd", 7);
}

static int ping(const char *socket, struct fl_error *err)
{
	const char *url = "http://docker/_ping";
	int r = exchange(socket, url, "/_ping", NULL, ALIVE_S, NULL, err);

	if (r != -ETIMEDOUT || !started_by_connecting(socket))
		return r;
	error_clear(err);
	return exchange(socket, url, "/_ping", NULL, PATIENCE_S - ALIVE_S, NULL, err);
}

/*
 * A question. Whether anybody listens at all is asked first, by a ping: a busy engine answers that one at
 * once, and may take its time for the question; one that does not answer it is not waited for, unless it may
 * just be starting.
 */
static int question(const char *socket, const char *url, const char *path, char **ret, struct fl_error *err)
{
	int r = question_s > ALIVE_S ? ping(socket, err) : 0;

	/* Whatever answers, answers: what the question itself is answered with tells more. */
	if (r == -ETIMEDOUT || r == -ECONNREFUSED)
		return r;
	error_clear(err);
	return exchange(socket, url, path, NULL, question_s, ret, err);
}

static int parse(const char *path, const char *body, json_t **ret, struct fl_error *err)
{
	json_error_t why;

	*ret = json_loads(body ? body : "", 0, &why);
	if (*ret)
		return 0;
	error_env(err, EBADMSG, "Docker: the answer to %.*s is no JSON: %.100s", (int)strcspn(path, "?"), path,
		  why.text);
	error_hint(err, "does something else than a Docker engine listen on its socket?");
	return -EBADMSG;
}

/* --- which version --------------------------------------------------------------------------- */

struct api_version {
	unsigned int major, minor;
};

static bool read_version(const char *text, struct api_version *ret)
{
	int end = 0;

	return text && strspn(text, "0123456789.") == strlen(text) &&
	       sscanf(text, "%3u.%3u%n", &ret->major, &ret->minor, &end) == 2 && !text[end];
}

static bool is_older(struct api_version a, struct api_version b)
{
	return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

static int agree(const char *socket, const json_t *answer, struct docker_version *ret, struct fl_error *err)
{
	const char *newest = json_string_value(json_object_get(answer, "ApiVersion"));
	const char *least = json_string_value(json_object_get(answer, "MinAPIVersion"));
	const char *engine = json_string_value(json_object_get(answer, "Version"));
	struct api_version theirs, their_least = {}, oldest, ours;

	read_version(DOCKER_API_OLDEST, &oldest);
	read_version(DOCKER_API_NEWEST, &ours);
	if (!read_version(newest, &theirs) || (least && !read_version(least, &their_least)))
		return error_env(err, EBADMSG,
				 "Docker: what answers on %s does not say which version of "
				 "the Engine API it speaks",
				 socket);
	if (is_older(theirs, oldest) || is_older(ours, their_least)) {
		error_env(err, EPROTONOSUPPORT,
			  "Docker: the engine on %s speaks API %u.%u to %u.%u, and "
			  "faultline " DOCKER_API_OLDEST " to " DOCKER_API_NEWEST,
			  socket, their_least.major, their_least.minor, theirs.major, theirs.minor);
		error_hint(err, "Docker 20.10 and newer speak " DOCKER_API_OLDEST);
		return -EPROTONOSUPPORT;
	}
	text_copy(ret->socket, sizeof(ret->socket), socket);
	text_copy(ret->engine, sizeof(ret->engine), engine ? engine : "?");
	if (is_older(theirs, ours))
		snprintf(ret->api, sizeof(ret->api), "%u.%u", theirs.major, theirs.minor);
	else
		text_copy(ret->api, sizeof(ret->api), DOCKER_API_NEWEST);
	return 0;
}

int docker_version(struct docker_version *ret, struct fl_error *err)
{
	_cleanup_free_ char *body = NULL;
	char socket[DOCKER_SOCKET_MAX];
	struct docker_version v = {};
	json_t *answer = NULL;
	int r = docker_socket(socket, err);

	if (r)
		return r;
	r = question(socket, "http://docker/version", "/version", &body, err);
	if (r == -ENOENT)
		r = error_env(err, EBADMSG, "Docker: what answers on %s is no engine", socket);
	if (!r)
		r = parse("/version", body, &answer, err);
	if (!r)
		r = agree(socket, answer, &v, err);
	json_decref(answer);
	if (r)
		return r;
	pthread_mutex_lock(&lock);
	agreed = v;
	pthread_mutex_unlock(&lock);
	*ret = v;
	return 0;
}

int docker_base(char *ret, size_t size, char ret_socket[DOCKER_SOCKET_MAX], struct fl_error *err)
{
	struct docker_version v;
	int r = docker_socket(ret_socket, err);

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	v = agreed;
	pthread_mutex_unlock(&lock);
	if (strcmp(v.socket, ret_socket))
		r = docker_version(&v, err);
	snprintf(ret, size, "http://docker/v%s", v.api);
	return r;
}

/* --- questions and orders -------------------------------------------------------------------- */

/* @order_s 0: a question; else an order, which may take this long. */
static int call(const char *path, unsigned int order_s, char **ret, struct fl_error *err)
{
	char base[64], socket[DOCKER_SOCKET_MAX];
	_cleanup_free_ char *url = NULL;
	int r = docker_base(base, sizeof(base), socket, err);

	if (r)
		return r;
	url = text_format("%s%s", base, path);
	if (!url)
		return error_sys(err, ENOMEM, "Docker: out of memory");
	return order_s ? exchange(socket, url, path, "", order_s, ret, err) : question(socket, url, path, ret, err);
}

int docker_get(const char *path, json_t **ret, struct fl_error *err)
{
	_cleanup_free_ char *body = NULL;
	int r = call(path, 0, &body, err);

	return r ? r : parse(path, body, ret, err);
}

int docker_post(const char *path, unsigned int order_s, struct fl_error *err)
{
	return call(path, order_s, NULL, err);
}

char *docker_filters(json_t *filters)
{
	_cleanup_free_ char *text = json_dumps(filters, JSON_COMPACT);
	char *escaped = text ? curl_easy_escape(NULL, text, 0) : NULL;
	char *ret = escaped ? text_format("?filters=%s", escaped) : NULL;

	curl_free(escaped);
	json_decref(filters);
	return ret;
}
