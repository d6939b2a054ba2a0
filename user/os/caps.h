/* SPDX-License-Identifier: GPL-2.0-only */
/* caps.h - may this process do what faultline does? */
#ifndef FL_CAPS_H
#define FL_CAPS_H

#include "util/error.h"

/* Error (FL_EXIT_ENVIRONMENT) that names the capabilities which are missing. */
int caps_need(struct fl_error *err);

#endif
