/* SPDX-License-Identifier: GPL-2.0-only */
/* listener.h - whose socket it is that listens on a port: several targets may share a network namespace. */
#ifndef FL_LISTENER_H
#define FL_LISTENER_H

#include <stdint.h>

#include "target/target.h"
#include "util/error.h"

/*
 * An error unless everybody who listens on TCP @port in @t's network namespace is one of @t's processes.
 * -EPERM: a stranger does, or it cannot be told who. -ECONNREFUSED, without an error: nobody listens.
 * @what, for the message, is the fault.
 */
int listener_check(const struct target *t, uint16_t port, const char *what, struct fl_error *err);

#endif
