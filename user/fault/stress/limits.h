/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limits.h - the maxima of this host: how long a fault may be on and how large its parameters may be,
 * by /etc/faultline/policy.yaml (policy/policy.h); and what is allowed, but is not what it looks like.
 */
#ifndef FL_LIMITS_H
#define FL_LIMITS_H

#include "fault/fault.h"

/* Without --for a fault ends after this, unless --forever. */
#define LIMITS_FOR_DEFAULT_NS (300ull * 1000000000)

/* May a fault of @ops with these parameters be on for @for_ns (0: until it is stopped)? */
int limits_check(const struct fault_ops *ops, const struct params *p, uint64_t for_ns, struct fl_error *err);

/* The same for parameters alone. */
int limits_check_params(const struct fault_ops *ops, const struct params *p, struct fl_error *err);

/* A delay that nobody waits for is no delay: no TCP connection is made, no lookup is answered. Writes what to know,
 * and returns false when there is nothing. */
bool limits_warn_delay(const struct fault_ops *ops, const struct params *p, char *buf, size_t size);

/* The same for a delay that is as long as the fault, which is on for @for_ns (0: no end). */
bool limits_warn_time(const struct params *p, uint64_t for_ns, char *buf, size_t size);

#endif
