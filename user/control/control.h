/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - the privileged half of `faultline serve`: it has the front started, decides for each request who asks and
 * whether they may, and carries it out: lists here, everything else by `faultline COMMAND -o json` as a child, so that
 * both give the same objects, errors and hints. It holds no fault and no lease: those are of the commands it starts.
 */
#ifndef FL_CONTROL_H
#define FL_CONTROL_H

#include <stdbool.h>

#include "util/error.h"

#define CONTROL_DIR    "/run/faultline-serve"
#define CONTROL_SOCKET CONTROL_DIR "/serve.sock"

struct control_options {
	const char *socket;    /* path; CONTROL_SOCKET */
	const char *listen;    /* "127.0.0.1:8765"; NULL: no TCP */
	const char *runs;      /* where the folders of runs are */
	const char *host_name; /* one more name that a browser may call this server by; NULL */
	bool others_look;      /* users who are neither root nor in the group may look */
};

/* Until SIGINT or SIGTERM. */
int control_run(const struct control_options *o, struct fl_error *err);

#endif
