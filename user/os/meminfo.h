/* SPDX-License-Identifier: GPL-2.0-only */
/* meminfo.h - what the host has left, and what no fault may take of it. */
#ifndef FL_MEMINFO_H
#define FL_MEMINFO_H

#include <stdint.h>

#include "util/error.h"

/* -ENOMEM when taking @bytes would leave the host less than its last gigabyte; @what begins the
 * message ("memory on payment-db"). */
int meminfo_spare(uint64_t bytes, const char *what, const char *target, struct fl_error *err);

#endif
