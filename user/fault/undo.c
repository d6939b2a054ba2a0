// SPDX-License-Identifier: GPL-2.0-only
/* undo.c - see undo.h */
#include "fault/undo.h"

/* A family whose faults the kernel does not end by itself defines `const struct undo_op
 * undo_FAMILY[]` (ended by {}) beside them, and has a word here. */
#define FAMILIES(X)    \
	X(clsact)      \
	X(application) \
	X(byteman)     \
	X(fd)          \
	X(cache)       \
	X(clock)       \
	X(file)        \
	X(fq_qdisc)    \
	X(null)        \
	X(pause)       \
	X(ports)       \
	X(scratch)     \
	X(stressor)    \
	X(throttle)

#define DECLARE(family) extern const struct undo_op undo_##family[];
FAMILIES(DECLARE)

#define ROW(family) undo_##family,
const struct undo_op *const undo_families[] = { FAMILIES(ROW) NULL };
