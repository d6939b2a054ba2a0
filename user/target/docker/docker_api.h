/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * docker_api.h - the Docker Engine API over its unix socket (Podman serves the same one). Answers
 * are bounded in size and time; whatever is in them is data from elsewhere.
 *
 * The socket is that of --docker-socket or DOCKER_HOST, else the first that is there of
 * /var/run/docker.sock, $XDG_RUNTIME_DIR/docker.sock (rootless), /run/podman/podman.sock. The
 * version spoken is the lower of the engine's newest and DOCKER_API_NEWEST, at least 1.41.
 */
#ifndef FL_DOCKER_API_H
#define FL_DOCKER_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

#define DOCKER_API_OLDEST "1.41" /* Docker 20.10 */
#define DOCKER_API_NEWEST "1.47" /* Docker 27 */

#define DOCKER_SOCKET_MAX 108 /* sun_path */

/* Where the engine is; -ENOENT when there is none, -EINVAL for a DOCKER_HOST that is no unix://. */
int docker_socket(char ret[DOCKER_SOCKET_MAX], struct fl_error *err);

/* Talk to this one from now on: an entry of a journal knows where its container was. */
int docker_use_socket(const char *path, struct fl_error *err);

/* For the arguments of an undo: {"target": @identity, "engine": SOCKET}; the way back, which is 0 also
 * when no engine is written there. */
json_t *docker_undo_args(const char *identity, bool is_container);
int docker_undo_begin(const json_t *args, struct fl_error *err);

struct docker_version {
	char socket[DOCKER_SOCKET_MAX];
	char engine[64]; /* "20.10.24" */
	char api[16];    /* what is spoken with it */
};

/* Ask the engine who it is. */
int docker_version(struct docker_version *ret, struct fl_error *err);

/*
 * GET @path ("/containers/json?all=1", already escaped). -ENOENT: the engine does not know it (404,
 * and *err is left empty: the caller knows better what was looked for); -ECONNREFUSED: there is no
 * engine; -ETIMEDOUT, -EBADMSG and others with an error. *ret is a new reference.
 */
int docker_get(const char *path, json_t **ret, struct fl_error *err);

/* How long this thread waits for the answer to a question; returns how long it did so far. Up to three
 * seconds the engine is not asked first whether it is there. */
unsigned int docker_be_patient(unsigned int seconds);

/* The same for an order; @order_s: it may take this long. 304 (it is so already) is no error. */
int docker_post(const char *path, unsigned int order_s, struct fl_error *err);

/* "?filters=..." for a query; steals @filters. NULL: out of memory. */
char *docker_filters(json_t *filters);

/* The base of all URLs, for those who open a stream themselves: "http://docker/v1.41". */
int docker_base(char *ret, size_t size, char ret_socket[DOCKER_SOCKET_MAX], struct fl_error *err);

#endif
