/* SPDX-License-Identifier: GPL-2.0-only */
/* tc_probe.h - how could a program be attached to an interface here? */
#ifndef FL_TC_PROBE_H
#define FL_TC_PROBE_H

#include "util/error.h"

/* "tcx", "clsact", or NULL and the reason. Nothing is attached. The answer is kept. */
const char *tc_probe(struct fl_error *err);

#endif
