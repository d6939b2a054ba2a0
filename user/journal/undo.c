// SPDX-License-Identifier: GPL-2.0-only
/*
 * undo.c - every way to undo that this build knows. A family whose faults the kernel does not
 * end by itself defines `const struct undo_op undo_FAMILY[]` beside them (ended by {}), and
 * adds a declaration and a line here.
 */
#include "journal/journal.h"

extern const struct undo_op undo_clsact[];
extern const struct undo_op undo_application[];
extern const struct undo_op undo_byteman[];
extern const struct undo_op undo_fd[];
extern const struct undo_op undo_cache[];
extern const struct undo_op undo_clock[];
extern const struct undo_op undo_file[];
extern const struct undo_op undo_fq_qdisc[];
extern const struct undo_op undo_null[];
extern const struct undo_op undo_pause[];
extern const struct undo_op undo_scratch[];
extern const struct undo_op undo_stressor[];

const struct undo_op *const undo_ops[] = {
	undo_clsact,
	undo_application,
	undo_byteman,
	undo_fd,
	undo_cache,
	undo_clock,
	undo_file,
	undo_fq_qdisc,
	undo_null,
	undo_pause,
	undo_scratch,
	undo_stressor,
	NULL,
};
