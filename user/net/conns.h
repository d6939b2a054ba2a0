/* SPDX-License-Identifier: GPL-2.0-only */
/* conns.h - the flows that rules about connections (idle_timeout, connection_limit) have met. */
#ifndef FL_NET_CONNS_H
#define FL_NET_CONNS_H

#include <stdint.h>

#include "util/error.h"

struct engine;

/* The rule, which is off, has met nobody. */
int conns_forget(const struct engine *e, uint32_t rule, struct fl_error *err);

#endif
