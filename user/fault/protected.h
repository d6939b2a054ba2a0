/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * protected.h - is a target protected (policy/protect.h)? By its own name, by that of a container or a
 * label, by its cgroup; and whatever it is called, when one of the processes that a fault would touch
 * is in a protected cgroup, container, network namespace or service of the lab. Faults of the network touch all that share its namespace.
 */
#ifndef FL_PROTECTED_H
#define FL_PROTECTED_H

#include "fault/fault.h"

/* 0, or -EPERM and an error that names what protects it, file and line; other errors: it cannot be told,
 * which refuses it as well. */
int protected_check(const struct fault_ops *ops, const struct target *t, struct fl_error *err);

#endif
