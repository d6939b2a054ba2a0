/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gate.h - may a fault be on now? No while the host is halted (halt.h) or in a forbidden window
 * (policy.h), or when that cannot be told. Asked before a fault is made, again at the moment it is
 * switched on, and every second while it is on.
 */
#ifndef FL_GATE_H
#define FL_GATE_H

#include "policy/end.h"

/* 0, or an error that says who or what is in the way and what lifts it. */
int gate_check(struct fl_error *err);

/*
 * For faults that are on: must they end? *ret says by whom and why. What cannot be told must last for
 * some seconds: a policy that is being edited may be half written.
 */
bool gate_must_end(struct ended *ret);

#endif
