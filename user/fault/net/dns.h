/* SPDX-License-Identifier: GPL-2.0-only */
/* dns.h - what dns.c and dns_look.c share. */
#ifndef FL_FAULT_DNS_H
#define FL_FAULT_DNS_H

#include "fault/fault.h"
#include "util/text/text.h"

/* ops->look: which servers the targets ask, and whether a cache answers that is not asked by DNS. */
void dns_look(const struct fault *f, struct text *to);

#endif
