/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack.h - what a running stack says of itself: {"health": URL, "pipeline": URL, "graph": {"services":
 * [..], "edges": [[caller, called], ..]}, "versions": {..}}, each of them only where it is known.
 */
#ifndef FL_STACK_H
#define FL_STACK_H

#include <jansson.h>

#include "util/error.h"

/* By labels of the running containers. -ENOENT: none has one (without an error), or there is no
 * engine (with one). *ret is a new reference. */
int stack_from_docker(json_t **ret, struct fl_error *err);

#endif
