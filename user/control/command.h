/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - from a request of the API to the command line that carries it out, and nothing else can: the words are
 * `faultline`'s own, what a client gave stands behind an '=' or behind "--", and its kind and parameters are those of
 * the table. Pure: works on any table.
 */
#ifndef FL_COMMAND_H
#define FL_COMMAND_H

#include <jansson.h>

#include "control/who.h"
#include "fault/fault.h"

/*
 * The arguments behind "faultline" for @verb: a list ended by NULL, the caller's to free by words_free(). @object: what
 * the path names ("" for none). @body: what was sent as JSON; NULL: nothing. -EPERM: they may not; -EINVAL: it cannot be
 * understood; both with an error.
 */
int command_make(const struct fault_ops *const *table, enum verb verb, const char *object, const json_t *body,
		 const struct who *who, char ***ret, struct fl_error *err);

/* "k3x9aa" or "k3x9aa.1" */
bool command_id_ok(const char *id);

/* May @who change this fault of faults.json? By the kinds and targets of the token. */
int command_may_change(const json_t *fault, const struct who *who, struct fl_error *err);

#endif
